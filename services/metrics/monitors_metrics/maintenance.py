"""What is done to storage by the clock: partitions made ahead, hours closed, what is past its retention dropped."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import asyncpg
import structlog

from monitors_runtime.database import DATABASE_AWAY
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
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Do it now and then from now on."""
        self._task = asyncio.create_task(self._run(), name="metrics maintenance")

    async def stop(self) -> None:
        """Stop; what was begun is undone by the database and done again."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self.once(datetime.now(UTC))
            except (TimeoutError, asyncpg.PostgresError, *DATABASE_AWAY) as failure:
                log.warning("maintenance interrupted, trying again", error=repr(failure)[:300])
            await asyncio.sleep(EVERY_SECONDS)

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
