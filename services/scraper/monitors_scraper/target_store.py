"""Scrape targets in PostgreSQL: what to scrape, when, and how it went."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import zstandard

from monitors_contracts.base import Id
from monitors_contracts.targets import MASKED, TargetSpec, TargetView
from monitors_runtime.database import Connection, Pool

ADD = """
INSERT INTO scraper.targets
    (id, organization_id, url, name, interval_seconds, labels, headers, is_active, created_at, next_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (id) DO NOTHING
"""
# Additions to one organization come one after the other, so that the limit holds.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('scraper.targets'), hashtext($1::text))"
COUNT = "SELECT count(*) FROM scraper.targets WHERE organization_id = $1 AND id <> $2"
TARGET = "SELECT * FROM scraper.targets WHERE organization_id = $1 AND id = $2"
TARGETS = "SELECT * FROM scraper.targets WHERE organization_id = $1 ORDER BY id"
CHANGE = """
UPDATE scraper.targets SET url = $3, name = $4, interval_seconds = $5, labels = $6, headers = $7, is_active = $8, next_at = $9,
    series = CASE WHEN $10 THEN '' ELSE series END
WHERE organization_id = $1 AND id = $2 RETURNING *
"""
DELETE = "DELETE FROM scraper.targets WHERE organization_id = $1 AND id = $2"
# The next time is a whole number of intervals after the last: a copy that was away does not catch up.
TAKE_DUE = """
WITH due AS (
    SELECT id FROM scraper.targets WHERE is_active AND next_at <= $1 ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE scraper.targets SET next_at = next_at + make_interval(
    secs => interval_seconds * (floor(extract(epoch FROM $1 - next_at) / interval_seconds) + 1)
)
FROM due WHERE targets.id = due.id RETURNING targets.*
"""
SCRAPED = """
UPDATE scraper.targets SET
    last_scrape_at = $2, last_error = $3, last_duration = $4, last_samples = $5, last_refused = $6, series = $7
WHERE id = $1
"""

Target = asyncpg.Record


async def add(db: Connection, organization_id: Id, target_id: Id, spec: TargetSpec, name: str, now: datetime) -> None:
    """Keep a new target; one that is there stays as it is."""
    values = (spec.url, name, spec.interval_seconds, spec.labels, spec.headers, spec.is_active, now)
    await db.execute(ADD, target_id, organization_id, *values)


async def lock_and_count(db: Connection, organization_id: Id, but: Id) -> int:
    """How many targets the organization has beside this one; nobody else adds one meanwhile."""
    await db.execute(LOCK, str(organization_id))
    count: int | None = await db.fetchval(COUNT, organization_id, but)
    return count or 0


async def find(db: Connection | Pool, organization_id: Id, target_id: Id, *, lock: bool = False) -> Target | None:
    """The target; with `lock`, nobody else changes it until the transaction ends."""
    return await db.fetchrow(TARGET + (" FOR UPDATE" if lock else ""), organization_id, target_id)


async def find_all(pool: Pool, organization_id: Id) -> Sequence[Target]:
    """All targets of the organization."""
    return await pool.fetch(TARGETS, organization_id)


async def change(db: Connection, target: Target, changes: dict[str, Any], now: datetime, *, forget: bool) -> Target:
    """Keep a target's changes; it is scraped as soon as can be. With `forget`, what it showed is no longer known."""
    values = [
        changes.get(name, target[name])
        for name in ("url", "name", "interval_seconds", "labels", "headers", "is_active")
    ]
    changed = await db.fetchrow(CHANGE, target["organization_id"], target["id"], *values, now, forget)
    assert changed
    return changed


async def delete(db: Connection, organization_id: Id, target_id: Id) -> None:
    """Forget a target."""
    await db.execute(DELETE, organization_id, target_id)


async def take_due(pool: Pool, now: datetime, most: int) -> Sequence[Target]:
    """Targets whose time has come, each for one copy alone."""
    return await pool.fetch(TAKE_DUE, now, most)


async def scraped(
    db: Connection,
    target_id: Id,
    at: datetime,
    error: str | None,
    seconds: float,
    counts: tuple[int, int] | None,
    series: Collection[str],
) -> None:
    """Keep how a scrape went, and which series it found."""
    found, refused = counts or (None, None)
    await db.execute(SCRAPED, target_id, at, error, seconds, found, refused, packed(series))


def packed(series: Collection[str]) -> bytes:
    """Texts of series as bytes; a text has no line break that is not escaped."""
    return zstandard.compress("\n".join(series).encode()) if series else b""


def series_of(target: Target) -> list[str]:
    """The series that the target's last scrape found."""
    return zstandard.decompress(target["series"]).decode().split("\n") if target["series"] else []


def view(target: Target) -> TargetView:
    """A target as its organization sees it."""
    return TargetView(
        id=target["id"],
        url=target["url"],
        name=target["name"],
        interval_seconds=target["interval_seconds"],
        labels=target["labels"],
        headers=dict.fromkeys(target["headers"], MASKED),
        is_active=target["is_active"],
        created_at=target["created_at"],
        last_scrape_at=target["last_scrape_at"],
        last_error=target["last_error"],
        last_duration_seconds=target["last_duration"],
        last_samples=target["last_samples"],
        last_refused=target["last_refused"],
    )
