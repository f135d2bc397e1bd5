"""Monitors: sentences that are watched."""

import asyncio
import contextlib
from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, TypedDict, Unpack

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, Field

from monitors_contracts.base import Id, Model, TenantRequest
from monitors_contracts.collection import (
    DeleteMonitor,
    DuplicateMonitor,
    ListMonitors,
    MonitorOrder,
    RecentValue,
    RestoreMonitor,
)
from monitors_contracts.monitors import (
    CreateMonitor,
    GetMonitor,
    InterpretPrompt,
    MonitorName,
    MonitorStatus,
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
from .shapes import FactHistory, GivenInterpretation, Interpretation, Monitor, MonitorFact, Notification, Success

router = APIRouter(prefix="/api", tags=["monitors"], route_class=IdempotentRoute)

PROMPT_EXAMPLE = "Tell me when the copper kettle at https://shop.example/kettle drops below $50"


Recent = Mapping[Id, Sequence[RecentValue]]


class Asked(TypedDict, total=False):
    """What a list of monitors may be asked for; see ListMonitors."""

    limit: int
    cursor: str | None
    text: str | None
    status: MonitorStatus | None
    sort: MonitorOrder
    recent: int


class CreateMonitorRequest(Model):
    """One sentence: what to watch, where, and when to tell."""

    prompt: Prompt = Field(examples=[PROMPT_EXAMPLE])
    name: MonitorName | None = Field(default=None, examples=["Copper kettle"])
    source: SourceSettings = SourceSettings()
    interpretation: GivenInterpretation | None = Field(
        default=None, description="What the sentence means, corrected; it is then not interpreted"
    )


class UpdateMonitorRequest(Model):
    """What is to change. A new prompt is interpreted anew, unless an interpretation comes with it.

    What was read before is forgotten when the page is asked for something else; another condition is judged with the next
    check.
    """

    prompt: Prompt | None = Field(default=None, examples=[PROMPT_EXAMPLE])
    name: MonitorName | None = Field(default=None, examples=["Copper kettle"])
    is_active: bool | None = Field(default=None, examples=[True])
    source: SourceSettings | None = None
    interpretation: GivenInterpretation | None = Field(default=None, description="What the sentence means, corrected")


class InterpretRequest(Model):
    """A sentence to try."""

    prompt: Prompt = Field(examples=[PROMPT_EXAMPLE])


class InterpretReply(Model):
    """What the sentence was understood to mean; nothing was saved."""

    success: bool = True
    interpretation: Interpretation


class MonitorsReply(Model):
    """The user's monitors in the order asked for.

    `total` is how many match, `owned` how many there are in all, `limit` how many there may be; 0 for any number.
    """

    monitors: list[Monitor]
    total: int
    owned: int
    limit: int
    next_cursor: str | None


class DeleteMonitorReply(Success):
    """The monitor is gone; until `restorableUntil` it can be brought back."""

    restorable_until: AwareDatetime | None


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


async def _shown(
    gateway: Gateway, caller: Caller, views: Sequence[MonitorView], recent_values: Recent | None = None
) -> list[Monitor]:
    """Monitors with the refresh times that the gateway keeps."""
    now = datetime.now(UTC)
    recent, used = await quotas.usage(
        gateway.runtime.pool, caller.organization_id, caller.user_id, [view.id for view in views], now
    )
    values = recent_values or {}
    shown: list[Monitor] = []
    for view in views:
        moments = recent.get(view.id, [])
        allowed = next_allowed(moments, used, gateway.refreshes.limits, now)
        last = moments[-1] if moments else None
        shown.append(shapes.monitor(view, last, allowed if allowed > now else None, values.get(view.id, ())))
    return shown


async def find_monitors(gateway: Gateway, caller: Caller, **asked: Unpack[Asked]) -> MonitorsReply:
    """The caller's monitors as `ListMonitors` asks for them."""
    found = await gateway.runtime.ask(
        ListMonitors(organization_id=caller.organization_id, user_id=caller.user_id, **asked)
    )
    return MonitorsReply(
        monitors=await _shown(gateway, caller, found.monitors, found.recent_values),
        total=found.total,
        owned=found.owned,
        limit=gateway.settings.monitors_per_user,
        next_cursor=found.next_cursor,
    )


async def find_monitor(gateway: Gateway, caller: Caller, monitor_id: Id, history: int = 0) -> MonitorDetailReply:
    """One of the organization's monitors with its latest checks and messages. Problem: `monitor-not-found`."""
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
    return MonitorDetailReply(
        monitor=monitor,
        interpretation=shapes.interpretation(found.monitor.interpretation),
        facts=shapes.facts(found.evaluations, source),
        history=shapes.history(found.evaluations, source),
        notifications=[] if isinstance(sent, BaseException) else [shapes.notification(n) for n in sent.notifications],
        unavailable=["notifications"] if isinstance(sent, BaseException) else [],
    )


@router.get("/monitors", response_model=MonitorsReply)
async def list_monitors(
    request: Request,
    caller: CallerDep,
    gateway: GatewayDep,
    limit: Limit = 50,
    cursor: Cursor = None,
    q: Annotated[
        str | None, Query(max_length=200, description="Stands in name, prompt, address or fact; case does not matter")
    ] = None,
    status: Annotated[
        MonitorStatus | None,
        Query(
            description="`new`: not judged yet; `triggered`: true now, or just changed; else how the last check ended"
        ),
    ] = None,
    sort: Annotated[MonitorOrder, Query(description="`lastChecked`: those just checked first")] = "newest",
    recent: Annotated[int, Query(ge=0, le=50, description="Latest values to show of each monitor")] = 0,
) -> Response:
    """The user's monitors, searched, filtered and sorted."""
    asked = Asked(limit=limit, cursor=cursor, text=q, status=status, sort=sort, recent=recent)
    return tagged(request, await find_monitors(gateway, caller, **asked))


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
        interpretation=shapes.meant(body.interpretation) if body.interpretation else None,
    )
    return await _made(gateway, caller, response, asked, "monitor.create")


async def _made(
    gateway: Gateway, caller: Caller, response: Response, asked: TenantRequest[MonitorView], what: str
) -> CreateMonitorReply:
    with _limits_like_the_others():
        view = await gateway.runtime.ask(asked, patience=30)
    await audited(gateway, caller, what, view.id)
    response.headers["Location"] = f"/api/monitors/{view.id}"
    return CreateMonitorReply(
        monitor=shapes.monitor(view, None, None), interpretation=shapes.interpretation(view.interpretation)
    )


@contextlib.contextmanager
def _limits_like_the_others() -> Generator[None]:
    """Over HTTP a limit is a 429."""
    try:
        yield
    except ProblemError as refused:
        if refused.problem.type == "monitor-limit":
            raise ProblemError(refused.problem.model_copy(update={"status": 429})) from refused
        raise


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
    return tagged(request, await find_monitor(gateway, caller, monitor_id, history))


@router.put("/monitors/{id}")
async def update_monitor(
    monitor_id: PathId, body: UpdateMonitorRequest, caller: CallerDep, gateway: GatewayDep
) -> MonitorReply:
    """Change a monitor's sentence, what it means, name, activity or source."""
    view = await gateway.runtime.ask(
        UpdateMonitor(
            organization_id=caller.organization_id,
            user_id=caller.user_id,
            monitor_id=monitor_id,
            prompt=body.prompt,
            name=body.name,
            is_active=body.is_active,
            source=body.source,
            interpretation=shapes.meant(body.interpretation) if body.interpretation else None,
        ),
        patience=30,
    )
    await audited(gateway, caller, "monitor.update", monitor_id)
    (monitor,) = await _shown(gateway, caller, [view])
    return MonitorReply(monitor=monitor)


@router.delete("/monitors/{id}")
async def delete_monitor(monitor_id: PathId, caller: CallerDep, gateway: GatewayDep) -> DeleteMonitorReply:
    """Delete a monitor at once; its facts follow when it can't be restored any more."""
    asked = DeleteMonitor(
        organization_id=caller.organization_id,
        monitor_id=monitor_id,
        restorable_minutes=gateway.settings.restore_minutes,
    )
    gone = await gateway.runtime.ask(asked)
    await audited(gateway, caller, "monitor.delete", monitor_id)
    return DeleteMonitorReply(restorable_until=gone.restorable_until)


@router.post("/monitors/{id}/restore")
async def restore_monitor(monitor_id: PathId, caller: CallerDep, gateway: GatewayDep) -> MonitorReply:
    """Bring a deleted monitor back with all its facts, while there is time; afterwards 410, then 404."""
    asked = RestoreMonitor(
        organization_id=caller.organization_id, monitor_id=monitor_id, limit=gateway.settings.monitors_per_user
    )
    with _limits_like_the_others():
        view = await gateway.runtime.ask(asked)
    await audited(gateway, caller, "monitor.restore", monitor_id)
    (monitor,) = await _shown(gateway, caller, [view])
    return MonitorReply(monitor=monitor)


@router.post("/monitors/{id}/duplicate", status_code=201)
async def duplicate_monitor(
    monitor_id: PathId, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> CreateMonitorReply:
    """Make another monitor like this one, without its history."""
    asked = DuplicateMonitor(
        organization_id=caller.organization_id,
        user_id=caller.user_id,
        monitor_id=monitor_id,
        copy_id=entity_id(request),
        limit=gateway.settings.monitors_per_user,
    )
    return await _made(gateway, caller, response, asked, "monitor.duplicate")
