"""`monitors replay`: a service's state rebuilt from its own events."""

from pathlib import Path
from typing import Annotated

import typer

from ..options import DEFAULT_DATA_DIR, DataDir, Json, Yes, examples


def add_to(app: typer.Typer) -> None:
    """Put the command into `app`."""
    app.command(
        epilog=examples(
            "monitors replay --service alerter --since 2h",
            "monitors replay --service evaluator --from-empty --yes",
        )
    )(replay)


def replay(
    service: Annotated[
        str, typer.Option(metavar="NAME", help="gateway, scraper, evaluator, alerter, notifier or metrics.")
    ],
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="From this age (10m, 2h, 1d) or ISO time on; else from the first."),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Up to this age or time.")] = None,
    from_empty: Annotated[
        bool, typer.Option("--from-empty", help="Forget the tables first, in the same transaction as the rebuild.")
    ] = False,
    yes: Yes = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Rebuild a service's state from its events.

    Applies a span of the service's own events to its tables once more. Nobody is notified, and what was applied before
    changes nothing.
    """
    import time
    from datetime import UTC, datetime

    from ..ask import confirmed
    from ..errors import BadInput
    from ..render import as_json, say
    from ..replaying import replay_service
    from ..times import moment

    now = datetime.now(UTC)
    begin, end = (moment(text, now) if text else None for text in (since, until))
    if begin and end and begin >= end:
        raise BadInput("--since must be before --until")
    if since is None and not from_empty:
        raise BadInput("say from when on with --since, or --from-empty for everything")
    if from_empty:
        lost = " and keep only what happened in the span" if begin or end else ""
        confirmed(f"Empty the tables of {service}{lost}, and rebuild them from the stream?", yes)
    begun = time.perf_counter()
    done = replay_service(service, Path(data_dir), begin, end, from_empty=from_empty)
    took = time.perf_counter() - begun
    if json:
        as_json(
            {
                "service": service,
                "events": done.events,
                "unreadable": done.unreadable,
                "tables": list(done.tables),
                "seconds": round(took, 3),
            }
        )
        return
    say(f"{service}: {done.events} events applied in {took:.1f} s, {done.unreadable} unreadable")
    say(f"  tables  {', '.join(done.tables)}")
