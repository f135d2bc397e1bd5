"""Incidents: alerts that belong together, who takes care of them, what was said, and how long it took."""

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, Field, StringConstraints

from .alerts import AlertState, Severity
from .base import Event, Id, Model, TenantRequest

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Person = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
TaskText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Impact = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
Postmortem = Annotated[str, StringConstraints(max_length=20_000)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]

MOST_ALERTS = 1000
"""Alerts of one incident; what comes after opens the next."""
MOST_ENTRIES = 100
"""Tasks, updates and responders of one incident, each."""

StepKind: TypeAlias = Literal[
    "opened",
    "alerts-joined",
    "alerts-removed",
    "alerts-changed",
    "acknowledged",
    "resolved",
    "reopened",
    "merged",
    "merged-away",
    "split-off",
    "described",
    "responder-added",
    "task-added",
    "task-completed",
    "update-posted",
    "postmortem-saved",
]

STEP_WORDS: dict[StepKind, str] = {
    "opened": "Opened",
    "alerts-joined": "Alerts joined",
    "alerts-removed": "Alerts were taken out",
    "alerts-changed": "Its alerts changed",
    "acknowledged": "Acknowledged",
    "resolved": "Resolved",
    "reopened": "Opened again",
    "merged": "Another incident was merged into this one",
    "merged-away": "Merged into another incident",
    "split-off": "Alerts were split off",
    "described": "Described anew",
    "responder-added": "A responder joined",
    "task-added": "Task added",
    "task-completed": "Task done",
    "update-posted": "Update posted",
    "postmortem-saved": "Post-mortem saved",
}
"""What happened to an incident (`IncidentStep.kind`), in words for a person."""


class IncidentStatus(StrEnum):
    """Where an incident is in its life."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Responder(Model):
    """Somebody who works on it."""

    name: Person
    joined_at: AwareDatetime


class IncidentTask(Model):
    """Something to do about it."""

    id: Id
    text: TaskText
    assignee: Person | None = None
    created_at: AwareDatetime
    created_by: Id
    done_at: AwareDatetime | None = None
    done_by: Id | None = None


class StakeholderUpdate(Model):
    """What those were told who wait for it to be over; a public one may be shown to anybody."""

    id: Id
    text: Said
    is_public: bool = False
    posted_at: AwareDatetime
    posted_by: Id


class IncidentHead(Model):
    """What a list shows of an incident."""

    id: Id
    organization_id: Id
    number: int = Field(ge=1, description="Counted from 1 in each organization")
    title: Title
    severity: Severity
    status: IncidentStatus = IncidentStatus.OPEN
    started_at: AwareDatetime = Field(description="When the first of its alerts began to hold")
    opened_at: AwareDatetime
    acknowledged_at: AwareDatetime | None = Field(default=None, description="When somebody had it first")
    acknowledged_by: Id | None = None
    resolved_at: AwareDatetime | None = None
    resolved_by: Id | None = Field(default=None, description="Null when it ended because its alerts were over")
    reopened: int = Field(default=0, description="How often it was opened again")
    counts: dict[AlertState, int] = Field(default_factory=dict, description="Its alerts by state")
    labels: dict[str, str] = Field(default_factory=dict, description="What all its alerts have in common")
    commander: Person | None = None
    impact: Impact = Field(default="", description="Who notices what")
    merged_into: Id | None = Field(default=None, description="The incident that took its alerts")
    version: int = 1


class Incident(IncidentHead):
    """An incident, whole."""

    is_severity_set: bool = Field(default=False, description="Set by hand, so that alerts do not raise it")
    last_alert_at: AwareDatetime | None = Field(default=None, description="When the last of its alerts fired")
    quiet_since: AwareDatetime | None = Field(default=None, description="When the last of its alerts was over")
    alert_ids: list[Id] = Field(default_factory=list[Id], max_length=MOST_ALERTS)
    responders: list[Responder] = Field(default_factory=list[Responder], max_length=MOST_ENTRIES)
    tasks: list[IncidentTask] = Field(default_factory=list[IncidentTask], max_length=MOST_ENTRIES)
    updates: list[StakeholderUpdate] = Field(default_factory=list[StakeholderUpdate], max_length=MOST_ENTRIES)
    postmortem: Postmortem = Field(default="", description="Markdown")
    split_from: Id | None = None


class Joining(Model):
    """An alert that came to an incident or left it, and why."""

    alert_id: Id
    words: str = Field(default="", description="`same service=checkout, 2 min after the first`; empty when by hand")


class IncidentStep(Model):
    """Something that happened to an incident."""

    key: str = Field(description="The incident's version after it")
    kind: StepKind
    at: AwareDatetime
    user_id: Id | None = Field(default=None, description="Who did it; null for what happened by itself")
    text: str = Field(default="", description="What was said, or what changed, in words")
    alerts: list[Joining] = Field(default_factory=list[Joining], max_length=MOST_ALERTS)
    incident_id: Id | None = Field(default=None, description="The other incident of a merge or a split")


class IncidentEvent(Event):
    """The ground of incident events: what happened, and the whole incident after it."""

    incident_id: Id
    incident: Incident
    step: IncidentStep


class IncidentOpened(IncidentEvent):
    """Alerts that belong together, or one that is critical, became an incident; or somebody opened one."""

    aggregate, action, stream, entity_field = "incident", "opened", "ALERTS", "incident_id"


class IncidentUpdated(IncidentEvent):
    """Something happened to an incident; `step.kind` says what."""

    aggregate, action, stream, entity_field = "incident", "updated", "ALERTS", "incident_id"


class IncidentResolved(IncidentEvent):
    """An incident is over: its alerts were for a while, somebody said so, or another one took its alerts."""

    aggregate, action, stream, entity_field = "incident", "resolved", "ALERTS", "incident_id"


class IncidentAlert(Model):
    """An alert of an incident, in short."""

    alert_id: Id
    name: str
    summary: str
    severity: Severity
    state: AlertState
    started_at: AwareDatetime
    resolved_at: AwareDatetime | None = None
    words: str = Field(default="", description="Why it belongs here")


class IncidentDetail(Model):
    """An incident, its newest alerts, and its newest steps, oldest first."""

    incident: Incident
    alerts: list[IncidentAlert]
    steps: list[IncidentStep]
    total_steps: int


class IncidentList(Model):
    """A page of incidents, newest first. `counts` is by status, of all that the other filters find."""

    incidents: list[IncidentHead]
    total: int
    counts: dict[IncidentStatus, int]
    next_cursor: str | None = None


class ListIncidents(TenantRequest[IncidentList]):
    """Incidents by status, severity, an alert of theirs, and words in title and impact. Problem: `invalid-cursor`.

    Those that were merged into others are shown only when asked for by an alert's id or by words.
    """

    service = "alerter"
    statuses: list[IncidentStatus] = Field(
        default_factory=list[IncidentStatus], max_length=3, description="All when empty"
    )
    severity: Severity | None = None
    alert_id: Id | None = None
    query: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = None


class GetIncident(TenantRequest[IncidentDetail]):
    """One incident by its id or its number. Problem: `incident-not-found`."""

    service = "alerter"
    incident_id: Id | None = None
    number: int | None = Field(default=None, ge=1, le=2**31 - 1)
    limit: int = Field(default=200, ge=1, le=500, description="The most alerts and steps")


class OpenIncident(TenantRequest[IncidentDetail]):
    """Open one by hand, of these alerts or of none yet; alerts leave the incidents they are in. Asking twice is harmless.

    Problem: `alert-not-found`.
    """

    service = "alerter"
    incident_id: Id
    user_id: Id
    title: Title
    severity: Severity | None = Field(default=None, description="That of its alerts when absent; `warning` without any")
    impact: Impact = ""
    alert_ids: list[Id] = Field(default_factory=list[Id], max_length=MOST_ALERTS)


class AcknowledgeIncident(TenantRequest[IncidentDetail]):
    """Take an incident, and its firing alerts with it. Problems: `incident-not-found`, `incident-resolved`."""

    service = "alerter"
    incident_id: Id
    user_id: Id
    note: Note | None = None


class ResolveIncident(TenantRequest[IncidentDetail]):
    """Say that it is over; its alerts end by themselves. Problem: `incident-not-found`. Twice is harmless."""

    service = "alerter"
    incident_id: Id
    user_id: Id
    note: Note | None = None


class ReopenIncident(TenantRequest[IncidentDetail]):
    """Say that it is not over. Problems: `incident-not-found`, `incident-merged`. An open one stays as it is."""

    service = "alerter"
    incident_id: Id
    user_id: Id
    note: Note | None = None


class MergeIncidents(TenantRequest[IncidentDetail]):
    """Move all alerts of others into this one; the others are resolved and say where their alerts went.

    Problems: `incident-not-found`, `incident-itself`, `incident-merged`, `incident-full`.
    """

    service = "alerter"
    incident_id: Id
    others: list[Id] = Field(min_length=1, max_length=50)
    user_id: Id


class SplitIncident(TenantRequest[IncidentDetail]):
    """Move some of its alerts, but not all, to a new incident (`newId`), which is answered.

    Problems: `incident-not-found`, `alert-not-in-incident`, `nothing-left`.
    """

    service = "alerter"
    incident_id: Id
    new_id: Id
    user_id: Id
    alert_ids: list[Id] = Field(min_length=1, max_length=MOST_ALERTS)
    title: Title | None = Field(default=None, description="The worst alert's name when absent")


class AddAlerts(TenantRequest[IncidentDetail]):
    """Put alerts into an incident; they leave those they are in.

    Problems: `incident-not-found`, `incident-merged`, `incident-full`, `alert-not-found`.
    """

    service = "alerter"
    incident_id: Id
    user_id: Id
    alert_ids: list[Id] = Field(min_length=1, max_length=200)


class RemoveAlert(TenantRequest[IncidentDetail]):
    """Take an alert out of an incident. Problems: `incident-not-found`, `alert-not-in-incident`."""

    service = "alerter"
    incident_id: Id
    user_id: Id
    alert_id: Id


class DescribeIncident(TenantRequest[IncidentDetail]):
    """Say what it is: only what is given changes. Problem: `incident-not-found`."""

    service = "alerter"
    incident_id: Id
    user_id: Id
    title: Title | None = None
    severity: Severity | None = None
    impact: Impact | None = None
    commander: Person | None = None


class AddResponder(TenantRequest[IncidentDetail]):
    """Somebody works on it. Problems: `incident-not-found`, `incident-full`. The same name twice is there once."""

    service = "alerter"
    incident_id: Id
    user_id: Id
    name: Person


class AddTask(TenantRequest[IncidentDetail]):
    """Something is to be done; the id makes asking twice harmless. Problems: `incident-not-found`, `incident-full`."""

    service = "alerter"
    incident_id: Id
    user_id: Id
    task_id: Id
    text: TaskText
    assignee: Person | None = None


class CompleteTask(TenantRequest[IncidentDetail]):
    """It is done. Problems: `incident-not-found`, `task-not-found`. Twice is harmless."""

    service = "alerter"
    incident_id: Id
    user_id: Id
    task_id: Id


class PostUpdate(TenantRequest[IncidentDetail]):
    """Tell those who wait; the id makes asking twice harmless. Problems: `incident-not-found`, `incident-full`."""

    service = "alerter"
    incident_id: Id
    user_id: Id
    update_id: Id
    text: Said
    is_public: bool = False


class SavePostmortem(TenantRequest[IncidentDetail]):
    """Keep what was learnt. Problem: `incident-not-found`."""

    service = "alerter"
    incident_id: Id
    user_id: Id
    text: Postmortem


class PostmortemDraft(Model):
    """A beginning, in Markdown: only what the timeline knows."""

    text: str


class DraftPostmortem(TenantRequest[PostmortemDraft]):
    """A post-mortem to begin with. Saves nothing. Problem: `incident-not-found`."""

    service = "alerter"
    incident_id: Id


class Spread(Model):
    """How long something took, in seconds: over how many incidents, half of them at most, nine of ten at most."""

    count: int = 0
    median: float | None = None
    p90: float | None = None


class Figures(Model):
    """How long it took. What was merged into another incident counts there."""

    incidents: int = 0
    detect: Spread = Field(default_factory=Spread, description="From the first sign to the incident")
    acknowledge: Spread = Field(default_factory=Spread, description="From the incident to somebody who has it")
    resolve: Spread = Field(default_factory=Spread, description="From the first sign to the end")


class DayFigures(Model):
    """Incidents opened on a day of UTC, by severity."""

    day: AwareDatetime
    opened: dict[Severity, int]


class IncidentFigures(Model):
    """Figures of the incidents that opened in a span: all of them, by severity, and how many on each day that had any."""

    since: AwareDatetime
    until: AwareDatetime
    all: Figures
    by_severity: dict[Severity, Figures]
    days: list[DayFigures]


class GetIncidentFigures(TenantRequest[IncidentFigures]):
    """How long detection, acknowledgement and resolution took, in a span of at most 366 days. Problem: `invalid-span`."""

    service = "alerter"
    since: AwareDatetime
    until: AwareDatetime
