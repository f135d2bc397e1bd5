"""The events that one check caused, looked up in the streams."""

from datetime import UTC, datetime, timedelta

from nats.js import JetStreamContext

from monitors_contracts.base import Id, id_time
from monitors_contracts.catalogue import EVENTS
from monitors_contracts.monitors import Evaluation
from monitors_runtime.traces import Node, correlated, grow

CLOCKS_APART = timedelta(seconds=1)
FOLLOWED_FOR = timedelta(minutes=30)
"""How long after its verdict a check still causes events: what is delivered later is in the alert's own history."""
MOST_LOOKED_AT = 3_000
"""Events of each kind that are looked at: more than an organization has in that time, and read in well under a second."""
_STREAMS = ("MONITORS", "PAGES", "ALERTS", "METRICS")


async def trace_of(bus: JetStreamContext, organization_id: Id, evaluation: Evaluation) -> tuple[list[Node], bool]:
    """The trees of a check's events, and whether all that may belong to them was looked at.

    Only this organization's subjects are read, and of what is about a monitor only this monitor's.
    """
    ended = evaluation.evaluated_at or datetime.now(UTC)
    events, is_whole = await correlated(
        bus,
        _places(organization_id, evaluation.monitor_id),
        str(evaluation.id),
        since=min(id_time(evaluation.id), evaluation.requested_at) - CLOCKS_APART,
        until=ended + FOLLOWED_FOR,
        most=MOST_LOOKED_AT,
    )
    return grow(event.step() for event in events), is_whole


def _places(organization_id: Id, monitor_id: Id) -> list[tuple[str, list[str]]]:
    """Where such events are kept: an aggregate's subjects each."""
    found: dict[tuple[str, str], None] = {}
    for kind in EVENTS:
        if kind.stream in _STREAMS:
            entity = str(monitor_id) if kind.entity_field == "monitor_id" else "*"
            found[kind.stream, f"evt.{kind.aggregate}.*.{organization_id}.{entity}"] = None
    return [(stream, [subject]) for stream, subject in found]
