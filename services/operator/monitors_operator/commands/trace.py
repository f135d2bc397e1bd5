"""`monitors trace`: everything one check caused."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, DataDir, Json, examples

if TYPE_CHECKING:
    from monitors_runtime.traces import Node, Stored

    from ..bus import Bus


def add_to(app: typer.Typer) -> None:
    """Put the command into `app`."""
    app.command(epilog=examples("monitors trace 019a…", "monitors trace 019a… --json"))(trace)


def trace(
    reference: Annotated[
        str, typer.Argument(metavar="ID", help="A refresh, event, alert, message, or monitor (its latest check).")
    ],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Show everything that one check caused.

    A tree by cause: the time since the request, the time since the event before, and what each event says.
    """
    from datetime import UTC

    from monitors_runtime.traces import grow

    from ..bus import with_bus
    from ..event_log import identifier
    from ..event_log import trace as trace_of
    from ..render import as_json, progress, say
    from ..times import span
    from ..trace import lines

    wanted = identifier(reference)

    async def work(bus: "Bus") -> "list[Stored]":
        with progress("Looking through the streams ..."):
            return await trace_of(bus.streams, wanted)

    events = with_bus(Path(data_dir), work)
    trees = grow(event.step() for event in events)
    correlation = events[0].correlation
    if json:
        as_json({"correlationId": correlation, "events": [_node_json(tree) for tree in trees]})
        return
    begun = trees[0].step.time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    drawn = list(lines(trees))
    took = max(node.at_ms for _, node in drawn)
    say(f"{correlation}  {begun} UTC  {len(drawn)} events in {span(took)}")
    width = max(len(branch) + len(node.step.type) for branch, node in drawn)
    for branch, node in drawn:
        own = "" if node.took_ms is None else f"+{span(node.took_ms)}"
        label = f"{branch}{node.step.type}"
        say(f"{span(node.at_ms):>10} {own:>10}  {label:<{width}}  {node.step.source:<9}  {node.step.summary}".rstrip())


def _node_json(node: "Node") -> dict[str, Any]:
    step = node.step
    return {
        "id": step.id,
        "type": step.type,
        "service": step.source,
        "time": step.time.isoformat(),
        "atMs": round(node.at_ms, 3),
        "tookMs": None if node.took_ms is None else round(node.took_ms, 3),
        "summary": step.summary,
        "caused": [_node_json(child) for child in node.children],
    }
