"""Maintenance windows: times that come again, in which nobody is told."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import Field, TypeAdapter

from monitors_contracts.base import Model
from monitors_contracts.maintenance import (
    CreateWindow,
    DeleteWindow,
    GetWindow,
    ListWindows,
    Occurrences,
    PreviewWindow,
    UpdateWindow,
    WindowList,
    WindowSpec,
    WindowView,
)
from monitors_contracts.silences import HeldAlerts
from monitors_contracts.times import Plannable

from ..http.callers import CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import Limit, PathId
from ..http.patches import made, merged
from .audit import audited
from .shapes import Success
from .silences import held_by

router = APIRouter(prefix="/api", tags=["silences"], route_class=IdempotentRoute)

_SPEC: TypeAdapter[WindowSpec] = TypeAdapter(WindowSpec)
Spec = Annotated[
    WindowSpec,
    Body(
        openapi_examples={
            "weekly": {
                "summary": "Every Sunday night",
                "value": {
                    "name": "Database updates",
                    "matchers": 'service="db"',
                    "startsAt": "2026-11-22T02:00",
                    "timezone": "Europe/Berlin",
                    "duration": "1h30m",
                    "rrule": "FREQ=WEEKLY;BYDAY=SU",
                },
            }
        }
    ),
]
_CALENDAR = "With `since` and `until`: each time it is open in between, instead of the next ones"


class WindowReply(Model):
    """The window after the change."""

    success: bool = True
    window: WindowView


@router.get("/maintenance")
async def list_windows(
    caller: CallerDep,
    gateway: GatewayDep,
    since: Annotated[Plannable | None, Query(description=_CALENDAR)] = None,
    until: Annotated[Plannable | None, Query(description="At most 400 days after `since`")] = None,
) -> WindowList:
    """The organization's windows by name, each with the times when it is open."""
    return await gateway.runtime.ask(ListWindows(organization_id=caller.organization_id, since=since, until=until))


@router.post("/maintenance", status_code=201)
async def create_window(
    body: Spec, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> WindowReply:
    """Plan maintenance: once, or as a recurrence rule (RFC 5545) says, by the clocks of a time zone."""
    window = await gateway.runtime.ask(
        CreateWindow(
            organization_id=caller.organization_id, window_id=entity_id(request), user_id=caller.user_id, spec=body
        )
    )
    await audited(gateway, caller, "maintenance.create", window.id)
    response.headers["Location"] = f"/api/maintenance/{window.id}"
    return WindowReply(window=window)


@router.post("/maintenance/preview")
async def preview_window(body: Spec, caller: CallerDep, gateway: GatewayDep) -> Occurrences:
    """When a window would be open next, before it is saved."""
    return await gateway.runtime.ask(PreviewWindow(organization_id=caller.organization_id, spec=body))


@router.get("/maintenance/{id}")
async def get_window(window_id: PathId, caller: CallerDep, gateway: GatewayDep) -> WindowView:
    """One window, and when it is open next."""
    return await gateway.runtime.ask(GetWindow(organization_id=caller.organization_id, window_id=window_id))


@router.get("/maintenance/{id}/held")
async def list_held_by_window(
    window_id: PathId, caller: CallerDep, gateway: GatewayDep, limit: Limit = 100
) -> HeldAlerts:
    """What a window hid: open alerts first, then those that it held back last."""
    await get_window(window_id, caller, gateway)
    return await held_by(gateway, caller, window_id, limit)


@router.put("/maintenance/{id}")
async def replace_window(window_id: PathId, body: Spec, caller: CallerDep, gateway: GatewayDep) -> WindowReply:
    """Make the window what is sent."""
    window = await gateway.runtime.ask(
        UpdateWindow(organization_id=caller.organization_id, window_id=window_id, user_id=caller.user_id, spec=body)
    )
    await audited(gateway, caller, "maintenance.update", window_id)
    return WindowReply(window=window)


@router.patch("/maintenance/{id}")
async def update_window(
    window_id: PathId,
    body: Annotated[dict[str, Any], Field(examples=[{"isActive": False}])],
    caller: CallerDep,
    gateway: GatewayDep,
) -> WindowReply:
    """Change these fields of the window (a merge patch, RFC 7396): null takes a field away."""
    known = await get_window(window_id, caller, gateway)
    spec = made(_SPEC, merged(known.spec, body), "The window would make no sense.")
    return await replace_window(window_id, spec, caller, gateway)


@router.delete("/maintenance/{id}")
async def delete_window(window_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Take a window away; what it holds back now is told, if it fires still."""
    await gateway.runtime.ask(DeleteWindow(organization_id=caller.organization_id, window_id=window_id))
    await audited(gateway, caller, "maintenance.delete", window_id)
    return Success()
