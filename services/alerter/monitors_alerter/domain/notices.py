"""Notices from what a channel is to be told: how many alerts one holds, and which are told by name. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitors_contracts.alerts import AlertView
from monitors_contracts.base import Id
from monitors_contracts.notices import MOST_ALERTS, NoticeReason
from monitors_contracts.notifications import ChannelKind

from .groups import MACHINES, SEVERITIES
from .routing import Way


@dataclass(frozen=True, slots=True)
class Draft:
    """What one channel is to be told at one moment."""

    group_id: Id
    """In whose order it is delivered."""
    channel_id: Id
    reason: NoticeReason
    way: Way
    alerts: tuple[AlertView, ...]
    reasons: Mapping[str, str]
    more: Mapping[str, int] = field(default_factory=dict[str, int])
    step: int | None = None
    person: str | None = None


def drafts(whole: Draft, kind: ChannelKind) -> Iterator[Draft]:
    """The notices that tell this, critical alerts first, then the newest.

    Machines are told all. People are told a hundred alerts and how many there are beside them, and every critical one.
    """
    alerts = sorted(whole.alerts, key=lambda alert: (SEVERITIES.index(alert.severity), alert.started_at), reverse=True)
    if len(alerts) <= MOST_ALERTS:
        yield replace(whole, alerts=tuple(alerts))
        return
    if kind in MACHINES and whole.reason != "digest":
        yield from (_part(whole, alerts[at : at + MOST_ALERTS]) for at in range(0, len(alerts), MOST_ALERTS))
        return
    shown = max(MOST_ALERTS, sum(alert.severity == "critical" for alert in alerts))
    more = Counter(alert.severity for alert in alerts[shown:])
    yield replace(_part(whole, alerts[:MOST_ALERTS]), more=dict(more))
    yield from (_part(whole, alerts[at : at + MOST_ALERTS]) for at in range(MOST_ALERTS, shown, MOST_ALERTS))


def _part(whole: Draft, alerts: Sequence[AlertView]) -> Draft:
    shown = {str(alert.id) for alert in alerts}
    return replace(
        whole,
        alerts=tuple(alerts),
        reasons={alert: reason for alert, reason in whole.reasons.items() if alert in shown},
    )
