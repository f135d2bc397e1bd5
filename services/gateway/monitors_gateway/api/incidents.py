"""Incidents: alerts that belong together, what was done about them, and how long it took."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from monitors_contracts.alerts import Severity
from monitors_contracts.base import Id, Model
from monitors_contracts.incidents import (
    MOST_ALERTS,
    AcknowledgeIncident,
    AddAlerts,
    AddResponder,
    AddTask,
    CompleteTask,
    DescribeIncident,
    DraftPostmortem,
    GetIncident,
    GetIncidentFigures,
    Impact,
    IncidentDetail,
    IncidentFigures,
    IncidentList,
    IncidentStatus,
    ListIncidents,
    MergeIncidents,
    Note,
    OpenIncident,
    Person,
    Postmortem,
    PostmortemDraft,
    PostUpdate,
    RemoveAlert,
    ReopenIncident,
    ResolveIncident,
    Said,
    SavePostmortem,
    SplitIncident,
    TaskText,
    Title,
)

from ..gateway import Gateway
from ..http.callers import Caller, CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import Cursor, PathId
from ..store import users
from .audit import audited
from .shapes import Moment

router = APIRouter(prefix="/api", tags=["incidents"], route_class=IdempotentRoute)

Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
IdOrNumber = Annotated[Id | Number, Path(alias="id", description="The id, or the number")]
FIGURES_SPAN = timedelta(days=30)


class IncidentReply(IncidentDetail):
    """An incident with its newest alerts and steps. `people` are the names of those whose ids it holds."""

    people: dict[Id, str]


class IncidentNote(Model):
    """What is said with it."""

    note: Note | None = Field(default=None, examples=["The release was rolled back"])


class OpenRequest(Model):
    """An incident opened by hand."""

    title: Title = Field(examples=["Orders arrive twice"])
    severity: Severity | None = Field(default=None, description="That of its alerts by default")
    impact: Impact = ""
    alerts: list[Id] = Field(default_factory=list[Id], max_length=MOST_ALERTS)


class DescribeRequest(Model):
    """What it is; only what is sent changes."""

    title: Title | None = None
    severity: Severity | None = None
    impact: Impact | None = Field(default=None, examples=["Some customers are charged twice"])
    commander: Person | None = None


class MergeRequest(Model):
    """Incidents whose alerts come here."""

    incidents: list[Id] = Field(min_length=1, max_length=50)


class SplitRequest(Model):
    """Alerts that become an incident of their own."""

    alerts: list[Id] = Field(min_length=1, max_length=MOST_ALERTS)
    title: Title | None = None


class AlertsRequest(Model):
    """Alerts that belong here."""

    alerts: list[Id] = Field(min_length=1, max_length=200)


class ResponderRequest(Model):
    """Somebody who works on it."""

    name: Person


class TaskRequest(Model):
    """Something to do."""

    text: TaskText = Field(examples=["Roll back the release"])
    assignee: Person | None = None


class UpdateRequest(Model):
    """What those are told who wait."""

    text: Said = Field(examples=["The release was rolled back; we watch."])
    is_public: bool = Field(default=False, description="May be shown to anybody")


class PostmortemRequest(Model):
    """What was learnt, in Markdown."""

    text: Postmortem


@router.get("/incidents")
async def list_incidents(
    caller: CallerDep,
    gateway: GatewayDep,
    status: Annotated[list[IncidentStatus] | None, Query(description="May repeat; all by default")] = None,
    severity: Severity | None = None,
    alert_id: Annotated[Id | None, Query(alias="alertId", description="The incident of this alert")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Words of the title or the impact, or `#12`")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Most items on this page")] = 50,
    cursor: Cursor = None,
) -> IncidentList:
    """Incidents, newest first. Those that were merged into others are found only by words."""
    return await gateway.runtime.ask(
        ListIncidents(
            organization_id=caller.organization_id,
            statuses=list(dict.fromkeys(status or ())),
            severity=severity,
            alert_id=alert_id,
            query=q,
            limit=limit,
            cursor=cursor,
        )
    )


@router.post("/incidents", status_code=201)
async def open_incident(
    body: OpenRequest, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> IncidentReply:
    """Open an incident by hand; its alerts leave the incidents they are in."""
    made = await gateway.runtime.ask(
        OpenIncident(
            organization_id=caller.organization_id,
            incident_id=entity_id(request),
            user_id=caller.user_id,
            title=body.title,
            severity=body.severity,
            impact=body.impact,
            alert_ids=body.alerts,
        )
    )
    response.headers["Location"] = f"/api/incidents/{made.incident.id}"
    return await _done(gateway, caller, "incident.open", made)


@router.get("/incidents/figures")
async def get_incident_figures(
    caller: CallerDep,
    gateway: GatewayDep,
    since: Annotated[Moment | None, Query(description="30 days before `until` by default")] = None,
    until: Annotated[Moment | None, Query(description="Now by default")] = None,
) -> IncidentFigures:
    """How long detection, acknowledgement and resolution took: median and 90th percentile in seconds, by severity."""
    end = until or datetime.now(UTC)
    return await gateway.runtime.ask(
        GetIncidentFigures(organization_id=caller.organization_id, since=since or end - FIGURES_SPAN, until=end)
    )


@router.get("/incidents/{id}")
async def get_incident(incident_id: IdOrNumber, caller: CallerDep, gateway: GatewayDep) -> IncidentReply:
    """One incident with its alerts, why each belongs to it, and what happened, oldest first."""
    by = {"number": incident_id} if isinstance(incident_id, int) else {"incident_id": incident_id}
    found = await gateway.runtime.ask(GetIncident.model_validate({"organization_id": caller.organization_id, **by}))
    return await _named(gateway, caller, found)


@router.patch("/incidents/{id}")
async def describe_incident(
    incident_id: PathId, body: DescribeRequest, caller: CallerDep, gateway: GatewayDep
) -> IncidentReply:
    """Change title, severity, impact or commander. A severity that was set here is not raised by alerts."""
    told = await gateway.runtime.ask(
        DescribeIncident(
            organization_id=caller.organization_id,
            incident_id=incident_id,
            user_id=caller.user_id,
            title=body.title,
            severity=body.severity,
            impact=body.impact,
            commander=body.commander,
        )
    )
    return await _done(gateway, caller, "incident.describe", told)


@router.post("/incidents/{id}/acknowledge")
async def acknowledge_incident(
    incident_id: PathId, caller: CallerDep, gateway: GatewayDep, body: IncidentNote | None = None
) -> IncidentReply:
    """Take the incident, and with it all its alerts that fire."""
    taken = await gateway.runtime.ask(
        AcknowledgeIncident(
            organization_id=caller.organization_id,
            incident_id=incident_id,
            user_id=caller.user_id,
            note=body.note if body else None,
        )
    )
    return await _done(gateway, caller, "incident.acknowledge", taken)


@router.post("/incidents/{id}/resolve")
async def resolve_incident(
    incident_id: PathId, caller: CallerDep, gateway: GatewayDep, body: IncidentNote | None = None
) -> IncidentReply:
    """Say that it is over. Its alerts end by themselves; what fires soon after opens it again."""
    ended = await gateway.runtime.ask(
        ResolveIncident(
            organization_id=caller.organization_id,
            incident_id=incident_id,
            user_id=caller.user_id,
            note=body.note if body else None,
        )
    )
    return await _done(gateway, caller, "incident.resolve", ended)


@router.post("/incidents/{id}/reopen")
async def reopen_incident(
    incident_id: PathId, caller: CallerDep, gateway: GatewayDep, body: IncidentNote | None = None
) -> IncidentReply:
    """Say that it is not over."""
    again = await gateway.runtime.ask(
        ReopenIncident(
            organization_id=caller.organization_id,
            incident_id=incident_id,
            user_id=caller.user_id,
            note=body.note if body else None,
        )
    )
    return await _done(gateway, caller, "incident.reopen", again)


@router.post("/incidents/{id}/merge")
async def merge_incidents(
    incident_id: PathId, body: MergeRequest, caller: CallerDep, gateway: GatewayDep
) -> IncidentReply:
    """Move all alerts of these incidents into this one. They are resolved and say where their alerts went."""
    merged = await gateway.runtime.ask(
        MergeIncidents(
            organization_id=caller.organization_id,
            incident_id=incident_id,
            others=body.incidents,
            user_id=caller.user_id,
        )
    )
    return await _done(gateway, caller, "incident.merge", merged)


@router.post("/incidents/{id}/split", status_code=201)
async def split_incident(
    incident_id: PathId,
    body: SplitRequest,
    request: Request,
    response: Response,
    caller: CallerDep,
    gateway: GatewayDep,
) -> IncidentReply:
    """Make some of its alerts an incident of their own, which is answered."""
    apart = await gateway.runtime.ask(
        SplitIncident(
            organization_id=caller.organization_id,
            incident_id=incident_id,
            new_id=entity_id(request),
            user_id=caller.user_id,
            alert_ids=body.alerts,
            title=body.title,
        )
    )
    response.headers["Location"] = f"/api/incidents/{apart.incident.id}"
    return await _done(gateway, caller, "incident.split", apart)


@router.post("/incidents/{id}/alerts")
async def add_incident_alerts(
    incident_id: PathId, body: AlertsRequest, caller: CallerDep, gateway: GatewayDep
) -> IncidentReply:
    """Put alerts into the incident; they leave those they are in."""
    added = await gateway.runtime.ask(
        AddAlerts(
            organization_id=caller.organization_id,
            incident_id=incident_id,
            user_id=caller.user_id,
            alert_ids=body.alerts,
        )
    )
    return await _done(gateway, caller, "incident.add-alerts", added)


@router.delete("/incidents/{id}/alerts/{alertId}")
async def remove_incident_alert(
    incident_id: PathId, alert_id: Annotated[Id, Path(alias="alertId")], caller: CallerDep, gateway: GatewayDep
) -> IncidentReply:
    """Take an alert out of the incident."""
    left = await gateway.runtime.ask(
        RemoveAlert(
            organization_id=caller.organization_id, incident_id=incident_id, user_id=caller.user_id, alert_id=alert_id
        )
    )
    return await _done(gateway, caller, "incident.remove-alert", left)


@router.post("/incidents/{id}/responders")
async def add_responder(
    incident_id: PathId, body: ResponderRequest, caller: CallerDep, gateway: GatewayDep
) -> IncidentReply:
    """Name somebody who works on it."""
    joined = await gateway.runtime.ask(
        AddResponder(
            organization_id=caller.organization_id, incident_id=incident_id, user_id=caller.user_id, name=body.name
        )
    )
    return await _done(gateway, caller, "incident.add-responder", joined)


@router.post("/incidents/{id}/tasks", status_code=201)
async def add_task(
    incident_id: PathId, body: TaskRequest, request: Request, caller: CallerDep, gateway: GatewayDep
) -> IncidentReply:
    """Say what is to be done."""
    added = await gateway.runtime.ask(
        AddTask(
            organization_id=caller.organization_id,
            incident_id=incident_id,
            user_id=caller.user_id,
            task_id=entity_id(request),
            text=body.text,
            assignee=body.assignee,
        )
    )
    return await _done(gateway, caller, "incident.add-task", added)


@router.post("/incidents/{id}/tasks/{taskId}/complete")
async def complete_task(
    incident_id: PathId, task_id: Annotated[Id, Path(alias="taskId")], caller: CallerDep, gateway: GatewayDep
) -> IncidentReply:
    """Say that it is done."""
    done = await gateway.runtime.ask(
        CompleteTask(
            organization_id=caller.organization_id, incident_id=incident_id, user_id=caller.user_id, task_id=task_id
        )
    )
    return await _done(gateway, caller, "incident.complete-task", done)


@router.post("/incidents/{id}/updates", status_code=201)
async def post_update(
    incident_id: PathId, body: UpdateRequest, request: Request, caller: CallerDep, gateway: GatewayDep
) -> IncidentReply:
    """Tell those who wait how it stands."""
    posted = await gateway.runtime.ask(
        PostUpdate(
            organization_id=caller.organization_id,
            incident_id=incident_id,
            user_id=caller.user_id,
            update_id=entity_id(request),
            text=body.text,
            is_public=body.is_public,
        )
    )
    return await _done(gateway, caller, "incident.update", posted)


@router.get("/incidents/{id}/postmortem/draft")
async def draft_postmortem(incident_id: PathId, caller: CallerDep, gateway: GatewayDep) -> PostmortemDraft:
    """A post-mortem to begin with, of what the timeline knows. Nothing is saved."""
    return await gateway.runtime.ask(DraftPostmortem(organization_id=caller.organization_id, incident_id=incident_id))


@router.put("/incidents/{id}/postmortem")
async def save_postmortem(
    incident_id: PathId, body: PostmortemRequest, caller: CallerDep, gateway: GatewayDep
) -> IncidentReply:
    """Keep what was learnt."""
    saved = await gateway.runtime.ask(
        SavePostmortem(
            organization_id=caller.organization_id, incident_id=incident_id, user_id=caller.user_id, text=body.text
        )
    )
    return await _done(gateway, caller, "incident.postmortem", saved)


async def _done(gateway: Gateway, caller: Caller, what: str, found: IncidentDetail) -> IncidentReply:
    await audited(gateway, caller, what, found.incident.id)
    return await _named(gateway, caller, found)


async def _named(gateway: Gateway, caller: Caller, found: IncidentDetail) -> IncidentReply:
    """With the names of the people in it."""
    known = found.incident
    ids = {step.user_id for step in found.steps} | {known.acknowledged_by, known.resolved_by}
    ids |= {each.posted_by for each in known.updates} | {each.done_by for each in known.tasks}
    people = await users.names(gateway.runtime.pool, caller.organization_id, [each for each in ids if each])
    return IncidentReply(**dict(found), people=people)
