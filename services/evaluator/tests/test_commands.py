"""Monitors that are corrected, copied, deleted and brought back, with what becomes of checks and alerts."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitors_contracts.base import Id, new_id
from monitors_contracts.collection import DeleteMonitor, DuplicateMonitor, ListMonitors, RestoreMonitor
from monitors_contracts.monitors import (
    BY_HAND,
    Change,
    Condition,
    GetEvaluations,
    Interpretation,
    MonitorDeleted,
    MonitorRefreshRequested,
    MonitorRestored,
    MonitorStatus,
    MonitorView,
    Operator,
    ThresholdCleared,
    ThresholdExceeded,
)
from monitors_evaluator import store
from monitors_runtime.errors import ProblemError

URL = "https://shop.example/kettle"


class Person:
    """What one user does to monitors."""

    def __init__(self, evaluator: Any) -> None:
        self.evaluator = evaluator
        self.commands = evaluator.handlers.commands
        self.pool = evaluator.house.pool

    async def delete(self, monitor: MonitorView, minutes: int = 60) -> datetime:
        who = {"organization_id": self.evaluator.organization, "monitor_id": monitor.id}
        gone = await self.commands.delete(DeleteMonitor(**who, restorable_minutes=minutes))
        return gone.restorable_until

    async def restore(self, monitor: MonitorView, limit: int = 0) -> MonitorView:
        who = {"organization_id": self.evaluator.organization, "monitor_id": monitor.id}
        return await self.commands.restore(RestoreMonitor(**who, limit=limit))

    async def duplicate(self, monitor: MonitorView, copy_id: Id | None = None, limit: int = 0) -> MonitorView:
        who = {"organization_id": self.evaluator.organization, "user_id": self.evaluator.user}
        return await self.commands.duplicate(
            DuplicateMonitor(**who, monitor_id=monitor.id, copy_id=copy_id or new_id(), limit=limit)
        )

    async def total(self) -> int:
        asked = ListMonitors(organization_id=self.evaluator.organization, user_id=self.evaluator.user)
        return (await self.evaluator.handlers.list_monitors(asked)).total

    async def told(self) -> list[str]:
        """The crossings so far."""
        published = await self.evaluator.house.published(ThresholdExceeded, ThresholdCleared)
        return [type(each.event).__name__.removeprefix("Threshold") for each in published]

    async def erase(self, now: datetime) -> None:
        await self.pool.execute(store.ERASE_DELETED, now)

    async def evaluations(self, *refreshes: Id) -> int:
        asked = GetEvaluations(organization_id=self.evaluator.organization, refresh_ids=list(refreshes))
        return len((await self.evaluator.handlers.get_evaluations(asked)).evaluations)


@pytest.fixture
def person(evaluator: Any) -> Person:
    return Person(evaluator)


async def refused(awaitable: Any) -> str:
    with pytest.raises(ProblemError) as raised:
        await awaitable
    return raised.value.problem.type


def meaning(value: float = 50.0, op: Operator = Operator.LE, **changes: Any) -> Interpretation:
    said: dict[str, Any] = {
        "kind": "state",
        "fact": "price",
        "fact_type": "number",
        "condition": Condition(op=op, value=value, unit="USD", strict=True),
        "url": URL,
        "name": "",
        "confidence": 1,
    }
    return Interpretation(**(said | changes))


# -- corrected --------------------------------------------------------------------------------------------------------


async def test_create_when_the_person_says_what_it_means_then_the_sentence_is_not_interpreted(evaluator: Any):
    said = meaning(subject="Copper kettle", name="Mine")
    monitor = await evaluator.create("Please keep an eye on it for me", interpretation=said)
    assert monitor.interpretation == said.model_copy(update={"provider": BY_HAND, "confidence": 1.0})
    assert (monitor.name, monitor.prompt) == ("Mine", "Please keep an eye on it for me")
    evaluation, _ = await evaluator.check(monitor, 45)
    assert (evaluation.value, evaluation.reason) == (45, "condition-met")


async def test_create_when_what_is_said_can_not_be_watched_then_says_where_it_is_wrong_and_saves_nothing(
    evaluator: Any, person: Person
):
    with pytest.raises(ProblemError) as raised:
        await evaluator.create(interpretation=meaning(fact=" ", url="ftp://shop.example"))
    problem = raised.value.problem
    assert (problem.type, problem.status) == ("invalid-interpretation", 422)
    assert [each["field"] for each in problem.errors or []] == ["interpretation.extractedFact", "interpretation.url"]
    assert await refused(evaluator.create(interpretation=meaning(url=None))) == "no-source-url"
    assert await person.total() == 0


@pytest.mark.parametrize("before", [45, 60])
@pytest.mark.parametrize("limit", [40.0, 50.0, 70.0])
async def test_update_when_only_the_condition_changes_then_value_and_plan_stay_and_the_next_check_judges(
    evaluator: Any, person: Person, before: float, limit: float
):
    monitor = await evaluator.create()
    await evaluator.check(monitor, before)
    known = await evaluator.get(monitor)
    changed = await evaluator.update(monitor, interpretation=meaning(limit))
    if limit == 50:
        assert (changed.interpretation, changed.condition_met) == (known.interpretation, known.condition_met)
        return
    assert (changed.current_value, changed.plan, changed.unit) == (before, known.plan, "USD")
    assert (changed.condition_met, changed.status) == (None, MonitorStatus.NEW)
    was_met, holds = before < 50, before < limit
    assert await person.told() == ["Exceeded", "Cleared"] * was_met, "the alert of the old condition ends with it"
    evaluation, _ = await evaluator.check(monitor, before)  # the very same page: nothing is read anew
    assert evaluation.reason == ("condition-met" if holds else "not-met")
    await evaluator.check(monitor, before)
    assert await person.told() == ["Exceeded", "Cleared"] * was_met + ["Exceeded"] * holds, (
        "neither lost nor told twice"
    )
    prints = [each.event.fingerprint for each in await evaluator.house.published(ThresholdExceeded)]
    assert len(set(prints)) == len(prints)


async def test_update_when_the_condition_changes_while_a_page_is_read_then_it_is_judged_by_the_new_one(
    evaluator: Any, person: Person
):
    from monitors_runtime.errors import Retryable

    monitor = await evaluator.create()
    refresh = await evaluator.refresh(monitor)
    page = evaluator.fetched(monitor, refresh, 45)
    read = evaluator.handlers.read_page

    async def read_and_edit(received: Any) -> Any:
        outcome = await read(received)
        await evaluator.update(monitor, interpretation=meaning(40.0))
        return outcome

    with pytest.raises(Retryable):
        await evaluator.house.deliver_all(evaluator.service, evaluator.handlers.pages_read, page, work=read_and_edit)
    await evaluator.hear(page)
    assert ((await evaluator.evaluation(refresh)).reason, await person.told()) == ("not-met", [])


@pytest.mark.parametrize(
    "changes",
    [
        {"fact": "shipping"},
        {"subject": "steel kettle"},
        {"url": "https://other.example/kettle"},
        {"fact_type": "string", "condition": Condition(op=Operator.CONTAINS, value="sold out")},
    ],
)
async def test_update_when_the_page_is_asked_for_something_else_then_forgets_what_was_read(
    evaluator: Any, person: Person, changes: dict[str, Any]
):
    monitor = await evaluator.create()
    await evaluator.check(monitor, 45)
    changed = await evaluator.update(monitor, interpretation=meaning(**changes))
    assert (changed.plan, changed.current_value, changed.condition_met) == (None, None, None)
    assert await person.told() == ["Exceeded", "Cleared"]
    known = await store.get(person.pool, evaluator.organization, monitor.id)
    assert known
    assert (known.reading, known.content_hash) == (None, None)


async def test_update_when_a_state_becomes_a_change_and_back_then_only_what_happens_since_is_told(
    evaluator: Any, person: Person
):
    monitor = await evaluator.create()
    await evaluator.check(monitor, 45)
    changes = meaning(kind="change", condition=None, change=Change(direction="decrease"))
    await evaluator.update(monitor, interpretation=changes)
    for price in (45, 44):
        await evaluator.check(monitor, price)
    assert await person.told() == ["Exceeded", "Cleared", "Exceeded"]
    await evaluator.update(monitor, interpretation=meaning(30.0))
    await evaluator.check(monitor, 44)
    assert await person.told() == ["Exceeded", "Cleared", "Exceeded"]


# -- copied -----------------------------------------------------------------------------------------------------------


async def test_duplicate_when_asked_then_watches_the_same_without_a_history(evaluator: Any, person: Person):
    original = await evaluator.create(name="Kettle")
    await evaluator.check(original, 45)
    original = await evaluator.get(original)
    identifier = new_id()
    copy, again = [await person.duplicate(original, identifier) for _ in range(2)]
    assert copy == again == await evaluator.get(copy)
    same = ("prompt", "interpretation", "source", "plan")
    assert [getattr(copy, name) for name in same] == [getattr(original, name) for name in same]
    assert copy.plan is not None
    assert (copy.id, copy.name, copy.status) == (identifier, "Kettle (copy)", MonitorStatus.NEW)
    assert (copy.current_value, copy.evaluation_count, copy.trigger_count) == (None, 0, 0)
    evaluation, _ = await evaluator.check(copy, 45)
    assert evaluation.reason == "condition-met", "it tells for itself"
    assert (await person.duplicate(copy)).name == "Kettle (copy)"


async def test_duplicate_when_the_name_is_long_then_still_fits(evaluator: Any, person: Person):
    copy = await person.duplicate(await evaluator.create(name="ä" * 100))
    assert copy.name == "ä" * 93 + " (copy)"


async def test_duplicate_when_there_is_no_room_or_no_such_monitor_then_is_refused(
    evaluator: Any, person: Person, other_evaluator: Any
):
    monitor = await evaluator.create()
    assert await refused(person.duplicate(monitor, limit=1)) == "monitor-limit"
    assert await refused(Person(other_evaluator).duplicate(monitor)) == "monitor-not-found"


# -- deleted and brought back -----------------------------------------------------------------------------------------


async def test_a_deleted_monitor_when_restored_in_time_then_is_as_it_was(evaluator: Any, person: Person):
    monitor = await evaluator.create()
    refresh = await evaluator.refresh(monitor)
    await evaluator.hear(evaluator.fetched(monitor, refresh, 60))
    before = await evaluator.get(monitor)
    until = await person.delete(monitor)
    assert timedelta(minutes=59) < until - datetime.now(UTC) <= timedelta(minutes=60)
    assert await refused(evaluator.get(monitor)) == "monitor-not-found"
    assert await refused(evaluator.update(monitor, name="Mine")) == "monitor-not-found"
    assert (await evaluator.ask((monitor.id, new_id()))).accepted == []
    assert (await person.total(), await person.evaluations(refresh)) == (0, 0)
    await person.erase(until - timedelta(seconds=1))
    back = await person.restore(monitor)
    assert back == before.model_copy(update={"version": before.version + 2}) == await evaluator.get(monitor)
    assert (await person.total(), await person.evaluations(refresh)) == (1, 1)
    await person.erase(until + timedelta(days=1))
    assert await evaluator.get(monitor) == back == await person.restore(monitor), (
        "nothing is erased, nor restored twice"
    )
    assert len(await evaluator.house.published(MonitorRestored)) == 1
    evaluation, _ = await evaluator.check(monitor, 60)
    assert (evaluation.reason, evaluation.previous_value) == ("not-met", 60)


async def test_a_deleted_monitor_when_its_time_is_over_then_is_gone_for_good(evaluator: Any, person: Person):
    monitor = await evaluator.create()
    await evaluator.check(monitor, 60)
    until = await person.delete(monitor, minutes=0)
    assert await refused(person.restore(monitor)) == "monitor-erased"
    await person.erase(until)
    assert await refused(person.restore(monitor)) == "monitor-not-found"
    rows = "SELECT count(*) FROM evaluator.evaluations WHERE monitor_id = $1"
    assert await person.pool.fetchval(rows, monitor.id) == 0
    kept = await person.pool.fetchrow("SELECT * FROM evaluator.monitors WHERE id = $1", monitor.id)
    assert kept
    assert {kept[name] for name in ("document", "deleted_document", "reading", "content_hash", "user_id")} == {None}
    assert kept["search"] == ""
    async with person.pool.acquire() as db:  # late events bring nothing back
        for each in await evaluator.house.published():
            if isinstance(each.event, store.MonitorEvent):
                await store.apply(db, each.event)
    assert await refused(evaluator.get(monitor)) == "monitor-not-found"


async def test_a_deleted_monitor_when_its_page_arrives_then_nothing_is_told_and_restored_it_is_asked_for_again(
    evaluator: Any, person: Person
):
    monitor = await evaluator.create()
    await evaluator.check(monitor, 60)
    refresh = await evaluator.refresh(monitor)
    page = evaluator.fetched(monitor, refresh, 45)
    await person.delete(monitor)
    assert await evaluator.hear(page) == []
    await evaluator.handlers.end_overdue(datetime.now(UTC) + timedelta(minutes=1))
    assert await person.told() == []
    asked = len(await evaluator.house.published(MonitorRefreshRequested))
    await person.restore(monitor)
    *_, again = await evaluator.house.published(MonitorRefreshRequested)
    assert len(await evaluator.house.published(MonitorRefreshRequested)) == asked + 1
    assert (again.event.refresh_id, again.correlation_id) == (refresh, refresh)
    await evaluator.hear(page, page)
    assert ((await evaluator.evaluation(refresh)).reason, await person.told()) == ("condition-met", ["Exceeded"])


async def test_a_deleted_monitor_when_its_condition_held_then_the_alert_ends_and_a_restored_one_judges_anew(
    evaluator: Any, person: Person
):
    monitor = await evaluator.create()
    await evaluator.check(monitor, 45)
    await person.delete(monitor)
    assert await person.told() == ["Exceeded", "Cleared"]
    back = await person.restore(monitor)
    assert (back.current_value, back.condition_met) == (45, None)
    for _ in range(2):
        await evaluator.check(monitor, 45)
    assert await person.told() == ["Exceeded", "Cleared", "Exceeded"], "neither lost nor told twice"


async def test_restore_when_the_place_is_taken_then_is_refused_whatever_races(evaluator: Any, person: Person):
    first, second = await evaluator.create(), await evaluator.create()
    await person.delete(first)
    await person.delete(second)
    tries = await asyncio.gather(
        person.restore(first, limit=1),
        person.restore(second, limit=1),
        evaluator.create(limit=1),
        return_exceptions=True,
    )
    assert [each.problem.type for each in tries if isinstance(each, ProblemError)] == ["monitor-limit"] * 2
    assert await person.total() == 1


async def test_restore_when_another_organization_asks_then_finds_nothing(
    evaluator: Any, person: Person, other_evaluator: Any
):
    monitor = await evaluator.create()
    await person.delete(monitor)
    assert await refused(Person(other_evaluator).restore(monitor)) == "monitor-not-found"
    assert (await person.restore(monitor)).id == monitor.id


async def test_a_deletion_of_before_when_it_names_no_version_then_is_for_good(evaluator: Any, person: Person):
    monitor = await evaluator.create()
    await evaluator.check(monitor, 60)
    gone = MonitorDeleted(organization_id=evaluator.organization, monitor_id=monitor.id)
    async with person.pool.acquire() as db:
        await store.apply(db, gone)
    assert await refused(person.restore(monitor)) == "monitor-erased"
    await person.erase(datetime.now(UTC))
    assert await refused(person.restore(monitor)) == "monitor-not-found"
