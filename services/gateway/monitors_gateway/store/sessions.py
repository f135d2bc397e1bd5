"""Sessions and their rotating refresh tokens."""

from dataclasses import dataclass
from datetime import datetime

from monitors_contracts.base import Id
from monitors_runtime.database import Connection, Pool

INSERT_SESSION = """
INSERT INTO gateway.sessions (id, user_id, organization_id, ip, user_agent, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
INSERT_REFRESH = "INSERT INTO gateway.refresh_tokens (hash, session_id, created_at) VALUES ($1, $2, $3)"
ACTIVE = """
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
USE_REFRESH = "UPDATE gateway.refresh_tokens SET used_at = $2 WHERE hash = $1"
EXTEND = "UPDATE gateway.sessions SET expires_at = $2 WHERE id = $1"
REVOKE = """
UPDATE gateway.sessions SET revoked_at = $2, revoked_because = $3 WHERE id = $1 AND revoked_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that is still good, and whose it is."""

    id: Id
    user_id: Id
    organization_id: Id
    email: str
    name: str
    is_beta_user: bool


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
