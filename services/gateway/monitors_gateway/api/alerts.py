"""Alerts: what became true, who has it, and that it is over."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from monitors_contracts.alerts import (
    AcknowledgeAlert,
    AlertList,
    AlertState,
    AlertView,
    GetAlert,
    ListAlerts,
    ResolveAlert,
)
from monitors_contracts.base import Id, Model

from ..http.callers import CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute
from ..http.pages import Cursor, Limit, PathId
from .audit import audited

router = APIRouter(prefix="/api/alerts", tags=["alerts"], route_class=IdempotentRoute)


class NoteRequest(Model):
    """A word on why."""

    note: str | None = Field(default=None, max_length=2000, examples=["Ordered one"])


class AlertReply(Model):
    """The alert after the change."""

    success: bool = True
    alert: AlertView


@router.get("")
async def list_alerts(
    caller: CallerDep,
    gateway: GatewayDep,
    state: AlertState | None = None,
    monitor_id: Annotated[Id | None, Query(alias="monitorId")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AlertList:
    """Alerts, newest first."""
    return await gateway.runtime.ask(
        ListAlerts(
            organization_id=caller.organization_id, state=state, monitor_id=monitor_id, limit=limit, cursor=cursor
        )
    )


@router.get("/{id}")
async def get_alert(alert_id: PathId, caller: CallerDep, gateway: GatewayDep) -> AlertView:
    """One alert."""
    return await gateway.runtime.ask(GetAlert(organization_id=caller.organization_id, alert_id=alert_id))


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
