"""The browser's way out, spoken to by hand."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from monitors_scraper.egress import Egress
from monitors_scraper.network import Guard


@pytest.fixture
async def egress(settings: Any, names: Any) -> Any:
    resolver = names(shop=["127.0.0.1"], inside=["169.254.169.254"])
    guard = Guard(allow_private=True, resolver=resolver)
    one = Egress(settings(connect_timeout=1), guard)
    await one.start()
    yield one
    await one.close()
    await guard.close()


async def say(egress: Egress, *pieces: bytes) -> bytes:
    """What comes back until the proxy closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(egress.url).port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(5):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.fixture
async def echo(serve: Any) -> Any:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.method} {request.path_qs} {await request.text()}")

    return await serve(answer)


async def test_egress_when_plain_request_then_passed_on_and_connection_closed(egress: Egress, echo: Any):
    url = echo.url("/a?b=c", host="shop.test").encode()
    head = b" HTTP/1.1\r\nHost: shop.test\r\nProxy-Connection: keep-alive\r\n"
    answer = await say(egress, b"POST " + url + head + b"Content-Length: 5\r\n\r\nhello")
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"Connection: close" in answer
    assert answer.endswith(b"POST /a?b=c hello")
    assert "Proxy-Connection" not in echo.seen[0].headers


async def test_egress_when_a_second_request_follows_then_it_goes_nowhere(egress: Egress, echo: Any):
    url = echo.url("/1", host="shop.test").encode()
    request = b"GET " + url + b" HTTP/1.1\r\nHost: shop.test\r\n\r\n"
    await say(egress, request + request.replace(b"/1", b"/2"))
    assert echo.paths == ["/1"]


async def test_egress_when_tunnel_then_bytes_both_ways(egress: Egress, echo: Any):
    port = str(echo.server.port).encode()
    inner = b"GET /in HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n"
    answer = await say(egress, b"CONNECT shop.test:" + port + b" HTTP/1.1\r\n\r\n", inner)
    assert answer.startswith(b"HTTP/1.1 200 Connection established")
    assert answer.endswith(b"GET /in ")


@pytest.mark.parametrize("host", ["inside.test", "169.254.169.254", "nowhere.test", "[fd00:ec2::254]"])
async def test_egress_when_refused_or_unknown_then_nothing_is_connected(egress: Egress, host: str):
    assert (await say(egress, f"CONNECT {host}:80 HTTP/1.1\r\n\r\n".encode())).startswith(b"HTTP/1.1 502")
    assert await say(egress, f"GET http://{host}/ HTTP/1.1\r\nHost: shop.test\r\n\r\n".encode()) == b""


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n",
        b"GET file:///etc/passwd HTTP/1.1\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET http://shop.test/ HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"POST http://shop.test/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST http://shop.test/ HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"CONNECT shop.test:nan HTTP/1.1\r\n\r\n",
        b"",
    ],
)
async def test_egress_when_request_is_odd_then_closed_and_still_serving(egress: Egress, echo: Any, request_head: bytes):
    if request_head:
        assert await say(egress, request_head) == b""
    url = echo.url("/ok", host="shop.test").encode()
    assert b"GET /ok" in await say(egress, b"GET " + url + b" HTTP/1.1\r\nHost: shop.test\r\n\r\n")


async def test_egress_when_operator_has_a_proxy_then_traffic_goes_through_it(settings: Any, names: Any, serve: Any):
    async def upstream(request: web.Request) -> web.Response:
        return web.Response(text=f"proxied {request.headers['Host']} {request.headers['Proxy-Authorization']}")

    proxy = await serve(upstream)
    guard = Guard(allow_private=False, resolver=names(shop=["93.184.216.34"], inside=["10.0.0.1"]))
    address = proxy.url("").replace("http://", "http://user:word@")
    egress = Egress(settings(proxies=[address], allow_private_addresses=False), guard)
    await egress.start()
    try:
        answer = await say(egress, b"GET http://shop.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n")
        assert answer.endswith(b"proxied shop.test Basic dXNlcjp3b3Jk")
        assert await say(egress, b"GET http://inside.test/ HTTP/1.1\r\nHost: inside.test\r\n\r\n") == b""
    finally:
        await egress.close()
        await guard.close()
    assert len(proxy.seen) == 1
