"""Deliveries: what became of messages, and the mails of the local outbox."""

from typing import Annotated

from fastapi import APIRouter, Query

from monitors_contracts.base import Id, Model
from monitors_contracts.notifications import (
    DeliveryState,
    GetNotification,
    GetOutboxMessage,
    ListNotifications,
    ListOutbox,
    OutboxList,
    OutboxMessage,
    RetryNotification,
)

from ..http.callers import CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute
from ..http.pages import Cursor, Limit, PathId
from . import shapes
from .audit import audited
from .shapes import Notification

router = APIRouter(prefix="/api", tags=["notifications"], route_class=IdempotentRoute)


class NotificationsReply(Model):
    """A page of deliveries, newest first."""

    notifications: list[Notification]
    total: int
    next_cursor: str | None


class NotificationReply(Model):
    """The delivery after the change."""

    success: bool = True
    notification: Notification


@router.get("/notifications")
async def list_notifications(
    caller: CallerDep,
    gateway: GatewayDep,
    monitor_id: Annotated[Id | None, Query(alias="monitorId")] = None,
    alert_id: Annotated[Id | None, Query(alias="alertId")] = None,
    channel_id: Annotated[Id | None, Query(alias="channelId")] = None,
    state: DeliveryState | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> NotificationsReply:
    """Deliveries, newest first."""
    found = await gateway.runtime.ask(
        ListNotifications(
            organization_id=caller.organization_id,
            monitor_id=monitor_id,
            alert_id=alert_id,
            channel_id=channel_id,
            state=state,
            limit=limit,
            cursor=cursor,
        )
    )
    return NotificationsReply(
        notifications=[shapes.notification(each) for each in found.notifications],
        total=found.total,
        next_cursor=found.next_cursor,
    )


@router.get("/notifications/{id}")
async def get_notification(notification_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Notification:
    """One delivery."""
    asked = GetNotification(organization_id=caller.organization_id, notification_id=notification_id)
    return shapes.notification(await gateway.runtime.ask(asked))


@router.post("/notifications/{id}/retry")
async def retry_notification(notification_id: PathId, caller: CallerDep, gateway: GatewayDep) -> NotificationReply:
    """Try a message once more that was given up. The answer comes before the try: it is `pending`."""
    asked = RetryNotification(organization_id=caller.organization_id, notification_id=notification_id)
    waiting = await gateway.runtime.ask(asked)
    await audited(gateway, caller, "notification.retry", notification_id)
    return NotificationReply(notification=shapes.notification(waiting))


@router.get("/outbox")
async def list_outbox(caller: CallerDep, gateway: GatewayDep, limit: Limit = 50, cursor: Cursor = None) -> OutboxList:
    """The messages of the local channel, newest first."""
    asked = ListOutbox(organization_id=caller.organization_id, limit=limit, cursor=cursor)
    return await gateway.runtime.ask(asked)


@router.get("/outbox/{id}")
async def get_outbox_message(message_id: PathId, caller: CallerDep, gateway: GatewayDep) -> OutboxMessage:
    """One message of the local channel, as text and as HTML."""
    asked = GetOutboxMessage(organization_id=caller.organization_id, message_id=message_id)
    return await gateway.runtime.ask(asked)
