"""What the store of measurements takes in, what a sample weighs, and how fast it is asked.

python -m bench.metrics_store --series 1000 --hours 24 --queries 200

A PostgreSQL of its own, as `monitors up` runs it (every commit flushed). Samples every 15 seconds of series of four kinds in equal
parts: counters of whole numbers, gauges with two decimals, constants, and doubles with all their bits. They come as events of
10,000 samples, in groups of up to 16 a commit, an hour of all series after the other, and every hour is closed when it is full.
"""

import argparse
import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np

from bench.measure import memory_mb
from monitors_contracts.base import new_id
from monitors_contracts.catalogue import EVENTS_BY_TYPE
from monitors_contracts.envelope import Envelope, decode
from monitors_contracts.metrics import MetricBatchCollected, QueryMetrics
from monitors_metrics.domain.selectors import parse_selector
from monitors_metrics.queries import Queries
from monitors_metrics.settings import MetricsSettings
from monitors_metrics.store import PostgresStorage, closing
from monitors_metrics.store.writing import Writer
from monitors_runtime.database import open_pool
from monitors_runtime.embedded.postgres import EmbeddedPostgres
from monitors_runtime.migrations import RUNTIME_MIGRATIONS, migrate
from monitors_runtime.runtime import Runtime
from monitors_runtime.settings import RuntimeSettings

SERVICES = Path(__file__).parents[1] / "services"
STEP = 15_000
HOUR = 3_600_000
BATCH = 10_000
GROUP = 16
SIZES = """
SELECT parent.relname AS table, sum(pg_total_relation_size(inhrelid)) AS bytes
FROM pg_inherits JOIN pg_class AS parent ON parent.oid = inhparent
WHERE parent.relname IN ('head', 'chunks', 'minutes', 'hours') GROUP BY 1
"""
KINDS = ("counter", "decimal", "constant", "double")


def hour_of_values(series: int, random: np.random.Generator) -> np.ndarray:
    """An hour of every series: a row each."""
    samples = HOUR // STEP
    values = np.empty((series, samples))
    for number, kind in enumerate(KINDS):
        some = values[number :: len(KINDS)]
        if kind == "counter":
            some[:] = 1e6 + np.cumsum(random.integers(0, 500, some.shape), axis=1)
        elif kind == "decimal":
            some[:] = np.round(random.normal(50, 20, some.shape), 2)
        elif kind == "constant":
            some[:] = 42
        else:
            some[:] = 100 + np.cumsum(random.normal(0, 1, some.shape), axis=1)
    return values


def texts(series: int) -> list[str]:
    return [
        f'bench_{KINDS[n % len(KINDS)]}{{instance="10.0.{n // 250 % 250}.{n % 250}:9100",job="bench",n="{n}",zone="eu-1"}}'
        for n in range(series)
    ]


def events_of(organization: Any, names: list[str], begin: int, values: np.ndarray) -> list[MetricBatchCollected]:
    """As scrapes come: one sample of each series, then the next of each; cut into batches."""
    samples = values.shape[1]
    together = max(1, BATCH // len(names))
    events: list[MetricBatchCollected] = []
    for first in range(0, samples, together):
        some = values[:, first : first + together]
        times = begin + (first + np.arange(some.shape[1])) * STEP
        for low in range(0, len(names), BATCH):
            part, chosen = some[low : low + BATCH], names[low : low + BATCH]
            events.append(
                MetricBatchCollected(
                    organization_id=organization,
                    batch_id=new_id(),
                    source="bench",
                    series=chosen,
                    counts=np.full(len(chosen), part.shape[1], "<u4").tobytes(),
                    times=np.tile(times, len(chosen)).astype("<i8").tobytes(),
                    values=part.astype("<f8").tobytes(),
                )
            )
    return events


async def timed(ask: Callable[[], Awaitable[Any]], times: int) -> str:
    """p50 and p95 of asking so often, one after the other."""
    seconds: list[float] = []
    for _ in range(times):
        begun = time.perf_counter()
        await ask()
        seconds.append(time.perf_counter() - begun)
    ordered = sorted(seconds)
    return f"p50 {ordered[len(ordered) // 2] * 1e3:.2f} ms, p95 {ordered[int(len(ordered) * 0.95)] * 1e3:.2f} ms"


async def run(series: int, hours: int, queries: int) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="monitors-bench-"))
    postgres = EmbeddedPostgres(folder)
    try:
        await postgres.start()
        await migrate(postgres.url, "runtime", RUNTIME_MIGRATIONS)
        await migrate(postgres.url, "metrics", SERVICES / "metrics" / "monitors_metrics" / "migrations")
        runtime = Runtime(RuntimeSettings(database_url=postgres.url, data_dir=folder))
        runtime.pool = await open_pool(postgres.url, 4)
        found = await measure(runtime, series, hours, queries)
        await runtime.pool.close()
        return found
    finally:
        await postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def measure(runtime: Runtime, series: int, hours: int, queries: int) -> dict[str, Any]:
    settings = MetricsSettings(metrics_series_per_organization=10_000_000)
    writer, organization, random = Writer(settings), new_id(), np.random.default_rng(1)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    begin = int((now - timedelta(hours=hours)).timestamp()) * 1000
    names = texts(series)
    taking = decoding = closing_seconds = 0.0
    wire = samples = 0
    for hour in range(hours):
        for group in grouped(events_of(organization, names, begin + hour * HOUR, hour_of_values(series, random))):
            sent = [(one.headers(), one.data()) for one in map(enveloped, group)]
            wire += sum(len(data) for _, data in sent)
            begun = time.perf_counter()
            received = [cast(MetricBatchCollected, decode(*one, EVENTS_BY_TYPE).event) for one in sent]
            decoded = time.perf_counter()
            async with runtime.pool.acquire() as db, db.transaction():
                await writer.apply_all(db, received)
            taking += time.perf_counter() - decoded
            decoding += decoded - begun
        samples += series * HOUR // STEP
        begun = time.perf_counter()
        await closing.close_hours(runtime.pool, now - timedelta(hours=hours - hour - 1), timedelta(0))
        closing_seconds += time.perf_counter() - begun
    await runtime.pool.execute("VACUUM ANALYZE")
    sizes = {row["table"]: int(row["bytes"]) for row in await runtime.pool.fetch(SIZES)}
    found: dict[str, Any] = {
        "samples": samples,
        "decoded, samples/s": round(samples / decoding),
        "stored, samples/s": round(samples / taking),
        "decoded and stored, samples/s": round(samples / (taking + decoding)),
        "closed, samples/s": round(samples / closing_seconds),
        "all three, samples/s": round(samples / (taking + decoding + closing_seconds)),
        "on the wire, bytes/sample": round(wire / samples, 2),
        **{f"{table}, bytes/sample": round(size / samples, 2) for table, size in sorted(sizes.items())},
        "this process, MB": round(memory_mb(__import__("os").getpid())),
    }
    return found | await asked(runtime, settings, organization, now, hours, queries)


async def asked(
    runtime: Runtime, settings: MetricsSettings, organization: Any, now: datetime, hours: int, times: int
) -> dict[str, Any]:
    storage = PostgresStorage(runtime)
    answers = Queries(storage, settings)
    end = int(now.timestamp()) * 1000
    found: dict[str, Any] = {}
    for kind, number in zip(KINDS, range(4), strict=True):
        [one] = await storage.find(organization, parse_selector(f'bench_{kind}{{n="{number}"}}'))
        first = end - min(24, hours) * HOUR
        count = len((await storage.samples([one.id], first, end)).times)
        found[f"24 h of one {kind} in the store ({count:,} samples)"] = await timed(
            lambda one=one, first=first: storage.samples([one.id], first, end), times
        )

    def query(selector: str, step: int, span: timedelta, **more: Any) -> Callable[[], Awaitable[Any]]:
        asked = QueryMetrics(
            organization_id=organization, selector=selector, since=now - span, until=now, step_seconds=step, **more
        )
        return lambda: answers.query_metrics(asked)

    day, month = timedelta(hours=min(24, hours)), timedelta(hours=min(720, hours))
    few = max(5, times // 10)
    found["graph: 24 h of one series, step 15 s"] = await timed(query('bench_decimal{n="1"}', 15, day), times)
    found["graph: 24 h of one series, step 5 min"] = await timed(query('bench_decimal{n="1"}', 300, day), times)
    found["graph: 30 d of one series, step 1 h"] = await timed(query('bench_decimal{n="1"}', 3600, month), times)
    found["graph: 30 d of one series, step 10 min"] = await timed(query('bench_decimal{n="1"}', 600, month), few)
    found["graph: 30 d of 50 series to one line, step 1 h"] = await timed(
        query('bench_decimal{n=~"..?.?",instance=~"10.0.0..*"}', 3600, month, by=[]), few
    )
    return found


def grouped(events: list[MetricBatchCollected]) -> list[list[MetricBatchCollected]]:
    return [events[first : first + GROUP] for first in range(0, len(events), GROUP)]


def enveloped(event: MetricBatchCollected) -> Envelope:
    identifier = new_id()
    return Envelope(event, identifier, "/monitors/bench", datetime.now(UTC), identifier)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=1000, help="how many series")
    parser.add_argument("--hours", type=int, default=24, help="how many hours of each, 240 samples an hour")
    parser.add_argument("--queries", type=int, default=200, help="how often each query is asked")
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(run(arguments.series, arguments.hours, arguments.queries)), indent=2))


if __name__ == "__main__":
    main()
