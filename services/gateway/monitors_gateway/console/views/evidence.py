"""The page that a fact was read from: shown with the fact marked, photographed, and compared with the one before."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from monitors_contracts.base import Id
from monitors_contracts.snapshots import SnapshotDiff

from ...api.shapes import Evaluation
from ...api.snapshots import SnapshotReply
from ...domain.explaining import way_of
from ..formats import Formats, When
from .alert import web_link
from .parts import Link, Tab

SIDES = ("page", "picture", "changes")


@dataclass(frozen=True, slots=True)
class DiffRow:
    """A line of text that came, went or stayed; `gap` for lines left out."""

    kind: str
    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """The piece of page behind a value. `side` is what is shown of the page; its addresses are empty where there is nothing."""

    value: str
    quote: str
    how: str
    sure: str
    where: str
    source: Link | None
    fetched: When | None
    tabs: tuple[Tab, ...]
    side: str
    frame: str
    picture: str
    picture_before: str
    diff: tuple[DiffRow, ...]
    diff_words: str
    missing: str


def evidence_view(
    check: Evaluation,
    snapshot: SnapshotReply | None,
    before: SnapshotReply | None,
    diff: SnapshotDiff | None,
    side: str,
    here: str,
    root: str,
    formats: Formats,
) -> EvidenceView:
    """What one check saw. `before` is an earlier page to compare with; `here` the path whose query picks the side."""
    shown = _side(side, snapshot, before)
    evidence = check.evidence
    kept = f"{root}/snapshots/{snapshot.id}" if snapshot else ""
    return EvidenceView(
        value=formats.value(check.value, check.unit),
        quote=evidence.quote if evidence else "",
        how=f"Found {way_of(evidence.method)}" if evidence else "",
        sure=f"{check.confidence:.0%} sure" if evidence else "",
        where=evidence.locator if evidence else "",
        source=web_link(snapshot.final_url) if snapshot else None,
        fetched=formats.when(snapshot.fetched_at) if snapshot else None,
        tabs=_tabs(shown, snapshot, before, here),
        side=shown,
        frame=f"{kept}/page?{urlencode({'check': str(check.refresh_id)})}#fact" if snapshot else "",
        picture=f"{kept}/picture" if snapshot and snapshot.screenshot_url else "",
        picture_before=f"{root}/snapshots/{before.id}/picture" if before and before.screenshot_url else "",
        diff=tuple(_lines(diff)) if diff else (),
        diff_words=_told(diff, before, formats) if diff and before else "",
        missing="" if snapshot else "The page is not kept any more.",
    )


def earlier_snapshot(checks: Sequence[Evaluation], shown: SnapshotReply) -> Id | None:
    """The page that the monitor saw before this one: by its checks (newest first), else by the order of what is kept."""
    older = [each.fetched.snapshot_id for each in checks if each.fetched]
    behind = older[older.index(shown.id) :] if shown.id in older else older
    return next((each for each in behind if each != shown.id), shown.previous_id)


def snapshot_id(check: Evaluation) -> Id | None:
    """The page that a check looked at."""
    if check.fetched:
        return check.fetched.snapshot_id
    return check.evidence.snapshot_id if check.evidence else None


def _side(wanted: str, snapshot: SnapshotReply | None, before: SnapshotReply | None) -> str:
    possible = {"page": True, "picture": bool(snapshot and snapshot.screenshot_url), "changes": before is not None}
    return wanted if possible.get(wanted) else "page"


def _tabs(shown: str, snapshot: SnapshotReply | None, before: SnapshotReply | None, here: str) -> tuple[Tab, ...]:
    if snapshot is None:
        return ()
    words = {"page": "As a reader sees it", "picture": "Screenshot", "changes": "What changed"}
    return tuple(
        Tab(words[each], f"{here}?show={each}#evidence", current=each == shown)
        for each in SIDES
        if _side(each, snapshot, before) == each
    )


def _lines(diff: SnapshotDiff) -> list[DiffRow]:
    signs = {"added": "+", "removed": "−", "equal": ""}
    rows: list[DiffRow] = []
    for number, hunk in enumerate(diff.hunks):
        if number:
            rows.append(DiffRow("gap", "", "⋯"))
        rows += [DiffRow(line.kind, signs[line.kind], line.text) for line in hunk]
    return rows


def _told(diff: SnapshotDiff, before: SnapshotReply, formats: Formats) -> str:
    since = formats.when(before.fetched_at).words
    if not diff.hunks:
        return f"A reader sees the same as on the page of {since}."
    more = " More changed than is shown here." if diff.is_truncated else ""
    came = "1 line came" if diff.added == 1 else f"{diff.added} lines came"
    return f"Since the page of {since}: {came}, {diff.removed} went.{more}"
