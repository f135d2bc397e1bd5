"""Wiring, and only wiring."""

from pathlib import Path

from monitors_contracts.notices import NoticeIssued
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
    NotificationSuperseded,
    NotificationTracked,
    ReadActionLink,
    RecordProviderEvents,
    RetryNotification,
    ReturnActionLink,
    SendTestMessage,
    UpdateChannel,
    UseActionLink,
)
from monitors_contracts.platform import OrganizationDeleted, UserRegistered, UserUpdated
from monitors_runtime.runtime import Runtime, Service

from . import claims, store
from .deliveries import Deliveries
from .delivering import Delivering
from .handlers import Handlers
from .letters import Letters
from .links import ActionLinks
from .settings import NotifierSettings
from .subscribers import store as subscribers
from .subscribers.wiring import wire as wire_subscribers


def build(runtime: Runtime, settings: NotifierSettings) -> Service:
    """The notifier, hosted by this runtime."""
    service = runtime.service("notifier", Path(__file__).parent / "migrations")
    delivering = Delivering(service, settings.retry_policy, Letters(settings))
    links = ActionLinks(service, settings.secret_key.get_secret_value())
    handlers, deliveries = Handlers(service, settings, delivering), Deliveries(service, delivering)
    service.on_start(handlers.start)
    service.on_stop(handlers.stop)
    service.consume(UserRegistered, save=handlers.user_registered)
    service.consume(UserUpdated, save=handlers.user_updated)
    service.erase(OrganizationDeleted, *store.ERASE, *subscribers.ERASE, first=handlers.delete_outbox)
    service.consume(NoticeIssued, work=delivering.deliver, concurrency=256)
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
    service.answer(ReadActionLink, links.read)
    service.answer(UseActionLink, links.use)
    service.answer(ReturnActionLink, links.give_back)
    service.answer(RecordProviderEvents, handlers.record_provider_events)
    service.project(
        NotificationRequested,
        NotificationSent,
        NotificationDelayed,
        NotificationFailed,
        NotificationSuperseded,
        NotificationTracked,
        apply=store.apply,
        tables=store.LEDGER_TABLES,
    )
    service.expire(*store.EXPIRE)
    service.expire_due(claims.EXPIRE)
    wire_subscribers(service, settings, lambda: handlers.ways, handlers.unsubscribe)
    return service
