"""Servers on loopback, a resolver that knows made-up names, and settings with short times."""

import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from monitors_scraper.fetcher import Fetcher
from monitors_scraper.settings import ScraperSettings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Names(AbstractResolver):
    """Answers each name with its list of addresses; a list of lists is answered in turn, the last one for ever."""

    def __init__(self, **names: list[str] | list[list[str]]) -> None:
        self.names = names
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        turn = self.asked.count(host)
        self.asked.append(host)
        found: Any = self.names.get(host.removesuffix(".test"))
        if found is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if found and isinstance(found[0], list):
            found = found[min(turn, len(found) - 1)]
        return [
            ResolveResult(
                hostname=host,
                host=each,
                port=port,
                family=socket.AF_INET6 if ":" in each else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for each in found
        ]

    async def close(self) -> None:
        pass


class Site:
    """A server on loopback that remembers what it was asked."""

    def __init__(self, server: TestServer, seen: list[web.Request]) -> None:
        self.server = server
        self.seen = seen

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.server.port}{path}"

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.seen]


@pytest.fixture
async def serve() -> AsyncGenerator[Callable[[Handler], Awaitable[Site]], None]:
    servers: list[TestServer] = []

    async def start(handler: Handler) -> Site:
        seen: list[web.Request] = []

        async def remember(request: web.Request) -> web.StreamResponse:
            seen.append(request)
            return await handler(request)

        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", remember)
        server = TestServer(app)
        await server.start_server()
        servers.append(server)
        return Site(server, seen)

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
def settings() -> Callable[..., ScraperSettings]:
    def make(**changed: Any) -> ScraperSettings:
        values: dict[str, Any] = {"allow_private_addresses": True, "retries": 0, "retry_base": 0.01, **changed}
        return ScraperSettings(**values)

    return make


@pytest.fixture
async def fetcher(settings: Callable[..., ScraperSettings]) -> AsyncGenerator[Callable[..., Awaitable[Fetcher]], None]:
    opened: list[Fetcher] = []

    async def open_one(*, resolver: AbstractResolver | None = None, ssl_context: Any = None, **changed: Any) -> Fetcher:
        one = Fetcher(settings(**changed), resolver=resolver, ssl_context=ssl_context)
        await one.start()
        opened.append(one)
        return one

    yield open_one
    for one in opened:
        await one.close()


@pytest.fixture
def names() -> type[Names]:
    return Names
