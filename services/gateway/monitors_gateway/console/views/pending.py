"""What is pending, as the inbox shows it."""

from dataclasses import dataclass, replace

from monitors_contracts.pending import PendingAlert, PendingList

from ..formats import Formats, When
from .marks import Mark, marked
from .rule_preview import series_words

DUE = "with its next sample"


@dataclass(frozen=True, slots=True)
class PendingRow:
    """One condition that holds, and fires when it goes on. It has no page of its own: `href` is its rule's."""

    id: str
    href: str
    name: str
    series: str
    condition: str
    value: str
    mark: Mark
    since: When
    fires: When
    due: str = DUE


def pending_rows(ahead: PendingList, root: str, formats: Formats) -> tuple[PendingRow, ...]:
    """What fires next, first."""
    return tuple(_row(each, root, formats) for each in ahead.alerts)


def _row(each: PendingAlert, root: str, formats: Formats) -> PendingRow:
    return PendingRow(
        id=each.fingerprint.replace(":", "-"),
        href=f"{root}/rules/{each.rule_id}",
        name=each.name,
        series=series_words(each.labels),
        condition=each.condition,
        value=formats.value(each.value) if each.value is not None else "",
        mark=marked(each.severity),
        since=formats.when(each.since),
        fires=formats.when(each.fires_at)
        if each.fires_at > formats.now
        else replace(formats.when(each.fires_at), words=DUE),
    )
