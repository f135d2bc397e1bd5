"""Measurements in PostgreSQL: series by fingerprint, samples in hourly packed arrays, rollups, all partitioned by time."""

from collections.abc import Sequence
from datetime import datetime

from monitors_contracts.base import Id
from monitors_contracts.metrics import MetricDescription
from monitors_runtime.runtime import Runtime

from ..domain.rollups import Summaries
from ..domain.selectors import Selector
from ..domain.series import SeriesSamples
from ..storage import KnownSeries
from . import reading, series

ERASE = series.ERASE
TABLES = ["head", "chunks", "minutes", "hours", "known_series", "descriptions"]


class PostgresStorage:
    """`Storage` in the tables of schema `metrics`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def find(self, organization_id: Id, selector: Selector) -> list[KnownSeries]:
        return await series.find(self._runtime.pool, organization_id, selector)

    async def active(self, known: Sequence[KnownSeries], since: datetime, until: datetime) -> list[KnownSeries]:
        return await series.active(self._runtime.pool, known, since, until)

    async def samples(self, ids: Sequence[int], since: int, until: int) -> SeriesSamples:
        return await reading.samples(self._runtime.pool, ids, since, until)

    async def minutes(self, ids: Sequence[int], since: int, until: int) -> Summaries:
        return await reading.minutes(self._runtime.pool, ids, since, until)

    async def hours(self, ids: Sequence[int], since: int, until: int) -> Summaries:
        return await reading.hours(self._runtime.pool, ids, since, until)

    async def labels(self, organization_id: Id, limit: int) -> list[str]:
        return await series.labels(self._runtime.pool, organization_id, limit)

    async def label_values(self, organization_id: Id, label: str, limit: int) -> list[str]:
        return await series.label_values(self._runtime.pool, organization_id, label, limit)

    async def descriptions(self, organization_id: Id, name: str | None, limit: int) -> dict[str, MetricDescription]:
        return await series.descriptions(self._runtime.pool, organization_id, name, limit)

    async def unknown(self, organization_id: Id, keys: Sequence[str]) -> list[int]:
        return await series.unknown(self._runtime.pool, organization_id, keys)

    async def usage(self, organization_id: Id) -> tuple[int, dict[str, int]]:
        return await series.usage(self._runtime.pool, organization_id)
