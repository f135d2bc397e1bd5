import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from monitors_contracts.base import Id, new_id
from monitors_contracts.notifications import (
    ChannelChanged,
    ChannelDeleted,
    ChannelSpec,
    CreateChannel,
    DeleteChannel,
    DeliveryState,
    GetNotification,
    GetOutboxMessage,
    ListChannels,
    ListNotifications,
    ListOutbox,
    NotificationEvent,
    NotificationRequested,
    RetryNotification,
    SendTestMessage,
    Unsubscribe,
    UpdateChannel,
)
from monitors_notifier import channel_store, claims, queries, store
from monitors_notifier.channels import Recoverable, Unrecoverable
from monitors_notifier.domain.unsubscribe import Subscription, make_token
from monitors_runtime.erasure import erase
from monitors_runtime.errors import ProblemError, Retryable
from monitors_runtime.narrowing import narrowed

SECRET = "a secret of sixteen"


async def refused(awaitable: Any) -> str:
    with pytest.raises(ProblemError) as raised:
        await awaitable
    return raised.value.problem.type


# -- channels -------------------------------------------------------------------------------------------------------------


async def test_a_channel_when_made_then_its_secret_is_shown_once(notifier: Any):
    made = await notifier.webhook("https://hooks.example/services/T0000/secret-token", name="Team")
    assert made.secret
    assert made.secret.startswith("whsec_")
    [listed] = (await notifier.deliveries.list_channels(ListChannels(organization_id=notifier.organization))).channels
    assert (listed.secret, listed.name, listed.is_active) == (None, "Team", True)
    assert "secret-token" not in listed.model_dump_json()
    command = UpdateChannel(organization_id=notifier.organization, channel_id=made.id, name="Renamed", is_active=False)
    changed = await notifier.handlers.update_channel(command)
    assert (changed.name, changed.is_active, changed.secret) == ("Renamed", False, None)


async def test_a_channel_when_invalid_or_refused_then_is_not_made(notifier: Any):
    assert await refused(notifier.webhook("ftp://hooks.example")) == "invalid-channel"
    assert await refused(notifier.webhook("https://refused.example")) == "refused-address"
    assert (await notifier.deliveries.list_channels(ListChannels(organization_id=notifier.organization))).channels == []


async def announced(notifier: Any) -> list[tuple[str, bool, int] | str]:
    """What the other services were told of the organization's channels."""
    told = await notifier.house.published(ChannelChanged, ChannelDeleted)
    return [
        (each.event.channel.name, each.event.channel.is_active, each.event.channel.version)
        if isinstance(each.event, ChannelChanged)
        else "deleted"
        for each in told
        if each.event.organization_id == notifier.organization
    ]


async def test_a_channel_when_it_changes_then_the_other_services_are_told(notifier: Any):
    made = await notifier.webhook(name="Team")
    where: dict[str, Any] = {"organization_id": notifier.organization, "channel_id": made.id}
    await notifier.handlers.update_channel(UpdateChannel(**where, name="Renamed"))
    await notifier.handlers.unsubscribe(
        Unsubscribe(token=make_token(Subscription(notifier.organization, made.id), SECRET))
    )
    await notifier.handlers.update_channel(UpdateChannel(**where, is_active=True))
    await notifier.handlers.delete_channel(DeleteChannel(**where))
    assert await announced(notifier) == [
        ("Team", True, 1),
        ("Renamed", True, 2),
        ("Renamed", False, 3),
        ("Renamed", True, 4),
        "deleted",
    ]
    told = await notifier.house.published(ChannelChanged)
    assert "hooks.example" not in "".join(each.event.model_dump_json() for each in told), "nothing of where it leads"


async def test_an_accounts_first_channel_when_made_and_moved_then_the_other_services_are_told(
    make_notifier: Callable[..., Any],
):
    notifier = make_notifier(smtp_url=SecretStr("smtp://localhost:2525"))
    await notifier.register()
    [first] = await notifier.channels()
    await notifier.move(first.id, "robin@example.com", "robin@example.org")
    assert await announced(notifier) == [("robin@example.com", True, 1), ("robin@example.org", True, 2)]


async def test_channels_when_they_were_never_announced_then_are_at_start_and_once(notifier: Any):
    made = await notifier.webhook(name="Old")
    await notifier.house.pool.execute("UPDATE notifier.channels SET version = 0 WHERE id = $1", made.id)
    while await notifier.handlers._announce_some():
        pass
    assert not await notifier.handlers._announce_some()
    assert await announced(notifier) == [("Old", True, 1), ("Old", True, 1)]


async def test_channels_when_another_organization_asks_then_are_not_found(
    notifier: Any, make_notifier: Callable[..., Any]
):
    channel = await notifier.webhook()
    [requested] = await notifier.tell(notifier.alert())
    other = make_notifier()
    where: dict[str, Any] = {"organization_id": other.organization, "channel_id": channel.id}
    assert await refused(other.handlers.update_channel(UpdateChannel(**where, name="Mine"))) == "channel-not-found"
    assert await refused(other.handlers.delete_channel(DeleteChannel(**where))) == "channel-not-found"
    assert await refused(other.handlers.send_test_message(SendTestMessage(**where))) == "channel-not-found"
    taken = CreateChannel(**where, spec=ChannelSpec(kind="webhook", url="https://evil.example"))
    assert await refused(other.handlers.create_channel(taken)) == "invalid-channel"
    assert (await other.deliveries.list_channels(ListChannels(organization_id=other.organization))).channels == []
    listed = await other.deliveries.list_notifications(
        ListNotifications(organization_id=other.organization, alert_id=requested.alert_id)
    )
    assert (listed.notifications, listed.total) == ([], 0)
    [kept] = (await notifier.deliveries.list_channels(ListChannels(organization_id=notifier.organization))).channels
    assert kept.name == channel.name


async def test_a_test_message_when_sent_then_says_what_came_of_it(notifier: Any):
    channel = await notifier.webhook()
    command = SendTestMessage(organization_id=notifier.organization, channel_id=channel.id)
    assert (await notifier.handlers.send_test_message(command)).state is DeliveryState.SENT
    notifier.way.failures[channel.id] = [Recoverable("time-out")]
    failed = await notifier.handlers.send_test_message(command)
    assert (failed.state, failed.error, failed.next_attempt_at) == (DeliveryState.FAILED, "time-out", None)
    listed = await notifier.deliveries.list_notifications(ListNotifications(organization_id=notifier.organization))
    assert [row.state for row in listed.notifications] == [DeliveryState.FAILED, DeliveryState.SENT]


async def test_notifications_when_paged_then_each_comes_once_newest_first(notifier: Any):
    await notifier.webhook()
    alerts = [notifier.alert(monitor_id=new_id()) for _ in range(5)]
    requested = [row.id for alert in alerts for row in await notifier.tell(alert)]
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


async def test_unsubscribe_when_the_token_is_ours_then_the_channel_rests_until_switched_on(notifier: Any):
    channel = await notifier.webhook()
    token = make_token(Subscription(notifier.organization, channel.id), SECRET)
    for _ in range(2):
        await notifier.handlers.unsubscribe(Unsubscribe(token=token))
    [listed] = (await notifier.deliveries.list_channels(ListChannels(organization_id=notifier.organization))).channels
    assert listed.is_active is False
    assert listed.unsubscribed_at
    assert await notifier.tell(notifier.alert()) == []
    on = UpdateChannel(organization_id=notifier.organization, channel_id=channel.id, is_active=True)
    assert (await notifier.handlers.update_channel(on)).unsubscribed_at is None
    forged = make_token(Subscription(notifier.organization, channel.id), "another secret of ours")
    assert await refused(notifier.handlers.unsubscribe(Unsubscribe(token=forged))) == "invalid-token"
    assert await refused(notifier.handlers.unsubscribe(Unsubscribe(token="junk"))) == "invalid-token"


# -- provider events --------------------------------------------------------------------------------------------------------


async def test_provider_events_when_signed_then_the_ledger_follows_them_in_any_order(notifier: Any):
    channel = await notifier.webhook()
    [requested] = await notifier.tell(notifier.alert())
    mine = requested.id
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


async def test_provider_events_when_the_signature_is_wrong_or_old_then_change_nothing(notifier: Any):
    await notifier.webhook()
    [requested] = await notifier.tell(notifier.alert())
    event = notifier.provider_event("open", requested.id)
    assert await refused(notifier.report(event, sign=False)) == "invalid-signature"
    assert await refused(notifier.report(event, at=time.time() - 3600)) == "invalid-signature"
    assert (await notifier.ledger(requested.id)).state is DeliveryState.SENT


async def test_provider_events_when_no_key_is_set_then_are_not_accepted(
    make_notifier: Callable[..., Any],
):
    notifier = make_notifier()
    assert await refused(notifier.report()) == "not-configured"


async def test_a_report_when_a_retry_was_waiting_then_it_is_not_sent_again(notifier: Any):
    channel = await notifier.webhook()
    notifier.way.failures[channel.id] = [Recoverable("time-out")]
    [requested] = await notifier.tell(notifier.alert())
    await notifier.report(notifier.provider_event("delivered", requested.id))
    await notifier.retry()
    assert len(notifier.way.given) == 1
    assert (await notifier.ledger(requested.id)).state is DeliveryState.DELIVERED


# -- looking, and trying again by hand -------------------------------------------------------------------------------------


async def test_deliveries_when_narrowed_by_channel_and_state_then_only_those_come(notifier: Any):
    good, bad = await notifier.webhook(), await notifier.webhook("https://hooks.example/b")
    notifier.way.failures[bad.id] = [Unrecoverable("http-410")]
    await notifier.tell(notifier.alert())

    async def listed(**asked: Any) -> list[tuple[Id, str]]:
        query = ListNotifications(organization_id=notifier.organization, **asked)
        found = await notifier.deliveries.list_notifications(query)
        assert found.total == len(found.notifications)
        return sorted((each.channel_id, each.state.value) for each in found.notifications)

    assert await listed() == sorted([(good.id, "sent"), (bad.id, "failed")])
    assert await listed(channel_id=good.id) == [(good.id, "sent")]
    assert await listed(state=DeliveryState.FAILED) == [(bad.id, "failed")]
    assert await listed(channel_id=good.id, state=DeliveryState.FAILED) == []


async def test_channels_when_listed_then_each_tells_how_its_newest_message_ended(notifier: Any):
    good, bad, idle = [await notifier.webhook(f"https://hooks.example/{n}") for n in range(3)]
    await notifier.tell(notifier.alert())
    await notifier.handlers.update_channel(
        UpdateChannel(organization_id=notifier.organization, channel_id=idle.id, is_active=False)
    )
    late = await notifier.webhook("https://hooks.example/late")
    notifier.way.failures[bad.id] = [Unrecoverable("http-410")]
    await notifier.tell(notifier.alert())
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


async def test_a_message_when_given_up_and_tried_again_by_hand_then_goes_out(notifier: Any):
    channel = await notifier.webhook()
    notifier.way.failures[channel.id] = [Unrecoverable("http-403")]
    [requested] = await notifier.tell(notifier.alert())
    whose: Any = {"organization_id": notifier.organization, "notification_id": requested.id}
    waiting = await notifier.deliveries.retry_notification(RetryNotification(**whose))
    assert (waiting.state, waiting.attempts, waiting.error) == ("pending", 1, "http-403")
    again = (await notifier.house.published())[-1].event
    assert isinstance(again, NotificationRequested)
    assert (again.notification, again.alert.id, again.reason) == (waiting, requested.alert_id, "condition-became-true")
    await notifier.retry()
    sent = await notifier.deliveries.get_notification(GetNotification(**whose))
    assert (sent.state, sent.attempts, sent.error) == ("sent", 2, None)
    assert (
        await refused(notifier.deliveries.retry_notification(RetryNotification(**whose))) == "notification-not-failed"
    )


async def test_a_message_when_there_is_no_way_to_send_it_then_is_not_tried_again(notifier: Any):
    channel = await notifier.webhook()
    notifier.way.failures[channel.id] = [Unrecoverable("http-403"), Unrecoverable("http-403")]
    whose: Any = {"organization_id": notifier.organization}
    tried = await notifier.handlers.send_test_message(SendTestMessage(**whose, channel_id=channel.id))
    [requested] = await notifier.tell(notifier.alert())
    retry = notifier.deliveries.retry_notification
    assert await refused(retry(RetryNotification(**whose, notification_id=tried.id))) == "no-way-to-send"
    other: Any = {"organization_id": new_id(), "notification_id": requested.id}
    assert await refused(retry(RetryNotification(**other))) == "notification-not-found"
    assert await refused(notifier.deliveries.get_notification(GetNotification(**other))) == "notification-not-found"
    paused = UpdateChannel(**whose, channel_id=channel.id, is_active=False)
    await notifier.handlers.update_channel(paused)
    failed = RetryNotification(**whose, notification_id=requested.id)
    assert await refused(retry(failed)) == "no-way-to-send"
    await notifier.handlers.delete_channel(DeleteChannel(**whose, channel_id=channel.id))
    assert await refused(retry(failed)) == "no-way-to-send"
    assert (await notifier.ledger(requested.id)).state is DeliveryState.FAILED


async def test_an_outbox_message_when_asked_for_then_comes_whole_to_its_organization_alone(notifier: Any):
    await notifier.register()
    await notifier.tell(notifier.alert())
    [listed] = (await notifier.deliveries.list_outbox(ListOutbox(organization_id=notifier.organization))).messages
    asked = GetOutboxMessage(organization_id=notifier.organization, message_id=listed.id)
    assert await notifier.deliveries.get_outbox_message(asked) == listed
    foreign = GetOutboxMessage(organization_id=new_id(), message_id=listed.id)
    assert await refused(notifier.deliveries.get_outbox_message(foreign)) == "message-not-found"


# -- the ledger -------------------------------------------------------------------------------------------------------------


async def test_apply_when_events_come_late_or_twice_then_the_newest_version_stays(notifier: Any):
    channel = await notifier.webhook()
    notifier.way.failures[channel.id] = [Recoverable("time-out")]
    await notifier.tell(notifier.alert())
    query = "SELECT * FROM notifier.notifications WHERE organization_id = $1"
    before = await notifier.house.pool.fetch(query, notifier.organization)
    events = [each.event for each in await notifier.house.published() if isinstance(each.event, NotificationEvent)]
    assert len(events) == 2
    async with notifier.house.pool.acquire() as db:
        for event in (*events, *reversed(events)):
            await store.apply(db, event)
        await store.apply_all(db, events)
    assert await notifier.house.pool.fetch(query, notifier.organization) == before


async def test_queries_when_there_are_many_rows_then_read_an_index(notifier: Any, plan: Any):
    organization, some, now = notifier.organization, new_id(), datetime.now(UTC) - timedelta(days=9)
    pool = notifier.house.pool
    await pool.execute(
        "INSERT INTO notifier.notifications SELECT gen_random_uuid(), CASE WHEN n % 100 = 0 THEN $1::uuid "
        "ELSE gen_random_uuid() END, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'sent', 1, NULL, '{}', "
        "NULL, NULL, gen_random_uuid() "
        "FROM generate_series(1, 5000) AS n",
        organization,
    )
    await pool.execute(
        "INSERT INTO notifier.channels SELECT id, organization_id, 'local', 'n', NULL, NULL, NULL, true, now(), NULL, 1 "
        "FROM notifier.notifications WHERE document = '{}'"
    )
    await pool.execute(
        "INSERT INTO notifier.outbox_messages SELECT id, organization_id, 'r', 's', 't', 'h', 'f', NULL, NULL, now() "
        "FROM notifier.notifications WHERE document = '{}'"
    )
    await pool.execute(
        "INSERT INTO notifier.arrivals SELECT organization_id, id, channel_id, NULL, 1, true, id, false "
        "FROM notifier.notifications WHERE document = '{}'"
    )
    await pool.execute(
        "INSERT INTO notifier.told_of SELECT organization_id, alert_id, id FROM notifier.notifications "
        "WHERE document = '{}'"
    )
    await pool.execute(
        "INSERT INTO notifier.claims SELECT channel_id, group_id, id, now() - interval '1 day' "
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
        (channel_store.CHANNEL, (organization, some)),
        (channel_store.THESE_CHANNELS, ([organization], [some])),
        (channel_store.ANNOUNCE_SOME, ()),
        (store.NOTIFICATION, (organization, some)),
        (store.WAITING, ([some], [some], [some])),
        (store.KNOWN, ([some],)),
        (store.ARRIVALS, ([organization], [some])),
        (store.DUE, (now, [some], 200)),
        (claims.RENEW, ([some], [some], some, timedelta(seconds=10))),
        (claims.FREE, ([some], [some], some)),
        (claims.EXPIRE, (now,)),
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


async def test_a_new_address_when_the_first_channel_is_there_then_it_follows(notifier: Any):
    await notifier.register()
    [first] = await notifier.channels()
    await notifier.move(first.id, "robin@example.com", "robin@example.org")
    targets = await notifier.house.pool.fetch(
        "SELECT address FROM notifier.channels WHERE organization_id = $1", notifier.organization
    )
    assert [row["address"] for row in targets] == ["robin@example.org"]


async def test_a_new_address_when_the_account_is_not_known_yet_then_it_is_waited_for(notifier: Any):
    with pytest.raises(Retryable):
        await notifier.move(new_id(), "robin@example.com", "robin@example.org", attempt=1)


async def test_a_new_address_when_the_first_channel_was_given_another_then_it_stays(notifier: Any):
    await notifier.register()
    [first] = await notifier.channels()
    await notifier.move(first.id, "somebody@example.com", "robin@example.org")
    address = await notifier.house.pool.fetchval("SELECT address FROM notifier.channels WHERE id = $1", first.id)
    assert address == "robin@example.com"


async def test_an_erased_organization_when_a_late_command_adds_a_channel_then_it_is_refused(notifier: Any):
    await notifier.register()
    async with notifier.house.pool.acquire() as db, db.transaction():
        await erase(db, "notifier", notifier.organization, store.ERASE)
    assert await notifier.channels() == []
    with pytest.raises(ProblemError) as refused:
        await notifier.webhook()
    assert refused.value.problem.type == "organization-deleted"
    assert await notifier.channels() == []


async def test_an_erased_organization_when_it_has_mails_in_the_outbox_then_their_files_go(notifier: Any):
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
