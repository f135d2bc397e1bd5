"""Channels: made, changed and announced; one short function a message."""

import asyncio
import os
import shutil
from datetime import UTC, datetime

from monitors_contracts.base import Done, Id, new_id
from monitors_contracts.notifications import (
    ChannelChanged,
    ChannelDeleted,
    ChannelKind,
    ChannelSpec,
    ChannelView,
    CreateChannel,
    DeleteChannel,
    DeliveryState,
    NotificationView,
    RecordProviderEvents,
    SendTestMessage,
    Unsubscribe,
    UpdateChannel,
)
from monitors_contracts.platform import UserRegistered, UserUpdated
from monitors_runtime.consumer import Received
from monitors_runtime.database import Connection, Writes
from monitors_runtime.erasure import refuse_erased
from monitors_runtime.errors import ProblemError, Retryable, problem
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import channel_store, sendgrid_events, store
from .channel_store import Channel
from .channels import SendError, open_channels
from .channels.local import outbox_folder
from .channels.protocol import Channel as Way
from .delivering import Delivering
from .domain import delivery
from .domain.channels import InvalidChannel, Target, default_name, make_target
from .domain.retry import GiveUp
from .domain.signing import InvalidToken
from .domain.unsubscribe import read_token
from .letters import Letters
from .settings import NotifierSettings


class Handlers:
    """The notifier's answers to events and commands. What is asked for is answered by `deliveries`."""

    def __init__(self, service: Service, settings: NotifierSettings, delivering: Delivering) -> None:
        self._service = service
        self._settings = settings
        self._letters = Letters(settings)
        self._delivering = delivering
        self._ways: dict[ChannelKind, Way] = {}

    @property
    def ways(self) -> dict[ChannelKind, Way]:
        """The ways out, once they are open."""
        return self._ways

    async def start(self) -> None:
        """Open the ways out, deliver, and tell the other services of channels they were never told of."""
        self._ways = open_channels(self._settings)
        await self._delivering.start(self._ways)
        while await self._announce_some():
            pass

    async def stop(self) -> None:
        """Close the ways out."""
        await self._delivering.stop()
        await asyncio.gather(*(way.close() for way in self._ways.values()))

    async def _announce_some(self) -> bool:
        async with self._service.transaction() as tx:
            channels = await channel_store.announce_some(tx.db)
            announce(tx, *channels)
        return bool(channels)

    # -- events -----------------------------------------------------------------------------------------------------

    async def user_registered(self, tx: Transaction, received: Received[UserRegistered]) -> None:
        """A new account is told by mail where mail is set up, and in the local outbox elsewhere."""
        user = received.event
        await channel_store.add_recipient(tx.db, user.organization_id, user.email, user.name)
        kind: ChannelKind = "email" if self._settings.sendgrid_api_key or self._settings.smtp_url else "local"
        target = Target(user.organization_id, user.user_id, kind, address=user.email)
        announce(tx, await channel_store.add_channel(tx.db, target, default_name(target), True, tx.now))

    async def user_updated(self, tx: Transaction, received: Received[UserUpdated]) -> None:
        """The account's own channel follows its address."""
        if not await channel_store.update_recipient(tx.db, received.event) and received.attempt == 1:
            raise Retryable("the account's first channel is not there yet", delay=0.5)
        announce(tx, await channel_store.readdress(tx.db, received.event))

    async def delete_outbox(self, _: Connection, organization_id: Id) -> None:
        """Delete an organization's mails of the local channel."""
        folder = outbox_folder(self._settings.outbox, organization_id)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    # -- commands ---------------------------------------------------------------------------------------------------

    async def create_channel(self, command: CreateChannel) -> ChannelView:
        """Add a channel, once it is known that it may be reached."""
        target = _target(command)
        try:
            await self._ways[target.kind].check(target)
        except SendError as refused:
            kind = "invalid-channel" if refused.failure.reason.startswith("unsupported") else "refused-address"
            raise problem(kind, "Channel refused", 422, refused.failure.reason) from None
        name = command.spec.name or default_name(target)
        async with self._service.transaction() as tx:
            await refuse_erased(tx.db, self._service.name, [command.organization_id])
            announce(tx, await channel_store.add_channel(tx.db, target, name, command.spec.is_active, tx.now))
            channel = await channel_store.channel(tx.db, command.organization_id, command.channel_id)
        if channel is None:
            raise problem("invalid-channel", "Invalid channel", 409, "This channel id is taken.")
        return channel.view(reveal=True)

    async def update_channel(self, command: UpdateChannel) -> ChannelView:
        """Rename, pause or resume."""
        async with self._service.transaction() as tx:
            channel = await channel_store.update_channel(
                tx.db, command.organization_id, command.channel_id, command.name, command.is_active
            )
            announce(tx, channel)
        if channel is None:
            raise _channel_not_found()
        return channel.view()

    async def delete_channel(self, command: DeleteChannel) -> Done:
        """Remove a channel."""
        organization, channel_id = command.organization_id, command.channel_id
        async with self._service.transaction() as tx:
            if not await channel_store.delete_channel(tx.db, organization, channel_id):
                raise _channel_not_found()
            tx.publish(ChannelDeleted(organization_id=organization, channel_id=channel_id))
        return Done()

    async def send_test_message(self, command: SendTestMessage) -> NotificationView:
        """Send a test message now, and say what came of it."""
        channel = await channel_store.channel(self._service.runtime.pool, command.organization_id, command.channel_id)
        if channel is None:
            raise _channel_not_found()
        now, target = datetime.now(UTC), channel.target
        message = self._letters.test(channel, now)
        blank = NotificationView(
            id=new_id(),
            channel_id=target.channel_id,
            channel_kind=target.kind,
            channel_name=channel.name,
            subject=message.subject,
            state=DeliveryState.PENDING,
            created_at=now,
        )
        try:
            answer = await self._ways[target.kind].send(target, message, blank.id)
            event = delivery.sent(
                command.organization_id, blank, message.subject, answer.provider_message_id, datetime.now(UTC)
            )
        except SendError as failure:
            reason = failure.failure.reason
            event = delivery.failed(command.organization_id, blank, reason, GiveUp(reason), datetime.now(UTC))
        async with self._service.transaction() as tx:
            if target.kind == "local" and event.notification.state is DeliveryState.SENT:
                outbox_message = self._letters.outbox_message(blank, target, message, now)
                writes = Writes()
                store.add_outbox_messages(writes, [(command.organization_id, outbox_message)])
                await writes.send(tx.db)
            await store.apply(tx.db, event)
            tx.publish(event)
        return event.notification

    async def unsubscribe(self, command: Unsubscribe) -> Done:
        """End what the token of a mail names."""
        try:
            subscription = read_token(command.token, self._settings.secret_key.get_secret_value())
        except InvalidToken:
            detail = "This unsubscribe link is not one of ours; use the one in the newest mail."
            raise problem("invalid-token", "Invalid link", 400, detail) from None
        async with self._service.transaction() as tx:
            await _unsubscribe(tx, subscription.organization_id, subscription.channel_id)
        return Done()

    async def record_provider_events(self, command: RecordProviderEvents) -> Done:
        """Follow what SendGrid reports of its deliveries."""
        key = self._settings.sendgrid_webhook_public_key
        if not key:
            detail = "Set MONITORS_SENDGRID_WEBHOOK_PUBLIC_KEY to accept SendGrid's events."
            raise problem("not-configured", "Event webhook not configured", 404, detail)
        try:
            sendgrid_events.verify(
                command.body,
                signature=command.signature,
                timestamp=command.timestamp,
                public_key=key,
                now=datetime.now(UTC),
            )
        except sendgrid_events.InvalidSignature as refused:
            raise problem("invalid-signature", "Invalid signature", 401, str(refused)) from None
        async with self._service.transaction() as tx:
            for report in sendgrid_events.parse(command.body):
                row = await store.ledger(tx.db, report.organization_id, report.delivery_id, for_update=True)
                if row is None:
                    continue
                organization = report.organization_id
                event = delivery.tracked(organization, row.notification, report.state, report.detail, report.at)
                if event is None:
                    continue
                await store.apply(tx.db, event)
                tx.publish(event)
                if report.state in (DeliveryState.UNSUBSCRIBED, DeliveryState.SPAM):
                    await _unsubscribe(tx, organization, row.notification.channel_id)
        return Done()


def announce(tx: Transaction, *channels: Channel | None) -> None:
    """Tell the other services what these channels are now."""
    for channel in channels:
        if channel:
            target = channel.target
            tx.publish(
                ChannelChanged(
                    organization_id=target.organization_id, channel_id=target.channel_id, channel=channel.info
                )
            )


async def _unsubscribe(tx: Transaction, organization_id: Id, channel_id: Id) -> None:
    announce(tx, await channel_store.unsubscribe(tx.db, organization_id, channel_id, tx.now))


def _target(command: CreateChannel) -> Target:
    spec: ChannelSpec = command.spec
    try:
        return make_target(command.organization_id, command.channel_id, spec, entropy=os.urandom(32))
    except InvalidChannel as invalid:
        raise problem("invalid-channel", "Invalid channel", 422, f"{invalid.field}: {invalid.detail}") from None


def _channel_not_found() -> ProblemError:
    return problem(
        "channel-not-found", "No such channel", 404, "There is no channel with this id in your organization."
    )
