"""One short function a message."""

import asyncio
import os
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from prometheus_client import Counter, Histogram

from monitors_contracts.alerts import AlertEvent, AlertResolved, AlertTriggered
from monitors_contracts.base import Done, Id, new_id
from monitors_contracts.notifications import (
    ChannelKind,
    ChannelSpec,
    ChannelView,
    CreateChannel,
    DeleteChannel,
    DeliveryState,
    NotificationEvent,
    NotificationRequested,
    NotificationSent,
    NotificationView,
    OutboxMessage,
    RecordProviderEvents,
    SendTestMessage,
    Unsubscribe,
    UpdateChannel,
)
from monitors_contracts.platform import UserRegistered, UserUpdated
from monitors_runtime.consumer import Received, Unit
from monitors_runtime.database import DATABASE_AWAY, Connection
from monitors_runtime.erasure import refuse_erased
from monitors_runtime.errors import ProblemError, Retryable, problem
from monitors_runtime.loader import Loader
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import sendgrid_events, store
from .channels import Channel, SendError, open_channels
from .channels.local import outbox_file, outbox_folder
from .channels.mime import OUTBOX_ADDRESS
from .domain import delivery
from .domain.channels import InvalidChannel, Target, default_name, make_target
from .domain.lanes import Lanes
from .domain.messages import Message, alert_message, channel_test_message
from .domain.retry import GiveUp, RetryPolicy, after_failure
from .domain.unsubscribe import InvalidToken, Subscription, make_token, read_token, unsubscribe_url
from .settings import NotifierSettings

log = structlog.get_logger(__name__)

SENT = Counter("monitors_notifications_total", "Tries to deliver a message", ("kind", "outcome"))
SEND_SECONDS = Histogram("monitors_notification_send_seconds", "Time a receiver took", ("kind",))


@dataclass(frozen=True)
class Tried:
    """What one try came to: the message it sent, or why it could not, or a lane that is full."""

    message: Message | None = None
    target: Target | None = None
    provider_message_id: str | None = None
    failure: SendError | None = None
    postponed: float | None = None


class Handlers:
    """The notifier's answers to events and commands. What is asked for is answered by `deliveries`."""

    def __init__(self, service: Service, settings: NotifierSettings) -> None:
        self._service = service
        self._settings = settings
        self._key = settings.secret_key.get_secret_value()
        self._policy = RetryPolicy(
            attempts=settings.retry_attempts,
            first_wait=settings.retry_first_wait,
            longest_wait=settings.retry_longest_wait,
        )
        self._lanes = Lanes()
        runtime = service.runtime
        self._ledger = Loader[tuple[Id, Id], store.Ledger](lambda ids: store.these_ledgers(runtime.pool, ids))
        self._channel = Loader[tuple[Id, Id], store.Channel](lambda ids: store.these_channels(runtime.pool, ids))
        self._ways: dict[ChannelKind, Channel] = {}
        self._retrying: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the ways out, and look for failed tries that are due."""
        self._ways = open_channels(self._settings)
        self._retrying = asyncio.create_task(self._keep_repeating(), name="notification retries")

    async def stop(self) -> None:
        """Close the ways out."""
        if self._retrying:
            self._retrying.cancel()
        await asyncio.gather(*(way.close() for way in self._ways.values()))

    # -- events -----------------------------------------------------------------------------------------------------

    async def user_registered(self, tx: Transaction, received: Received[UserRegistered]) -> None:
        """A new account is told by mail where mail is set up, and in the local outbox elsewhere."""
        user = received.event
        await store.add_recipient(tx.db, user.organization_id, user.email, user.name)
        kind: ChannelKind = "email" if self._settings.sendgrid_api_key or self._settings.smtp_url else "local"
        target = Target(user.organization_id, user.user_id, kind, address=user.email)
        await store.add_channel(tx.db, target, default_name(target), True, tx.now)

    async def user_updated(self, tx: Transaction, received: Received[UserUpdated]) -> None:
        """The account's own channel follows its address."""
        if not await store.update_recipient(tx.db, received.event) and received.attempt == 1:
            raise Retryable("the account's first channel is not there yet", delay=0.5)

    async def delete_outbox(self, _: Connection, organization_id: Id) -> None:
        """Delete an organization's mails of the local channel."""
        folder = outbox_folder(self._settings.outbox, organization_id)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def alerts_changed(self, units: Sequence[Unit[AlertEvent, None]]) -> None:
        """One message to every active channel, each on its own from here on."""
        telling = [unit for unit in units if _tells(unit.received.event)]
        if not telling:
            return
        db = telling[0].tx.db
        channels: dict[Id, list[store.Channel]] = {}
        for channel in await store.channels(db, [unit.received.event.organization_id for unit in telling]):
            channels.setdefault(channel.target.organization_id, []).append(channel)
        messages: list[tuple[Unit[AlertEvent, None], NotificationRequested]] = []
        for unit in telling:
            event = unit.received.event
            if event.organization_id not in channels and unit.received.attempt == 1:
                raise Retryable("the account's first channel is not there yet", delay=0.5)
            for channel in channels.get(event.organization_id, ()):
                if channel.is_active:
                    where = (channel.target.channel_id, channel.target.kind, channel.name)
                    messages.append(
                        (
                            unit,
                            delivery.request(
                                new_id(), event.alert, event.reason, event.alert.summary, where, unit.tx.now
                            ),
                        )
                    )
        if not messages:
            return
        keys = [
            (event.alert.id, event.alert.version, event.notification.channel_id, event.notification_id)
            for _, event in messages
        ]
        first = await store.claim(db, keys)
        told = [(unit, event) for unit, event in messages if event.notification_id in first]
        await store.apply_all(db, [event for _, event in told])
        for unit, event in told:
            unit.tx.publish(event)

    async def send(self, received: Received[NotificationRequested]) -> Tried | None:
        """Try to deliver; None when there is nothing to do (any more)."""
        event = received.event
        row, channel = await asyncio.gather(
            self._ledger.load((event.organization_id, event.notification_id)),
            self._channel.load((event.organization_id, event.notification.channel_id)),
        )
        if row is None or not _is_current(row.notification, event):
            return None
        if channel is None or not channel.is_active:
            return Tried()
        lane = self._lanes.of(channel.target.channel_id)
        clock = asyncio.get_running_loop().time
        if (wait := lane.wait(clock())) is not None:
            return Tried(postponed=wait)
        kind = channel.target.kind
        link = self._unsubscribe_link(channel.target) if kind in ("email", "local") else None
        base = self._settings.base_url
        message = alert_message(
            event.alert, reason=event.reason, base_url=base, channel_name=channel.name, unsubscribe_url=link
        )
        lane.begin()
        reached = False
        try:
            with SEND_SECONDS.labels(kind).time():
                answer = await self._ways[kind].send(channel.target, message, event.notification_id)
            reached = True
        except SendError as failure:
            reached = not failure.failure.recoverable
            SENT.labels(kind, "recoverable" if failure.failure.recoverable else "refused").inc()
            return Tried(message, channel.target, failure=failure)
        finally:
            lane.end(clock(), reached=reached)
        SENT.labels(kind, "sent").inc()
        return Tried(message, channel.target, answer.provider_message_id)

    async def sent(self, units: Sequence[Unit[NotificationRequested, Tried | None]]) -> None:
        """Write down what the tries came to."""
        db = units[0].tx.db
        keys = [(unit.received.event.organization_id, unit.received.event.notification_id) for unit in units]
        ledger = await store.these_ledgers(db, keys, for_update=True)
        events: dict[Id, NotificationEvent] = {}
        outbox: list[tuple[Id, OutboxMessage]] = []
        for unit, key in zip(units, keys, strict=True):
            requested, tried, row = unit.received.event, unit.result, ledger.get(key)
            if tried is None or row is None or not _is_current(row.notification, requested) or key[1] in events:
                continue
            event = self._follows(key[0], row.notification, tried, unit.tx.now)
            events[key[1]] = event
            unit.tx.publish(event)
            if isinstance(event, NotificationSent) and tried.message and tried.target and tried.target.kind == "local":
                message = self._outbox_message(row.notification, tried.target, tried.message, unit.tx.now)
                outbox.append((key[0], message))
        await store.add_outbox_messages(db, outbox)
        await store.apply_all(db, list(events.values()))

    def _follows(self, organization: Id, old: NotificationView, tried: Tried, now: datetime) -> NotificationEvent:
        """What a try makes of its delivery."""
        if tried.postponed is not None:
            return delivery.postponed(organization, old, tried.postponed, now)
        if tried.failure is not None:
            failure = tried.failure.failure
            next_step = after_failure(failure, old.attempts + 1, jitter=random.random(), policy=self._policy)  # noqa: S311
            return delivery.failed(organization, old, failure.reason, next_step, now)
        if tried.message is None:
            return delivery.failed(organization, old, "", GiveUp("channel-switched-off"), now)
        return delivery.sent(organization, old, tried.message.subject, tried.provider_message_id, now)

    async def repeat_due(self) -> None:
        """Ask again for what failed or was put off and is due."""
        async with self._service.transaction() as tx:
            for row in await store.due(tx.db, tx.now):
                if row.alert:
                    event = delivery.again(row.alert.organization_id, row.notification, row.alert, row.reason)
                    await store.apply(tx.db, event)
                    tx.publish(event, correlation=row.alert.id)

    async def _keep_repeating(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            try:
                await self.repeat_due()
            except DATABASE_AWAY:
                continue
            except Exception:
                log.exception("failed tries were not looked for, going on")

    # -- commands ---------------------------------------------------------------------------------------------------

    async def create_channel(self, command: CreateChannel) -> ChannelView:
        """Add a channel, once it is known that it may be reached."""
        target = self._target(command)
        try:
            await self._ways[target.kind].check(target)
        except SendError as refused:
            kind = "invalid-channel" if refused.failure.reason.startswith("unsupported") else "refused-address"
            raise problem(kind, "Channel refused", 422, refused.failure.reason) from None
        name = command.spec.name or default_name(target)
        async with self._service.transaction() as tx:
            await refuse_erased(tx.db, self._service.name, [command.organization_id])
            await store.add_channel(tx.db, target, name, command.spec.is_active, tx.now)
            channel = await store.channel(tx.db, command.organization_id, command.channel_id)
        if channel is None:
            raise problem("invalid-channel", "Invalid channel", 409, "This channel id is taken.")
        return channel.view(reveal=True)

    async def update_channel(self, command: UpdateChannel) -> ChannelView:
        """Rename, pause or resume."""
        async with self._service.transaction() as tx:
            channel = await store.update_channel(
                tx.db, command.organization_id, command.channel_id, command.name, command.is_active
            )
        if channel is None:
            raise _channel_not_found()
        return channel.view()

    async def delete_channel(self, command: DeleteChannel) -> Done:
        """Remove a channel."""
        async with self._service.transaction() as tx:
            if not await store.delete_channel(tx.db, command.organization_id, command.channel_id):
                raise _channel_not_found()
        return Done()

    async def send_test_message(self, command: SendTestMessage) -> NotificationView:
        """Send a test message now, and say what came of it."""
        channel = await store.channel(self._service.runtime.pool, command.organization_id, command.channel_id)
        if channel is None:
            raise _channel_not_found()
        now, target = datetime.now(UTC), channel.target
        link = self._unsubscribe_link(target) if target.kind in ("email", "local") else None
        message = channel_test_message(
            now=now, base_url=self._settings.base_url, channel_name=channel.name, unsubscribe_url=link
        )
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
                outbox_message = self._outbox_message(blank, target, message, now)
                await store.add_outbox_messages(tx.db, [(command.organization_id, outbox_message)])
            await store.apply(tx.db, event)
            tx.publish(event)
        return event.notification

    async def unsubscribe(self, command: Unsubscribe) -> Done:
        """End what the token of a mail names."""
        try:
            subscription = read_token(command.token, self._key)
        except InvalidToken:
            detail = "This unsubscribe link is not one of ours; use the one in the newest mail."
            raise problem("invalid-token", "Invalid link", 400, detail) from None
        async with self._service.transaction() as tx:
            await store.unsubscribe(tx.db, subscription.organization_id, subscription.channel_id, tx.now)
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
                    await store.unsubscribe(tx.db, organization, row.notification.channel_id, tx.now)
        return Done()

    # -- helpers ----------------------------------------------------------------------------------------------------

    def _target(self, command: CreateChannel) -> Target:
        spec: ChannelSpec = command.spec
        try:
            return make_target(command.organization_id, command.channel_id, spec, entropy=os.urandom(32))
        except InvalidChannel as invalid:
            raise problem("invalid-channel", "Invalid channel", 422, f"{invalid.field}: {invalid.detail}") from None

    def _unsubscribe_link(self, target: Target) -> str:
        token = make_token(Subscription(target.organization_id, target.channel_id), self._key)
        return unsubscribe_url(self._settings.base_url, token)

    def _outbox_message(self, row: NotificationView, target: Target, message: Message, now: datetime) -> OutboxMessage:
        return OutboxMessage(
            id=row.id,
            to=target.address or OUTBOX_ADDRESS,
            subject=message.subject,
            text=message.text,
            html=message.html,
            file=str(outbox_file(self._settings.outbox, target.organization_id, row.id)),
            alert_id=row.alert_id,
            monitor_id=row.monitor_id,
            created_at=now,
        )


def _tells(event: AlertEvent) -> bool:
    return isinstance(event, AlertTriggered | AlertResolved) and event.notify


def _is_current(row: NotificationView, event: NotificationRequested) -> bool:
    """A request stands for one state of the ledger; once that has moved on, the request is an old one."""
    return row.state is DeliveryState.PENDING and row.version == event.notification.version


def _channel_not_found() -> ProblemError:
    return problem(
        "channel-not-found", "No such channel", 404, "There is no channel with this id in your organization."
    )
