"""What holds for the outbox and its relay: everything committed is published once, in order, whatever ends in between."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitors_contracts.base import new_id
from monitors_contracts.metrics import MetricCollected
from monitors_runtime import history
from monitors_runtime.embedded.nats import EmbeddedNats
from monitors_runtime.embedded.postgres import EmbeddedPostgres
from monitors_runtime.errors import Permanent
from monitors_runtime.runtime import Runtime, Service

pytestmark = pytest.mark.integration


async def publish(service: Service, *events: MetricCollected) -> None:
    async with service.transaction() as tx:
        tx.publish(*events)


async def in_stream(runtime: Runtime) -> list[float]:
    found = history.read(runtime.bus, "METRICS", ["evt.metric.>"])
    return [MetricCollected.model_validate_json(message.data).samples[0].value async for message in found]


async def waiting(runtime: Runtime) -> int:
    return await runtime.pool.fetchval("SELECT count(*) FROM runtime.outbox WHERE published_at IS NULL")


async def test_a_transaction_when_it_fails_then_publishes_nothing(world: Any, measured: Any, until: Any):
    runtime = world.runtime()
    service = runtime.service("tests")
    await world.start(runtime)

    async def fail() -> None:
        async with service.transaction() as tx:
            tx.publish(measured(1))
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await fail()
    await publish(service, measured(2))
    await until(lambda: no_more(runtime))
    assert await in_stream(runtime) == [2]


async def no_more(runtime: Runtime) -> bool:
    return await waiting(runtime) == 0


async def test_transactions_when_many_then_are_published_in_the_order_of_their_commits(
    world: Any, measured: Any, until: Any
):
    runtime = world.runtime()
    service = runtime.service("tests")
    await world.start(runtime)
    for n in range(100):
        await publish(service, measured(3 * n), measured(3 * n + 1), measured(3 * n + 2))
    await until(lambda: no_more(runtime))
    assert await in_stream(runtime) == list(range(300))


async def test_a_batch_when_the_stream_has_a_part_of_it_already_then_the_rest_follows_in_order(
    world: Any, measured: Any, until: Any
):
    runtime = world.runtime()
    service = runtime.service("tests")
    await world.start(runtime)
    await publish(service, *(measured(n) for n in range(20)))
    await until(lambda: no_more(runtime))
    # As after a crash between the answer of the bus and the note of it.
    async with service.transaction() as tx:
        tx.publish(*(measured(n) for n in range(20, 40)))
        await tx.db.execute("UPDATE runtime.outbox SET published_at = NULL")
    await until(lambda: no_more(runtime))
    assert await in_stream(runtime) == list(range(40))


async def test_relays_when_two_run_then_one_publishes_and_the_other_takes_over_when_it_ends(
    world: Any, measured: Any, until: Any
):
    first, second = world.runtime(), world.runtime()
    services = [runtime.service("tests") for runtime in (first, second)]
    await world.start(first)
    await until(lambda: first.relay._owned)
    await world.start(second)
    await publish(services[0], *(measured(n) for n in range(50)))
    await publish(services[1], *(measured(n) for n in range(50, 100)))
    await until(lambda: no_more(second))
    assert second.relay._owned == [], "the lock is the first one's"
    await world.stop(first)
    await publish(services[1], measured(100))
    await until(lambda: no_more(second))
    assert second.relay._owned == ["tests"]
    assert await in_stream(second) == list(range(101))


async def test_stop_when_events_were_just_committed_then_they_are_published_first(world: Any, measured: Any):
    runtime, reader = world.runtime(), world.runtime()
    service = runtime.service("tests")
    await world.start(runtime)
    await world.start(reader)
    await publish(service, *(measured(n) for n in range(200)))
    before = time.monotonic()
    await world.stop(runtime)
    assert time.monotonic() - before < 5
    assert await in_stream(reader) == list(range(200))


async def test_an_event_when_too_large_for_its_stream_then_is_refused_before_it_could_block_the_outbox(
    world: Any, measured: Any, until: Any
):
    runtime = world.runtime()
    service = runtime.service("tests")
    await world.start(runtime)
    large = measured(1)
    large = large.model_copy(update={"samples": list(large.samples) * 10_000})
    assert len(large.model_dump_json()) > 1_048_576 / 2
    large = large.model_copy(update={"samples": large.samples * 2})
    with pytest.raises(Permanent, match="too large"):
        await publish(service, large)
    await publish(service, measured(2))
    await until(lambda: no_more(runtime))
    assert await in_stream(runtime) == [2]


@pytest.mark.fault
async def test_the_bus_when_killed_again_and_again_then_nothing_is_lost_doubled_or_out_of_order(
    own_folder: Path, empty_database: str, make_world: Any, measured: Any, until: Any
):
    nats = EmbeddedNats(own_folder / "nats")
    await nats.start()
    world = make_world(nats.url, empty_database)
    runtime = world.runtime()
    service = runtime.service("tests")
    handled: list[float] = []

    async def keep(_: Any, received: Any) -> None:
        handled.append(received.event.samples[0].value)

    service.consume(MetricCollected, save=keep)
    await world.start(runtime)
    written = 0

    async def write(count: int) -> None:
        nonlocal written
        for _ in range(count):
            await publish(service, *(measured(written + n) for n in range(20)))
            written += 20

    for _ in range(2):
        writing = asyncio.create_task(write(30))
        await until(lambda: len(handled) > written - 600 + 100 if written > 600 else len(handled) > 40)
        assert nats.child.pid
        os.kill(nats.child.pid, signal.SIGKILL)
        await writing
        await until(lambda: len(set(handled)) == written, "everything to be handled", 120)
    assert await runtime.unready() is None
    assert await in_stream(runtime) == list(range(written))
    await world.stop(runtime)
    await nats.stop()


@pytest.mark.fault
async def test_the_database_when_killed_then_it_comes_back_and_everything_goes_on(
    own_folder: Path, bus_url: str, make_world: Any, measured: Any, until: Any
):
    postgres = EmbeddedPostgres(own_folder / "postgres")
    await postgres.start()
    world = make_world(bus_url, postgres.url)
    runtime = world.runtime()
    service = runtime.service("tests")

    async def keep(tx: Any, received: Any) -> None:
        await tx.db.execute("INSERT INTO handled (value) VALUES ($1)", received.event.samples[0].value)

    service.consume(MetricCollected, save=keep)
    await world.start(runtime)

    async def values() -> list[float]:
        return [row["value"] for row in await runtime.pool.fetch("SELECT value FROM handled ORDER BY position")]

    await publish(service, *(measured(n) for n in range(50)))
    await until(lambda: there(values, 50))
    first_pid = postgres.child.pid
    assert first_pid
    os.kill(first_pid, signal.SIGKILL)
    # Others go on publishing while the database is away: what they sent waits at the bus.
    for n in range(50, 100):
        event = measured(n)
        await runtime.bus.publish(event.subject, b"{}", stream="METRICS")  # undecodable: needs no database
    await until(lambda: said(runtime, None), "to be ready again", 120)
    assert postgres.child.pid != first_pid
    await publish(service, *(measured(n) for n in range(100, 150)))
    await until(lambda: there(values, 100), "all to be handled", 120)
    assert await values() == [*range(50), *range(100, 150)]
    await world.stop(runtime)
    await postgres.stop()


async def there(values: Callable[[], Any], count: int) -> bool:
    try:
        return len(await values()) >= count
    except Exception:
        return False


async def said(runtime: Runtime, reason: str | None) -> bool:
    return await runtime.unready() == reason


@pytest.mark.fault
async def test_embedded_servers_when_started_a_second_time_then_keep_their_data(
    own_folder: Path, make_world: Any, measured: Any, until: Any
):
    organization = new_id()
    for start in range(2):
        nats, postgres = EmbeddedNats(own_folder / "nats"), EmbeddedPostgres(own_folder / "postgres")
        await asyncio.gather(nats.start(), postgres.start())
        world = make_world(nats.url, postgres.url)
        runtime = world.runtime()
        service = runtime.service("tests")
        await world.start(runtime)
        await publish(service, measured(start, organization))
        await until(lambda runtime=runtime: no_more(runtime))
        assert await in_stream(runtime) == list(range(start + 1))
        await world.stop(runtime)
        await asyncio.gather(nats.stop(), postgres.stop())
