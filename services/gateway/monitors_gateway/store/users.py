"""Users, their personal organizations, and failed sign-ins."""

from dataclasses import dataclass
from datetime import datetime

from monitors_contracts.base import Id
from monitors_runtime.database import Connection, Pool

from ..domain.throttling import FORGOTTEN_AFTER, Failures

INSERT_USER = """
INSERT INTO gateway.users (id, email, name, password_hash, created_at, updated_at, last_login_at)
VALUES ($1, $2, $3, $4, $5, $5, $5) ON CONFLICT (email) DO NOTHING RETURNING id
"""
INSERT_ORGANIZATION = """
INSERT INTO gateway.organizations (id, name, personal, created_at) VALUES ($1, $2, true, $3)
"""
INSERT_MEMBERSHIP = """
INSERT INTO gateway.memberships (organization_id, user_id, role, created_at) VALUES ($1, $2, 'owner', $3)
"""
USER_BY_EMAIL = """
SELECT u.id, u.email, u.name, u.password_hash, u.is_beta_user, m.organization_id
FROM gateway.users u JOIN gateway.memberships m ON m.user_id = u.id
WHERE u.email = $1 ORDER BY m.created_at LIMIT 1
"""
LOGGED_IN = "UPDATE gateway.users SET last_login_at = $2, password_hash = coalesce($3, password_hash) WHERE id = $1"

FAILURES = "SELECT key, failures, last_failed_at FROM gateway.login_attempts WHERE key = ANY($1::text[])"
COUNT_FAILURE = """
INSERT INTO gateway.login_attempts AS a (key, failures, last_failed_at)
SELECT unnest($1::text[]), 1, $2
ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN a.last_failed_at < $2 - $3::interval THEN 1 ELSE a.failures + 1 END,
    last_failed_at = $2
"""
FORGET_FAILURES = "DELETE FROM gateway.login_attempts WHERE key = $1"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in, with the organization they act for."""

    id: Id
    organization_id: Id
    email: str
    name: str
    password_hash: str | None
    is_beta_user: bool


async def insert_user(db: Connection, user: User, now: datetime) -> bool:
    """Save a new user with their personal organization. False when the e-mail address is taken."""
    if await db.fetchval(INSERT_USER, user.id, user.email, user.name, user.password_hash, now) is None:
        return False
    await db.execute(INSERT_ORGANIZATION, user.organization_id, user.name, now)
    await db.execute(INSERT_MEMBERSHIP, user.organization_id, user.id, now)
    return True


async def user_by_email(pool: Pool, email: str) -> User | None:
    """The user with this (lower-case) address."""
    row = await pool.fetchrow(USER_BY_EMAIL, email)
    if row is None:
        return None
    return User(
        id=row["id"],
        organization_id=row["organization_id"],
        email=row["email"],
        name=row["name"],
        password_hash=row["password_hash"],
        is_beta_user=row["is_beta_user"],
    )


async def record_login(db: Connection, user_id: Id, now: datetime, new_hash: str | None) -> None:
    """Note the sign-in, and keep a stronger hash of the same password when one was made."""
    await db.execute(LOGGED_IN, user_id, now, new_hash)


async def failures(pool: Pool, free: dict[str, int]) -> list[Failures]:
    """What failed lately under these keys; `free` says how many tries each has without delay."""
    rows = await pool.fetch(FAILURES, list(free))
    return [Failures(count=row["failures"], last_at=row["last_failed_at"], free=free[row["key"]]) for row in rows]


async def count_failure(pool: Pool, keys: list[str], now: datetime) -> None:
    """One more failed sign-in under each key; what is long past is forgotten."""
    await pool.execute(COUNT_FAILURE, sorted(keys), now, FORGOTTEN_AFTER)


async def forget_failures(db: Connection, key: str) -> None:
    """The right password was given."""
    await db.execute(FORGET_FAILURES, key)
