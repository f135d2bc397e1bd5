"""Several evaluators, real ones: killed and replaced while measurements come, none of their transitions missed or doubled."""

import asyncio
import os
import random
import socket
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from monitors_contracts.base import new_id
from monitors_contracts.catalogue import EVENTS_BY_TYPE
from monitors_contracts.envelope import Envelope, decode
from monitors_contracts.metrics import MetricCollected, Sample
from monitors_contracts.monitors import Crossing, ThresholdExceeded
from monitors_contracts.rules import CreateRule, RuleView
from monitors_evaluator.domain.rules.batches import batch_of
from monitors_evaluator.domain.rules.crossings import crossing
from monitors_evaluator.domain.rules.judging import Judge
from monitors_runtime.embedded.nats import EmbeddedNats
from monitors_runtime.runtime import Runtime
from monitors_runtime.settings import RuntimeSettings

pytestmark = pytest.mark.integration

PATIENCE = 90
HOSTS = [f"web-{number}" for number in range(12)]


class Evaluator:
    """An evaluator in a process of its own."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "monitors_evaluator", env=os.environ | self._environment | {"MONITORS_PORT": port}
        )

    async def kill(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@pytest_asyncio.fixture
async def own_nats(servers_folder: Callable[[], Any]) -> AsyncGenerator[EmbeddedNats]:
    with servers_folder() as folder:
        server = EmbeddedNats(folder / "nats")
        await server.start()
        yield server
        await server.stop()


@pytest_asyncio.fixture
async def world(
    own_nats: EmbeddedNats, empty_database: str, tmp_path: Any
) -> AsyncGenerator[tuple[Runtime, list[Evaluator]]]:
    """A bus and a database, and two evaluators that share them."""
    environment = {
        "MONITORS_NATS_URL": own_nats.url,
        "MONITORS_DATABASE_URL": empty_database,
        "MONITORS_DATA_DIR": str(tmp_path),
        "MONITORS_LOG_LEVEL": "warning",
    }
    evaluators = [Evaluator(environment), Evaluator(environment)]
    runtime = Runtime(RuntimeSettings(nats_url=own_nats.url, database_url=empty_database, data_dir=tmp_path))
    await runtime.start()
    for evaluator in evaluators:
        await evaluator.start()
    yield runtime, evaluators
    for evaluator in evaluators:
        await evaluator.kill()
    await runtime.stop()


async def test_evaluators_when_killed_one_after_the_other_then_every_transition_happens_once(
    world: tuple[Runtime, list[Evaluator]], court: Any
) -> None:
    runtime, evaluators = world
    rules = [
        court.rule(name="busy", warning=60, critical=85, recovery=40, **{"for": 2}),
        court.rule(name="zone", by=["zone"], across="avg", warning=55),
        court.rule(name="often", kind="nOfM", n=3, m=5, warning=70),
    ]
    rules = [await make(runtime, rule) for rule in rules]
    await until(lambda: judged(runtime, rules[0].organization_id))

    messages = list(measurements(rules[0], 300, random.Random(5)))
    for number, message in enumerate(messages):
        await publish(runtime, message)
        await asyncio.sleep(0.03)
        if number in (60, 180):
            victim = evaluators[number == 180]
            await victim.kill()
            await asyncio.sleep(0.5)
            await victim.start()

    last = (await runtime.bus.stream_info("METRICS")).state.last_seq
    await until(lambda: all_judged(runtime, last))
    expected = await by_one_judge(runtime, rules)
    assert len(expected) > 100, "there is something to lose"
    found = [named(each) for each in await published(runtime)]
    assert sorted(found) == sorted(expected)
    order: dict[str, list[tuple[str, str, str]]] = {}
    for each in found:
        order.setdefault(each[0], []).append(each)
    for series in order.values():
        assert series == sorted(series, key=lambda each: each[2]), "in the order of their times"


def measurements(rule: RuleView, count: int, chance: random.Random) -> Any:
    """Messages of all hosts, a second apart; some samples late, some twice, some not at all."""
    begin = datetime.now(UTC).timestamp() - count - 10
    values = dict.fromkeys(HOSTS, 50.0)
    for number in range(count):
        samples: list[Sample] = []
        for host in HOSTS:
            values[host] = min(100.0, max(0.0, values[host] + chance.uniform(-25, 25)))
            moment = begin + number - (5 if chance.random() < 0.05 else 0)
            sample = Sample(
                name="cpu",
                value=values[host],
                tags={"host": host, "zone": host[-1]},
                timestamp=datetime.fromtimestamp(moment, UTC),
                source="test",
            )
            samples += [sample] * chance.choice((0, 1, 1, 1, 2))
        if samples:
            yield MetricCollected(organization_id=rule.organization_id, batch_id=new_id(), samples=samples)


async def make(runtime: Runtime, rule: RuleView) -> RuleView:
    wish = CreateRule(organization_id=rule.organization_id, rule_id=rule.id, user_id=rule.user_id, spec=rule.spec)

    async def made() -> RuleView | None:
        try:
            return await runtime.ask(wish)
        except Exception:
            return None

    return await until(made)


async def judged(runtime: Runtime, organization: Any) -> bool:
    state = await runtime.pool.fetchrow("SELECT * FROM evaluator.rule_states WHERE organization_id = $1", organization)
    return state is not None


async def all_judged(runtime: Runtime, last: int) -> bool:
    return await runtime.pool.fetchval("SELECT min(position) FROM evaluator.rule_shards") >= last


async def publish(runtime: Runtime, event: MetricCollected) -> None:
    identifier = new_id()
    envelope = Envelope(event, identifier, "/monitors/tests", datetime.now(UTC), identifier)
    await runtime.bus.publish(event.subject, envelope.data(), stream="METRICS", headers=envelope.headers())


async def by_one_judge(runtime: Runtime, rules: list[RuleView]) -> list[tuple[str, str, str]]:
    """What a judge that nobody kills makes of the stream."""
    judge = Judge()
    judge.put(rules, [], 0)
    found: list[tuple[str, str, str]] = []
    state = (await runtime.bus.stream_info("METRICS")).state
    for sequence in range(state.first_seq, state.last_seq + 1):
        message = await runtime.bus.get_msg("METRICS", sequence)
        event = decode(message.headers, message.data or b"", EVENTS_BY_TYPE).event
        assert isinstance(event, MetricCollected)
        arrived = round(datetime.now(UTC).timestamp() * 1000)
        for batch in batch_of(event):
            found += [named(crossing(each)) for each in judge.take(batch, arrived)]
    return found


async def published(runtime: Runtime) -> list[Crossing]:
    rows = await runtime.pool.fetch("SELECT headers, data FROM runtime.outbox ORDER BY position")
    events = [decode(row["headers"], row["data"], EVENTS_BY_TYPE).event for row in rows]
    return [event for event in events if isinstance(event, Crossing)]


def named(event: Crossing) -> tuple[str, str, str]:
    kind = f"exceeded {event.severity}" if isinstance(event, ThresholdExceeded) else "cleared"
    return event.fingerprint, kind, event.occurred_at.isoformat()


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while not (found := await condition()):
            await asyncio.sleep(0.1)
    return found
