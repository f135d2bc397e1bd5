"""Kept pages as a person is shown them (by the evaluator, which reads pages)."""

from typing import Literal

from pydantic import Field

from .base import Id, Model, TenantRequest


class ShownSnapshot(Model):
    """A page as a reader sees it, in plain HTML without scripts, styles and media. Not yet safe for a browser.

    The piece that a value was read from stands in `<mark id="fact">`; places that can be pointed at in `<a href="place:...">`.
    """

    title: str = ""
    content: str = Field(description="UTF-8 HTML of the body's inside, Zstandard, base64")
    is_marked: bool = False
    is_truncated: bool = Field(default=False, description="The page goes on behind what is shown")


class ShowSnapshot(TenantRequest[ShownSnapshot]):
    """Show a kept page. Problems: `snapshot-not-found`, `evaluation-not-found`."""

    service = "evaluator"
    snapshot_id: Id
    refresh_id: Id | None = Field(default=None, description="The check whose evidence is to be marked")
    place: str | None = Field(default=None, max_length=100, description="The place to be marked instead")
    with_places: bool = Field(default=False, description="Make every readable place a link")


class DiffLine(Model):
    """A line of text that one page shows, or both."""

    kind: Literal["equal", "added", "removed"]
    text: str


class SnapshotDiff(Model):
    """What a reader sees of one page and not of the other, in stretches with some equal lines around."""

    hunks: list[list[DiffLine]]
    added: int
    removed: int
    is_truncated: bool = Field(default=False, description="There are more differences than are shown")


class CompareSnapshots(TenantRequest[SnapshotDiff]):
    """What changed from the page `against_id` to the page `snapshot_id`. Problem: `snapshot-not-found`."""

    service = "evaluator"
    snapshot_id: Id
    against_id: Id
