"""What a channel is told when several notices of a group wait for it: each alert once, as it is now.

A receiver that was away is not told what it missed step by step. For each alert that it took as firing, it gets exactly one
end; an alert that began and ended meanwhile is told once, as that; what it was told by something newer is not told again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import Id
from monitors_contracts.notices import MOST_ALERTS, Notice

_URGENCY = {"critical": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Arrival:
    """The newest that a channel took about an alert, by which message.

    `is_expected`: it took nothing yet, but a message that stands in for another channel's is on its way there.
    """

    channel_id: Id
    version: int
    is_open: bool
    notification_id: Id
    is_expected: bool = False


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What is known of one alert: here, and at channels that stood in for this one."""

    here: Arrival | None = None
    elsewhere: tuple[Arrival, ...] = ()


NOWHERE = Arrivals()


@dataclass(frozen=True)
class Merged:
    """What follows for the notices that wait.

    `notice` is what the channel is told now, by the id of the newest that it is made of; None when that is nothing. `merged`
    are the notices it is made of, `later` those that did not fit. `elsewhere` are ends of alerts, by the channels that stood
    in when those began. `unseen` are alerts that are over before the channel heard of them. `told_by` is the message that
    told everything already, when there is nothing left to tell.
    """

    notice: Notice | None
    merged: tuple[Notice, ...]
    later: tuple[Notice, ...]
    unseen: frozenset[Id] = frozenset()
    elsewhere: Mapping[Id, tuple[AlertView, ...]] = field(default_factory=dict[Id, tuple[AlertView, ...]])
    told_by: Id | None = None


def is_open(alert: AlertView) -> bool:
    """Whether it has not ended."""
    return alert.state is not AlertState.RESOLVED


def merge(waiting: Sequence[Notice], arrived: Mapping[Id, Arrivals]) -> Merged:
    """What to tell of these notices (at least one) of one group, to one channel, given what arrived of their alerts."""
    ordered = sorted(waiting, key=lambda notice: (notice.issued_at, notice.id))
    count = _fitting(ordered)
    merged, later = ordered[:count], ordered[count:]
    newest = merged[-1]
    alerts = _newest(merged)
    told: list[AlertView] = []
    unseen: set[Id] = set()
    elsewhere: dict[Id, list[AlertView]] = {}
    covered: list[Id] = []
    for alert in alerts:
        known = arrived.get(alert.id, NOWHERE)
        here = known.here
        if not is_open(alert):
            for there in known.elsewhere:
                if there.is_open:
                    elsewhere.setdefault(there.channel_id, []).append(alert)
        if is_open(alert):
            newer = [each for each in (here, *known.elsewhere) if each and each.version > alert.version]
            if newer:
                covered.append(newer[0].notification_id)
            else:
                told.append(alert)
        elif here and here.is_open and alert.version >= here.version:
            told.append(alert)
            if here.is_expected:
                unseen.add(alert.id)
        elif _missed(alert, known):
            told.append(alert)
            unseen.add(alert.id)
        elif here:
            covered.append(here.notification_id)
    anything = bool(told) or bool(_more(merged)) or not alerts
    return Merged(
        notice=_united(merged, newest, told) if anything else None,
        merged=tuple(merged),
        later=tuple(later),
        unseen=frozenset(unseen),
        elsewhere={channel: tuple(ended) for channel, ended in elsewhere.items()},
        told_by=max(covered) if covered and not anything else None,
    )


def stand_in(notice: Notice, unseen: Collection[Id]) -> Notice | None:
    """What channels that stand in are told of a notice whose channel can't be reached; None when it is no news to them.

    The end of what that channel took as firing is its own matter; of what it had not heard (`unseen`), theirs.
    """
    news = [alert for alert in notice.alerts if is_open(alert) or alert.id in unseen]
    if not news and (notice.alerts or not notice.more):
        return None
    return notice.model_copy(update={"alerts": news, "fallback": []})


def _missed(alert: AlertView, known: Arrivals) -> bool:
    """Whether an alert is over that the channel never heard of, or that began anew and ended since it last did."""
    if any(there.is_open for there in known.elsewhere):
        return False
    return known.here is None or known.here.version < alert.version


def _fitting(ordered: Sequence[Notice]) -> int:
    """How many of the oldest notices make one message; at least one."""
    seen: set[Id] = set()
    for count, notice in enumerate(ordered):
        seen |= {alert.id for alert in notice.alerts}
        if count and len(seen) > MOST_ALERTS:
            return count
    return len(ordered)


def _newest(merged: Sequence[Notice]) -> list[AlertView]:
    """Each alert once, by its highest version; of one version the later notice's."""
    alerts: dict[Id, AlertView] = {}
    for notice in merged:
        for alert in notice.alerts:
            known = alerts.get(alert.id)
            if known is None or alert.version >= known.version:
                alerts[alert.id] = alert
    return list(alerts.values())


def _more(merged: Sequence[Notice]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for notice in merged:
        for severity, count in notice.more.items():
            counts[severity] = counts.get(severity, 0) + count
    return counts


def _united(merged: Sequence[Notice], newest: Notice, told: Sequence[AlertView]) -> Notice:
    """One notice of several: critical alerts first, open ones before those that ended, then the newest."""
    if len(merged) == 1 and len(told) == len(newest.alerts):
        return newest
    ids = {str(alert.id) for alert in told}
    reasons = {alert: reason for notice in merged for alert, reason in notice.reasons.items() if alert in ids}
    alike = len({notice.reason for notice in merged}) == 1
    return newest.model_copy(
        update={
            "alerts": sorted(told, key=_first_shown),
            "reasons": reasons,
            "reason": newest.reason if alike else "alerts-changed",
            "more": _more(merged),
            "fallback": list(dict.fromkeys(channel for notice in merged for channel in notice.fallback)),
            "issued_at": merged[0].issued_at,
        }
    )


def _first_shown(alert: AlertView) -> tuple[bool, int, float]:
    return (not is_open(alert), _URGENCY[alert.severity], -alert.started_at.timestamp())
