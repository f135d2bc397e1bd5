from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from monitors_alerter import inhibitors, routing_store, store, suppression_store
from monitors_alerter.changes import Changes
from monitors_alerter.inhibiting import Inhibiting
from monitors_alerter.suppressing import suppressions
from monitors_contracts.alerts import AlertResolved, AlertState, AlertTriggered, AlertView
from monitors_contracts.base import Event, Id, new_id
from monitors_contracts.inhibition import (
    CreateInhibition,
    DeleteInhibition,
    GetInhibition,
    InhibitionChanged,
    InhibitionDeleted,
    InhibitionSpec,
    InhibitionView,
    ListInhibitions,
    UpdateInhibition,
)
from monitors_contracts.notices import NoticeIssued
from monitors_contracts.notifications import ChannelChanged, ChannelInfo
from monitors_runtime.errors import ProblemError


def spec(source: str = "alertname=HostDown", target: str = "alertname=Slow", **parts: Any) -> InhibitionSpec:
    known = {"name": "Down hides slow", "source": source, "target": target, "equal": ["host"]}
    return InhibitionSpec.model_validate(known | parts)


class Alerter:
    """The alerter's answers about inhibition, for one organization."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.service = house.service("alerter")
        self.changes = Changes(self.service)
        self.inhibiting = Inhibiting(self.service)
        self.organization, self.user = new_id(), new_id()

    async def rule(self, *parts: str, **more: Any) -> InhibitionView:
        asked = self.ask(CreateInhibition, new_id(), spec=spec(*parts, **more))
        return await self.inhibiting.create_inhibition(asked)

    async def fire(self, name: str, severity: str = "warning", **labels: str) -> AlertView:
        alert = AlertView.model_validate(
            {
                "id": new_id(),
                "organization_id": self.organization,
                "fingerprint": str(new_id()),
                "state": "firing",
                "severity": severity,
                "origin": "prometheus",
                "name": name,
                "summary": name,
                "condition": "",
                "labels": labels,
                "started_at": datetime.now(UTC),
            }
        )
        await self.save(AlertTriggered, alert, "condition-became-true")
        return alert

    async def save(self, kind: Any, alert: AlertView, reason: str) -> None:
        async with self.service.transaction() as tx:
            event = kind(organization_id=self.organization, alert_id=alert.id, alert=alert, reason=reason)
            await self.changes.save(tx, [event])

    async def end(self, alert: AlertView) -> None:
        over = {"state": AlertState.RESOLVED, "resolved_at": datetime.now(UTC), "version": alert.version + 1}
        await self.save(AlertResolved, alert.model_copy(update=over), "condition-cleared")

    async def inhibitors(self, *alerts: AlertView) -> list[UUID | None]:
        found = await suppressions(self.house.pool, self.organization, alerts, datetime.now(UTC))
        return [next((each.inhibitor for each in found.get(alert.id, [])), None) for alert in alerts]

    async def published(self, kind: type[Event]) -> list[Any]:
        found = await self.house.published(kind)
        return [each for each in found if each.event.organization_id == self.organization]

    async def told(self) -> list[str]:
        while await self.changes.flushing.flush():
            pass
        return [alert.name for each in await self.published(NoticeIssued) for alert in each.event.notice.alerts]

    def ask(self, kind: Any, inhibition_id: Id | None = None, **parts: Any) -> Any:
        known = {"organization_id": self.organization, "user_id": self.user, "inhibition_id": inhibition_id} | parts
        return kind(**{name: value for name, value in known.items() if name in kind.model_fields})


@pytest.fixture
def alerter(house: Any) -> Alerter:
    return Alerter(house)


async def problem_of(asked: Awaitable[Any]) -> tuple[str, int]:
    with pytest.raises(ProblemError) as refused:
        await asked
    return refused.value.problem.type, refused.value.problem.status


async def test_alerts_on_the_host_that_is_down_are_held_back_until_it_is_up(alerter: Alerter):
    await alerter.rule()
    down = await alerter.fire("HostDown", host="a")
    slow, other = await alerter.fire("Slow", host="a"), await alerter.fire("Slow", host="b")
    assert await alerter.inhibitors(down, slow, other) == [None, down.id, None]
    await alerter.end(down)
    assert await alerter.inhibitors(slow) == [None]


async def test_what_another_alert_holds_back_is_told_when_that_is_over(alerter: Alerter):
    channel = ChannelInfo(id=new_id(), kind="webhook", name="Hook", is_active=True)
    async with alerter.house.pool.acquire() as db, db.transaction():
        await routing_store.apply(
            db, ChannelChanged(organization_id=alerter.organization, channel_id=channel.id, channel=channel)
        )
    rule = await alerter.rule()
    down = await alerter.fire("HostDown", host="a")
    await alerter.fire("Slow", host="a")
    assert await alerter.told() == ["HostDown"]
    shown = await alerter.inhibiting.get_inhibition(alerter.ask(GetInhibition, rule.id))
    assert (shown.sources, shown.held, shown.holding) == (1, 1, 1)
    await alerter.end(down)
    assert sorted(await alerter.told()) == ["HostDown", "HostDown", "Slow"]


async def test_a_rule_when_made_then_it_looks_at_what_fires_already(alerter: Alerter):
    down, slow = await alerter.fire("HostDown", host="a"), await alerter.fire("Slow", host="a")
    assert await alerter.inhibitors(slow) == [None]
    rule = await alerter.rule()
    assert rule.sources == 1
    assert await alerter.inhibitors(slow) == [down.id]
    elsewhere = alerter.ask(UpdateInhibition, rule.id, spec=spec(target="alertname=Full"))
    assert (await alerter.inhibiting.update_inhibition(elsewhere)).version == 2
    assert await alerter.inhibitors(slow) == [None]


async def test_an_alert_that_becomes_a_source_by_getting_worse_holds_others_back_from_then_on(alerter: Alerter):
    await alerter.rule("severity=critical", "severity=warning")
    full, slow = await alerter.fire("Full", host="a"), await alerter.fire("Slow", host="a")
    assert await alerter.inhibitors(slow) == [None]
    worse = full.model_copy(update={"severity": "critical", "version": 2})
    await alerter.save(AlertTriggered, worse, "severity-raised")
    assert await alerter.inhibitors(slow, worse) == [full.id, None]


async def test_a_ring_across_rules_is_told_by_one_of_its_alerts(alerter: Alerter):
    for source, target in (("A", "B"), ("B", "C"), ("C", "A")):
        await alerter.rule(f"alertname={source}", f"alertname={target}")
    alerts = [await alerter.fire(name, host="a") for name in "ABC"]
    assert await alerter.inhibitors(*alerts) == [None, alerts[0].id, alerts[1].id]


async def test_a_rule_of_another_organization_holds_nothing_back(alerter: Alerter, house: Any):
    other = Alerter(house)
    rule = await other.rule()
    await other.fire("HostDown", host="a")
    slow = await alerter.fire("Slow", host="a")
    assert await alerter.inhibitors(slow) == [None]
    assert await problem_of(alerter.inhibiting.get_inhibition(alerter.ask(GetInhibition, rule.id))) == (
        "inhibition-not-found",
        404,
    )
    assert (await alerter.inhibiting.list_inhibitions(alerter.ask(ListInhibitions))).rules == []


async def test_a_rule_that_is_switched_off_or_taken_away_holds_nothing_back(alerter: Alerter):
    rule = await alerter.rule()
    down, slow = await alerter.fire("HostDown", host="a"), await alerter.fire("Slow", host="a")
    off = alerter.ask(UpdateInhibition, rule.id, spec=spec(is_active=False))
    await alerter.inhibiting.update_inhibition(off)
    assert await alerter.inhibitors(slow) == [None]
    await alerter.inhibiting.update_inhibition(alerter.ask(UpdateInhibition, rule.id, spec=spec()))
    assert await alerter.inhibitors(slow) == [down.id]
    await alerter.inhibiting.delete_inhibition(alerter.ask(DeleteInhibition, rule.id))
    assert await alerter.inhibitors(slow) == [None]
    assert await problem_of(alerter.inhibiting.delete_inhibition(alerter.ask(DeleteInhibition, rule.id))) == (
        "inhibition-not-found",
        404,
    )
    assert len(await alerter.published(InhibitionDeleted)) == 1


async def test_what_holds_back_is_made_of_alerts_and_rules_whichever_is_heard_first(alerter: Alerter):
    await alerter.rule()
    down, slow = await alerter.fire("HostDown", host="a"), await alerter.fire("Slow", host="a")
    over = await alerter.fire("HostDown", host="a")
    await alerter.end(over)
    rules = [each.event for each in await alerter.published(InhibitionChanged)]
    alerts = [*(await alerter.published(AlertTriggered)), *(await alerter.published(AlertResolved))]
    rows = "SELECT key, alert_id, rule_id, aims FROM alerter.inhibitors WHERE organization_id = $1 ORDER BY 1, 2"
    live = await alerter.house.pool.fetch(rows, alerter.organization)
    assert [row["alert_id"] for row in live] == [down.id]
    for rules_first in (True, False):
        async with alerter.house.pool.acquire() as db, db.transaction():
            for statement in (*suppression_store.ERASE, *store.ERASE):
                await db.execute(statement, alerter.organization)
            for event in rules if rules_first else []:
                await suppression_store.apply(db, event)
            for each in alerts:
                await store.apply(db, each.event)
            for event in rules:
                await suppression_store.apply(db, event)
        assert await alerter.house.pool.fetch(rows, alerter.organization) == live
        assert await alerter.inhibitors(slow) == [down.id]


async def test_an_alert_that_is_over_holds_nothing_back_when_its_beginning_is_heard_late(alerter: Alerter):
    await alerter.rule()
    slow = await alerter.fire("Slow", host="a")
    down = await alerter.fire("HostDown", host="a")
    await alerter.end(down)
    [late] = [each.event for each in await alerter.published(AlertTriggered) if each.event.alert_id == down.id]
    async with alerter.house.pool.acquire() as db, db.transaction():
        await store.apply(db, late)
    assert await alerter.inhibitors(slow) == [None]


async def test_sources_are_found_by_their_key(alerter: Alerter, plan: Callable[..., Awaitable[str]]):
    await alerter.house.pool.execute(
        """
        INSERT INTO alerter.inhibitors
        SELECT $1, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), false, '', 'info', now(), '[]'
        FROM generate_series(1, 5000)
        """,
        alerter.organization,
    )
    planned = await plan(inhibitors.SOURCES, alerter.organization, [new_id()], 50)
    assert "inhibitors_by_key" in planned
    assert "Seq Scan on inhibitors" not in planned
    await alerter.house.pool.execute("DELETE FROM alerter.inhibitors WHERE organization_id = $1", alerter.organization)
