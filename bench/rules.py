"""Rules: how long an evaluation takes, and how soon a measurement becomes an event. `.venv/bin/python bench/rules.py`

Judging alone: one message of 10,000 samples, one a series, to 10,000 rules of one series each, and to one rule over all; the
median of 20 messages, unpacking of the message included (Prometheus 2.42 on the same machine: 565 ms and 128 ms).

Live: NATS, PostgreSQL and one evaluator in a process of its own, with 10,000 rules over 10,000 series. Every round all series
get a sample, in ten messages of a thousand, and one in a hundred crosses its level or comes back. The delay is from the time
JetStream stored the measurement to the time it stored the ThresholdExceeded or ThresholdCleared.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from measure import free_port
from pydantic import TypeAdapter

from monitors_contracts.base import new_id
from monitors_contracts.catalogue import EVENTS_BY_TYPE
from monitors_contracts.envelope import Envelope, decode
from monitors_contracts.metrics import MetricBatchCollected
from monitors_contracts.monitors import Crossing
from monitors_contracts.rules import CreateRule, RuleSpec, RuleView
from monitors_evaluator.domain.rules.batches import batch_of
from monitors_evaluator.domain.rules.judging import Judge
from monitors_runtime import history
from monitors_runtime.embedded.nats import EmbeddedNats
from monitors_runtime.embedded.postgres import EmbeddedPostgres
from monitors_runtime.runtime import Runtime
from monitors_runtime.settings import RuntimeSettings

SPEC: TypeAdapter[RuleSpec] = TypeAdapter(RuleSpec)
ORGANIZATION = new_id()
NAMES = [f'cpu{{host="host-{number:05}",region="eu"}}' for number in range(10_000)]


def separate_rules() -> Iterator[RuleSpec]:
    """A rule of its own for each series."""
    for number in range(len(NAMES)):
        matcher = {"label": "host", "value": f"host-{number:05}"}
        yield SPEC.validate_python(
            {"name": f"CPU {number}", "kind": "threshold", "metric": "cpu", "warning": 80, "matchers": [matcher]}
        )


def view(spec: RuleSpec) -> RuleView:
    """The rule as the evaluator knows it."""
    now = datetime.now(UTC)
    owner = ORGANIZATION
    return RuleView(
        id=new_id(),
        organization_id=owner,
        user_id=owner,
        name=spec.name,
        spec=spec,
        version=1,
        created_at=now,
        updated_at=now,
    )


def message(names: list[str], values: Any, at: float) -> MetricBatchCollected:
    """A sample of each of these series."""
    count = len(names)
    return MetricBatchCollected(
        organization_id=ORGANIZATION,
        batch_id=new_id(),
        source="bench",
        series=names,
        counts=np.ones(count, "<u4").tobytes(),
        times=np.full(count, round(at * 1000), "<i8").tobytes(),
        values=np.asarray(values, "<f8").tobytes(),
    )


def alone(specs: list[RuleSpec]) -> tuple[float, float]:
    """Median and slowest milliseconds of an evaluation of all series, after the first."""
    judge, chance, begin = Judge(), np.random.default_rng(1), time.time() - 1000
    judge.put([view(spec) for spec in specs], [], 0)
    took: list[float] = []
    for number in range(21):
        envelope = Envelope(
            message(NAMES, chance.uniform(0, 81, len(NAMES)), begin + number * 15),
            new_id(),
            "/bench",
            datetime.now(UTC),
            new_id(),
        )
        headers, data = envelope.headers(), envelope.data()
        started = time.perf_counter()
        event = decode(headers, data, EVENTS_BY_TYPE).event
        assert isinstance(event, MetricBatchCollected)
        for batch in batch_of(event):
            judge.take(batch, round((begin + number * 15) * 1000))
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took[1:]), max(took[1:])


async def live(rounds: int) -> dict[str, Any]:
    """Delays from measurement to event, and the evaluator's memory."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        nats, postgres = EmbeddedNats(folder / "nats"), EmbeddedPostgres(folder / "postgres")
        await asyncio.gather(nats.start(), postgres.start())
        runtime = Runtime(RuntimeSettings(nats_url=nats.url, database_url=postgres.url, data_dir=folder))
        await runtime.start()
        given = {"MONITORS_NATS_URL": nats.url, "MONITORS_DATABASE_URL": postgres.url, "MONITORS_LOG_LEVEL": "warning"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "monitors_evaluator", env=os.environ | given | {"MONITORS_PORT": str(free_port())}
        )
        try:
            return await _measure(runtime, process.pid, rounds)
        finally:
            process.terminate()
            await process.wait()
            await runtime.stop()
            await asyncio.gather(nats.stop(), postgres.stop())


async def _measure(runtime: Runtime, pid: int, rounds: int) -> dict[str, Any]:
    slots = asyncio.Semaphore(16)

    async def add(spec: RuleSpec) -> None:
        wish = CreateRule(organization_id=ORGANIZATION, rule_id=new_id(), user_id=ORGANIZATION, spec=spec)
        async with slots:
            while True:
                try:
                    await runtime.ask(wish)
                    return
                except Exception:
                    await asyncio.sleep(0.5)

    begun = time.perf_counter()
    await asyncio.gather(*(add(spec) for spec in separate_rules()))
    adding = time.perf_counter() - begun
    await asyncio.sleep(5)
    chance, values, memory = np.random.default_rng(2), np.full(len(NAMES), 50.0), 0.0
    for number in range(rounds):
        crossing = chance.choice(len(NAMES), 100, replace=False)
        if number:  # the first round makes the series known
            values[crossing] = np.where(values[crossing] > 80, 50.0, 90.0)
        for first in range(0, len(NAMES), 1000):
            part = slice(first, first + 1000)
            identifier = new_id()
            event = message(NAMES[part], values[part], time.time())
            envelope = Envelope(event, identifier, "/bench", datetime.now(UTC), identifier)
            await runtime.bus.publish(event.subject, envelope.data(), stream="METRICS", headers=envelope.headers())
            await asyncio.sleep(0.1)
        memory = max(memory, psutil.Process(pid).memory_info().rss / 1e6)
    await asyncio.sleep(5)
    stored: dict[int, datetime] = {}
    async for each in history.read(runtime.bus, "METRICS", ["evt.metric.>"]):
        event = decode(each.headers, each.data, EVENTS_BY_TYPE).event
        assert isinstance(event, MetricBatchCollected)
        stored[int(np.frombuffer(event.times, "<i8")[0])] = each.metadata.timestamp
    delays: list[float] = []
    async for each in history.read(runtime.bus, "ALERTS", ["evt.threshold.>"]):
        event = decode(each.headers, each.data, EVENTS_BY_TYPE).event
        assert isinstance(event, Crossing)
        measured = stored[round(event.occurred_at.timestamp() * 1000)]
        delays.append((each.metadata.timestamp - measured).total_seconds() * 1000)
    return {
        "rules added a second": round(len(NAMES) / adding),
        "transitions": len(delays),
        "expected": 100 * (rounds - 1),
        "delay p50 ms": round(float(np.percentile(delays, 50))),
        "delay p99 ms": round(float(np.percentile(delays, 99))),
        "delay max ms": round(max(delays)),
        "evaluator memory MB": round(memory),
    }


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    found: dict[str, Any] = {}
    for name, specs in (
        ("10,000 rules over 10,000 series", list(separate_rules())),
        (
            "one rule over 10,000 series",
            [SPEC.validate_python({"name": "CPU", "kind": "threshold", "metric": "cpu", "warning": 80})],
        ),
        (
            "one rule of a window over 10,000 series",
            [SPEC.validate_python({"name": "CPU", "kind": "window", "window": "5m", "metric": "cpu", "warning": 80})],
        ),
    ):
        median, slowest = alone(specs)
        found[name] = {"median ms": round(median, 1), "slowest ms": round(slowest, 1)}
    found["live"] = asyncio.run(live(options.rounds))
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
