"""What comes and goes is told once that it does, and then once what it is when it is steady."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_alerter.changes import Changes
from monitors_alerter.domain import lifecycle
from monitors_alerter.domain.flapping import NEVER, Flapping, stays_away
from monitors_alerter.handlers import Handlers
from monitors_alerter.receiving import Receiving
from monitors_alerter.routes import Routes
from monitors_alerter.settling import STEADY, Settling
from monitors_contracts.alerts import AlertState, AlertView, GetAlertTimeline, ListAlerts, ResolveAlert
from monitors_contracts.base import Id, new_id
from monitors_contracts.monitors import ThresholdCleared, ThresholdExceeded
from monitors_contracts.notices import Notice, NoticeIssued
from monitors_contracts.notifications import ChannelChanged, ChannelInfo
from monitors_contracts.receiving import ReceiveAlerts, ReceivedAlert

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = Flapping(changes=6, within=30 * MINUTE, steady=10 * MINUTE)


@pytest.mark.parametrize(
    ("ends", "does"), [((), False), ((1, 2), False), ((1, 2, 3), True), ((1, 2, 31), False), ((3, 3, 3), False)]
)
def test_it_comes_and_goes_when_it_was_over_often_enough_of_late(ends: tuple[int, ...], does: bool) -> None:
    assert POLICY.comes_and_goes([NOW - n * MINUTE for n in ends], NOW) is does
    assert not NEVER.comes_and_goes([NOW - n * MINUTE for n in ends], NOW)


@given(st.lists(st.integers(0, 40), unique=True), st.integers(1, 20))
def test_fewer_changes_are_asked_for_then_it_comes_and_goes_all_the_more(ends: list[int], changes: int) -> None:
    times = [NOW - n * MINUTE for n in ends]
    if Flapping(changes=changes).comes_and_goes(times, NOW):
        assert all(Flapping(changes=fewer).comes_and_goes(times, NOW) for fewer in range(1, changes))
        assert changes <= 2 * len(ends)


def test_what_was_cleared_last_stays_away() -> None:
    assert stays_away(NOW, NOW + MINUTE)
    assert not stays_away(NOW, NOW - MINUTE)
    assert not stays_away(NOW, None)


def test_settle_when_the_clearing_was_before_it_began_then_it_is_over_at_its_beginning() -> None:
    alert = AlertView.model_validate(
        {
            "id": new_id(),
            "organization_id": new_id(),
            "fingerprint": "a",
            "state": AlertState.ACKNOWLEDGED,
            "name": "Disk",
            "summary": "",
            "condition": "",
            "started_at": NOW,
            "flapping_since": NOW,
        }
    )
    over = lifecycle.settle(alert, None, NOW - MINUTE, NOW + MINUTE)
    assert (over.alert.state, over.alert.resolved_at, over.alert.flapping_since) == ("resolved", NOW, None)
    on = lifecycle.settle(alert, NOW, NOW - MINUTE, NOW + MINUTE)
    assert (on.reason, on.alert.state, on.alert.version) == ("steady", "acknowledged", 2)


class World:
    """An alerter with one organization, one channel and one condition."""

    def __init__(self, house: Any) -> None:
        self.house, self.service = house, house.service("alerter")
        changes = Changes(self.service)
        self.handlers, self.routes = Handlers(self.service, changes, POLICY), Routes(self.service)
        self.settling = Settling(self.service, changes, POLICY)
        self.receiving = Receiving(self.service, changes, POLICY)
        self.organization, self.rule, self.user = new_id(), new_id(), new_id()
        self.at = datetime.now(UTC) - 15 * MINUTE

    async def channel(self) -> Id:
        info = ChannelInfo(id=new_id(), kind="webhook", name="Chat", is_active=True)
        event = ChannelChanged(organization_id=self.organization, channel_id=info.id, channel=info)
        await self.house.deliver_all(self.service, self.routes.channels_changed, event)
        return info.id

    async def cross(self, kind: Any) -> list[Notice]:
        """What is told in the transaction that hears of it; each is a second after the one before."""
        self.at += timedelta(seconds=1)
        crossing = kind(
            organization_id=self.organization,
            monitor_id=self.rule,
            rule_id=self.rule,
            monitor_name="Disk",
            fingerprint=f"{self.rule}:db-1",
            kind="state",
            summary="db-1 is full",
            condition="used > 90",
            labels={"host": "db-1"},
            occurred_at=self.at,
        )
        events = await self.house.deliver_all(self.service, self.handlers.thresholds_crossed, crossing)
        return [event.notice for event in events if isinstance(event, NoticeIssued)]

    async def come_and_go(self, times: int) -> list[Notice]:
        told: list[Notice] = []
        for _ in range(times):
            told += await self.cross(ThresholdExceeded)
            told += await self.cross(ThresholdCleared)
        return told

    async def tell(self, *, over: bool, value: float | None = None) -> None:
        """As another system tells it."""
        told = ReceivedAlert(
            labels={"alertname": "Disk", "host": "db-1"},
            name="Disk",
            summary="db-1 is full",
            severity="warning",
            value=value,
            ends_at=datetime.now(UTC) if over else None,
        )
        command = ReceiveAlerts(organization_id=self.organization, origin="grafana", alerts=[told], resolve_after=300)
        await self.receiving.receive(command)

    async def later(self, minutes: float) -> None:
        """As if all that came and went had done so many minutes ago, and what is told ended then."""
        moved = (self.organization, minutes * MINUTE)
        await self.house.pool.execute(
            "UPDATE alerter.clearings SET exceeded_at = exceeded_at - $2::interval, cleared_at = cleared_at - $2::interval"
            " WHERE organization_id = $1",
            *moved,
        )
        await self.house.pool.execute(
            "UPDATE alerter.received SET look_at = look_at - $2::interval, ends_at = ends_at - $2::interval"
            " WHERE organization_id = $1",
            *moved,
        )

    async def alerts(self) -> list[AlertView]:
        return (await self.handlers.list_alerts(ListAlerts(organization_id=self.organization))).alerts

    async def settle(self) -> list[Notice]:
        before = len(await self.notices())
        while await self.settling.look():
            pass
        return (await self.notices())[before:]

    async def notices(self) -> list[Notice]:
        envelopes = await self.house.published(NoticeIssued)
        return [each.event.notice for each in envelopes if each.event.organization_id == self.organization]


@pytest.fixture
def world(house: Any) -> World:
    return World(house)


async def test_what_comes_and_goes_is_told_once_and_over_once_it_stays_away(world: World) -> None:
    await world.channel()
    told = await world.come_and_go(3)
    assert [(each.reason, each.alerts[0].state) for each in told] == [
        ("alerts-changed", "firing"),
        ("alerts-changed", "resolved"),
        ("alerts-changed", "firing"),
        ("alerts-changed", "resolved"),
        ("alerts-changed", "firing"),
        ("flapping", "firing"),
    ]
    assert await world.come_and_go(4) == []
    [last, *_] = await world.alerts()
    assert (last.state, last.flapping_since is not None, last.occurrences) == ("firing", True, 5)
    [notice] = await world.settle()
    assert [(each.id, each.state, each.flapping_since) for each in notice.alerts] == [(last.id, "resolved", None)]
    assert notice.alerts[0].resolved_at == world.at
    steps = (
        await world.handlers.get_timeline(GetAlertTimeline(organization_id=world.organization, alert_id=last.id))
    ).steps
    kinds = [step.kind for step in steps]
    assert (kinds[0], kinds.count("flapping"), kinds[-1], steps[-1].reason) == ("opened", 1, "resolved", "stays-away")


async def test_what_fires_steadily_again_is_not_told_again_and_ends_as_any(world: World) -> None:
    await world.channel()
    await world.come_and_go(3)
    assert await world.cross(ThresholdExceeded) == []
    assert await world.settle() == []
    [last, *_] = await world.alerts()
    assert (last.state, last.flapping_since) == ("firing", None)
    await world.house.pool.execute("UPDATE alerter.clearings SET ends = '{}'")
    [notice] = await world.cross(ThresholdCleared)
    assert (notice.alerts[0].id, notice.alerts[0].state) == (last.id, "resolved")


async def test_what_another_system_tells_to_come_and_go_is_told_once_and_over_once_it_stays_away(world: World) -> None:
    await world.channel()
    for _ in range(3):
        await world.tell(over=False)
        await world.tell(over=True)
    told = [(each.reason, each.alerts[0].state) for each in await world.notices()]
    assert told[-2:] == [("alerts-changed", "firing"), ("flapping", "firing")]
    assert len(told) == 6
    for _ in range(2):
        await world.tell(over=False)
        await world.tell(over=False, value=95)
        await world.tell(over=True)
        await world.tell(over=True)
    assert len(await world.notices()) == 6, "nobody is told of more"
    [last, *others] = await world.alerts()
    assert (last.state, last.occurrences, len(others)) == ("firing", 3, 2)
    assert await world.settle() == []
    await world.later(90)
    await world.receiving.look()
    [notice] = await world.settle()
    assert [(each.id, each.state) for each in notice.alerts] == [(last.id, "resolved")]
    await world.later(90)
    await world.receiving.look()
    await world.tell(over=False)
    assert [each.state for each in (await world.alerts())[:2]] == ["firing", "resolved"]


async def test_what_another_system_tells_to_fire_steadily_again_goes_on_and_ends_when_it_is_told_no_more(
    world: World,
) -> None:
    await world.channel()
    for _ in range(3):
        await world.tell(over=False)
        await world.tell(over=True)
    await world.tell(over=False)
    before = len(await world.notices())
    await world.house.pool.execute(
        "UPDATE alerter.clearings SET exceeded_at = exceeded_at - $2::interval, cleared_at = cleared_at - $2::interval,"
        " ends = '{}' WHERE organization_id = $1",
        world.organization,
        11 * MINUTE,
    )
    assert await world.settle() == []
    [last, *_] = await world.alerts()
    assert (last.state, last.flapping_since) == ("firing", None)
    await world.later(10)
    await world.receiving.look()
    assert [(each.alerts[0].id, each.alerts[0].state) for each in (await world.notices())[before:]] == [
        (last.id, "resolved")
    ]


async def test_what_another_system_stops_telling_again_and_again_comes_and_goes(world: World) -> None:
    for _ in range(3):
        await world.tell(over=False)
        await world.house.pool.execute(
            "UPDATE alerter.received SET look_at = now(), ends_at = now() WHERE organization_id = $1",
            world.organization,
        )
        await world.receiving.look()
    [last, *_] = await world.alerts()
    assert (last.state, last.flapping_since is not None) == ("firing", True)


async def test_what_changed_a_moment_ago_is_not_steady(world: World) -> None:
    world.at = datetime.now(UTC) - MINUTE
    await world.channel()
    await world.come_and_go(3)
    assert await world.settle() == []
    assert (await world.alerts())[0].flapping_since is not None


async def test_what_was_ended_by_hand_while_it_came_and_went_is_over(world: World) -> None:
    await world.channel()
    await world.come_and_go(3)
    [last, *_] = await world.alerts()
    ended = await world.handlers.resolve_alert(
        ResolveAlert(organization_id=world.organization, alert_id=last.id, user_id=world.user)
    )
    assert ended.state == "resolved"
    assert await world.settle() == []
    assert [each.alerts[0].state for each in (await world.notices())[-2:]] == ["firing", "resolved"]


async def test_the_watch_reads_the_index_of_what_comes_and_goes(world: World, plan: Any) -> None:
    await world.house.pool.execute(
        "INSERT INTO alerter.alerts SELECT id, $1, id, id::text, 'firing', 1, now(), NULL, '{}', 'warning' "
        "FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 5000)) AS made",
        world.organization,
    )
    assert "Seq Scan on alerts" not in await plan(STEADY, NOW, 10)
