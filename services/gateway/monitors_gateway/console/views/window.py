"""One maintenance window: when it is open, and what it hid."""

from dataclasses import dataclass

from monitors_contracts.maintenance import WindowView
from monitors_contracts.silences import HeldAlerts

from ..formats import Formats, When
from .maintenance import WindowRow, row_of
from .parts import Action, Badge, Link
from .silences import HeldView, held_view


@dataclass(frozen=True, slots=True)
class WindowPageView:
    """One window."""

    id: str
    name: str
    back: Link
    matchers: str
    state: Badge
    again: str
    lasts: str
    comment: str
    openings: tuple[tuple[When, When], ...]
    edit: Link
    actions: tuple[Action, ...]
    held: HeldView


def window_view(window: WindowView, held: HeldAlerts, root: str, formats: Formats) -> WindowPageView:
    """The page of one window."""
    row: WindowRow = row_of(window, root, formats)
    return WindowPageView(
        id=row.id,
        name=row.name,
        back=Link("Maintenance", f"{root}/maintenance"),
        matchers=row.matchers,
        state=row.state,
        again=row.again,
        lasts=formats.span(window.spec.duration),
        comment=window.spec.comment,
        openings=tuple(
            (formats.when(each.starts_at), formats.when(each.ends_at))
            for each in window.occurrences
            if window.spec.is_active
        ),
        edit=Link("Edit", f"{row.href}/edit", "pencil"),
        actions=row.actions,
        held=held_view(held, root, formats),
    )
