"""The life of an alert, decided: from what is known and what happened to the events that follow, each with its reason."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from monitors_contracts.alert_labels import origin_of_rule
from monitors_contracts.alerts import (
    AlertAcknowledged,
    AlertAssigned,
    AlertEvent,
    AlertResolved,
    AlertState,
    AlertTriggered,
    AlertView,
)
from monitors_contracts.base import Id
from monitors_contracts.monitors import Crossing, ThresholdExceeded

from .flapping import NEVER, Flapping, stays_away


@dataclass(frozen=True, slots=True)
class Past:
    """When a condition was last exceeded and last cleared, by what was heard of so far: crossings may arrive out of order."""

    exceeded_at: datetime | None = None
    cleared_at: datetime | None = None
    ends: tuple[datetime, ...] = ()
    """The last times it was cleared."""

    @property
    def last(self) -> tuple[datetime | None, datetime | None]:
        """When it was last exceeded, and last cleared."""
        return self.exceeded_at, self.cleared_at


SEVERITIES = ("info", "warning", "critical")
"""From mild to bad."""


def about(crossing: Crossing) -> str:
    """What alerts are decided together: those of a monitor, or of one series of a rule."""
    return str(crossing.monitor_id) if crossing.rule_id is None else crossing.fingerprint


def cross(
    crossing: Crossing,
    open_alerts: list[AlertView],
    past: Past,
    alert_id: Id,
    flapping: Flapping = NEVER,
    heard_at: datetime | None = None,
) -> list[AlertEvent]:
    """What a crossed or cleared threshold makes of the alerts of its monitor.

    `open_alerts` are the alerts about the same that are not resolved; `past` is that of this fingerprint; `alert_id` is for an
    alert that is opened; `heard_at` is now, where that is not when it was crossed. Whatever the order of arrival, a
    condition's alert is open in the end if it was exceeded last.
    """
    same = next((alert for alert in open_alerts if alert.fingerprint == crossing.fingerprint), None)
    is_newest = past.exceeded_at is None or crossing.occurred_at >= past.exceeded_at
    if not isinstance(crossing, ThresholdExceeded):
        if same is None or not is_newest or same.started_at > crossing.occurred_at:
            return []
        over = ended(same, crossing.occurred_at, "condition-cleared", notify=crossing.rule_id is not None)
        return end(same, over, crossing.occurred_at, past, flapping, heard_at or crossing.occurred_at)
    if same is not None:
        again = same.model_copy(
            update={
                "occurrences": same.occurrences + 1,
                "value": crossing.value if is_newest else same.value,
                "version": same.version + 1,
            }
        )
        if crossing.severity and SEVERITIES.index(crossing.severity) > SEVERITIES.index(same.severity):
            worse = again.model_copy(update=_told(crossing))
            return [event_of(AlertTriggered, worse, "severity-raised", crossing.occurred_at)]
        return [event_of(AlertTriggered, again, "crossed-again", crossing.occurred_at, notify=False)]
    opened = _open(crossing, alert_id)
    if crossing.kind == "change":
        return _change(opened, open_alerts)
    events: list[AlertEvent] = [event_of(AlertTriggered, opened, "condition-became-true", opened.started_at)]
    if past.cleared_at and past.cleared_at > crossing.occurred_at:
        # It was over before we heard of it: told all the same, and ended.
        events.append(ended(opened, past.cleared_at, "condition-cleared", notify=crossing.rule_id is not None))
    return events


def end(
    alert: AlertView, over: AlertResolved, when: datetime, past: Past, flapping: Flapping, now: datetime
) -> list[AlertEvent]:
    """What follows when the condition of an open alert is over at `when`: its end, unless it is found to come and go."""
    if alert.flapping_since:
        return []
    return [flap(alert, when, now)] if flapping.comes_and_goes((*past.ends, when), when) else [over]


def flap(alert: AlertView, when: datetime, now: datetime) -> AlertTriggered:
    """With a change at `when` it is found to come and go: it stays open until it is steady, and that is told once."""
    changed = alert.model_copy(update={"flapping_since": now, "version": alert.version + 1})
    return event_of(AlertTriggered, changed, "flapping", when)


def settle(alert: AlertView, exceeded_at: datetime | None, cleared_at: datetime | None, now: datetime) -> AlertEvent:
    """What came and went is steady: over since it was last cleared, or firing as it was told."""
    calm = alert.model_copy(update={"flapping_since": None})
    if cleared_at and stays_away(exceeded_at, cleared_at):
        return ended(calm, max(cleared_at, alert.started_at), "stays-away", notify=True)
    return event_of(AlertTriggered, calm.model_copy(update={"version": alert.version + 1}), "steady", now, notify=False)


def _change(opened: AlertView, open_alerts: list[AlertView]) -> list[AlertEvent]:
    """Nothing clears a change: a newer one takes its place."""
    before = [alert for alert in open_alerts if alert.started_at <= opened.started_at]
    after = [alert.started_at for alert in open_alerts if alert.started_at > opened.started_at]
    events: list[AlertEvent] = [ended(alert, opened.started_at, "superseded") for alert in before]
    events.append(event_of(AlertTriggered, opened, "fact-changed", opened.started_at))
    if after:
        events.append(ended(opened, min(after), "superseded"))
    return events


def acknowledge(alert: AlertView, by: Id | None, note: str | None, now: datetime) -> AlertAcknowledged | None:
    """Somebody takes the alert; None when it was taken before. A resolved alert can't be taken: ValueError."""
    if alert.state is AlertState.RESOLVED:
        raise ValueError("alert-already-resolved")
    if alert.state is AlertState.ACKNOWLEDGED:
        return None
    taken = alert.model_copy(
        update={
            "state": AlertState.ACKNOWLEDGED,
            "acknowledged_at": now,
            "acknowledged_by": by,
            "note": note or alert.note,
            "version": alert.version + 1,
        }
    )
    return event_of(AlertAcknowledged, taken, "by-hand", now, note=note)


def assign(alert: AlertView, to: str | None, by: Id, note: str | None, now: datetime) -> AlertAssigned | None:
    """Somebody is to take care of the alert, or nobody any more; None when it was so before.

    A resolved alert has nothing left to take care of: ValueError.
    """
    if alert.state is AlertState.RESOLVED:
        raise ValueError("alert-already-resolved")
    if alert.assignee == to:
        return None
    given = alert.model_copy(update={"assignee": to, "version": alert.version + 1})
    return AlertAssigned(
        organization_id=alert.organization_id,
        alert_id=alert.id,
        alert=given,
        reason="by-hand",
        occurred_at=now,
        note=note,
        user_id=by,
    )


def resolve(alert: AlertView, by: Id | None, note: str | None, now: datetime) -> AlertResolved | None:
    """Somebody ends the alert; None when it had ended before."""
    if alert.state is AlertState.RESOLVED:
        return None
    return ended(alert, now, "by-hand", by=by, note=note)


def _open(crossing: Crossing, alert_id: Id) -> AlertView:
    return AlertView(
        id=alert_id,
        organization_id=crossing.organization_id,
        monitor_id=crossing.monitor_id if crossing.rule_id is None else None,
        fingerprint=crossing.fingerprint,
        state=AlertState.FIRING,
        name=crossing.monitor_name,
        value=crossing.value,
        previous_value=crossing.previous_value,
        unit=crossing.unit,
        change_amount=crossing.change_amount,
        change_percentage=crossing.change_percentage,
        evidence=crossing.evidence,
        url=crossing.url,
        labels=crossing.labels,
        started_at=crossing.occurred_at,
        rule_id=crossing.rule_id,
        runbook_url=crossing.runbook_url,
        group=crossing.group,
        origin="monitor" if crossing.rule_id is None else origin_of_rule(crossing.labels),
        pending_since=crossing.pending_since,
        kind=crossing.kind,
        **_told(crossing),
    )


def _told(crossing: Crossing) -> dict[str, Any]:
    """What an alert says of its condition, which changes when it gets worse."""
    return {
        "severity": crossing.severity or "warning",
        "summary": crossing.summary,
        "condition": crossing.condition,
        "annotations": crossing.annotations,
    }


def ended(
    alert: AlertView,
    when: datetime,
    reason: str,
    by: Id | None = None,
    note: str | None = None,
    notify: bool = False,
) -> AlertResolved:
    """The alert is over since then, for this reason."""
    over = alert.model_copy(
        update={
            "state": AlertState.RESOLVED,
            "resolved_at": when,
            "resolved_by": by,
            "note": note or alert.note,
            "version": alert.version + 1,
        }
    )
    return event_of(AlertResolved, over, reason, when, note=note, notify=notify)


K = TypeVar("K", bound=AlertEvent)


def event_of(kind: type[K], alert: AlertView, reason: str, when: datetime, note: str | None = None, **more: Any) -> K:
    """That the alert is so since then, for this reason."""
    return kind(
        organization_id=alert.organization_id,
        alert_id=alert.id,
        alert=alert,
        reason=reason,
        occurred_at=when,
        note=note,
        **more,
    )
