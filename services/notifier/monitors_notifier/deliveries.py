"""The delivery ledger and the local outbox, as people see them; and trying again by hand."""

from monitors_contracts.notifications import (
    ChannelList,
    DeliveryState,
    GetNotification,
    GetOutboxMessage,
    ListChannels,
    ListNotifications,
    ListOutbox,
    NotificationList,
    NotificationView,
    OutboxList,
    OutboxMessage,
    RetryNotification,
)
from monitors_runtime.cursor import cursor_id, next_cursor
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.runtime import Service

from . import channel_store, queries, store
from .delivering import Delivering
from .domain import delivery


class Deliveries:
    """The notifier's answers to those who look."""

    def __init__(self, service: Service, delivering: Delivering) -> None:
        self._service = service
        self._delivering = delivering

    async def list_channels(self, query: ListChannels) -> ChannelList:
        """All channels."""
        return ChannelList(channels=await queries.channels(self._service.runtime.pool, query.organization_id))

    async def list_notifications(self, query: ListNotifications) -> NotificationList:
        """A page of the delivery ledger."""
        found, total = await queries.notifications(self._service.runtime.pool, query, cursor_id(query.cursor))
        return NotificationList(notifications=found, total=total, next_cursor=next_cursor(found, query.limit))

    async def get_notification(self, query: GetNotification) -> NotificationView:
        """One row of the delivery ledger."""
        row = await store.ledger(self._service.runtime.pool, query.organization_id, query.notification_id)
        if row is None:
            raise _not_found()
        return row.notification

    async def retry_notification(self, command: RetryNotification) -> NotificationView:
        """Somebody wants a message tried once more."""
        async with self._service.transaction() as tx:
            row = await store.ledger(tx.db, command.organization_id, command.notification_id, for_update=True)
            if row is None:
                raise _not_found()
            if row.notification.state is not DeliveryState.FAILED:
                detail = "Only a message that was given up is tried again."
                raise problem("notification-not-failed", "This message has not failed", 409, detail)
            channel = await channel_store.channel(tx.db, command.organization_id, row.notification.channel_id)
            if row.notice is None or channel is None or not channel.is_active:
                detail = (
                    "A test message is not repeated; send a new one."
                    if row.notice is None
                    else "Its channel is deleted or paused."
                )
                raise problem("no-way-to-send", "This message can't be sent again", 409, detail)
            event = delivery.waiting(command.organization_id, row.notification, row.notice, tx.now)
            await store.apply(tx.db, event)
            tx.publish(event, correlation=event.notification.alert_id)
        self._delivering.wake()
        return event.notification

    async def list_outbox(self, query: ListOutbox) -> OutboxList:
        """A page of the local channel's messages."""
        pool, before = self._service.runtime.pool, cursor_id(query.cursor)
        found, total = await queries.outbox(pool, query.organization_id, before, query.limit)
        return OutboxList(messages=found, total=total, next_cursor=next_cursor(found, query.limit))

    async def get_outbox_message(self, query: GetOutboxMessage) -> OutboxMessage:
        """One message of the local channel."""
        message = await queries.outbox_message(self._service.runtime.pool, query.organization_id, query.message_id)
        if message is None:
            detail = "There is no message with this id in your organization's outbox."
            raise problem("message-not-found", "No such message", 404, detail)
        return message


def _not_found() -> ProblemError:
    detail = "There is no notification with this id in your organization."
    return problem("notification-not-found", "No such notification", 404, detail)
