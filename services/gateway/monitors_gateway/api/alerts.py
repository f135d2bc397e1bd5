"""Alerts: what became true, who has it, and that it is over."""

import asyncio
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field, ValidationError

from monitors_contracts.alerts import (
    AcknowledgeAlert,
    AcknowledgeAlerts,
    AlertList,
    AlertsChanged,
    AlertState,
    AlertView,
    AssignAlerts,
    Assignee,
    CommentAlert,
    CommentText,
    GetAlert,
    GetAlertTimeline,
    HeldBack,
    ListAlerts,
    ResolveAlert,
    ResolveAlerts,
    Severity,
)
from monitors_contracts.base import Id, Model, Problem
from monitors_contracts.matchers import MOST_MATCHERS, InvalidMatcher, Matcher, parse_matchers
from monitors_contracts.notifications import ListNotifications
from monitors_contracts.pending import ListPending, PendingList
from monitors_runtime.errors import ProblemError, problem

from ..http.callers import CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import Cursor, Limit, PathId
from ..http.problems import Refused
from ..store import users
from . import explanations, timelines
from .audit import audited
from .explanations import Explanation, LabelsExplanation
from .timelines import TimelineEntry, TimelineReply

router = APIRouter(prefix="/api/alerts", tags=["alerts"], route_class=IdempotentRoute)


MOST_AT_ONCE = 200
StateFilter = Literal["open", "firing", "acknowledged", "resolved"]
STATES: dict[StateFilter, tuple[AlertState, ...]] = {
    "open": (AlertState.FIRING, AlertState.ACKNOWLEDGED),
    "firing": (AlertState.FIRING,),
    "acknowledged": (AlertState.ACKNOWLEDGED,),
    "resolved": (AlertState.RESOLVED,),
}
REFUSED = {
    "alert-not-found": ("No such alert", 404),
    "alert-already-resolved": ("Alert is resolved", 409),
}


class NoteRequest(Model):
    """A word on why."""

    note: str | None = Field(default=None, max_length=2000, examples=["Ordered one"])


class AlertReply(Model):
    """The alert after the change."""

    success: bool = True
    alert: AlertView


class BulkRequest(Model):
    """Alerts to change together, and a word on why."""

    ids: list[Id] = Field(min_length=1, max_length=MOST_AT_ONCE)
    note: str | None = Field(default=None, max_length=2000, examples=["The shop is being repaired"])


class AssignRequest(BulkRequest):
    """Alerts to give to somebody, and a word on why."""

    assignee: Assignee | None = Field(
        examples=["Robin"], description="Null when nobody is to take care of them any more"
    )


class RefusedAlert(Model):
    """An alert that stays as it is, and why."""

    alert_id: Id
    problem: Problem


class BulkReply(Model):
    """The alerts after the change, and those that stay as they are."""

    success: bool = True
    alerts: list[AlertView]
    refused: list[RefusedAlert]


class CommentRequest(Model):
    """Something to say about an alert."""

    text: CommentText = Field(examples=["Two left at this price"])


class CommentReply(Model):
    """The comment as the timeline has it."""

    success: bool = True
    entry: TimelineEntry


Filters = Annotated[
    list[str] | None,
    Query(
        alias="filter",
        description='Of their labels, as routes see them: `host=~"db-.*", severity="critical"`; may repeat',
    ),
]


def matchers_of(filters: list[str] | None) -> list[Matcher]:
    """What `filter` asks for. Problem: `invalid-filter`."""
    try:
        matchers = [each for given in filters or () for each in parse_matchers(given)]
    except (InvalidMatcher, ValidationError) as wrong:
        raise problem("invalid-filter", "Invalid filter", 422, str(wrong)[:500]) from wrong
    if len(matchers) > MOST_MATCHERS:
        raise problem("invalid-filter", "Invalid filter", 422, f"At most {MOST_MATCHERS} matchers at once.")
    return matchers


@router.get("")
async def list_alerts(
    caller: CallerDep,
    gateway: GatewayDep,
    state: Annotated[
        list[StateFilter] | None, Query(description="May repeat; `open` is `firing` and `acknowledged`")
    ] = None,
    severity: Severity | None = None,
    monitor_id: Annotated[Id | None, Query(alias="monitorId")] = None,
    rule_id: Annotated[Id | None, Query(alias="ruleId")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Words of the name, summary or condition")] = None,
    filters: Filters = None,
    origin: Annotated[
        str | None, Query(max_length=40, description="Who found it: `monitor`, `rule`, `prometheus`")
    ] = None,
    assignee: Annotated[str | None, Query(max_length=200, description="Who takes care of it")] = None,
    held: Annotated[list[HeldBack] | None, Query(description="Only those that this keeps from being told")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AlertList:
    """Alerts, newest first. `counts` are by state, whichever states are asked for."""
    wanted = dict.fromkeys(each for name in state or () for each in STATES[name])
    return await gateway.runtime.ask(
        ListAlerts(
            organization_id=caller.organization_id,
            states=list(wanted),
            severity=severity,
            monitor_id=monitor_id,
            rule_id=rule_id,
            query=q,
            matchers=matchers_of(filters),
            origin=origin,
            assignee=assignee,
            held=list(dict.fromkeys(held or ())),
            limit=limit,
            cursor=cursor,
        )
    )


@router.post("/acknowledge")
async def acknowledge_alerts(body: BulkRequest, caller: CallerDep, gateway: GatewayDep) -> BulkReply:
    """Say that you have these. Those that are over or unknown are refused one by one; the others go on."""
    changed = await gateway.runtime.ask(
        AcknowledgeAlerts(
            organization_id=caller.organization_id, alert_ids=body.ids, user_id=caller.user_id, note=body.note
        )
    )
    await audited(gateway, caller, "alert.acknowledge", *(alert.id for alert in changed.alerts))
    return _bulk(changed)


@router.post("/resolve")
async def resolve_alerts(body: BulkRequest, caller: CallerDep, gateway: GatewayDep) -> BulkReply:
    """End these by hand. Unknown ones are refused one by one; the others go on."""
    changed = await gateway.runtime.ask(
        ResolveAlerts(
            organization_id=caller.organization_id, alert_ids=body.ids, user_id=caller.user_id, note=body.note
        )
    )
    await audited(gateway, caller, "alert.resolve", *(alert.id for alert in changed.alerts))
    return _bulk(changed)


@router.post("/assign")
async def assign_alerts(body: AssignRequest, caller: CallerDep, gateway: GatewayDep) -> BulkReply:
    """Say who takes care of these. Those that are over or unknown are refused one by one; the others go on."""
    changed = await gateway.runtime.ask(
        AssignAlerts(
            organization_id=caller.organization_id,
            alert_ids=body.ids,
            user_id=caller.user_id,
            assignee=body.assignee,
            note=body.note,
        )
    )
    await audited(gateway, caller, "alert.assign", *(alert.id for alert in changed.alerts))
    return _bulk(changed)


def _bulk(changed: AlertsChanged) -> BulkReply:
    """What became of each. When nothing changed, that is a problem."""
    refused = [
        RefusedAlert(alert_id=UUID(alert_id), problem=_why(reason)) for alert_id, reason in changed.refused.items()
    ]
    reply = BulkReply(alerts=changed.alerts, refused=refused)
    if not changed.alerts:
        members = reply.model_dump(mode="json", exclude_none=True, include={"alerts", "refused"})
        raise Refused(refused[0].problem, members=members)
    return reply


def _why(reason: str) -> Problem:
    title, status = REFUSED.get(reason, ("The alert stays as it is", 409))
    return Problem(type=reason, title=title, status=status)


@router.get("/pending")
async def list_pending(
    caller: CallerDep,
    gateway: GatewayDep,
    severity: Severity | None = None,
    rule_id: Annotated[Id | None, Query(alias="ruleId")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Words of the name or condition")] = None,
    filters: Filters = None,
    limit: Limit = 50,
) -> PendingList:
    """Conditions of rules that hold, and not yet for as long as their rules ask; what fires next first."""
    return await gateway.runtime.ask(
        ListPending(
            organization_id=caller.organization_id,
            rule_id=rule_id,
            severity=severity,
            query=q,
            matchers=matchers_of(filters),
            limit=limit,
        )
    )


@router.get("/explain")
async def explain_labels(filters: Filters, caller: CallerDep, gateway: GatewayDep) -> LabelsExplanation:
    """Why was I not told? By labels: what is pending, and the newest alert that has them; else where one would go."""
    matchers = matchers_of(filters)
    if not matchers:
        raise problem("invalid-filter", "Invalid filter", 422, 'Say which labels: filter=host="db-1"')
    return await explanations.explain_labels(gateway, caller, matchers)


@router.get("/{id}/explain")
async def explain_alert(alert_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Explanation:
    """Why was I told, or not? What happened, what was decided about telling it and why, and each message."""
    return await explanations.explanation(gateway, caller, alert_id)


@router.get("/{id}")
async def get_alert(alert_id: PathId, caller: CallerDep, gateway: GatewayDep) -> AlertView:
    """One alert."""
    return await gateway.runtime.ask(GetAlert(organization_id=caller.organization_id, alert_id=alert_id))


@router.get("/{id}/timeline")
async def get_timeline(alert_id: PathId, caller: CallerDep, gateway: GatewayDep) -> TimelineReply:
    """What happened to an alert: when, by whom and why, with comments and the messages about it."""
    organization_id = caller.organization_id
    asked = GetAlertTimeline(organization_id=organization_id, alert_id=alert_id)
    about = ListNotifications(organization_id=organization_id, alert_id=alert_id, limit=200)
    found, sent = await asyncio.gather(gateway.runtime.ask(asked), gateway.runtime.ask(about), return_exceptions=True)
    if isinstance(found, BaseException):
        raise found
    if isinstance(sent, BaseException) and not isinstance(sent, ProblemError):
        raise sent
    names = await users.names(
        gateway.runtime.pool, organization_id, {step.user_id for step in found.steps if step.user_id}
    )
    return TimelineReply(
        alert=found.alert,
        entries=timelines.entries(found.steps, [] if isinstance(sent, BaseException) else sent.notifications, names),
        total=found.total,
        unavailable=["notifications"] if isinstance(sent, BaseException) else [],
    )


@router.post("/{id}/comments", status_code=201)
async def comment_alert(
    alert_id: PathId, body: CommentRequest, request: Request, caller: CallerDep, gateway: GatewayDep
) -> CommentReply:
    """Say something about an alert. It stays in its timeline, for everybody of the organization."""
    step = await gateway.runtime.ask(
        CommentAlert(
            organization_id=caller.organization_id,
            alert_id=alert_id,
            comment_id=entity_id(request),
            user_id=caller.user_id,
            text=body.text,
        )
    )
    await audited(gateway, caller, "alert.comment", alert_id)
    names = await users.names(gateway.runtime.pool, caller.organization_id, {caller.user_id})
    return CommentReply(entry=timelines.entry(step, names))


@router.post("/{id}/acknowledge")
async def acknowledge_alert(
    alert_id: PathId, caller: CallerDep, gateway: GatewayDep, body: NoteRequest | None = None
) -> AlertReply:
    """Say that you have it."""
    alert = await gateway.runtime.ask(
        AcknowledgeAlert(
            organization_id=caller.organization_id,
            alert_id=alert_id,
            user_id=caller.user_id,
            note=body.note if body else None,
        )
    )
    await audited(gateway, caller, "alert.acknowledge", alert_id)
    return AlertReply(alert=alert)


@router.post("/{id}/resolve")
async def resolve_alert(
    alert_id: PathId, caller: CallerDep, gateway: GatewayDep, body: NoteRequest | None = None
) -> AlertReply:
    """End an alert by hand. Resolving twice is harmless."""
    alert = await gateway.runtime.ask(
        ResolveAlert(
            organization_id=caller.organization_id,
            alert_id=alert_id,
            user_id=caller.user_id,
            note=body.note if body else None,
        )
    )
    await audited(gateway, caller, "alert.resolve", alert_id)
    return AlertReply(alert=alert)
