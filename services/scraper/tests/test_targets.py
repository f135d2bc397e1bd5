"""Targets: kept for their organization alone, scraped once an interval, and honest about what they show."""

import math
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from monitors_contracts.base import Id, new_id
from monitors_contracts.measuring import STALE
from monitors_contracts.targets import (
    CreateTarget,
    DeleteTarget,
    GetTarget,
    ListTargets,
    TargetChanges,
    TargetSpec,
    TargetView,
    UpdateTarget,
)
from monitors_runtime.errors import ProblemError
from monitors_scraper import store as pages
from monitors_scraper import target_store as store
from monitors_scraper.settings import ScraperSettings
from monitors_scraper.targets import Targets

pytestmark = pytest.mark.integration
GONE = struct.pack("<d", STALE)


class Scraper:
    """The scraper's targets, on a real database, and a page of measurements on loopback."""

    def __init__(self, house: Any, site: Any, **settings: Any) -> None:
        self.house, self.site = house, site
        self.organization = new_id()
        self.shows = "m 1\n"
        self.status = 200
        values: dict[str, Any] = {"allow_private_addresses": True, "target_samples": 50, **settings}
        self.targets = Targets(house.service("scraper"), ScraperSettings(**values))

    async def page(self, request: web.Request) -> web.Response:
        return web.Response(text=self.shows, status=self.status, content_type="text/plain")

    async def add(self, organization: Id | None = None, **spec: Any) -> TargetView:
        given: dict[str, Any] = {"url": self.site.url("/metrics"), "name": "shop"} | spec
        organization = organization or self.organization
        command = CreateTarget(organization_id=organization, target_id=new_id(), spec=TargetSpec(**given))
        return await self.targets.create(command)

    async def change(self, target: TargetView, **changes: Any) -> TargetView:
        return await self.targets.update(
            UpdateTarget(organization_id=self.organization, target_id=target.id, changes=TargetChanges(**changes))
        )

    async def get(self, target: TargetView) -> TargetView:
        return await self.targets.get(GetTarget(organization_id=self.organization, target_id=target.id))

    async def scrape(self, target: TargetView) -> dict[str, list[bytes]]:
        """Scrape it, whether it is due or not; the values sent, by series, as bits."""
        before = await self.position()
        row = await store.find(self.house.pool, self.organization, target.id)
        assert row
        await self.targets.scrape(row)
        return await self.sent(before)

    async def position(self) -> int:
        return await self.house.pool.fetchval("SELECT coalesce(max(position), 0) FROM runtime.outbox")

    async def sent(self, since: int) -> dict[str, list[bytes]]:
        rows = await self.house.pool.fetch(
            "SELECT headers, data FROM runtime.outbox WHERE position > $1 AND subject LIKE $2 ORDER BY position",
            since,
            f"evt.metric.batch-collected.{self.organization}.%",
        )
        from monitors_contracts.catalogue import EVENTS_BY_TYPE
        from monitors_contracts.envelope import decode

        found: dict[str, list[bytes]] = {}
        for row in rows:
            event: Any = decode(row["headers"], row["data"], EVENTS_BY_TYPE).event
            values = [event.values[begin : begin + 8] for begin in range(0, len(event.values), 8)]
            for key, count in zip(event.series, struct.unpack(f"<{len(event.series)}I", event.counts), strict=True):
                found.setdefault(key, []).extend(values[:count])
                del values[:count]
        return found


@pytest.fixture
async def scraper(house: Any, serve: Any) -> Any:
    made: list[Scraper] = []

    async def page(request: web.Request) -> web.StreamResponse:
        return await made[0].page(request)

    made.append(Scraper(house, await serve(page)))
    await made[0].targets.open()
    yield made[0]
    await made[0].targets.stop()


def _number(bits: bytes) -> float:
    return struct.unpack("<d", bits)[0]


async def test_what_a_target_shows_is_sent_under_its_labels(scraper: Scraper) -> None:
    target = await scraper.add(labels={"env": "prod"})
    scraper.shows = '# TYPE m counter\nm_total{env="theirs",path="/"} 3\nload NaN\n'
    sent = await scraper.scrape(target)
    port = scraper.site.server.port
    who = f'instance="127.0.0.1:{port}",job="shop"'
    assert _number(sent[f'm_total{{env="prod",exported_env="theirs",{who},path="/"}}'][0]) == 3
    assert math.isnan(_number(sent[f'load{{env="prod",{who}}}'][0]))
    assert _number(sent[f'up{{env="prod",{who}}}'][0]) == 1
    assert _number(sent[f'scrape_samples_scraped{{env="prod",{who}}}'][0]) == 2
    assert 0 < _number(sent[f'scrape_duration_seconds{{env="prod",{who}}}'][0]) < 30
    view = await scraper.get(target)
    assert (view.last_error, view.last_samples, view.last_refused) == (None, 2, 0)
    assert view.last_scrape_at


async def test_series_that_are_gone_are_marked_once(scraper: Scraper) -> None:
    target = await scraper.add()
    scraper.shows = 'm{i="1"} 1\nm{i="2"} 1\n'
    await scraper.scrape(target)
    scraper.shows = 'm{i="2"} 1\n'
    sent = await scraper.scrape(target)
    [gone] = [key for key in sent if 'i="1"' in key]
    assert sent[gone] == [GONE]
    assert [_number(value) for key, value in sent.items() for value in value if 'i="2"' in key] == [1]
    assert not any('i="1"' in key for key in await scraper.scrape(target))


@pytest.mark.parametrize(
    ("status", "shows", "says"),
    [(503, "m 1\n", "status 503"), (200, "<html>", "can't be read"), (200, "m 1\n" * 51, "at most 50 are read")],
)
async def test_a_scrape_that_fails_says_why_and_ends_the_series(
    scraper: Scraper, status: int, shows: str, says: str
) -> None:
    target = await scraper.add()
    await scraper.scrape(target)
    scraper.status, scraper.shows = status, shows
    sent = await scraper.scrape(target)
    up, *rest = [value for key, [value] in sorted(sent.items(), reverse=True) if key.startswith(("up", "m"))]
    assert (_number(up), rest) == (0, [GONE])
    view = await scraper.get(target)
    assert says in (view.last_error or "")
    assert view.last_samples is None
    scraper.status, scraper.shows = 200, "m 1\n"
    assert any(_number(value) == 1 for key, [value] in (await scraper.scrape(target)).items() if key.startswith("up"))


async def test_an_address_inside_is_not_scraped_unless_allowed(scraper: Scraper) -> None:
    careful = Scraper(scraper.house, scraper.site, allow_private_addresses=False)
    await careful.targets.open()
    target = await careful.add()
    sent = await careful.scrape(target)
    assert [_number(value) for key, [value] in sent.items() if key.startswith("up")] == [0]
    assert "loopback address" in ((await careful.get(target)).last_error or "")
    assert not scraper.site.seen
    await careful.targets.stop()


async def test_samples_that_nobody_could_keep_are_counted(scraper: Scraper) -> None:
    target = await scraper.add()
    scraper.shows = 'm{l="' + "v" * 2001 + '"} 1\nm 2\n'
    sent = await scraper.scrape(target)
    assert [key for key in sent if key.startswith("m")] == [
        f'm{{instance="127.0.0.1:{scraper.site.server.port}",job="shop"}}'
    ]
    assert (await scraper.get(target)).last_refused == 1


async def test_each_due_target_is_taken_by_one_copy_once_an_interval(scraper: Scraper) -> None:
    pool = scraper.house.pool
    target = await scraper.add(interval_seconds=60)
    idle = await scraper.add(is_active=False)
    now = datetime.now(UTC) + timedelta(seconds=1)

    async def taken(at: datetime) -> list[Id]:
        mine = {target.id, idle.id}
        first, second = await store.take_due(pool, at, 1000), await store.take_due(pool, at, 1000)
        return [row["id"] for row in (*first, *second) if row["id"] in mine]

    assert await taken(now) == [target.id]
    assert await taken(now + timedelta(seconds=57)) == []
    assert await taken(now + timedelta(seconds=60)) == [target.id]
    # Nobody was there for an hour: it is scraped once, and then in its old rhythm.
    assert await taken(now + timedelta(hours=1)) == [target.id]
    assert await taken(now + timedelta(hours=1, seconds=57)) == []
    assert await taken(now + timedelta(hours=1, seconds=61)) == [target.id]


async def test_headers_are_sent_and_never_shown(scraper: Scraper) -> None:
    target = await scraper.add(headers={"Authorization": "Bearer secret", "X-Scope": "a"})
    assert target.headers == {"Authorization": "***", "X-Scope": "***"}
    await scraper.scrape(target)
    assert scraper.site.seen[-1].headers["Authorization"] == "Bearer secret"
    changed = await scraper.change(target, headers={"Authorization": "***", "X-New": "b"})
    assert changed.headers == {"Authorization": "***", "X-New": "***"}
    await scraper.scrape(target)
    seen = scraper.site.seen[-1].headers
    assert (seen["Authorization"], seen["X-New"], "X-Scope" in seen) == ("Bearer secret", "b", False)


async def test_a_target_that_is_renamed_paused_or_deleted_ends_its_series(scraper: Scraper) -> None:
    target = await scraper.add()

    async def ended_by(change: Callable[[], Any]) -> set[str]:
        await scraper.scrape(target)
        before = await scraper.position()
        await change()
        sent = await scraper.sent(before)
        assert all(value == GONE for values in sent.values() for value in values)
        return {key.partition("{")[0] for key in sent}

    every = {"m", "up", "scrape_duration_seconds", "scrape_samples_scraped"}
    assert await ended_by(lambda: scraper.change(target, interval_seconds=10)) == set()
    assert await ended_by(lambda: scraper.change(target, name="store")) == every
    assert await ended_by(lambda: scraper.change(target, is_active=False)) == every
    await scraper.change(target, is_active=True)
    command = DeleteTarget(organization_id=scraper.organization, target_id=target.id)
    assert await ended_by(lambda: scraper.targets.delete(command)) == every
    with pytest.raises(ProblemError):
        await scraper.get(target)


async def test_a_scrape_that_ends_after_its_target_was_deleted_sends_nothing(scraper: Scraper) -> None:
    target = await scraper.add()
    row = await store.find(scraper.house.pool, scraper.organization, target.id)
    assert row
    await scraper.targets.delete(DeleteTarget(organization_id=scraper.organization, target_id=target.id))
    before = await scraper.position()
    await scraper.targets.scrape(row)
    assert not await scraper.sent(before)


async def test_no_organization_sees_another_s_targets(scraper: Scraper) -> None:
    target, other = await scraper.add(), new_id()
    for ask in (
        scraper.targets.get(GetTarget(organization_id=other, target_id=target.id)),
        scraper.targets.delete(DeleteTarget(organization_id=other, target_id=target.id)),
        scraper.targets.update(
            UpdateTarget(organization_id=other, target_id=target.id, changes=TargetChanges(name="x"))
        ),
    ):
        with pytest.raises(ProblemError, match="no target"):
            await ask
    assert not (await scraper.targets.list(ListTargets(organization_id=other))).targets
    mine = await scraper.targets.list(ListTargets(organization_id=scraper.organization))
    assert [each.name for each in mine.targets] == ["shop"]


async def test_asking_twice_with_one_id_makes_one_and_there_is_a_limit(house: Any, serve: Any) -> None:
    async def nothing(_: web.Request) -> web.StreamResponse:
        return web.Response()

    few = Scraper(house, await serve(nothing), targets_per_organization=2)
    target_id, spec = new_id(), TargetSpec(url="http://a.example:9100/metrics")
    command = CreateTarget(organization_id=few.organization, target_id=target_id, spec=spec)
    assert await few.targets.create(command) == await few.targets.create(command)
    assert (await few.add()).name == "shop"
    assert (await few.targets.create(command)).name == "a.example"
    with pytest.raises(ProblemError, match="may be 2"):
        await few.add()
    await few.add(organization=new_id())
    await few.targets.stop()


@pytest.mark.parametrize("url", ["ftp://a.example/", "http://", "http://u:p@a.example/metrics", "metrics"])
async def test_an_address_that_can_t_be_fetched_is_refused(scraper: Scraper, url: str) -> None:
    with pytest.raises(ProblemError):
        await scraper.add(url=url)


@pytest.mark.parametrize(
    "spec", [{"labels": {"": "x"}}, {"headers": {"a b": "x"}}, {"headers": {"A": "x\r\nB: y"}}, {"interval_seconds": 1}]
)
def test_what_could_not_be_used_is_no_target(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TargetSpec(url="http://a.example/metrics", **spec)


async def test_an_organization_that_is_erased_leaves_no_target(scraper: Scraper) -> None:
    await scraper.add()
    for statement in pages.ERASE:
        await scraper.house.pool.execute(statement, scraper.organization)
    assert not (await scraper.targets.list(ListTargets(organization_id=scraper.organization))).targets


async def test_due_targets_are_found_by_an_index(scraper: Scraper, plan: Callable[..., Any]) -> None:
    await scraper.house.pool.execute(
        "INSERT INTO scraper.targets"
        " (id, organization_id, url, name, interval_seconds, labels, headers, is_active, created_at, next_at)"
        " SELECT gen_random_uuid(), gen_random_uuid(), 'u', 'n', 60, '{}', '{}', true, now(), now() + i * interval '1 hour'"
        " FROM generate_series(1, 5000) AS i"
    )
    for query, arguments in ((store.TAKE_DUE, (datetime.now(UTC), 64)), (store.TARGETS, (new_id(),))):
        explained = await plan(query, *arguments)
        assert "Seq Scan" not in explained, explained
    await scraper.house.pool.execute("DELETE FROM scraper.targets WHERE url = 'u'")
