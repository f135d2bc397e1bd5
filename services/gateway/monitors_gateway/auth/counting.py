"""How many sessions there are, as a metric."""

from datetime import datetime, timedelta

from prometheus_client import Gauge

from monitors_runtime.database import Pool

from ..store import sessions

SESSIONS = Gauge("monitors_sessions", "Sessions that are open, and those used within five minutes", ("which",))
EVERY_SECONDS = 30
RECENT = timedelta(minutes=5)


async def count(pool: Pool, now: datetime) -> None:
    """Bring the metric up to date."""
    opened, used = await sessions.count(pool, now, now - RECENT)
    SESSIONS.labels("open").set(opened)
    SESSIONS.labels("used").set(used)
