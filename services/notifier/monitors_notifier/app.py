"""Wiring, and only wiring."""

from pathlib import Path

from monitors_contracts.alerts import AlertResolved, AlertTriggered
from monitors_contracts.notifications import (
    CreateChannel,
    DeleteChannel,
    GetNotification,
    GetOutboxMessage,
    ListChannels,
    ListNotifications,
    ListOutbox,
    NotificationDelayed,
    NotificationFailed,
    NotificationRequested,
    NotificationSent,
    NotificationTracked,
    RecordProviderEvents,
    RetryNotification,
    SendTestMessage,
    Unsubscribe,
    UpdateChannel,
)
from monitors_contracts.platform import OrganizationDeleted, UserRegistered, UserUpdated
from monitors_runtime.runtime import Runtime, Service

from . import store
from .deliveries import Deliveries
from .handlers import Handlers
from .settings import NotifierSettings


def build(runtime: Runtime, settings: NotifierSettings) -> Service:
    """The notifier, hosted by this runtime."""
    service = runtime.service("notifier", Path(__file__).parent / "migrations")
    handlers, deliveries = Handlers(service, settings), Deliveries(service)
    service.on_start(handlers.start)
    service.on_stop(handlers.stop)
    service.consume(UserRegistered, save=handlers.user_registered)
    service.consume(UserUpdated, save=handlers.user_updated)
    service.erase(OrganizationDeleted, *store.ERASE, first=handlers.delete_outbox)
    service.consume(AlertTriggered, AlertResolved, save_all=handlers.alerts_changed)
    service.consume(NotificationRequested, work=handlers.send, save_all=handlers.sent, concurrency=256)
    service.answer(CreateChannel, handlers.create_channel)
    service.answer(ListChannels, deliveries.list_channels)
    service.answer(UpdateChannel, handlers.update_channel)
    service.answer(DeleteChannel, handlers.delete_channel)
    service.answer(SendTestMessage, handlers.send_test_message)
    service.answer(ListNotifications, deliveries.list_notifications)
    service.answer(GetNotification, deliveries.get_notification)
    service.answer(RetryNotification, deliveries.retry_notification)
    service.answer(ListOutbox, deliveries.list_outbox)
    service.answer(GetOutboxMessage, deliveries.get_outbox_message)
    service.answer(Unsubscribe, handlers.unsubscribe)
    service.answer(RecordProviderEvents, handlers.record_provider_events)
    service.project(
        NotificationRequested,
        NotificationSent,
        NotificationDelayed,
        NotificationFailed,
        NotificationTracked,
        apply=store.apply,
        tables=["notifier.notifications"],
    )
    service.expire(store.EXPIRE_NOTIFICATIONS, store.EXPIRE_OUTBOX, store.EXPIRE_DELIVERIES)
    return service
