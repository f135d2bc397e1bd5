"""Gateways on real embedded servers, with small stand-ins for the services behind them (see `gateway_standins`)."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from pydantic import SecretStr

from gateway_standins.browser import Browser
from gateway_standins.platform import Platform
from monitors_gateway.app import build
from monitors_gateway.settings import GatewaySettings
from monitors_runtime.runtime import Runtime, Service
from monitors_runtime.settings import RuntimeSettings

SECRET = SecretStr("a secret for tests that is long enough")
Start = Callable[..., Awaitable[SimpleNamespace]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def services(servers: SimpleNamespace) -> AsyncIterator[Platform]:
    runtime = Runtime(RuntimeSettings(nats_url=servers.nats.url, database_url=servers.postgres.url))
    behind = Platform(runtime, SECRET)
    await runtime.start()
    yield behind
    await runtime.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def start_gateway(servers: SimpleNamespace, services: Platform) -> AsyncIterator[Start]:
    """Start another gateway process, so to speak: a runtime of its own on the same servers."""
    runtimes: list[Runtime] = []

    async def start(**settings: Any) -> SimpleNamespace:
        runtime = Runtime(
            RuntimeSettings(
                nats_url=servers.nats.url, database_url=servers.postgres.url, secret_key=SECRET, database_pool=4
            )
        )
        service: Service
        service, app = build(runtime, GatewaySettings(**settings))
        await runtime.start()
        runtimes.append(runtime)
        return SimpleNamespace(runtime=runtime, service=service, app=app)

    yield start
    for runtime in runtimes:
        await runtime.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateway(start_gateway: Start) -> SimpleNamespace:
    """The gateway with its default limits."""
    return await start_gateway()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def second_gateway(start_gateway: Start) -> SimpleNamespace:
    """Another process with the same settings."""
    return await start_gateway()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def unlimited_gateway(start_gateway: Start) -> SimpleNamespace:
    """A gateway whose operator lifted the limits."""
    return await start_gateway(monitors_per_user=0, refreshes_per_minute=0, refreshes_per_day=0)


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(gateway: SimpleNamespace) -> AsyncIterator[Browser]:
    """Somebody not signed in."""
    async with Browser(gateway.app) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def robin(gateway: SimpleNamespace) -> AsyncIterator[Browser]:
    """A new user."""
    async with Browser(gateway.app) as browser:
        yield await browser.sign_up()


@pytest_asyncio.fixture(loop_scope="session")
async def alex(gateway: SimpleNamespace) -> AsyncIterator[Browser]:
    """Another new user."""
    async with Browser(gateway.app) as browser:
        yield await browser.sign_up()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def served(gateway: SimpleNamespace) -> AsyncIterator[str]:
    """The default gateway behind a real HTTP server; its URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(gateway.app, log_level="warning", lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        gateway.app.state.gateway.feed.close()
        server.should_exit = True
        await serving


@pytest.fixture(scope="session")
def open_browser() -> Callable[..., Browser]:
    """A client of any gateway."""
    return Browser
