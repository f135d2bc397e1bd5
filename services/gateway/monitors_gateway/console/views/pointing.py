"""Pointing: the kept page with every readable place to choose, and what would be read at the one chosen."""

from dataclasses import dataclass
from urllib.parse import urlencode

from monitors_contracts.base import Id
from monitors_contracts.monitors import Reading
from monitors_runtime.errors import ProblemError

from ...api.shapes import Monitor
from ...api.snapshots import SnapshotReply
from ...domain.explaining import way_of
from ..formats import Formats, When
from .parts import Action, Empty, Link


@dataclass(frozen=True, slots=True)
class PreviewView:
    """What the fact would be read as at the place chosen."""

    value: str
    quote: str
    how: str
    now: str
    use: Action


@dataclass(frozen=True, slots=True)
class PointView:
    """The page to point on. `problem` says why nothing can be read at the place chosen."""

    back: Link
    watching: str
    fetched: When | None
    frame: str
    preview: PreviewView | None
    problem: str
    empty: Empty | None


def point_view(
    monitor: Monitor,
    snapshot: SnapshotReply | None,
    place: str,
    tried: Reading | ProblemError | None,
    root: str,
    formats: Formats,
) -> PointView:
    """The page. `tried` is what was read at `place`, or why nothing could be; `snapshot` None when no page is kept."""
    here = f"{root}/monitors/{monitor.id}"
    reading = tried if isinstance(tried, Reading) else None
    return PointView(
        back=Link(monitor.name, here),
        watching=monitor.extracted_fact,
        fetched=formats.when(snapshot.fetched_at) if snapshot else None,
        frame=frame_of(monitor.id, snapshot.id, place, root) if snapshot else "",
        preview=_preview(monitor, snapshot, place, reading, here, formats) if snapshot and reading else None,
        problem=(tried.problem.detail or tried.problem.title) if isinstance(tried, ProblemError) else "",
        empty=None if snapshot else _nothing(here),
    )


def frame_of(monitor_id: Id, snapshot_id: Id, place: str, root: str) -> str:
    """The document with the places to choose."""
    query = {"snapshot": str(snapshot_id)} | ({"place": place} if place else {})
    return f"{root}/monitors/{monitor_id}/point/page?{urlencode(query)}" + ("#fact" if place else "")


def _preview(
    monitor: Monitor, snapshot: SnapshotReply, place: str, reading: Reading, here: str, formats: Formats
) -> PreviewView:
    now = formats.value(monitor.current_value, monitor.unit)
    return PreviewView(
        value=formats.value(reading.value, reading.unit),
        quote=reading.evidence.quote,
        how=f"Found {way_of(reading.evidence.method)}",
        now=f"Now it is read as {now}." if monitor.current_value is not None else "Nothing is read now.",
        use=Action(
            "Read it here from now on",
            f"{here}/point",
            "check",
            "primary",
            fields={"snapshot": str(snapshot.id), "place": place},
        ),
    )


def _nothing(here: str) -> Empty:
    words = "There is no page of this monitor to point on yet. Check it once; the page is kept then."
    return Empty("crosshair", "Nothing to point on", words, Link("Back to the monitor", here))
