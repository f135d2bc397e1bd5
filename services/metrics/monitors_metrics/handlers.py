"""One short function a message."""

from monitors_contracts.metrics import GetMetrics, MetricCollected, MetricsReply
from monitors_runtime.consumer import Received
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import store


class Handlers:
    """The metrics service's answers to events and queries."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def metric_collected(self, tx: Transaction, received: Received[MetricCollected]) -> None:
        """Measurements came in."""
        await store.apply(tx.db, received.event)

    async def get_metrics(self, query: GetMetrics) -> MetricsReply:
        """Samples of matching series."""
        pool = self._service.runtime.pool
        series = await store.query(
            pool, query.organization_id, query.name, query.tags, query.since, query.until, query.limit
        )
        return MetricsReply(series=series)
