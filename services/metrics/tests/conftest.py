"""The service's parts on real tables, and batches to give them."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import numpy as np
import pytest
import zstandard

from monitors_contracts.base import Id, new_id
from monitors_contracts.metrics import MetricBatchCollected, MetricDescription, QueryProm
from monitors_contracts.series import parse_series_key
from monitors_metrics.domain.selectors import Selector
from monitors_metrics.domain.series import SeriesSamples
from monitors_metrics.prometheus import Prometheus
from monitors_metrics.queries import Queries
from monitors_metrics.settings import MetricsSettings
from monitors_metrics.storage import KnownSeries
from monitors_metrics.store import PostgresStorage
from monitors_metrics.store.writing import Writer
from monitors_runtime.errors import ProblemError

HOUR = timedelta(hours=1)


class Metrics:
    """One organization's measurements."""

    def __init__(self, house: Any, settings: MetricsSettings) -> None:
        self.house = house
        self.pool = house.pool
        self.settings = settings
        self.organization: Id = new_id()
        self.writer = Writer(settings)
        self.storage = PostgresStorage(house.runtime)
        self.queries = Queries(self.storage, settings)
        # The begin of an hour that is over, young enough for all tests.
        self.hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 3 * HOUR

    @property
    def start(self) -> int:
        """`hour` in milliseconds."""
        return int(self.hour.timestamp()) * 1000

    async def take(self, *events: Any) -> None:
        """Have the events applied as one group."""
        async with self.pool.acquire() as db, db.transaction():
            await self.writer.apply_all(db, events)


@pytest.fixture
def metrics(house: Any) -> Metrics:
    return Metrics(house, MetricsSettings())


@pytest.fixture
def metrics_with(house: Any) -> Callable[..., Metrics]:
    """The same with other settings."""
    return lambda **settings: Metrics(house, MetricsSettings(**settings))


@pytest.fixture
def batch() -> Callable[..., MetricBatchCollected]:
    """A batch of series by their texts, with (milliseconds, value) pairs."""

    def make(
        organization: Id,
        samples: Mapping[str, Sequence[tuple[int, float]]],
        descriptions: dict[str, MetricDescription] | None = None,
    ) -> MetricBatchCollected:
        pairs = [pair for each in samples.values() for pair in each]
        return MetricBatchCollected(
            organization_id=organization,
            batch_id=new_id(),
            series=list(samples),
            counts=np.array([len(each) for each in samples.values()], "<u4").tobytes(),
            times=np.array([time for time, _ in pairs], "<i8").tobytes(),
            values=np.array([value for _, value in pairs], "<f8").tobytes(),
            metrics=descriptions or {},
        )

    return make


class MemoryStorage:
    """`Storage` in memory, for what is about queries alone: series by text, with (milliseconds, value) pairs."""

    def __init__(self, series: Mapping[str, Sequence[tuple[int, float]]]) -> None:
        self.known = [KnownSeries(number, *parse_series_key(text)) for number, text in enumerate(series)]
        self.pairs = list(series.values())

    async def find(self, _: Id, selector: Selector) -> list[KnownSeries]:
        return [each for each in self.known if selector.matches(each.name, each.labels)]

    async def samples(self, ids: Sequence[int], since: int, until: int) -> SeriesSamples:
        found = [
            (number, time, value)
            for number, each in enumerate(ids)
            for time, value in self.pairs[each]
            if since <= time < until
        ]
        series, times, values = zip(*found, strict=True) if found else ((), (), ())
        columns = np.array(series, np.int64), np.array(times, np.int64), np.array(values, np.float64)
        return SeriesSamples(len(ids), *columns)


@pytest.fixture
def ask() -> Callable[..., Any]:
    """Evaluate PromQL over series in memory; times in seconds. The `result`, or what is said against the query."""

    async def asked(
        series: Mapping[str, Sequence[tuple[int, float]]],
        query: str,
        since: float,
        until: float | None = None,
        step: float | None = None,
    ) -> Any:
        prometheus = Prometheus(cast(Any, MemoryStorage(series)), timedelta.max / 10)
        at = {"since": datetime.fromtimestamp(since, UTC), "step_seconds": step}
        if until is not None:
            at["until"] = datetime.fromtimestamp(until, UTC)
        try:
            reply = await prometheus.query(QueryProm(organization_id=new_id(), query=query, **cast(Any, at)))
        except ProblemError as refused:
            return refused.problem.detail
        return json.loads(zstandard.decompress(reply.data))["result"]

    return asked
