"""Which alerts are one incident: by what they are about, when they fired, and how alike they are named.

Two alerts are related when they share a topology label (`service`, `host`, ...) and their points reach `ENOUGH`: the weights of
the labels that they share, and up to `SIMILAR_POINTS` for alike names. Labels of `APART` that differ part them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rapidfuzz import fuzz

from monitors_contracts.alerts import AlertState, Severity
from monitors_contracts.base import Id
from monitors_contracts.incidents import MOST_ALERTS, Joining

ENOUGH = 3.0
SIMILAR_POINTS = 2.0
ALIKE = 0.6
"""Names that are less alike than this count for nothing."""
NEWEST = 5
"""Alerts of an incident that stand for all of them when it is asked what belongs to it."""
APART = ("environment", "env", "cluster")
"""A service of one name in two of these is two services."""

WEIGHTS: Mapping[str, float] = {
    "service": 4,
    "app": 4,
    "application": 4,
    "check_id": 4,
    "heartbeat_id": 4,
    "deployment": 3,
    "host": 3,
    "hostname": 3,
    "instance": 3,
    "node": 3,
    "pod": 3,
    "database": 3,
    "job": 2,
    "component": 2,
    "site": 2,
    "cluster": 1,
    "namespace": 1,
    "region": 1,
}
"""How much it says that two alerts share a label's value."""


@dataclass(frozen=True)
class Correlation:
    """How alerts are correlated."""

    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)
    window: timedelta = timedelta(minutes=30)
    """Between an alert and the last of the incident."""
    quiet: timedelta = timedelta(minutes=10)
    """How long all alerts of an incident are over before it is."""
    reopen: timedelta = timedelta(minutes=30)
    """How long after its end an incident opens again for what belongs to it."""


@dataclass(frozen=True, slots=True)
class Member:
    """An alert as incidents see it."""

    alert_id: Id
    fingerprint: str
    name: str
    severity: Severity
    state: AlertState
    started_at: datetime
    pending_since: datetime | None = None
    resolved_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: Id | None = None
    is_change: bool = False
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Known:
    """An incident that alerts may belong to: the newest of its alerts stand for all of them."""

    incident_id: Id
    number: int
    started_at: datetime
    last_alert_at: datetime
    resolved_at: datetime | None
    size: int
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """What becomes of alerts: they join an incident, or open one."""

    incident_id: Id
    is_new: bool
    joined: tuple[Joining, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """How much two alerts have in common, and what, in words."""

    points: float
    words: str


def may_belong(alert: Member, how: Correlation) -> bool:
    """Whether an alert may be part of an incident at all.

    What tells of a change has no end, `info` is no trouble, and what is neither critical nor says what it is about is alone.
    """
    has_topology = any(label in how.weights for label in alert.labels)
    return not alert.is_change and alert.severity != "info" and (has_topology or alert.severity == "critical")


def relation(one: Member, other: Member, how: Correlation) -> Relation | None:
    """What relates two alerts; None when nothing does, or too little."""
    if one.fingerprint == other.fingerprint:
        return Relation(100.0, "it fired again")
    both = one.labels.keys() & other.labels.keys()
    if any(one.labels[label] != other.labels[label] for label in both.intersection(APART)):
        return None
    shared = [label for label in how.weights if label in both and one.labels[label] == other.labels[label]]
    points = sum(how.weights[label] for label in shared)
    if not points:
        return None
    words = "same " + ", ".join(f"{label}={one.labels[label]}" for label in shared)
    if points + SIMILAR_POINTS < ENOUGH:
        return None
    if one.name == other.name:
        alike = 1.0
    else:
        needed = max(ALIKE, (ENOUGH - points) / SIMILAR_POINTS)
        alike = fuzz.token_sort_ratio(one.name, other.name, score_cutoff=100 * needed) / 100
    if alike:
        points += SIMILAR_POINTS * alike
        words += ", same name" if one.name == other.name else f", named like “{other.name[:60]}”"
    return Relation(points, words) if points >= ENOUGH else None


def place(
    alerts: Sequence[Member],
    known: Sequence[Known],
    loners: Sequence[Member],
    how: Correlation,
    new_id: Callable[[], Id],
) -> list[Placed]:
    """Where these alerts belong, each decided after the one before; those that belong nowhere are in no result.

    `loners` are alerts of no incident. An alert joins the incident that it has most in common with; with a loner it opens
    one, and so does a critical one alone.
    """
    incidents = {each.incident_id: each for each in known}
    alone = {each.alert_id: each for each in loners}
    near_incidents, near_loners = _Near(how), _Near(how)
    for each in known:
        near_incidents.add(each.incident_id, each.members)
    for each in loners:
        near_loners.add(each.alert_id, [each])
    joined: dict[Id, list[Joining]] = {}
    for alert in alerts:
        if not may_belong(alert, how):
            continue
        alone.pop(alert.alert_id, None)
        if found := _best(alert, [incidents[each] for each in near_incidents.of(alert)], how):
            incident, words = found
            incidents[incident.incident_id] = _with(incident, alert)
            near_incidents.add(incident.incident_id, [alert])
            joined.setdefault(incident.incident_id, []).append(Joining(alert_id=alert.alert_id, words=words))
            continue
        company = list(_company(alert, [alone[each] for each in near_loners.of(alert) if each in alone], how))
        if not company and alert.severity != "critical":
            alone[alert.alert_id] = alert
            near_loners.add(alert.alert_id, [alert])
            continue
        first = min((other for other, _ in company), key=lambda each: each.started_at, default=alert)
        words = "; ".join(
            (["critical"] if alert.severity == "critical" else [])
            + ([f"{company[0][1]}, {_after(alert, first.started_at)}"] if company else [])
        )
        fresh = new_id()
        members = (*(other for other, _ in company), alert)
        incidents[fresh] = _opened(fresh, members, len(known) + len(joined))
        near_incidents.add(fresh, members)
        joined[fresh] = [Joining(alert_id=other.alert_id, words=why) for other, why in company]
        joined[fresh].append(Joining(alert_id=alert.alert_id, words=words))
        for other, _ in company:
            del alone[other.alert_id]
    before = {each.incident_id for each in known}
    return [Placed(each, each not in before, tuple(joinings)) for each, joinings in joined.items()]


class _Near:
    """Finds the few that may be related to an alert among many: those with its fingerprint, or a label's value that counts."""

    def __init__(self, how: Correlation) -> None:
        self._how = how
        self._found: dict[tuple[str, str], dict[Id, None]] = {}

    def add(self, identity: Id, members: Iterable[Member]) -> None:
        """These alerts are found under this id."""
        for member in members:
            for key in self._keys(member):
                self._found.setdefault(key, {})[identity] = None

    def of(self, alert: Member) -> list[Id]:
        """What may be related to this alert, each once."""
        return list(dict.fromkeys(each for key in self._keys(alert) for each in self._found.get(key, ())))

    def _keys(self, alert: Member) -> Iterator[tuple[str, str]]:
        yield "", alert.fingerprint
        for label in alert.labels.keys() & self._how.weights.keys():
            yield label, alert.labels[label]


def _best(alert: Member, incidents: Iterable[Known], how: Correlation) -> tuple[Known, str] | None:
    """The incident that an alert has most in common with; of equals the oldest."""
    best: tuple[float, int, Known, str] | None = None
    for incident in incidents:
        if incident.size >= MOST_ALERTS or not _in_time(alert, incident, how):
            continue
        for member in incident.members:
            found = relation(alert, member, how)
            if found and (best is None or (found.points, -incident.number) > best[:2]):
                best = (found.points, -incident.number, incident, found.words)
    return (best[2], f"{best[3]}, {_after(alert, best[2].started_at)}") if best else None


def _in_time(alert: Member, incident: Known, how: Correlation) -> bool:
    if incident.resolved_at:
        return alert.started_at - incident.resolved_at <= how.reopen
    again = any(alert.fingerprint == member.fingerprint for member in incident.members)
    return again or abs(alert.started_at - incident.last_alert_at) <= how.window


def _company(alert: Member, alone: Iterable[Member], how: Correlation) -> Iterator[tuple[Member, str]]:
    """Alerts of no incident that belong to this one, with why, oldest first."""
    for other in sorted(alone, key=lambda each: (each.started_at, each.alert_id)):
        if abs(alert.started_at - other.started_at) <= how.window and (found := relation(other, alert, how)):
            yield other, found.words


def _with(incident: Known, alert: Member) -> Known:
    return replace(
        incident,
        size=incident.size + 1,
        last_alert_at=max(incident.last_alert_at, alert.started_at),
        resolved_at=None,
        members=(*incident.members[1 - NEWEST :], alert),
    )


def _opened(incident_id: Id, members: tuple[Member, ...], after: int) -> Known:
    starts = [each.started_at for each in members]
    # Its number is not known yet: it comes after all that are.
    return Known(incident_id, 2**31 + after, min(starts), max(starts), None, len(members), members[-NEWEST:])


def _after(alert: Member, first: datetime) -> str:
    seconds = (alert.started_at - first).total_seconds()
    side = "after" if seconds >= 0 else "before"
    minutes, rest = divmod(round(abs(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    span = f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{rest} s"
    return f"{span} {side} the first"
