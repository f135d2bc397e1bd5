import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import new_id
from monitors_contracts.notifications import (
    DeleteChannel,
    DeliveryState,
    ListNotifications,
    ListOutbox,
    NotificationDelayed,
    NotificationEvent,
    NotificationFailed,
    NotificationRequested,
    NotificationSent,
    NotificationSuperseded,
    UpdateChannel,
)
from monitors_notifier import delivering, store
from monitors_notifier.channels import Recoverable, Unrecoverable


def later(alert: AlertView, **changes: Any) -> AlertView:
    """The alert after its next change."""
    return alert.model_copy(update={"version": alert.version + 1, **changes})


def over(alert: AlertView) -> AlertView:
    return later(alert, state=AlertState.RESOLVED, resolved_at=datetime.now(UTC))


def down(times: int = 99) -> list[Exception]:
    return [Recoverable("http-503") for _ in range(times)]


# -- a notice at once ------------------------------------------------------------------------------------------------------


async def test_a_notice_when_its_receiver_takes_it_then_the_ledger_has_it_with_one_event(notifier: Any):
    channel = await notifier.webhook()
    [row] = await notifier.tell(notifier.alert())
    assert (row.state, row.attempts, row.channel_id) == (DeliveryState.SENT, 1, channel.id)
    assert (row.trigger_value, row.previous_value, row.change_detected) == (45.5, 60, True)
    events = [each.event for each in await notifier.house.published() if isinstance(each.event, NotificationEvent)]
    assert [type(event) for event in events] == [NotificationSent]


async def test_a_notice_when_it_comes_again_then_it_is_not_sent_again(notifier: Any):
    channel = await notifier.webhook()
    notice = notifier.notice(channel.id, notifier.alert())
    await notifier.deliver(notice, notice)
    await notifier.deliver(notice)
    assert len(notifier.way.given) == 1
    assert await notifier.states() == ["sent"]


async def test_two_copies_when_both_get_a_notice_then_one_sends_it(notifier: Any, make_notifier: Callable[..., Any]):
    other = make_notifier()
    other.organization, other.way.hold = notifier.organization, notifier.way.hold
    channel = await notifier.webhook()
    held = notifier.way.hold[channel.id] = asyncio.Event()
    notice = notifier.notice(channel.id, notifier.alert())
    first = asyncio.create_task(notifier.deliver(notice))
    while not notifier.way.given:
        await asyncio.sleep(0.01)
    await other.deliver(notice)
    assert other.way.given == [], "the other copy is at it"
    held.set()
    await first
    await notifier.idle()
    await other.retry()
    assert (len(notifier.way.given), [each for each in other.way.given if each[0] == channel.id]) == (1, [])
    assert (await notifier.ledger(notice.notice_id)).state is DeliveryState.SENT


async def test_a_copy_that_died_when_its_claim_ends_then_another_sends_once(notifier: Any):
    channel = await notifier.webhook()
    notice = notifier.notice(channel.id, notifier.alert())
    await notifier.house.pool.execute(
        "INSERT INTO notifier.claims VALUES ($1, $2, $3, now() + interval '1 hour')",
        channel.id,
        notice.notice.group_id,
        new_id(),
    )
    await notifier.deliver(notice)
    assert (await notifier.ledger(notice.notice_id)).state is DeliveryState.PENDING
    await notifier.retry()
    assert notifier.way.given == []
    await notifier.house.pool.execute("UPDATE notifier.claims SET until = now() WHERE channel_id = $1", channel.id)
    await notifier.retry()
    assert notifier.way.given == [(channel.id, notice.notice_id)]
    assert (await notifier.ledger(notice.notice_id)).state is DeliveryState.SENT
    left = await notifier.house.pool.fetchval("SELECT count(*) FROM notifier.claims WHERE channel_id = $1", channel.id)
    assert left == 0


async def test_a_try_when_the_database_goes_in_its_midst_then_its_claim_ends(
    notifier: Any, monkeypatch: pytest.MonkeyPatch
):
    channel = await notifier.webhook()
    notice = notifier.notice(channel.id, notifier.alert())

    async def away(*_: Any) -> Any:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(store, "arrivals", away)
        with pytest.raises(ConnectionResetError):
            await notifier.deliver(notice)
    assert notifier.delivering._claims._held == set(), "nobody holds on to it"
    await notifier.house.pool.execute("UPDATE notifier.claims SET until = now() WHERE channel_id = $1", channel.id)
    await notifier.deliver(notice)
    assert await notifier.states() == ["sent"]


async def test_a_try_when_it_takes_long_then_the_ledger_shows_it_waiting_until_it_ends(notifier: Any):
    channel = await notifier.webhook()
    held = notifier.way.hold[channel.id] = asyncio.Event()
    notice = notifier.notice(channel.id, notifier.alert())
    trying = asyncio.create_task(notifier.deliver(notice))
    while not await notifier.states():
        await asyncio.sleep(0.05)
    row = await notifier.ledger(notice.notice_id)
    assert (row.state, row.attempts) == (DeliveryState.PENDING, 0)
    await trying
    held.set()
    await notifier.idle()
    row = await notifier.ledger(notice.notice_id)
    assert (row.state, row.attempts) == (DeliveryState.SENT, 1)
    assert len(notifier.way.given) == 1


async def test_the_local_channel_when_sent_then_the_mail_is_in_the_outbox_and_on_disk(notifier: Any):
    await notifier.register()
    await notifier.tell(notifier.alert())
    outbox = await notifier.deliveries.list_outbox(ListOutbox(organization_id=notifier.organization))
    assert outbox.total == 1
    [message] = outbox.messages
    assert message.to == "robin@example.com"
    assert "Copper kettle" in message.subject
    assert b"Subject:" in Path(message.file).read_bytes()
    assert (await notifier.deliveries.list_outbox(ListOutbox(organization_id=new_id()))).messages == []


async def test_a_notice_of_an_erased_organization_when_it_is_late_then_nothing_is_kept(notifier: Any):
    channel = await notifier.webhook()
    pool = notifier.house.pool
    async with pool.acquire() as db:
        await db.execute("SELECT runtime.erase('notifier', $1)", notifier.organization)
    await notifier.deliver(notifier.notice(channel.id, notifier.alert()))
    assert await notifier.states() == []


# -- failures --------------------------------------------------------------------------------------------------------------


async def test_a_failed_try_when_recoverable_then_is_due_later_and_given_up_after_the_last(notifier: Any):
    channel = await notifier.webhook()
    notifier.way.failures[channel.id] = down()
    [row] = await notifier.tell(notifier.alert())
    for attempt in (1, 2):
        assert (row.state, row.attempts, row.error) == (DeliveryState.PENDING, attempt, "http-503")
        assert row.next_attempt_at > datetime.now(UTC)
        await notifier.retry()
        row = await notifier.ledger(row.id)
    assert (row.state, row.error, row.next_attempt_at) == (
        DeliveryState.FAILED,
        "gave-up-after-3-tries: http-503",
        None,
    )
    await notifier.retry()
    assert len(notifier.way.given) == 3
    assert len({delivery for _, delivery in notifier.way.given}) == 1, "one id at the receiver, however often tried"
    kinds = [type(each.event) for each in await notifier.house.published(NotificationEvent)]
    assert kinds == [NotificationRequested, NotificationDelayed, NotificationDelayed, NotificationFailed]


async def test_a_failed_try_when_not_recoverable_then_is_given_up_at_once(notifier: Any):
    channel = await notifier.webhook()
    notifier.way.failures[channel.id] = [Unrecoverable("http-410")]
    [row] = await notifier.tell(notifier.alert())
    assert (row.state, row.error, row.attempts) == (DeliveryState.FAILED, "http-410", 1)


async def test_a_dead_receiver_when_it_rests_then_its_messages_wait_uncounted_and_others_go_out(notifier: Any):
    dead, alive = await notifier.webhook(), await notifier.webhook("https://hooks.example/b")
    notifier.way.failures[dead.id] = down(1)
    await notifier.tell(notifier.alert())
    rows = {row.channel_id: row for row in await notifier.tell(notifier.alert())}
    assert (rows[dead.id].state, rows[dead.id].attempts) == (DeliveryState.PENDING, 0)
    assert rows[alive.id].state is DeliveryState.SENT
    assert [channel for channel, _ in notifier.way.given].count(dead.id) == 1
    await notifier.retry()
    assert await notifier.states() == ["sent"] * 4


async def test_a_receiver_when_it_hangs_with_many_messages_then_another_ones_are_not_delayed(notifier: Any):
    hung, alive = await notifier.webhook(), await notifier.webhook("https://hooks.example/b")
    held = notifier.way.hold[hung.id] = asyncio.Event()
    many = [notifier.notice(hung.id, notifier.alert()) for _ in range(200)]
    hanging = asyncio.create_task(notifier.deliver(*many))
    while len(notifier.way.given) < 64:
        await asyncio.sleep(0.01)
    begun = asyncio.get_running_loop().time()
    await notifier.deliver(notifier.notice(alive.id, notifier.alert()))
    assert asyncio.get_running_loop().time() - begun < 1
    assert len([channel for channel, _ in notifier.way.given if channel == hung.id]) == 64
    held.set()
    await hanging
    await notifier.idle()
    await notifier.retry()
    await notifier.retry()
    assert set(await notifier.states()) == {"sent"}


async def test_receivers_that_hang_when_there_are_more_messages_than_slots_then_keep_none_and_others_arrive(
    notifier: Any,
):
    hung, alive = await notifier.webhook(), await notifier.webhook("https://hooks.example/b")
    held = notifier.way.hold[hung.id] = asyncio.Event()
    slots = asyncio.Semaphore(4)

    async def handed(event: Any) -> None:
        async with slots:
            await notifier.deliver(event)

    notices = [notifier.notice(each.id, notifier.alert()) for each in (hung,) * 8 + (alive,) * 4]
    async with asyncio.timeout(20):
        await asyncio.gather(*map(handed, notices))
    states = [(await notifier.ledger(notice.notice_id)).state for notice in notices]
    assert states == [DeliveryState.PENDING] * 8 + [DeliveryState.SENT] * 4
    held.set()
    await notifier.idle()
    assert await notifier.states() == ["sent"] * 12
    assert len(notifier.way.given) == 12, "each was sent once"


async def test_a_copy_that_stops_when_its_receiver_hangs_then_another_copy_delivers(
    notifier: Any, make_notifier: Callable[..., Any]
):
    other = make_notifier()
    other.organization = notifier.organization
    channel = await notifier.webhook()
    notifier.way.hold[channel.id] = asyncio.Event()
    notice = notifier.notice(channel.id, notifier.alert())
    await notifier.deliver(notice)
    async with asyncio.timeout(5):
        await notifier.delivering.stop()
    assert notifier.way.taken == []
    await notifier.house.pool.execute("UPDATE notifier.claims SET until = now() WHERE channel_id = $1", channel.id)
    await other.retry()
    assert other.way.given == [(channel.id, notice.notice_id)]
    assert (await other.ledger(notice.notice_id)).state is DeliveryState.SENT


async def test_a_try_when_it_fails_late_then_it_waits_in_the_ledger_and_nothing_is_raised(
    notifier: Any, monkeypatch: pytest.MonkeyPatch
):
    channel = await notifier.webhook()
    held = notifier.way.hold[channel.id] = asyncio.Event()
    notice = notifier.notice(channel.id, notifier.alert())
    await notifier.deliver(notice)
    with monkeypatch.context() as patched:
        patched.setattr(delivering, "Outcome", None)
        held.set()
        await notifier.idle()
    assert (await notifier.ledger(notice.notice_id)).state is DeliveryState.PENDING
    assert notifier.delivering._claims._held == set(), "nobody holds on to it"
    await notifier.house.pool.execute("UPDATE notifier.claims SET until = now() WHERE channel_id = $1", channel.id)
    await notifier.retry()
    assert await notifier.states() == ["sent"]


async def test_a_channel_when_switched_off_meanwhile_then_nothing_is_sent(notifier: Any):
    channel = await notifier.webhook()
    notice = notifier.notice(channel.id, notifier.alert())
    await notifier.handlers.update_channel(
        UpdateChannel(organization_id=notifier.organization, channel_id=channel.id, is_active=False)
    )
    await notifier.deliver(notice)
    row = await notifier.ledger(notice.notice_id)
    assert (row.state, row.error) == (DeliveryState.FAILED, "channel-switched-off")
    assert notifier.way.given == []


async def test_a_channel_when_deleted_meanwhile_then_what_waits_is_given_up_and_what_comes_is_dropped(notifier: Any):
    channel = await notifier.webhook()
    notifier.way.failures[channel.id] = down(1)
    [row] = await notifier.tell(notifier.alert())
    await notifier.handlers.delete_channel(DeleteChannel(organization_id=notifier.organization, channel_id=channel.id))
    await notifier.deliver(notifier.notice(channel.id, notifier.alert()))
    await notifier.retry()
    row = await notifier.ledger(row.id)
    assert (row.state, row.error) == (DeliveryState.FAILED, "channel-switched-off")
    assert await notifier.states() == ["failed"]
    assert len(notifier.way.given) == 1


# -- several notices of a group --------------------------------------------------------------------------------------------


async def test_an_alert_when_it_fires_and_ends_during_an_outage_then_it_arrives_once_as_that(notifier: Any):
    channel = await notifier.webhook()
    notifier.way.failures[channel.id] = down(1)
    alert = notifier.alert()
    [fired] = await notifier.tell(alert)
    [ended] = await notifier.tell(over(alert))
    assert (await notifier.ledger(fired.id)).superseded_by == ended.id
    assert ended.state is DeliveryState.PENDING
    await notifier.retry()
    [(_, message)] = notifier.way.taken
    assert (message.type, message.data["id"]) == ("alert.resolved", str(alert.id))
    assert message.subject == "Fired and resolved: Copper kettle"
    assert await notifier.states() == ["superseded", "sent"]
    kinds = [type(each.event) for each in await notifier.house.published(NotificationEvent)]
    assert NotificationSuperseded in kinds


async def test_an_alert_when_it_was_taken_as_firing_then_its_end_follows_an_outage(notifier: Any):
    channel = await notifier.webhook()
    alert = notifier.alert()
    await notifier.tell(alert)
    notifier.way.failures[channel.id] = down(1)
    await notifier.tell(over(alert))
    await notifier.retry()
    assert [message.type for _, message in notifier.way.taken] == ["alert.triggered", "alert.resolved"]
    assert notifier.way.taken[1][1].subject == "Resolved: Copper kettle"


async def test_notices_of_a_group_when_they_waited_then_go_out_as_one_with_each_alert_as_it_is_now(notifier: Any):
    channel, group = await notifier.webhook(), new_id()
    notifier.way.failures[channel.id] = down(1)
    one, two = notifier.alert(name="one"), notifier.alert(name="two", severity="critical")
    await notifier.deliver(notifier.notice(channel.id, one, group_id=group))
    await notifier.deliver(notifier.notice(channel.id, two, over(one), group_id=group))
    three = notifier.alert(name="three")
    last = notifier.notice(channel.id, three, group_id=group)
    await notifier.deliver(last)
    await notifier.retry()
    [(_, message)] = notifier.way.taken
    assert message.type == "alerts.changed"
    assert [(alert["name"], alert["state"]) for alert in message.data["alerts"]] == [
        ("two", "firing"),
        ("three", "firing"),
        ("one", "resolved"),
    ]
    assert await notifier.states() == ["superseded", "superseded", "sent"]
    row = await notifier.ledger(last.notice_id)
    assert row.alert_ids == [two.id, three.id, one.id]
    for alert, count in ((one, 3), (two, 2), (three, 1)):
        asked = ListNotifications(organization_id=notifier.organization, alert_id=alert.id)
        found = await notifier.deliveries.list_notifications(asked)
        assert (found.total, len(found.notifications)) == (count, count)
        assert found.notifications[0].id == last.notice_id


async def test_a_notice_when_a_newer_one_overtook_it_then_it_is_not_told(notifier: Any):
    channel = await notifier.webhook()
    alert = notifier.alert()
    fired, ended = notifier.notice(channel.id, alert), notifier.notice(channel.id, over(alert))
    await notifier.deliver(ended)
    await notifier.deliver(fired)
    assert [message.subject for _, message in notifier.way.taken] == ["Fired and resolved: Copper kettle"]
    row = await notifier.ledger(fired.notice_id)
    assert (row.state, row.superseded_by) == (DeliveryState.SUPERSEDED, ended.notice_id)


async def test_a_newer_notice_when_the_older_one_is_on_its_way_then_it_goes_out_after_it(notifier: Any):
    channel = await notifier.webhook()
    held = notifier.way.hold[channel.id] = asyncio.Event()
    alert = notifier.alert()
    first = asyncio.create_task(notifier.deliver(notifier.notice(channel.id, alert)))
    while not notifier.way.given:
        await asyncio.sleep(0.01)
    second = asyncio.create_task(notifier.deliver(notifier.notice(channel.id, over(alert))))
    await second
    assert len(notifier.way.given) == 1, "it waits in the ledger while the older one takes its time"
    held.set()
    await first
    await notifier.idle()
    await notifier.retry()
    assert [message.type for _, message in notifier.way.taken] == ["alert.triggered", "alert.resolved"]


# -- channels that stand in ------------------------------------------------------------------------------------------------


async def test_a_firing_when_its_channel_refuses_it_then_another_stands_in_and_hears_the_end_too(notifier: Any):
    first, second = await notifier.webhook(), await notifier.webhook("https://hooks.example/b")
    notifier.way.failures[first.id] = [Unrecoverable("http-410")]
    alert = notifier.alert()
    failed = notifier.notice(first.id, alert, fallback=[second.id])
    await notifier.deliver(failed)
    await notifier.retry()
    ended = notifier.notice(first.id, over(alert), fallback=[second.id])
    await notifier.deliver(ended)
    await notifier.retry()
    assert [(channel, message.type) for channel, message in notifier.way.taken] == [
        (second.id, "alert.triggered"),
        (second.id, "alert.resolved"),
    ]
    assert notifier.way.taken[1][1].subject == "Resolved: Copper kettle"
    rows = [
        (await notifier.ledger(row["id"]))
        for row in await notifier.house.pool.fetch(
            "SELECT id FROM notifier.notifications WHERE organization_id = $1 AND channel_id = $2 ORDER BY id",
            notifier.organization,
            second.id,
        )
    ]
    assert [row.fallback_for for row in rows] == [failed.notice_id, ended.notice_id]
    assert (await notifier.ledger(ended.notice_id)).superseded_by == rows[1].id


async def test_a_firing_when_its_channel_is_away_for_long_then_another_stands_in(notifier: Any):
    first, second = await notifier.webhook(), await notifier.webhook("https://hooks.example/b")
    notifier.way.failures[first.id] = down()
    notice = notifier.notice(
        first.id, notifier.alert(), fallback=[second.id], issued_at=datetime.now(UTC) - timedelta(seconds=121)
    )
    await notifier.deliver(notice)
    assert (await notifier.ledger(notice.notice_id)).error == "others-stand-in-after-1-tries: http-503"
    await notifier.retry()
    assert [channel for channel, _ in notifier.way.taken] == [second.id]


async def test_an_end_when_its_channel_refuses_it_then_nobody_else_hears_of_it(notifier: Any):
    first, second = await notifier.webhook(), await notifier.webhook("https://hooks.example/b")
    alert = notifier.alert()
    await notifier.deliver(notifier.notice(first.id, alert, fallback=[second.id]))
    notifier.way.failures[first.id] = [Unrecoverable("http-410")]
    await notifier.deliver(notifier.notice(first.id, over(alert), fallback=[second.id]))
    await notifier.retry()
    assert [channel for channel, _ in notifier.way.taken] == [first.id]


# -- replay ----------------------------------------------------------------------------------------------------------------


async def test_the_ledger_when_it_is_made_again_from_its_events_then_is_the_same(notifier: Any):
    channel, other = await notifier.webhook(), await notifier.webhook("https://hooks.example/b")
    group, alert = new_id(), notifier.alert()
    notifier.way.failures[channel.id] = [*down(1), Unrecoverable("http-403")]
    await notifier.deliver(notifier.notice(channel.id, alert, notifier.alert(), group_id=group, fallback=[other.id]))
    await notifier.deliver(notifier.notice(channel.id, over(alert), group_id=group, fallback=[other.id]))
    await notifier.retry()
    await notifier.retry()
    pool, organization = notifier.house.pool, notifier.organization

    async def all_tables() -> dict[str, list[Any]]:
        return {
            table: await pool.fetch(f"SELECT * FROM {table} AS t WHERE organization_id = $1 ORDER BY t", organization)
            for table in store.LEDGER_TABLES
        }

    live = await all_tables()
    assert all(live.values()), "each table has something to make again"
    async with pool.acquire() as db:
        for table in store.LEDGER_TABLES:
            await db.execute(f"DELETE FROM {table} WHERE organization_id = $1", organization)
        for each in await notifier.house.published(NotificationEvent):
            for _ in range(2):
                await store.apply(db, each.event)
    assert await all_tables() == live
