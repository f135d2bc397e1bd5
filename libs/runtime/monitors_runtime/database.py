"""PostgreSQL: the pool, JSON as Python objects, times as UTC, and many writes in one round trip."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import asyncpg
from pydantic import BaseModel
from pydantic_core import from_json, to_json

from monitors_contracts.nul import without_nul

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

_ARGUMENT = re.compile(r"\$(\d+)")


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


async def connect_alone(url: str, **settings: str) -> asyncpg.Connection:
    """A connection that belongs to whoever opens it, with these settings of PostgreSQL."""
    connection = await asyncpg.connect(url, command_timeout=30, server_settings=settings)
    await _prepare(connection)
    return connection


class Writes:
    """Statements that are sent as one: a round trip instead of one for each.

    Each sees the tables as they were before all of them, so that no two may write the same row.
    """

    def __init__(self) -> None:
        self._statements: list[str] = []
        self._arguments: list[Any] = []

    def add(self, statement: str, *arguments: Any) -> None:
        """Send this with the others. It begins with INSERT, UPDATE or DELETE; what it answers is lost."""
        self._statements.append(statement)
        self._arguments += arguments

    async def send(self, db: Connection) -> None:
        """Send what was added."""
        if self._statements:
            await db.execute(_as_one((*self._statements, "SELECT")), *self._arguments)

    async def fetch(self, db: Connection, statement: str, *arguments: Any) -> list[asyncpg.Record]:
        """Send what was added, and this; what this one answers."""
        return await db.fetch(_as_one((*self._statements, statement)), *self._arguments, *arguments)


@lru_cache(256)
def _as_one(statements: tuple[str, ...]) -> str:
    shifted: list[str] = []
    before = 0
    for statement in statements:
        shifted.append(_ARGUMENT.sub(lambda found, by=before: f"${int(found[1]) + by}", statement))
        before += max((int(number) for number in _ARGUMENT.findall(statement)), default=0)
    writes = ", ".join(f"write_{number} AS ({write})" for number, write in enumerate(shifted[:-1]))
    return f"WITH {writes} {shifted[-1]}" if writes else shifted[-1]


async def _keep(_: Connection) -> None:
    """Nothing of ours outlives its transaction, so a connection needs no reset (a round trip) before its next use."""


async def _prepare(connection: Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, encoder=_dumps, decoder=from_json, schema="pg_catalog")


def _dumps(value: Any) -> str:
    """JSON of plain values, and of messages, which pydantic writes many times faster than they could be taken apart."""
    if isinstance(value, BaseModel):
        text = value.model_dump_json()
    else:
        text = to_json(value, inf_nan_mode="constants", fallback=str).decode()
    return without_nul(text.encode()).decode() if "\\u0000" in text else text  # hostile pages do send it
