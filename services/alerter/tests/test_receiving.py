"""Alerts of other systems: kept before the sender is answered, opened once, over when they are told so or told no more."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitors_alerter import active, received_store
from monitors_alerter.changes import Changes
from monitors_alerter.domain import receiving
from monitors_alerter.handlers import Handlers
from monitors_alerter.receiving import Receiving
from monitors_alerter.routes import Routes
from monitors_alerter.settings import AlerterSettings
from monitors_alerter.silencing import Silencing
from monitors_contracts.alerts import (
    AlertEvent,
    AlertResolved,
    AlertTriggered,
    AlertView,
    GetAlertTimeline,
    ListAlerts,
    ResolveAlert,
)
from monitors_contracts.base import new_id
from monitors_contracts.matchers import parse_matchers
from monitors_contracts.notices import NoticeIssued
from monitors_contracts.notifications import ChannelChanged, ChannelInfo
from monitors_contracts.receiving import AlertsReceived, ListActiveAlerts, ReceiveAlerts, ReceivedAlert
from monitors_contracts.silences import CreateSilence, SilenceSpec


class Sender:
    """Another system that tells one organization's alerter."""

    def __init__(self, house: Any) -> None:
        self.house = house
        service = house.service("alerter")
        self.changes = Changes(service)
        self.receiving = Receiving(service, self.changes)
        self.handlers = Handlers(service, self.changes)
        self.organization, self.channel = new_id(), new_id()

    async def tell(self, *alerts: ReceivedAlert, origin: str = "prometheus", resolve_after: float = 300) -> list[int]:
        """Tell these; how many were received, opened and resolved."""
        command = ReceiveAlerts(
            organization_id=self.organization, origin=origin, alerts=list(alerts), resolve_after=resolve_after
        )
        reply: AlertsReceived = await self.receiving.receive(command)
        return [reply.received, reply.opened, reply.resolved]

    async def has_channel(self) -> None:
        """From now on there is a channel to tell."""
        info = ChannelInfo(id=self.channel, kind="local", name="Duty", is_active=True)
        changed = ChannelChanged(organization_id=self.organization, channel_id=self.channel, channel=info)
        service = self.house.service("alerter")
        await self.house.deliver_all(service, Routes(service).channels_changed, changed)

    async def alerts(self) -> list[AlertView]:
        """All alerts, newest first."""
        return (await self.handlers.list_alerts(ListAlerts(organization_id=self.organization))).alerts

    async def events(self) -> list[tuple[type[AlertEvent], str, bool]]:
        """What was published, as kind, reason and whether it is to be told."""
        told = [each.event for each in await self.house.published(AlertTriggered, AlertResolved)]
        return [(type(each), each.reason, each.notify) for each in told]

    async def end(self, seconds: float) -> int:
        """As if all this was so many seconds ago; how many were looked at then."""
        await self.house.pool.execute(
            "UPDATE alerter.received SET look_at = look_at - $2::interval, ends_at = ends_at - $2::interval"
            " WHERE organization_id = $1",
            self.organization,
            timedelta(seconds=seconds),
        )
        return await self.receiving.look()


@pytest.fixture
def sender(house: Any) -> Sender:
    return Sender(house)


def alert(host: str = "db-1", **more: Any) -> ReceivedAlert:
    fields: dict[str, Any] = {
        "labels": {"alertname": "DiskFull", "host": host},
        "name": "DiskFull",
        "summary": f"{host} is full",
        "severity": "warning",
        "annotations": {"summary": f"{host} is full"},
    }
    return ReceivedAlert(**(fields | more))


def minutes(count: float) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=count)


async def test_an_alert_when_told_then_is_open_and_its_event_waits_in_the_outbox(sender: Sender) -> None:
    began = minutes(-3)
    assert await sender.tell(alert(starts_at=began, ends_at=minutes(4), generator_url="http://p.example/graph")) == [
        1,
        1,
        0,
    ]
    [known] = await sender.alerts()
    assert (known.state, known.origin, known.started_at, known.labels["host"]) == (
        "firing",
        "prometheus",
        began,
        "db-1",
    )
    assert (known.condition, known.generator_url) == ("DiskFull", "http://p.example/graph")
    assert await sender.events() == [(AlertTriggered, "received", True)]


async def test_an_alert_when_told_again_unchanged_then_only_its_end_moves(sender: Sender) -> None:
    await sender.tell(alert(ends_at=minutes(4)))
    [before] = await sender.alerts()
    for ahead in (5, 6):
        assert await sender.tell(alert(ends_at=minutes(ahead))) == [1, 0, 0]
    assert await sender.alerts() == [before]
    assert len(await sender.events()) == 1
    assert await sender.end(5.5 * 60) == 1
    assert [each.state for each in await sender.alerts()] == ["firing"]
    assert await sender.end(60) == 1
    assert [each.state for each in await sender.alerts()] == ["resolved"]


async def test_an_alert_when_told_on_with_other_words_then_these_are_taken_over_and_told_to_nobody(
    sender: Sender,
) -> None:
    await sender.tell(alert())
    await sender.tell(alert(summary="db-1 is fuller", annotations={"summary": "db-1 is fuller"}, value=97.5))
    [known] = await sender.alerts()
    assert (known.summary, known.value, known.occurrences, known.version) == ("db-1 is fuller", 97.5, 1, 2)
    assert (await sender.events())[1:] == [(AlertTriggered, "refreshed", False)]
    timeline = await sender.handlers.get_timeline(
        GetAlertTimeline(organization_id=sender.organization, alert_id=known.id)
    )
    assert [step.kind for step in timeline.steps] == ["opened"]


async def test_an_alert_when_it_gets_worse_then_is_told_and_when_milder_then_not(sender: Sender) -> None:
    await sender.tell(alert())
    await sender.tell(alert(severity="critical"))
    await sender.tell(alert(severity="info"))
    [known] = await sender.alerts()
    assert known.severity == "info"
    assert (await sender.events())[1:] == [
        (AlertTriggered, "severity-raised", True),
        (AlertTriggered, "refreshed", False),
    ]


async def test_an_alert_when_told_as_over_then_is_resolved_once_however_often_it_is_told(sender: Sender) -> None:
    began, over = minutes(-5), minutes(-1)
    await sender.tell(alert(starts_at=began))
    assert await sender.tell(alert(starts_at=began, ends_at=over, summary="was full")) == [1, 0, 1]
    for _ in range(2):
        assert await sender.tell(alert(starts_at=began, ends_at=over, summary="was full")) == [1, 0, 0]
    [known] = await sender.alerts()
    assert (known.state, known.resolved_at, known.resolved_by, known.summary) == ("resolved", over, None, "was full")
    assert (await sender.events())[1:] == [(AlertResolved, "over-at-sender", True)]


async def test_an_alert_when_its_end_says_nothing_of_it_then_keeps_the_last_word(sender: Sender) -> None:
    began, over = minutes(-5), minutes(-1)
    said: dict[str, Any] = {"condition": "disk > 95", "value": 97.5, "runbook_url": "https://runbooks.example/disk"}
    await sender.tell(alert(starts_at=began, **said))
    silent = alert(starts_at=began, ends_at=over, summary="DiskFull: host=db-1", is_summarized=True, annotations={})
    assert await sender.tell(silent) == [1, 0, 1]
    [known] = await sender.alerts()
    assert (known.summary, known.annotations) == ("db-1 is full", {"summary": "db-1 is full"})
    assert (known.condition, known.value, known.runbook_url) == tuple(said.values())
    assert (known.state, known.resolved_at, known.ends_at) == ("resolved", over, over)


async def test_an_alert_when_it_fires_again_then_is_another_one(sender: Sender) -> None:
    await sender.tell(alert(starts_at=minutes(-5)), alert(starts_at=minutes(-5), ends_at=minutes(-3)))
    assert await sender.tell(alert(starts_at=minutes(-1))) == [1, 1, 0]
    assert [each.state for each in await sender.alerts()] == ["firing", "resolved"]


async def test_an_alert_when_it_fired_and_ended_before_it_was_heard_of_then_is_told_once(sender: Sender) -> None:
    ended = alert(starts_at=minutes(-9), ends_at=minutes(-2))
    assert await sender.tell(ended) == [1, 1, 1]
    assert await sender.tell(ended) == [1, 0, 0]
    assert await sender.events() == [(AlertTriggered, "received", True), (AlertResolved, "over-at-sender", True)]


@pytest.mark.parametrize(("starts", "ends"), [(None, -1), (-1, -1), (-300, -200)])
async def test_an_alert_when_told_as_over_and_never_or_long_ago_on_then_is_no_news(
    sender: Sender, starts: float | None, ends: float
) -> None:
    starts_at = None if starts is None else minutes(starts)
    given = alert(starts_at=minutes(ends) if starts == ends else starts_at, ends_at=minutes(ends))
    given = given.model_copy(update={"ends_at": given.starts_at}) if starts == ends else given
    assert await sender.tell(given) == [1, 0, 0]
    assert await sender.alerts() == []


async def test_an_alert_when_ended_by_hand_then_stays_so_while_the_same_firing_is_told(sender: Sender) -> None:
    began = minutes(-5)
    await sender.tell(alert(starts_at=began))
    [known] = await sender.alerts()
    by_hand = ResolveAlert(organization_id=sender.organization, alert_id=known.id, user_id=new_id())
    await sender.handlers.resolve_alert(by_hand)
    assert await sender.tell(alert(starts_at=began)) == [1, 0, 0]
    assert await sender.tell(alert(starts_at=began, summary="other words")) == [1, 0, 0]
    assert await sender.tell(alert(starts_at=datetime.now(UTC))) == [1, 1, 0]
    assert await sender.tell(alert("db-2")) == [1, 1, 0]


async def test_an_alert_when_its_sender_names_no_time_then_fires_anew_after_an_end_by_hand(sender: Sender) -> None:
    await sender.tell(alert())
    [known] = await sender.alerts()
    by_hand = ResolveAlert(organization_id=sender.organization, alert_id=known.id, user_id=new_id())
    await sender.handlers.resolve_alert(by_hand)
    assert await sender.tell(alert()) == [1, 1, 0]


async def test_an_alert_when_it_is_not_heard_of_in_time_then_ends_and_begins_anew_when_it_is(sender: Sender) -> None:
    began = minutes(-30)
    await sender.tell(alert(starts_at=began), resolve_after=60)
    assert await sender.end(59) == 0
    assert await sender.end(1) == 1
    [known] = await sender.alerts()
    assert (known.state, known.resolved_by) == ("resolved", None)
    assert (await sender.events())[1:] == [(AlertResolved, "timed-out", True)]
    assert await sender.tell(alert(starts_at=began)) == [1, 1, 0]


async def test_what_is_over_when_an_hour_has_gone_then_is_forgotten(sender: Sender) -> None:
    await sender.tell(alert(starts_at=minutes(-5), ends_at=minutes(-1)))
    assert await sender.end(3500) == 0
    assert await sender.end(200) == 1
    assert (
        await sender.house.pool.fetchval(
            "SELECT count(*) FROM alerter.received WHERE organization_id = $1", sender.organization
        )
        == 0
    )


async def test_an_alert_when_told_on_to_end_sooner_then_is_looked_at_sooner(sender: Sender) -> None:
    began = minutes(-3)
    await sender.tell(alert(starts_at=began, ends_at=minutes(60)))
    await sender.tell(alert(starts_at=began, ends_at=minutes(5)))
    assert await sender.end(6 * 60) == 1
    assert [each.state for each in await sender.alerts()] == ["resolved"]


async def test_an_alert_when_its_new_words_are_told_again_then_nothing_is_written_but_its_end(sender: Sender) -> None:
    changed = alert(summary="db-1 is fuller", ends_at=minutes(5))
    await sender.tell(alert(ends_at=minutes(5)))
    await sender.tell(changed)
    again = receiving.told("prometheus", changed, 300, minutes(0))
    moved = await received_store.move_on(sender.house.pool, sender.organization, [again], again.heard_at)
    assert moved == {again.fingerprint}


async def test_a_thousand_alerts_when_told_by_four_at_once_then_each_is_open_once(sender: Sender) -> None:
    many = [alert(f"db-{number}", starts_at=minutes(-1)) for number in range(250)]
    backwards = list(reversed(many))
    replies = await asyncio.gather(*(sender.tell(*each) for each in (many, backwards, many, backwards)))
    assert sum(opened for _, opened, _ in replies) == 250
    assert len(await sender.events()) == 250


async def test_two_alerters_when_they_look_at_once_then_each_alert_ends_once(sender: Sender) -> None:
    await sender.tell(*(alert(f"db-{number}") for number in range(40)), resolve_after=10)
    await sender.house.pool.execute(
        "UPDATE alerter.received SET look_at = now(), ends_at = now() WHERE organization_id = $1", sender.organization
    )
    other = Receiving(sender.house.service("alerter"), Changes(sender.house.service("alerter")))
    await asyncio.gather(sender.receiving.look(), other.look())
    assert [reason for _, reason, _ in await sender.events()].count("timed-out") == 40


async def test_systems_and_organizations_when_they_tell_the_same_then_each_has_its_own(
    sender: Sender, house: Any
) -> None:
    other = Sender(house)
    assert await sender.tell(alert()) == [1, 1, 0]
    assert await sender.tell(alert(), origin="grafana") == [1, 1, 0]
    assert await other.tell(alert()) == [1, 1, 0]
    assert await other.tell(alert(starts_at=minutes(-2), ends_at=minutes(-1))) == [1, 0, 1]
    assert [each.state for each in await sender.alerts()] == ["firing", "firing"]


async def test_open_alerts_when_the_database_was_made_anew_of_events_then_are_watched_over(sender: Sender) -> None:
    await sender.tell(alert(), resolve_after=60)
    await sender.house.pool.execute("DELETE FROM alerter.received WHERE organization_id = $1", sender.organization)
    await sender.receiving.adopt()
    await sender.end(61)
    assert [each.state for each in await sender.alerts()] == ["firing"]
    await sender.end(300)
    assert [each.state for each in await sender.alerts()] == ["resolved"]


async def test_the_queries_of_receiving_use_their_indexes(sender: Sender, plan: Any) -> None:
    await sender.tell(*(alert(f"db-{number}") for number in range(300)))
    assert "received_due" in await plan(received_store.DUE, minutes(-10), 500)
    given = (["a"], [b""], [minutes(1)], [minutes(0)])
    moved = await plan(received_store.MOVE_ON, sender.organization, *given, minutes(0))
    assert "Seq Scan on received" not in moved
    assert "Seq Scan on alerts" not in moved


async def test_open_alerts_when_listed_then_say_what_holds_them_back_and_where_they_go(sender: Sender) -> None:
    await sender.has_channel()
    await sender.tell(*(alert(f"db-{number}", starts_at=minutes(-1), ends_at=minutes(4)) for number in range(5)))
    await sender.tell(alert("web-1", labels={"alertname": "Slow", "host": "web-1"}, severity="critical"))
    await sender.tell(alert("db-4", starts_at=minutes(-1), ends_at=minutes(0)))
    spec = SilenceSpec(matchers=parse_matchers("host=db-3"), ends_at=minutes(60))
    silencing = Silencing(sender.house.service("alerter"), AlerterSettings())
    silence = CreateSilence(organization_id=sender.organization, silence_id=new_id(), user_id=new_id(), spec=spec)
    silence = await silencing.create_silence(silence)
    found, after = [], ""
    while True:
        asked = ListActiveAlerts(organization_id=sender.organization, limit=2, after=after)
        page = await sender.receiving.list_active(asked)
        found += page.alerts
        assert [each.destinations for each in page.alerts] == [[0]] * len(page.alerts)
        if page.next_after is None:
            break
        after = page.next_after
        [destination] = page.destinations
        assert (destination.path, destination.channels) == (["root"], [sender.channel])
    assert [each.alert.fingerprint for each in found] == sorted(each.alert.fingerprint for each in found)
    held = {each.labels["host"]: each.silenced_by for each in found}
    assert held == {"db-0": [], "db-1": [], "db-2": [], "db-3": [str(silence.id)], "web-1": []}
    assert all(each.ends_at and each.ends_at > datetime.now(UTC) for each in found)


@pytest.mark.parametrize(
    ("matchers", "hosts"),
    [
        ("host=db-1", ["db-1"]),
        ('host!~"db-.*"', ["web-1"]),
        ("severity=critical", ["web-1"]),
        ("origin=prometheus, alertname=DiskFull", ["db-1"]),
        ('rack=""', ["db-1", "web-1"]),
        ("origin=grafana", []),
    ],
)
async def test_open_alerts_when_narrowed_then_are_those(sender: Sender, matchers: str, hosts: list[str]) -> None:
    await sender.tell(alert("db-1"), alert(labels={"alertname": "Slow", "host": "web-1"}, severity="critical"))
    asked = ListActiveAlerts(organization_id=sender.organization, matchers=parse_matchers(matchers))
    assert sorted(each.labels["host"] for each in (await sender.receiving.list_active(asked)).alerts) == hosts


async def test_pages_of_open_alerts_are_found_by_their_index(sender: Sender, plan: Any) -> None:
    for organization, state in (
        (new_id(), "firing"),
        (sender.organization, "resolved"),
        (sender.organization, "firing"),
    ):
        await sender.house.pool.execute(
            "INSERT INTO alerter.alerts SELECT id, $1, id, id::text, $2, 1, now(), NULL, '{\"labels\": {}}', 'warning' "
            "FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 5000)) AS others",
            organization,
            state,
        )
    assert "alerts_open" in await plan(active.LIST, sender.organization, "", {}, 500)


async def test_a_channel_is_told_that_an_alert_began_and_that_it_is_over(sender: Sender) -> None:
    await sender.has_channel()
    began = minutes(-2)
    await sender.tell(alert(starts_at=began))
    await sender.tell(alert(starts_at=began, summary="db-1 is fuller"))
    await sender.tell(alert(starts_at=began, ends_at=minutes(-1)))
    notices = [each.event.notice for each in await sender.house.published(NoticeIssued)]
    assert [(each.channel_id, [alert.state for alert in each.alerts]) for each in notices] == [
        (sender.channel, ["firing"]),
        (sender.channel, ["resolved"]),
    ]
