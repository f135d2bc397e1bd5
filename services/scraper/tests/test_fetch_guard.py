"""No page, name or redirect leads to an address that is not allowed."""

from typing import Any

import pytest
from aiohttp import web

from monitors_contracts.pages import Failure
from monitors_runtime.guarded_http import RefusedAddress
from monitors_scraper.domain.pages import FetchedPage, FetchFailed, FetchRequest
from monitors_scraper.network import Guard

LOOPBACK_FORMS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "localhost",
    "LOCALHOST.",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "0.0.0.0",
    "[::]",
    "①②⑦.⓪.⓪.①",
]
ALWAYS_REFUSED = ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "100.100.100.200", "224.0.0.1"]


@pytest.fixture
async def victim(serve: Any) -> Any:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="internal secret")

    return await serve(answer)


@pytest.mark.parametrize("host", LOOPBACK_FORMS)
async def test_fetch_when_host_is_loopback_in_any_form_then_refused_and_not_reached(
    victim: Any, fetcher: Any, host: str
):
    one = await fetcher(allow_private_addresses=False)
    got = await one.fetch(FetchRequest((victim.url(host=host),), render="http"))
    assert isinstance(got, FetchFailed)
    assert got.failure in (Failure.REFUSED_ADDRESS, Failure.UNSUPPORTED, Failure.DNS)
    assert victim.seen == []


@pytest.mark.parametrize("host", LOOPBACK_FORMS[:2] + LOOPBACK_FORMS[3:7] + LOOPBACK_FORMS[8:9])
async def test_fetch_when_refused_then_says_so(victim: Any, fetcher: Any, host: str):
    got = await (await fetcher(allow_private_addresses=False)).fetch(FetchRequest((victim.url(host=host),)))
    assert isinstance(got, FetchFailed)
    assert got.failure is Failure.REFUSED_ADDRESS
    assert "loopback" in got.detail


@pytest.mark.parametrize("host", ALWAYS_REFUSED)
async def test_fetch_when_metadata_or_multicast_then_refused_even_when_private_is_allowed(fetcher: Any, host: str):
    got = await (await fetcher()).fetch(FetchRequest((f"http://{host}/latest/meta-data",)))
    assert isinstance(got, FetchFailed)
    assert got.failure is Failure.REFUSED_ADDRESS


async def test_fetch_when_redirected_to_metadata_then_refused(serve: Any, fetcher: Any):
    async def answer(_: web.Request) -> web.Response:
        raise web.HTTPFound("http://169.254.169.254/latest/meta-data")

    site = await serve(answer)
    got = await (await fetcher()).fetch(FetchRequest((site.url(),)))
    assert isinstance(got, FetchFailed)
    assert got.failure is Failure.REFUSED_ADDRESS


async def test_fetch_when_name_points_inside_then_refused(victim: Any, fetcher: Any, names: Any):
    one = await fetcher(allow_private_addresses=False, resolver=names(shop=["127.0.0.1"]))
    got = await one.fetch(FetchRequest((victim.url(host="shop.test"),)))
    assert isinstance(got, FetchFailed)
    assert (got.failure, victim.seen) == (Failure.REFUSED_ADDRESS, [])


async def test_fetch_when_name_answers_differently_the_second_time_then_never_reaches_inside(
    victim: Any, fetcher: Any, names: Any, monkeypatch: pytest.MonkeyPatch
):
    """DNS rebinding: public while it is checked, loopback when it is connected to. No packet leaves: connecting is noted."""
    connected: list[str] = []

    async def note(addr_infos: list[Any], **_: Any) -> None:
        connected.extend(address[4][0] for address in addr_infos)
        raise ConnectionRefusedError

    monkeypatch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", note)
    resolver = names(shop=[["8.8.8.8"], ["127.0.0.1"]])
    one = await fetcher(allow_private_addresses=False, resolver=resolver, respect_robots=False, retries=0)
    for _ in range(2):
        got = await one.fetch(FetchRequest((victim.url(host="shop.test"),), render="http"))
        assert isinstance(got, FetchFailed)
        assert got.failure is Failure.CONNECTION
    assert set(connected) == {"8.8.8.8"}, "what was checked is what would have been connected to"
    assert (victim.seen, resolver.asked) == ([], ["shop.test"])


async def test_guard_when_memory_ends_then_judged_anew(names: Any):
    now = [0.0]
    guard = Guard(
        allow_private=False,
        resolver=names(shop=[["8.8.8.8"], ["127.0.0.1"]]),
        clock=lambda: now[0],
    )
    assert [each["host"] for each in await guard.resolve("shop.test", 80)] == ["8.8.8.8"]
    now[0] = 31
    with pytest.raises(RefusedAddress):
        await guard.resolve("shop.test", 80)
    await guard.close()


async def test_guard_when_name_has_both_then_only_the_public_one_is_left(names: Any):
    guard = Guard(allow_private=False, resolver=names(mixed=["127.0.0.1", "8.8.8.8", "::1"]))
    assert [each["host"] for each in await guard.resolve("mixed.test", 80)] == ["8.8.8.8"]
    assert not await guard.is_own("mixed.test")
    await guard.close()


async def test_guard_when_private_is_allowed_then_own_hosts_are_known(names: Any):
    guard = Guard(allow_private=True, resolver=names(inside=["10.0.0.1"], outside=["8.8.8.8"]))
    assert await guard.is_own("inside.test")
    assert not await guard.is_own("outside.test")
    await guard.close()


async def test_fetch_when_private_is_allowed_then_read(victim: Any, fetcher: Any):
    assert isinstance(await (await fetcher()).fetch(FetchRequest((victim.url(),))), FetchedPage)
