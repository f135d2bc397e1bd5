"""The PostgreSQL pool: JSON as Python objects, times as UTC."""

import json
import re
from collections.abc import Sequence
from typing import Any, TypeAlias

import asyncpg
from pydantic import BaseModel

Connection: TypeAlias = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Pool: TypeAlias = asyncpg.Pool

# The database is away or on its way up or down: waiting helps, the message is not to blame.
DATABASE_AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
# Two transactions got in each other's way: doing it again is right, at once.
DATABASE_CONFLICT = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
# A text that no table can hold, such as one with a NUL in it.
DATABASE_REFUSES_TEXT = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)

# An escaped NUL, and not the text `\\u0000` (a backslash, escaped, before `u0000`).
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """Rows (at least one) turned to columns, for `unnest`: many rows in one statement."""
    return [list(column) for column in zip(*rows, strict=True)]


async def open_pool(url: str, size: int) -> Pool:
    """Connect. Connections are made as they are needed, up to `size`."""
    pool = await asyncpg.create_pool(
        url,
        min_size=2,
        max_size=size,
        init=_prepare,
        reset=_keep,
        command_timeout=30,
        max_inactive_connection_lifetime=60,
    )
    assert pool is not None
    return pool


async def _keep(_: Connection) -> None:
    """Nothing of ours outlives its transaction, so a connection needs no reset (a round trip) before its next use."""


async def _prepare(connection: Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, encoder=_dumps, decoder=json.loads, schema="pg_catalog")


def _dumps(value: Any) -> str:
    """JSON of plain values, and of messages, which pydantic writes many times faster than they could be taken apart."""
    text = (
        value.model_dump_json()
        if isinstance(value, BaseModel)
        else json.dumps(value, separators=(",", ":"), default=str)
    )
    # NUL is valid in JSON and refused by PostgreSQL; hostile pages do send it.
    return _NUL.sub(r"\1", text) if "\\u0000" in text else text
