"""`monitors up`: everything on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from ..options import DEFAULT_DATA_DIR, DataDir, examples


def add_to(app: typer.Typer) -> None:
    """Put the command into `app`."""
    app.command(
        epilog=examples("monitors up", "monitors up --demo", "monitors up --data-dir /var/lib/monitors --port 8080")
    )(up)


def up(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    host: Annotated[str, typer.Option(envvar="MONITORS_HOST", help="Address the API listens on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=1, max=65535, envvar="MONITORS_PORT", help="Port the API listens on.")
    ] = 8000,
    demo: Annotated[
        bool, typer.Option("--demo", help="Show it at work: watch a small site that changes, with everything it takes.")
    ] = False,
) -> None:
    """Run the whole platform on this machine.

    NATS, PostgreSQL, all services and the API run until SIGTERM or Ctrl-C, with all data in one folder. MONITORS_NATS_URL
    and MONITORS_DATABASE_URL put servers of your own in place of the embedded ones.
    """
    import uvloop

    from ..serving import serve

    uvloop.run(serve(Path(data_dir), host, port, demo=demo))
