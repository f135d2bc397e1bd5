"""The evaluator's handlers on a real database, with pages as the scraper tells of them."""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
import zstandard

from monitors_contracts.base import Event, Id, new_id
from monitors_contracts.monitors import (
    CreateMonitor,
    Evaluation,
    GetEvaluations,
    GetMonitor,
    MonitorRefreshRequested,
    MonitorView,
    RefreshAccepted,
    RefreshItem,
    RequestRefreshes,
    UpdateMonitor,
)
from monitors_contracts.pages import Failure, PageFetched, PageFetchFailed
from monitors_evaluator.handlers import Handlers
from monitors_evaluator.providers.settings import AiSettings

URL = "https://shop.example/kettle"
PAGE = """<html><head><title>Copper kettle</title><script type="application/ld+json">
{{"@context": "https://schema.org", "@type": "Product", "name": "Copper kettle", "offers": {{"@type": "Offer",
"price": "{price:.2f}", "priceCurrency": "USD"}}}}</script></head>
<body><h1>Copper kettle</h1><p>Price: ${price:.2f}</p><p>{note}</p></body></html>"""


class Evaluator:
    """The evaluator for one user, in the words of what happens to a monitor."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.service = house.service("evaluator")
        self.handlers = Handlers(self.service, AiSettings())
        self.organization, self.user = new_id(), new_id()

    async def create(
        self, prompt: str = f"Tell me when the price at {URL} drops below $50", **more: Any
    ) -> MonitorView:
        given: dict[str, Any] = {
            "organization_id": self.organization,
            "monitor_id": new_id(),
            "user_id": self.user,
            "prompt": prompt,
        }
        return await self.handlers.commands.create(CreateMonitor(**given | more))

    async def update(self, monitor: MonitorView, **changes: Any) -> MonitorView:
        return await self.handlers.commands.update(
            UpdateMonitor(organization_id=self.organization, monitor_id=monitor.id, user_id=self.user, **changes)
        )

    async def get(self, monitor: MonitorView) -> MonitorView:
        query = GetMonitor(organization_id=self.organization, monitor_id=monitor.id)
        return (await self.handlers.get_monitor(query)).monitor

    async def ask(self, *items: tuple[Id, Id]) -> RefreshAccepted:
        wanted = [RefreshItem(monitor_id=monitor, refresh_id=refresh) for monitor, refresh in items]
        return await self.handlers.request_refreshes(RequestRefreshes(organization_id=self.organization, items=wanted))

    async def refresh(self, monitor: MonitorView) -> Id:
        refresh = new_id()
        assert (await self.ask((monitor.id, refresh))).accepted == [refresh]
        return refresh

    async def evaluation(self, refresh: Id) -> Evaluation:
        query = GetEvaluations(organization_id=self.organization, refresh_ids=[refresh])
        [found] = (await self.handlers.get_evaluations(query)).evaluations
        return found

    def fetched(self, monitor: MonitorView, refresh: Id, price: float, note: str = "", **changes: Any) -> PageFetched:
        text = PAGE.format(price=price, note=note)
        fields: dict[str, Any] = {
            "organization_id": self.organization,
            "monitor_id": monitor.id,
            "refresh_id": refresh,
            "url": URL,
            "final_url": URL,
            "status": 200,
            "content_type": "text/html",
            "content_hash": hashlib.sha256(text.encode()).hexdigest(),
            "content": base64.b64encode(zstandard.compress(text.encode())).decode(),
            "snapshot_id": new_id(),
            "fetched_at": datetime.now(UTC),
            "duration_ms": 12,
        }
        return PageFetched(**(fields | changes))

    def failed(self, monitor: MonitorView, refresh: Id, failure: Failure = Failure.CAPTCHA) -> PageFetchFailed:
        return PageFetchFailed(
            organization_id=self.organization,
            monitor_id=monitor.id,
            refresh_id=refresh,
            url=URL,
            failure=failure,
            detail="The site asked for proof of being human.",
            failed_at=datetime.now(UTC),
        )

    async def hear(self, *pages: PageFetched | PageFetchFailed) -> list[Event]:
        """Pages arrive as one group; the events that follow."""
        return await self.house.deliver_all(
            self.service, self.handlers.pages_read, *pages, work=self.handlers.read_page
        )

    async def check(self, monitor: MonitorView, price: float, note: str = "") -> tuple[Evaluation, list[Event]]:
        """A refresh, from request to verdict; with a second fetch when one is asked for."""
        refresh = await self.refresh(monitor)
        events = await self.hear(self.fetched(monitor, refresh, price, note))
        if isinstance(events[0], MonitorRefreshRequested):
            events = await self.hear(self.fetched(monitor, refresh, price, note))
        return await self.evaluation(refresh), events


@pytest.fixture
def evaluator(house: Any) -> Evaluator:
    return Evaluator(house)


@pytest.fixture
def other_evaluator(house: Any) -> Evaluator:
    """Somebody else, in another organization."""
    return Evaluator(house)
