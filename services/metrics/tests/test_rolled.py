"""PromQL over long times is made of rollups, and says what it says of samples."""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import zstandard

from monitors_contracts.metrics import MetricBatchCollected, QueryProm
from monitors_metrics.domain.promql import rolled
from monitors_metrics.domain.promql.tree import Rolled, parsed
from monitors_metrics.domain.samples import DAY, HOUR, MINUTE
from monitors_metrics.prometheus import Prometheus
from monitors_metrics.store import closing

Make = Callable[..., MetricBatchCollected]
FUNCTIONS = ("avg", "sum", "count", "present", "min", "max", "last")


class Asked:
    """Three series, each of another interval, over five days: the last hours are still open."""

    def __init__(self, metrics: Any) -> None:
        self._metrics = metrics
        self.until = metrics.hour + timedelta(hours=3)
        self.since = self.until - timedelta(days=4)

    async def store(self, batch: Make) -> None:
        end = int(self.until.timestamp()) * 1000
        random = np.random.default_rng(1)
        series = {
            f'm{{i="{number}"}}': [
                (at, value)
                for at, value in zip(
                    range(end - 5 * DAY + number * 7 + 13, end, interval),
                    random.normal(10, 5, 5 * DAY // interval).round(2).tolist(),
                    strict=False,
                )
                if at % DAY > number * 3 * HOUR  # with gaps
            ]
            for number, interval in enumerate((5 * MINUTE, 20 * MINUTE, 90 * MINUTE))
        }
        await self._metrics.take(batch(self._metrics.organization, series))
        await closing.close_hours(self._metrics.pool, self._metrics.hour, timedelta(0))

    async def result(self, query: str, step: int = 3600, keep_raw: timedelta = timedelta(days=30)) -> dict[str, Any]:
        asked = QueryProm(
            organization_id=self._metrics.organization,
            query=query,
            since=self.since,
            until=self.until,
            step_seconds=step,
        )
        reply = await Prometheus(self._metrics.storage, keep_raw).query(asked)
        lines = json.loads(zstandard.decompress(reply.data))["result"]
        return {str(sorted(each["metric"].items())): each["values"] for each in lines}


@pytest.fixture
async def asked(metrics: Any, batch: Make) -> Asked:
    found = Asked(metrics)
    await found.store(batch)
    return found


def same(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    assert theirs
    return ours.keys() == theirs.keys() and all(
        [time for time, _ in ours[key]] == [time for time, _ in values]
        and all(
            math.isclose(float(a), float(b), rel_tol=1e-9) for (_, a), (_, b) in zip(ours[key], values, strict=True)
        )
        for key, values in theirs.items()
    )


@pytest.mark.parametrize("span", ["1h", "6h"])
async def test_hours_say_what_samples_say(asked: Asked, monkeypatch: pytest.MonkeyPatch, span: str) -> None:
    queries = [f"{each}_over_time(m[{span}])" for each in FUNCTIONS]
    queries += [f"sum by (x) (max_over_time(m[{span}] offset 2h)) - scalar(avg_over_time(m{{i='0'}}[{span}]))"]
    by_rollups = [await asked.result(query) for query in queries]
    monkeypatch.setattr(rolled, "RAW_SPAN", 100 * DAY)
    for query, ours in zip(queries, by_rollups, strict=True):
        assert same(ours, await asked.result(query)), query


async def test_what_is_older_than_samples_is_made_of_minutes(asked: Asked) -> None:
    for query in ("avg_over_time(m[10m])", "count_over_time(m[30m])"):
        of_samples = await asked.result(query, 1800)
        assert same(await asked.result(query, 1800, keep_raw=timedelta(days=1)), of_samples)


@pytest.mark.parametrize(
    ("query", "step", "days", "span"),
    [
        ("max_over_time(m[1h])", HOUR, 4, HOUR),
        ("max_over_time(m[1h])", HOUR, 1, None),  # short: samples are exact at the edges of windows
        ("max_over_time(m[1h])", 20 * MINUTE, 4, None),
        ("max_over_time(m[90m])", HOUR, 4, None),
        ("max_over_time(m[1h] offset 1m)", HOUR, 4, None),
        ("max_over_time(m[1h])", 20 * MINUTE, 40, MINUTE),
        ("max_over_time(m[1h])", HOUR, 40, HOUR),
        ("max_over_time(m[90s])", HOUR, 40, None),
        ("rate(m[1h])", HOUR, 40, None),
        ("max_over_time(m[1h] @ 0)", HOUR, 4, HOUR),
    ],
)
def test_rollups_serve_where_windows_are_made_of_them(query: str, step: int, days: int, span: int | None) -> None:
    now = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp()) * 1000
    times = np.arange(now - days * DAY, now + 1, step, dtype=np.int64)
    node = rolled.rolled(parsed(query, int(times[0]), now), times, now - 30 * DAY)
    assert (node.span if isinstance(node, Rolled) else None) == span
