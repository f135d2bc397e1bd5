"""Users, their personal organizations, and failed sign-ins."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from asyncpg import UniqueViolationError

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
NAMES = """
SELECT u.id, u.name FROM gateway.users u JOIN gateway.memberships m ON m.user_id = u.id
WHERE m.organization_id = $1 AND u.id = ANY($2::uuid[])
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

UPDATE_USER = """
UPDATE gateway.users SET
    name = $2, email = $3, email_verified = email_verified AND email = $3, updated_at = $4
WHERE id = $1
"""
RENAME_ORGANIZATION = """
UPDATE gateway.organizations SET name = $2
WHERE personal AND id IN (SELECT organization_id FROM gateway.memberships WHERE user_id = $1)
"""
NEW_HASH = "UPDATE gateway.users SET password_hash = $2, updated_at = $3 WHERE id = $1"
DELETE_ORGANIZATIONS = """
DELETE FROM gateway.organizations
WHERE personal AND id IN (SELECT organization_id FROM gateway.memberships WHERE user_id = $1) RETURNING id
"""
FORGET_REFRESHES = "DELETE FROM gateway.monitor_refreshes WHERE organization_id = $1"
DELETE_USER = "DELETE FROM gateway.users WHERE id = $1 RETURNING id"


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


async def names(pool: Pool, organization_id: Id, user_ids: Collection[Id]) -> dict[Id, str]:
    """What those of these users who belong to the organization are called."""
    if not user_ids:
        return {}
    return {row["id"]: row["name"] for row in await pool.fetch(NAMES, organization_id, list(user_ids))}


async def update_user(db: Connection, user_id: Id, name: str, email: str, now: datetime) -> bool:
    """Change name and address; the personal organization is called the same. False when the address is taken."""
    try:
        async with db.transaction():
            await db.execute(UPDATE_USER, user_id, name, email, now)
    except UniqueViolationError:
        return False
    await db.execute(RENAME_ORGANIZATION, user_id, name)
    return True


async def set_password(db: Connection, user_id: Id, password_hash: str, now: datetime) -> None:
    """Keep a new password."""
    await db.execute(NEW_HASH, user_id, password_hash, now)


async def delete_user(db: Connection, user_id: Id) -> list[Id] | None:
    """Delete a user with their sessions and tokens, and their personal organizations, whose ids are returned.

    None when somebody else was faster.
    """
    organizations = [row["id"] for row in await db.fetch(DELETE_ORGANIZATIONS, user_id)]
    return organizations if await db.fetchval(DELETE_USER, user_id) else None


async def forget_organization(db: Connection, organization_id: Id) -> None:
    """Forget when the organization's monitors were refreshed."""
    await db.execute(FORGET_REFRESHES, organization_id)


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


async def forget_failures(db: Connection | Pool, key: str) -> None:
    """The right password was given."""
    await db.execute(FORGET_FAILURES, key)
