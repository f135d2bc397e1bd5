"""API tokens, hashed."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from monitors_contracts.base import Id
from monitors_runtime.database import Connection, Pool

from .sessions import Session

INSERT = """
INSERT INTO gateway.api_tokens (id, user_id, organization_id, name, hash, ending, scopes, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
# Two requests of one user that race for the last free token take turns.
LOCK_USER = "SELECT FROM gateway.users WHERE id = $1 FOR NO KEY UPDATE"
COUNT = "SELECT count(*) FROM gateway.api_tokens WHERE user_id = $1"
LIST = """
SELECT id, name, ending, scopes, created_at, expires_at, last_used_at
FROM gateway.api_tokens WHERE user_id = $1 ORDER BY id DESC
"""
# That a token is used is written at most once a minute.
ACTIVE = """
WITH used AS (
    UPDATE gateway.api_tokens SET last_used_at = now()
    WHERE hash = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
)
SELECT t.id, t.hash, t.scopes, t.expires_at, t.user_id, t.organization_id, u.email, u.name, u.is_beta_user
FROM gateway.api_tokens t JOIN gateway.users u ON u.id = t.user_id
WHERE t.hash = $1 AND (t.expires_at IS NULL OR t.expires_at > now())
"""
DELETE = "DELETE FROM gateway.api_tokens WHERE user_id = $1 AND id = $2 RETURNING hash, name"
HASHES = "SELECT hash FROM gateway.api_tokens WHERE user_id = $1"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token that is still good: what it may do, and as whom. Its `session` has the token's own id."""

    hash: bytes
    scopes: frozenset[str]
    expires_at: datetime | None
    session: Session


@dataclass(frozen=True, slots=True)
class ListedToken:
    """A token as its owner sees it. `ending` is its last characters."""

    id: Id
    name: str
    ending: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


async def insert(db: Connection, token: ListedToken, user_id: Id, organization_id: Id, token_hash: bytes) -> None:
    """Keep a new token."""
    await db.execute(
        INSERT,
        token.id,
        user_id,
        organization_id,
        token.name,
        token_hash,
        token.ending,
        token.scopes,
        token.created_at,
        token.expires_at,
    )


async def lock_and_count(db: Connection, user_id: Id) -> int:
    """How many tokens the user has; nobody else makes one until the transaction ends."""
    await db.execute(LOCK_USER, user_id)
    return await db.fetchval(COUNT, user_id) or 0


async def find(pool: Pool, user_id: Id) -> list[ListedToken]:
    """The user's tokens, newest first; expired ones too."""
    return [ListedToken(**dict(row)) for row in await pool.fetch(LIST, user_id)]


async def active(pool: Pool, token_hash: bytes) -> ApiToken | None:
    """The token with this hash, unless it was revoked or has expired."""
    row = await pool.fetchrow(ACTIVE, token_hash)
    return _token(row) if row else None


async def delete(db: Connection, user_id: Id, token_id: Id) -> tuple[bytes, str] | None:
    """Revoke a token of this user; its hash and name, or None when there is none."""
    row = await db.fetchrow(DELETE, user_id, token_id)
    return (row["hash"], row["name"]) if row else None


async def hashes(db: Connection, user_id: Id) -> list[bytes]:
    """The hashes of all tokens of this user."""
    return [row["hash"] for row in await db.fetch(HASHES, user_id)]


def _token(row: asyncpg.Record) -> ApiToken:
    session = Session(row["id"], row["user_id"], row["organization_id"], row["email"], row["name"], row["is_beta_user"])
    return ApiToken(row["hash"], frozenset(row["scopes"]), row["expires_at"], session)
