"""The life of an incident: what becomes of it when its alerts change or somebody wants it otherwise.

Every function answers the event that follows, or None when all is so already. Wishes that can't be met raise `Refused` with the
problem's word. `members` are all alerts that are named, by id; those that are gone from the database are missing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar

from monitors_contracts.alerts import AlertState, Severity
from monitors_contracts.base import Id
from monitors_contracts.incidents import (
    MOST_ALERTS,
    MOST_ENTRIES,
    Incident,
    IncidentEvent,
    IncidentOpened,
    IncidentResolved,
    IncidentStatus,
    IncidentStep,
    IncidentTask,
    IncidentUpdated,
    Joining,
    Responder,
    StakeholderUpdate,
    StepKind,
)

from .correlating import Member
from .groups import SEVERITIES

Members: TypeAlias = Mapping[Id, Member]
E = TypeVar("E", bound=IncidentEvent)
T = TypeVar("T")


class Refused(Exception):
    """A wish that can't be met; the text is the problem's word."""


def opened(
    incident_id: Id,
    organization_id: Id,
    number: int,
    joined: Sequence[Joining],
    members: Members,
    now: datetime,
    *,
    by: Id | None = None,
    title: str | None = None,
    severity: Severity | None = None,
    impact: str = "",
    split_from: Id | None = None,
) -> IncidentOpened:
    """Alerts become an incident. Without a title it is named as the first of its worst alerts."""
    ids = [each.alert_id for each in joined]
    made = Incident(
        id=incident_id,
        organization_id=organization_id,
        number=number,
        title=title or _title(ids, members),
        severity=severity or "warning",
        is_severity_set=severity is not None,
        started_at=now,
        opened_at=now,
        impact=impact,
        split_from=split_from,
        version=0,
    )
    alerts = list(joined)
    return _next(IncidentOpened, made, "opened", now, by=by, alerts=alerts, other=split_from, **_of(made, ids, members))


def joined(
    incident: Incident, joining: Sequence[Joining], members: Members, now: datetime, by: Id | None = None
) -> IncidentUpdated | None:
    """Alerts join; an incident that was over opens again for one that is not."""
    new = [each for each in joining if each.alert_id not in set(incident.alert_ids)]
    if not new:
        return None
    ids = _room([*incident.alert_ids, *(each.alert_id for each in new)])
    changes = _of(incident, ids, members)
    is_over = all(_is_over(members[each.alert_id]) for each in new if each.alert_id in members)
    if incident.status is IncidentStatus.RESOLVED and not is_over:
        return _next(IncidentUpdated, incident, "reopened", now, by=by, alerts=new, **_again(incident), **changes)
    return _next(IncidentUpdated, incident, "alerts-joined", now, by=by, alerts=new, **changes)


def removed(
    incident: Incident,
    alert_ids: Sequence[Id],
    members: Members,
    now: datetime,
    by: Id,
    to: Id | None = None,
) -> IncidentEvent:
    """Alerts are taken out, to another incident or to none; the other one takes over what has none left.

    Raises Refused `alert-not-in-incident`.
    """
    gone = set(alert_ids)
    if not gone <= set(incident.alert_ids):
        raise Refused("alert-not-in-incident")
    left = [each for each in incident.alert_ids if each not in gone]
    if to and not left:
        return _taken_over(incident, to, now, by)
    alerts = [Joining(alert_id=each) for each in dict.fromkeys(alert_ids)]
    changes = _of(incident, left, members)
    return _next(IncidentUpdated, incident, "alerts-removed", now, by=by, alerts=alerts, other=to, **changes)


def split(
    incident: Incident, alert_ids: Sequence[Id], members: Members, now: datetime, by: Id, to: Id
) -> IncidentEvent:
    """Some alerts become an incident of their own. Raises Refused `alert-not-in-incident`, or, for all, `nothing-left`."""
    event = removed(incident, alert_ids, members, now, by, to)
    if set(incident.alert_ids) <= set(alert_ids):
        raise Refused("nothing-left")
    return event


def refreshed(incident: Incident, members: Members, changed: Sequence[Id], now: datetime) -> IncidentUpdated | None:
    """Alerts of it changed; somebody who has one of them has the incident."""
    changes: dict[str, Any] = _of(incident, incident.alert_ids, members)
    taken = [members[each] for each in changed if each in members and members[each].acknowledged_at]
    first = min(taken, key=lambda each: (each.acknowledged_at, each.alert_id), default=None)
    if first and incident.status is IncidentStatus.OPEN:
        at = incident.acknowledged_at or first.acknowledged_at
        changes |= {"status": IncidentStatus.ACKNOWLEDGED, "acknowledged_at": at}
        changes |= {"acknowledged_by": incident.acknowledged_by or first.acknowledged_by}
        return _next(IncidentUpdated, incident, "acknowledged", now, by=first.acknowledged_by, **changes)
    if all(getattr(incident, name) == value for name, value in changes.items()):
        return None
    words = [f"“{members[each].name[:80]}” {_word(members[each])}" for each in changed[:5] if each in members]
    text = ", ".join(words) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
    return _next(IncidentUpdated, incident, "alerts-changed", now, text=text, **changes)


def settled(incident: Incident, quiet: timedelta, now: datetime) -> IncidentResolved | None:
    """It is over when all its alerts were for this long; it ended with the last of them."""
    since = incident.quiet_since
    if incident.status is IncidentStatus.RESOLVED or since is None or now - since < quiet:
        return None
    text = f"All its alerts have been over for {quiet.total_seconds() / 60:g} min"
    changes: dict[str, Any] = {
        "status": IncidentStatus.RESOLVED,
        "resolved_at": max(since, incident.opened_at),
        "resolved_by": None,
    }
    return _next(IncidentResolved, incident, "resolved", now, text=text, **changes)


def acknowledged(
    incident: Incident, members: Members, by: Id, note: str | None, now: datetime
) -> IncidentUpdated | None:
    """Somebody has it, and its alerts as they are by then. Raises Refused `incident-resolved`."""
    if incident.status is IncidentStatus.RESOLVED:
        raise Refused("incident-resolved")
    if incident.status is IncidentStatus.ACKNOWLEDGED:
        return None
    changes: dict[str, Any] = _of(incident, incident.alert_ids, members) | {
        "status": IncidentStatus.ACKNOWLEDGED,
        "acknowledged_at": incident.acknowledged_at or now,
        "acknowledged_by": by,
    }
    return _next(IncidentUpdated, incident, "acknowledged", now, by=by, text=note or "", **changes)


def resolved(incident: Incident, by: Id, note: str | None, now: datetime) -> IncidentResolved | None:
    """Somebody says that it is over."""
    if incident.status is IncidentStatus.RESOLVED:
        return None
    changes: dict[str, Any] = {"status": IncidentStatus.RESOLVED, "resolved_at": now, "resolved_by": by}
    return _next(IncidentResolved, incident, "resolved", now, by=by, text=note or "", **changes)


def reopened(incident: Incident, by: Id, note: str | None, now: datetime) -> IncidentUpdated | None:
    """Somebody says that it is not over. Raises Refused `incident-merged`.

    It stays open until its alerts are over anew or somebody ends it: what was quiet before does not count.
    """
    _own(incident)
    if incident.status is not IncidentStatus.RESOLVED:
        return None
    changes: dict[str, Any] = _again(incident) | {"quiet_since": None}
    return _next(IncidentUpdated, incident, "reopened", now, by=by, text=note or "", **changes)


def merged(
    incident: Incident, others: Sequence[Incident], members: Members, by: Id, now: datetime
) -> list[IncidentEvent]:
    """All alerts of others move here. Raises Refused `incident-itself`, `incident-merged` or `incident-full`."""
    _own(incident)
    if any(each.id == incident.id for each in others):
        raise Refused("incident-itself")
    if not others:
        return []
    for each in others:
        _own(each)
    ids = _room([*incident.alert_ids, *(alert for each in others for alert in each.alert_ids)])
    changes = _of(incident, ids, members)
    if incident.status is IncidentStatus.RESOLVED and any(each.status is not incident.status for each in others):
        changes |= _again(incident)
    numbers = ", ".join(f"#{each.number}" for each in others)
    moved = [Joining(alert_id=alert, words=f"from #{each.number}") for each in others for alert in each.alert_ids]
    return [
        _next(IncidentUpdated, incident, "merged", now, by=by, text=numbers, alerts=moved, **changes),
        *(_taken_over(each, incident.id, now, by, f"#{incident.number}") for each in others),
    ]


def described(
    incident: Incident,
    by: Id,
    now: datetime,
    *,
    title: str | None = None,
    severity: Severity | None = None,
    impact: str | None = None,
    commander: str | None = None,
) -> IncidentUpdated | None:
    """Somebody says what it is; only what is given changes."""
    given = {"title": title, "severity": severity, "impact": impact, "commander": commander}
    changes: dict[str, Any] = {
        name: value for name, value in given.items() if value not in (None, getattr(incident, name))
    }
    if not changes:
        return None
    text = "; ".join(f"{name}: {value}" for name, value in changes.items())
    is_set = incident.is_severity_set or severity is not None
    return _next(IncidentUpdated, incident, "described", now, by=by, text=text, is_severity_set=is_set, **changes)


def responder_added(incident: Incident, name: str, by: Id, now: datetime) -> IncidentUpdated | None:
    """Somebody works on it."""
    if any(each.name == name for each in incident.responders):
        return None
    responders = _room([*incident.responders, Responder(name=name, joined_at=now)], MOST_ENTRIES)
    return _next(IncidentUpdated, incident, "responder-added", now, by=by, text=name, responders=responders)


def task_added(
    incident: Incident, task_id: Id, text: str, assignee: str | None, by: Id, now: datetime
) -> IncidentUpdated | None:
    """Something is to be done."""
    if any(each.id == task_id for each in incident.tasks):
        return None
    task = IncidentTask(id=task_id, text=text, assignee=assignee, created_at=now, created_by=by)
    tasks = _room([*incident.tasks, task], MOST_ENTRIES)
    return _next(IncidentUpdated, incident, "task-added", now, by=by, text=text, tasks=tasks)


def task_completed(incident: Incident, task_id: Id, by: Id, now: datetime) -> IncidentUpdated | None:
    """It is done. Raises Refused `task-not-found`."""
    task = next((each for each in incident.tasks if each.id == task_id), None)
    if task is None:
        raise Refused("task-not-found")
    if task.done_at:
        return None
    done = task.model_copy(update={"done_at": now, "done_by": by})
    tasks = [done if each.id == task_id else each for each in incident.tasks]
    return _next(IncidentUpdated, incident, "task-completed", now, by=by, text=task.text, tasks=tasks)


def update_posted(
    incident: Incident, update_id: Id, text: str, by: Id, now: datetime, *, is_public: bool
) -> IncidentUpdated | None:
    """Those who wait are told."""
    if any(each.id == update_id for each in incident.updates):
        return None
    said = StakeholderUpdate(id=update_id, text=text, is_public=is_public, posted_at=now, posted_by=by)
    updates = _room([*incident.updates, said], MOST_ENTRIES)
    return _next(IncidentUpdated, incident, "update-posted", now, by=by, text=text, updates=updates)


def postmortem_saved(incident: Incident, text: str, by: Id, now: datetime) -> IncidentUpdated | None:
    """What was learnt is kept."""
    if incident.postmortem == text:
        return None
    return _next(IncidentUpdated, incident, "postmortem-saved", now, by=by, postmortem=text)


def _next(
    kind: type[E],
    incident: Incident,
    what: StepKind,
    now: datetime,
    *,
    by: Id | None = None,
    text: str = "",
    alerts: Sequence[Joining] = (),
    other: Id | None = None,
    **changes: Any,
) -> E:
    after = incident.model_copy(update=changes | {"version": incident.version + 1})
    step = IncidentStep(
        key=str(after.version), kind=what, at=now, user_id=by, text=text, alerts=list(alerts), incident_id=other
    )
    return kind(organization_id=after.organization_id, incident_id=after.id, incident=after, step=step)


def _of(incident: Incident, alert_ids: Sequence[Id], members: Members) -> dict[str, Any]:
    """What an incident with these alerts says of them. What the last of them said stays when none is left."""
    ids = list(dict.fromkeys(alert_ids))
    alerts = [members[each] for each in ids if each in members]
    if not alerts:
        return {"alert_ids": ids, "counts": {}, "quiet_since": None}
    worst = max((each.severity for each in alerts), key=SEVERITIES.index)
    counts = Counter(each.state for each in alerts)
    ends = [each.resolved_at for each in alerts if each.resolved_at]
    first = alerts[0].labels.items()
    common = set(first).intersection(*(each.labels.items() for each in alerts[1:]))
    return {
        "alert_ids": ids,
        "counts": dict(counts),
        "severity": incident.severity if incident.is_severity_set else worst,
        "labels": dict(sorted(common)),
        "started_at": min(incident.started_at, *(each.pending_since or each.started_at for each in alerts)),
        "last_alert_at": max(each.started_at for each in alerts),
        "quiet_since": max(ends) if all(_is_over(each) for each in alerts) and ends else None,
    }


def _taken_over(incident: Incident, to: Id, now: datetime, by: Id, text: str = "") -> IncidentResolved:
    """Another incident has its alerts now."""
    changes: dict[str, Any] = {"status": IncidentStatus.RESOLVED, "merged_into": to}
    changes |= {"alert_ids": [], "counts": {}, "quiet_since": None}
    changes |= {} if incident.resolved_at else {"resolved_at": now, "resolved_by": by}
    return _next(IncidentResolved, incident, "merged-away", now, by=by, text=text, other=to, **changes)


def _again(incident: Incident) -> dict[str, Any]:
    return {
        "status": IncidentStatus.OPEN,
        "resolved_at": None,
        "resolved_by": None,
        "reopened": incident.reopened + 1,
    }


def _own(incident: Incident) -> None:
    if incident.merged_into:
        raise Refused("incident-merged")


def _room(entries: list[T], most: int = MOST_ALERTS) -> list[T]:
    if len(entries) > most:
        raise Refused("incident-full")
    return entries


def _is_over(member: Member) -> bool:
    return member.state is AlertState.RESOLVED


def _title(alert_ids: Sequence[Id], members: Members) -> str:
    alerts = [members[each] for each in alert_ids if each in members]
    if not alerts:
        return "Incident"
    worst = min(alerts, key=lambda each: (-SEVERITIES.index(each.severity), each.started_at, each.alert_id))
    return worst.name.strip()[:200] or "Incident"


def _word(member: Member) -> str:
    return {"firing": "fires", "acknowledged": "is taken", "resolved": "is over"}[member.state]
