"""Alerts under kill -9 and outages, with two alerters and two notifiers, each a process of its own.

A sender tells of alerts that fire and end, each again until it is accepted, while one thing after the other falls over. Every
alert then exists once, each channel was told once that it fires and once that it is over (or once of both), and nothing else.
"""

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import httpx
import pytest
from aiohttp import web

pytestmark = [
    pytest.mark.fault,
    pytest.mark.integration,
    pytest.mark.xdist_group("faults of alerts"),
    pytest.mark.asyncio(loop_scope="module"),
]

SERVICES = ("gateway", "alerter", "alerter", "notifier", "notifier")
SETTINGS = {
    "MONITORS_ALLOW_PRIVATE_ADDRESSES": "true",
    "MONITORS_RETRY_FIRST_WAIT": "0.5",
    "MONITORS_WEBHOOK_TIMEOUT": "300",  # who waited for one that hangs would wait in vain
}
Fault: TypeAlias = Callable[[], Awaitable[None]]
ALIVE = 5.0
"""Seconds until an alert of the storm ends."""


@dataclass
class Hooks:
    """Webhooks of the test's own: one that takes everything, and one that never answers."""

    url: str = ""
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    hanging: int = 0

    async def take(self, request: web.Request) -> web.Response:
        self.heard.append((request.headers["webhook-id"], json.loads(await request.read())["data"]))
        return web.Response()

    async def hang(self, _: web.Request) -> web.Response:
        self.hanging += 1
        await asyncio.Event().wait()
        raise AssertionError

    def told(self) -> dict[str, list[str]]:
        """By the alert's number: as what it was told, each message counted once, by its id, in the order of arrival."""
        found: dict[str, list[str]] = {}
        for data in dict(self.heard).values():
            for each in data.get("alerts", [data]):
                found.setdefault(each["labels"]["number"], []).append(each["state"])
        return found


@asynccontextmanager
async def hooks() -> AsyncGenerator[Hooks]:
    noted, app = Hooks(), web.Application()
    app.router.add_post("/take", noted.take)
    app.router.add_post("/hang", noted.hang)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    noted.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield noted
    finally:
        await runner.cleanup()


@dataclass
class Sender:
    """An account, and another system that tells it alerts."""

    client: httpx.AsyncClient
    posted: int = 0
    unanswered: int = 0

    async def sign_up(self, *urls: str) -> None:
        """With a channel to each of these, beside the account's own."""
        body = {"email": f"someone-{time.time_ns()}@example.com", "password": "Correct1horse", "name": "someone"}
        answer = (await self.client.post("/api/auth/register", json=body)).raise_for_status().json()
        self.client.headers["Authorization"] = f"Bearer {answer['token']}"
        for url in urls:
            (await self.client.post("/api/channels", json={"kind": "webhook", "url": url})).raise_for_status()

    async def tell(self, number: int, began: datetime, ends: datetime) -> None:
        """Again and again until it is accepted."""
        alert = {
            "labels": {"alertname": "Storm", "number": str(number)},
            "startsAt": began.isoformat(),
            "endsAt": ends.isoformat(),
        }
        while True:
            with contextlib.suppress(httpx.HTTPError):
                answer = await self.client.post("/api/v2/alerts", json=[alert])
                if answer.status_code == 200:
                    return
                assert answer.status_code in (401, 500, 503, 504), answer.text
            self.unanswered += 1
            await asyncio.sleep(0.2)

    async def fire_and_end(self, number: int) -> None:
        """One alert, from its beginning to its end."""
        began = datetime.now(UTC)
        await self.tell(number, began, began + timedelta(hours=1))
        await asyncio.sleep(ALIVE)
        await self.tell(number, began, datetime.now(UTC))

    async def storm(self, stop: asyncio.Event) -> None:
        """About two alerts a second until told to stop, and then until the last of them is over."""
        chance = random.Random(11)
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self.posted += 1
                group.create_task(self.fire_and_end(self.posted))
                await asyncio.sleep(chance.uniform(0, 1))

    async def all(self, path: str, key: str) -> list[dict[str, Any]]:
        """Every item of a list."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = (await self.client.get(f"{path}?limit=100{cursor}")).raise_for_status().json()
            items += page[key]
            if not page.get("nextCursor"):
                return items
            cursor = f"&cursor={page['nextCursor']}"


def services_killed(apart: Any) -> dict[str, Fault]:
    alerters, notifiers = apart.services["alerter"], apart.services["notifier"]
    return {
        "an alerter killed": lambda: apart.killed(alerters[0]),
        "a notifier killed": lambda: apart.killed(notifiers[0]),
        "both alerters killed": lambda: apart.killed(*alerters),
        "both notifiers killed": lambda: apart.killed(*notifiers),
        "all four killed": lambda: apart.killed(*alerters, *notifiers),
    }


def servers_away(apart: Any) -> dict[str, Fault]:
    return {
        "NATS stands still": lambda: apart.frozen(apart.nats.child),
        "PostgreSQL stands still": lambda: apart.frozen(apart.postgres.child),
        "NATS killed": lambda: apart.gone(apart.nats.child),
        "PostgreSQL killed": lambda: apart.gone(apart.postgres.child),
    }


@pytest.mark.timeout(900)
@pytest.mark.parametrize("faults_of", [services_killed, servers_away])
async def test_alerts_when_things_fall_over_then_each_exists_once_and_is_told_once_from_beginning_to_end(
    apart: Any, faults_of: Callable[[Any], dict[str, Fault]]
) -> None:
    """Several faults in one storm: nothing else could tell one fault's damage from what the next one heals."""
    chance, stop = random.Random(5), asyncio.Event()
    async with hooks() as heard, httpx.AsyncClient(base_url=apart.api, timeout=15) as client:
        sender = Sender(client)
        await sender.sign_up(f"{heard.url}/take")
        storm = asyncio.create_task(sender.storm(stop))
        for name, fault in faults_of(apart).items():
            await asyncio.sleep(chance.uniform(1, 4))  # anywhere in what is going on
            assert not storm.done(), f"before: {name}"
            await fault()
        stop.set()
        await storm
        numbers = {str(number) for number in range(1, sender.posted + 1)}
        assert len(numbers) > 50, "there is something to lose"

        async def all_over() -> bool:
            told = heard.told()
            return all("resolved" in told.get(number, ()) for number in numbers)

        await apart.until(all_over, "every alert to be told as over")

        async def delivered() -> bool:
            ledger = await sender.all("/api/notifications", "notifications")
            return all(each["state"] not in ("pending", "delayed") for each in ledger)

        await apart.until(delivered, "nothing to wait in the ledger")
        alerts = await sender.all("/api/alerts", "alerts")
        assert Counter(each["labels"]["number"] for each in alerts) == Counter(numbers)
        assert {each["state"] for each in alerts} == {"resolved"}
        wrong = {n: told for n, told in heard.told().items() if told not in (["firing", "resolved"], ["resolved"])}
        assert not wrong
        ledger = await sender.all("/api/notifications", "notifications")
        sent = {each["id"] for each in ledger if each["state"] == "sent" and each["channelKind"] == "webhook"}
        assert sent == {identifier for identifier, _ in heard.heard}, "what was told is what the ledger says"


@pytest.mark.timeout(600)
async def test_alerts_when_one_receiver_never_answers_then_the_others_are_told_at_once(apart: Any) -> None:
    client_of = httpx.AsyncClient(base_url=apart.api, timeout=15)
    async with hooks() as heard, hooks() as dead, client_of as client:
        sender = Sender(client)
        await sender.sign_up(f"{dead.url}/hang", f"{heard.url}/take")
        now = datetime.now(UTC)
        for number in range(200):
            await sender.tell(number, now, now + timedelta(hours=1))

        async def told() -> bool:
            return len(heard.told()) == 200

        await apart.until(told, "the receiver that answers")
        assert dead.hanging, "the other one was tried"
        assert Counter(map(tuple, heard.told().values())) == {("firing",): 200}

        async def written() -> bool:
            ledger = await sender.all("/api/notifications", "notifications")
            webhooks = Counter(each["state"] for each in ledger if each["channelKind"] == "webhook")
            return webhooks == {"sent": 200, "pending": 200}

        await apart.until(written, "the ledger to have what waits for the other one")
