"""What holds for every event on a real bus and database: handled once, with its consequences or not at all, in order."""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from monitors_contracts.base import Event, new_id
from monitors_contracts.envelope import Envelope
from monitors_contracts.metrics import MetricCollected
from monitors_contracts.platform import AuditRecorded
from monitors_runtime import consumer as consuming
from monitors_runtime import dead_letters
from monitors_runtime.consumer import Received, Unit, backoff
from monitors_runtime.errors import Permanent, Retryable
from monitors_runtime.runtime import Runtime, Service
from monitors_runtime.transaction import Transaction

pytestmark = pytest.mark.integration

KEEP = "INSERT INTO handled (durable, batch, value) VALUES ($1, $2, $3)"


async def keep(tx: Transaction, received: Received[MetricCollected]) -> None:
    event = received.event
    await tx.db.execute(KEEP, tx.service, event.batch_id, event.samples[0].value)


async def send(runtime: Runtime, *events: Event, count: int = 1) -> list[Envelope]:
    """Publish as another process would, each event `count` times, past the bus's own guard against doubles."""
    envelopes = [Envelope(event, new_id(), "/tests", _now(), new_id()) for event in events]
    for envelope in envelopes:
        for copy in range(count):
            headers = envelope.headers() | {"Nats-Msg-Id": f"{envelope.id}/{copy}"}
            await runtime.bus.publish(
                envelope.event.subject, envelope.data(), stream=envelope.event.stream, headers=headers
            )
    return envelopes


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


async def values(runtime: Runtime) -> list[float]:
    return [row["value"] for row in await runtime.pool.fetch("SELECT value FROM handled ORDER BY position")]


async def letters(runtime: Runtime) -> list[dead_letters.DeadLetter]:
    return [letter async for letter in dead_letters.every(runtime.bus)]


async def pending(runtime: Runtime, service: Service) -> int:
    """Messages this service's only consumer has not acknowledged."""
    consumer = service.consumers[0][0]
    info = await runtime.bus.consumer_info(consumer.stream, consumer.durable)
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


# -- once --------------------------------------------------------------------------------------------------------------


async def test_an_event_when_it_arrives_three_times_then_is_handled_once(world: Any, measured: Any, until: Any):
    runtime = world.runtime()
    service = runtime.service("tests")
    service.consume(MetricCollected, save=keep)
    await world.start(runtime)
    await send(runtime, *(measured(n) for n in range(20)), count=3)

    async def settled() -> bool:
        return await pending(runtime, service) == 0 and len(await values(runtime)) >= 20

    await until(settled)
    assert await values(runtime) == list(range(20))


async def test_an_event_when_its_acknowledgement_is_lost_then_is_handled_once(
    world: Any, measured: Any, until: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("monitors_runtime.topology.ACK_WAIT_SECONDS", 1)
    runtime = world.runtime()
    service = runtime.service("tests")
    service.consume(MetricCollected, save=keep)
    await world.start(runtime)
    settle, lost = consuming.Consumer._settle, list[Any]()  # pyright: ignore[reportPrivateUsage]

    async def lose_the_first(self: Any, answer: Any, message: Any) -> None:
        if len(lost) < 5:
            lost.append(message)
        else:
            await settle(self, answer, message)

    monkeypatch.setattr(consuming.Consumer, "_settle", lose_the_first)
    await send(runtime, *(measured(n) for n in range(5)))

    async def settled() -> bool:
        return len(lost) == 5 and await pending(runtime, service) == 0

    await until(settled)
    assert await values(runtime) == list(range(5))


async def test_copies_of_a_service_when_both_run_then_each_event_is_handled_once(world: Any, measured: Any, until: Any):
    copies = [world.runtime() for _ in range(2)]
    for copy in copies:
        copy.service("tests").consume(MetricCollected, save=keep)
    await asyncio.gather(*(copy.start() for copy in copies[:1]))
    await world.start(copies[1])
    await send(copies[0], *(measured(n) for n in range(100)), count=2)

    async def settled() -> bool:
        return await pending(copies[0], copies[0].services[0]) == 0 and len(await values(copies[0])) >= 100

    await until(settled)
    assert sorted(await values(copies[0])) == list(range(100))


async def test_events_when_one_consumer_hears_them_then_keep_their_order(world: Any, measured: Any, until: Any):
    runtime = world.runtime()
    runtime.service("tests").consume(MetricCollected, save=keep)
    await world.start(runtime)
    await send(runtime, *(measured(n) for n in range(300)))

    async def all_there() -> bool:
        return len(await values(runtime)) == 300

    await until(all_there)
    assert await values(runtime) == list(range(300))


# -- all or nothing ---------------------------------------------------------------------------------------------------


async def test_a_handler_when_it_raises_then_leaves_neither_state_nor_event(world: Any, measured: Any, until: Any):
    tries = list[int]()

    async def fail_once(tx: Transaction, received: Received[MetricCollected]) -> None:
        await keep(tx, received)
        organization = received.event.organization_id
        tx.publish(AuditRecorded(organization_id=organization, audit_id=new_id(), what="x", occurred_at=tx.now))
        tries.append(received.attempt)
        if len(tries) == 1:
            raise Retryable("not yet", delay=0.2)

    runtime = world.runtime()
    service = runtime.service("tests")
    service.consume(MetricCollected, save=fail_once)
    await world.start(runtime)
    [envelope] = await send(runtime, measured(1))

    async def settled() -> bool:
        return len(tries) == 2 and await pending(runtime, service) == 0

    await until(settled)
    assert tries == [1, 2]
    assert await values(runtime) == [1]
    [row] = await runtime.pool.fetch("SELECT headers FROM runtime.outbox")
    assert row["headers"]["ce-causationid"] == str(envelope.id)
    assert row["headers"]["ce-correlationid"] == str(envelope.correlation_id)


async def test_a_poisonous_message_when_among_others_then_they_commit_and_it_becomes_a_dead_letter(
    world: Any, measured: Any, until: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(consuming, "backoff", lambda _: 0.05)

    async def choke_on_13(tx: Transaction, received: Received[MetricCollected]) -> None:
        await keep(tx, received)
        if received.event.samples[0].value == 13:
            await tx.db.execute("SELECT 1 / 0")

    runtime = world.runtime(handler_attempts=3)
    service = runtime.service("tests")
    service.consume(MetricCollected, save=choke_on_13)
    await world.start(runtime)
    sent = await send(runtime, *(measured(n) for n in range(40)))

    async def settled() -> bool:
        return await pending(runtime, service) == 0 and len(await letters(runtime)) == 1

    await until(settled)
    assert sorted(await values(runtime)) == [n for n in range(40) if n != 13]
    [letter] = await letters(runtime)
    assert (letter.durable, letter.deliveries, letter.stream) == ("tests-metric-collected", 3, "METRICS")
    assert "DivisionByZero" in letter.reason
    assert letter.headers["original-ce-id"] == str(sent[13].id)
    assert letter.data == sent[13].data()


async def test_an_operating_system_error_when_the_database_answers_then_the_message_is_to_blame(
    world: Any, measured: Any, until: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(consuming, "backoff", lambda _: 0.05)

    async def choke_on_3(tx: Transaction, received: Received[MetricCollected]) -> None:
        if received.event.samples[0].value == 3:
            raise TimeoutError("a query that never ends")
        await keep(tx, received)

    runtime = world.runtime(handler_attempts=2)
    service = runtime.service("tests")
    service.consume(MetricCollected, save=choke_on_3)
    await world.start(runtime)
    await send(runtime, *(measured(n) for n in range(6)))

    async def settled() -> bool:
        return len(await values(runtime)) == 5 and len(await letters(runtime)) == 1

    await until(settled)
    assert "TimeoutError" in (await letters(runtime))[0].reason


# -- retries ----------------------------------------------------------------------------------------------------------


async def test_retryable_and_permanent_when_raised_then_the_one_waits_and_the_other_dies(
    world: Any, measured: Any, until: Any
):
    tries: dict[float, list[float]] = {}

    async def refuse(tx: Transaction, received: Received[MetricCollected]) -> None:
        value = received.event.samples[0].value
        tries.setdefault(value, []).append(time.monotonic())
        if value == 1:
            raise Permanent("never")
        if received.attempt < 3:
            raise Retryable("later", delay=0.7)
        await keep(tx, received)

    runtime = world.runtime()
    service = runtime.service("tests")
    service.consume(MetricCollected, save=refuse)
    await world.start(runtime)
    await send(runtime, measured(1), measured(2))

    async def settled() -> bool:
        return await values(runtime) == [2] and len(await letters(runtime)) == 1

    await until(settled)
    [letter] = await letters(runtime)
    assert (letter.reason, letter.deliveries) == ("Permanent: never", 1)
    times = tries[2][:1] + tries[2][-2:]
    assert all(later - earlier > 0.6 for earlier, later in itertools.pairwise(times))


@given(st.integers(1, 100_000))
def test_backoff_grows_to_a_minute_and_no_further(attempt: int):
    assert 0.4 * 0.99 <= backoff(attempt) <= 72
    assert backoff(attempt) <= 0.25 * 2 ** min(attempt, 20) * 1.2


# -- work -------------------------------------------------------------------------------------------------------------


async def test_work_when_it_takes_long_then_is_kept_alive_and_saved_once_with_its_result(
    world: Any, measured: Any, until: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("monitors_runtime.topology.ACK_WAIT_SECONDS", 1)
    monkeypatch.setattr(consuming, "IN_PROGRESS_SECONDS", 0.2)
    begun = list[float]()
    release = asyncio.Event()

    async def work(received: Received[MetricCollected]) -> float:
        begun.append(received.event.samples[0].value)
        await release.wait()
        return received.event.samples[0].value * 10

    async def save(tx: Transaction, received: Received[MetricCollected], result: float) -> None:
        await tx.db.execute(KEEP, tx.service, received.event.batch_id, result)

    runtime = world.runtime()
    service = runtime.service("tests")
    service.consume(MetricCollected, work=work, save=save, concurrency=4)
    await world.start(runtime)
    await send(runtime, measured(1), measured(2))
    await until(lambda: len(begun) == 2)
    await asyncio.sleep(3)  # three times what the server waits for an answer
    release.set()

    async def settled() -> bool:
        return await pending(runtime, service) == 0

    await until(settled)
    assert sorted(await values(runtime)) == [10, 20]
    assert begun == [1, 2]


async def test_work_when_more_waits_than_may_run_then_no_more_than_that_run(world: Any, measured: Any, until: Any):
    running, most = 0, 0

    async def work(_: Received[MetricCollected]) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    async def save(tx: Transaction, received: Received[MetricCollected], _: None) -> None:
        await keep(tx, received)

    runtime = world.runtime()
    runtime.service("tests").consume(MetricCollected, work=work, save=save, concurrency=3)
    await world.start(runtime)
    await send(runtime, *(measured(n) for n in range(30)))

    async def all_there() -> bool:
        return len(await values(runtime)) == 30

    await until(all_there)
    assert most == 3


async def test_work_alone_when_it_is_done_then_the_message_is_settled_and_nothing_else_is_written(
    world: Any, measured: Any, until: Any
):
    done = list[float]()

    async def work(received: Received[MetricCollected]) -> None:
        if len(done) == 1 and received.attempt == 1:
            raise Retryable("not yet", delay=0)
        done.append(received.event.samples[0].value)

    runtime = world.runtime()
    service = runtime.service("tests")
    service.consume(MetricCollected, work=work, concurrency=1)
    await world.start(runtime)
    await send(runtime, measured(1), measured(2))

    async def settled() -> bool:
        return await pending(runtime, service) == 0 and len(done) == 2

    await until(settled)
    assert done == [1, 2]
    assert await runtime.pool.fetchval("SELECT count(*) FROM runtime.inbox") == 0


# -- the pace of groups ------------------------------------------------------------------------------------------------


async def test_groups_of_a_consumer_with_a_pace_are_apart_unless_they_are_full(
    world: Any, measured: Any, until: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(consuming, "GROUP", 2)
    groups = list[int]()

    async def save_all(units: Sequence[Unit[MetricCollected, None]]) -> None:
        groups.append(len(units))

    runtime = world.runtime()
    runtime.service("tests").consume(MetricCollected, save_all=save_all, pace=3600)
    await world.start(runtime)
    await send(runtime, measured(1))
    await until(lambda: groups == [1])
    await send(runtime, measured(2), measured(3))
    await until(lambda: groups == [1, 2])


# -- stopping ---------------------------------------------------------------------------------------------------------


async def test_stop_when_work_hangs_then_is_prompt_and_the_message_is_delivered_again(
    world: Any, measured: Any, until: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("monitors_runtime.topology.ACK_WAIT_SECONDS", 1)
    begun = list[str]()

    def hosting(hangs: bool, name: str) -> Runtime:
        async def work(_: Received[MetricCollected]) -> None:
            begun.append(name)
            if hangs:
                await asyncio.Event().wait()

        async def save(tx: Transaction, received: Received[MetricCollected], _: None) -> None:
            await keep(tx, received)

        runtime = world.runtime()
        runtime.service("tests").consume(MetricCollected, work=work, save=save)
        return runtime

    first = await world.start(hosting(True, "first"))
    await send(first, measured(7))
    await until(lambda: begun)
    before = time.monotonic()
    await world.stop(first)
    assert time.monotonic() - before < 5
    second = await world.start(hosting(False, "second"))

    async def done() -> bool:
        return await values(second) == [7]

    await until(done)


# -- what nobody can read ---------------------------------------------------------------------------------------------


def junk(make: Callable[[], MetricCollected]) -> list[tuple[bytes, bytes]]:
    """Header blocks and bodies that no service of ours would send."""
    envelope = Envelope(make(), new_id(), "/tests", _now(), new_id())
    good, data = envelope.headers(), envelope.data()

    def block(**changes: str | bytes | None) -> bytes:
        lines = [b"NATS/1.0"]
        for name, value in (good | {"Nats-Msg-Id": str(new_id())} | changes).items():
            if value is not None:
                lines.append(name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()))
        return b"\r\n".join(lines) + b"\r\n\r\n"

    wrong: dict[str, list[str | bytes | None]] = {
        "ce-type": [None, "", "monitors.metric.collected.v99", "evil", b"\xff\xfe", "x" * 4000],
        "ce-id": [None, "", "1", "not-an-id", b"\x80\x81", "0" * 40],
        "ce-time": [None, "", "yesterday", "2026-11-21T12:00:00", "9" * 300, b"\xc3\x28"],
        "ce-correlationid": ["x", b"\xf0\x28\x8c\xbc"],
        "ce-causationid": ["x"],
    }
    bodies = [b"", b"\x00" * 50, bytes(range(256)), b"{", b"[]", b"null", b"0", b'"text"', data[:-1], b"[" * 50_000]
    bodies += [data.replace(b'"value":', b'"value":"x","was":'), b"\xef\xbb\xbf" + data, b"z" * 1_000_000]
    bodies += [data.replace(b'"samples":[', b'"samples":[{},'), b'{"organizationId":1}', b"1" * 10_000]
    bodies += [b'{"a":' * 20_000]
    found = [(block(**{name: value}), data) for name, several in wrong.items() for value in several]
    found += [(block(), body) for body in bodies]
    found += [
        (b"NATS/1.0\r\n\r\n", data),
        (b"NATS/1.0\r\nStatus: 100\r\nDescription: idle\r\n\r\n", b""),
        (b"NATS/1.0\r\nno colon here\r\n\x01\x02: \x03\r\n\r\n", data),
        (b"NATS/1.0\r\n" + b"".join(b"h%d: %s\r\n" % (n, b"v" * 2500) for n in range(25)) + b"\r\n", b"y" * 950_000),
    ]
    return found


async def test_undecodable_messages_when_a_thousand_come_then_all_become_dead_letters_and_service_goes_on(
    world: Any, measured: Any, until: Any, connection: Client
):
    runtime = world.runtime()
    service = runtime.service("tests")
    service.consume(MetricCollected, save=keep)
    await world.start(runtime)
    kinds = junk(measured)
    small = [pair for pair in kinds if len(pair[1]) + len(pair[0]) < 100_000]
    sent = [*kinds, *(small[n % len(small)] for n in range(1000 - len(kinds)))]
    subject = measured().subject
    for head, body in sent:
        unique = head.replace(b"Nats-Msg-Id: ", b"Nats-Msg-Id: " + new_id().hex.encode())
        await raw_publish(connection, subject, unique, body)
    await connection.flush(30)
    await send(runtime, measured(42))

    async def settled() -> bool:
        return await values(runtime) == [42] and await pending(runtime, service) == 0

    await until(settled, "the good message", 120)
    info = await runtime.bus.stream_info("METRICS")
    assert info.state.messages == 1001, "the bus took all of them"
    dead = await letters(runtime)
    assert len(dead) == 1000
    assert sorted(letter.sequence for letter in dead) == list(range(1, 1001))
    assert all(letter.reason and letter.durable == "tests-metric-collected" for letter in dead)


async def raw_publish(connection: Client, subject: str, head: bytes, body: bytes) -> None:
    command = f"HPUB {subject} {len(head)} {len(head) + len(body)}\r\n".encode()
    await connection._send_command(command + head + body + b"\r\n")  # pyright: ignore[reportPrivateUsage]
    await connection._flush_pending()  # pyright: ignore[reportPrivateUsage]
