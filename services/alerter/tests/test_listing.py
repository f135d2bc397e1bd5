"""Alerts narrowed by labels, origin, who has them and what holds them back; and given to people."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitors_alerter import label_filters, store
from monitors_alerter.changes import Changes
from monitors_alerter.domain.labels import labels_of
from monitors_alerter.domain.lifecycle import assign
from monitors_alerter.handlers import Handlers
from monitors_contracts.alerts import (
    AlertAssigned,
    AlertState,
    AlertTriggered,
    AlertView,
    AssignAlerts,
    GetAlertTimeline,
    ListAlerts,
)
from monitors_contracts.base import Id, new_id
from monitors_contracts.matchers import Matcher, match_all, parse_matchers
from monitors_runtime.narrowing import narrowed

VALUES = ("", "a", "b", "db-1", "rule")


class World:
    """An alerter with alerts of one organization."""

    def __init__(self, house: Any) -> None:
        self.house, self.service = house, house.service("alerter")
        self.handlers = Handlers(self.service, Changes(self.service))
        self.organization, self.user = new_id(), new_id()

    async def add(self, **parts: Any) -> AlertView:
        known = {
            "id": new_id(),
            "organization_id": self.organization,
            "fingerprint": str(new_id()),
            "state": AlertState.FIRING,
            "name": "Disk",
            "summary": "Disk is full",
            "condition": "used > 90",
            "started_at": datetime.now(UTC),
        }
        alert = AlertView.model_validate(known | parts)
        event = AlertTriggered(organization_id=self.organization, alert_id=alert.id, alert=alert, reason="received")
        await store.apply(self.house.pool, event)
        return alert

    async def found(self, text: str = "", organization: Id | None = None, **parts: Any) -> set[Id]:
        asked = ListAlerts(organization_id=organization or self.organization, matchers=parse_matchers(text), **parts)
        reply = await self.handlers.list_alerts(asked)
        assert reply.total == len(reply.alerts)
        return {alert.id for alert in reply.alerts}


@pytest.fixture
def world(house: Any) -> World:
    return World(house)


async def test_list_when_narrowed_by_labels_then_those_that_routes_would_match(world: World) -> None:
    first = await world.add(labels={"host": "db-1"}, severity="critical", origin="prometheus")
    second = await world.add(labels={"host": "db-2", "alertname": "Full"}, name="Other", group="disks")
    assert await world.found('host="db-1"') == {first.id}
    assert await world.found('host=~"db-.*"') == {first.id, second.id}
    assert await world.found('host!~".*1"') == {second.id}
    assert await world.found('alertname="Full"') == {second.id}
    assert await world.found('alertname="Other"') == set()
    assert await world.found('alertname=~"D.*"') == {first.id}
    assert await world.found('severity="critical", origin="prometheus"') == {first.id}
    assert await world.found('group!=""') == {second.id}
    assert await world.found('team=""') == {first.id, second.id}
    assert await world.found('host=~"db-.*"', organization=new_id()) == set()
    assert await world.found(origin="prometheus") == {first.id}


MATCHERS = st.lists(
    st.builds(
        Matcher,
        label=st.sampled_from(("host", "alertname", "origin", "severity", "group", "it's")),
        op=st.sampled_from(("=", "!=", "=~", "!~")),
        value=st.sampled_from((*VALUES, "warning", "a|b", ".*", ".+", "Disk")),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_list_when_narrowed_then_it_is_as_the_matchers_say(world: World, data: st.DataObject) -> None:
    if not (await world.handlers.list_alerts(ListAlerts(organization_id=world.organization))).alerts:
        for labels in _labellings():
            await world.add(labels=labels, origin="rule", group="a" if "host" in labels else "")
    alerts = (await world.handlers.list_alerts(ListAlerts(organization_id=world.organization, limit=500))).alerts
    matchers = data.draw(MATCHERS)
    found = await world.handlers.list_alerts(
        ListAlerts(organization_id=world.organization, matchers=matchers, limit=500)
    )
    assert {each.id for each in found.alerts} == {each.id for each in alerts if match_all(matchers, labels_of(each))}


def _labellings() -> Iterator[dict[str, str]]:
    yield {}
    for value in VALUES:
        yield {"host": value}
        yield {"host": value, "alertname": value}
        yield {"it's": value, "origin": value, "severity": value}


async def test_list_when_labels_are_asked_for_then_their_index_is_there_to_be_read(world: World, plan: Any) -> None:
    await world.house.pool.execute(
        "INSERT INTO alerter.alerts SELECT id, $1, id, id::text, 'firing', 1, now(), NULL, "
        "jsonb_build_object('labels', jsonb_build_object('host', n::text)), 'warning' "
        "FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, 5000) AS n)",
        world.organization,
    )
    narrowing = await label_filters.conditions(world.house.pool, world.organization, parse_matchers('host="77"'))
    query, arguments = narrowed(store.COUNT, (world.organization,), narrowing)
    assert "alerts_by_labels" in await plan(query, *arguments)


async def test_list_when_alerts_are_held_back_then_they_are_marked_and_found(world: World) -> None:
    held, free = await world.add(), await world.add()
    await world.house.pool.execute(
        "INSERT INTO alerter.members (organization_id, group_id, alert_id, is_settled, was_clear, word, reason) "
        "VALUES ($1, $2, $3, false, false, 'silenced', ''), ($1, $2, $4, true, true, '', '')",
        world.organization,
        new_id(),
        held.id,
        free.id,
    )
    reply = await world.handlers.list_alerts(ListAlerts(organization_id=world.organization))
    assert reply.held == {str(held.id): "silenced"}
    assert await world.found(held=["silenced", "maintenance"]) == {held.id}
    assert await world.found(held=["inhibited"]) == set()


async def test_assign_when_somebody_is_asked_then_the_alert_and_its_timeline_say_so(world: World) -> None:
    alert = await world.add()
    over = await world.add(state=AlertState.RESOLVED)
    command = AssignAlerts(
        organization_id=world.organization, alert_ids=[alert.id, over.id], user_id=world.user, assignee=" Robin "
    )
    done = await world.handlers.assign_alerts(command)
    assert [each.assignee for each in done.alerts] == ["Robin"]
    assert done.refused == {str(over.id): "alert-already-resolved"}
    assert await world.found(assignee="Robin") == {alert.id}
    nobody = command.model_copy(update={"alert_ids": [alert.id], "assignee": None, "note": "handed over"})
    assert [each.assignee for each in (await world.handlers.assign_alerts(nobody)).alerts] == [None]
    await world.handlers.assign_alerts(nobody)
    asked = GetAlertTimeline(organization_id=world.organization, alert_id=alert.id)
    steps = (await world.handlers.get_timeline(asked)).steps
    assert [(step.kind, step.assignee, step.user_id, step.note) for step in steps[1:]] == [
        ("assigned", "Robin", world.user, None),
        ("assigned", None, world.user, "handed over"),
    ]


def test_assign_when_it_is_so_already_then_nothing_happens() -> None:
    now = datetime.now(UTC)
    alert = AlertView.model_validate(
        {
            "id": new_id(),
            "organization_id": new_id(),
            "fingerprint": "a",
            "state": "acknowledged",
            "name": "Disk",
            "summary": "",
            "condition": "",
            "started_at": now,
            "assignee": "Robin",
        }
    )
    assert assign(alert, "Robin", new_id(), None, now) is None
    event = assign(alert, "Alex", new_id(), "your shift", now)
    assert isinstance(event, AlertAssigned)
    assert (event.alert.assignee, event.alert.state, event.alert.version) == ("Alex", "acknowledged", 2)
