"""How many sessions there are, as a metric."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

from prometheus_client import Gauge

from monitors_runtime.database import DATABASE_AWAY, Pool

from ..store import sessions

SESSIONS = Gauge("monitors_sessions", "Sessions that are open, and those used within five minutes", ("which",))
EVERY_SECONDS = 30
RECENT = timedelta(minutes=5)


async def count_always(pool: Pool) -> None:
    """Keep the metric up to date, until cancelled."""
    while True:
        with contextlib.suppress(TimeoutError, *DATABASE_AWAY):
            await count(pool, datetime.now(UTC))
        await asyncio.sleep(EVERY_SECONDS)


async def count(pool: Pool, now: datetime) -> None:
    """Count once."""
    opened, used = await sessions.count(pool, now, now - RECENT)
    SESSIONS.labels("open").set(opened)
    SESSIONS.labels("used").set(used)
