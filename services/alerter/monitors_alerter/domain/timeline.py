"""An event as a step of its alert's timeline."""

from collections.abc import Sequence

from monitors_contracts.alerts import (
    AlertAcknowledged,
    AlertAssigned,
    AlertCommented,
    AlertEvent,
    AlertResolved,
    AlertStep,
)


def steps(event: AlertEvent | AlertCommented) -> list[AlertStep]:
    """The steps that an event is: none where it is not worth telling of (senders refresh what they say every minute, and the
    alert itself says the last of it), and before the first one when its condition began to hold."""
    if isinstance(event, AlertEvent) and event.reason == "refreshed":
        return []
    told = step(event)
    if isinstance(event, AlertEvent) and told.kind == "opened" and (since := event.alert.pending_since):
        return [AlertStep(key="0", kind="pending", at=since, reason="pending"), told]
    return [told]


def step(event: AlertEvent | AlertCommented) -> AlertStep:
    """What this event says happened, by whom and why."""
    if isinstance(event, AlertCommented):
        return AlertStep(
            key=str(event.comment_id), kind="commented", at=event.occurred_at, user_id=event.user_id, note=event.text
        )
    alert = event.alert
    match event:
        case AlertAcknowledged():
            kind, user_id, at = "acknowledged", alert.acknowledged_by, alert.acknowledged_at
        case AlertAssigned():
            kind, user_id, at = "assigned", event.user_id, event.occurred_at
        case AlertResolved():
            kind, user_id, at = "resolved", alert.resolved_by, alert.resolved_at
        case _:
            kind, user_id, at = _triggered(event), None, alert.started_at
    # The first events said neither when nor what with them: the alert tells, though of a later crossing only the start.
    timed = event.occurred_at is not None
    read = kind in ("opened", "crossed-again")
    return AlertStep(
        key=str(alert.version),
        kind=kind,
        at=event.occurred_at or at or alert.started_at,
        user_id=user_id,
        reason=event.reason,
        note=event.note if timed else alert.note,
        value=alert.value if read else None,
        unit=alert.unit if read else None,
        via=event.via,
        assignee=alert.assignee if kind == "assigned" else None,
    )


def _triggered(event: AlertEvent) -> str:
    if event.reason in ("flapping", "steady"):
        return event.reason
    return "opened" if event.alert.occurrences == 1 else "crossed-again"


def ordered(steps: Sequence[AlertStep]) -> list[AlertStep]:
    """Oldest first; what happened at one moment in the order of the alert's versions, comments after."""
    return sorted(steps, key=lambda step: (step.at, int(step.key) if step.key.isdecimal() else float("inf")))
