"""One short function a message."""

from collections.abc import Sequence

from monitors_contracts.metrics import GetMetrics, MetricCollected, MetricsReply
from monitors_runtime.consumer import Unit
from monitors_runtime.runtime import Service

from . import store


class Handlers:
    """The metrics service's answers to events and queries."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def metrics_collected(self, units: Sequence[Unit[MetricCollected, None]]) -> None:
        """Measurements came in."""
        await store.apply_all(units[0].tx.db, [unit.received.event for unit in units])

    async def get_metrics(self, query: GetMetrics) -> MetricsReply:
        """Samples of matching series."""
        pool = self._service.runtime.pool
        series = await store.query(
            pool, query.organization_id, query.name, query.tags, query.since, query.until, query.limit
        )
        return MetricsReply(series=series)
