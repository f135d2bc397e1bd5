"""A deleted monitor's pages: hidden at once, erased when it can't be brought back, kept when it was."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitors_contracts.base import Id, new_id
from monitors_contracts.monitors import Interpretation, MonitorDeleted, MonitorRestored, MonitorView
from monitors_contracts.pages import PageFetched
from monitors_scraper import store
from monitors_scraper.handlers import Handlers
from monitors_scraper.settings import ScraperSettings

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


class Pages:
    """What the scraper keeps of one monitor."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.service = house.service("scraper")
        self.handlers = Handlers(self.service, ScraperSettings())
        self.organization, self.monitor = new_id(), new_id()

    def deleted(self, version: int, until: datetime = NOW + HOUR) -> MonitorDeleted:
        return MonitorDeleted(
            organization_id=self.organization,
            monitor_id=self.monitor,
            monitor_version=version,
            restorable_until=until,
        )

    def restored(self, version: int) -> MonitorRestored:
        monitor = MonitorView(
            id=self.monitor,
            organization_id=self.organization,
            user_id=new_id(),
            name="Kettle",
            prompt="Tell me when the kettle changes",
            interpretation=Interpretation(kind="change", fact="price", fact_type="number", name="Kettle", confidence=1),
            version=version,
            created_at=NOW,
            updated_at=NOW,
        )
        return MonitorRestored(organization_id=self.organization, monitor_id=self.monitor, monitor=monitor)

    async def hear(self, *events: MonitorDeleted | MonitorRestored) -> None:
        for event in events:
            handler: Any = self.handlers.monitor_deleted
            if isinstance(event, MonitorRestored):
                handler = self.handlers.monitor_restored
            await self.house.deliver(self.service, handler, event)

    async def fetch(self) -> Id:
        """A page comes in; its snapshot."""
        page = PageFetched(
            organization_id=self.organization,
            monitor_id=self.monitor,
            refresh_id=new_id(),
            url="https://shop.example/kettle",
            final_url="https://shop.example/kettle",
            status=200,
            content_type="text/html",
            content_hash=new_id().hex,
            content="",
            snapshot_id=new_id(),
            fetched_at=datetime.now(UTC),
            duration_ms=1,
        )
        async with self.house.pool.acquire() as db:
            await store.apply(db, page.model_copy(update={"content": "KLUv/SAAAQAA"}))
        return page.snapshot_id

    async def erase(self, now: datetime) -> None:
        await self.house.pool.execute(store.ERASE_DUE, now)

    async def shows(self, snapshot: Id) -> bool:
        return await store.snapshot(self.house.pool, self.organization, snapshot) is not None

    async def kept(self) -> int:
        """Snapshots in the database, shown or not."""
        query = "SELECT count(*) FROM scraper.snapshots WHERE organization_id = $1"
        return await self.house.pool.fetchval(query, self.organization)


@pytest.fixture
def pages(house: Any) -> Pages:
    return Pages(house)


async def test_a_deleted_monitor_when_it_may_come_back_then_its_pages_are_hidden_and_erased_when_it_is_time(
    pages: Pages,
):
    snapshot = await pages.fetch()
    await pages.hear(pages.deleted(2))
    assert not await pages.shows(snapshot)
    await pages.erase(NOW + HOUR - timedelta(seconds=1))
    assert await pages.kept() == 1
    await pages.erase(NOW + HOUR)
    assert await pages.kept() == 0
    await pages.fetch()
    assert await pages.kept() == 0, "a fetch that ends now leaves nothing"
    await pages.hear(pages.restored(3))
    await pages.fetch()
    assert await pages.kept() == 0, "what is erased does not come back"


async def test_a_restored_monitor_when_time_is_up_then_its_pages_stay_with_those_that_came_meanwhile(pages: Pages):
    before = await pages.fetch()
    await pages.hear(pages.deleted(2))
    meanwhile = await pages.fetch()
    await pages.hear(pages.restored(3))
    await pages.erase(NOW + 9 * HOUR)
    assert [await pages.shows(each) for each in (before, meanwhile, await pages.fetch())] == [True] * 3
    await pages.hear(pages.deleted(4))
    await pages.erase(NOW + 9 * HOUR)
    assert await pages.kept() == 0


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_deletions_and_restorations_when_they_come_in_any_order_and_twice_then_the_last_one_counts(
    pages: Pages, order: tuple[int, ...]
):
    snapshot = await pages.fetch()
    events = [pages.deleted(2), pages.restored(3), pages.deleted(4)]
    await pages.hear(*(events[n] for n in order), *(events[n] for n in order))
    assert not await pages.shows(snapshot)
    await pages.hear(pages.restored(5), *events)
    assert await pages.shows(snapshot)


async def test_a_deletion_of_before_when_it_names_no_time_then_erases_at_once(pages: Pages):
    await pages.fetch()
    await pages.hear(MonitorDeleted(organization_id=pages.organization, monitor_id=pages.monitor))
    assert await pages.kept() == 0
