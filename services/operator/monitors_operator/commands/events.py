"""`monitors events`: what happened, from the streams themselves."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..options import DEFAULT_DATA_DIR, DataDir, Json, examples

if TYPE_CHECKING:
    from monitors_runtime.traces import Stored

    from ..bus import Bus


group = typer.Typer(help="What happened, from the streams themselves.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="events")


@group.command(
    epilog=examples(
        "monitors events tail --follow",
        "monitors events tail --type alert.triggered --since 1d",
        "monitors events tail --entity 019a… --since 2026-11-21T10:00 --json",
    )
)
def tail(
    kind: Annotated[
        str | None, typer.Option("--type", help="Only these: alert.triggered, AlertTriggered, or all of alert.")
    ] = None,
    entity: Annotated[str | None, typer.Option(metavar="ID", help="Only about this monitor, alert ...")] = None,
    organization: Annotated[str | None, typer.Option("--org", metavar="ID", help="Only this organization's.")] = None,
    since: Annotated[str, typer.Option(metavar="TIME", help="From this age (10m, 2h, 1d) or ISO time on.")] = "1h",
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Up to this age or time.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Most events to show, the newest; 0 for all.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with events as they happen.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """The latest events, oldest first, and with --follow those to come."""
    from datetime import UTC, datetime

    from ..bus import with_bus
    from ..errors import BadInput
    from ..event_log import Wanted, identifier, kinds_named, latest, listen
    from ..render import progress
    from ..times import moment

    now = datetime.now(UTC)
    begin, end = moment(since, now), moment(until, now) if until else None
    if follow and until:
        raise BadInput("--follow has no end: leave --until away")
    wanted = Wanted(
        kinds_named(kind),
        str(identifier(organization)) if organization else None,
        str(identifier(entity)) if entity else None,
    )

    async def work(bus: "Bus") -> None:
        # Listening begins before the past is read, so that nothing falls between the two.
        arriving = await listen(bus.connection, wanted) if follow else None
        with progress("Reading the streams ..."):
            past = await latest(bus.streams, wanted, begin, end, limit)
        for event in past:
            _print(event, json)
        shown = {event.id for event in past}
        while arriving is not None:
            event = await arriving.get()
            if event.id not in shown:
                _print(event, json)

    with_bus(Path(data_dir), work)


@group.command(epilog=examples("monitors events show 019a…"))
def show(
    event_id: Annotated[str, typer.Argument(metavar="ID", help="An event's id, as --json shows it.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """One event: its attributes and its data. Long texts are cut, but for --json."""
    from ..bus import with_bus
    from ..errors import Failed
    from ..event_log import find, identifier
    from ..render import as_json, fields, progress, say

    wanted = identifier(event_id)

    async def work(bus: "Bus") -> "Stored | None":
        with progress("Looking through the streams ..."):
            return await find(bus.streams, wanted)

    event = with_bus(Path(data_dir), work)
    if event is None:
        raise Failed(f"no event {wanted} in the streams (events are kept up to a year)")
    if json:
        as_json(event.as_json())
        return
    fields([(name, value) for name, value in event.as_json().items() if name != "data"])
    say()
    as_json(_cut(event.data))


def _print(event: "Stored", json: bool) -> None:
    import json as encoder

    from ..render import say

    say(encoder.dumps(event.as_json(), ensure_ascii=False) if json else event.line())


def _cut(data: object, most: int = 300) -> object:
    """The same data with long texts cut."""
    if isinstance(data, dict):
        return {name: _cut(value, most) for name, value in data.items()}
    if isinstance(data, list):
        return [_cut(value, most) for value in data]
    if isinstance(data, str) and len(data) > most:
        return f"{data[:most]}… ({len(data)} characters)"
    return data
