"""Uptime checks: asked once an interval, judged by what they expect, measured, and fenced."""

import asyncio
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
    DeleteUptimeCheck,
    GetUptimeCheck,
    JsonExpectation,
    ListUptimeChecks,
    PutUptimeCheck,
    UptimeOutcome,
    UptimeSpec,
    UptimeView,
)
from monitors_runtime.errors import ProblemError
from monitors_scraper import uptime_store as store
from monitors_scraper.domain.uptime import Unexpected, expect_answer, value_at
from monitors_scraper.settings import ScraperSettings
from monitors_scraper.uptime import Uptime

pytestmark = pytest.mark.integration


class Prober:
    """The scraper's uptime checks, on a real database, and a site on loopback."""

    def __init__(self, house: Any, site: Any, **settings: Any) -> None:
        self.house, self.site = house, site
        self.organization = new_id()
        self.status, self.body = 200, '{"status": "ok", "parts": [{"a/b": 1}]}'
        values: dict[str, Any] = {"allow_private_addresses": True} | settings
        self.uptime = Uptime(house.service("scraper"), ScraperSettings(**values))

    async def page(self, _: web.Request) -> web.Response:
        return web.Response(text=self.body, status=self.status)

    async def put(self, check_id: Id | None = None, **spec: Any) -> UptimeView:
        given: dict[str, Any] = {"name": "Shop", "kind": "http", "url": self.site.url("/")} | spec
        given = {name: value for name, value in given.items() if value is not None}
        return await self.uptime.put(
            PutUptimeCheck(organization_id=self.organization, check_id=check_id or new_id(), spec=UptimeSpec(**given))
        )

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
    await made[0].uptime.open()
    yield made[0]
    await made[0].uptime.stop()


async def test_an_address_when_it_answers_and_when_not_then_both_are_measured(prober: Prober) -> None:
    check = await prober.put()
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
    reached = await prober.check(await prober.put(kind="tcp", url=None, host="127.0.0.1", port=port))
    refused = await prober.check(await prober.put(kind="tcp", url=None, host="127.0.0.1", port=1))
    found = await prober.check(await prober.put(kind="dns", url=None, host="localhost"))
    elsewhere = await prober.check(await prober.put(kind="dns", url=None, host="localhost", addresses=["192.0.2.7"]))
    outcomes = [(each.is_up, each.error) for each in (reached, refused, found, elsewhere) if each]
    assert [is_up for is_up, _ in outcomes] == [True, False, True, False]
    assert "can't be reached" in (outcomes[1][1] or "")
    assert "192.0.2.7" in (outcomes[3][1] or "")


async def test_an_address_inside_when_not_allowed_then_is_not_asked(house: Any, serve: Any) -> None:
    seen: list[web.Request] = []

    async def page(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        return web.Response()

    guarded = Prober(house, await serve(page), allow_private_addresses=False)
    await guarded.uptime.open()
    port = guarded.site.server.port
    kinds: list[dict[str, Any]] = [
        {},
        {"kind": "tcp", "url": None, "host": "127.0.0.1", "port": port},
        {"kind": "dns", "url": None, "host": "localhost"},
    ]
    for spec in kinds:
        outcome = await guarded.check(await guarded.put(**spec))
        assert outcome
        assert not outcome.is_up
    assert seen == []
    await guarded.uptime.stop()


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
    check = await prober.put(interval_seconds=60)
    paused = await prober.put(is_active=False)
    now = datetime.now(UTC) + timedelta(seconds=1)

    async def taken(at: datetime) -> list[Id]:
        return [each.view.id for each in await store.take_due(prober.house.pool, at, 1000)]

    first, second = await taken(now), await taken(now)
    assert check.id in first
    assert check.id not in second
    assert paused.id not in first
    assert check.id in await taken(now + timedelta(seconds=61))


async def test_a_check_when_changed_or_deleted_while_it_is_asked_then_says_nothing(prober: Prober) -> None:
    check = await prober.put()
    found = await store.find(prober.house.pool, prober.organization, check.id)
    assert found
    await prober.put(check.id, name="Another")
    await prober.uptime.check(found)
    await prober.uptime.delete(DeleteUptimeCheck(organization_id=prober.organization, check_id=check.id))
    await prober.uptime.check(found)
    assert await prober.measured() == []


async def test_no_organization_sees_or_changes_anothers(prober: Prober) -> None:
    check, stranger = await prober.put(), new_id()
    for asked in (prober.uptime.get, prober.uptime.delete):
        kind: Any = GetUptimeCheck if asked == prober.uptime.get else DeleteUptimeCheck
        with pytest.raises(ProblemError):
            await asked(kind(organization_id=stranger, check_id=check.id))
    with pytest.raises(ProblemError):
        await prober.uptime.put(PutUptimeCheck(organization_id=stranger, check_id=check.id, spec=check.spec))
    assert (await prober.uptime.list(ListUptimeChecks(organization_id=stranger))).checks == []
    assert (await prober.uptime.list(ListUptimeChecks(organization_id=prober.organization))).checks == [check]


async def test_checks_when_there_are_as_many_as_allowed_then_another_is_refused(house: Any, serve: Any) -> None:
    async def nothing(_: web.Request) -> web.StreamResponse:
        return web.Response()

    prober = Prober(house, await serve(nothing), uptime_checks_per_organization=1)
    check = await prober.put()
    await prober.put(check.id, name="Renamed")
    with pytest.raises(ProblemError) as refused:
        await prober.put()
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
    assert await prober.uptime.tls_expiry(spec) is None, "who issued it is not trusted"
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    assert await prober.uptime.tls_expiry(spec) == ends
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
