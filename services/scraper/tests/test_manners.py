"""robots.txt and the distance between requests."""

import asyncio
import time
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from monitors_contracts.pages import Failure
from monitors_scraper.domain.pages import FetchedPage, FetchFailed, FetchRequest
from monitors_scraper.domain.politeness import Manners
from monitors_scraper.domain.robots import RobotsRules, read_robots
from monitors_scraper.http import HttpClient, Identity
from monitors_scraper.network import Guard
from monitors_scraper.robots import Robots
from monitors_scraper.throttle import Throttle

AGENT = "Monitors/0.1 (+https://monitors.example/about)"
TXT = "User-agent: *\nDisallow: /private\nCrawl-delay: 2\n\nUser-agent: Monitors\nDisallow: /for-others\nCrawl-delay: 99\n"


def test_rules_when_our_name_is_there_then_only_those():
    rules = read_robots(200, TXT)
    assert rules.allows("https://a.test/private", AGENT)
    assert not rules.allows("https://a.test/for-others/x", AGENT)
    assert not rules.allows("https://a.test/private", "Other/1")
    assert (rules.crawl_delay(AGENT), rules.crawl_delay("Other/1")) == (10, 2)


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (500, False), (503, False), (429, False)])
def test_rules_when_robots_txt_is_not_there_then_by_status(status: int, allowed: bool):
    assert read_robots(status, "<h1>error</h1>").allows("https://a.test/", AGENT) is allowed


@pytest.mark.parametrize("body", ["", "<html>", "Disallow", "User-agent: *\nDisallow: /*$" * 100, "\0\ufeff"])
def test_rules_when_robots_txt_is_odd_then_read(body: str):
    assert isinstance(read_robots(200, body), RobotsRules)


@pytest.fixture
async def robots(settings: Any) -> Any:
    guard = Guard(allow_private=True)
    client = HttpClient(settings(), guard)
    await client.start()
    yield Robots(client)
    await client.close()
    await guard.close()


async def test_robots_when_asked_often_then_fetched_once(serve: Any, robots: Robots):
    async def answer(_: web.Request) -> web.Response:
        await asyncio.sleep(0.05)
        return web.Response(text=TXT)

    site = await serve(answer)
    identity = Identity(AGENT, {}, None)
    found = await asyncio.gather(*(robots.rules(URL(site.url(f"/{n}")), identity) for n in range(10)))
    assert len({id(each) for each in found}) == 1
    assert site.paths == ["/robots.txt"]


async def test_fetch_when_own_host_then_robots_are_not_asked(serve: Any, fetcher: Any):
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=TXT if request.path == "/robots.txt" else "hello")

    site = await serve(answer)
    assert isinstance(await (await fetcher()).fetch(FetchRequest((site.url("/for-others"),))), FetchedPage)
    assert site.paths == ["/for-others"]


async def test_fetch_when_public_host_then_robots_and_crawl_delay_are_kept(serve: Any, fetcher: Any, names: Any):
    """The proxy stands for the public internet: what it is asked is what a public host would be asked."""

    async def internet(request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(text="User-agent: *\nDisallow: /no\nCrawl-delay: 0.3")
        return web.Response(text="hello")

    proxy = await serve(internet)
    one = await fetcher(
        proxies=[proxy.url("")],
        allow_private_addresses=False,
        resolver=names(shop=["93.184.216.34"]),
        per_host_delay=0.1,
    )
    refused = await one.fetch(FetchRequest(("http://shop.test/no/1",)))
    assert isinstance(refused, FetchFailed)
    assert (refused.failure, proxy.paths) == (Failure.ROBOTS, ["/robots.txt"])
    began = time.monotonic()
    for path in ("/a", "/b", "/c"):
        assert isinstance(await one.fetch(FetchRequest((f"http://shop.test{path}",))), FetchedPage)
    assert time.monotonic() - began >= 0.6
    assert proxy.paths == ["/robots.txt", "/a", "/b", "/c"]


async def test_throttle_when_host_is_full_then_others_wait_and_other_hosts_do_not():
    throttle, at_once, most = Throttle(), 0, 0

    async def work(host: str) -> None:
        nonlocal at_once, most
        async with throttle.turn(host, Manners(2, 0)):
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.01)
            at_once -= 1

    await asyncio.gather(*(work("a.test") for _ in range(8)))
    assert most == 2
    most = 0
    await asyncio.gather(*(work(f"{n}.test") for n in range(8)))
    assert most == 8


async def test_throttle_when_a_waiter_is_cancelled_then_its_place_is_free():
    throttle, manners = Throttle(), Manners(1, 0)
    async with throttle.turn("a.test", manners):
        waiter = asyncio.create_task(_enter(throttle, manners))
        await asyncio.sleep(0)
        waiter.cancel()
        await asyncio.gather(waiter, return_exceptions=True)
    async with asyncio.timeout(1):
        await _enter(throttle, manners)


async def _enter(throttle: Throttle, manners: Manners) -> None:
    async with throttle.turn("a.test", manners):
        pass
