"""What the store of measurements takes in, what a sample weighs, and how fast it is asked.

python bench/metrics_store.py --series 1000 --hours 24 --queries 200

The metrics service and the gateway in one process with this measurement, a NATS and a PostgreSQL of their own as `monitors up`
runs them (every commit flushed). Samples every 15 seconds of series of four kinds in equal parts: counters of whole numbers,
gauges with two decimals, constants, and doubles with all their bits. They come as events of 10,000 samples, in groups of 16 a
commit, an hour of all series after the other, and every hour is closed when it is full. 1,000 series for 417 hours are 100
million samples.
"""

import argparse
import asyncio
import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
import numpy as np
import psutil
import uvloop
from pydantic import SecretStr

from monitors_contracts.base import new_id
from monitors_contracts.catalogue import EVENTS_BY_TYPE
from monitors_contracts.envelope import Envelope, decode
from monitors_contracts.metrics import MetricBatchCollected, QueryMetrics
from monitors_gateway.app import build as build_gateway
from monitors_gateway.settings import GatewaySettings
from monitors_metrics.app import build as build_metrics
from monitors_metrics.domain.selectors import parse_selector
from monitors_metrics.queries import Queries
from monitors_metrics.settings import MetricsSettings
from monitors_metrics.store import PostgresStorage, closing
from monitors_metrics.store.writing import Writer
from monitors_runtime.embedded.nats import EmbeddedNats
from monitors_runtime.embedded.postgres import EmbeddedPostgres
from monitors_runtime.runtime import Runtime
from monitors_runtime.settings import RuntimeSettings
from monitors_runtime.standalone import HttpServer, Web, listen

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
    """The fastest, p50 and p95 of asking so often, one after the other. Others on the machine make all but the first worse."""
    seconds: list[float] = []
    for _ in range(times):
        begun = time.perf_counter()
        await ask()
        seconds.append(time.perf_counter() - begun)
    ordered = sorted(seconds)
    shown = {"best": ordered[0], "p50": ordered[len(ordered) // 2], "p95": ordered[int(len(ordered) * 0.95)]}
    return ", ".join(f"{name} {value * 1e3:.2f} ms" for name, value in shown.items())


async def run(series: int, hours: int, queries: int) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="monitors-bench-"))
    nats, postgres = EmbeddedNats(folder / "nats"), EmbeddedPostgres(folder / "postgres")
    # Hours are closed when this says so, and everything is kept.
    settings = MetricsSettings(
        metrics_series_per_organization=10_000_000,
        metrics_close_minutes=10_000_000,
        metrics_raw_days=3650,
        metrics_rollup_days=3650,
    )
    try:
        await asyncio.gather(nats.start(), postgres.start())
        runtime = Runtime(
            RuntimeSettings(
                nats_url=nats.url,
                database_url=postgres.url,
                data_dir=folder,
                secret_key=SecretStr(secrets.token_hex(32)),
            )
        )
        build_metrics(runtime, settings)
        _, application = build_gateway(runtime, GatewaySettings())
        await runtime.start()
        with listen("127.0.0.1", 0) as listener:
            server = HttpServer(Web(application, application.state.gateway.feed.close), listener)
            await server.start()
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=60
            ) as client:
                found = await measure(runtime, client, settings, series, hours, queries)
            await server.stop()
        await runtime.stop()
        return found
    finally:
        await asyncio.gather(nats.stop(), postgres.stop())
        shutil.rmtree(folder, ignore_errors=True)


async def measure(
    runtime: Runtime, client: httpx.AsyncClient, settings: MetricsSettings, series: int, hours: int, queries: int
) -> dict[str, Any]:
    account = {"email": "bench@example.com", "password": "Correct1horse", "name": "Bench"}
    signed_up = (await client.post("/api/auth/register", json=account)).json()
    client.headers["Authorization"] = f"Bearer {signed_up['token']}"
    organization = UUID(signed_up["user"]["organizationId"])
    writer, random = Writer(settings), np.random.default_rng(1)
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
        "this process, MB": round(psutil.Process().memory_info().rss / 1e6),
    }
    found |= await asked(runtime, settings, organization, now, hours, queries)
    return found | await asked_by_http(client, now, hours, queries)


async def asked_by_http(client: httpx.AsyncClient, now: datetime, hours: int, times: int) -> dict[str, Any]:
    """Through the API: sign-in, gateway, bus, service, database and back."""
    since, until = now - timedelta(hours=min(24, hours)), now
    series = 'bench_decimal{n="1"}'

    async def get(path: str, **parameters: Any) -> None:
        (await client.get(path, params=parameters)).raise_for_status()

    graph = {"selector": series, "since": since.isoformat(), "until": until.isoformat()}
    span = {"start": since.timestamp(), "end": until.timestamp()}
    return {
        "GET /api/metrics/usage, for what the way there costs": await timed(lambda: get("/api/metrics/usage"), times),
        "GET /api/metrics/query: 24 h of one series, step 15 s": await timed(
            lambda: get("/api/metrics/query", **graph, step=15), times
        ),
        "GET /api/v1/query_range: 24 h of one series, step 15 s": await timed(
            lambda: get("/api/v1/query_range", query=series, step=15, **span), times
        ),
        "GET /api/v1/query_range: sum by (zone) (rate(39 series[5m])), 24 h, step 5 min": await timed(
            lambda: get(
                "/api/v1/query_range",
                query='sum by (zone) (rate(bench_counter{instance=~"10.0.0..*",n=~".?.?.?[048]"}[5m]))',
                step=300,
                **span,
            ),
            max(5, times // 10),
        ),
        **await asked_for_a_month(get, series, now, hours, max(5, times // 10)),
    }


async def asked_for_a_month(
    get: Callable[..., Awaitable[None]], series: str, now: datetime, hours: int, times: int
) -> dict[str, str]:
    """The same of all hours, or of the last 30 days of them."""
    since = now - timedelta(hours=min(720, hours))
    span = {"start": since.timestamp(), "end": now.timestamp()}
    counter = 'bench_counter{n="0"}'
    found: dict[str, str] = {}
    for step in (300, 3600):
        found[f"GET /api/metrics/query: 30 d of one series, step {step} s"] = await timed(
            lambda step=step: get(
                "/api/metrics/query", selector=series, since=since.isoformat(), until=now.isoformat(), step=step
            ),
            times,
        )
        for query in (
            series,
            f"avg_over_time({series}[{step}s])",
            f"max_over_time({series}[{step}s])",
            f"rate({counter}[{step}s])",
        ):
            found[f"GET /api/v1/query_range: 30 d of {query}, step {step} s"] = await timed(
                lambda step=step, query=query: get("/api/v1/query_range", query=query, step=step, **span), times
            )
    return found


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
    found["graph: 30 d of 63 series to one line, step 1 h"] = await timed(
        query('bench_decimal{instance=~"10.0.0..*"}', 3600, month, by=[]), few
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
    print(json.dumps(uvloop.run(run(arguments.series, arguments.hours, arguments.queries)), indent=2))


if __name__ == "__main__":
    main()
