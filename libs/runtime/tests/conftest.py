"""Runtimes on a bus without streams and a database without tables, and events to send through them."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from datetime import UTC, datetime
from typing import Any

import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client

from monitors_contracts.base import Id, new_id
from monitors_contracts.metrics import MetricCollected, Sample
from monitors_runtime.embedded.nats import EmbeddedNats
from monitors_runtime.runtime import Runtime
from monitors_runtime.settings import RuntimeSettings

TABLE = "CREATE TABLE IF NOT EXISTS handled (position serial PRIMARY KEY, durable text, batch uuid, value float8)"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def own_nats(servers_folder: Callable[[], Any]) -> AsyncGenerator[EmbeddedNats]:
    """A bus of these tests alone: each begins by deleting its streams."""
    with servers_folder() as folder:
        server = EmbeddedNats(folder / "nats")
        await server.start()
        yield server
        await server.stop()


@pytest.fixture
async def bus_url(own_nats: EmbeddedNats) -> str:
    """The URL of a bus without streams."""
    connection = await nats.connect(own_nats.url)
    bus = connection.jetstream(timeout=30)
    for stream in await bus.streams_info():
        assert stream.config.name
        await bus.delete_stream(stream.config.name)
    await connection.close()
    return own_nats.url


class World:
    """Processes on one bus and one database."""

    def __init__(self, nats_url: str, database_url: str) -> None:
        self.nats_url = nats_url
        self.database_url = database_url
        self.runtimes: list[Runtime] = []

    def runtime(self, **settings: Any) -> Runtime:
        """A process, not started."""
        runtime = Runtime(
            RuntimeSettings(nats_url=self.nats_url, database_url=self.database_url, database_pool=6, **settings)
        )
        self.runtimes.append(runtime)
        return runtime

    async def start(self, runtime: Runtime) -> Runtime:
        """Start a process, with a table for its handlers."""
        await runtime.start()
        await runtime.pool.execute(TABLE)
        return runtime

    async def stop(self, runtime: Runtime) -> None:
        """Stop a process."""
        self.runtimes.remove(runtime)
        await runtime.stop()


@pytest.fixture
async def world(bus_url: str, empty_database: str) -> AsyncGenerator[World]:
    """See World."""
    made = World(bus_url, empty_database)
    yield made
    for runtime in list(made.runtimes):
        if hasattr(runtime, "pool"):
            await made.stop(runtime)


@pytest.fixture
def make_world() -> Callable[[str, str], World]:
    """A World on servers of the test's own."""
    return World


@pytest.fixture
async def connection(bus_url: str) -> AsyncGenerator[Client]:
    """A plain connection to the bus, for what no service of ours would send."""
    connected = await nats.connect(bus_url)
    yield connected
    await connected.close()


@pytest.fixture
def measured() -> Callable[..., MetricCollected]:
    """An event with a number in it."""

    def make(value: float = 0, organization: Id | None = None) -> MetricCollected:
        sample = Sample(name="n", value=value, timestamp=datetime(2026, 11, 21, tzinfo=UTC))
        return MetricCollected(organization_id=organization or new_id(), batch_id=new_id(), samples=[sample])

    return make


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Wait for a condition. The limit is for what never comes true; busy machines are slow."""

    async def wait(condition: Callable[[], Any], what: str = "the condition", limit: float = 60) -> None:
        deadline = time.monotonic() + limit
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            assert time.monotonic() < deadline, f"waited {limit} s for {what}"
            await asyncio.sleep(0.02)

    return wait


@pytest.fixture(autouse=True)
def _few_log_lines() -> Generator[None]:
    """What these tests break on purpose would fill the report."""
    import structlog

    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()], logger_factory=structlog.ReturnLoggerFactory()
    )
    yield
    structlog.reset_defaults()
