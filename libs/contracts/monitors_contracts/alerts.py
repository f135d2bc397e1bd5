"""Alerts: opened once per condition, acknowledged, resolved."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from .base import Event, Id, Model, TenantRequest, Url, Value
from .matchers import MOST_MATCHERS, Matcher
from .monitors import Evidence

Severity = Literal["info", "warning", "critical"]
LinkAction = Literal["acknowledge", "resolve"]
"""What links in messages do."""
Assignee = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
HeldBack = Literal["silenced", "maintenance", "inhibited"]
"""What may keep an alert from being told: a silence, a maintenance window, another alert by an inhibition rule."""
CommentText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]

REASONS = {
    "pending": "The condition began to hold; its rule waited before it fired.",
    "condition-became-true": "The condition became true.",
    "fact-changed": "The watched fact changed.",
    "crossed-again": "The condition was crossed again.",
    "severity-raised": "It got worse.",
    "condition-cleared": "The condition is no longer true.",
    "superseded": "A newer change took its place.",
    "by-hand": "Somebody did this by hand.",
    "received": "Another system told it.",
    "refreshed": "The system that found it tells more.",
    "over-at-sender": "The system that found it says that it is over.",
    "timed-out": "It was not heard of again in time.",
    "flapping": "It comes and goes: nobody is told of that again until it is steady.",
    "steady": "It came and went, and fires steadily now.",
    "stays-away": "It came and went, and stays away now.",
}
"""Why an alert changed (`AlertEvent.reason`), in words for a person."""


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
    severity: Severity = "warning"
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
    rule_id: Id | None = Field(default=None, description="The rule that fired; a monitor's alert has a monitor instead")
    annotations: dict[str, str] = Field(default_factory=dict)
    runbook_url: Url | None = None
    group: str = ""
    origin: str = Field(
        default="", description="Who found it: `monitor`, `rule`, `prometheus`, `grafana`, ...; empty in old alerts"
    )
    kind: Literal["state", "change"] = Field(
        default="state", description="A state ends by itself; a change is told once and has no end to tell"
    )
    generator_url: Url | None = Field(default=None, description="Where the sender shows what it saw")
    ends_at: AwareDatetime | None = Field(default=None, description="When it ends unless it is heard of again")
    pending_since: AwareDatetime | None = Field(default=None, description="When the condition began to hold")
    assignee: str | None = Field(default=None, max_length=200, description="Who takes care of it")
    flapping_since: AwareDatetime | None = Field(default=None, description="Set while it comes and goes")


class AlertEvent(Event):
    """The ground of alert events: the whole alert after the change, and why it came to be."""

    alert_id: Id
    alert: AlertView
    reason: str = Field(
        description="A stable word: `condition-became-true`, `fact-changed`, `condition-cleared`, `by-hand`"
    )
    occurred_at: AwareDatetime | None = Field(default=None, description="When the alert changed")
    note: str | None = Field(
        default=None, description="What was said with this change; `alert.note` keeps the last word"
    )
    via: str | None = Field(
        default=None, description="By which message, where somebody followed a link in it: `by mail to ops@example.com`"
    )


class AlertTriggered(AlertEvent):
    """An alert was opened, or an open one was crossed again (`alert.occurrences` > 1, told to nobody)."""

    aggregate, action, stream, entity_field = "alert", "triggered", "ALERTS", "alert_id"
    notify: bool = True


class AlertAcknowledged(AlertEvent):
    """Somebody has it."""

    aggregate, action, stream, entity_field = "alert", "acknowledged", "ALERTS", "alert_id"


class AlertAssigned(AlertEvent):
    """Somebody was asked to take care of it, or nobody is any more (`alert.assignee`); the alert goes on as it was."""

    aggregate, action, stream, entity_field = "alert", "assigned", "ALERTS", "alert_id"
    user_id: Id = Field(description="Who said so")


class AlertResolved(AlertEvent):
    """It is over: by itself or by hand."""

    aggregate, action, stream, entity_field = "alert", "resolved", "ALERTS", "alert_id"
    notify: bool = False


class AlertCommented(Event):
    """Somebody said something about an alert, which stays as it is."""

    aggregate, action, stream, entity_field = "alert", "commented", "ALERTS", "alert_id"
    alert_id: Id
    comment_id: Id
    user_id: Id
    text: CommentText
    occurred_at: AwareDatetime


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


class AlertsChanged(Model):
    """What became of a change of many alerts: those that are now so, and why others are not."""

    alerts: list[AlertView]
    refused: dict[str, str] = Field(description="Alert id -> `alert-not-found`, `alert-already-resolved`")


class AcknowledgeAlerts(TenantRequest[AlertsChanged]):
    """Take many alerts at once. Each is decided alone, as by AcknowledgeAlert."""

    service = "alerter"
    alert_ids: list[Id] = Field(min_length=1, max_length=200)
    user_id: Id
    note: str | None = Field(default=None, max_length=2000)


class ResolveAlerts(TenantRequest[AlertsChanged]):
    """End many alerts at once. Each is decided alone, as by ResolveAlert."""

    service = "alerter"
    alert_ids: list[Id] = Field(min_length=1, max_length=200)
    user_id: Id
    note: str | None = Field(default=None, max_length=2000)


class AssignAlerts(TenantRequest[AlertsChanged]):
    """Say who takes care of alerts. Each is decided alone; one that is over stays as it was (`alert-already-resolved`)."""

    service = "alerter"
    alert_ids: list[Id] = Field(min_length=1, max_length=200)
    user_id: Id
    assignee: Assignee | None = Field(default=None, description="Null when nobody is to any more")
    note: str | None = Field(default=None, max_length=2000)


class FollowLink(TenantRequest[AlertsChanged]):
    """Take alerts or end them by a link in a message, without signing in. Each is decided alone, as by AcknowledgeAlert."""

    service = "alerter"
    alert_ids: list[Id] = Field(min_length=1, max_length=200)
    action: LinkAction
    via: str = Field(max_length=300, description="By which message")


class AlertStep(Model):
    """Something that happened to an alert."""

    key: str = Field(
        description="Its own within the alert: the alert's version (`0` before it opened), or the comment's id"
    )
    kind: str = Field(
        description="A stable word: `pending`, `opened`, `crossed-again`, `flapping`, `steady`, `acknowledged`, `assigned`, "
        "`resolved`, `commented`"
    )
    at: AwareDatetime
    user_id: Id | None = Field(default=None, description="Who did it; null for what happened by itself")
    reason: str | None = Field(default=None, description="The event's stable word")
    note: str | None = Field(default=None, description="What was said with it, or the comment")
    value: Value = Field(default=None, description="What was read, where a reading did it")
    unit: str | None = None
    assignee: str | None = Field(default=None, description="Of `assigned`: to whom; null when to nobody any more")
    via: str | None = Field(default=None, description="By which message, where nobody was signed in")


class AlertTimeline(Model):
    """An alert and what happened to it, oldest first. Of a long timeline the newest steps, and how many there are."""

    alert: AlertView
    steps: list[AlertStep]
    total: int


class GetAlertTimeline(TenantRequest[AlertTimeline]):
    """What happened to an alert. Problem: `alert-not-found`."""

    service = "alerter"
    alert_id: Id
    limit: int = Field(default=200, ge=1, le=500)


class CommentAlert(TenantRequest[AlertStep]):
    """Say something about an alert, open or not. Problem: `alert-not-found`. The same comment twice is said once."""

    service = "alerter"
    alert_id: Id
    comment_id: Id
    user_id: Id
    text: CommentText


class GetAlert(TenantRequest[AlertView]):
    """One alert. Problem: `alert-not-found`."""

    service = "alerter"
    alert_id: Id


class AlertList(Model):
    """A page of alerts, newest first."""

    alerts: list[AlertView]
    total: int
    counts: dict[AlertState, int] = Field(
        default_factory=dict, description="How many there are in each state, by all filters but the one by state"
    )
    next_cursor: str | None = None
    held: dict[str, HeldBack] = Field(
        default_factory=dict, description="Alert id -> what keeps it from being told, of those that wait for it to end"
    )


class ListAlerts(TenantRequest[AlertList]):
    """Alerts by state, severity, labels, what they are about, and by words in their name, summary or condition."""

    service = "alerter"
    state: AlertState | None = Field(default=None, description="One state; `states` says several")
    states: list[AlertState] = Field(default_factory=list[AlertState], max_length=3)
    severity: Severity | None = None
    monitor_id: Id | None = None
    rule_id: Id | None = None
    query: str | None = Field(default=None, max_length=200, description="Found in any letter case")
    matchers: list[Matcher] = Field(
        default_factory=list[Matcher],
        max_length=MOST_MATCHERS,
        description="Of their labels, as routes and silences see them",
    )
    origin: str | None = Field(default=None, max_length=40)
    assignee: str | None = Field(default=None, max_length=200, description="Who takes care of it")
    held: list[HeldBack] = Field(
        default_factory=list[HeldBack], max_length=3, description="Only those that one of these keeps from being told"
    )
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = None


class LatestAlerts(Model):
    """The alert that each rule opened last; those that never did are absent."""

    alerts: list[AlertView]


class GetLatestAlerts(TenantRequest[LatestAlerts]):
    """What these rules led to last."""

    service = "alerter"
    rule_ids: list[Id] = Field(min_length=1, max_length=500)
