"""What is published directly is in the stream when that returns, once, or the caller hears that it is not."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import REGISTRY

from monitors_contracts.metrics import MetricCollected
from monitors_runtime import depths, history
from monitors_runtime.direct import publish, sealed
from monitors_runtime.embedded.nats import EmbeddedNats
from monitors_runtime.errors import ProblemError
from monitors_runtime.runtime import Runtime

pytestmark = pytest.mark.integration


async def in_stream(runtime: Runtime) -> list[float]:
    found = history.read(runtime.bus, "METRICS", ["evt.metric.>"])
    return [MetricCollected.model_validate_json(message.data).samples[0].value async for message in found]


async def test_what_is_published_is_in_the_stream_in_order_and_once(world: Any, measured: Callable[..., Any]) -> None:
    runtime = await world.start(world.runtime())
    messages = [sealed("tests", measured(number)) for number in range(300)]
    await publish(runtime, "tests", messages)
    await publish(runtime, "tests", messages[:10])
    assert await in_stream(runtime) == list(range(300))
    await publish(runtime, "tests", [])


async def test_an_event_that_no_stream_takes_is_a_problem(world: Any, measured: Callable[..., Any]) -> None:
    runtime = await world.start(world.runtime())
    huge = sealed("tests", measured(1))
    huge.headers["ce-note"] = "x" * 1_100_000
    with pytest.raises(ProblemError) as refused:
        await publish(runtime, "tests", [huge, sealed("tests", measured(2))])
    assert (refused.value.problem.type, refused.value.problem.status) == ("not-stored", 503)
    assert await in_stream(runtime) == [2]


async def test_while_the_bus_hangs_nothing_is_promised_and_trying_again_doubles_nothing(
    world: Any, measured: Callable[..., Any], own_nats: EmbeddedNats
) -> None:
    runtime = await world.start(world.runtime())
    messages = [sealed("tests", measured(number)) for number in range(3)]
    assert own_nats.child.pid
    os.kill(own_nats.child.pid, signal.SIGSTOP)
    try:
        with pytest.raises(ProblemError):
            await publish(runtime, "tests", messages)
    finally:
        os.kill(own_nats.child.pid, signal.SIGCONT)
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(ProblemError):
                await publish(runtime, "tests", messages)
                break
    assert await in_stream(runtime) == [0, 1, 2]


async def test_what_waits_is_measured(world: Any, measured: Callable[..., Any]) -> None:
    runtime = world.runtime()
    service = runtime.service("tests")

    async def never(*_: Any) -> None:
        await asyncio.sleep(3600)

    service.consume(MetricCollected, work=never, save=never)
    await world.start(runtime)
    await runtime.relay.stop()
    async with service.transaction() as tx:
        tx.publish(measured(1), measured(2))
    await publish(runtime, "tests", [sealed("tests", measured(number)) for number in range(5)])
    await depths.measure(runtime)
    assert REGISTRY.get_sample_value("monitors_outbox_waiting", {"service": "tests"}) == 2
    assert REGISTRY.get_sample_value("monitors_consumer_pending", {"durable": "tests-metric-collected"}) == 5
