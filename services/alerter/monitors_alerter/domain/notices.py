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


MOST_CHARACTERS = 600_000
"""What the alerts of one notice may say together, so that its stream takes it."""


def drafts(whole: Draft, kind: ChannelKind) -> Iterator[Draft]:
    """The notices that tell this, critical alerts first, then the newest.

    Machines are told all. People are told a hundred alerts and how many there are beside them, and every critical one.
    """
    alerts = sorted(whole.alerts, key=lambda alert: (SEVERITIES.index(alert.severity), alert.started_at), reverse=True)
    shown, more = alerts, Counter[str]()
    if len(alerts) > MOST_ALERTS and (kind not in MACHINES or whole.reason == "digest"):
        most = max(MOST_ALERTS, sum(alert.severity == "critical" for alert in alerts))
        shown, more = alerts[:most], Counter(alert.severity for alert in alerts[most:])
    for number, part in enumerate(_parts(shown)):
        named = {str(alert.id) for alert in part}
        reasons = {alert: reason for alert, reason in whole.reasons.items() if alert in named}
        yield replace(whole, alerts=tuple(part), reasons=reasons, more={} if number else dict(more))


def _parts(alerts: Sequence[AlertView]) -> Iterator[list[AlertView]]:
    part: list[AlertView] = []
    length = 0
    for alert in alerts:
        long = _length(alert)
        if part and (len(part) == MOST_ALERTS or length + long > MOST_CHARACTERS):
            yield part
            part, length = [], 0
        part.append(alert)
        length += long
    yield part


def _length(alert: AlertView) -> int:
    """About how many characters an alert has."""
    texts = (*alert.labels.values(), *alert.annotations.values(), alert.summary, alert.condition)
    return 1500 + sum(map(len, texts))
