"""The audit log, and the forgetting of what is past its time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitors_contracts.base import Id, JsonValue
from monitors_contracts.platform import AuditRecorded
from monitors_runtime.database import Connection, Pool

from ..domain.throttling import FORGOTTEN_AFTER
from .idempotency import KEPT_FOR

INSERT = """
INSERT INTO gateway.audit_log (id, organization_id, user_id, what, target, ip, occurred_at, data)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
LIST = """
SELECT id, what, target, ip, occurred_at, data FROM gateway.audit_log
WHERE organization_id = $1 AND user_id = $2 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4
"""
PURGES = {
    "DELETE FROM gateway.audit_log WHERE occurred_at < now() - $1::interval": None,
    "DELETE FROM gateway.sessions WHERE expires_at < now() - $1::interval": timedelta(days=7),
    "DELETE FROM gateway.idempotency_keys WHERE started_at < now() - $1::interval": KEPT_FOR,
    "DELETE FROM gateway.login_attempts WHERE last_failed_at < now() - $1::interval": FORGOTTEN_AFTER,
    "DELETE FROM gateway.address_usage WHERE window_started_at < now() - $1::interval": timedelta(days=1),
    "DELETE FROM gateway.daily_usage WHERE day < (now() - $1::interval)::date": timedelta(days=60),
    "DELETE FROM gateway.monitor_refreshes "
    "WHERE coalesce(recent[cardinality(recent)], '-infinity') < now() - $1::interval": timedelta(days=365),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """Something a user did."""

    id: Id
    what: str
    target: str | None
    ip: str | None
    occurred_at: datetime
    data: dict[str, JsonValue]


async def record(db: Connection, entry: AuditRecorded) -> None:
    """Add an entry."""
    await db.execute(
        INSERT,
        entry.audit_id,
        entry.organization_id,
        entry.user_id,
        entry.what,
        entry.target,
        entry.ip,
        entry.occurred_at,
        entry.data,
    )


async def find(pool: Pool, organization_id: Id, user_id: Id, before: Id | None, limit: int) -> list[Entry]:
    """What this user did, newest first."""
    return [Entry(**dict(row)) for row in await pool.fetch(LIST, organization_id, user_id, before, limit)]


async def purge(pool: Pool, audit_kept_for: timedelta) -> None:
    """Forget what is past its time."""
    for statement, kept_for in PURGES.items():
        await pool.execute(statement, kept_for or audit_kept_for)
