import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from monitors_alerter.changes import Changes
from monitors_alerter.domain.correlating import Correlation
from monitors_alerter.incidents import store
from monitors_alerter.incidents.following import Following
from monitors_alerter.incidents.handlers import IncidentHandlers
from monitors_contracts.alerts import AlertAcknowledged, AlertResolved, AlertState, AlertTriggered, AlertView
from monitors_contracts.base import Id, Request, new_id
from monitors_contracts.incidents import (
    AcknowledgeIncident,
    AddAlerts,
    AddTask,
    DescribeIncident,
    DraftPostmortem,
    GetIncident,
    GetIncidentFigures,
    IncidentDetail,
    IncidentOpened,
    IncidentResolved,
    IncidentStatus,
    IncidentUpdated,
    ListIncidents,
    MergeIncidents,
    OpenIncident,
    PostUpdate,
    RemoveAlert,
    ReopenIncident,
    ResolveIncident,
    SavePostmortem,
    SplitIncident,
)
from monitors_runtime.errors import ProblemError

Reply = TypeVar("Reply", bound=Any)
HOW = Correlation()


class Alerter:
    """The alerter as far as incidents go, for one organization."""

    def __init__(self, house: Any, organization: Id | None = None) -> None:
        self.house = house
        self.service = house.service("alerter")
        self.changes = Changes(self.service)
        self.following = Following(self.service, HOW)
        self.handlers = IncidentHandlers(self.service, self.changes)
        self.organization, self.user = organization or new_id(), new_id()

    async def fire(
        self, name: str = "Slow", severity: str = "warning", fingerprint: str | None = None, **labels: str
    ) -> AlertView:
        alert = AlertView.model_validate(
            {
                "id": new_id(),
                "organization_id": self.organization,
                "fingerprint": fingerprint or f"{name} {new_id()}",
                "state": "firing",
                "severity": severity,
                "name": name,
                "summary": f"{name}!",
                "condition": "",
                "labels": labels,
                "started_at": datetime.now(UTC),
            }
        )
        await self.happen(AlertTriggered, alert)
        return alert

    async def end(self, alert: AlertView) -> AlertView:
        over = {"state": AlertState.RESOLVED, "resolved_at": datetime.now(UTC), "version": alert.version + 1}
        return await self.happen(AlertResolved, alert.model_copy(update=over))

    async def take(self, alert: AlertView) -> AlertView:
        taken: dict[str, Any] = {"state": AlertState.ACKNOWLEDGED, "version": alert.version + 1}
        taken |= {"acknowledged_at": datetime.now(UTC), "acknowledged_by": self.user}
        return await self.happen(AlertAcknowledged, alert.model_copy(update=taken))

    async def happen(self, kind: Any, alert: AlertView, reason: str = "condition-became-true") -> AlertView:
        event = kind(organization_id=self.organization, alert_id=alert.id, alert=alert, reason=reason)
        async with self.service.transaction() as tx:
            await self.changes.save(tx, [event])
        await self.follow(event)
        return alert

    async def follow(self, *events: Any) -> list[Any]:
        return await self.house.deliver_all(self.service, self.following.alerts_changed, *events)

    async def list(self, **parts: Any) -> Any:
        return await self.handlers.list_incidents(self.ask(ListIncidents, **parts))

    async def only(self) -> IncidentDetail:
        [found] = (await self.list()).incidents
        return await self.get(found.id)

    async def get(self, incident_id: Id) -> IncidentDetail:
        return await self.handlers.get_incident(self.ask(GetIncident, incident_id=incident_id))

    def ask(self, kind: type[Request[Reply]], **parts: Any) -> Any:
        known = {"organization_id": self.organization, "user_id": self.user} | parts
        return kind(**{name: value for name, value in known.items() if name in kind.model_fields})


@pytest.fixture
def alerter(house: Any) -> Alerter:
    return Alerter(house)


async def problem_of(asked: Awaitable[Any]) -> str:
    with pytest.raises(ProblemError) as refused:
        await asked
    return refused.value.problem.type


async def test_two_warnings_of_a_service_are_one_incident_which_says_why(alerter: Alerter) -> None:
    first = await alerter.fire("Errors", service="checkout", host="a")
    assert (await alerter.list()).total == 0
    second = await alerter.fire("Latency", service="checkout", host="b")
    shown = await alerter.only()
    assert shown.incident.alert_ids == [first.id, second.id]
    assert (shown.incident.number, shown.incident.status, shown.incident.labels) == (1, "open", {"service": "checkout"})
    assert shown.incident.counts == {"firing": 2}
    assert {each.name: each.words for each in shown.alerts} == {
        "Errors": "same service=checkout",
        "Latency": "same service=checkout, 0 s after the first",
    }
    assert [step.kind for step in shown.steps] == ["opened"]


async def test_a_third_joins_and_severity_follows(alerter: Alerter) -> None:
    await alerter.fire("Errors", service="checkout")
    await alerter.fire("Latency", service="checkout")
    await alerter.fire("Down", "critical", service="checkout")
    await alerter.fire("Elsewhere", service="search")
    shown = await alerter.only()
    assert (len(shown.incident.alert_ids), shown.incident.severity) == (3, "critical")
    assert [step.kind for step in shown.steps] == ["opened", "alerts-joined"]


async def test_an_event_that_comes_twice_or_says_nothing_new_changes_nothing(alerter: Alerter) -> None:
    alert = await alerter.fire("Down", "critical")
    event = AlertTriggered(organization_id=alerter.organization, alert_id=alert.id, alert=alert, reason="refreshed")
    assert await alerter.follow(event) == []
    assert await alerter.follow(event.model_copy(update={"reason": "condition-became-true"})) == []


async def test_a_batch_is_one_change_of_an_incident(alerter: Alerter) -> None:
    events: list[Any] = []
    for n in range(30):
        alert = (await alerter.fire(f"A{n}")).model_copy(update={"labels": {"service": "cart"}})
        await alerter.happen(AlertTriggered, alert.model_copy(update={"version": 2}), "refreshed")
        events.append(AlertTriggered(organization_id=alerter.organization, alert_id=alert.id, alert=alert, reason="x"))
    [opened] = await alerter.follow(*events)
    assert len(opened.incident.alert_ids) == 30


async def test_it_ends_when_it_was_quiet_and_opens_again_for_the_same_alert(alerter: Alerter) -> None:
    first = await alerter.fire("Down", "critical", fingerprint="f")
    await alerter.end(first)
    assert (await alerter.only()).incident.status == "open"
    await alerter.following.settle(datetime.now(UTC) + HOW.quiet - timedelta(seconds=30))
    assert (await alerter.only()).incident.status == "open"
    later = datetime.now(UTC) + HOW.quiet + timedelta(seconds=1)
    await asyncio.gather(alerter.following.settle(later), Alerter(alerter.house).following.settle(later))
    ended = await alerter.only()
    assert (ended.incident.status, [step.kind for step in ended.steps]) == (
        "resolved",
        ["opened", "alerts-changed", "resolved"],
    )
    second = await alerter.fire("Down", "critical", fingerprint="f")
    again = await alerter.only()
    assert again.incident.alert_ids == [first.id, second.id]
    assert (again.incident.status, again.steps[-1].kind, again.incident.reopened) == ("open", "reopened", 1)


async def test_taking_an_incident_takes_its_alerts_and_the_other_way_round(alerter: Alerter) -> None:
    await alerter.fire("Down", "critical")
    incident = (await alerter.only()).incident
    ask = alerter.ask(AcknowledgeIncident, incident_id=incident.id, note="Looking")
    taken = await alerter.handlers.acknowledge_incident(ask)
    assert (taken.incident.status, taken.alerts[0].state) == ("acknowledged", "acknowledged")
    assert await alerter.house.published(AlertAcknowledged)
    other = await alerter.fire("Other", "critical", service="search")
    await alerter.take(other)
    [found] = (await alerter.list(alert_id=other.id)).incidents
    assert (found.status, found.acknowledged_by) == ("acknowledged", alerter.user)


async def test_a_resolved_one_is_not_taken_and_can_be_reopened(alerter: Alerter) -> None:
    await alerter.fire("Down", "critical")
    known = (await alerter.only()).incident.id
    ended = await alerter.handlers.resolve_incident(alerter.ask(ResolveIncident, incident_id=known, note="Rolled back"))
    assert (ended.incident.status, ended.steps[-1].text) == ("resolved", "Rolled back")
    asked = alerter.handlers.acknowledge_incident(alerter.ask(AcknowledgeIncident, incident_id=known))
    assert await problem_of(asked) == "incident-resolved"
    again = await alerter.handlers.reopen_incident(alerter.ask(ReopenIncident, incident_id=known))
    assert again.incident.status == "open"


async def test_incidents_are_merged_and_split(alerter: Alerter) -> None:
    first = await alerter.fire("Down", "critical", service="checkout")
    second = await alerter.fire("Full", "critical", service="search")
    newest, oldest = (await alerter.list()).incidents
    merge = alerter.ask(MergeIncidents, incident_id=oldest.id, others=[newest.id])
    merged = await alerter.handlers.merge_incidents(merge)
    assert merged.incident.alert_ids == [first.id, second.id]
    assert await alerter.handlers.merge_incidents(merge) == merged
    assert [each.number for each in (await alerter.list()).incidents] == [1]
    gone = await alerter.get(newest.id)
    assert (gone.incident.merged_into, gone.incident.status) == (oldest.id, "resolved")
    split = alerter.ask(SplitIncident, incident_id=oldest.id, new_id=new_id(), alert_ids=[first.id])
    apart = await alerter.handlers.split_incident(split)
    assert (apart.incident.number, apart.incident.alert_ids, apart.incident.title) == (3, [first.id], "Down")
    assert await alerter.handlers.split_incident(split) == apart
    assert (await alerter.get(oldest.id)).incident.alert_ids == [second.id]
    wrong = split.model_copy(update={"new_id": new_id()})
    assert await problem_of(alerter.handlers.split_incident(wrong)) == "alert-not-in-incident"


async def test_an_incident_is_not_merged_into_itself_nor_split_into_nothing(alerter: Alerter) -> None:
    first = await alerter.fire("Down", "critical", service="checkout")
    await alerter.fire("Full", "critical", service="search")
    newest, oldest = (await alerter.list()).incidents
    for others in ([oldest.id], [newest.id, oldest.id]):
        merge = alerter.ask(MergeIncidents, incident_id=oldest.id, others=others)
        assert await problem_of(alerter.handlers.merge_incidents(merge)) == "incident-itself"
    split = alerter.ask(SplitIncident, incident_id=oldest.id, new_id=new_id(), alert_ids=[first.id])
    assert await problem_of(alerter.handlers.split_incident(split)) == "nothing-left"
    assert [each.number for each in (await alerter.list()).incidents] == [2, 1], "all is as it was"


async def test_alerts_are_put_in_and_taken_out_by_hand(alerter: Alerter) -> None:
    alert = await alerter.fire("Lonely")
    critical = await alerter.fire("Down", "critical")
    known = (await alerter.only()).incident.id
    added = await alerter.handlers.add_alerts(alerter.ask(AddAlerts, incident_id=known, alert_ids=[alert.id]))
    assert added.incident.alert_ids == [critical.id, alert.id]
    ask = alerter.ask(OpenIncident, incident_id=new_id(), title="By hand", alert_ids=[alert.id])
    opened = await alerter.handlers.open_incident(ask)
    assert (opened.incident.alert_ids, opened.incident.severity) == ([alert.id], "warning")
    assert await alerter.handlers.open_incident(ask) == opened
    assert (await alerter.get(known)).incident.alert_ids == [critical.id]
    whole = alerter.ask(OpenIncident, incident_id=new_id(), title="All of it", alert_ids=[critical.id])
    moved = (await alerter.handlers.open_incident(whole)).incident
    taken_over = (await alerter.get(known)).incident
    assert (taken_over.status, taken_over.merged_into) == ("resolved", moved.id)
    known = moved.id
    remove = alerter.ask(RemoveAlert, incident_id=known, alert_id=critical.id)
    assert (await alerter.handlers.remove_alert(remove)).incident.alert_ids == []
    assert await problem_of(alerter.handlers.remove_alert(remove)) == "alert-not-in-incident"
    unknown = alerter.ask(AddAlerts, incident_id=known, alert_ids=[new_id()])
    assert await problem_of(alerter.handlers.add_alerts(unknown)) == "alert-not-found"


async def test_what_people_say_is_kept_and_drafted(alerter: Alerter) -> None:
    await alerter.fire("Down", "critical")
    known = (await alerter.only()).incident.id
    here = {"incident_id": known}
    await alerter.handlers.describe_incident(alerter.ask(DescribeIncident, **here, impact="Nobody can pay"))
    await alerter.handlers.add_task(alerter.ask(AddTask, **here, task_id=new_id(), text="Roll back"))
    await alerter.handlers.post_update(
        alerter.ask(PostUpdate, **here, update_id=new_id(), text="We look", is_public=True)
    )
    draft = await alerter.handlers.draft_postmortem(alerter.ask(DraftPostmortem, **here))
    assert "## Impact\n\nNobody can pay" in draft.text
    assert "- [ ] Roll back" in draft.text
    saved = await alerter.handlers.save_postmortem(alerter.ask(SavePostmortem, **here, text=draft.text))
    assert saved.incident.postmortem == draft.text
    assert [step.kind for step in saved.steps[1:]] == ["described", "task-added", "update-posted", "postmortem-saved"]


async def test_figures_tell_how_long_it_took(alerter: Alerter) -> None:
    began = datetime.now(UTC) - timedelta(hours=2)
    for minutes in (10, 20, 30):
        known = (
            await alerter.handlers.open_incident(alerter.ask(OpenIncident, incident_id=new_id(), title="X"))
        ).incident
        incident = known.model_copy(
            update={
                "started_at": began,
                "opened_at": began + timedelta(minutes=1),
                "acknowledged_at": began + timedelta(minutes=3),
                "resolved_at": began + timedelta(minutes=minutes),
                "status": IncidentStatus.RESOLVED,
                "severity": "critical" if minutes == 30 else "warning",
                "version": 2,
            }
        )
        step = (await alerter.get(known.id)).steps[0].model_copy(update={"key": "2"})
        event = IncidentUpdated(
            organization_id=alerter.organization, incident_id=known.id, incident=incident, step=step
        )
        async with alerter.house.pool.acquire() as db, db.transaction():
            await db.execute("UPDATE alerter.incidents SET opened_at = $2 WHERE id = $1", known.id, incident.opened_at)
            await store.apply(db, event)
    span = {"since": began - timedelta(hours=1), "until": datetime.now(UTC)}
    found = await alerter.handlers.get_figures(alerter.ask(GetIncidentFigures, **span))
    assert (found.all.incidents, found.all.detect.median, found.all.acknowledge.median) == (3, 60, 120)
    assert (found.all.resolve.median, found.all.resolve.p90) == (1200, 1680)
    assert found.by_severity["critical"].resolve.median == 1800
    assert sum(sum(day.opened.values()) for day in found.days) == 3
    wrong = alerter.ask(GetIncidentFigures, since=span["until"], until=span["since"])
    assert await problem_of(alerter.handlers.get_figures(wrong)) == "invalid-span"


async def test_no_organization_sees_or_changes_anothers_and_each_counts_for_itself(alerter: Alerter) -> None:
    mine = await alerter.fire("Down", "critical", service="checkout")
    other = Alerter(alerter.house)
    await other.fire("Down", "critical", service="checkout")
    assert (await other.only()).incident.number == (await alerter.only()).incident.number == 1
    known = (await alerter.only()).incident.id
    assert await problem_of(other.get(known)) == "incident-not-found"
    ask = other.ask(ResolveIncident, incident_id=known)
    assert await problem_of(other.handlers.resolve_incident(ask)) == "incident-not-found"
    merge = other.ask(MergeIncidents, incident_id=(await other.only()).incident.id, others=[known])
    assert await problem_of(other.handlers.merge_incidents(merge)) == "incident-not-found"
    steal = other.ask(AddAlerts, incident_id=(await other.only()).incident.id, alert_ids=[mine.id])
    assert await problem_of(other.handlers.add_alerts(steal)) == "alert-not-found"


async def test_two_copies_that_follow_at_once_open_one_incident(alerter: Alerter) -> None:
    first = await alerter.fire("A")
    second = await alerter.fire("B")
    events: list[Any] = []
    for alert in (first, second):
        labelled = alert.model_copy(update={"labels": {"service": "cart"}, "version": 2})
        await alerter.happen(AlertTriggered, labelled, "refreshed")
        events.append(
            AlertTriggered(organization_id=alerter.organization, alert_id=alert.id, alert=labelled, reason="x")
        )
    copy = Alerter(alerter.house, alerter.organization)
    await asyncio.gather(alerter.follow(events[0]), copy.follow(events[1]))
    assert (await alerter.only()).incident.counts == {"firing": 2}


async def test_what_events_say_is_what_is_kept_in_any_order_and_twice(alerter: Alerter) -> None:
    await alerter.end(await alerter.fire("Down", "critical", service="checkout"))
    await alerter.fire("Full", "critical", service="search")
    newest, oldest = (await alerter.list()).incidents
    await alerter.handlers.merge_incidents(alerter.ask(MergeIncidents, incident_id=oldest.id, others=[newest.id]))
    live = [await alerter.get(each.id) for each in (oldest, newest)]
    published = await alerter.house.published(IncidentOpened, IncidentUpdated, IncidentResolved)
    events = [each.event for each in published if each.event.organization_id == alerter.organization]
    async with alerter.house.pool.acquire() as db, db.transaction():
        for statement in store.ERASE:
            await db.execute(statement, alerter.organization)
        for event in [*reversed(events), *events]:
            await store.apply(db, event)
    assert [await alerter.get(each.id) for each in (oldest, newest)] == live


async def test_lists_are_narrowed_and_paged(alerter: Alerter) -> None:
    for n in range(3):
        await alerter.fire(f"Down {n}", "critical")
    page = await alerter.list(limit=2)
    assert ([each.number for each in page.incidents], page.total) == ([3, 2], 3)
    assert [each.number for each in (await alerter.list(limit=2, cursor=page.next_cursor)).incidents] == [1]
    assert [each.title for each in (await alerter.list(query="dOwN 1")).incidents] == ["Down 1"]
    assert (await alerter.list(severity="warning")).total == 0
    assert (await alerter.list(statuses=["resolved"])).incidents == []


FILL = """
INSERT INTO alerter.incidents (
    id, organization_id, number, status, severity, is_merged, opened_at, started_at, resolved_at, alert_ids, version, document
)
SELECT gen_random_uuid(), $1, n, CASE WHEN n % 100 = 0 THEN 'open' ELSE 'resolved' END, 'warning', false, at, at, at,
    ARRAY[gen_random_uuid(), gen_random_uuid()], 1, '{}'
FROM generate_series(1, 3000) AS n, make_interval(hours => n) AS ago, LATERAL (SELECT now() - ago AS at) AS earlier
"""
HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


@pytest.mark.parametrize(
    ("query", "arguments", "index"),
    [
        (store.OF_ALERTS, ([new_id() for _ in range(20)],), "incidents_of_alerts"),
        (store.TAKEN, ([new_id() for _ in range(20)],), "incidents_of_alerts"),
        (store.BY_NUMBER, (7,), "incidents_by_number"),
        (store.NUMBER, (), "incidents_by_number"),
        (store.KNOWN, (HOUR_AGO, 200, 20), "incidents_resolved"),
        (store.KNOWN, (HOUR_AGO, 200, 20), "incidents_by_status"),
        (store.FIGURES, (HOUR_AGO, datetime.now(UTC)), "incidents_opened"),
        (store.STEPS, (new_id(), 10), "incident_steps_"),
    ],
)
async def test_among_many_incidents_each_question_has_its_index(
    house: Any, query: str, arguments: tuple[Any, ...], index: str
) -> None:
    organization = new_id()
    plan = await plan_among_many(house, organization, query, organization, *arguments)
    assert index in plan
    assert "Seq Scan on incidents" not in plan


async def test_what_is_quiet_is_found_by_its_index(house: Any) -> None:
    assert "incidents_quiet" in await plan_among_many(house, new_id(), store.QUIET, datetime.now(UTC))


async def plan_among_many(house: Any, organization: Id, query: str, *arguments: Any) -> str:
    """How PostgreSQL would go about it while this organization has many incidents."""
    async with house.pool.acquire() as db:
        filled = db.transaction()
        await filled.start()
        try:
            await db.execute(FILL, organization)
            await db.execute("ANALYZE alerter.incidents; SET LOCAL enable_seqscan = off")
            rows = await db.fetch(f"EXPLAIN {query}", *arguments)
        finally:
            await filled.rollback()
    return "\n".join(row[0] for row in rows)
