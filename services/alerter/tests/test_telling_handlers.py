"""Who is told what, from crossings to notices, in a real database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitors_alerter.changes import Changes
from monitors_alerter.handlers import Handlers
from monitors_alerter.routes import Routes
from monitors_contracts.alerts import AcknowledgeAlerts, AlertView, ResolveAlerts
from monitors_contracts.base import Id, new_id
from monitors_contracts.monitors import Crossing, ThresholdCleared, ThresholdExceeded
from monitors_contracts.notices import Notice, NoticeIssued
from monitors_contracts.notifications import ChannelChanged, ChannelDeleted, ChannelInfo
from monitors_contracts.routing import Route, SaveRouting

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
