import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientConnectorError, ClientSession, web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import BaseTestServer, TestServer

from monitors_runtime.guarded_http import (
    GuardingConnector,
    GuardingResolver,
    RefusedAddress,
    check_host,
    refusal_behind,
)


class Names(AbstractResolver):
    """A resolver that knows a few names and counts how often it was asked."""

    def __init__(self, **names: list[str]) -> None:
        self.names = names
        self.asked = 0
        self.closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in self.names[host.split(".")[0]]
        ]

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
async def server() -> AsyncIterator[BaseTestServer]:
    app = web.Application()

    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    async def away(request: web.Request) -> web.Response:
        raise web.HTTPFound("http://169.254.169.254/latest/meta-data")

    app.router.add_get("/", hello)
    app.router.add_get("/away", away)
    async with TestServer(app) as running:
        yield running


async def refused_reason(url: str, *, allow_private: bool = False, resolver: AbstractResolver | None = None) -> str:
    async with ClientSession(connector=GuardingConnector(allow_private=allow_private, resolver=resolver)) as session:
        with pytest.raises(ClientConnectorError) as caught:
            await session.get(url)
    refused = refusal_behind(caught.value)
    assert refused is not None
    return refused.reason


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:{port}/", "loopback"),
        ("http://localhost:{port}/", "loopback"),
        ("http://[::ffff:127.0.0.1]:{port}/", "loopback"),
        ("http://10.0.0.1/", "private"),
        ("http://169.254.169.254/", "metadata"),
        ("http://0.0.0.0:{port}/", "unspecified"),
    ],
)
async def test_connector_when_url_holds_a_refused_address_then_nothing_is_sent(
    server: BaseTestServer, url: str, reason: str
):
    assert await refused_reason(url.format(port=server.port)) == reason


async def test_connector_when_name_points_inside_then_refused(server: BaseTestServer):
    assert await refused_reason(f"http://shop.test:{server.port}/", resolver=Names(shop=["127.0.0.1"])) == "loopback"


async def test_connector_when_private_allowed_then_answers_and_metadata_stays_refused(server: BaseTestServer):
    async with ClientSession(connector=GuardingConnector(allow_private=True)) as session:
        async with session.get(server.make_url("/")) as response:
            assert await response.text() == "hello"
        with pytest.raises(ClientConnectorError) as caught:
            await session.get(server.make_url("/away"))
    refused = refusal_behind(caught.value)
    assert refused is not None
    assert refused.reason == "metadata"


async def test_resolver_when_some_addresses_are_refused_then_keeps_the_others():
    resolver = GuardingResolver(allow_private=False, resolver=Names(mixed=["10.0.0.1", "8.8.8.8", "127.0.0.1"]))
    assert [found["host"] for found in await resolver.resolve("mixed.test", 80)] == ["8.8.8.8"]


async def test_resolver_when_all_are_refused_then_says_why():
    resolver = GuardingResolver(allow_private=False, resolver=Names(inside=["10.0.0.1"]))
    with pytest.raises(RefusedAddress) as caught:
        await resolver.resolve("inside.test", 80)
    assert (caught.value.host, caught.value.reason) == ("inside.test", "private")


async def test_connector_when_closed_then_closes_its_resolver():
    names = Names()
    connector = GuardingConnector(allow_private=False, resolver=names)
    await connector.close()
    assert names.closed


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "::ffff:10.0.0.1", "localhost", "2130706433", "0x7f.1"])
async def test_check_host_when_it_leads_inside_then_refused(host: str):
    with pytest.raises(RefusedAddress):
        await check_host(host, allow_private=False)


async def test_check_host_when_reachable_then_passes():
    await check_host("8.8.8.8", allow_private=False)
    await check_host("shop.test", allow_private=False, resolver=Names(shop=["8.8.8.8"]))
    await check_host("localhost", allow_private=True)


def test_refusal_behind_when_another_error_then_none():
    assert refusal_behind(OSError("connection reset")) is None
