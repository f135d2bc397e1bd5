"""Real servers for the tests that need them: one NATS and one PostgreSQL a test process.

Tests of handlers share a database and keep apart by organization; what needs empty tables asks for `empty_database`.
"""

import asyncio
import contextlib
import itertools
import shutil
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from monitors_contracts.base import Event, new_id
from monitors_contracts.catalogue import EVENTS_BY_TYPE
from monitors_contracts.envelope import Envelope, decode
from monitors_runtime import outbox
from monitors_runtime.consumer import Received, Unit
from monitors_runtime.database import Pool, open_pool
from monitors_runtime.embedded.nats import EmbeddedNats
from monitors_runtime.embedded.postgres import EmbeddedPostgres
from monitors_runtime.migrations import RUNTIME_MIGRATIONS, migrate
from monitors_runtime.runtime import Runtime, Service
from monitors_runtime.settings import RuntimeSettings
from monitors_runtime.transaction import Transaction

# A machine that is busy is slow, and no test is about that. The same tries each time: what fails is what changed.
settings.register_profile("monitors", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
# pytest --hypothesis-profile=explore: other tries each time, and more of them.
settings.register_profile("explore", settings.get_profile("monitors"), derandomize=False, max_examples=1000)
settings.load_profile("monitors")

_SERVICES = ("alerter", "evaluator", "metrics", "notifier", "scraper")
_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def servers() -> AsyncGenerator[SimpleNamespace]:
    """`nats` and `postgres`, shared by all tests of this process: nobody deletes streams or stops anything here."""
    with _folder() as folder:
        nats, postgres = EmbeddedNats(folder / "nats"), EmbeddedPostgres(folder / "postgres")
        await asyncio.gather(nats.start(), postgres.start())
        await _flush_nothing(postgres)
        yield SimpleNamespace(nats=nats, postgres=postgres)
        await asyncio.gather(nats.stop(), postgres.stop())


@contextlib.contextmanager
def _folder() -> Generator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="monitors-tests-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def servers_folder() -> Callable[[], contextlib.AbstractContextManager[Path]]:
    """A folder that PostgreSQL's own user may enter. pytest's is shut to it again whenever another pytest starts."""
    return _folder


@pytest.fixture
def own_folder() -> Generator[Path]:
    """Such a folder for servers of a test's own."""
    with _folder() as folder:
        yield folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_database(servers: SimpleNamespace) -> str:
    """The URL of a database with every service's tables."""
    await _execute(servers.postgres.url, "CREATE DATABASE shared")
    url = _database(servers.postgres.url, "shared")
    await migrate(url, "runtime", RUNTIME_MIGRATIONS)
    services = Path(__file__).parent / "services"
    for service in _SERVICES:
        await migrate(url, service, services / service / f"monitors_{service}" / "migrations")
    return url


@pytest_asyncio.fixture
async def empty_database(servers: SimpleNamespace) -> AsyncGenerator[str]:
    """The URL of a database of this test's own, without tables."""
    name = f"test_{next(_numbers)}"
    await _execute(servers.postgres.url, f"CREATE DATABASE {name}")
    yield _database(servers.postgres.url, name)
    await _execute(servers.postgres.url, f"DROP DATABASE {name} WITH (FORCE)")


@dataclass(frozen=True)
class House:
    """A runtime with a database and no bus, for handlers: what they publish stays in the outbox."""

    runtime: Runtime
    pool: Pool
    begins: int

    def service(self, name: str) -> Service:
        """A service to hand to handlers."""
        return self.runtime.service(name)

    async def deliver(
        self,
        service: Service,
        save: Callable[..., Awaitable[None]],
        *events: Event | Envelope,
        work: Callable[[Received[Any]], Awaitable[Any]] | None = None,
        attempt: int = 1,
    ) -> list[Event]:
        """Hand events to a consumer's `work` and `save`, one by one, as the runtime does; what they published."""
        published: list[Event] = []
        for event in events:

            async def one(units: Sequence[Unit[Any, Any]]) -> None:
                [unit] = units
                await save(unit.tx, unit.received, *((unit.result,) if work else ()))

            published += await self.deliver_all(service, one, event, work=work, attempt=attempt)
        return published

    async def deliver_all(
        self,
        service: Service,
        save_all: Callable[..., Awaitable[None]],
        *events: Event | Envelope,
        work: Callable[[Received[Any]], Awaitable[Any]] | None = None,
        attempt: int = 1,
    ) -> list[Event]:
        """Hand events to a consumer's `work` and `save_all` as one group; what they published."""
        envelopes = [event if isinstance(event, Envelope) else envelope_of(event) for event in events]
        received = [Received(cast(Any, envelope.event), envelope, attempt) for envelope in envelopes]
        results = [await work(each) if work else None for each in received]
        async with self.pool.acquire() as db, db.transaction():
            units = [
                Unit(Transaction(service.name, db, each.envelope), each, result)
                for each, result in zip(received, results, strict=True)
            ]
            await save_all(units)
            waiting = [envelope for unit in units for envelope in unit.tx.waiting]
            await outbox.save(db, service.name, waiting)
        return [envelope.event for envelope in waiting]

    async def published(self, *kinds: type[Event]) -> list[Envelope]:
        """What this test's handlers put into the outbox, in order; of these kinds, or all."""
        rows = await self.pool.fetch(
            "SELECT headers, data FROM runtime.outbox WHERE position > $1 ORDER BY position", self.begins
        )
        envelopes = [decode(row["headers"], row["data"], EVENTS_BY_TYPE) for row in rows]
        return [envelope for envelope in envelopes if not kinds or isinstance(envelope.event, kinds)]


def envelope_of(event: Event) -> Envelope:
    """An event as it arrives."""
    identifier = new_id()
    return Envelope(event, identifier, "/monitors/tests", datetime.now(UTC), identifier)


@pytest_asyncio.fixture
async def house(shared_database: str, tmp_path: Path) -> AsyncGenerator[House]:
    """See House."""
    runtime = Runtime(RuntimeSettings(database_url=shared_database, data_dir=tmp_path))
    runtime.pool = await open_pool(shared_database, 8)
    runtime.relay = cast(outbox.Relay, SimpleNamespace(wake=lambda _: None))
    begins = await runtime.pool.fetchval("SELECT coalesce(max(position), 0) FROM runtime.outbox")
    yield House(runtime, runtime.pool, begins)
    await runtime.pool.close()


@pytest.fixture
def plan(house: House) -> Callable[..., Awaitable[str]]:
    """The plan PostgreSQL makes for a query with these arguments, as text, after looking at the tables.

    As in tables too large to be read whole: what it does then is the index's, not of what other tests left there.
    """

    async def explain(query: str, *arguments: Any) -> str:
        async with house.pool.acquire() as db, db.transaction():
            await db.execute("ANALYZE; SET LOCAL enable_seqscan = off")
            return "\n".join(row[0] for row in await db.fetch(f"EXPLAIN {query}", *arguments))

    return explain


async def _flush_nothing(postgres: EmbeddedPostgres) -> None:
    """These databases need not outlive the machine."""
    for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
        await _execute(postgres.url, f"ALTER SYSTEM SET {setting}")
    await _execute(postgres.url, "SELECT pg_reload_conf()")


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _database(url: str, name: str) -> str:
    return url.replace("@/monitors?", f"@/{name}?")
