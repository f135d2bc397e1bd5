"""Alerts: opened once per condition, acknowledged, resolved."""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from .base import Event, Id, Model, TenantRequest, Value
from .monitors import Evidence


class AlertState(StrEnum):
    """Where an alert is in its life."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class AlertView(Model):
    """An alert as its organization sees it."""

    id: Id
    organization_id: Id
    monitor_id: Id | None = None
    fingerprint: str
    state: AlertState
    severity: Literal["info", "warning", "critical"] = "warning"
    name: str
    summary: str
    condition: str
    value: Value = None
    previous_value: Value = None
    unit: str | None = None
    change_amount: float | None = None
    change_percentage: float | None = None
    evidence: Evidence | None = None
    url: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    occurrences: int = Field(default=1, description="How often the condition was crossed while this alert was open")
    started_at: AwareDatetime
    acknowledged_at: AwareDatetime | None = None
    acknowledged_by: Id | None = None
    resolved_at: AwareDatetime | None = None
    resolved_by: Id | None = Field(default=None, description="Null when the condition cleared by itself")
    note: str | None = None
    version: int = 1


class AlertEvent(Event):
    """The ground of alert events: the whole alert after the change, and why it came to be."""

    alert_id: Id
    alert: AlertView
    reason: str = Field(
        description="A stable word: `condition-became-true`, `fact-changed`, `condition-cleared`, `by-hand`"
    )


class AlertTriggered(AlertEvent):
    """An alert was opened, or an open one was crossed again (`alert.occurrences` > 1, told to nobody)."""

    aggregate, action, stream, entity_field = "alert", "triggered", "ALERTS", "alert_id"
    notify: bool = True


class AlertAcknowledged(AlertEvent):
    """Somebody has it."""

    aggregate, action, stream, entity_field = "alert", "acknowledged", "ALERTS", "alert_id"


class AlertResolved(AlertEvent):
    """It is over: by itself or by hand."""

    aggregate, action, stream, entity_field = "alert", "resolved", "ALERTS", "alert_id"
    notify: bool = False


class AcknowledgeAlert(TenantRequest[AlertView]):
    """Take an alert. Problems: `alert-not-found`, `alert-already-resolved`."""

    service = "alerter"
    alert_id: Id
    user_id: Id
    note: str | None = Field(default=None, max_length=2000)


class ResolveAlert(TenantRequest[AlertView]):
    """End an alert by hand. Problem: `alert-not-found`. Resolving twice is harmless."""

    service = "alerter"
    alert_id: Id
    user_id: Id
    note: str | None = Field(default=None, max_length=2000)


class GetAlert(TenantRequest[AlertView]):
    """One alert. Problem: `alert-not-found`."""

    service = "alerter"
    alert_id: Id


class AlertList(Model):
    """A page of alerts, newest first."""

    alerts: list[AlertView]
    total: int
    next_cursor: str | None = None


class ListAlerts(TenantRequest[AlertList]):
    """Alerts by state and monitor."""

    service = "alerter"
    state: AlertState | None = None
    monitor_id: Id | None = None
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = None
