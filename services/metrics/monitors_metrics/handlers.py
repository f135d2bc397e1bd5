"""One short function a message."""

from collections.abc import Sequence

from monitors_contracts.metrics import MetricBatchCollected, MetricCollected
from monitors_runtime.consumer import Unit

from .store.writing import Writer


class Handlers:
    """The metrics service's answers to events."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def metrics_collected(self, units: Sequence[Unit[MetricCollected | MetricBatchCollected, None]]) -> None:
        """Measurements came in."""
        await self._writer.apply_all(units[0].tx.db, [unit.received.event for unit in units])
