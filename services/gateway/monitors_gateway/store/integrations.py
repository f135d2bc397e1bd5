"""Where other systems send their alerts; keys hashed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from monitors_contracts.base import Id
from monitors_runtime.database import Connection, Pool

SELECT = """
SELECT id, organization_id, kind, name, key_ending, secret, labels, mapping, resolve_after, is_active, created_at, last_at,
    alerts, refused, last_refusal, last_refused_at
FROM gateway.integrations
"""
INSERT = """
INSERT INTO gateway.integrations
    (id, organization_id, kind, name, key_hash, key_ending, secret, labels, mapping, resolve_after, is_active, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
# Two that race for the last free place take turns.
LOCK = "SELECT FROM gateway.organizations WHERE id = $1 FOR NO KEY UPDATE"
COUNT = "SELECT count(*) FROM gateway.integrations WHERE organization_id = $1"
LIST = SELECT + "WHERE organization_id = $1 ORDER BY id DESC"
GET = SELECT + "WHERE organization_id = $1 AND id = $2"
BY_KEY = SELECT + "WHERE key_hash = $1"
UPDATE = """
UPDATE gateway.integrations
SET name = $3, secret = $4, labels = $5, mapping = $6, resolve_after = $7, is_active = $8
WHERE organization_id = $1 AND id = $2
"""
DELETE = "DELETE FROM gateway.integrations WHERE organization_id = $1 AND id = $2 RETURNING name"
SENT = "UPDATE gateway.integrations SET last_at = now(), alerts = alerts + $2 WHERE id = $1"
REFUSED = """
UPDATE gateway.integrations SET refused = refused + 1, last_refusal = $2, last_refused_at = now() WHERE id = $1
"""


@dataclass(frozen=True, slots=True)
class Integration:
    """A way in. `key_ending` is the last characters of its key; `mapping` is of a generic one."""

    id: Id
    organization_id: Id
    kind: str
    name: str
    key_ending: str
    secret: str | None
    labels: dict[str, str]
    mapping: dict[str, Any] | None
    resolve_after: int | None
    is_active: bool
    created_at: datetime
    last_at: datetime | None = None
    alerts: int = 0
    refused: int = 0
    last_refusal: str | None = None
    last_refused_at: datetime | None = None


async def lock_and_count(db: Connection, organization_id: Id) -> int:
    """How many the organization has; nobody else makes one until the transaction ends."""
    await db.execute(LOCK, organization_id)
    return await db.fetchval(COUNT, organization_id) or 0


async def insert(db: Connection, made: Integration, key_hash: bytes) -> None:
    """Keep a new one."""
    await db.execute(
        INSERT,
        made.id,
        made.organization_id,
        made.kind,
        made.name,
        key_hash,
        made.key_ending,
        made.secret,
        made.labels,
        made.mapping,
        made.resolve_after,
        made.is_active,
        made.created_at,
    )


async def find(pool: Pool, organization_id: Id) -> list[Integration]:
    """All of an organization, newest first."""
    return [_of(row) for row in await pool.fetch(LIST, organization_id)]


async def get(db: Connection | Pool, organization_id: Id, integration_id: Id) -> Integration | None:
    """One of this organization."""
    row = await db.fetchrow(GET, organization_id, integration_id)
    return _of(row) if row else None


async def by_key(pool: Pool, key_hash: bytes) -> Integration | None:
    """The one whose key has this hash."""
    row = await pool.fetchrow(BY_KEY, key_hash)
    return _of(row) if row else None


async def update(db: Connection, changed: Integration) -> None:
    """Make it so."""
    settings = (changed.name, changed.secret, changed.labels, changed.mapping, changed.resolve_after, changed.is_active)
    await db.execute(UPDATE, changed.organization_id, changed.id, *settings)


async def delete(db: Connection, organization_id: Id, integration_id: Id) -> str | None:
    """Remove one; its name, or None when there is none."""
    return await db.fetchval(DELETE, organization_id, integration_id)


async def sent(pool: Pool, integration_id: Id, alerts: int) -> None:
    """Its sender told so many alerts now."""
    await pool.execute(SENT, integration_id, alerts)


async def refused(pool: Pool, integration_id: Id, why: str) -> None:
    """Something that came could not be taken."""
    await pool.execute(REFUSED, integration_id, why[:500])


def _of(row: asyncpg.Record) -> Integration:
    return Integration(**dict(row))
