import base64
import hashlib
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import nats
import pytest
import zstandard
from nats.js.errors import NotFoundError

from monitors_contracts.base import Id, new_id
from monitors_contracts.monitors import MonitorDeleted, MonitorRefreshRequested, SourceSettings
from monitors_contracts.pages import Failure, GetSnapshot, ListHosts, PageFetched, PageFetchFailed
from monitors_runtime.errors import ProblemError
from monitors_scraper import store
from monitors_scraper.domain.pages import FetchedPage, FetchFailed, FetchRequest, FetchResult, Known, Try
from monitors_scraper.fetcher import Fetcher
from monitors_scraper.handlers import Handlers
from monitors_scraper.settings import ScraperSettings

URL = "https://shop.example/kettle"
YEAR = timedelta(days=365)


class Scraper:
    """The scraper's handlers with a fetcher that answers as told."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.service = house.service("scraper")
        self.handlers = Handlers(self.service, ScraperSettings())
        self.organization = new_id()
        self.asked: list[FetchRequest] = []
        self.answers: list[FetchResult] = []

    async def fetch(self, request: FetchRequest) -> FetchResult:
        self.asked.append(request)
        return self.answers.pop(0)

    def refresh(self, monitor: Id, **more: Any) -> MonitorRefreshRequested:
        return MonitorRefreshRequested(
            organization_id=self.organization,
            monitor_id=monitor,
            refresh_id=new_id(),
            urls=[URL],
            requested_at=datetime.now(UTC),
            **more,
        )

    async def hear(self, *refreshes: MonitorRefreshRequested) -> list[Any]:
        return await self.house.deliver_all(self.service, self.handlers.fetched, *refreshes, work=self.handlers.fetch)

    async def get(self, monitor: Id, text: str = "Price: $45", **changes: Any) -> PageFetched:
        """A refresh of this monitor that finds this text."""
        self.answers.append(page(text, **changes))
        [event] = await self.hear(self.refresh(monitor))
        assert isinstance(event, PageFetched)
        return event

    async def snapshot(self, snapshot_id: Id, organization: Id | None = None) -> str | None:
        """The text kept by a snapshot, None when there is none."""
        query = GetSnapshot(organization_id=organization or self.organization, snapshot_id=snapshot_id)
        try:
            found = await self.handlers.get_snapshot(query)
        except ProblemError:
            return None
        return zstandard.decompress(base64.b64decode(found.content or "")).decode()

    async def known(self, monitor: Id) -> tuple[Known, Id] | None:
        key = (self.organization, monitor)
        return (await store.known(self.house.pool, [key])).get(key)

    async def delete(self, monitor: Id) -> None:
        event = MonitorDeleted(organization_id=self.organization, monitor_id=monitor)
        await self.house.deliver(self.service, self.handlers.monitor_deleted, event)

    async def apply(self, *events: PageFetched) -> None:
        async with self.house.pool.acquire() as db:
            for event in events:
                await store.apply(db, event)

    async def rows(self) -> list[Any]:
        """Everything kept for this organization."""
        found: list[Any] = []
        for table in ("pages", "snapshots", "contents"):
            query = f"SELECT * FROM scraper.{table} WHERE organization_id = $1 ORDER BY 1, 2"
            found.append(await self.house.pool.fetch(query, self.organization))
        return found


def page(text: str, **changes: Any) -> FetchedPage:
    fields: dict[str, Any] = {
        "url": URL,
        "final_url": URL + "?en",
        "status": 200,
        "headers": {"server": "nginx", "set-cookie": "secret"},
        "content_type": "text/html",
        "content": text,
        "content_hash": hashlib.sha256(text.encode()).hexdigest(),
        "rendered_by": "http",
        "duration_ms": 12.0,
        "etag": '"1"',
        "tries": (Try(URL, "shop.example", None, 200, 1, 12.0),),
    }
    return FetchedPage(**(fields | changes))


@pytest.fixture
def scraper(house: Any, monkeypatch: pytest.MonkeyPatch) -> Scraper:
    made = Scraper(house)
    monkeypatch.setattr(Fetcher, "fetch", lambda _, request: made.fetch(request))
    return made


async def test_a_refresh_when_fetched_then_the_event_carries_the_page_and_the_snapshot_keeps_it(scraper: Scraper):
    monitor = new_id()
    event = await scraper.get(monitor)
    assert (event.url, event.final_url, event.unchanged, event.status) == (URL, URL + "?en", False, 200)
    assert event.headers == {"server": "nginx", "etag": '"1"'}, "no cookie is kept"
    assert await scraper.snapshot(event.snapshot_id) == "Price: $45"
    assert await scraper.snapshot(event.snapshot_id, new_id()) is None, "another organization's"


async def test_a_refresh_when_the_source_was_fetched_before_then_asks_with_what_is_known(scraper: Scraper):
    monitor = new_id()
    first = await scraper.get(monitor)
    assert scraper.asked[0].known is None
    again = await scraper.get(monitor, content=None, not_modified=True, status=304)
    known = scraper.asked[1].known
    assert known
    assert (known.etag, known.content_hash, known.url) == ('"1"', first.content_hash, URL)
    assert (again.unchanged, again.content, again.snapshot_id) == (True, None, first.snapshot_id)
    assert len((await scraper.rows())[1]) == 1


async def test_a_refresh_when_it_fails_then_the_event_says_why_and_the_known_page_stays(scraper: Scraper):
    monitor = new_id()
    await scraper.get(monitor)
    before = await scraper.known(monitor)
    tried = (Try(URL, "shop.example", Failure.CAPTCHA, 403, 1, 5),)
    scraper.answers.append(FetchFailed(URL, Failure.CAPTCHA, "Asked for proof.", 403, 2, tries=tried))
    [event] = await scraper.hear(scraper.refresh(monitor))
    assert isinstance(event, PageFetchFailed)
    assert (event.failure, event.detail, event.status, event.attempts) == (Failure.CAPTCHA, "Asked for proof.", 403, 2)
    assert await scraper.known(monitor) == before


async def test_a_refresh_when_the_monitor_has_settings_then_they_go_along(scraper: Scraper):
    scraper.answers.append(page("x"))
    await scraper.hear(scraper.refresh(new_id(), source=SourceSettings(render="browser", headers={"a": "b"})))
    assert (scraper.asked[0].render, scraper.asked[0].headers) == ("browser", {"a": "b"})


async def test_snapshots_when_contents_come_again_then_each_monitor_keeps_each_content_once(scraper: Scraper):
    first, second = new_id(), new_id()
    ids = [(await scraper.get(monitor, text)).snapshot_id for monitor in (first, second) for text in "abab"]
    assert len(set(ids)) == 4
    assert ids[:2] == ids[2:4]
    pages, snapshots, contents = await scraper.rows()
    assert (len(pages), len(snapshots), len(contents)) == (2, 4, 2)


async def test_refreshes_when_in_one_group_then_the_latest_page_of_each_monitor_is_known(scraper: Scraper):
    monitor, other = new_id(), new_id()
    scraper.answers = [page(text) for text in ("first", "elsewhere", "second")]
    events = await scraper.hear(scraper.refresh(monitor), scraper.refresh(other), scraper.refresh(monitor))
    known = await scraper.known(monitor)
    assert known
    assert known[1] == events[2].snapshot_id
    assert [await scraper.snapshot(event.snapshot_id) for event in events] == ["first", "elsewhere", "second"]


async def test_apply_when_events_come_late_or_twice_then_the_latest_fetch_stays(scraper: Scraper):
    monitor = new_id()
    events = [await scraper.get(monitor, text) for text in ("old", "new")]
    before = await scraper.rows()
    await scraper.apply(*reversed(events), *events, events[0])
    assert await scraper.rows() == before
    known = await scraper.known(monitor)
    assert known
    assert known[0].content_hash == events[1].content_hash


async def test_a_deleted_monitor_when_forgotten_then_nothing_of_it_is_kept_or_comes_back(scraper: Scraper):
    monitor, neighbour = new_id(), new_id()
    event = await scraper.get(monitor)
    kept = await scraper.get(neighbour)  # the very same page
    await scraper.delete(monitor)
    assert await scraper.known(monitor) is None
    assert await scraper.snapshot(event.snapshot_id) is None
    late = await scraper.get(monitor, "fetched while it was deleted")
    assert await scraper.known(monitor) is None
    assert await scraper.snapshot(late.snapshot_id) is None
    assert await scraper.snapshot(kept.snapshot_id) == "Price: $45"
    assert await scraper.known(neighbour)
    await scraper.apply(event)
    await scraper.delete(monitor)
    pages, snapshots, _ = await scraper.rows()
    assert (len(pages), len(snapshots)) == (1, 1)


async def test_expire_when_snapshots_are_old_then_just_the_current_page_of_each_monitor_stays(scraper: Scraper):
    monitor = new_id()
    old, current = [await scraper.get(monitor, text) for text in ("old", "current")]
    recent = await scraper.get(new_id(), "recent")
    await scraper.house.pool.execute(
        "UPDATE scraper.snapshots SET fetched_at = now() - interval '2 years' WHERE monitor_id = $1", monitor
    )
    await store.expire(scraper.house.pool, YEAR)
    kept = [await scraper.snapshot(event.snapshot_id) for event in (old, current, recent)]
    assert kept == [None, "current", "recent"]
    hashes = {row["content_hash"] for row in (await scraper.rows())[2]}
    assert hashes == {current.content_hash, recent.content_hash}


async def test_expire_when_a_fetch_ended_in_the_same_moment_as_its_monitor_then_removes_what_it_left(scraper: Scraper):
    monitor = new_id()
    await scraper.get(monitor)
    await scraper.house.pool.execute("INSERT INTO scraper.forgotten VALUES ($1, $2)", scraper.organization, monitor)
    await store.expire(scraper.house.pool, YEAR)
    assert await scraper.rows() == [[], [], []]


async def test_hosts_when_tries_were_counted_then_the_least_reliable_comes_first(scraper: Scraper):
    names = [f"{name}-{new_id().hex}.example" for name in ("bad", "good")]

    def tries(host: str, failure: Failure | None, count: int) -> list[Try]:
        return [Try(URL, host, failure, 200, 1, 10.0) for _ in range(count)]

    async with scraper.house.pool.acquire() as db:
        await store.count_fetches(db, [*tries(names[1], None, 3), *tries(names[0], Failure.TIMEOUT, 2)])
        await store.count_fetches(db, [*tries(names[0], None, 1), *tries(names[0], Failure.DNS, 1)])
    hosts = (await scraper.handlers.list_hosts(ListHosts(organization_id=scraper.organization, limit=500))).hosts
    bad, good = [host for host in hosts if host.host in names]
    assert (bad.fetches, bad.succeeded, bad.success_rate) == (4, 1, 0.25)
    assert bad.failures == {"timeout": 2, "dns": 1}
    assert (good.success_rate, good.mean_duration_ms, good.failures) == (1, 10, {})


async def test_queries_when_there_are_many_rows_then_read_an_index(scraper: Scraper, plan: Any):
    organization, some = scraper.organization, new_id()
    await scraper.house.pool.execute(
        "INSERT INTO scraper.snapshots SELECT gen_random_uuid(), CASE WHEN n % 100 = 0 THEN $1::uuid "
        "ELSE gen_random_uuid() END, gen_random_uuid(), 'u', 'u', 200, 't', n::text, '{}', 'http', NULL, now() "
        "FROM generate_series(1, 5000) AS n",
        organization,
    )
    await scraper.house.pool.execute(
        "INSERT INTO scraper.pages SELECT organization_id, monitor_id, 'u', content_hash, 't', NULL, NULL, 'http', id, "
        "now() FROM scraper.snapshots WHERE url = 'u'"
    )
    await scraper.house.pool.execute(
        "INSERT INTO scraper.contents SELECT organization_id, content_hash, '' FROM scraper.snapshots WHERE url = 'u'"
    )
    await scraper.house.pool.execute(
        "INSERT INTO scraper.forgotten SELECT organization_id, monitor_id, 2, now() + interval '1 hour' "
        "FROM scraper.snapshots WHERE url = 'u'"
    )
    for query, arguments in (
        (store.ERASE_DUE, (datetime.now(UTC),)),
        (store.KNOWN, ([organization], [some])),
        (store.SAME_CONTENT, (organization, "h", URL, some)),
        (store.SNAPSHOT, (organization, some)),
        (store.FORGET_PAGE, (organization, some)),
        (store.FORGET_SNAPSHOTS, (organization, some)),
    ):
        explained = await plan(query, *arguments)
        assert "Seq Scan" not in explained, f"{query}\n{explained}"
    await scraper.house.pool.execute("TRUNCATE scraper.pages, scraper.snapshots, scraper.contents, scraper.forgotten")


async def test_an_erased_organization_when_large_contents_are_in_the_object_store_then_they_go(
    scraper: Scraper, servers: Any
):
    connection = await nats.connect(servers.nats.url)
    scraper.house.runtime.bus = connection.jetstream()
    large = await scraper.get(new_id(), base64.b64encode(random.Random(1).randbytes(600_000)).decode())
    assert large.content_ref
    bucket = await connection.jetstream().object_store(large.content_ref.bucket)
    assert (await bucket.get(large.content_ref.name)).data
    async with scraper.house.pool.acquire() as db, db.transaction():
        await scraper.handlers.delete_objects(db, new_id())
    assert (await bucket.get(large.content_ref.name)).data
    for _ in range(2):
        async with scraper.house.pool.acquire() as db, db.transaction():
            await scraper.handlers.delete_objects(db, scraper.organization)
    with pytest.raises(NotFoundError):
        await bucket.get(large.content_ref.name)
    await connection.close()
