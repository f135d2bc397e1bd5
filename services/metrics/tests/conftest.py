"""The service's parts on real tables, and batches to give them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from monitors_contracts.base import Id, new_id
from monitors_contracts.metrics import MetricBatchCollected, MetricDescription
from monitors_metrics.queries import Queries
from monitors_metrics.settings import MetricsSettings
from monitors_metrics.store import PostgresStorage
from monitors_metrics.store.writing import Writer

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
