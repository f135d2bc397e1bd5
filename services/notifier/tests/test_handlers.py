import json
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from monitors_contracts.alerts import AlertAcknowledged, AlertResolved, AlertTriggered, AlertView
from monitors_contracts.base import Id, new_id
from monitors_contracts.notifications import (
    ChannelSpec,
    ChannelView,
    CreateChannel,
    DeleteChannel,
    DeliveryState,
    GetNotification,
    GetOutboxMessage,
    ListChannels,
    ListNotifications,
    ListOutbox,
    NotificationDelayed,
    NotificationFailed,
    NotificationRequested,
    NotificationSent,
    NotificationView,
    RecordProviderEvents,
    RetryNotification,
    SendTestMessage,
    Unsubscribe,
    UpdateChannel,
)
from monitors_contracts.platform import UserRegistered, UserUpdated
from monitors_notifier import queries, store
from monitors_notifier.channels import Recoverable, Sent, Unrecoverable, open_channels
from monitors_notifier.deliveries import Deliveries
from monitors_notifier.domain.unsubscribe import Subscription, make_token
from monitors_notifier.handlers import Handlers
from monitors_notifier.settings import NotifierSettings
from monitors_runtime.erasure import erase
from monitors_runtime.errors import ProblemError, Retryable
from monitors_runtime.narrowing import narrowed

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
SECRET = "a secret of sixteen"


class Way:
    """A way out that does as told and keeps what it was given."""

    def __init__(self) -> None:
        self.failures: dict[Id, list[Exception]] = {}
        self.given: list[tuple[Id, Id]] = []

    async def check(self, target: Any) -> None:
        if target.url and "refused" in target.url:
            raise Unrecoverable("refused-address: private")

    async def send(self, target: Any, _: Any, delivery_id: Id) -> Sent:
        self.given.append((target.channel_id, delivery_id))
        if failures := self.failures.get(target.channel_id):
            raise failures.pop(0)
        return Sent("provider-1")

    async def close(self) -> None: ...


class Notifier:
    """The notifier's handlers for one organization; webhooks go to a Way."""

    def __init__(self, house: Any, folder: Path, make_alert: Callable[..., AlertView], **settings: Any) -> None:
        self.house, self.make_alert = house, make_alert
        self.service = house.service("notifier")
        given: dict[str, Any] = {"data_dir": folder, "secret_key": SecretStr(SECRET), "retry_attempts": 3} | settings
        self.handlers: Any = Handlers(self.service, NotifierSettings(**given))
        self.deliveries = Deliveries(self.service)
        self.way = Way()
        self.handlers._ways = open_channels(NotifierSettings(**given)) | {"webhook": self.way}
        self.organization = new_id()

    async def close(self) -> None:
        await self.handlers.stop()

    async def register(self) -> None:
        user = UserRegistered(
            organization_id=self.organization,
            user_id=new_id(),
            email="robin@example.com",
            name="Robin",
            registered_at=datetime.now(UTC),
        )
        for _ in range(2):  # as when it is delivered twice
            await self.house.deliver(self.service, self.handlers.user_registered, user)

    async def move(self, user_id: Id, old: str, new: str, attempt: int = 2) -> None:
        moved = UserUpdated(
            organization_id=self.organization,
            user_id=user_id,
            email=new,
            previous_email=old,
            name="Robin",
            updated_at=datetime.now(UTC),
        )
        await self.house.deliver(self.service, self.handlers.user_updated, moved, attempt=attempt)

    async def channels(self) -> list[ChannelView]:
        return (await self.deliveries.list_channels(ListChannels(organization_id=self.organization))).channels

    async def webhook(self, url: str = "https://hooks.example/a", **more: Any) -> ChannelView:
        spec = ChannelSpec(kind="webhook", url=url, **more)
        command = CreateChannel(organization_id=self.organization, channel_id=new_id(), spec=spec)
        return await self.handlers.create_channel(command)

    def alert(self, **changes: Any) -> AlertView:
        return self.make_alert(id=new_id(), organization_id=self.organization, **changes)

    async def tell(self, *alerts: AlertView, attempt: int = 1, **more: Any) -> list[NotificationRequested]:
        events = [
            AlertTriggered(
                organization_id=alert.organization_id,
                alert_id=alert.id,
                alert=alert,
                reason="condition-became-true",
                **more,
            )
            for alert in alerts
        ]
        return await self.house.deliver_all(self.service, self.handlers.alerts_changed, *events, attempt=attempt)

    async def send(self, *requested: NotificationRequested) -> list[Any]:
        return await self.house.deliver_all(self.service, self.handlers.sent, *requested, work=self.handlers.send)

    async def make_due(self) -> None:
        """Let time pass until everything delayed is due."""
        await self.house.pool.execute(
            "UPDATE notifier.notifications SET next_attempt_at = now() WHERE organization_id = $1 "
            "AND next_attempt_at IS NOT NULL",
            self.organization,
        )

    async def due(self) -> list[NotificationRequested]:
        """What is asked for again once it is due."""
        known = len(await self.house.published(NotificationRequested))
        await self.make_due()
        await self.handlers.repeat_due()
        found = [each.event for each in await self.house.published(NotificationRequested)][known:]
        return [event for event in found if event.organization_id == self.organization]

    async def ledger(self, notification: Id) -> NotificationView:
        row = await store.ledger(self.house.pool, self.organization, notification)
        assert row
        return row.notification

    async def report(self, *events: dict[str, Any], at: float | None = None, sign: bool = True) -> None:
        body = json.dumps(events)
        timestamp = str(int(at or time.time()))
        signed = KEY.sign((timestamp + (body if sign else "")).encode(), ec.ECDSA(SHA256()))
        await self.handlers.record_provider_events(
            RecordProviderEvents(body=body, signature=b64encode(signed).decode(), timestamp=timestamp)
        )

    def provider_event(self, kind: str, notification: Id, organization: Id | None = None) -> dict[str, Any]:
        owner = str(organization or self.organization)
        return {
            "event": kind,
            "organization_id": owner,
            "delivery_id": str(notification),
            "timestamp": int(time.time()),
        }


@pytest.fixture
async def notifier(house: Any, tmp_path: Path, make_alert: Callable[..., AlertView]) -> Any:
    made = Notifier(house, tmp_path, make_alert, sendgrid_webhook_public_key=PUBLIC)
    yield made
    await made.close()


async def refused(awaitable: Any) -> str:
    with pytest.raises(ProblemError) as raised:
        await awaitable
    return raised.value.problem.type


# -- from alert to delivery -----------------------------------------------------------------------------------------------


async def test_an_alert_when_it_triggers_then_every_active_channel_is_told_once(notifier: Notifier):
    await notifier.register()
    await notifier.webhook()
    await notifier.webhook(is_active=False)
    alert = notifier.alert()
    requested = await notifier.tell(alert, alert)
    assert sorted(event.notification.channel_kind for event in requested) == ["local", "webhook"]
    assert await notifier.tell(alert) == []
    sent = await notifier.send(*requested)
    assert [type(event) for event in sent] == [NotificationSent, NotificationSent]
    for event in requested:
        row = await notifier.ledger(event.notification_id)
        assert (row.state, row.attempts, row.version) == (DeliveryState.SENT, 1, 2)
        assert (row.trigger_value, row.previous_value, row.change_detected) == (45.5, 60, True)


async def test_alerts_when_many_organizations_are_in_one_group_then_each_is_told_of_its_own(
    notifier: Notifier, house: Any, tmp_path: Path, make_alert: Callable[..., AlertView]
):
    other = Notifier(house, tmp_path, make_alert)
    await notifier.register()
    await other.webhook()
    mine, theirs = notifier.alert(), other.alert()
    requested = await notifier.tell(mine, theirs)
    assert [(event.organization_id, event.alert.id) for event in requested] == [
        (notifier.organization, mine.id),
        (other.organization, theirs.id),
    ]
    assert [event.notification.channel_kind for event in requested] == ["local", "webhook"]
    await other.close()


async def test_an_alert_when_it_is_crossed_again_taken_or_ends_then_nobody_is_told(notifier: Notifier):
    await notifier.register()
    alert = notifier.alert()
    assert await notifier.tell(alert, notify=False) == []
    for kind in (AlertAcknowledged, AlertResolved):
        event = kind(organization_id=alert.organization_id, alert_id=alert.id, alert=alert, reason="by-hand")
        assert await notifier.house.deliver_all(notifier.service, notifier.handlers.alerts_changed, event) == []


async def test_an_alert_when_the_first_channel_is_not_there_yet_then_is_tried_again_once(notifier: Notifier):
    with pytest.raises(Retryable):
        await notifier.tell(notifier.alert())
    assert await notifier.tell(notifier.alert(), attempt=2) == []


async def test_the_local_channel_when_sent_then_the_mail_is_in_the_outbox_and_on_disk(notifier: Notifier):
    await notifier.register()
    requested = await notifier.tell(notifier.alert())
    await notifier.send(*requested)
    await notifier.send(*requested)  # a redelivery
    outbox = await notifier.deliveries.list_outbox(ListOutbox(organization_id=notifier.organization))
    assert outbox.total == 1
    [message] = outbox.messages
    assert message.to == "robin@example.com"
    assert "Copper kettle" in message.subject
    assert Path(message.file).read_bytes().startswith(b"From: ") or b"Subject:" in Path(message.file).read_bytes()
    assert (await notifier.deliveries.list_outbox(ListOutbox(organization_id=new_id()))).messages == []


async def test_a_failed_try_when_recoverable_then_is_due_later_and_given_up_after_the_last(notifier: Notifier):
    channel = await notifier.webhook()
    notifier.way.failures[channel.id] = [Recoverable("HTTP 503") for _ in range(9)]
    requested = await notifier.tell(notifier.alert())
    outcomes: list[str] = []
    for attempt in range(1, 4):
        notifier.handlers._lanes = type(notifier.handlers._lanes)()  # the receiver has had its rest
        [event] = await notifier.send(*requested)
        outcomes.append(type(event).__name__)
        delayed = await notifier.ledger(event.notification_id)
        assert delayed.attempts == attempt
        if attempt < 3:
            assert delayed.next_attempt_at
            assert delayed.next_attempt_at > datetime.now(UTC)
            requested = await notifier.due()
            assert [each.notification_id for each in requested] == [event.notification_id]
    assert outcomes == ["NotificationDelayed", "NotificationDelayed", "NotificationFailed"]
    row = await notifier.ledger(notifier.way.given[0][1])
    assert (row.state, row.error, row.next_attempt_at) == (
        DeliveryState.FAILED,
        "gave-up-after-3-tries: HTTP 503",
        None,
    )
    assert await notifier.due() == []
    assert len({delivery for _, delivery in notifier.way.given}) == 1, "one id at the receiver, however often tried"


async def test_a_failed_try_when_not_recoverable_then_is_given_up_at_once(notifier: Notifier):
    channel = await notifier.webhook()
    notifier.way.failures[channel.id] = [Unrecoverable("HTTP 410")]
    [event] = await notifier.send(*await notifier.tell(notifier.alert()))
    assert isinstance(event, NotificationFailed)
    assert (event.notification.error, event.notification.attempts) == ("HTTP 410", 1)


async def test_a_dead_receiver_when_it_rests_then_its_messages_are_put_off_uncounted_and_others_go_out(
    notifier: Notifier,
):
    dead, alive = await notifier.webhook(), await notifier.webhook("https://hooks.example/b")
    notifier.way.failures[dead.id] = [Recoverable("time-out")]
    first = await notifier.send(*await notifier.tell(notifier.alert()))
    assert {type(event) for event in first} == {NotificationDelayed, NotificationSent}
    second = await notifier.send(*await notifier.tell(notifier.alert()))
    of_dead = next(event for event in second if event.notification.channel_id == dead.id)
    of_alive = next(event for event in second if event.notification.channel_id == alive.id)
    assert isinstance(of_dead, NotificationDelayed)
    assert (of_dead.notification.attempts, of_dead.notification.state) == (0, DeliveryState.PENDING)
    assert isinstance(of_alive, NotificationSent)
    assert len([channel for channel, _ in notifier.way.given if channel == dead.id]) == 1


async def test_a_request_when_the_ledger_has_moved_on_then_is_an_old_one(notifier: Notifier):
    await notifier.webhook()
    requested = await notifier.tell(notifier.alert())
    await notifier.send(*requested)
    assert await notifier.send(*requested) == []
    assert len(notifier.way.given) == 1


async def test_a_channel_when_switched_off_or_deleted_meanwhile_then_nothing_is_sent(notifier: Notifier):
    for end in (
        lambda channel: notifier.handlers.delete_channel(
            DeleteChannel(organization_id=notifier.organization, channel_id=channel.id)
        ),
        lambda channel: notifier.handlers.update_channel(
            UpdateChannel(organization_id=notifier.organization, channel_id=channel.id, is_active=False)
        ),
    ):
        channel = await notifier.webhook()
        requested = [
            event for event in await notifier.tell(notifier.alert()) if event.notification.channel_id == channel.id
        ]
        await end(channel)
        [event] = await notifier.send(*requested)
        assert isinstance(event, NotificationFailed)
        assert event.notification.error == "channel-switched-off"
    assert notifier.way.given == []


# -- channels -------------------------------------------------------------------------------------------------------------


async def test_a_channel_when_made_then_its_secret_is_shown_once(notifier: Notifier):
    made = await notifier.webhook("https://hooks.example/services/T0000/secret-token", name="Team")
    assert made.secret
    assert made.secret.startswith("whsec_")
    [listed] = (await notifier.deliveries.list_channels(ListChannels(organization_id=notifier.organization))).channels
    assert (listed.secret, listed.name, listed.is_active) == (None, "Team", True)
    assert "secret-token" not in listed.model_dump_json()
    command = UpdateChannel(organization_id=notifier.organization, channel_id=made.id, name="Renamed", is_active=False)
    changed = await notifier.handlers.update_channel(command)
    assert (changed.name, changed.is_active, changed.secret) == ("Renamed", False, None)


async def test_a_channel_when_invalid_or_refused_then_is_not_made(notifier: Notifier):
    assert await refused(notifier.webhook("ftp://hooks.example")) == "invalid-channel"
    assert await refused(notifier.webhook("https://refused.example")) == "refused-address"
    assert (await notifier.deliveries.list_channels(ListChannels(organization_id=notifier.organization))).channels == []


async def test_channels_when_another_organization_asks_then_are_not_found(
    notifier: Notifier, house: Any, tmp_path: Path, make_alert: Callable[..., AlertView]
):
    channel = await notifier.webhook()
    [requested] = await notifier.tell(notifier.alert())
    other = Notifier(house, tmp_path, make_alert)
    where: dict[str, Any] = {"organization_id": other.organization, "channel_id": channel.id}
    assert await refused(other.handlers.update_channel(UpdateChannel(**where, name="Mine"))) == "channel-not-found"
    assert await refused(other.handlers.delete_channel(DeleteChannel(**where))) == "channel-not-found"
    assert await refused(other.handlers.send_test_message(SendTestMessage(**where))) == "channel-not-found"
    taken = CreateChannel(**where, spec=ChannelSpec(kind="webhook", url="https://evil.example"))
    assert await refused(other.handlers.create_channel(taken)) == "invalid-channel"
    assert (await other.deliveries.list_channels(ListChannels(organization_id=other.organization))).channels == []
    listed = await other.deliveries.list_notifications(
        ListNotifications(organization_id=other.organization, alert_id=requested.alert.id)
    )
    assert (listed.notifications, listed.total) == ([], 0)
    [kept] = (await notifier.deliveries.list_channels(ListChannels(organization_id=notifier.organization))).channels
    assert kept.name == channel.name
    await other.close()


async def test_a_test_message_when_sent_then_says_what_came_of_it(notifier: Notifier):
    channel = await notifier.webhook()
    command = SendTestMessage(organization_id=notifier.organization, channel_id=channel.id)
    assert (await notifier.handlers.send_test_message(command)).state is DeliveryState.SENT
    notifier.way.failures[channel.id] = [Recoverable("time-out")]
    failed = await notifier.handlers.send_test_message(command)
    assert (failed.state, failed.error, failed.next_attempt_at) == (DeliveryState.FAILED, "time-out", None)
    listed = await notifier.deliveries.list_notifications(ListNotifications(organization_id=notifier.organization))
    assert [row.state for row in listed.notifications] == [DeliveryState.FAILED, DeliveryState.SENT]


async def test_notifications_when_paged_then_each_comes_once_newest_first(notifier: Notifier):
    await notifier.webhook()
    alerts = [notifier.alert(monitor_id=new_id()) for _ in range(5)]
    requested = [event.notification_id for alert in alerts for event in await notifier.tell(alert)]
    seen: list[Id] = []
    cursor = None
    while True:
        query = ListNotifications(organization_id=notifier.organization, limit=2, cursor=cursor)
        page = await notifier.deliveries.list_notifications(query)
        assert page.total == 5
        seen += [row.id for row in page.notifications]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == list(reversed(requested))
    of_one = ListNotifications(organization_id=notifier.organization, monitor_id=alerts[2].monitor_id)
    assert [row.id for row in (await notifier.deliveries.list_notifications(of_one)).notifications] == [requested[2]]


async def test_unsubscribe_when_the_token_is_ours_then_the_channel_rests_until_switched_on(notifier: Notifier):
    channel = await notifier.webhook()
    token = make_token(Subscription(notifier.organization, channel.id), SECRET)
    for _ in range(2):
        await notifier.handlers.unsubscribe(Unsubscribe(token=token))
    [listed] = (await notifier.deliveries.list_channels(ListChannels(organization_id=notifier.organization))).channels
    assert listed.is_active is False
    assert listed.unsubscribed_at
    assert await notifier.tell(notifier.alert(), attempt=2) == []
    on = UpdateChannel(organization_id=notifier.organization, channel_id=channel.id, is_active=True)
    assert (await notifier.handlers.update_channel(on)).unsubscribed_at is None
    forged = make_token(Subscription(notifier.organization, channel.id), "another secret of ours")
    assert await refused(notifier.handlers.unsubscribe(Unsubscribe(token=forged))) == "invalid-token"
    assert await refused(notifier.handlers.unsubscribe(Unsubscribe(token="junk"))) == "invalid-token"


# -- provider events --------------------------------------------------------------------------------------------------------


async def test_provider_events_when_signed_then_the_ledger_follows_them_in_any_order(notifier: Notifier):
    channel = await notifier.webhook()
    [requested] = await notifier.tell(notifier.alert())
    await notifier.send(requested)
    mine = requested.notification_id
    await notifier.report(
        notifier.provider_event("open", mine),
        notifier.provider_event("delivered", mine),
        notifier.provider_event("processed", mine),
        notifier.provider_event("click", new_id()),
        notifier.provider_event("click", mine, new_id()),
        {"event": "click"},
    )
    row = await notifier.ledger(mine)
    assert (row.state, row.version) == (DeliveryState.OPENED, 3)
    assert row.opened_at
    assert row.delivered_at is None
    await notifier.report(notifier.provider_event("spamreport", mine))
    [listed] = (await notifier.deliveries.list_channels(ListChannels(organization_id=notifier.organization))).channels
    assert (listed.id, listed.is_active) == (channel.id, False), "whoever complains gets no more"


async def test_provider_events_when_the_signature_is_wrong_or_old_then_change_nothing(notifier: Notifier):
    await notifier.webhook()
    [requested] = await notifier.tell(notifier.alert())
    await notifier.send(requested)
    event = notifier.provider_event("open", requested.notification_id)
    assert await refused(notifier.report(event, sign=False)) == "invalid-signature"
    assert await refused(notifier.report(event, at=time.time() - 3600)) == "invalid-signature"
    assert (await notifier.ledger(requested.notification_id)).state is DeliveryState.SENT


async def test_provider_events_when_no_key_is_set_then_are_not_accepted(
    house: Any, tmp_path: Path, make_alert: Callable[..., AlertView]
):
    notifier = Notifier(house, tmp_path, make_alert)
    assert await refused(notifier.report()) == "not-configured"
    await notifier.close()


async def test_a_report_when_a_retry_was_waiting_then_it_is_not_sent_again(notifier: Notifier):
    channel = await notifier.webhook()
    notifier.way.failures[channel.id] = [Recoverable("time-out")]
    [requested] = await notifier.tell(notifier.alert())
    await notifier.send(requested)
    await notifier.report(notifier.provider_event("delivered", requested.notification_id))
    assert await notifier.due() == []
    assert (await notifier.ledger(requested.notification_id)).state is DeliveryState.DELIVERED


# -- looking, and trying again by hand -------------------------------------------------------------------------------------


async def test_deliveries_when_narrowed_by_channel_and_state_then_only_those_come(notifier: Notifier):
    good, bad = await notifier.webhook(), await notifier.webhook("https://hooks.example/b")
    notifier.way.failures[bad.id] = [Unrecoverable("http-410")]
    await notifier.send(*await notifier.tell(notifier.alert()))

    async def listed(**asked: Any) -> list[tuple[Id, str]]:
        query = ListNotifications(organization_id=notifier.organization, **asked)
        found = await notifier.deliveries.list_notifications(query)
        assert found.total == len(found.notifications)
        return sorted((each.channel_id, each.state.value) for each in found.notifications)

    assert await listed() == sorted([(good.id, "sent"), (bad.id, "failed")])
    assert await listed(channel_id=good.id) == [(good.id, "sent")]
    assert await listed(state=DeliveryState.FAILED) == [(bad.id, "failed")]
    assert await listed(channel_id=good.id, state=DeliveryState.FAILED) == []


async def test_channels_when_listed_then_each_tells_how_its_newest_message_ended(notifier: Notifier):
    good, bad, idle = [await notifier.webhook(f"https://hooks.example/{n}") for n in range(3)]
    await notifier.send(*await notifier.tell(notifier.alert()))
    await notifier.handlers.update_channel(
        UpdateChannel(organization_id=notifier.organization, channel_id=idle.id, is_active=False)
    )
    late = await notifier.webhook("https://hooks.example/late")
    notifier.way.failures[bad.id] = [Unrecoverable("http-410")]
    await notifier.send(*await notifier.tell(notifier.alert()))
    asked = ListChannels(organization_id=notifier.organization)
    channels = {each.id: each.last_delivery for each in (await notifier.deliveries.list_channels(asked)).channels}
    ends = {identifier: (last.state.value, last.error) if last else None for identifier, last in channels.items()}
    assert ends == {
        good.id: ("sent", None),
        bad.id: ("failed", "http-410"),
        idle.id: ("sent", None),
        late.id: ("sent", None),
    }
    fresh = await notifier.webhook("https://hooks.example/fresh")
    assert {each.id: each.last_delivery for each in (await notifier.deliveries.list_channels(asked)).channels}[
        fresh.id
    ] is None


async def test_a_message_when_given_up_and_tried_again_by_hand_then_goes_out(notifier: Notifier):
    channel = await notifier.webhook()
    notifier.way.failures[channel.id] = [Unrecoverable("http-403")]
    [requested] = await notifier.tell(notifier.alert())
    await notifier.send(requested)
    whose: Any = {"organization_id": notifier.organization, "notification_id": requested.notification_id}
    waiting = await notifier.deliveries.retry_notification(RetryNotification(**whose))
    assert (waiting.state, waiting.attempts, waiting.error) == ("pending", 1, "http-403")
    told = [each.event for each in await notifier.house.published()]
    again = told[-1]
    assert isinstance(again, NotificationRequested)
    assert (again.notification, again.alert, again.reason) == (waiting, requested.alert, requested.reason)
    await notifier.send(again)
    sent = await notifier.deliveries.get_notification(GetNotification(**whose))
    assert (sent.state, sent.attempts, sent.error) == ("sent", 2, None)
    assert (
        await refused(notifier.deliveries.retry_notification(RetryNotification(**whose))) == "notification-not-failed"
    )


async def test_a_message_when_there_is_no_way_to_send_it_then_is_not_tried_again(notifier: Notifier):
    channel = await notifier.webhook()
    notifier.way.failures[channel.id] = [Unrecoverable("http-403"), Unrecoverable("http-403")]
    whose: Any = {"organization_id": notifier.organization}
    tried = await notifier.handlers.send_test_message(SendTestMessage(**whose, channel_id=channel.id))
    [requested] = await notifier.tell(notifier.alert())
    await notifier.send(requested)
    retry = notifier.deliveries.retry_notification
    assert await refused(retry(RetryNotification(**whose, notification_id=tried.id))) == "no-way-to-send"
    other: Any = {"organization_id": new_id(), "notification_id": requested.notification_id}
    assert await refused(retry(RetryNotification(**other))) == "notification-not-found"
    assert await refused(notifier.deliveries.get_notification(GetNotification(**other))) == "notification-not-found"
    paused = UpdateChannel(**whose, channel_id=channel.id, is_active=False)
    await notifier.handlers.update_channel(paused)
    failed = RetryNotification(**whose, notification_id=requested.notification_id)
    assert await refused(retry(failed)) == "no-way-to-send"
    await notifier.handlers.delete_channel(DeleteChannel(**whose, channel_id=channel.id))
    assert await refused(retry(failed)) == "no-way-to-send"
    assert (await notifier.ledger(requested.notification_id)).state is DeliveryState.FAILED


async def test_an_outbox_message_when_asked_for_then_comes_whole_to_its_organization_alone(notifier: Notifier):
    await notifier.register()
    await notifier.send(*await notifier.tell(notifier.alert()))
    [listed] = (await notifier.deliveries.list_outbox(ListOutbox(organization_id=notifier.organization))).messages
    asked = GetOutboxMessage(organization_id=notifier.organization, message_id=listed.id)
    assert await notifier.deliveries.get_outbox_message(asked) == listed
    foreign = GetOutboxMessage(organization_id=new_id(), message_id=listed.id)
    assert await refused(notifier.deliveries.get_outbox_message(foreign)) == "message-not-found"


# -- the ledger -------------------------------------------------------------------------------------------------------------


async def test_apply_when_events_come_late_or_twice_then_the_newest_version_stays(notifier: Notifier):
    channel = await notifier.webhook()
    notifier.way.failures[channel.id] = [Recoverable("time-out")]
    await notifier.send(*await notifier.tell(notifier.alert()))
    query = "SELECT * FROM notifier.notifications WHERE organization_id = $1"
    before = await notifier.house.pool.fetch(query, notifier.organization)
    events = [each.event for each in await notifier.house.published()]
    async with notifier.house.pool.acquire() as db:
        for event in (*events, *reversed(events)):
            await store.apply(db, event)
        await store.apply_all(db, events)
    assert await notifier.house.pool.fetch(query, notifier.organization) == before


async def test_queries_when_there_are_many_rows_then_read_an_index(notifier: Notifier, plan: Any):
    organization, some, now = notifier.organization, new_id(), datetime.now(UTC) - timedelta(days=9)
    pool = notifier.house.pool
    await pool.execute(
        "INSERT INTO notifier.notifications SELECT gen_random_uuid(), CASE WHEN n % 100 = 0 THEN $1::uuid "
        "ELSE gen_random_uuid() END, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'sent', 1, NULL, '{}' "
        "FROM generate_series(1, 5000) AS n",
        organization,
    )
    await pool.execute(
        "INSERT INTO notifier.channels SELECT id, organization_id, 'local', 'n', NULL, NULL, NULL, true, now() "
        "FROM notifier.notifications WHERE document = '{}'"
    )
    await pool.execute(
        "INSERT INTO notifier.outbox_messages SELECT id, organization_id, 'r', 's', 't', 'h', 'f', NULL, NULL, now() "
        "FROM notifier.notifications WHERE document = '{}'"
    )
    given: list[dict[str, Any]] = [
        {},
        *({name: some} for name in ("monitor_id", "alert_id", "channel_id")),
        {"state": DeliveryState.FAILED},
        {"channel_id": some, "state": DeliveryState.FAILED},
    ]
    shapes = [ListNotifications(organization_id=organization, **narrowing) for narrowing in given]
    for query, arguments in (
        (store.CHANNELS, ([organization],)),
        (store.CHANNEL, (organization, some)),
        (store.THESE_CHANNELS, ([organization], [some])),
        (store.NOTIFICATION, (organization, some)),
        (store.THESE_NOTIFICATIONS, ([organization], [some])),
        (store.DUE, (now,)),
        (queries.CHANNELS, (organization,)),
        (queries.OUTBOX, (organization, None, 50)),
        (queries.COUNT_OUTBOX, (organization,)),
        (queries.OUTBOX_MESSAGE, (organization, some)),
        *(narrowed(queries.NOTIFICATIONS, (organization, None, 50), queries.filters(shape)) for shape in shapes),
        *(narrowed(queries.COUNT_NOTIFICATIONS, (organization,), queries.filters(shape)) for shape in shapes),
    ):
        explained = await plan(query, *arguments)
        assert "Seq Scan" not in explained, f"{query}\n{explained}"


# -- accounts ----------------------------------------------------------------------------------------------------------


async def test_a_new_address_when_the_first_channel_is_there_then_it_follows(notifier: Notifier):
    await notifier.register()
    [first] = await notifier.channels()
    await notifier.move(first.id, "robin@example.com", "robin@example.org")
    targets = await notifier.house.pool.fetch(
        "SELECT address FROM notifier.channels WHERE organization_id = $1", notifier.organization
    )
    assert [row["address"] for row in targets] == ["robin@example.org"]


async def test_a_new_address_when_the_account_is_not_known_yet_then_it_is_waited_for(notifier: Notifier):
    with pytest.raises(Retryable):
        await notifier.move(new_id(), "robin@example.com", "robin@example.org", attempt=1)


async def test_a_new_address_when_the_first_channel_was_given_another_then_it_stays(notifier: Notifier):
    await notifier.register()
    [first] = await notifier.channels()
    await notifier.move(first.id, "somebody@example.com", "robin@example.org")
    address = await notifier.house.pool.fetchval("SELECT address FROM notifier.channels WHERE id = $1", first.id)
    assert address == "robin@example.com"


async def test_an_erased_organization_when_a_late_command_adds_a_channel_then_it_is_refused(notifier: Notifier):
    await notifier.register()
    async with notifier.house.pool.acquire() as db, db.transaction():
        await erase(db, "notifier", notifier.organization, store.ERASE)
    assert await notifier.channels() == []
    with pytest.raises(ProblemError) as refused:
        await notifier.webhook()
    assert refused.value.problem.type == "organization-deleted"
    assert await notifier.channels() == []


async def test_an_erased_organization_when_it_has_mails_in_the_outbox_then_their_files_go(notifier: Notifier):
    await notifier.register()
    [first] = await notifier.channels()
    other = new_id()
    kept = notifier.handlers._settings.outbox / str(other) / "kept.eml"
    kept.parent.mkdir(parents=True)
    kept.write_text("kept")
    sent = SendTestMessage(organization_id=notifier.organization, channel_id=first.id)
    await notifier.handlers.send_test_message(sent)
    [message] = (await notifier.deliveries.list_outbox(ListOutbox(organization_id=notifier.organization))).messages
    assert Path(message.file).exists()
    for _ in range(2):
        await notifier.handlers.delete_outbox(notifier.house.pool, notifier.organization)
    assert not Path(message.file).parent.exists()
    assert kept.exists()
