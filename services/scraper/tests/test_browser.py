"""Real Chromium against servers on loopback."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from monitors_contracts.pages import Failure
from monitors_scraper.browser import find_chromium
from monitors_scraper.domain.pages import FetchedPage, FetchFailed, FetchRequest, Known
from monitors_scraper.settings import ScraperSettings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium(ScraperSettings()) is None, reason="no Chromium on PATH"),
]

SHELL = (
    "<!doctype html><title>Console</title><main><h1>Game console</h1><div id='app'>Loading…</div><script>"
    "setTimeout(() => fetch('/price').then(r => r.text()).then(p => app.innerHTML = '<p class=price>$' + p + '</p>'), {})"
    "</script></main>"
)


def html(body: str, **options: Any) -> web.Response:
    return web.Response(text=body, content_type="text/html", **options)


async def shop(request: web.Request) -> web.Response:
    if request.path == "/price":
        return web.Response(text="449.99")
    return html(SHELL.replace("{}", request.query.get("after", "0")))


def page(result: Any) -> FetchedPage:
    assert isinstance(result, FetchedPage), result
    return result


async def test_fetch_when_scripts_bring_the_content_then_rendered_with_screenshot(serve: Any, fetcher: Any):
    site, one = await serve(shop), await fetcher()
    request = FetchRequest((site.url("/console?after=900"),))
    got = page(await one.fetch(request))
    assert (got.rendered_by, got.attempts) == ("browser", 2)
    assert "$449.99" in (got.content or "")
    assert got.screenshot
    assert got.screenshot.startswith(b"\x89PNG")

    site.seen.clear()
    again = page(
        await one.fetch(FetchRequest(request.urls, known=Known(got.url, got.content_hash, rendered_by="browser")))
    )
    assert again.attempts == 1  # remembered: straight to the browser
    assert (again.not_modified, again.screenshot, again.etag) == (True, None, None)
    assert "Mozilla/5.0" in site.seen[0].headers["User-Agent"]
    assert "Monitors/0.1" in site.seen[0].headers["User-Agent"]


async def test_fetch_when_asked_for_http_then_not_rendered(serve: Any, fetcher: Any):
    site = await serve(shop)
    got = page(await (await fetcher()).fetch(FetchRequest((site.url(),), render="http")))
    assert (got.rendered_by, "Loading…" in (got.content or "")) == ("http", True)


async def test_fetch_when_browser_is_asked_for_data_then_http_reads_it(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"price": 5})

    site = await serve(answer)
    got = page(await (await fetcher()).fetch(FetchRequest((site.url(),), render="browser")))
    assert (got.content, got.content_type) == ('{"price": 5}', "application/json")


@pytest.mark.parametrize(("address", "reached"), [("169.254.169.254", False), ("127.0.0.1", True)])
async def test_fetch_when_page_tries_to_reach_a_refused_address_then_victim_sees_nothing(
    serve: Any, fetcher: Any, names: Any, address: str, reached: bool
):
    """Images, fetch, frames, forms, WebSockets, redirects, workers: each meets the guard.

    With an allowed address the same page does reach the victim, so the tries are real.
    """

    async def inside(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade") == "websocket":
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
            return socket
        return html("internal secret")

    victim = await serve(inside)
    attack = f"http://inside.test:{victim.server.port}"

    async def hostile(request: web.Request) -> web.StreamResponse:
        if request.path == "/hop":
            raise web.HTTPFound(f"{attack}/redirect")
        if request.path == "/sw.js":
            code = f"fetch('{attack}/worker')"
            return web.Response(text=code, content_type="text/javascript")
        return html(f"""<!doctype html><title>x</title><link rel=preconnect href='{attack}'>
            <link rel=prefetch href='{attack}/prefetch'><link rel=stylesheet href='{attack}/css'>
            <img src='{attack}/img'><img src='/hop'><iframe src='{attack}/frame'></iframe><iframe src='/hop'></iframe>
            <object data='{attack}/object'></object><video src='{attack}/video'></video>
            <form id=f action='{attack}/form' method=post target=t></form><iframe name=t></iframe>
            <p id=done>…</p><script>
            const tries = ['{attack}/fetch', '/hop'].map(u => fetch(u, {{mode: 'no-cors'}}).catch(() => 0));
            navigator.sendBeacon('{attack}/beacon', 'x');
            const socket = new WebSocket('{attack.replace("http", "ws")}/ws');
            const socketDone = new Promise(r => {{ socket.onerror = r; socket.onopen = r }});
            new Worker('/sw.js'); window.open('{attack}/popup'); f.submit();
            const worker = navigator.serviceWorker ? navigator.serviceWorker.register('/sw.js').catch(() => 0) : 0;
            Promise.all([...tries, socketDone, worker]).then(() => done.textContent = 'all tried')
            </script>""")

    site = await serve(hostile)
    resolver = names(shop=["127.0.0.1"], inside=[address])
    one = await fetcher(resolver=resolver)
    got = page(await one.fetch(FetchRequest((site.url(host="shop.test"),), render="browser")))
    assert "all tried" in (got.content or "")
    assert "inside.test" in resolver.asked
    ways = {"/css", "/img", "/redirect", "/frame", "/object", "/form", "/fetch", "/beacon", "/ws", "/worker"}
    assert set(victim.paths) & ways == (ways if reached else set())
    assert reached or victim.seen == []


async def test_fetch_when_loopback_is_refused_then_browser_reaches_no_form_of_it(serve: Any, fetcher: Any):
    async def inside(_: web.Request) -> web.Response:
        return html("internal secret")

    victim = await serve(inside)
    one = await fetcher(allow_private_addresses=False)
    for host in ("127.0.0.1", "localhost", "[::1]", "2130706433", "[::ffff:127.0.0.1]"):
        got = await one.fetch(FetchRequest((victim.url(host=host),), render="browser"))
        assert isinstance(got, FetchFailed)
        assert got.failure is Failure.REFUSED_ADDRESS
    assert victim.seen == []


async def test_fetch_when_page_redirects_to_metadata_then_refused(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        raise web.HTTPFound("http://169.254.169.254/latest/meta-data")

    site = await serve(answer)
    got = await (await fetcher()).fetch(FetchRequest((site.url(),), render="browser"))
    assert isinstance(got, FetchFailed)
    assert got.failure is Failure.REFUSED_ADDRESS


async def test_fetch_when_rendered_then_own_headers_and_cookies_go_home_only(serve: Any, fetcher: Any):
    async def other(_: web.Request) -> web.Response:
        return web.Response(text="", content_type="text/css")

    away = await serve(other)

    async def answer(_: web.Request) -> web.Response:
        return html(f"<title>x</title><link rel=stylesheet href='{away.url('/css', host='localhost')}'><p>Hello</p>")

    site = await serve(answer)
    headers = {"X-Api-Key": "secret", "Cookie": "session=abc"}
    page(await (await fetcher()).fetch(FetchRequest((site.url(),), render="browser", headers=headers)))
    assert (site.seen[0].headers["X-Api-Key"], site.seen[0].cookies["session"]) == ("secret", "abc")
    assert "X-Api-Key" not in away.seen[0].headers
    assert "Cookie" not in away.seen[0].headers


async def test_fetch_when_script_never_rests_then_read_all_the_same(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        return html("<title>x</title><p id=n>0</p><script>setInterval(() => n.textContent += 'x', 20)</script>")

    site = await serve(answer)
    one = await fetcher(browser_settle=0.8)
    assert "<p id=" in (page(await one.fetch(FetchRequest((site.url(),), render="browser"))).content or "")


async def test_fetch_when_script_hangs_then_timeout_and_the_next_page_works(serve: Any, fetcher: Any):
    async def answer(request: web.Request) -> web.Response:
        script = "<script>for (;;) {}</script>" if request.path == "/hang" else ""
        return html(f"<title>x</title><p>Hello</p>{script}")

    site, one = await serve(answer), await fetcher(browser_timeout=8)
    got = await one.fetch(FetchRequest((site.url("/hang"),), render="browser"))
    assert isinstance(got, FetchFailed)
    assert got.failure is Failure.TIMEOUT
    assert page(await one.fetch(FetchRequest((site.url("/ok"),), render="browser"))).status == 200


async def test_fetch_when_browser_is_killed_then_replaced(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        if len(site.seen) == 1:
            os.kill(_browser_process(), signal.SIGKILL)
            await asyncio.sleep(1)
        return html("<title>x</title><p>Hello</p>")

    site, one = await serve(answer), await fetcher()
    assert "Hello" in (page(await one.fetch(FetchRequest((site.url(),), render="browser"))).content or "")


async def test_fetch_when_answer_is_an_error_then_classified(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        return html("<title>No</title><p>No such page</p>", status=404)

    site = await serve(answer)
    got = await (await fetcher()).fetch(FetchRequest((site.url(),), render="browser"))
    assert isinstance(got, FetchFailed)
    assert (got.failure, got.status) == (Failure.NOT_FOUND, 404)


async def test_fetch_when_browser_pages_are_used_up_then_a_new_browser_and_no_process_is_left(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        return html("<title>x</title><p>Hello</p>")

    site = await serve(answer)
    one = await fetcher(browser_max_pages=1, browser_idle=0.05)
    results = await asyncio.gather(
        *(one.fetch(FetchRequest((site.url(f"/{n}"),), render="browser", screenshot=False)) for n in range(3))
    )
    assert all(isinstance(each, FetchedPage) for each in results)
    for _ in range(100):
        if not _children("chrom"):
            break
        await asyncio.sleep(0.1)
    assert not _children("chrom")


async def test_fetch_when_there_is_no_chromium_then_says_so(serve: Any, fetcher: Any):
    site = await serve(shop)
    one = await fetcher(chromium_path=Path("/nonexistent/chromium"))
    got = await one.fetch(FetchRequest((site.url(),)))
    assert isinstance(got, FetchFailed)
    assert got.failure is Failure.UNSUPPORTED
    assert "MONITORS_CHROMIUM_PATH" in got.detail


def _children(name: str) -> list[int]:
    """Processes below this one whose program is called like `name`."""
    parents: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                head, _, tail = (entry / "stat").read_text().rpartition(")")
            except OSError:
                continue
            fields = tail.split()
            if fields[0] != "Z":
                parents[int(entry.name)] = (int(fields[1]), head.partition("(")[2])
    found: list[int] = []
    for identifier, (_, program) in parents.items():
        ancestor = identifier
        while ancestor in parents and ancestor != os.getpid():
            ancestor = parents[ancestor][0]
        if ancestor == os.getpid() and name in program:
            found.append(identifier)
    return sorted(found)


def _browser_process() -> int:
    """The first browser process that this test run started."""
    return _children("chrom")[0]
