"""What is done to storage by the clock: partitions made ahead, hours closed, what is past its retention dropped."""

from datetime import UTC, datetime, timedelta

import structlog

from monitors_runtime.periodic import Periodic
from monitors_runtime.runtime import Service

from .domain.batches import milliseconds
from .settings import MetricsSettings
from .store import closing, partitions

log = structlog.get_logger(__name__)

EVERY_SECONDS = 60
AHEAD = timedelta(hours=3)


class Maintenance:
    """Runs beside the service. Copies may run at once: each step is done by one of them, and harmless twice."""

    def __init__(self, service: Service, settings: MetricsSettings) -> None:
        self._service = service
        self._grace = timedelta(minutes=settings.metrics_close_minutes)
        self._keep_raw = timedelta(days=settings.metrics_raw_days)
        self._keep_rollups = timedelta(days=settings.metrics_rollup_days)
        self.periodic = Periodic("metrics maintenance", lambda: self.once(datetime.now(UTC)), EVERY_SECONDS)

    async def once(self, now: datetime) -> None:
        """All that is due at this time."""
        pool = self._service.runtime.pool
        async with pool.acquire() as db, db.transaction():
            hours = int(AHEAD / timedelta(hours=1)) + 1
            ahead = [milliseconds(now + timedelta(hours=hour)) for hour in range(hours)]
            await partitions.make(db, "head", ahead)
        await closing.close_hours(pool, now, self._grace)
        if dropped := await closing.expire(pool, now, self._keep_raw, self._keep_rollups):
            log.info("expired", partitions=dropped)
