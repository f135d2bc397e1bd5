"""Requests that carry an Idempotency-Key, and what they were answered."""

from dataclasses import dataclass
from datetime import timedelta

from monitors_contracts.base import Id
from monitors_runtime.database import Pool

# A request still unanswered after this long died with its process; the next one takes over, with the same entity id.
ABANDONED_AFTER = timedelta(seconds=90)
KEPT_FOR = timedelta(hours=24)

BEGIN = """
INSERT INTO gateway.idempotency_keys AS k (user_id, key, request_hash, entity_id, started_at)
VALUES ($1, $2, $3, $4, now())
ON CONFLICT (user_id, key) DO UPDATE SET
    started_at = now(), request_hash = $3, status = NULL, headers = NULL, body = NULL,
    entity_id = CASE WHEN k.started_at < now() - $6::interval THEN $4 ELSE k.entity_id END
WHERE (k.status IS NULL AND k.request_hash = $3 AND k.started_at < now() - $5::interval)
    OR k.started_at < now() - $6::interval
RETURNING entity_id
"""
FOUND = """
SELECT request_hash, status, headers, body FROM gateway.idempotency_keys WHERE user_id = $1 AND key = $2
"""
ANSWERED = """
UPDATE gateway.idempotency_keys SET status = $3, headers = $4, body = $5 WHERE user_id = $1 AND key = $2
"""
FORGET = "DELETE FROM gateway.idempotency_keys WHERE user_id = $1 AND key = $2 AND status IS NULL"


@dataclass(frozen=True, slots=True)
class Kept:
    """A request seen before. `status` is null while it is still being worked on."""

    request_hash: bytes
    status: int | None
    headers: dict[str, str] | None
    body: bytes | None


async def begin(pool: Pool, user_id: Id, key: str, request_hash: bytes, entity_id: Id) -> Id | None:
    """Reserve the key. The id for what the request creates, or None when the key is in use (see `find`)."""
    return await pool.fetchval(BEGIN, user_id, key, request_hash, entity_id, ABANDONED_AFTER, KEPT_FOR)


async def find(pool: Pool, user_id: Id, key: str) -> Kept | None:
    """What is kept under a key."""
    row = await pool.fetchrow(FOUND, user_id, key)
    return Kept(**dict(row)) if row else None


async def keep(pool: Pool, user_id: Id, key: str, status: int, headers: dict[str, str], body: bytes) -> None:
    """Keep the answer for the next time."""
    await pool.execute(ANSWERED, user_id, key, status, headers, body)


async def forget(pool: Pool, user_id: Id, key: str) -> None:
    """The request came to nothing: the key is free again."""
    await pool.execute(FORGET, user_id, key)
