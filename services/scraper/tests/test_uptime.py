"""Uptime checks: asked once an interval, judged by what they expect, measured, and fenced."""

import asyncio
import itertools
import ssl
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme
from aiohttp import web
from pydantic import ValidationError

from monitors_contracts.base import Id, new_id
from monitors_contracts.metrics import MetricBatchCollected
from monitors_contracts.series import parse_series_key
from monitors_contracts.uptime import (
    CreateUptimeCheck,
    DeleteUptimeCheck,
    GetUptimeCheck,
    JsonExpectation,
    ListUptimeChecks,
    UpdateUptimeCheck,
    UptimeCheckCreated,
    UptimeCheckDeleted,
    UptimeCheckUpdated,
    UptimeOutcome,
    UptimeSpec,
    UptimeView,
)
from monitors_runtime.errors import ProblemError
from monitors_scraper import icmp
from monitors_scraper import uptime_store as store
from monitors_scraper.domain.uptime import Unexpected, expect_answer, value_at
from monitors_scraper.network import Guard
from monitors_scraper.probes import Probes
from monitors_scraper.settings import ScraperSettings
from monitors_scraper.uptime import Uptime

pytestmark = pytest.mark.integration


class Prober:
    """The scraper's uptime checks, on a real database, and a site on loopback."""

    def __init__(self, house: Any, site: Any, resolver: Any = None, **settings: Any) -> None:
        self.house, self.site = house, site
        self.organization = new_id()
        self.status, self.body = 200, '{"status": "ok", "parts": [{"a/b": 1}]}'
        values: dict[str, Any] = {"allow_private_addresses": True} | settings
        known = ScraperSettings(**values)
        forgetful = itertools.count(0, 3600).__next__  # whatever is asked is looked up anew
        guard = Guard(allow_private=known.allow_private_addresses, resolver=resolver, clock=forgetful)
        self.uptime = Uptime(house.service("scraper"), known, Probes(known, guard))

    async def page(self, _: web.Request) -> web.Response:
        return web.Response(text=self.body, status=self.status)

    def spec(self, **spec: Any) -> UptimeSpec:
        given: dict[str, Any] = {"name": "Shop", "kind": "http", "url": self.site.url("/")} | spec
        return UptimeSpec(**{name: value for name, value in given.items() if value is not None})

    async def add(self, **spec: Any) -> UptimeView:
        who: dict[str, Any] = {"organization_id": self.organization, "user_id": self.organization}
        return await self.uptime.create(CreateUptimeCheck(**who, check_id=new_id(), spec=self.spec(**spec)))

    async def change(self, check: UptimeView, version: int | None = None, **spec: Any) -> UptimeView:
        who: dict[str, Any] = {"organization_id": self.organization, "user_id": self.organization}
        wish = UpdateUptimeCheck(**who, check_id=check.id, spec=self.spec(**spec), expected_version=version)
        return await self.uptime.update(wish)

    async def delete(self, check: UptimeView) -> None:
        await self.uptime.delete(DeleteUptimeCheck(organization_id=self.organization, check_id=check.id))

    async def check(self, view: UptimeView) -> UptimeOutcome | None:
        """Ask, whether it is due or not."""
        found = await store.find(self.house.pool, self.organization, view.id)
        assert found
        await self.uptime.check(found)
        again = await store.find(self.house.pool, self.organization, view.id)
        return again.view.last if again else None

    async def measured(self) -> list[dict[str, float]]:
        """What was sent, by metric, message by message."""
        messages: list[dict[str, float]] = []
        for envelope in await self.house.published(MetricBatchCollected):
            event = envelope.event
            assert isinstance(event, MetricBatchCollected)
            values = struct.unpack(f"<{len(event.series)}d", event.values)
            names = [parse_series_key(key)[0] for key in event.series]
            messages.append(dict(zip(names, values, strict=True)))
        return messages


@pytest.fixture
async def prober(house: Any, serve: Any) -> Any:
    made: list[Prober] = []

    async def page(request: web.Request) -> web.StreamResponse:
        return await made[0].page(request)

    made.append(Prober(house, await serve(page)))
    await made[0].uptime.probes.open()
    yield made[0]
    await made[0].uptime.stop()


async def test_an_address_when_it_answers_and_when_not_then_both_are_measured(prober: Prober) -> None:
    check = await prober.add()
    up = await prober.check(check)
    prober.status = 503
    down = await prober.check(check)
    assert up
    assert down
    assert (up.is_up, up.status, up.error) == (True, 200, None)
    assert (down.is_up, down.status) == (False, 503)
    assert down.error == "It answers with status 503, not 200 to 299."
    first, second = await prober.measured()
    assert (first["probe_success"], first["probe_http_status_code"]) == (1, 200)
    assert (second["probe_success"], second["probe_http_status_code"]) == (0, 503)
    assert 0 < first["probe_duration_seconds"] < 10


async def test_ports_and_names_when_they_are_there_or_not(prober: Prober) -> None:
    port = prober.site.server.port
    reached = await prober.check(await prober.add(kind="tcp", url=None, host="127.0.0.1", port=port))
    refused = await prober.check(await prober.add(kind="tcp", url=None, host="127.0.0.1", port=1))
    found = await prober.check(await prober.add(kind="dns", url=None, host="localhost"))
    elsewhere = await prober.check(await prober.add(kind="dns", url=None, host="localhost", addresses=["192.0.2.7"]))
    outcomes = [(each.is_up, each.error) for each in (reached, refused, found, elsewhere) if each]
    assert [is_up for is_up, _ in outcomes] == [True, False, True, False]
    assert "can't be reached" in (outcomes[1][1] or "")
    assert "192.0.2.7" in (outcomes[3][1] or "")


PINGS = pytest.mark.skipif(icmp.why_not() is not None, reason="the system allows no ICMP")
KINDS: list[Any] = [
    {"kind": "http", "url": "http://HOST:PORT/"},
    {"kind": "tcp", "url": None, "host": "HOST", "port": "PORT"},
    {"kind": "dns", "url": None, "host": "HOST"},
    pytest.param({"kind": "icmp", "url": None, "host": "HOST"}, marks=PINGS),
]


def at(kind: dict[str, Any], host: str, port: int) -> dict[str, Any]:
    """A check of this kind, at a host and port."""
    return {
        name: value.replace("HOST", host).replace("PORT", str(port)) if isinstance(value, str) else value
        for name, value in kind.items()
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("leads", [["127.0.0.1"], [["203.0.113.9"], ["127.0.0.1"]], ["::1"], ["169.254.169.254"]])
async def test_a_name_that_leads_inside_then_or_later_is_not_asked(
    house: Any, serve: Any, names: Any, kind: dict[str, Any], leads: list[Any]
) -> None:
    seen: list[web.Request] = []

    async def page(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        return web.Response()

    resolver = names(inside=leads)
    guarded = Prober(house, await serve(page), resolver, allow_private_addresses=False)
    await guarded.uptime.probes.open()
    check = await guarded.add(**at(kind, "inside.test", guarded.site.server.port), timeout_seconds=0.5)
    for _ in range(2):
        outcome = await guarded.check(check)
        assert outcome
        assert not outcome.is_up or kind["kind"] == "dns"
        if not isinstance(leads[0], list):
            assert "not asked" in (outcome.error or "") or "not allowed to be watched" in (outcome.error or "")
    assert seen == []
    await guarded.uptime.stop()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254"])
async def test_an_address_inside_when_not_allowed_then_is_no_check(
    house: Any, serve: Any, kind: dict[str, Any], host: str
) -> None:
    guarded = Prober(house, await serve(lambda _: None), allow_private_addresses=False)
    with pytest.raises(ProblemError) as refused:
        await guarded.add(**at(kind, host, 80))
    assert (refused.value.problem.type, refused.value.problem.status) == ("address-refused", 422)
    said = str(refused.value.problem.detail)
    assert ("The operator may allow" in said) == (host != "169.254.169.254"), "what is never asked can't be allowed"
    assert (await guarded.uptime.list(ListUptimeChecks(organization_id=guarded.organization))).checks == []


@PINGS
async def test_a_host_when_it_answers_a_ping_or_not(prober: Prober) -> None:
    ping: dict[str, Any] = {"kind": "icmp", "url": None}
    up = await prober.check(await prober.add(**ping, host="127.0.0.1"))
    # A network for documentation: nobody is there (RFC 5737).
    down = await prober.check(await prober.add(**ping, host="198.51.100.7", timeout_seconds=0.3))
    assert up
    assert (up.is_up, up.error) == (True, None)
    assert down
    assert not down.is_up


async def test_a_ping_when_the_system_allows_none_then_is_refused_with_what_to_do(
    prober: Prober, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = await prober.add(kind="dns", url=None, host="localhost")
    monkeypatch.setattr(icmp, "why_not", lambda: "the system allows no ICMP over IPv4 here")
    ping: dict[str, Any] = {"kind": "icmp", "url": None, "host": "router.example"}
    for wish in (prober.add(**ping), prober.change(known, **ping)):
        with pytest.raises(ProblemError) as refused:
            await wish
        assert refused.value.problem.type == "icmp-not-allowed"
        assert "ping_group_range" in (refused.value.problem.detail or "")
    paused = await prober.change(known, **ping, is_active=False)
    assert not paused.spec.is_active, "what can't be asked can be paused"


def test_a_reply_is_known_by_its_nonce_with_and_without_the_header_of_its_packet() -> None:
    nonce = bytes(range(16))
    asked = icmp.request(4, 7, nonce)
    answered = bytes((0, 0)) + asked[2:]
    header = bytes((0x46,)) + bytes(23)
    assert icmp.is_reply(4, answered, nonce)
    assert icmp.is_reply(4, header + answered, nonce)
    assert icmp.is_reply(6, bytes((129, 0)) + icmp.request(6, 7, nonce)[2:], nonce)
    for other in (asked, header + asked, answered[:-1], b"", header, answered.replace(nonce, nonce[::-1])):
        assert not icmp.is_reply(4, other, nonce)
    assert sum(int.from_bytes(asked[at : at + 2], "big") for at in range(0, len(asked), 2)) % 0xFFFF == 0


@pytest.mark.parametrize(
    ("expected", "body", "fits"),
    [
        ({}, b"anything", True),
        ({"status": 200}, b"", True),
        ({"status": 204}, b"", False),
        ({"body": "in stock"}, b"12 in stock", True),
        ({"body": "in stock"}, b"sold out", False),
        ({"expected_json": JsonExpectation(pointer="/a/0/b", value=1)}, b'{"a": [{"b": 1}]}', True),
        ({"expected_json": JsonExpectation(pointer="/a/1", value=1)}, b'{"a": []}', False),
        ({"expected_json": JsonExpectation(pointer="/a", value=1)}, b'{"a": 2}', False),
        ({"expected_json": JsonExpectation(pointer="/a", value=1)}, b"<html>", False),
        ({"expected_json": JsonExpectation(pointer="/a", value=1)}, b"[" * 100_000, False),
    ],
)
def test_an_answer_when_it_is_as_expected_or_not(expected: dict[str, Any], body: bytes, fits: bool) -> None:
    spec = UptimeSpec(name="x", kind="http", url="https://shop.example", **expected)
    if fits:
        expect_answer(spec, 200, body)
    else:
        with pytest.raises(Unexpected):
            expect_answer(spec, 200, body)


def test_a_pointer_when_its_parts_are_escaped_then_finds_them() -> None:
    assert value_at({"a/b": {"m~n": 3}}, "/a~1b/m~0n") == 3
    assert value_at([1, 2], "") == [1, 2]


async def test_each_due_check_when_two_copies_look_then_is_taken_once_an_interval(prober: Prober) -> None:
    check = await prober.add(interval_seconds=60)
    paused = await prober.add(is_active=False)
    now = datetime.now(UTC) + timedelta(seconds=1)

    async def taken(at: datetime) -> list[Id]:
        return [each.view.id for each in await store.take_due(prober.house.pool, at, 1000)]

    first, second = await taken(now), await taken(now)
    assert check.id in first
    assert check.id not in second
    assert paused.id not in first
    assert check.id in await taken(now + timedelta(seconds=61))


async def test_a_check_when_changed_or_deleted_while_it_is_asked_then_says_nothing(prober: Prober) -> None:
    check = await prober.add()
    found = await store.find(prober.house.pool, prober.organization, check.id)
    assert found
    await prober.change(check, name="Another")
    await prober.uptime.check(found)
    await prober.delete(check)
    await prober.uptime.check(found)
    assert await prober.measured() == []


async def test_each_change_is_one_event_and_late_ones_change_nothing(prober: Prober) -> None:
    check = await prober.add()
    wish = CreateUptimeCheck(
        organization_id=prober.organization, user_id=prober.organization, check_id=check.id, spec=prober.spec()
    )
    assert await prober.uptime.create(wish) == check, "asked again, it is the same"
    assert (await prober.change(check)).version == 1, "what is so already is no change"
    changed = await prober.change(check, version=1, failures=5)
    assert (changed.version, changed.spec.failures) == (2, 5)
    with pytest.raises(ProblemError) as refused:
        await prober.change(check, version=1, failures=6)
    assert refused.value.problem.type == "check-changed"
    events = [
        envelope.event
        for envelope in await prober.house.published(UptimeCheckCreated, UptimeCheckUpdated, UptimeCheckDeleted)
    ]
    assert [type(event) for event in events] == [UptimeCheckCreated, UptimeCheckUpdated]
    async with prober.house.pool.acquire() as db, db.transaction():
        await store.apply(db, events[0])
    asked = GetUptimeCheck(organization_id=prober.organization, check_id=check.id)
    assert await prober.uptime.get(asked) == changed
    await prober.delete(check)
    async with prober.house.pool.acquire() as db, db.transaction():
        await store.apply(db, events[1])
    with pytest.raises(ProblemError):
        await prober.uptime.get(asked)


async def test_no_organization_sees_or_changes_anothers(prober: Prober) -> None:
    check, stranger = await prober.add(), new_id()
    for asked in (prober.uptime.get, prober.uptime.delete):
        kind: Any = GetUptimeCheck if asked == prober.uptime.get else DeleteUptimeCheck
        with pytest.raises(ProblemError):
            await asked(kind(organization_id=stranger, check_id=check.id))
    with pytest.raises(ProblemError):
        await prober.uptime.update(
            UpdateUptimeCheck(organization_id=stranger, user_id=stranger, check_id=check.id, spec=check.spec)
        )
    assert (await prober.uptime.list(ListUptimeChecks(organization_id=stranger))).checks == []
    assert (await prober.uptime.list(ListUptimeChecks(organization_id=prober.organization))).checks == [check]


async def test_checks_when_there_are_as_many_as_allowed_then_another_is_refused(house: Any, serve: Any) -> None:
    async def nothing(_: web.Request) -> web.StreamResponse:
        return web.Response()

    prober = Prober(house, await serve(nothing), uptime_checks_per_organization=1)
    check = await prober.add()
    await prober.change(check, name="Renamed")
    with pytest.raises(ProblemError) as refused:
        await prober.add()
    assert refused.value.problem.status == 409


@pytest.mark.parametrize(
    "spec",
    [
        {"kind": "http"},
        {"kind": "tcp", "host": "a"},
        {"kind": "dns", "host": "a", "port": 1},
        {"kind": "dns", "url": "https://a"},
    ],
)
def test_what_can_not_be_asked_is_no_check(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        UptimeSpec(name="x", **spec)


async def test_a_certificate_when_asked_over_tls_then_its_end_is_known(
    prober: Prober, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    ends = datetime(2031, 5, 1, tzinfo=UTC)
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", not_after=ends).configure_cert(serving)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=serving)
    port = server.sockets[0].getsockname()[1]
    spec = UptimeSpec(name="x", kind="http", url=f"https://localhost:{port}/")
    assert await prober.uptime.probes.tls_expiry(spec) is None, "who issued it is not trusted"
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    assert await prober.uptime.probes.tls_expiry(spec) == ends
    server.close()


async def test_due_checks_are_found_by_an_index(prober: Prober, plan: Callable[..., Any]) -> None:
    await prober.house.pool.execute(
        "INSERT INTO scraper.uptime_checks"
        " (id, organization_id, document, interval_seconds, is_active, created_at, next_at)"
        " SELECT gen_random_uuid(), gen_random_uuid(), '{}', 77, true, now(), now() + i * interval '1 hour'"
        " FROM generate_series(1, 5000) AS i"
    )
    for query, arguments in ((store.TAKE_DUE, (datetime.now(UTC), 64)), (store.ALL, (new_id(),))):
        explained = await plan(query, *arguments)
        assert "Seq Scan" not in explained, explained
    await prober.house.pool.execute("DELETE FROM scraper.uptime_checks WHERE interval_seconds = 77")
