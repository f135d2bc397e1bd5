"""Who is told what, from crossings to notices, in a real database."""

import asyncio
import contextlib
import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitors_alerter import telling
from monitors_alerter import telling_store as store
from monitors_alerter.changes import Changes
from monitors_alerter.domain import telling as deciding
from monitors_alerter.handlers import Handlers
from monitors_alerter.routes import Routes
from monitors_contracts.alerts import AcknowledgeAlerts, AlertView, ResolveAlerts
from monitors_contracts.base import Id, new_id
from monitors_contracts.decisions import DECISIONS
from monitors_contracts.monitors import Crossing, ThresholdCleared, ThresholdExceeded
from monitors_contracts.notices import Notice, NoticeIssued
from monitors_contracts.notifications import ChannelChanged, ChannelDeleted, ChannelInfo
from monitors_contracts.routing import RateLimit, Route, SaveRouting
from monitors_runtime.database import DATABASE_CONFLICT

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class World:
    """An alerter with one organization's rules, channels and routes."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.service = house.service("alerter")
        self.changes = Changes(self.service)
        self.handlers, self.routes = Handlers(self.service, self.changes), Routes(self.service)
        self.organization, self.user = new_id(), new_id()

    async def channel(self, kind: Any = "webhook", **parts: Any) -> Id:
        """A channel that the notifier announces."""
        known: dict[str, Any] = {"id": new_id(), "kind": kind, "name": "Chat", "is_active": True} | parts
        info = ChannelInfo(**known)
        event = ChannelChanged(organization_id=self.organization, channel_id=info.id, channel=info)
        await self.house.deliver_all(self.service, self.routes.channels_changed, event)
        return info.id

    async def forget(self, channel: Id) -> None:
        event = ChannelDeleted(organization_id=self.organization, channel_id=channel)
        await self.house.deliver_all(self.service, self.routes.channels_changed, event)

    async def route(self, root: Route) -> None:
        command = SaveRouting(organization_id=self.organization, user_id=self.user, root=root)
        await self.routes.save(command)

    def crossing(self, kind: type[Crossing], series: str, **parts: Any) -> Crossing:
        known: dict[str, Any] = {
            "organization_id": self.organization,
            "monitor_id": new_id(),
            "rule_id": new_id(),
            "monitor_name": "Disk",
            "fingerprint": series,
            "kind": "state",
            "summary": f"{series} is full",
            "condition": "used > 90",
            "labels": {"host": series},
            "occurred_at": datetime.now(UTC),
        }
        return kind(**(known | parts))

    async def hear(self, *crossings: Crossing) -> list[Notice]:
        """What channels are told in the transaction that hears of these."""
        events = await self.house.deliver_all(self.service, self.handlers.thresholds_crossed, *crossings)
        return [event.notice for event in events if isinstance(event, NoticeIssued)]

    async def fire(self, *series: str, **parts: Any) -> list[Notice]:
        return await self.hear(*(self.crossing(ThresholdExceeded, each, **parts) for each in series))

    async def clear(self, *series: str) -> list[Notice]:
        return await self.hear(*(self.crossing(ThresholdCleared, each) for each in series))

    async def flush(self) -> list[Notice]:
        """What channels are told by whoever looks at groups that are due."""
        before = len(await self.notices())
        while await self.changes.flushing.flush():
            pass
        return (await self.notices())[before:]

    async def notices(self) -> list[Notice]:
        """Every notice of the organization so far."""
        envelopes = await self.house.published(NoticeIssued)
        return [each.event.notice for each in envelopes if each.event.organization_id == self.organization]

    async def pass_time(self, **span: float) -> None:
        """As if everything of this organization had been so much earlier."""
        for table, columns in (
            ("groups", ("opened_at", "told_at", "due_at", "again_at", "next_due")),
            ("told", ("at",)),
            ("issued", ("at",)),
        ):
            changes = ", ".join(f"{column} = {column} - $2::interval" for column in columns)
            query = f"UPDATE alerter.{table} SET {changes} WHERE organization_id = $1"
            await self.house.pool.execute(query, self.organization, timedelta(**span))

    async def acknowledge(self, *alerts: AlertView) -> None:
        ids = [alert.id for alert in alerts]
        await self.handlers.acknowledge_alerts(
            AcknowledgeAlerts(organization_id=self.organization, alert_ids=ids, user_id=self.user)
        )

    async def resolve(self, *alerts: AlertView) -> None:
        ids = [alert.id for alert in alerts]
        await self.handlers.resolve_alerts(
            ResolveAlerts(organization_id=self.organization, alert_ids=ids, user_id=self.user)
        )

    async def left(self) -> dict[str, int]:
        """How many rows of working state are left."""
        query = "SELECT count(*) FROM alerter.{} WHERE organization_id = $1"
        return {
            table: await self.house.pool.fetchval(query.format(table), self.organization)
            for table in ("groups", "members")
        }


@pytest.fixture
def world(house: Any) -> World:
    return World(house)


def shape(notices: list[Notice]) -> list[tuple[Id, str, list[str]]]:
    """Channel, reason, and each alert's name and state."""
    return sorted(
        (each.channel_id, each.reason, [f"{alert.labels.get('host')} {alert.state}" for alert in each.alerts])
        for each in notices
    )


async def test_the_first_routes_when_an_alert_fires_and_is_over_then_every_channel_is_told_both_at_once(world: World):
    chat, hook = await world.channel(), await world.channel("email")
    expected = sorted([chat, hook])
    assert shape(await world.fire("db-1")) == [(each, "alerts-changed", ["db-1 firing"]) for each in expected]
    assert await world.fire("db-1") == []
    assert shape(await world.clear("db-1")) == [(each, "alerts-changed", ["db-1 resolved"]) for each in expected]
    assert await world.clear("db-1") == []
    assert await world.flush() == []
    assert await world.left() == {"groups": 0, "members": 0}


async def test_an_alert_when_there_is_no_channel_yet_then_is_told_when_one_appears(world: World):
    assert await world.fire("db-1") == []
    assert await world.flush() == []
    chat = await world.channel()
    assert shape(await world.flush()) == [(chat, "alerts-changed", ["db-1 firing"])]
    assert shape(await world.clear("db-1")) == [(chat, "alerts-changed", ["db-1 resolved"])]


async def test_a_group_that_waits_when_due_then_is_told_once_and_its_end_too(world: World):
    chat = await world.channel()
    await world.route(Route(name="root", group_by=[], group_wait=30, group_interval=300))
    assert await world.fire("db-1", "db-2") == []
    assert await world.flush() == []
    await world.pass_time(seconds=31)
    [notice] = await world.flush()
    assert (notice.channel_id, sorted(each.labels["host"] for each in notice.alerts)) == (chat, ["db-1", "db-2"])
    await world.clear("db-1", "db-2")
    assert await world.flush() == []
    await world.pass_time(seconds=301)
    [notice] = await world.flush()
    assert {alert.state for alert in notice.alerts} == {"resolved"}
    assert len(notice.alerts) == 2
    assert await world.left() == {"groups": 0, "members": 0}


async def test_a_group_that_waits_when_an_alert_gets_worse_then_is_told_at_once(world: World):
    chat = await world.channel()
    await world.route(Route(name="root", group_by=[], group_interval=300))
    await world.fire("db-1", severity="warning")
    await world.flush()
    assert await world.fire("db-1", severity="critical") == []
    assert shape(await world.flush()) == [(chat, "alerts-changed", ["db-1 firing"])]


async def test_routes_when_an_alert_goes_two_ways_to_one_channel_then_it_is_told_once(world: World):
    chat, other = await world.channel(), await world.channel()
    copy = {"name": "copy", "matchers": [{"label": "host", "value": "db-1"}], "channels": [chat], "continue": True}
    rest = Route(name="rest", channels=[chat, other])
    await world.route(Route(name="root", channels=[], routes=[Route.model_validate(copy), rest]))
    told = await world.fire("db-1")
    assert sorted((each.channel_id, each.route) for each in told) == sorted([(chat, "root/copy"), (other, "root/rest")])
    over = await world.clear("db-1")
    assert sorted((each.channel_id, each.alerts[0].state) for each in over) == sorted(
        [(chat, "resolved"), (other, "resolved")]
    )
    assert await world.left() == {"groups": 0, "members": 0}


async def test_routes_when_they_change_then_what_fires_is_told_where_it_goes_now_and_its_end_at_both(world: World):
    old, new = await world.channel(), await world.channel()
    await world.route(Route(name="root", channels=[old]))
    await world.fire("db-1")
    await world.route(Route(name="root", channels=[old], routes=[Route(name="all", channels=[new])]))
    assert shape(await world.flush()) == [(new, "alerts-changed", ["db-1 firing"])]
    assert await world.flush() == []
    await world.clear("db-1")
    await world.flush()
    over = [each.channel_id for each in await world.notices() if each.alerts[0].state == "resolved"]
    assert sorted(over) == sorted([old, new])
    assert await world.left() == {"groups": 0, "members": 0}


async def test_a_channel_when_it_is_gone_or_off_then_ends_are_dropped_or_wait(world: World):
    gone, off = await world.channel(), await world.channel()
    await world.fire("db-1")
    await world.forget(gone)
    await world.channel(id=off, is_active=False, version=2)
    assert await world.flush() == []
    assert await world.clear("db-1") == []
    assert await world.flush() == []
    await world.channel(id=off, version=3)
    assert shape(await world.flush()) == [(off, "alerts-changed", ["db-1 resolved"])]
    assert await world.left() == {"groups": 0, "members": 0}


async def test_what_fires_when_nobody_takes_it_then_is_repeated_until_somebody_does(world: World):
    chat = await world.channel()
    await world.route(Route(name="root", group_by=["host"], repeat_interval=3600))
    await world.fire("db-1")
    [first] = await world.flush()
    await world.pass_time(minutes=59)
    assert await world.flush() == []
    await world.pass_time(minutes=2)
    assert shape(await world.flush()) == [(chat, "repeated", ["db-1 firing"])]
    await world.acknowledge(first.alerts[0])
    await world.pass_time(minutes=61)
    assert await world.flush() == []
    await world.resolve(first.alerts[0])
    assert shape(await world.flush()) == [(chat, "alerts-changed", ["db-1 resolved"])]


async def test_a_limit_when_reached_then_one_digest_tells_the_rest_worst_first_and_all_ends_follow(world: World):
    chat = await world.channel("email")
    await world.route(Route(name="root", limit=RateLimit(notices=2, per=60)))
    names = [f"db-{number:03}" for number in range(150)]
    told = [await world.fire(each, severity="warning") for each in names[:3]]
    assert [len(each) for each in told] == [1, 1, 0]
    await world.fire(*names[3:148], severity="warning")
    await world.fire(*names[148:], severity="critical")
    assert await world.flush() == []
    await world.pass_time(seconds=6)
    [digest] = await world.flush()
    assert (digest.channel_id, digest.reason, len(digest.alerts), digest.more) == (chat, "digest", 100, {"warning": 48})
    assert [alert.severity for alert in digest.alerts[:3]] == ["critical", "critical", "warning"]
    await world.clear(*names)
    await world.pass_time(seconds=61)
    while await world.flush():
        await world.pass_time(seconds=61)
    over = [alert.id for each in await world.notices() for alert in each.alerts if alert.state == "resolved"]
    counted = sum(sum(each.more.values()) for each in await world.notices() if each.alerts[0].state == "resolved")
    assert len(over) == len(set(over))
    assert len(over) + counted == 150
    assert (await world.left())["members"] == 0


async def test_decisions_when_an_alert_waits_and_is_told_then_say_why_in_known_words(world: World):
    chat = await world.channel()
    await world.route(Route(name="root", group_by=[], group_wait=30))
    await world.fire("db-1")
    await world.pass_time(seconds=31)
    [notice] = await world.flush()
    found = await world.house.pool.fetch(store.DECISIONS_OF, world.organization, notice.alerts[0].id, 10)
    told, waited = [(each["word"], each["channel_id"], each["route"]) for each in found]
    assert (waited, told) == (("group-wait", None, "root"), ("told", chat, "root"))
    assert {"group-wait", "told"} <= set(DECISIONS)


async def test_two_alerters_when_they_hear_and_look_at_once_then_everything_is_told_once(world: World):
    chat = await world.channel()
    await world.route(
        Route.model_validate(
            {
                "name": "root",
                "limit": {"notices": 100_000},
                "routes": [
                    {"name": "pairs", "groupBy": ["pair"], "continue": True},
                    {"name": "all", "groupBy": []},
                ],
            }
        )
    )
    second = World(world.house)
    second.organization = world.organization
    names = [f"db-{number}" for number in range(40)]

    async def course(one: World, names: list[str]) -> None:
        for name in names:
            await one.fire(name, labels={"host": name, "pair": name[:4]})
        for name in names:
            await one.clear(name)

    async def look(one: World, done: asyncio.Event) -> None:
        while not done.is_set():
            try:
                await one.changes.flushing.flush()
            except DATABASE_CONFLICT:
                continue

    done = asyncio.Event()
    looking = [asyncio.create_task(look(each, done)) for each in (world, second)]
    await asyncio.gather(course(world, names[::2]), course(second, names[1::2]))
    done.set()
    await asyncio.gather(*looking)
    await world.flush()
    told = Counter((each.channel_id, alert.id, alert.state) for each in await world.notices() for alert in each.alerts)
    assert set(told.values()) == {1}
    assert {channel for channel, _, _ in told} == {chat}
    assert sum(state == "resolved" for _, _, state in told) == 40
    assert await world.left() == {"groups": 0, "members": 0}


async def test_an_alerter_when_it_dies_before_the_commit_then_another_tells_all_the_same(world: World):
    chat = await world.channel()
    await world.route(Route(name="root", group_by=[]))
    await world.fire("db-1")
    with contextlib.suppress(RuntimeError):
        async with world.service.transaction() as tx:
            assert (await world.changes.telling.flush(tx))[0] == 1
            raise RuntimeError("died")
    assert await world.notices() == []
    second = World(world.house)
    second.organization = world.organization
    assert shape(await second.flush()) == [(chat, "alerts-changed", ["db-1 firing"])]


async def test_a_group_when_it_fails_then_keeps_no_other_from_being_told(world: World, monkeypatch: pytest.MonkeyPatch):
    chat = await world.channel()
    await world.route(Route(name="root", group_by=["host"]))
    await world.fire("db-1", "db-2", "db-3")
    real = deciding.decide

    def decide(group: Any, *known: Any, **how: Any) -> Any:
        if group.labels["host"] == "db-2":
            raise ZeroDivisionError
        return real(group, *known, **how)

    monkeypatch.setattr(telling, "decide", decide)
    assert shape(await world.flush()) == [(chat, "alerts-changed", [f"db-{each} firing"]) for each in (1, 3)]
    monkeypatch.undo()
    assert await world.flush() == []
    await world.pass_time(seconds=61)
    assert shape(await world.flush()) == [(chat, "alerts-changed", ["db-2 firing"])]


async def test_alerts_that_are_long_when_told_together_then_come_in_messages_that_a_stream_takes(world: World):
    await world.channel()
    await world.route(Route(name="root", group_by=[]))
    told = {str(number): secrets.token_hex(5000) for number in range(40)}
    await world.fire("db-1", "db-2", "db-3", "db-4", annotations=told)
    notices = await world.flush()
    assert len(notices) > 1
    assert sorted(alert.labels["host"] for each in notices for alert in each.alerts) == ["db-1", "db-2", "db-3", "db-4"]


@pytest.mark.parametrize(("most", "groups"), [(1, [1, 1, 1]), (3, [1, 1, 1]), (4, [2, 1]), (6, [3])])
async def test_groups_when_they_are_large_then_are_looked_at_some_at_a_time(
    world: World, monkeypatch: pytest.MonkeyPatch, most: int, groups: list[int]
):
    monkeypatch.setattr(telling, "ALERTS_AT_ONCE", most)
    await world.channel()
    await world.route(Route(name="root", group_by=["rack"]))
    for rack in "abc":
        await world.fire(f"{rack}-1", f"{rack}-2", labels={"rack": rack})
    looked = [await world.changes.flushing.flush() for _ in (*groups, None)]
    assert looked == [*groups, 0]
    told = [sorted(alert.labels["rack"] for alert in each.alerts) for each in await world.notices()]
    assert told == [["a", "a"], ["b", "b"], ["c", "c"]]


async def test_groups_when_another_looks_at_the_first_then_the_next_are_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(telling, "ALERTS_AT_ONCE", 2)
    await world.channel()
    await world.route(Route(name="root", group_by=["rack"]))
    for rack in "abc":
        await world.fire(f"{rack}-1", f"{rack}-2", labels={"rack": rack})
    second = World(world.house)
    second.organization = world.organization
    async with world.service.transaction() as tx:
        assert (await world.changes.telling.flush(tx))[0] == 1
        assert [await second.changes.flushing.flush() for _ in range(3)] == [1, 1, 0]
    assert sorted(each.alerts[0].labels["rack"] for each in await world.notices()) == ["a", "b", "c"]


async def test_due_groups_and_an_alerts_places_when_there_are_many_then_are_found_by_index(house: Any, plan: Any):
    await house.pool.execute(
        "INSERT INTO alerter.groups (id, organization_id, key, route, labels, opened_at, wait, every, due_at) "
        "SELECT gen_random_uuid(), gen_random_uuid(), n::text, 'many', '{}', now(), '0', '0', now() + n * '1 s'::interval "
        "FROM generate_series(1, 20000) AS n"
    )
    await house.pool.execute(
        "INSERT INTO alerter.members (organization_id, group_id, alert_id, is_settled, was_clear, word, reason) "
        "SELECT organization_id, id, gen_random_uuid(), true, true, '', '' FROM alerter.groups"
    )
    some = [new_id(), new_id()]
    try:
        for query, *arguments in (
            (store.DUE.replace("$1", "now()").replace("$2", "200"),),
            (store.HOLD_DUE, some, datetime.now(UTC)),
            (store.MEMBERS, some, some),
            (store.MEMBERSHIPS, some),
            (store.WAKE_INHIBITED, some, datetime.now(UTC)),
            (store.WAKE_ESCALATING, some, datetime.now(UTC)),
            (store.TOLD, some),
            (store.DECISIONS_OF, some[0], some[0], 10),
        ):
            explained = await plan(_literal(query, arguments))
            assert "Seq Scan on members" not in explained, explained
            assert "Seq Scan on groups" not in explained, explained
    finally:
        await house.pool.execute("DELETE FROM alerter.groups WHERE route = 'root' AND key ~ '^[0-9]+$'")
        await house.pool.execute(
            "DELETE FROM alerter.members WHERE NOT EXISTS (SELECT FROM alerter.groups WHERE id = group_id)"
        )


def _literal(query: str, arguments: tuple[Any, ...] | list[Any]) -> str:
    for number, value in enumerate(arguments, 1):
        if isinstance(value, list):
            written = "ARRAY[" + ", ".join(f"'{each}'" for each in value) + "]"
        else:
            written = str(value) if isinstance(value, int) else f"'{value}'"
        query = query.replace(f"${number}", written)
    return query
