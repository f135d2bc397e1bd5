"""The event feed, over a real connection."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from monitors_contracts.base import new_id

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]


class Listener:
    """Reads a feed as a browser's EventSource does."""

    def __init__(self, url: str, browser: Any) -> None:
        self._url = url
        self._token = browser.headers["Authorization"]
        self.last_id: str | None = None
        self.ended = False

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncGenerator[AsyncIterator[dict[str, Any]], None]:
        headers = {"Authorization": self._token} | ({"Last-Event-ID": self.last_id} if self.last_id else {})
        async with httpx.AsyncClient(timeout=20) as client, client.stream("GET", self._url, headers=headers) as reply:
            assert reply.status_code == 200
            events = self._events(reply)
            assert await anext(events) == {}  # the opening block: an id, and no data
            yield events

    async def _events(self, reply: httpx.Response) -> AsyncIterator[dict[str, Any]]:
        block: dict[str, str] = {}
        async for line in reply.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                block[name] = value
                continue
            self.last_id = block.get("id", self.last_id)
            if "data" in block:
                event = json.loads(block["data"])
                assert event["type"] == block["event"]
                yield event
            elif "id" in block:
                yield {}
            block = {}
        self.ended = True


async def take(events: AsyncIterator[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(15):
        return [await anext(events) for _ in range(count)]


async def test_own_events_come_as_they_happen_and_nobody_elses(served: str, robin: Any, alex: Any) -> None:
    listener = Listener(f"{served}/api/events", robin)
    async with listener.connected() as events:
        await alex.watch("theirs")
        mine = await robin.watch("triggers")
        await robin.post(f"/api/monitors/{mine}/refresh")
        created, evaluated = await take(events, 2)
    assert created["type"] == "monitors.monitor.created.v1"
    assert created["data"]["monitorId"] == mine
    assert evaluated["type"] == "monitors.monitor.evaluated.v1"
    assert evaluated["data"]["evaluation"]["value"] == 42.0
    assert {"id", "time", "correlationId"} <= set(evaluated)


async def test_resuming_misses_nothing_and_repeats_nothing(served: str, robin: Any, services: Any) -> None:
    listener = Listener(f"{served}/api/events", robin)
    expected: list[str] = []
    seen: list[dict[str, Any]] = []

    async def happen(count: int) -> None:
        for number in range(count):
            if number % 2:
                expected.append(await robin.watch())
            else:
                expected.append(str((await services.alerter.publish_alert(robin.organization_id)).id))

    async with listener.connected() as events:
        await happen(4)
        seen += await take(events, 3)  # the fourth is left unread
    await happen(4)
    async with listener.connected() as events:
        seen += await take(events, 5)
        await happen(2)
        seen += await take(events, 2)
    subjects = [event["data"].get("alertId") or event["data"]["monitorId"] for event in seen]
    assert sorted(subjects) == sorted(expected)
    assert len({event["id"] for event in seen}) == 10


async def test_resuming_before_the_first_event_misses_nothing(served: str, robin: Any) -> None:
    listener = Listener(f"{served}/api/events", robin)
    async with listener.connected():
        pass
    monitor = await robin.watch()
    async with listener.connected() as events:
        (event,) = await take(events, 1)
    assert event["data"]["monitorId"] == monitor


async def test_pages_are_told_of_without_what_is_in_them(served: str, robin: Any, alex: Any, services: Any) -> None:
    listener = Listener(f"{served}/api/events", robin)
    monitor, first, second = new_id(), new_id(), new_id()
    async with listener.connected() as events:
        await services.scraper.publish_page(alex.organization_id, monitor, first)
        await services.scraper.publish_page(robin.organization_id, monitor, first)
        await services.scraper.publish_page(robin.organization_id, monitor, second, failed=True)
        fetched, failed = await take(events, 2)
    assert [fetched["type"], failed["type"]] == ["monitors.page.fetched.v1", "monitors.page.fetch-failed.v1"]
    for event, refresh in ((fetched, first), (failed, second)):
        assert event["data"] == {
            "organizationId": str(robin.organization_id),
            "monitorId": str(monitor),
            "refreshId": str(refresh),
        }
        assert event["correlationId"] == str(refresh)
        assert event["time"]


async def test_resuming_with_an_id_from_before_there_were_pages_goes_on_with_those_from_now_on(
    served: str, robin: Any, services: Any
) -> None:
    listener = Listener(f"{served}/api/events", robin)
    async with listener.connected() as events:
        await services.scraper.publish_page(robin.organization_id, new_id(), new_id())
        await take(events, 1)
    assert listener.last_id
    listener.last_id = listener.last_id.partition(".p")[0]
    alert = await services.alerter.publish_alert(robin.organization_id)
    async with listener.connected() as events:
        refresh = new_id()
        await services.scraper.publish_page(robin.organization_id, new_id(), refresh)
        seen = await take(events, 2)
    assert {event["data"].get("alertId") for event in seen} == {str(alert.id), None}
    assert {event["data"].get("refreshId") for event in seen} == {str(refresh), None}


async def test_when_the_consumer_is_lost_then_the_feed_goes_on(
    served: str, robin: Any, gateway: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitors_runtime.tail.QUIET_SECONDS", 0.5)
    listener = Listener(f"{served}/api/events", robin)
    bus = gateway.runtime.bus
    async with listener.connected() as events:
        first = await robin.watch()
        (event,) = await take(events, 1)
        assert event["data"]["monitorId"] == first
        for info in await bus.consumers_info("MONITORS"):
            if info.name.startswith("tail-"):
                await bus.delete_consumer("MONITORS", info.name)
        second = await robin.watch()
        (event,) = await take(events, 1)
        assert event["data"]["monitorId"] == second


async def test_a_stream_ends_when_its_session_is_revoked(served: str, robin: Any) -> None:
    listener = Listener(f"{served}/api/events", robin)
    async with listener.connected() as events:
        await robin.post("/api/auth/logout")
        async with asyncio.timeout(5):
            with pytest.raises(StopAsyncIteration):
                await anext(events)
    assert listener.ended


async def test_streams_of_a_user_are_bounded(
    served: str, robin: Any, gateway: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway.app.state.gateway.feed, "_per_user", 1)
    async with Listener(f"{served}/api/events", robin).connected():
        refused = await robin.get("/api/events")
        assert (refused.status_code, refused.json()["type"]) == (429, "too-many-streams")
    await asyncio.sleep(0.3)
    async with Listener(f"{served}/api/events", robin).connected():
        pass


@pytest.mark.parametrize("last_event_id", ["nonsense", "m1", "m1.a-2"])
async def test_a_foreign_event_id_is_a_problem(robin: Any, last_event_id: str) -> None:
    reply = await robin.get("/api/events", headers={"Last-Event-ID": last_event_id})
    assert (reply.status_code, reply.json()["type"]) == (400, "invalid-event-id")


async def test_feeds_need_a_token(visitor: Any, open_browser: Callable[..., Any]) -> None:
    assert (await visitor.get("/api/events")).status_code == 401
