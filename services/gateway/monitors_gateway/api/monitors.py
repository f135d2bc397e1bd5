"""Monitors: sentences that are watched."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from monitors_contracts.base import Model
from monitors_contracts.monitors import (
    CreateMonitor,
    DeleteMonitor,
    GetMonitor,
    InterpretPrompt,
    ListMonitors,
    MonitorName,
    MonitorView,
    Prompt,
    SourceSettings,
    UpdateMonitor,
)
from monitors_contracts.notifications import ListNotifications
from monitors_runtime.errors import ProblemError

from ..domain.limits import next_allowed
from ..gateway import Gateway
from ..http.callers import Caller, CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import Cursor, Limit, PathId, tagged
from ..store import quotas
from . import shapes
from .audit import audited
from .shapes import FactHistory, Interpretation, Monitor, MonitorFact, Notification, Success

router = APIRouter(prefix="/api", tags=["monitors"], route_class=IdempotentRoute)

PROMPT_EXAMPLE = "Tell me when the copper kettle at https://shop.example/kettle drops below $50"


class CreateMonitorRequest(Model):
    """One sentence: what to watch, where, and when to tell."""

    prompt: Prompt = Field(examples=[PROMPT_EXAMPLE])
    name: MonitorName | None = Field(default=None, examples=["Copper kettle"])
    source: SourceSettings = SourceSettings()


class UpdateMonitorRequest(Model):
    """What is to change; a new prompt is interpreted anew."""

    prompt: Prompt | None = Field(default=None, examples=[PROMPT_EXAMPLE])
    name: MonitorName | None = Field(default=None, examples=["Copper kettle"])
    is_active: bool | None = Field(default=None, examples=[True])
    source: SourceSettings | None = None


class InterpretRequest(Model):
    """A sentence to try."""

    prompt: Prompt = Field(examples=[PROMPT_EXAMPLE])


class InterpretReply(Model):
    """What the sentence was understood to mean; nothing was saved."""

    success: bool = True
    interpretation: Interpretation


class MonitorsReply(Model):
    """The user's monitors, newest first. `limit` is how many they may have; 0 for any number."""

    monitors: list[Monitor]
    total: int
    limit: int
    next_cursor: str | None


class CreateMonitorReply(Model):
    """The new monitor, and what its sentence was understood to mean."""

    success: bool = True
    monitor: Monitor
    interpretation: Interpretation


class MonitorReply(Model):
    """The monitor after the change."""

    success: bool = True
    monitor: Monitor


class MonitorDetailReply(Model):
    """A monitor with its latest checks and messages, newest first. `unavailable` names parts that can't be shown now."""

    monitor: Monitor
    interpretation: Interpretation
    facts: list[MonitorFact]
    history: list[FactHistory]
    notifications: list[Notification]
    unavailable: list[str]


async def _shown(gateway: Gateway, caller: Caller, views: Sequence[MonitorView]) -> list[Monitor]:
    """Monitors with the refresh times that the gateway keeps."""
    now = datetime.now(UTC)
    recent, used = await quotas.usage(
        gateway.runtime.pool, caller.organization_id, caller.user_id, [view.id for view in views], now
    )
    shown: list[Monitor] = []
    for view in views:
        moments = recent.get(view.id, [])
        allowed = next_allowed(moments, used, gateway.refreshes.limits, now)
        shown.append(shapes.monitor(view, moments[-1] if moments else None, allowed if allowed > now else None))
    return shown


@router.get("/monitors", response_model=MonitorsReply)
async def list_monitors(
    request: Request, caller: CallerDep, gateway: GatewayDep, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """The user's monitors, newest first."""
    found = await gateway.runtime.ask(
        ListMonitors(organization_id=caller.organization_id, user_id=caller.user_id, limit=limit, cursor=cursor)
    )
    reply = MonitorsReply(
        monitors=await _shown(gateway, caller, found.monitors),
        total=found.total,
        limit=gateway.settings.monitors_per_user,
        next_cursor=found.next_cursor,
    )
    return tagged(request, reply)


@router.post("/monitors", status_code=201)
async def create_monitor(
    body: CreateMonitorRequest, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> CreateMonitorReply:
    """Watch something from now on."""
    asked = CreateMonitor(
        organization_id=caller.organization_id,
        user_id=caller.user_id,
        monitor_id=entity_id(request),
        prompt=body.prompt,
        name=body.name,
        source=body.source,
        limit=gateway.settings.monitors_per_user,
    )
    try:
        view = await gateway.runtime.ask(asked, patience=30)
    except ProblemError as refused:
        if refused.problem.type == "monitor-limit":  # a limit like the others, over HTTP
            raise ProblemError(refused.problem.model_copy(update={"status": 429})) from refused
        raise
    await audited(gateway, caller, "monitor.create", view.id)
    response.headers["Location"] = f"/api/monitors/{view.id}"
    return CreateMonitorReply(
        monitor=shapes.monitor(view, None, None), interpretation=shapes.interpretation(view.interpretation)
    )


@router.post("/interpret")
async def interpret(body: InterpretRequest, caller: CallerDep, gateway: GatewayDep) -> InterpretReply:
    """What a sentence would be understood to mean. Saves nothing."""
    asked = InterpretPrompt(organization_id=caller.organization_id, user_id=caller.user_id, prompt=body.prompt)
    found = await gateway.runtime.ask(asked, patience=30)
    return InterpretReply(interpretation=shapes.interpretation(found))


@router.get("/monitors/{id}", response_model=MonitorDetailReply)
async def get_monitor(
    monitor_id: PathId,
    request: Request,
    caller: CallerDep,
    gateway: GatewayDep,
    history: Annotated[int, Query(ge=0, le=1000, description="Most checks to show")] = 50,
) -> Response:
    """A monitor with its facts, history and notifications."""
    organization_id = caller.organization_id
    asked = GetMonitor(organization_id=organization_id, monitor_id=monitor_id, history=history)
    messages = ListNotifications(organization_id=organization_id, monitor_id=monitor_id, limit=50)
    found, sent = await asyncio.gather(
        gateway.runtime.ask(asked), gateway.runtime.ask(messages), return_exceptions=True
    )
    if isinstance(found, BaseException):
        raise found
    if isinstance(sent, BaseException) and not isinstance(sent, ProblemError):
        raise sent
    source = found.monitor.interpretation.url
    (monitor,) = await _shown(gateway, caller, [found.monitor])
    reply = MonitorDetailReply(
        monitor=monitor,
        interpretation=shapes.interpretation(found.monitor.interpretation),
        facts=shapes.facts(found.evaluations, source),
        history=shapes.history(found.evaluations, source),
        notifications=[] if isinstance(sent, BaseException) else [shapes.notification(n) for n in sent.notifications],
        unavailable=["notifications"] if isinstance(sent, BaseException) else [],
    )
    return tagged(request, reply)


@router.put("/monitors/{id}")
async def update_monitor(
    monitor_id: PathId, body: UpdateMonitorRequest, caller: CallerDep, gateway: GatewayDep
) -> MonitorReply:
    """Change a monitor's sentence, name, activity or source."""
    view = await gateway.runtime.ask(
        UpdateMonitor(
            organization_id=caller.organization_id,
            user_id=caller.user_id,
            monitor_id=monitor_id,
            prompt=body.prompt,
            name=body.name,
            is_active=body.is_active,
            source=body.source,
        ),
        patience=30,
    )
    await audited(gateway, caller, "monitor.update", monitor_id)
    (monitor,) = await _shown(gateway, caller, [view])
    return MonitorReply(monitor=monitor)


@router.delete("/monitors/{id}")
async def delete_monitor(monitor_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Delete a monitor, with its facts."""
    await gateway.runtime.ask(DeleteMonitor(organization_id=caller.organization_id, monitor_id=monitor_id))
    await quotas.forget_monitor(gateway.runtime.pool, caller.organization_id, monitor_id)
    await audited(gateway, caller, "monitor.delete", monitor_id)
    return Success()
