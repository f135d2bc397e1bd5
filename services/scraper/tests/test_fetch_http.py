import asyncio
import gzip
import ssl
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import brotli
import pytest
import trustme
import zstandard
from aiohttp import web

from monitors_contracts.pages import Failure
from monitors_scraper.domain.pages import FetchedPage, FetchFailed, FetchRequest, FetchResult, Known

PAGE = "<!doctype html><title>Kettle</title><main><h1>Kettle</h1><p>It costs $79.90 today.</p></main>"


def page(result: FetchResult) -> FetchedPage:
    assert isinstance(result, FetchedPage), result
    return result


def failed(result: FetchResult) -> FetchFailed:
    assert isinstance(result, FetchFailed), result
    return result


def html(body: str = PAGE, **options: Any) -> web.Response:
    return web.Response(text=body, content_type="text/html", **options)


def ask(url: str, **options: Any) -> FetchRequest:
    return FetchRequest((url,), **options)


async def test_fetch_when_page_answers_then_content_hash_and_headers(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        return html(headers={"ETag": '"a1"', "Set-Cookie": "session=secret"})

    site = await serve(answer)
    got = page(await (await fetcher()).fetch(ask(site.url("/kettle"))))
    assert (got.content, got.status, got.content_type, got.rendered_by) == (PAGE, 200, "text/html", "http")
    assert len(got.content_hash) == 64
    assert got.etag == '"a1"'
    assert "set-cookie" not in got.headers
    assert (got.attempts, got.not_modified, got.screenshot) == (1, False, None)
    assert [(each.host, each.failure) for each in got.tries] == [("127.0.0.1", None)]
    assert site.seen[0].headers["User-Agent"] == "Monitors/0.1 (+https://monitors.example/about)"


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("zstd", zstandard.ZstdCompressor().compress),
    ],
)
async def test_fetch_when_compressed_then_decoded(
    serve: Any, fetcher: Any, encoding: str, compress: Callable[[bytes], bytes]
):
    async def answer(request: web.Request) -> web.Response:
        assert encoding in request.headers["Accept-Encoding"]
        return web.Response(
            body=compress(PAGE.encode()), headers={"Content-Encoding": encoding, "Content-Type": "text/html"}
        )

    site = await serve(answer)
    assert page(await (await fetcher()).fetch(ask(site.url()))).content == PAGE


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [
        ("gzip", gzip.compress(b"0" * 50_000_000)),
        ("br", brotli.compress(b"0" * 50_000_000, quality=1)),
        ("zstd", zstandard.ZstdCompressor().compress(b"0" * 50_000_000)),
        (None, b"0" * 3_000_000),
    ],
    ids=[
        "gzip",
        "br",
        "zstd",
        "as it is",
    ],  # not the bodies: gzip's holds the time, and every worker has to find the same
)
async def test_fetch_when_larger_than_allowed_then_too_large(
    serve: Any, fetcher: Any, encoding: str | None, bomb: bytes
):
    async def answer(_: web.Request) -> web.Response:
        headers = {"Content-Type": "text/plain"} | ({"Content-Encoding": encoding} if encoding else {})
        return web.Response(body=bomb, headers=headers)

    site = await serve(answer)
    got = failed(await (await fetcher(max_page_bytes=1_000_000)).fetch(ask(site.url())))
    assert got.failure is Failure.TOO_LARGE
    assert "0.954 MiB" in got.detail


async def test_fetch_when_stream_never_ends_then_stopped_at_the_limit(serve: Any, fetcher: Any):
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    site = await serve(answer)
    assert failed(await (await fetcher(max_page_bytes=500_000)).fetch(ask(site.url()))).failure is Failure.TOO_LARGE


async def test_fetch_when_slow_then_timeout_within_budget(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return html()

    site = await serve(answer)
    began = time.monotonic()
    got = failed(await (await fetcher(fetch_timeout=0.3, retries=2)).fetch(ask(site.url())))
    assert got.failure is Failure.TIMEOUT
    assert time.monotonic() - began < 1.5


async def test_fetch_when_body_drips_then_timeout(serve: Any, fetcher: Any):
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x")
            await asyncio.sleep(0.05)
        return response

    site = await serve(answer)
    assert failed(await (await fetcher(fetch_timeout=0.4)).fetch(ask(site.url()))).failure is Failure.TIMEOUT


async def test_fetch_when_redirects_then_final_url_and_cookies_on_the_way(serve: Any, fetcher: Any):
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/":
            raise web.HTTPFound("/gate", headers={"Set-Cookie": "seen=1"})
        if request.path == "/gate":
            raise web.HTTPSeeOther("../end?a=b" if request.cookies.get("seen") == "1" else "/")
        return html()

    site = await serve(answer)
    assert page(await (await fetcher()).fetch(ask(site.url()))).final_url == site.url("/end?a=b")


async def test_fetch_when_redirects_for_ever_then_redirects(serve: Any, fetcher: Any):
    async def answer(request: web.Request) -> web.Response:
        raise web.HTTPFound(f"/{len(request.path)}x{request.path}")

    site = await serve(answer)
    got = failed(await (await fetcher(max_redirects=4)).fetch(ask(site.url())))
    assert got.failure is Failure.REDIRECTS
    assert len(site.seen) == 5


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/", "file:///etc/passwd", "javascript:alert(1)"])
async def test_fetch_when_redirected_to_another_scheme_then_unsupported(serve: Any, fetcher: Any, target: str):
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": target})

    site = await serve(answer)
    assert failed(await (await fetcher()).fetch(ask(site.url()))).failure is Failure.UNSUPPORTED


async def test_fetch_when_redirected_to_another_origin_then_own_headers_stay_behind(serve: Any, fetcher: Any):
    async def away(_: web.Request) -> web.Response:
        return html()

    other = await serve(away)

    async def home(request: web.Request) -> web.Response:
        raise web.HTTPFound("/again" if request.path == "/" else other.url("/there"))

    site = await serve(home)
    headers = {"Authorization": "Bearer secret", "X-Api-Key": "secret", "Host": "evil.test"}
    page(await (await fetcher()).fetch(ask(site.url(), headers=headers)))
    assert [each.headers.get("X-Api-Key") for each in site.seen] == ["secret", "secret"]
    assert site.seen[0].headers["Host"] != "evil.test"
    assert "Authorization" not in other.seen[0].headers
    assert "X-Api-Key" not in other.seen[0].headers


@pytest.mark.parametrize("headers", [{"X-A": "b\r\nX-C: d"}, {"X A": "b"}, {"": "b"}])
async def test_fetch_when_header_is_malformed_then_nothing_is_sent(serve: Any, fetcher: Any, headers: dict[str, str]):
    async def answer(_: web.Request) -> web.Response:
        return html()

    site = await serve(answer)
    got = failed(await (await fetcher()).fetch(ask(site.url(), headers=headers)))
    assert (got.failure, site.seen) == (Failure.UNSUPPORTED, [])


async def test_fetch_when_not_modified_then_known_content_stands(serve: Any, fetcher: Any):
    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == '"v1"':
            return web.Response(status=304, headers={"ETag": '"v1"'})
        return html(headers={"ETag": '"v1"', "Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT"})

    site, one = await serve(answer), await fetcher()
    first = page(await one.fetch(ask(site.url())))
    known = Known(site.url(), first.content_hash, first.content_type, first.etag, first.last_modified)
    again = page(await one.fetch(ask(site.url(), known=known)))
    assert (again.not_modified, again.content, again.content_hash) == (True, None, first.content_hash)
    assert (again.content_type, again.last_modified) == ("text/html", first.last_modified)
    assert site.seen[1].headers["If-Modified-Since"] == first.last_modified


async def test_fetch_when_known_page_was_rendered_or_another_url_then_no_validators(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        return html()

    site, one = await serve(answer), await fetcher()
    for known in (
        Known(site.url(), "0" * 64, etag='"v1"', rendered_by="browser"),
        Known(site.url("/other"), "0" * 64, etag='"v1"'),
    ):
        assert not page(await one.fetch(ask(site.url(), known=known))).not_modified
    assert all("If-None-Match" not in request.headers for request in site.seen)


async def test_fetch_when_same_content_is_sent_again_then_not_modified(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        return html()

    site, one = await serve(answer), await fetcher()
    first = page(await one.fetch(ask(site.url())))
    again = page(await one.fetch(ask(site.url(), known=Known(site.url(), first.content_hash))))
    assert again.not_modified
    assert again.content == PAGE


async def test_fetch_when_busy_then_retried_after_the_time_it_asked_for(serve: Any, fetcher: Any):
    answers = [429, 503, 200]

    async def answer(_: web.Request) -> web.Response:
        status = answers.pop(0)
        return html(status=status, headers={"Retry-After": "0"} if status == 429 else {})

    site = await serve(answer)
    got = page(await (await fetcher(retries=2)).fetch(ask(site.url())))
    assert (got.attempts, got.tries[0].attempts) == (3, 3)


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_fetch_when_told_to_come_back_much_later_then_says_when(serve: Any, fetcher: Any, form: str):
    later = datetime.now(UTC) + timedelta(hours=1)

    async def answer(_: web.Request) -> web.Response:
        value = "3600" if form == "seconds" else format_datetime(later, usegmt=True)
        return html(status=429, headers={"Retry-After": value})

    site = await serve(answer)
    got = failed(await (await fetcher(retries=2)).fetch(ask(site.url())))
    assert (got.failure, got.status, got.attempts) == (Failure.BLOCKED, 429, 1)
    assert got.retry_at is not None
    assert abs(got.retry_at - later) < timedelta(seconds=10)
    assert "until" in got.detail


async def test_fetch_when_connection_breaks_mid_body_then_retried(serve: Any, fetcher: Any):
    async def answer(request: web.Request) -> web.StreamResponse:
        if len(site.seen) > 1:
            return html()
        response = web.StreamResponse(headers={"Content-Type": "text/html", "Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport
        request.transport.abort()
        return response

    site = await serve(answer)
    assert page(await (await fetcher(retries=1)).fetch(ask(site.url()))).attempts == 2
    site.seen.clear()
    assert failed(await (await fetcher(retries=0)).fetch(ask(site.url()))).failure is Failure.CONNECTION


async def test_fetch_when_client_error_then_not_retried(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        return html("<h1>No such page</h1>", status=404)

    site = await serve(answer)
    got = failed(await (await fetcher(retries=2)).fetch(ask(site.url())))
    assert (got.failure, got.status, len(site.seen)) == (Failure.NOT_FOUND, 404, 1)


async def test_fetch_when_first_url_fails_then_falls_back(serve: Any, fetcher: Any):
    async def answer(request: web.Request) -> web.Response:
        return html(status=200 if request.path == "/second" else 500)

    site, one = await serve(answer), await fetcher()
    got = page(await one.fetch(FetchRequest((site.url("/first"), site.url("/second")))))
    assert (got.url, got.attempts) == (site.url("/second"), 2)
    assert [each.failure for each in got.tries] == [Failure.SERVER, None]
    lost = failed(await one.fetch(FetchRequest((site.url("/first"), "http://nowhere.invalid/"))))
    assert (lost.failure, lost.status, lost.url) == (Failure.SERVER, 500, site.url("/first"))
    assert "fall-back" in lost.detail


@pytest.mark.parametrize("size", [100_000, 5_000_000])
async def test_fetch_when_headers_are_huge_then_failed_not_crashed(serve: Any, fetcher: Any, size: int):
    async def answer(_: web.Request) -> web.Response:
        return html(headers={"X-Huge": "x" * size})

    site = await serve(answer)
    assert failed(await (await fetcher()).fetch(ask(site.url()))).failure in (Failure.SERVER, Failure.CONNECTION)


async def test_fetch_when_headers_are_large_as_real_ones_then_read(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        return html(headers={"Content-Security-Policy": "x" * 20_000})

    site = await serve(answer)
    assert page(await (await fetcher()).fetch(ask(site.url()))).status == 200


async def test_fetch_when_no_http_is_spoken_then_server(fetcher: Any):
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.7\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        got = failed(await (await fetcher()).fetch(ask(f"http://127.0.0.1:{port}/")))
    assert got.failure is Failure.SERVER


async def test_fetch_when_compressed_wrongly_then_server(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"not gzip", headers={"Content-Encoding": "gzip", "Content-Type": "text/html"})

    site = await serve(answer)
    assert failed(await (await fetcher()).fetch(ask(site.url()))).failure is Failure.SERVER


async def test_fetch_when_nobody_listens_then_connection(fetcher: Any, unused_tcp_port: int):
    got = failed(await (await fetcher()).fetch(ask(f"http://127.0.0.1:{unused_tcp_port}/")))
    assert got.failure is Failure.CONNECTION


async def test_fetch_when_name_is_unknown_then_dns(fetcher: Any, names: Any):
    got = failed(await (await fetcher(resolver=names())).fetch(ask("http://nowhere.test/")))
    assert got.failure is Failure.DNS


@pytest.mark.parametrize(
    "url", ["ftp://a.test/", "http:///x", "nonsense", "http://a.test:99999/", "http://user:pw@a.test/"]
)
async def test_fetch_when_url_is_unusable_then_unsupported_and_nothing_asked(fetcher: Any, names: Any, url: str):
    resolver = names(a=["127.0.0.1"])
    got = failed(await (await fetcher(resolver=resolver)).fetch(ask(url)))
    assert (got.failure, got.attempts, resolver.asked) == (Failure.UNSUPPORTED, 0, [])


async def test_fetch_when_certificate_is_not_trusted_or_for_another_name_then_tls(fetcher: Any, names: Any):
    authority = trustme.CA()
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("shop.test").configure_cert(served)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=served)
    async with server:
        port = server.sockets[0].getsockname()[1]
        resolver = names(shop=["127.0.0.1"], other=["127.0.0.1"])
        wary, knowing = await fetcher(resolver=resolver), await fetcher(resolver=resolver, ssl_context=trusting)
        unknown = failed(await wary.fetch(ask(f"https://shop.test:{port}/")))
        other = failed(await knowing.fetch(ask(f"https://other.test:{port}/")))
        good = page(await knowing.fetch(ask(f"https://shop.test:{port}/")))
    assert (unknown.failure, other.failure) == (Failure.TLS, Failure.TLS)
    assert "unable to get local issuer certificate" in unknown.detail
    assert "ostname mismatch" in other.detail
    assert good.content == "hello"


async def test_fetch_when_file_is_no_text_then_unsupported(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"\x89PNG\r\n\x1a\n\0\0", content_type="image/png")

    site = await serve(answer)
    got = failed(await (await fetcher()).fetch(ask(site.url())))
    assert got.failure is Failure.UNSUPPORTED
    assert "image/png" in got.detail


async def test_fetch_when_proxies_are_set_then_used_in_turn_and_private_targets_still_refused(
    serve: Any, fetcher: Any, names: Any
):
    async def relay(request: web.Request) -> web.Response:
        return html(PAGE.replace("Kettle", f"Kettle by {request.headers['Host']}"))

    first, second = await serve(relay), await serve(relay)
    one = await fetcher(
        proxies=[first.url("").rstrip("/"), second.url("").rstrip("/")],
        allow_private_addresses=False,
        respect_robots=False,
        per_host_delay=0,
        resolver=names(shop=["93.184.216.34"], inside=["10.0.0.1"]),
    )
    for path in ("/1", "/2"):
        assert "by shop.test" in (page(await one.fetch(ask(f"http://shop.test{path}"))).content or "")
    assert (len(first.seen), len(second.seen)) == (1, 1)
    assert failed(await one.fetch(ask("http://inside.test/"))).failure is Failure.REFUSED_ADDRESS


async def test_fetch_when_agents_and_headers_rotate_then_each_in_turn(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        return html()

    site = await serve(answer)
    one = await fetcher(
        user_agents=["A/1", "B/1"], extra_headers=[{"Accept-Language": "de"}, {"Accept-Language": "fr"}]
    )
    for _ in range(3):
        page(await one.fetch(ask(site.url())))
    seen = [(each.headers["User-Agent"], each.headers["Accept-Language"]) for each in site.seen]
    assert seen == [("A/1", "de"), ("B/1", "fr"), ("A/1", "de")]
