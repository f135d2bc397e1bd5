"""The operator's own way to NATS and PostgreSQL: of the environment, or of the platform that runs in the data folder."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import ServiceUnavailableError

from monitors_runtime.settings import RuntimeSettings

from .errors import Failed
from .locate import running, start_hint

T = TypeVar("T")


@dataclass(frozen=True)
class Bus:
    """An open connection and its JetStream."""

    connection: Client
    streams: JetStreamContext


def settings_of(data_dir: Path) -> RuntimeSettings:
    """Where NATS and PostgreSQL are. What the environment names goes before what runs in the data folder."""
    found = running(data_dir)
    given: dict[str, str] = {}
    for name, here in (("nats_url", found and found.nats), ("database_url", found and found.database)):
        if not os.environ.get(f"MONITORS_{name.upper()}"):
            if not here:
                raise Failed(start_hint(data_dir))
            given[name] = here
    return RuntimeSettings(data_dir=data_dir.expanduser(), **given)  # pyright: ignore[reportArgumentType]


@asynccontextmanager
async def open_bus(settings: RuntimeSettings) -> AsyncGenerator[Bus]:
    """Connect. Raises Failed when NATS does not answer."""
    token = settings.nats_token.get_secret_value() if settings.nats_token else None
    try:
        connection = await nats.connect(
            settings.nats_url.split(","),
            token=token,
            connect_timeout=3,
            allow_reconnect=False,
            error_cb=_silent,
            name="monitors command line",
        )
    except (NatsError, OSError, TimeoutError) as away:
        raise Failed(f"NATS does not answer at {without_secret(settings.nats_url)}: {away or 'time-out'}") from None
    try:
        yield Bus(connection, connection.jetstream(timeout=10))
    except (NatsError, TimeoutError, ServiceUnavailableError) as broken:
        raise Failed(f"NATS did not do what was asked: {broken or 'time-out'}") from broken
    finally:
        await connection.close()


def with_bus(data_dir: Path, work: Callable[[Bus], Awaitable[T]]) -> T:
    """Do `work` with the platform's bus."""
    settings = settings_of(data_dir)

    async def run() -> T:
        async with open_bus(settings) as bus:
            return await work(bus)

    return asyncio.run(run())


def without_secret(url: str) -> str:
    """A URL without the user or token in it."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


async def _silent(_: Exception) -> None:
    """nats-py logs what it can't reach; the error that is raised says it too."""
