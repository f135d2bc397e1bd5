import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitors_contracts.base import new_id
from monitors_contracts.collection import DeleteMonitor, ListMonitors
from monitors_contracts.metrics import MetricCollected
from monitors_contracts.monitors import (
    GetEvaluations,
    GetMonitor,
    InterpretPrompt,
    MonitorCreated,
    MonitorDeleted,
    MonitorEvaluated,
    MonitorRefreshRequested,
    MonitorUpdated,
    ThresholdCleared,
    ThresholdExceeded,
    Verdict,
)
from monitors_contracts.pages import Failure
from monitors_contracts.platform import AiUsageRecorded, GetAiUsage
from monitors_evaluator import store
from monitors_runtime.errors import ProblemError, Retryable

RISES = "Tell me when the price at https://shop.example/kettle changes"


async def refused(awaitable: Any) -> str:
    with pytest.raises(ProblemError) as raised:
        await awaitable
    return raised.value.problem.type


# -- monitors ---------------------------------------------------------------------------------------------------------


async def test_create_when_asked_then_the_monitor_is_known_and_its_event_holds_it(evaluator: Any):
    monitor = await evaluator.create(name="Kettle")
    assert await evaluator.get(monitor) == monitor
    [envelope] = await evaluator.house.published(MonitorCreated)
    assert envelope.event.monitor == monitor
    assert (monitor.name, monitor.interpretation.url, monitor.version) == ("Kettle", "https://shop.example/kettle", 1)


async def test_create_when_asked_twice_with_one_id_then_there_is_one_monitor(evaluator: Any):
    identifier = new_id()
    first, second = [await evaluator.create(monitor_id=identifier) for _ in range(2)]
    assert first == second
    assert len(await evaluator.house.published()) == 1


async def test_create_when_not_understood_or_without_address_then_says_so_and_saves_nothing(evaluator: Any):
    assert await refused(evaluator.create("tell me when the kettle drops below $50")) == "no-source-url"
    assert await refused(evaluator.create("hello there, how are you today")) == "not-understood"
    assert await evaluator.house.published() == []


async def test_interpret_when_asked_then_saves_nothing(evaluator: Any):
    prompt = "Tell me when the price at https://shop.example/kettle drops below $50"
    asked = InterpretPrompt(organization_id=evaluator.organization, user_id=evaluator.user, prompt=prompt)
    meaning = await evaluator.handlers.interpret_prompt(asked)
    assert (meaning.kind, meaning.condition.value) == ("state", 50)
    assert await evaluator.house.published() == []


async def test_create_when_many_race_for_the_last_place_then_just_so_many_get_one(evaluator: Any):
    tries = await asyncio.gather(*(evaluator.create(limit=2) for _ in range(5)), return_exceptions=True)
    problems = [each.problem.type for each in tries if isinstance(each, ProblemError)]
    assert problems == ["monitor-limit"] * 3
    query = ListMonitors(organization_id=evaluator.organization, user_id=evaluator.user)
    assert (await evaluator.handlers.list_monitors(query)).total == 2


async def test_update_when_the_name_changes_then_what_was_read_stays(evaluator: Any):
    monitor = await evaluator.create()
    await evaluator.check(monitor, 60)
    renamed = await evaluator.update(monitor, name="Another")
    assert (renamed.name, renamed.current_value, renamed.version) == ("Another", 60, 3)
    known = await store.get(evaluator.house.pool, evaluator.organization, monitor.id)
    assert known
    assert known.reading is not None
    assert known.content_hash is not None


async def test_update_when_the_prompt_changes_then_forgets_what_was_read(evaluator: Any):
    monitor = await evaluator.create()
    await evaluator.check(monitor, 60)
    changed = await evaluator.update(
        monitor, prompt="Tell me when the price at https://shop.example/kettle is above $80"
    )
    assert changed.interpretation.condition
    assert (changed.interpretation.condition.value, changed.plan, changed.current_value) == (80, None, None)
    known = await store.get(evaluator.house.pool, evaluator.organization, monitor.id)
    assert known
    assert (known.monitor, known.reading, known.content_hash) == (changed, None, None)
    assert [type(each.event) for each in await evaluator.house.published(MonitorUpdated)] == [MonitorUpdated]


async def test_delete_when_asked_then_the_monitor_and_its_evaluations_are_gone_for_good(evaluator: Any):
    monitor = await evaluator.create()
    await evaluator.check(monitor, 60)
    late = await evaluator.refresh(monitor)
    await evaluator.handlers.commands.delete(
        DeleteMonitor(organization_id=evaluator.organization, monitor_id=monitor.id)
    )
    assert await refused(evaluator.get(monitor)) == "monitor-not-found"
    asked = GetEvaluations(organization_id=evaluator.organization, refresh_ids=[late])
    assert (await evaluator.handlers.get_evaluations(asked)).evaluations == []
    assert await evaluator.hear(evaluator.fetched(monitor, late, 40)) == []
    assert (await evaluator.ask((monitor.id, new_id()))).accepted == []
    created, *_ = await evaluator.house.published(MonitorCreated)
    async with evaluator.house.pool.acquire() as db:
        await store.apply(db, created.event)  # a late event brings nothing back
    assert await refused(evaluator.get(monitor)) == "monitor-not-found"
    assert len(await evaluator.house.published(MonitorDeleted)) == 1


async def test_a_monitor_when_another_organization_asks_then_is_not_found(evaluator: Any, other_evaluator: Any):
    monitor = await evaluator.create()
    refresh = await evaluator.refresh(monitor)
    other = other_evaluator
    assert await refused(other.get(monitor)) == "monitor-not-found"
    assert await refused(other.update(monitor, name="Mine")) == "monitor-not-found"
    gone = DeleteMonitor(organization_id=other.organization, monitor_id=monitor.id)
    assert await refused(other.handlers.commands.delete(gone)) == "monitor-not-found"
    mine = new_id()
    assert (await other.ask((monitor.id, mine))).refused == {str(mine): "monitor-not-found"}
    asked = GetEvaluations(organization_id=other.organization, refresh_ids=[refresh])
    assert (await other.handlers.get_evaluations(asked)).evaluations == []
    assert await other.hear(other.fetched(monitor, refresh, 40)) == []
    assert await evaluator.get(monitor) == monitor


async def test_list_when_paged_then_every_monitor_comes_once_newest_first(evaluator: Any):
    made = [await evaluator.create() for _ in range(5)]
    seen: list[Any] = []
    cursor = None
    while True:
        query = ListMonitors(organization_id=evaluator.organization, user_id=evaluator.user, limit=2, cursor=cursor)
        page = await evaluator.handlers.list_monitors(query)
        assert page.total == 5
        seen += page.monitors
        if (cursor := page.next_cursor) is None:
            break
    assert seen == list(reversed(made))


# -- refreshes --------------------------------------------------------------------------------------------------------


async def test_refresh_when_asked_twice_then_is_started_once(evaluator: Any):
    monitor, refresh = await evaluator.create(), new_id()
    for items in ([(monitor.id, refresh)], [(monitor.id, refresh)] * 2):
        assert (await evaluator.ask(*items)).accepted == [refresh]
    assert (await evaluator.evaluation(refresh)).status == "pending"
    [requested] = await evaluator.house.published(MonitorRefreshRequested)
    assert requested.correlation_id == refresh
    await evaluator.hear(evaluator.fetched(monitor, refresh, 60))
    assert (await evaluator.ask((monitor.id, refresh))).accepted == [refresh]
    assert (await evaluator.evaluation(refresh)).status == "done"
    assert len(await evaluator.house.published(MonitorRefreshRequested)) == 1


async def test_refresh_when_the_monitor_is_paused_or_unknown_then_is_refused_and_others_start(evaluator: Any):
    good, paused = await evaluator.create(), await evaluator.create()
    await evaluator.update(paused, is_active=False)
    refreshes = [new_id() for _ in range(3)]
    reply = await evaluator.ask(*zip((good.id, paused.id, new_id()), refreshes, strict=True))
    assert reply.accepted == refreshes[:1]
    assert reply.refused == {str(refreshes[1]): "monitor-paused", str(refreshes[2]): "monitor-not-found"}


# -- verdicts ---------------------------------------------------------------------------------------------------------


async def test_pages_when_the_condition_comes_and_goes_then_it_is_told_once_each(evaluator: Any):
    monitor = await evaluator.create()
    told: list[tuple[str, list[str]]] = []
    for price in (60, 45, 44, 55, 45):
        evaluation, events = await evaluator.check(monitor, price)
        crossings = [
            type(event).__name__ for event in events if isinstance(event, ThresholdExceeded | ThresholdCleared)
        ]
        told.append((evaluation.reason, crossings))
    assert told == [
        ("not-met", []),
        ("condition-met", ["ThresholdExceeded"]),
        ("still-met", []),
        ("condition-cleared", ["ThresholdCleared"]),
        ("condition-met", ["ThresholdExceeded"]),
    ]
    known = await evaluator.get(monitor)
    assert (known.current_value, known.previous_value, known.unit, known.condition_met) == (45, 55, "USD", True)
    assert (known.trigger_count, known.evaluation_count, known.version) == (2, 5, 6)
    prints = {each.event.fingerprint for each in await evaluator.house.published(ThresholdExceeded)}
    assert len(prints) == 1, "the same condition, the same fingerprint"


async def test_a_page_when_it_arrives_twice_then_is_evaluated_once(evaluator: Any):
    monitor = await evaluator.create()
    refresh = await evaluator.refresh(monitor)
    page = evaluator.fetched(monitor, refresh, 45)
    first = await evaluator.hear(page, page)
    assert [type(event) for event in first] == [MonitorEvaluated, ThresholdExceeded, MetricCollected]
    assert await evaluator.hear(page) == []
    assert (await evaluator.get(monitor)).evaluation_count == 1


async def test_pages_of_one_monitor_when_in_one_group_then_each_is_decided_after_the_one_before(evaluator: Any):
    monitor, other = await evaluator.create(), await evaluator.create()
    refreshes = [await evaluator.refresh(monitor) for _ in range(3)]
    elsewhere = await evaluator.refresh(other)
    pages = [evaluator.fetched(monitor, each, price) for each, price in zip(refreshes, (60, 45, 44), strict=True)]
    await evaluator.hear(pages[0], pages[1], evaluator.fetched(other, elsewhere, 70), pages[2])
    reasons = [(await evaluator.evaluation(each)).reason for each in [*refreshes, elsewhere]]
    assert reasons == ["not-met", "condition-met", "still-met", "not-met"]
    assert (await evaluator.get(monitor)).version == 4


async def test_a_failed_page_when_heard_then_decides_nothing_and_says_why(evaluator: Any):
    monitor = await evaluator.create()
    await evaluator.check(monitor, 45)
    before = await evaluator.get(monitor)
    refresh = await evaluator.refresh(monitor)
    [event] = await evaluator.hear(evaluator.failed(monitor, refresh, Failure.BLOCKED))
    assert isinstance(event, MonitorEvaluated)
    evaluation = await evaluator.evaluation(refresh)
    assert (evaluation.verdict, evaluation.reason) == (Verdict.FAILED, "blocked")
    assert evaluation.detail == "The site asked for proof of being human."
    after = await evaluator.get(monitor)
    assert (after.current_value, after.condition_met, after.plan) == (45, True, before.plan)
    assert (after.last_verdict, after.evaluation_count) == (Verdict.FAILED, 2)


async def test_a_check_when_it_gets_no_answer_then_fails_once_and_a_late_page_changes_nothing(evaluator: Any):
    monitor = await evaluator.create()
    await evaluator.check(monitor, 45)
    refresh = await evaluator.refresh(monitor)
    await evaluator.handlers.end_overdue(datetime.now(UTC) - timedelta(minutes=15))
    assert (await evaluator.evaluation(refresh)).status == "pending", "it has time yet"
    for _ in range(2):
        await evaluator.handlers.end_overdue(datetime.now(UTC) + timedelta(minutes=1))
    evaluation = await evaluator.evaluation(refresh)
    assert (evaluation.status, evaluation.verdict, evaluation.reason) == ("done", Verdict.FAILED, "timeout")
    assert await evaluator.hear(evaluator.fetched(monitor, refresh, 80)) == []
    after = await evaluator.get(monitor)
    assert (after.current_value, after.condition_met, after.evaluation_count) == (45, True, 2)


async def test_a_page_without_the_fact_when_heard_then_decides_nothing(evaluator: Any):
    monitor = await evaluator.create()
    await evaluator.check(monitor, 45)
    refresh = await evaluator.refresh(monitor)
    import base64

    import zstandard

    empty = base64.b64encode(zstandard.compress(b"<html><body><p>Come back later.</p></body></html>")).decode()
    [event] = await evaluator.hear(evaluator.fetched(monitor, refresh, 1, content=empty, content_hash="f" * 64))
    assert isinstance(event, MonitorEvaluated)
    assert (event.evaluation.verdict, event.evaluation.reason) == (Verdict.UNCERTAIN, "fact-not-found")
    assert event.content_hash is None
    assert (await evaluator.get(monitor)).condition_met is True


async def test_a_surprising_value_when_seen_then_a_second_fetch_decides(evaluator: Any):
    monitor = await evaluator.create()
    await evaluator.check(monitor, 120)
    refresh = await evaluator.refresh(monitor)
    [again] = await evaluator.hear(evaluator.fetched(monitor, refresh, 4))
    assert isinstance(again, MonitorRefreshRequested)
    assert (again.cause, again.refresh_id) == ("confirmation", refresh)
    assert again.suspect
    assert again.suspect.value == 4
    assert (await evaluator.evaluation(refresh)).status == "pending"
    events = await evaluator.hear(evaluator.fetched(monitor, refresh, 4, cause="confirmation"))
    assert ThresholdExceeded in [type(event) for event in events]
    evaluation = await evaluator.evaluation(refresh)
    assert (evaluation.confirmed, evaluation.reason, evaluation.value) == (True, "condition-met", 4)
    assert (await evaluator.get(monitor)).evaluation_count == 2


async def test_a_surprising_value_when_not_seen_again_then_nothing_is_told(evaluator: Any):
    monitor = await evaluator.create()
    await evaluator.check(monitor, 120)
    refresh = await evaluator.refresh(monitor)
    await evaluator.hear(evaluator.fetched(monitor, refresh, 4))
    [event] = await evaluator.hear(evaluator.fetched(monitor, refresh, 119, cause="confirmation"))
    assert isinstance(event, MonitorEvaluated)
    assert (event.evaluation.verdict, event.evaluation.reason) == (Verdict.UNCERTAIN, "not-confirmed")
    assert (await evaluator.get(monitor)).current_value == 120


async def test_a_change_when_seen_then_is_told_with_a_fingerprint_of_its_own(evaluator: Any):
    monitor = await evaluator.create(RISES)
    for price in (60, 60, 62, 60):
        await evaluator.check(monitor, price, note=f"seen at {price}")
    crossings = [each.event for each in await evaluator.house.published(ThresholdExceeded)]
    assert [(each.previous_value, each.value) for each in crossings] == [(60, 62), (62, 60)]
    assert len({each.fingerprint for each in crossings}) == 2
    assert await evaluator.house.published(ThresholdCleared) == []


async def test_an_unchanged_page_when_heard_then_the_known_reading_is_used_again(evaluator: Any):
    monitor = await evaluator.create()
    evaluation, _ = await evaluator.check(monitor, 45)
    refresh = await evaluator.refresh(monitor)
    page = evaluator.fetched(monitor, refresh, 45, content=None, unchanged=True)  # nothing to read in it
    await evaluator.hear(page)
    again = await evaluator.evaluation(refresh)
    assert (again.value, again.unit, again.reason) == (45, "USD", "still-met")
    assert again.evidence == evaluation.evidence


async def test_a_page_when_the_monitor_is_edited_while_it_is_read_then_is_read_again(evaluator: Any):
    monitor = await evaluator.create()
    refresh = await evaluator.refresh(monitor)
    page = evaluator.fetched(monitor, refresh, 45)

    async def read_slowly(received: Any) -> Any:
        read = await evaluator.handlers.read_page(received)
        await evaluator.update(monitor, prompt="Tell me when the price at https://shop.example/kettle is below $40")
        return read

    with pytest.raises(Retryable) as again:
        await evaluator.house.deliver_all(evaluator.service, evaluator.handlers.pages_read, page, work=read_slowly)
    assert again.value.delay
    await evaluator.hear(page)
    assert (await evaluator.evaluation(refresh)).reason == "not-met"


async def test_history_when_asked_then_is_newest_first_and_bounded(evaluator: Any):
    monitor = await evaluator.create()
    for price in (60, 61, 62):
        await evaluator.check(monitor, price)
    query = GetMonitor(organization_id=evaluator.organization, monitor_id=monitor.id, history=2)
    detail = await evaluator.handlers.get_monitor(query)
    assert [each.value for each in detail.evaluations] == [62, 61]


async def test_ai_usage_when_recorded_twice_then_is_summed_once_by_provider_and_month(evaluator: Any):
    now = datetime.now(UTC)

    def usage(provider: str, cost: float, when: datetime) -> AiUsageRecorded:
        return AiUsageRecorded(
            organization_id=evaluator.organization,
            usage_id=new_id(),
            provider=provider,
            model="m",
            purpose="interpret",
            input_tokens=10,
            output_tokens=5,
            cost_usd=cost,
            outcome="ok",
            duration_ms=1,
            occurred_at=when,
        )

    recorded = [
        usage("a", 0.25, now),
        usage("a", 0.5, now),
        usage("b", 1, now),
        usage("b", 9, now - timedelta(days=70)),
    ]
    async with evaluator.house.pool.acquire() as db:
        for each in (*recorded, *recorded):
            await store.add_usage(db, each)
    reply = await evaluator.handlers.get_ai_usage(GetAiUsage(organization_id=evaluator.organization))
    assert [(each.provider, each.requests, each.cost_usd) for each in reply.providers] == [("a", 2, 0.75), ("b", 1, 1)]
    assert (reply.month, reply.budget_usd) == (f"{now:%Y-%m}", 10)
    assert (await evaluator.handlers.get_ai_usage(GetAiUsage(organization_id=new_id()))).providers == []


async def test_queries_when_there_are_many_rows_then_read_an_index(evaluator: Any, plan: Any):
    organization, user, some = evaluator.organization, evaluator.user, new_id()
    await evaluator.house.pool.execute(
        "INSERT INTO evaluator.monitors SELECT gen_random_uuid(), CASE WHEN n % 100 = 0 THEN $1::uuid "
        "ELSE gen_random_uuid() END, $2, 1, '{}' FROM generate_series(1, 5000) AS n",
        organization,
        user,
    )
    await evaluator.house.pool.execute(
        "INSERT INTO evaluator.evaluations SELECT gen_random_uuid(), organization_id, id, 'pending', now(), NULL, '{}' "
        "FROM evaluator.monitors",
    )
    await evaluator.house.pool.execute(
        "INSERT INTO evaluator.ai_usage SELECT gen_random_uuid(), CASE WHEN n % 100 = 0 THEN $1::uuid "
        "ELSE gen_random_uuid() END, NULL, 'a', 'm', 'p', 1, 1, 1, 'ok', now() FROM generate_series(1, 5000) AS n",
        organization,
    )
    month = datetime.now(UTC).replace(day=1)
    for query, arguments in (
        (store.GET, (organization, some)),
        (store.GET_THESE, ([organization], [some])),
        (store.GET_MANY, (organization, [some])),
        (store.COUNT, (organization, user)),
        (store.PENDING, ([organization], [some])),
        (store.HISTORY, (organization, some, 50)),
        (store.EVALUATIONS, (organization, [some])),
        (store.GET_DELETED, (organization, some)),
        (store.PENDING_OF_MONITOR, (organization, some)),
        (store.ERASE_DELETED, (datetime.now(UTC),)),
        (store.OVERDUE, (datetime.now(UTC) - timedelta(days=1),)),
        (store.SPENT, (organization, month)),
        (store.USAGE, (organization, month)),
    ):
        explained = await plan(query, *arguments)
        assert "Seq Scan" not in explained, f"{query}\n{explained}"
