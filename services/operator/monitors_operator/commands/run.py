"""`monitors run`: single services, for a cluster."""

from pathlib import Path
from typing import Annotated

import typer

from ..options import examples


def add_to(app: typer.Typer) -> None:
    """Put the command into `app`."""
    app.command(
        epilog=examples(
            "MONITORS_NATS_URL=nats://nats:4222 MONITORS_DATABASE_URL=postgresql://db/monitors "
            "monitors run scraper --health-port 8080",
            "monitors run alerter notifier metrics",
        )
    )(run)


def run(
    services: Annotated[
        list[str], typer.Argument(metavar="SERVICE...", help="gateway, scraper, evaluator, alerter, notifier, metrics.")
    ],
    health_port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port of /health/live, /health/ready and /metrics; none by default."),
    ] = None,
    ready_file: Annotated[
        Path | None, typer.Option(hidden=True, help="Written once the services run; for a supervisor.")
    ] = None,
) -> None:
    """Run single services, for a cluster.

    They use the NATS and PostgreSQL that MONITORS_NATS_URL and MONITORS_DATABASE_URL name, and run until SIGTERM or Ctrl-C.
    Copies share the work.
    """
    import uvloop

    from monitors_runtime.standalone import stop_on_signals

    from ..bootstrap import SERVICES
    from ..errors import BadInput, Failed
    from ..platform import CannotStart, run_services

    unknown = [name for name in services if name not in SERVICES]
    if unknown:
        raise BadInput(f"there is no service {unknown[0]!r}: say some of {', '.join(SERVICES)}")

    async def serve() -> None:
        await run_services(list(dict.fromkeys(services)), health_port, ready_file, stop_on_signals())

    try:
        uvloop.run(serve())
    except CannotStart as failure:
        raise Failed(str(failure)) from None
