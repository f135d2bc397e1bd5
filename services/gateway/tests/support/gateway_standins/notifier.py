"""The notifier's channels, messages, mails and links. Subscribers of status pages are the real ones."""

from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from monitors_contracts import notifications
from monitors_contracts.base import Done, Id, new_id
from monitors_notifier.channels import Sent, Unrecoverable
from monitors_notifier.domain.channels import Target
from monitors_notifier.domain.messages import Message
from monitors_notifier.settings import NotifierSettings
from monitors_notifier.subscribers.wiring import wire as wire_subscribers
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service


class Letterbox:
    """Takes what subscribers are sent."""

    def __init__(self) -> None:
        self.taken: list[tuple[Target, Message]] = []

    async def check(self, target: Target) -> None:
        if "inside" in (target.url or ""):
            raise Unrecoverable("refused-address: private")

    async def send(self, target: Target, message: Message, delivery_id: Id) -> Sent:
        self.taken.append((target, message))
        return Sent(str(delivery_id))

    async def close(self) -> None: ...


class Notifier:
    """Nothing is sent but to subscribers, and that into `letters`; messages and mails are what a test added."""

    def __init__(self, service: Service, secret: SecretStr) -> None:
        self.channels: dict[Id, tuple[Id, notifications.ChannelView]] = {}
        self.channel_updates: list[notifications.UpdateChannel] = []
        self.notifications: dict[Id, tuple[Id, notifications.NotificationView]] = {}
        self.mails: dict[Id, tuple[Id, notifications.OutboxMessage]] = {}
        self.links: dict[str, notifications.ActionLink] = {}
        self.provider_events: list[notifications.RecordProviderEvents] = []
        self.unsubscribed: list[str] = []
        self.letters = Letterbox()
        ways: Any = {"local": self.letters, "webhook": self.letters, "email": self.letters}
        wire_subscribers(service, NotifierSettings(secret_key=secret), lambda: ways, self.unsubscribe)
        service.answer(notifications.ListChannels, self.list_channels)
        service.answer(notifications.CreateChannel, self.create_channel)
        service.answer(notifications.UpdateChannel, self.update_channel)
        service.answer(notifications.DeleteChannel, self.delete_channel)
        service.answer(notifications.SendTestMessage, self.test_channel)
        service.answer(notifications.ListNotifications, self.list_notifications)
        service.answer(notifications.GetNotification, self.get_notification)
        service.answer(notifications.RetryNotification, self.retry)
        service.answer(notifications.ListOutbox, self.list_outbox)
        service.answer(notifications.GetOutboxMessage, self.outbox_message)
        service.answer(notifications.RecordProviderEvents, self.record)
        service.answer(notifications.ReadActionLink, self.read_link)
        service.answer(notifications.UseActionLink, self.use_link)
        service.answer(notifications.ReturnActionLink, self.return_link)

    async def list_channels(self, request: notifications.ListChannels) -> notifications.ChannelList:
        return notifications.ChannelList(
            channels=[view for owner, view in self.channels.values() if owner == request.organization_id]
        )

    async def create_channel(self, request: notifications.CreateChannel) -> notifications.ChannelView:
        view = notifications.ChannelView(
            id=request.channel_id,
            kind=request.spec.kind,
            name=request.spec.name or "webhook",
            target="https://...",
            is_active=True,
            created_at=datetime.now(UTC),
        )
        self.channels[view.id] = (request.organization_id, view)
        return view.model_copy(update={"secret": "whsec_shown_once"})

    async def one_channel(self, request: Any) -> notifications.ChannelView:
        owner, view = self.channels.get(request.channel_id, (None, None))
        if view is None or owner != request.organization_id:
            raise problem("channel-not-found", "No such channel", 404)
        return view

    async def update_channel(self, request: notifications.UpdateChannel) -> notifications.ChannelView:
        self.channel_updates.append(request)
        return await self.one_channel(request)

    async def delete_channel(self, request: notifications.DeleteChannel) -> Done:
        del self.channels[(await self.one_channel(request)).id]
        return Done()

    async def test_channel(self, request: notifications.SendTestMessage) -> notifications.NotificationView:
        view = await self.one_channel(request)
        return notifications.NotificationView(
            id=new_id(),
            channel_id=view.id,
            channel_kind=view.kind,
            channel_name=view.name,
            subject="Test",
            state=notifications.DeliveryState.SENT,
            created_at=datetime.now(UTC),
        )

    def add_notification(self, organization_id: Id, **parts: Any) -> notifications.NotificationView:
        known = {
            "id": new_id(),
            "channel_id": new_id(),
            "channel_kind": "webhook",
            "channel_name": "Hook",
            "subject": "Kettle: 45 USD",
            "state": notifications.DeliveryState.SENT,
            "attempts": 1,
            "created_at": datetime.now(UTC),
        }
        view = notifications.NotificationView.model_validate(known | parts)
        self.notifications[view.id] = (organization_id, view)
        return view

    async def list_notifications(self, request: notifications.ListNotifications) -> notifications.NotificationList:
        found = [
            each
            for owner, each in sorted(self.notifications.values(), key=lambda kept: kept[1].id, reverse=True)
            if owner == request.organization_id
            and request.alert_id in (None, each.alert_id)
            and request.monitor_id in (None, each.monitor_id)
            and request.channel_id in (None, each.channel_id)
            and request.state in (None, each.state)
        ]
        return notifications.NotificationList(notifications=found[: request.limit], total=len(found))

    async def get_notification(
        self, request: notifications.GetNotification | notifications.RetryNotification
    ) -> notifications.NotificationView:
        owner, view = self.notifications.get(request.notification_id, (None, None))
        if view is None or owner != request.organization_id:
            raise problem("notification-not-found", "No such notification", 404)
        return view

    async def retry(self, request: notifications.RetryNotification) -> notifications.NotificationView:
        view = await self.get_notification(request)
        if view.state is not notifications.DeliveryState.FAILED:
            raise problem("notification-not-failed", "This message has not failed", 409)
        waiting = view.model_copy(update={"state": notifications.DeliveryState.PENDING})
        self.notifications[view.id] = (request.organization_id, waiting)
        return waiting

    def add_mail(self, organization_id: Id, **parts: Any) -> notifications.OutboxMessage:
        known = {
            "id": new_id(),
            "to": "robin@example.com",
            "subject": "Kettle: 45 USD",
            "text": "It is 45 USD.",
            "html": "<p>It is <b>45 USD</b>.</p>",
            "created_at": datetime.now(UTC),
            "file": "outbox/1.eml",
        }
        mail = notifications.OutboxMessage.model_validate(known | parts)
        self.mails[mail.id] = (organization_id, mail)
        return mail

    async def list_outbox(self, request: notifications.ListOutbox) -> notifications.OutboxList:
        mine = [mail for owner, mail in self.mails.values() if owner == request.organization_id]
        found = sorted(mine, key=lambda mail: mail.id, reverse=True)
        return notifications.OutboxList(messages=found[: request.limit], total=len(found))

    async def outbox_message(self, request: notifications.GetOutboxMessage) -> notifications.OutboxMessage:
        owner, mail = self.mails.get(request.message_id, (None, None))
        if mail is None or owner != request.organization_id:
            raise problem("message-not-found", "No such message", 404)
        return mail

    async def unsubscribe(self, request: notifications.Unsubscribe) -> Done:
        if request.token != "good":
            raise problem("invalid-token", "Invalid token", 400)
        self.unsubscribed.append(request.token)
        return Done()

    async def read_link(self, request: notifications.ReadActionLink) -> notifications.ActionLink:
        if request.token not in self.links:
            raise problem("link-expired" if request.token == "old" else "invalid-token", "Invalid link", 400)
        return self.links[request.token]

    async def use_link(self, request: notifications.UseActionLink) -> notifications.ActionLink:
        link = await self.read_link(notifications.ReadActionLink(token=request.token))
        if link.used_at is None:
            self.links[request.token] = link.model_copy(update={"used_at": datetime.now(UTC)})
        return link

    async def return_link(self, request: notifications.ReturnActionLink) -> Done:
        self.links[request.token] = self.links[request.token].model_copy(update={"used_at": None})
        return Done()

    async def record(self, request: notifications.RecordProviderEvents) -> Done:
        if request.signature != "right":
            raise problem("invalid-signature", "Invalid signature", 403)
        self.provider_events.append(request)
        return Done()
