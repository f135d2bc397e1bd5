"""What a monitor is: made, changed, and asked to be checked."""

from datetime import datetime
from typing import Literal

from monitors_contracts.base import Id
from monitors_contracts.monitors import (
    CreateMonitor,
    Interpretation,
    MonitorRefreshRequested,
    MonitorView,
    Reading,
    UpdateMonitor,
)


def create(command: CreateMonitor, interpretation: Interpretation, now: datetime) -> MonitorView:
    """A new monitor."""
    return MonitorView(
        id=command.monitor_id,
        organization_id=command.organization_id,
        user_id=command.user_id,
        name=command.name or interpretation.name,
        prompt=command.prompt,
        interpretation=interpretation,
        source=command.source,
        version=1,
        created_at=now,
        updated_at=now,
    )


def update(
    monitor: MonitorView, command: UpdateMonitor, interpretation: Interpretation | None, now: datetime
) -> MonitorView:
    """The monitor with what the command gives. Another prompt or source makes what was read before worthless."""
    changes: dict[str, object] = {"version": monitor.version + 1, "updated_at": now}
    if command.name is not None:
        changes["name"] = command.name
    if command.is_active is not None:
        changes["is_active"] = command.is_active
    if command.source is not None and command.source != monitor.source:
        changes |= {"source": command.source} | _FORGOTTEN
    if interpretation is not None and command.prompt is not None and command.prompt != monitor.prompt:
        changes |= {"prompt": command.prompt, "interpretation": interpretation} | _FORGOTTEN
        if command.name is None and monitor.name == monitor.interpretation.name:
            changes["name"] = interpretation.name
    return monitor.model_copy(update=changes)


_FORGOTTEN: dict[str, object] = {
    "plan": None,
    "current_value": None,
    "previous_value": None,
    "unit": None,
    "condition_met": None,
    "last_checked": None,
    "last_verdict": None,
    "last_reason": None,
}


def refresh(
    monitor: MonitorView,
    refresh_id: Id,
    cause: Literal["manual", "confirmation", "scheduled"],
    now: datetime,
    suspect: Reading | None = None,
) -> MonitorRefreshRequested:
    """Ask for a check of a monitor that has a source."""
    assert monitor.interpretation.url is not None
    return MonitorRefreshRequested(
        organization_id=monitor.organization_id,
        monitor_id=monitor.id,
        refresh_id=refresh_id,
        urls=[monitor.interpretation.url, *monitor.source.fallback_urls],
        source=monitor.source,
        cause=cause,
        suspect=suspect,
        requested_at=now,
    )
