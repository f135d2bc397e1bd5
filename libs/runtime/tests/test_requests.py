"""Requests and replies, readiness, history, replay and migrations on real servers."""

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitors_contracts.alerts import AlertList, AlertView, GetAlert, ListAlerts
from monitors_contracts.base import new_id
from monitors_contracts.metrics import GetMetrics, MetricCollected, MetricsReply, SeriesSamples
from monitors_runtime import dead_letters, history, presence, together
from monitors_runtime.cursor import cursor_id, next_cursor
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.migrations import RUNTIME_MIGRATIONS, migrate
from monitors_runtime.replay import replay
from monitors_runtime.runtime import Runtime

pytestmark = pytest.mark.integration


# -- requests ---------------------------------------------------------------------------------------------------------


async def refusal(runtime: Runtime, request: Any, patience: float = 20) -> Any:
    with pytest.raises(ProblemError) as refused:
        await runtime.ask(request, patience)
    return refused.value.problem


async def test_ask_when_the_service_answers_refuses_fails_or_is_away_then_says_so(world: Any):
    asked: list[GetMetrics] = []
    failures: list[Exception] = []
    slow = asyncio.Event()

    async def answer(query: GetMetrics) -> MetricsReply:
        asked.append(query)
        if failures:
            raise failures.pop()
        return MetricsReply(series=[SeriesSamples(name=query.name, tags=query.tags, samples=[])])

    async def never(_: ListAlerts) -> AlertList:
        await slow.wait()
        return AlertList(alerts=[], total=0)

    owner, caller = world.runtime(), world.runtime()
    owner.service("metrics").answer(GetMetrics, answer)
    owner.service("alerter").answer(ListAlerts, never)
    await world.start(owner)
    await world.start(caller)
    query = GetMetrics(organization_id=new_id(), name="n", tags={"a": "ä"})

    reply = await caller.ask(query)
    assert reply.series[0].tags == {"a": "ä"}

    failures[:] = [problem("no-such-thing", "No such thing", 404, "It is not here.")]
    refused = await refusal(caller, query)
    assert (refused.type, refused.status, refused.detail) == ("no-such-thing", 404, "It is not here.")

    failures[:] = [ZeroDivisionError("a secret")]
    broken = await refusal(caller, query)
    assert (broken.type, broken.status) == ("internal-error", 500)
    assert "secret" not in broken.model_dump_json()

    with pytest.raises(ValidationError) as wrong:
        MetricsReply.model_validate({"series": "a row of its own that it can't read"})
    failures[:] = [wrong.value]
    unreadable = await refusal(caller, query)
    assert (unreadable.type, unreadable.status) == ("internal-error", 500), "the caller did nothing wrong"

    failures[:] = [asyncpg.CharacterNotInRepertoireError("0x00")]
    unwritable = await refusal(caller, query)
    assert (unwritable.type, unwritable.status) == ("invalid-request", 422)

    before = len(asked)
    for text in ("a\0b", "\0", "\\\0"):
        unkept = await refusal(caller, query.model_copy(update={"name": text}))
        assert (unkept.type, unkept.status) == ("invalid-request", 422)
    assert len(asked) == before, "what can't be kept is refused before anything is made of it"
    await caller.ask(query.model_copy(update={"name": r"a \u0000 in letters"}))

    failures[:] = [asyncpg.DeadlockDetectedError("in each other's way")]
    before = len(asked)
    await caller.ask(query)
    assert len(asked) == before + 2, "a conflict is tried again at once"

    failures[:] = [asyncpg.CannotConnectNowError("starting up")]
    assert (await refusal(caller, query)).status == 503

    nobody = await refusal(caller, GetAlert(organization_id=new_id(), alert_id=new_id()))
    assert (nobody.type, nobody.status) == ("service-unavailable", 503)
    assert "alerter" in nobody.detail

    before_asking = time.monotonic()
    late = await refusal(caller, ListAlerts(organization_id=new_id()), patience=0.3)
    assert (late.type, late.status) == ("service-timeout", 504)
    assert time.monotonic() - before_asking < 5
    slow.set()


async def test_a_request_when_invalid_then_names_the_fields_and_shows_no_values(world: Any):
    async def answer(_: GetMetrics) -> MetricsReply:
        raise AssertionError("never reached")

    runtime = world.runtime()
    runtime.service("metrics").answer(GetMetrics, answer)
    await world.start(runtime)
    for body in (b"", b"\xff\xfe", b"[]", b"{}", b'{"organizationId": "private", "limit": 0}', b"[" * 9000):
        reply = await runtime.connection.request("req.metrics.GetMetrics", body, 20)
        told = json.loads(reply.data)
        assert (reply.headers or {})["reply"] == "problem"
        assert (told["type"], told["status"]) == ("invalid-request", 422)
        assert "private" not in reply.data.decode()
    assert {error["field"] for error in told["errors"]} == {""}
    reply = await runtime.connection.request("req.metrics.GetMetrics", b'{"organizationId": 7, "limit": 0}', 20)
    assert {error["field"] for error in json.loads(reply.data)["errors"]} == {"organizationId", "name", "limit"}


async def test_copies_when_both_answer_then_each_request_is_answered_once(world: Any):
    answered: list[str] = []
    copies = [world.runtime() for _ in range(2)]
    for number, copy in enumerate(copies):

        async def answer(query: GetMetrics, number: int = number) -> MetricsReply:
            answered.append(f"{number}:{query.name}")
            return MetricsReply(series=[])

        copy.service("metrics").answer(GetMetrics, answer)
        await world.start(copy)
    await asyncio.gather(*(copies[0].ask(GetMetrics(organization_id=new_id(), name=str(n))) for n in range(40)))
    assert len(answered) == 40
    assert {entry[0] for entry in answered} == {"0", "1"}


# -- readiness ---------------------------------------------------------------------------------------------------------


async def test_readiness_when_something_is_wrong_then_names_it(world: Any, until: Any, monkeypatch: pytest.MonkeyPatch):
    async def keep(_: Any, __: Any) -> None: ...

    monkeypatch.setattr("monitors_runtime.pull.HEARTBEAT_SECONDS", 0.5)
    monkeypatch.setattr("monitors_runtime.consumer.SILENT_SECONDS", 3)
    runtime = world.runtime()
    runtime.service("tests").consume(MetricCollected, save=keep)
    await world.start(runtime)
    assert await runtime.unready() is None

    await runtime.bus.delete_consumer("METRICS", "tests-metric-collected")

    async def named() -> bool:
        return await runtime.unready() == "consumer tests-metric-collected is not running"

    await until(named)

    name = world.database_url.split("@/")[1].split("?")[0]
    other = await asyncpg.connect(world.database_url.replace(f"@/{name}?", "@/monitors?"))
    await other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()", name
    )

    async def without_database() -> bool:
        return await runtime.unready() == "PostgreSQL does not answer"

    await until(without_database)
    for _ in range(10):  # first by connections that were cut, then by new ones that are refused
        assert await runtime.unready() == "PostgreSQL does not answer"
    await other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await other.close()


# -- history and replay -------------------------------------------------------------------------------------------------


async def test_history_when_bounded_then_gives_just_that_part_oldest_first(world: Any, measured: Any):
    runtime = world.runtime()
    await world.start(runtime)
    moments: list[datetime] = []
    for n in range(6):
        event = measured(n)
        await runtime.bus.publish(
            event.subject, event.model_dump_json().encode(), stream="METRICS", headers={"n": str(n)}
        )
        await asyncio.sleep(0.02)
        moments.append(datetime.now(UTC))

    async def read(**bounds: Any) -> list[int]:
        found = [message async for message in history.read(runtime.bus, "METRICS", ["evt.metric.>"], **bounds)]
        return [int((message.headers or {})["n"]) for message in found]

    assert await read() == [0, 1, 2, 3, 4, 5]
    assert await read(since=moments[2]) == [3, 4, 5]
    assert await read(until=moments[2]) == [0, 1, 2]
    assert await read(since=moments[0], until=moments[3]) == [1, 2, 3]
    assert await read(since=moments[5]) == []
    assert await read(headers_only=True) == [0, 1, 2, 3, 4, 5]
    assert [m async for m in history.read(runtime.bus, "METRICS", ["evt.monitor.>"])] == []


async def test_history_when_messages_vanish_while_it_reads_then_ends_with_what_is_left(
    world: Any, measured: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(history, "BATCH", 4)
    monkeypatch.setattr(history, "PATIENCE_SECONDS", 1)
    runtime = world.runtime()
    await world.start(runtime)
    for n in range(20):
        event = measured(n)
        await runtime.bus.publish(event.subject, b"{}", stream="METRICS")
    read = 0
    before = time.monotonic()
    async for _ in history.read(runtime.bus, "METRICS", ["evt.metric.>"]):
        read += 1
        if read == 2:
            await runtime.bus.purge_stream("METRICS")
    assert 2 <= read <= 8
    assert time.monotonic() - before < 30


APPLY = """
INSERT INTO seen VALUES ($1, $2) ON CONFLICT (batch) DO NOTHING
"""


async def test_replay_when_from_empty_or_twice_then_equals_the_live_state_and_publishes_nothing(
    world: Any, measured: Any, until: Any
):
    async def apply(db: Any, event: MetricCollected) -> None:
        await db.execute(APPLY, event.batch_id, event.samples[0].value)

    runtime = world.runtime()
    service = runtime.service("tests")
    service.project(MetricCollected, apply=apply, tables=["seen"])
    await world.start(runtime)
    await runtime.pool.execute("CREATE TABLE seen (batch uuid PRIMARY KEY, value float8)")

    async def live(value: float) -> None:
        async with service.transaction() as tx:
            event = measured(value)
            await apply(tx.db, event)
            tx.publish(event)

    async def dump() -> list[Any]:
        return await runtime.pool.fetch("SELECT * FROM seen ORDER BY batch")

    async def published() -> bool:
        return not await runtime.pool.fetchval("SELECT count(*) FROM runtime.outbox WHERE published_at IS NULL")

    for n in range(30):
        await live(n)
    await until(published)
    await runtime.bus.publish("evt.metric.collected.x.y", b"junk", stream="METRICS")
    state = await dump()
    outbox = await runtime.pool.fetchval("SELECT count(*) FROM runtime.outbox")

    done = await replay(runtime.pool, runtime.bus, service.projections, from_empty=True)
    assert (done.events, done.unreadable) == (30, 1)
    assert await dump() == state
    await replay(runtime.pool, runtime.bus, service.projections)
    assert await dump() == state
    assert await runtime.pool.fetchval("SELECT count(*) FROM runtime.outbox") == outbox

    await runtime.relay.stop()  # from here on, what is committed stays in the outbox
    await live(99)
    state = await dump()
    await replay(runtime.pool, runtime.bus, service.projections, from_empty=True)
    assert await dump() == state, "what the bus does not have yet is not forgotten"


async def test_replay_when_applying_fails_then_the_state_is_what_it_was(world: Any, measured: Any):
    async def fail(_: Any, __: Any) -> None:
        raise RuntimeError("a bug")

    runtime = world.runtime()
    service = runtime.service("tests")
    service.project(MetricCollected, apply=fail, tables=["handled"])
    await world.start(runtime)
    await runtime.pool.execute("INSERT INTO handled (value) VALUES (1)")
    event = measured(1)
    async with service.transaction() as tx:
        tx.publish(event)
    with pytest.raises(RuntimeError, match="a bug"):
        await replay(runtime.pool, runtime.bus, service.projections, from_empty=True)
    assert await runtime.pool.fetchval("SELECT count(*) FROM handled") == 1


# -- dead letters ---------------------------------------------------------------------------------------------------------


async def test_a_dead_letter_that_came_in_a_batch_when_retried_then_is_handled_alone(
    world: Any, measured: Any, until: Any
):
    broken = True
    handled: list[float] = []

    async def keep(_: Any, received: Any) -> None:
        value = received.event.samples[0].value
        if broken and value == together.FEWEST - 1:
            raise problem("no", "No", 400, "not while it is broken")
        handled.append(value)

    runtime = world.runtime()
    service = runtime.service("tests")
    service.consume(MetricCollected, save=keep)
    await world.start(runtime)
    async with service.transaction() as tx:
        tx.publish(*(measured(n) for n in range(together.FEWEST)))

    async def letters() -> list[dead_letters.DeadLetter]:
        return [letter async for letter in dead_letters.every(runtime.bus)]

    await until(letters)
    broken = False
    [letter] = await letters()
    await dead_letters.retry(runtime.bus, letter)
    await until(lambda: together.FEWEST - 1 in handled)


async def test_dead_letters_when_shown_retried_and_dropped_then_the_consumer_gets_one_more_try(
    world: Any, measured: Any, until: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dead_letters, "MOST_BYTES", 100)  # so that the message below is a large one
    broken = True
    handled: list[UUID] = []

    async def keep(_: Any, received: Any) -> None:
        if broken:
            raise problem("no", "No", 400, "not while it is broken")
        handled.append(received.envelope.id)

    runtime = world.runtime()
    service = runtime.service("tests")
    service.consume(MetricCollected, save=keep)
    await world.start(runtime)
    events = [measured(n) for n in range(3)]
    async with service.transaction() as tx:
        tx.publish(*events)
        ids = [envelope.id for envelope in tx.waiting]

    async def letters() -> list[dead_letters.DeadLetter]:
        return [letter async for letter in dead_letters.every(runtime.bus)]

    async def count(number: int) -> bool:
        return len(await letters()) == number

    await until(lambda: count(3))
    first, second, third = await letters()
    assert first.reason == "ProblemError: not while it is broken"
    assert (first.event_type, first.sequence, first.deliveries) == ("monitors.metric.collected.v1", 1, 1)
    assert (len(first.data), first.size) == (100, len(events[0].model_dump_json(exclude_none=True)))
    shown = await dead_letters.get(runtime.bus, second.id)
    assert shown
    assert (shown.id, shown.reason, shown.data, shown.headers) == (
        second.id,
        second.reason,
        second.data,
        second.headers,
    )
    assert await dead_letters.get(runtime.bus, 999) is None
    assert [letter.id async for letter in dead_letters.every(runtime.bus, "tests-metric-collected")] == [1, 2, 3]
    assert [letter async for letter in dead_letters.every(runtime.bus, "others")] == []

    assert await dead_letters.drop(runtime.bus, third.id)
    assert not await dead_letters.drop(runtime.bus, third.id)
    broken = False
    await dead_letters.retry(runtime.bus, first)
    await until(lambda: handled == [ids[0]])
    assert [letter.id for letter in await letters()] == [second.id]


async def test_a_dead_letter_when_stored_again_after_a_lost_answer_then_is_kept_once(world: Any, measured: Any):
    runtime = world.runtime()
    await world.start(runtime)
    event = measured(1)
    await runtime.bus.publish(event.subject, b"junk", stream="METRICS")
    subscription = await runtime.bus.pull_subscribe("evt.metric.>", "late", stream="METRICS")
    for _ in range(2):
        [message] = await subscription.fetch(1, timeout=20)
        await dead_letters.put(runtime.bus, "late", message, "unreadable")
        await message.nak()
    assert len([letter async for letter in dead_letters.every(runtime.bus)]) == 1


# -- the rest -----------------------------------------------------------------------------------------------------------


async def test_migrations_when_two_copies_start_at_once_then_run_once(empty_database: str, tmp_path: Path):
    (tmp_path / "0001_first.sql").write_text("-- migrate:up\nCREATE TABLE made (n int);\n-- migrate:down\n")
    (tmp_path / "0002_second.sql").write_text("-- migrate:up\nINSERT INTO made VALUES (1);\n-- migrate:down\n")
    await asyncio.gather(
        *(migrate(empty_database, "tests", tmp_path) for _ in range(2)),
        *(migrate(empty_database, "runtime", RUNTIME_MIGRATIONS) for _ in range(2)),
    )
    await migrate(empty_database, "tests", tmp_path)
    connection = await asyncpg.connect(empty_database)
    assert await connection.fetchval("SELECT count(*) FROM made") == 1
    await connection.close()
    (tmp_path / "0003_third.sql").write_text("-- migrate:up\nSELECT nonsense;\n-- migrate:down\n")
    with pytest.raises(RuntimeError, match="nonsense"):
        await migrate(empty_database, "tests", tmp_path)


async def test_json_when_it_holds_what_postgresql_refuses_then_loses_just_that(house: Any):
    for given_text, kept in (
        ("a\0b", "ab"),
        ("\\u0000", "\\u0000"),
        ("\\\0\0", "\\"),
        ("\ud7ff\U0001f600", "\ud7ff\U0001f600"),
    ):
        assert await house.pool.fetchval("SELECT $1::jsonb", {"text": given_text}) == {"text": kept}


@given(st.text(max_size=60))
def test_a_cursor_when_it_is_none_of_ours_then_is_refused(text: str):
    try:
        UUID(text)
    except ValueError:
        if text:
            with pytest.raises(ProblemError):
                cursor_id(text)
            return
        assert cursor_id(text) is None


def test_next_cursor_when_the_page_is_full_then_is_its_last_id():
    alerts = [_alert() for _ in range(3)]
    assert next_cursor(alerts, 3) == str(alerts[-1].id)
    assert cursor_id(next_cursor(alerts, 3)) == alerts[-1].id
    assert next_cursor(alerts, 4) is None
    assert next_cursor([], 0) is None


def _alert() -> AlertView:
    return AlertView.model_validate(
        {
            "id": new_id(),
            "organizationId": new_id(),
            "fingerprint": "f",
            "state": "firing",
            "name": "n",
            "summary": "s",
            "condition": "c",
            "startedAt": datetime.now(UTC),
        }
    )


# -- presence ---------------------------------------------------------------------------------------------------------


async def test_every_process_answers_for_its_services_and_says_why_it_can_not_serve(world: Any):
    first, second = world.runtime(), world.runtime()
    first.service("gateway")
    first.service("metrics")
    second.service("metrics")
    await world.start(first)
    await world.start(second)

    async def unready() -> str | None:
        return "tired"

    second.unready = unready
    begun = time.monotonic()
    found = await presence.ask(first.connection, {"gateway", "metrics"}, patience=20)
    assert time.monotonic() - begun < 10  # all that was asked for was heard
    assert ["gateway", "metrics"] in [each.services for each in found]
    everybody = await presence.ask(first.connection, {"gateway", "nobody"}, patience=1)
    assert sorted((each.services, each.reason) for each in everybody if "metrics" in each.services) == [
        (["gateway", "metrics"], None),
        (["metrics"], "tired"),
    ]


async def test_where_no_process_listens_yet_nobody_answers_at_once(world: Any):
    runtime = world.runtime()
    await runtime.broker.connect()
    connection = runtime.broker._connection  # as the runtime itself takes it, before it starts to answer
    begun = time.monotonic()
    assert await presence.ask(connection, {"gateway"}, patience=20) == []
    assert time.monotonic() - begun < 10
    await runtime.broker.stop()
