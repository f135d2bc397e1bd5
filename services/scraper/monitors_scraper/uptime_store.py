"""Uptime checks in PostgreSQL: what to ask, when, and how it went. `apply` is the one way in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitors_contracts.base import Id
from monitors_contracts.uptime import (
    UptimeCheckCreated,
    UptimeCheckDeleted,
    UptimeCheckUpdated,
    UptimeEvent,
    UptimeOutcome,
    UptimeSpec,
    UptimeView,
)
from monitors_runtime.database import Connection, Pool

# Additions to one organization come one after the other, so that the limit holds.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('scraper.uptime_checks'), hashtext($1::text))"
COUNT = "SELECT count(*) FROM scraper.uptime_checks WHERE organization_id = $1 AND id <> $2"
APPLY = """
INSERT INTO scraper.uptime_checks
    (id, organization_id, version, document, interval_seconds, is_active, created_at, next_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $7 WHERE NOT EXISTS (SELECT FROM scraper.uptime_deleted WHERE id = $1)
ON CONFLICT (id) DO UPDATE SET
    version = excluded.version, document = excluded.document, interval_seconds = excluded.interval_seconds,
    is_active = excluded.is_active, next_at = excluded.next_at
WHERE uptime_checks.organization_id = excluded.organization_id AND uptime_checks.version < excluded.version
"""
DELETE = "DELETE FROM scraper.uptime_checks WHERE organization_id = $1 AND id = $2"
DELETED = "INSERT INTO scraper.uptime_deleted (organization_id, id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
GET = """
SELECT id, organization_id, version, document::text, created_at, last::text FROM scraper.uptime_checks
WHERE organization_id = $1 AND id = $2
"""
ALL = """
SELECT id, organization_id, version, document::text, created_at, last::text FROM scraper.uptime_checks
WHERE organization_id = $1 ORDER BY id
"""
# The next time is a whole number of intervals after the last: a copy that was away does not catch up.
TAKE_DUE = """
WITH due AS (
    SELECT id AS due_id FROM scraper.uptime_checks WHERE is_active AND next_at <= $1
    ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE scraper.uptime_checks SET next_at = next_at + make_interval(
    secs => interval_seconds * (floor(extract(epoch FROM $1 - next_at) / interval_seconds) + 1)
)
FROM due WHERE id = due_id RETURNING id, organization_id, version, document::text, created_at, last::text
"""
CHECKED = "UPDATE scraper.uptime_checks SET last = $3 WHERE id = $1 AND version = $2 AND is_active RETURNING id"
ERASE = (
    "DELETE FROM scraper.uptime_checks WHERE organization_id = $1",
    "DELETE FROM scraper.uptime_deleted WHERE organization_id = $1",
)


@dataclass(frozen=True, slots=True)
class Check:
    """A check, and whose it is."""

    organization_id: Id
    view: UptimeView


async def apply(db: Connection, event: UptimeEvent) -> None:
    """Make the check what the event says; what is known already changes nothing. What is new is asked as soon as can be."""
    match event:
        case UptimeCheckCreated() | UptimeCheckUpdated():
            spec, whose = event.spec, (event.check_id, event.organization_id, event.check_version)
            await db.execute(APPLY, *whose, spec, spec.interval_seconds, spec.is_active, event.changed_at)
        case UptimeCheckDeleted():
            await db.execute(DELETE, event.organization_id, event.check_id)
            await db.execute(DELETED, event.organization_id, event.check_id)
        case _:
            raise TypeError(f"{type(event).__name__} says nothing about an uptime check")


async def lock_and_count(db: Connection, organization_id: Id, but: Id) -> int:
    """How many checks the organization has beside this one; nobody else adds one meanwhile."""
    await db.execute(LOCK, str(organization_id))
    return await db.fetchval(COUNT, organization_id, but) or 0


async def find(db: Connection | Pool, organization_id: Id, check_id: Id, *, lock: bool = False) -> Check | None:
    """One check of this organization; with `lock`, nobody else changes it until the transaction ends."""
    row = await db.fetchrow(GET + (" FOR UPDATE" if lock else ""), organization_id, check_id)
    return _check(row) if row else None


async def find_all(pool: Pool, organization_id: Id) -> list[UptimeView]:
    """All checks of the organization."""
    return [_check(row).view for row in await pool.fetch(ALL, organization_id)]


async def take_due(pool: Pool, now: datetime, most: int) -> Sequence[Check]:
    """Checks whose time has come, each for one copy alone."""
    return [_check(row) for row in await pool.fetch(TAKE_DUE, now, most)]


async def checked(db: Connection, check: Check, outcome: UptimeOutcome) -> bool:
    """Keep how a check went; False when it was changed or removed meanwhile."""
    return await db.fetchval(CHECKED, check.view.id, check.view.version, outcome) is not None


def _check(row: Any) -> Check:
    last = UptimeOutcome.model_validate_json(row["last"]) if row["last"] else None
    spec = UptimeSpec.model_validate_json(row["document"])
    view = UptimeView(id=row["id"], spec=spec, version=row["version"], created_at=row["created_at"], last=last)
    return Check(row["organization_id"], view)
