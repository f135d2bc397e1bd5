import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitors_alerter import store
from monitors_alerter.changes import Changes
from monitors_alerter.handlers import Handlers
from monitors_contracts.alerts import (
    AcknowledgeAlert,
    AcknowledgeAlerts,
    AlertAcknowledged,
    AlertCommented,
    AlertResolved,
    AlertState,
    AlertStep,
    AlertTriggered,
    AlertView,
    CommentAlert,
    FollowLink,
    GetAlert,
    GetAlertTimeline,
    GetLatestAlerts,
    LinkAction,
    ListAlerts,
    ResolveAlert,
    ResolveAlerts,
)
from monitors_contracts.base import Event, Id, new_id
from monitors_contracts.monitors import Crossing, ThresholdCleared, ThresholdExceeded
from monitors_runtime.errors import ProblemError
from monitors_runtime.narrowing import narrowed

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Alerter:
    """The alerter's handlers for one organization."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.service = house.service("alerter")
        self.handlers = Handlers(self.service, Changes(self.service))
        self.organization, self.user = new_id(), new_id()

    def crossing(self, kind: type[Crossing], minute: int = 0, monitor: Id | None = None) -> Crossing:
        monitor_id = monitor or new_id()
        return kind(
            organization_id=self.organization,
            monitor_id=monitor_id,
            monitor_name="Kettle",
            fingerprint=f"below 50 of {monitor_id}",
            kind="state",
            summary="Kettle: 45",
            condition="price < 50",
            value=45.0,
            occurred_at=NOW + timedelta(minutes=minute),
        )

    async def hear(self, *crossings: Crossing) -> list[Event]:
        return await self.house.deliver_all(self.service, self.handlers.thresholds_crossed, *crossings)

    async def trigger(self, monitor: Id | None = None) -> AlertView:
        [event] = await self.hear(self.crossing(ThresholdExceeded, 0, monitor))
        assert isinstance(event, AlertTriggered)
        return event.alert

    async def comment(self, alert_id: Id, text: str, comment_id: Id | None = None) -> AlertStep:
        asked = self.ask(CommentAlert, alert_id, comment_id=comment_id or new_id(), text=text)
        return await self.handlers.comment_alert(asked)

    async def fire(self, rule: Id, series: str) -> AlertView:
        """A rule fires on one of its series."""
        known = {"rule_id": rule, "fingerprint": f"rule:{rule}:{series}"}
        [event] = await self.hear(self.crossing(ThresholdExceeded, 0, rule).model_copy(update=known))
        assert isinstance(event, AlertTriggered)
        return event.alert

    def ask(self, kind: Any, alert_id: Id | None = None, **parts: Any) -> Any:
        known = {"organization_id": self.organization, "user_id": self.user, "alert_id": alert_id} | parts
        return kind(**{name: value for name, value in known.items() if name in kind.model_fields})


@pytest.fixture
def alerter(house: Any) -> Alerter:
    return Alerter(house)


async def test_a_crossing_when_heard_then_the_alert_is_open_and_its_event_says_the_same(alerter: Alerter):
    alert = await alerter.trigger()
    assert await alerter.handlers.get_alert(alerter.ask(GetAlert, alert.id)) == alert
    assert alert.state is AlertState.FIRING


async def test_a_crossing_when_cleared_then_the_alert_is_resolved(alerter: Alerter):
    monitor = new_id()
    alert = await alerter.trigger(monitor)
    [event] = await alerter.hear(alerter.crossing(ThresholdCleared, 5, monitor))
    assert isinstance(event, AlertResolved)
    known = await alerter.handlers.get_alert(alerter.ask(GetAlert, alert.id))
    assert (known.state, known.resolved_at, known.resolved_by) == ("resolved", NOW + timedelta(minutes=5), None)
    assert await alerter.hear(alerter.crossing(ThresholdCleared, 6, monitor)) == []


async def test_crossings_when_in_one_group_then_each_monitor_follows_its_own_course(alerter: Alerter):
    first, second = new_id(), new_id()
    crossings = [
        alerter.crossing(ThresholdExceeded, 1, first),
        alerter.crossing(ThresholdExceeded, 1, second),
        alerter.crossing(ThresholdCleared, 2, first),
        alerter.crossing(ThresholdExceeded, 3, first),
        alerter.crossing(ThresholdCleared, 4, second),
    ]
    events = await alerter.hear(*crossings)
    assert [type(event) for event in events].count(AlertTriggered) == 3
    listed = (await alerter.handlers.list_alerts(alerter.ask(ListAlerts))).alerts
    assert sorted((alert.monitor_id == first, alert.state.value, alert.version) for alert in listed) == [
        (False, "resolved", 2),
        (True, "firing", 1),
        (True, "resolved", 2),
    ]


async def test_crossings_when_out_of_order_then_the_table_remembers_what_was_last(alerter: Alerter):
    monitor = new_id()
    for kind, minute in ((ThresholdExceeded, 1), (ThresholdExceeded, 9), (ThresholdCleared, 5)):
        await alerter.hear(alerter.crossing(kind, minute, monitor))
    [alert] = (await alerter.handlers.list_alerts(alerter.ask(ListAlerts, monitor_id=monitor))).alerts
    assert (alert.state, alert.occurrences) == ("firing", 2)


async def test_acknowledge_and_resolve_when_asked_twice_then_are_told_once(alerter: Alerter):
    alert = await alerter.trigger()
    for _ in range(2):
        taken = await alerter.handlers.acknowledge_alert(alerter.ask(AcknowledgeAlert, alert.id, note="on it"))
        assert (taken.state, taken.acknowledged_by, taken.note) == ("acknowledged", alerter.user, "on it")
    for _ in range(2):
        ended = await alerter.handlers.resolve_alert(alerter.ask(ResolveAlert, alert.id))
        assert (ended.state, ended.resolved_by) == ("resolved", alerter.user)
    with pytest.raises(ProblemError) as refused:
        await alerter.handlers.acknowledge_alert(alerter.ask(AcknowledgeAlert, alert.id))
    assert (refused.value.problem.type, refused.value.problem.status) == ("alert-already-resolved", 409)
    told = [type(envelope.event) for envelope in await alerter.house.published()]
    assert told == [AlertTriggered, AlertAcknowledged, AlertResolved]


@pytest.mark.parametrize("kind", [GetAlert, AcknowledgeAlert, ResolveAlert])
async def test_an_alert_when_another_organization_asks_then_is_not_found(alerter: Alerter, kind: Any):
    alert = await alerter.trigger()
    handlers = {
        GetAlert: alerter.handlers.get_alert,
        AcknowledgeAlert: alerter.handlers.acknowledge_alert,
        ResolveAlert: alerter.handlers.resolve_alert,
    }
    with pytest.raises(ProblemError) as refused:
        await handlers[kind](alerter.ask(kind, alert.id, organization_id=new_id()))
    assert refused.value.problem.type == "alert-not-found"
    assert await alerter.handlers.get_alert(alerter.ask(GetAlert, alert.id)) == alert


async def test_list_alerts_when_paged_then_every_alert_comes_once_newest_first(alerter: Alerter):
    triggered = [await alerter.trigger() for _ in range(5)]
    await alerter.handlers.resolve_alert(alerter.ask(ResolveAlert, triggered[0].id))
    seen: list[Id] = []
    cursor = None
    while True:
        page = await alerter.handlers.list_alerts(alerter.ask(ListAlerts, limit=2, cursor=cursor))
        assert page.total == 5
        seen += [alert.id for alert in page.alerts]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [alert.id for alert in reversed(triggered)]
    firing = await alerter.handlers.list_alerts(alerter.ask(ListAlerts, state=AlertState.FIRING))
    assert firing.total == 4
    assert triggered[0].id not in [alert.id for alert in firing.alerts]
    elsewhere = await alerter.handlers.list_alerts(alerter.ask(ListAlerts, organization_id=new_id()))
    assert (elsewhere.alerts, elsewhere.total) == ([], 0)


async def test_copies_when_they_hear_of_one_condition_at_once_then_one_alert_is_opened(alerter: Alerter):
    monitor = new_id()
    heard = await asyncio.gather(
        *(alerter.hear(alerter.crossing(ThresholdExceeded, minute, monitor)) for minute in range(6))
    )
    reasons = sorted(event.reason for [event] in heard if isinstance(event, AlertTriggered))
    assert reasons == ["condition-became-true"] + ["crossed-again"] * 5
    [alert] = (await alerter.handlers.list_alerts(alerter.ask(ListAlerts))).alerts
    assert (alert.occurrences, alert.version) == (6, 6)


async def test_an_alert_when_taken_and_cleared_at_once_then_both_happen_in_some_order(alerter: Alerter):
    for _ in range(5):
        monitor = new_id()
        alert = await alerter.trigger(monitor)
        async with alerter.house.pool.acquire() as db, db.transaction():
            # A third party holds the alert until both wait for it.
            await store.hold(db, alerter.organization, [alert.id])
            both: list[Any] = [
                asyncio.create_task(alerter.handlers.acknowledge_alert(alerter.ask(AcknowledgeAlert, alert.id))),
                asyncio.create_task(alerter.hear(alerter.crossing(ThresholdCleared, 5, monitor))),
            ]
            while await waiting_for_locks(alerter.house.pool) < 2:
                await asyncio.sleep(0.01)
        taken, _ = await asyncio.gather(*both, return_exceptions=True)
        known = await alerter.handlers.get_alert(alerter.ask(GetAlert, alert.id))
        assert known.state is AlertState.RESOLVED
        assert known.version == (2 if isinstance(taken, ProblemError) else 3)


async def waiting_for_locks(pool: Any) -> int:
    return await pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )


async def test_apply_when_events_come_late_or_twice_then_the_newest_version_stays(alerter: Alerter):
    monitor = new_id()
    alert = await alerter.trigger(monitor)
    await alerter.comment(alert.id, "looks real")
    await alerter.hear(alerter.crossing(ThresholdCleared, 5, monitor))
    events = [envelope.event for envelope in await alerter.house.published()]

    async def state() -> list[Any]:
        alerts = await alerter.house.pool.fetch("SELECT * FROM alerter.alerts WHERE monitor_id = $1", monitor)
        steps = "SELECT * FROM alerter.timeline WHERE alert_id = $1 ORDER BY key"
        return [*alerts, *await alerter.house.pool.fetch(steps, alert.id)]

    before = await state()
    assert len(before) == 4
    async with alerter.house.pool.acquire() as db:
        for event in (*events, *reversed(events)):  # the oldest last
            await store.apply(db, event)
    assert await state() == before


async def test_a_timeline_when_everything_happened_then_says_when_by_whom_and_why(alerter: Alerter):
    monitor = new_id()
    alert = await alerter.trigger(monitor)
    await alerter.hear(alerter.crossing(ThresholdExceeded, 3, monitor))
    await alerter.handlers.acknowledge_alert(alerter.ask(AcknowledgeAlert, alert.id, note="on it"))
    said = await alerter.comment(alert.id, "  bought it  ")
    await alerter.handlers.resolve_alert(alerter.ask(ResolveAlert, alert.id))
    found = await alerter.handlers.get_timeline(alerter.ask(GetAlertTimeline, alert.id))
    assert [(step.kind, step.reason, step.note, step.user_id, step.value) for step in found.steps] == [
        ("opened", "condition-became-true", None, None, 45.0),
        ("crossed-again", "crossed-again", None, None, 45.0),
        ("acknowledged", "by-hand", "on it", alerter.user, None),
        ("commented", None, "bought it", alerter.user, None),
        ("resolved", "by-hand", None, alerter.user, None),  # the note was said before
    ]
    assert [step.at for step in found.steps[:2]] == [NOW, NOW + timedelta(minutes=3)]
    assert said in found.steps
    assert (found.alert.note, found.total) == ("on it", 5)
    newest = await alerter.handlers.get_timeline(alerter.ask(GetAlertTimeline, alert.id, limit=2))
    assert ([step.kind for step in newest.steps], newest.total) == (["commented", "resolved"], 5)


async def test_a_link_in_a_message_when_followed_then_the_timeline_says_by_which(alerter: Alerter):
    taken, over = await alerter.trigger(), await alerter.trigger()
    asked: dict[str, Any] = {"organization_id": alerter.organization, "via": "by mail to ops@example.com"}
    links: tuple[tuple[AlertView, LinkAction], ...] = ((taken, "acknowledge"), (over, "resolve"))
    for alert, action in links:
        changed = await alerter.handlers.follow_link(FollowLink(**asked, alert_ids=[alert.id], action=action))
        assert [each.id for each in changed.alerts] == [alert.id]
    again = await alerter.handlers.follow_link(FollowLink(**asked, alert_ids=[taken.id], action="acknowledge"))
    assert [each.id for each in again.alerts] == [taken.id]
    actions: tuple[LinkAction, ...] = ("acknowledge", "resolve")
    for action in actions:
        late = await alerter.handlers.follow_link(FollowLink(**asked, alert_ids=[over.id], action=action))
        assert (late.alerts, late.refused) == ([], {str(over.id): "alert-already-resolved"})
    for alert, kind in ((taken, "acknowledged"), (over, "resolved")):
        query = GetAlertTimeline(organization_id=alerter.organization, alert_id=alert.id)
        steps = (await alerter.handlers.get_timeline(query)).steps
        assert [(step.kind, step.user_id, step.via) for step in steps] == [
            ("opened", None, None),
            (kind, None, "by mail to ops@example.com"),
        ]
    other = FollowLink(organization_id=new_id(), via="x", alert_ids=[taken.id], action="resolve")
    assert (await alerter.handlers.follow_link(other)).refused == {str(taken.id): "alert-not-found"}


async def test_a_comment_when_said_twice_under_one_id_then_is_there_once(alerter: Alerter):
    alert = await alerter.trigger()
    comment = new_id()
    first = await alerter.comment(alert.id, "hello", comment)
    assert await alerter.comment(alert.id, "hello", comment) == first
    told = [envelope.event for envelope in await alerter.house.published()]
    [said] = [event for event in told if isinstance(event, AlertCommented)]
    assert (said.text, said.user_id, said.comment_id) == ("hello", alerter.user, comment)
    assert await alerter.handlers.get_alert(alerter.ask(GetAlert, alert.id)) == alert, "a comment changes no alert"


@pytest.mark.parametrize("kind", [CommentAlert, GetAlertTimeline])
async def test_a_timeline_when_another_organization_asks_then_is_not_found(alerter: Alerter, kind: Any):
    alert = await alerter.trigger()
    handler = {CommentAlert: alerter.handlers.comment_alert, GetAlertTimeline: alerter.handlers.get_timeline}[kind]
    with pytest.raises(ProblemError) as refused:
        await handler(alerter.ask(kind, alert.id, organization_id=new_id(), comment_id=new_id(), text="mine now"))
    assert refused.value.problem.type == "alert-not-found"


async def test_many_alerts_when_changed_at_once_then_each_has_an_outcome_of_its_own(alerter: Alerter):
    firing, taken, ended = [await alerter.trigger() for _ in range(3)]
    await alerter.handlers.acknowledge_alert(alerter.ask(AcknowledgeAlert, taken.id))
    await alerter.handlers.resolve_alert(alerter.ask(ResolveAlert, ended.id))
    before = len(await alerter.house.published())
    foreign, unknown = await Alerter(alerter.house).trigger(), new_id()
    ids = [firing.id, taken.id, ended.id, foreign.id, unknown, firing.id]
    changed = await alerter.handlers.acknowledge_alerts(alerter.ask(AcknowledgeAlerts, alert_ids=ids, note="all mine"))
    assert {alert.id: alert.note for alert in changed.alerts} == {firing.id: "all mine", taken.id: None}
    assert changed.refused == {
        str(ended.id): "alert-already-resolved",
        str(foreign.id): "alert-not-found",
        str(unknown): "alert-not-found",
    }
    changed = await alerter.handlers.resolve_alerts(alerter.ask(ResolveAlerts, alert_ids=ids))
    assert [alert.state for alert in changed.alerts] == ["resolved"] * 3
    assert set(changed.refused) == {str(foreign.id), str(unknown)}
    told = [envelope.event for envelope in (await alerter.house.published())[before:]]
    mine = [event for event in told if event.organization_id == alerter.organization]
    assert [type(event) for event in mine] == [AlertAcknowledged, AlertResolved, AlertResolved]


async def test_list_alerts_when_narrowed_then_shows_and_counts_what_is_asked_for(alerter: Alerter):
    kettle, other = await alerter.trigger(), await alerter.trigger()
    taken, ended = await alerter.trigger(), await alerter.trigger()
    await alerter.handlers.acknowledge_alert(alerter.ask(AcknowledgeAlert, taken.id))
    await alerter.handlers.resolve_alert(alerter.ask(ResolveAlert, ended.id))
    pool = alerter.house.pool
    await pool.execute(
        "UPDATE alerter.alerts SET severity = 'critical', document = document || $2 WHERE id = $1",
        kettle.id,
        {"name": "100% Copper_kettle"},
    )

    async def listed(**asked: Any) -> tuple[set[Id], int, dict[str, int]]:
        found = await alerter.handlers.list_alerts(alerter.ask(ListAlerts, **asked))
        return {alert.id for alert in found.alerts}, found.total, {str(key): n for key, n in found.counts.items()}

    counts = {"firing": 2, "acknowledged": 1, "resolved": 1}
    assert await listed() == ({kettle.id, other.id, taken.id, ended.id}, 4, counts)
    open_states = [AlertState.FIRING, AlertState.ACKNOWLEDGED]
    assert await listed(states=open_states) == ({kettle.id, other.id, taken.id}, 3, counts)
    assert await listed(state=AlertState.RESOLVED) == ({ended.id}, 1, counts)
    assert await listed(severity="critical") == ({kettle.id}, 1, {"firing": 1})
    assert await listed(monitor_id=taken.monitor_id) == ({taken.id}, 1, {"acknowledged": 1})
    for words in ("% copper_KETTLE", "  copper  "):
        assert await listed(query=words) == ({kettle.id}, 1, {"firing": 1})
    assert await listed(query="_%_") == (set(), 0, {})
    assert (await listed(query="\0"))[1] == 4
    found = await alerter.handlers.list_alerts(alerter.ask(ListAlerts, query="price < 50", states=open_states, limit=2))
    rest = await alerter.handlers.list_alerts(
        alerter.ask(ListAlerts, query="price < 50", states=open_states, limit=2, cursor=found.next_cursor)
    )
    assert [alert.id for alert in (*found.alerts, *rest.alerts)] == [taken.id, other.id, kettle.id]


async def test_alerts_of_rules_when_asked_for_then_one_rules_all_or_each_rules_latest(alerter: Alerter):
    cpu, disk = new_id(), new_id()
    first, second, full = await alerter.fire(cpu, "a"), await alerter.fire(cpu, "b"), await alerter.fire(disk, "a")
    await alerter.trigger()
    found = await alerter.handlers.list_alerts(alerter.ask(ListAlerts, rule_id=cpu))
    assert ([alert.id for alert in found.alerts], found.total) == ([second.id, first.id], 2)
    latest = await alerter.handlers.latest_alerts(alerter.ask(GetLatestAlerts, rule_ids=[cpu, disk, new_id()]))
    assert {alert.id for alert in latest.alerts} == {second.id, full.id}
    others = GetLatestAlerts(organization_id=new_id(), rule_ids=[cpu, disk])
    assert (await alerter.handlers.latest_alerts(others)).alerts == []


async def test_queries_when_there_are_many_alerts_then_read_an_index(alerter: Alerter, plan: Any):
    await alerter.house.pool.execute(
        "INSERT INTO alerter.alerts SELECT id, CASE WHEN n % 100 = 0 THEN $1::uuid ELSE gen_random_uuid() END, id, "
        "n::text, 'firing', 1, now(), NULL, '{}', 'warning' "
        "FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, 5000) AS n)",
        alerter.organization,
    )
    await alerter.house.pool.execute(
        "INSERT INTO alerter.timeline SELECT $1, gen_random_uuid(), '1', now(), '{}' FROM generate_series(1, 5000)",
        alerter.organization,
    )
    some = new_id()
    page = (alerter.organization, None, 50, list(AlertState))
    shapes: list[dict[str, Any]] = [{}, {"severity": "critical"}, {"monitor_id": some}, {"query": "kettle"}]
    shapes += [{"rule_id": some}, {"origin": "rule"}, {"assignee": "Robin"}, {"held": ["silenced"]}]
    shapes.append(shapes[1] | shapes[2] | shapes[3])
    for query, arguments in (
        (store.OPEN_OF_MONITORS, ([alerter.organization], [some])),
        (store.GET, (alerter.organization, some)),
        (store.THESE, (alerter.organization, [some])),
        (store.LATEST_OF_RULES, (alerter.organization, [str(some)])),
        (store.PAST, ([alerter.organization], ["a"])),
        (store.STEPS, (alerter.organization, some, 100)),
        (store.COUNT_STEPS, (alerter.organization, some)),
        (store.STEP, (alerter.organization, some, "1")),
        *(narrowed(store.LIST, page, store.filters(alerter.ask(ListAlerts, **shape))) for shape in shapes),
        *(narrowed(store.COUNT, page[:1], store.filters(alerter.ask(ListAlerts, **shape))) for shape in shapes),
    ):
        explained = await plan(query, *arguments)
        assert "Seq Scan on alerts" not in explained, explained
        assert "Seq Scan on timeline" not in explained, explained
