"""What was used of the limits. Row locks, always taken in the same order, make them hold across processes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from monitors_contracts.base import Id
from monitors_runtime.database import Connection, Pool

LOCK_DAY = """
INSERT INTO gateway.daily_usage AS d (user_id, day) VALUES ($1, $2)
ON CONFLICT (user_id, day) DO UPDATE SET refreshes = d.refreshes RETURNING refreshes
"""
MAKE_MONITORS = """
INSERT INTO gateway.monitor_refreshes (organization_id, monitor_id)
SELECT $1, monitor FROM unnest($2::uuid[]) monitor ORDER BY monitor ON CONFLICT DO NOTHING
"""
LOCK_MONITORS = """
SELECT monitor_id, recent FROM gateway.monitor_refreshes
WHERE organization_id = $1 AND monitor_id = ANY($2::uuid[]) ORDER BY monitor_id FOR UPDATE
"""
# The newest $4 moments are all that the limit of a minute can ask for.
TAKE_MONITORS = """
UPDATE gateway.monitor_refreshes
SET recent = (
    SELECT array_agg(moment ORDER BY moment)
    FROM (SELECT moment FROM unnest(recent || $3::timestamptz) moment ORDER BY moment DESC LIMIT $4) newest
)
WHERE organization_id = $1 AND monitor_id = ANY($2::uuid[])
"""
TAKE_DAY = "UPDATE gateway.daily_usage SET refreshes = refreshes + $3 WHERE user_id = $1 AND day = $2"

GIVE_MONITORS = """
UPDATE gateway.monitor_refreshes SET recent = array_remove(recent, $3)
WHERE organization_id = $1 AND monitor_id = ANY($2::uuid[])
"""
DROP_EMPTY = """
DELETE FROM gateway.monitor_refreshes
WHERE organization_id = $1 AND monitor_id = ANY($2::uuid[]) AND recent = '{}'
"""
GIVE_DAY = "UPDATE gateway.daily_usage SET refreshes = greatest(0, refreshes - $3) WHERE user_id = $1 AND day = $2"

# One round trip: it is part of every monitor that is shown.
USAGE = """
SELECT NULL::uuid AS monitor_id, NULL::timestamptz[] AS recent, refreshes
FROM gateway.daily_usage WHERE user_id = $3 AND day = $4
UNION ALL
SELECT monitor_id, recent, NULL FROM gateway.monitor_refreshes
WHERE organization_id = $1 AND monitor_id = ANY($2::uuid[])
"""
USED_TODAY = "SELECT refreshes FROM gateway.daily_usage WHERE user_id = $1 AND day = $2"

TAKE_ADDRESS = """
INSERT INTO gateway.address_usage AS a (address, action, window_started_at, used) VALUES ($1, $2, $3, $4)
ON CONFLICT (address, action) DO UPDATE SET
    used = CASE WHEN a.window_started_at <= $3 - $5::interval THEN $4 ELSE a.used + $4 END,
    window_started_at = CASE WHEN a.window_started_at <= $3 - $5::interval THEN $3 ELSE a.window_started_at END
RETURNING used, window_started_at
"""

Recent = dict[Id, list[datetime]]


async def lock_usage(
    db: Connection, organization_id: Id, user_id: Id, monitors: Sequence[Id], now: datetime
) -> tuple[Recent, int]:
    """When these monitors were refreshed lately and what the user used today; nobody else changes it meanwhile."""
    used_today: int = await db.fetchval(LOCK_DAY, user_id, now.astimezone(UTC).date()) or 0
    await db.execute(MAKE_MONITORS, organization_id, monitors)
    rows = await db.fetch(LOCK_MONITORS, organization_id, monitors)
    return {row["monitor_id"]: row["recent"] for row in rows}, used_today


async def take(
    db: Connection, organization_id: Id, user_id: Id, monitors: Sequence[Id], now: datetime, keep: int
) -> None:
    """Use the limits for a refresh of each of these; `keep` moments are remembered for each monitor."""
    await db.execute(TAKE_MONITORS, organization_id, monitors, now, keep)
    await db.execute(TAKE_DAY, user_id, now.astimezone(UTC).date(), len(monitors))


async def give_back(
    db: Connection, organization_id: Id, user_id: Id, monitors: Sequence[Id], taken_at: datetime
) -> None:
    """Undo `take` for refreshes that never began."""
    await db.execute(GIVE_DAY, user_id, taken_at.astimezone(UTC).date(), len(monitors))
    await db.fetch(LOCK_MONITORS, organization_id, monitors)
    await db.execute(GIVE_MONITORS, organization_id, monitors, taken_at)
    await db.execute(DROP_EMPTY, organization_id, monitors)


async def usage(
    pool: Pool, organization_id: Id, user_id: Id, monitors: Sequence[Id], now: datetime
) -> tuple[Recent, int]:
    """When these monitors were refreshed lately, oldest first, and what the user used of this UTC day."""
    rows = await pool.fetch(USAGE, organization_id, monitors, user_id, now.astimezone(UTC).date())
    recent = {row["monitor_id"]: row["recent"] for row in rows if row["monitor_id"]}
    return recent, next((row["refreshes"] for row in rows if not row["monitor_id"]), 0)


async def used_today(pool: Pool, user_id: Id, now: datetime) -> int:
    """Refreshes the user has used of this UTC day."""
    return await pool.fetchval(USED_TODAY, user_id, now.astimezone(UTC).date()) or 0


async def take_for_address(
    db: Connection, address: str, action: str, count: int, window: timedelta, now: datetime
) -> tuple[int, datetime]:
    """Count an address's doings; what it has done in the current window, and when that ends."""
    row = await db.fetchrow(TAKE_ADDRESS, address, action, now, count, window)
    assert row
    return row["used"], row["window_started_at"] + window
