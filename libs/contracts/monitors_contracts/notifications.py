"""Notifications: channels, deliveries, and what became of them."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, EmailStr, Field, StringConstraints

from .alerts import AlertState, AlertView, LinkAction
from .base import Done, Event, Id, Model, Request, TenantRequest, Url, Value
from .notices import Notice

ChannelName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
ChannelKind = Literal["local", "email", "webhook", "apprise"]


class ChannelSpec(Model):
    """What a channel is made of. Secrets go in and are never shown again, but for the webhook secret at creation."""

    kind: ChannelKind
    name: ChannelName | None = None
    url: Url | None = Field(
        default=None,
        description="`webhook`: where to POST; `apprise`: an Apprise URL (slack://, discord://, pagerduty:// ...)",
    )
    address: EmailStr | None = Field(default=None, description="`email`: the recipient")
    secret: str | None = Field(
        default=None, max_length=200, description="`webhook`: a Standard Webhooks secret (whsec_...); made when absent"
    )
    is_active: bool = True


class DeliveryState(StrEnum):
    """How far a message has come. From `sent` on, what the provider or the recipient reports.

    `superseded`: it was never taken, and a newer message to the same channel tells its news too.
    """

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    BOUNCED = "bounce"
    SPAM = "spam"
    UNSUBSCRIBED = "unsubscribe"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class ToldAlert(Model):
    """An alert as a message told of it."""

    id: Id
    version: int
    state: AlertState


class NotificationView(Model):
    """One message to one channel about one alert's change, or about several alerts' that are told together."""

    id: Id
    alert_id: Id | None = None
    monitor_id: Id | None = None
    channel_id: Id
    channel_kind: ChannelKind
    channel_name: str
    subject: str
    state: DeliveryState
    attempts: int = 0
    error: str | None = None
    trigger_value: Value = None
    previous_value: Value = None
    change_detected: bool = False
    provider_message_id: str | None = None
    created_at: AwareDatetime
    next_attempt_at: AwareDatetime | None = Field(default=None, description="When a failed try is repeated")
    sent_at: AwareDatetime | None = None
    delivered_at: AwareDatetime | None = None
    opened_at: AwareDatetime | None = None
    clicked_at: AwareDatetime | None = None
    version: int = 1
    group_id: Id | None = None
    alert_ids: list[Id] = Field(default_factory=list[Id], description="All alerts it tells of; `alert_id` is the first")
    reason: str | None = Field(default=None, description="Why it is told now, as in Notice")
    route: str = ""
    superseded_by: Id | None = Field(default=None, description="The message that tells this one's news as well")
    fallback_for: Id | None = Field(default=None, description="The message that could not be delivered elsewhere")
    stands_in_for: Id | None = Field(default=None, description="The channel that the message was meant for at first")
    told: list[ToldAlert] = Field(
        default_factory=list[ToldAlert], description="What it tells of each alert; empty in old messages"
    )


class ChannelView(Model):
    """A channel as its organization sees it, secrets masked."""

    id: Id
    kind: ChannelKind
    name: str
    target: str = Field(description="Where it goes, secrets masked")
    is_active: bool
    secret: str | None = Field(default=None, description="The webhook secret, shown once, at creation")
    created_at: AwareDatetime
    unsubscribed_at: AwareDatetime | None = None
    last_delivery: NotificationView | None = Field(default=None, description="In lists: the newest message to it")


class ChannelInfo(Model):
    """A channel as other services know it: nothing of where it leads."""

    id: Id
    kind: ChannelKind
    name: str
    is_active: bool
    version: int = 1


class ChannelChanged(Event):
    """A channel was added, renamed, switched on or off."""

    aggregate, action, stream, entity_field = "channel", "changed", "ALERTS", "channel_id"
    channel_id: Id
    channel: ChannelInfo


class ChannelDeleted(Event):
    """A channel is gone."""

    aggregate, action, stream, entity_field = "channel", "deleted", "ALERTS", "channel_id"
    channel_id: Id


class NotificationEvent(Event):
    """The ground of delivery events: the whole delivery after the change."""

    notification_id: Id
    notification: NotificationView


class NotificationSent(NotificationEvent):
    """A receiver took the message."""

    aggregate, action, stream, entity_field = "notification", "sent", "ALERTS", "notification_id"


class NotificationFailed(NotificationEvent):
    """A message was given up: the last try failed, or the receiver refused it for good."""

    aggregate, action, stream, entity_field = "notification", "failed", "ALERTS", "notification_id"


class NotificationTracked(NotificationEvent):
    """The provider reported what became of a message: delivered, opened, clicked, bounced, spam, unsubscribed."""

    aggregate, action, stream, entity_field = "notification", "tracked", "ALERTS", "notification_id"


class NotificationRequested(NotificationEvent):
    """A message waits to be sent: its first try takes long or failed, or it is to be tried once more.

    What its receiver takes at the first try is told by `NotificationSent` alone.
    """

    aggregate, action, stream, entity_field = "notification", "requested", "ALERTS", "notification_id"
    compressed = True
    alert: AlertView = Field(description="The first of those it tells of")
    reason: str = Field(description="Why the alert changed, as in AlertEvent")
    notice: Notice | None = Field(default=None, description="All that is to be told; null in old events")


class NotificationSuperseded(NotificationEvent):
    """A message was never taken, and `notification.superseded_by` tells its news too, or told newer news before."""

    aggregate, action, stream, entity_field = "notification", "superseded", "ALERTS", "notification_id"


class NotificationDelayed(NotificationEvent):
    """A try failed in a way that a later one may mend; `notification.next_attempt_at` says when."""

    aggregate, action, stream, entity_field = "notification", "delayed", "ALERTS", "notification_id"
    notice: Notice | None = Field(
        default=None, description="All that is to be told, where it is of no alert and so was not asked for before"
    )


class CreateChannel(TenantRequest[ChannelView]):
    """Add a channel. Problems: `invalid-channel`, `refused-address`."""

    service = "notifier"
    channel_id: Id
    spec: ChannelSpec


class ChannelList(Model):
    """All channels of an organization, oldest first."""

    channels: list[ChannelView]


class ListChannels(TenantRequest[ChannelList]):
    """The channels of the organization."""

    service = "notifier"


class UpdateChannel(TenantRequest[ChannelView]):
    """Rename, pause or resume a channel. Problem: `channel-not-found`."""

    service = "notifier"
    channel_id: Id
    name: ChannelName | None = None
    is_active: bool | None = None


class DeleteChannel(TenantRequest[Done]):
    """Remove a channel. Problem: `channel-not-found`."""

    service = "notifier"
    channel_id: Id


class SendTestMessage(TenantRequest[NotificationView]):
    """Send a test message now and say what came of it. Problem: `channel-not-found`."""

    service = "notifier"
    channel_id: Id


class NotificationList(Model):
    """A page of deliveries, newest first."""

    notifications: list[NotificationView]
    total: int
    next_cursor: str | None = None


class ListNotifications(TenantRequest[NotificationList]):
    """Deliveries by monitor, alert, channel and state."""

    service = "notifier"
    monitor_id: Id | None = None
    alert_id: Id | None = None
    channel_id: Id | None = None
    state: DeliveryState | None = None
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = None


class GetNotification(TenantRequest[NotificationView]):
    """One delivery. Problem: `notification-not-found`."""

    service = "notifier"
    notification_id: Id


class RetryNotification(TenantRequest[NotificationView]):
    """Try once more what was given up. Problems: `notification-not-found`, `notification-not-failed`, `no-way-to-send`."""

    service = "notifier"
    notification_id: Id


class OutboxMessage(Model):
    """A message of the `local` channel, as mail."""

    id: Id
    to: str
    subject: str
    text: str
    html: str
    created_at: AwareDatetime
    alert_id: Id | None = None
    monitor_id: Id | None = None
    file: str = Field(description="The message's file in the outbox folder")


class OutboxList(Model):
    """Messages of the local channel, newest first."""

    messages: list[OutboxMessage]
    total: int
    next_cursor: str | None = None


class ListOutbox(TenantRequest[OutboxList]):
    """The local channel's messages."""

    service = "notifier"
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = None


class GetOutboxMessage(TenantRequest[OutboxMessage]):
    """One message of the local channel. Problem: `message-not-found`."""

    service = "notifier"
    message_id: Id


class Unsubscribe(Request[Done]):
    """One-click unsubscribe (RFC 8058) by the signed token of a mail. Problem: `invalid-token`. The tenant is in the token."""

    service = "notifier"
    token: str = Field(max_length=2000)


class ActionLink(Model):
    """What a link in a message does, for whoever follows it."""

    organization_id: Id
    notification_id: Id
    action: LinkAction
    alert_ids: list[Id]
    subject: str = Field(description="The message's")
    via: str = Field(description="By which message: `by mail to ops@example.com`")
    used_at: AwareDatetime | None = Field(default=None, description="When it was used; it does nothing any more")


class ReadActionLink(Request[ActionLink]):
    """What the signed token of a message does. Problems: `invalid-token`, `link-expired`. The tenant is in the token."""

    service = "notifier"
    token: str = Field(max_length=2000)


class UseActionLink(Request[ActionLink]):
    """Take the link, to do what it does: `usedAt` is null for the one who takes it, and says when for all others.

    Problems: `invalid-token`, `link-expired`.
    """

    service = "notifier"
    token: str = Field(max_length=2000)


class ReturnActionLink(Request[Done]):
    """What the link does could not be done after it was taken: it can be used again. Problem: `invalid-token`."""

    service = "notifier"
    token: str = Field(max_length=2000)


class RecordProviderEvents(Request[Done]):
    """SendGrid's event webhook as it came: body and signature headers. Problem: `invalid-signature`."""

    service = "notifier"
    body: str = Field(max_length=5_000_000)
    signature: str
    timestamp: str
