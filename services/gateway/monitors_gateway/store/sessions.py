"""Sessions and their rotating refresh tokens."""

from dataclasses import dataclass
from datetime import datetime

from monitors_contracts.base import Id
from monitors_runtime.database import Connection, Pool

INSERT_SESSION = """
INSERT INTO gateway.sessions (id, user_id, organization_id, ip, user_agent, created_at, last_used_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $6, $7)
"""
INSERT_REFRESH = "INSERT INTO gateway.refresh_tokens (hash, session_id, created_at) VALUES ($1, $2, $3)"
# That a session is used is written at most once a minute.
ACTIVE = """
WITH used AS (
    UPDATE gateway.sessions SET last_used_at = now()
    WHERE id = $1 AND revoked_at IS NULL AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
)
SELECT s.id, s.user_id, s.organization_id, u.email, u.name, u.is_beta_user
FROM gateway.sessions s JOIN gateway.users u ON u.id = s.user_id
WHERE s.id = $1 AND s.revoked_at IS NULL AND s.expires_at > now()
"""
BY_REFRESH = """
SELECT t.used_at, s.id, s.user_id, s.organization_id, u.email, u.name, u.is_beta_user
FROM gateway.refresh_tokens t JOIN gateway.sessions s ON s.id = t.session_id JOIN gateway.users u ON u.id = s.user_id
WHERE t.hash = $1 AND s.revoked_at IS NULL AND s.expires_at > $2
FOR UPDATE OF t
"""
COUNT = """
SELECT count(*) AS open, count(*) FILTER (WHERE last_used_at > $2) AS used FROM gateway.sessions
WHERE expires_at > $1 AND revoked_at IS NULL
"""
USE_REFRESH = "UPDATE gateway.refresh_tokens SET used_at = $2 WHERE hash = $1"
EXTEND = "UPDATE gateway.sessions SET expires_at = $2 WHERE id = $1"
PROLONG = (
    "UPDATE gateway.sessions SET expires_at = $2 WHERE id = $1 AND expires_at < $2::timestamptz - interval '1 hour'"
)
REVOKE = """
UPDATE gateway.sessions SET revoked_at = $2, revoked_because = $3 WHERE id = $1 AND revoked_at IS NULL
"""
REVOKE_OWN = """
UPDATE gateway.sessions SET revoked_at = $3, revoked_because = 'by-hand'
WHERE user_id = $1 AND id = $2 AND revoked_at IS NULL AND expires_at > $3 RETURNING id
"""
REVOKE_OTHERS = """
UPDATE gateway.sessions SET revoked_at = $3, revoked_because = $4
WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL RETURNING id
"""
LIST = """
SELECT id, created_at, coalesce(last_used_at, created_at) AS last_used_at, expires_at, ip, user_agent
FROM gateway.sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
ORDER BY coalesce(last_used_at, created_at) DESC, id DESC
"""
ALL_OF_USER = "SELECT id FROM gateway.sessions WHERE user_id = $1"


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that is still good, and whose it is."""

    id: Id
    user_id: Id
    organization_id: Id
    email: str
    name: str
    is_beta_user: bool


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A sign-in as its owner sees it. `last_used_at` is right to the minute."""

    id: Id
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ip: str
    user_agent: str


async def insert_session(
    db: Connection, session: Session, *, ip: str, user_agent: str, now: datetime, expires_at: datetime
) -> None:
    """Open a session."""
    await db.execute(
        INSERT_SESSION, session.id, session.user_id, session.organization_id, ip, user_agent[:500], now, expires_at
    )


async def insert_token(db: Connection, session_id: Id, token_hash: bytes, now: datetime) -> None:
    """Save a refresh token of the session, hashed."""
    await db.execute(INSERT_REFRESH, token_hash, session_id, now)


async def active_session(pool: Pool, session_id: Id) -> Session | None:
    """The session, unless it was revoked or has expired."""
    row = await pool.fetchrow(ACTIVE, session_id)
    return Session(**dict(row)) if row else None


async def lock_token(db: Connection, token_hash: bytes, now: datetime) -> tuple[Session, bool] | None:
    """The live session of a refresh token, and whether the token was used before."""
    row = await db.fetchrow(BY_REFRESH, token_hash, now)
    if row is None:
        return None
    fields = dict(row)
    used_at = fields.pop("used_at")
    return Session(**fields), used_at is not None


async def use_token(db: Connection, session_id: Id, token_hash: bytes, now: datetime, expires_at: datetime) -> None:
    """A refresh token serves once, and prolongs its session."""
    await db.execute(USE_REFRESH, token_hash, now)
    await db.execute(EXTEND, session_id, expires_at)


async def revoke(db: Connection, session_id: Id, because: str, now: datetime) -> None:
    """End a session for good."""
    await db.execute(REVOKE, session_id, now, because)


async def prolong(pool: Pool, session_id: Id, expires_at: datetime) -> None:
    """A session in use lives on; written at most once an hour."""
    await pool.execute(PROLONG, session_id, expires_at)


async def revoke_own(db: Connection, user_id: Id, session_id: Id, now: datetime) -> bool:
    """End a session of this user; False when they have none with this id."""
    return await db.fetchval(REVOKE_OWN, user_id, session_id, now) is not None


async def revoke_others(db: Connection, user_id: Id, keep: Id, because: str, now: datetime) -> list[Id]:
    """End all sessions of this user but one; those that were ended."""
    return [row["id"] for row in await db.fetch(REVOKE_OTHERS, user_id, keep, now, because)]


async def find(pool: Pool, user_id: Id, now: datetime) -> list[ListedSession]:
    """The user's sessions that are still good, the last used first."""
    return [ListedSession(**dict(row)) for row in await pool.fetch(LIST, user_id, now)]


async def ids_of_user(db: Connection, user_id: Id) -> list[Id]:
    """All sessions of this user, ended ones too."""
    return [row["id"] for row in await db.fetch(ALL_OF_USER, user_id)]


async def count(pool: Pool, now: datetime, since: datetime) -> tuple[int, int]:
    """How many sessions are open, and how many of them were used since then."""
    row = await pool.fetchrow(COUNT, now, since)
    assert row
    return row["open"], row["used"]
