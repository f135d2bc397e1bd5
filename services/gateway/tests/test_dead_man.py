"""A sign of life while the platform works, and none when it does not."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from monitors_contracts.platform import PartState
from monitors_gateway import dead_man
from monitors_gateway.dead_man import DeadMan
from monitors_gateway.domain.system_health import Part, missing
from monitors_gateway.store import system as store
from monitors_gateway.system import System

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]
UP, DOWN = PartState.UP, PartState.DOWN


class Outside:
    """Somebody who counts signs of life."""

    def __init__(self) -> None:
        self.heard = 0
        self.status = 200

    async def hear(self, _: web.Request) -> web.Response:
        self.heard += 1
        return web.Response(status=self.status)


@pytest_asyncio.fixture(loop_scope="session")
async def outside() -> AsyncIterator[SimpleNamespace]:
    somebody, app = Outside(), web.Application()
    app.router.add_get("/ping/uuid", somebody.hear)
    async with TestServer(app) as server, ClientSession() as session:
        yield SimpleNamespace(somebody=somebody, url=str(server.make_url("/ping/uuid")), session=session)


def switch(gateway: SimpleNamespace, outside: SimpleNamespace, system: Any = None) -> DeadMan:
    seen = system or System(gateway.runtime, gateway.service, 15)
    return DeadMan(gateway.runtime, gateway.service, seen, outside.url, 60)


async def test_a_sign_of_life_when_all_is_well_is_sent(gateway: SimpleNamespace, outside: SimpleNamespace) -> None:
    assert await switch(gateway, outside).signal(outside.session) == "sent"
    assert outside.somebody.heard == 1


async def test_a_sign_of_life_when_nobody_takes_it_is_counted_as_that(
    gateway: SimpleNamespace, outside: SimpleNamespace
) -> None:
    outside.somebody.status = 404
    assert await switch(gateway, outside).signal(outside.session) == "refused"
    outside.url = "http://127.0.0.1:1/"
    assert await switch(gateway, outside).signal(outside.session) == "refused"


async def test_a_sign_of_life_when_the_notifier_is_away_is_withheld(
    gateway: SimpleNamespace, outside: SimpleNamespace
) -> None:
    class Seen:
        async def report(self) -> Any:
            return SimpleNamespace(parts=[Part("alerter", UP), Part("notifier", DOWN, "No process of it answers.")])

    assert await switch(gateway, outside, Seen()).signal(outside.session) == "withheld"
    assert outside.somebody.heard == 0


async def test_a_sign_of_life_when_events_stay_in_the_outbox_is_withheld(
    gateway: SimpleNamespace, outside: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def still_there(*_: Any) -> bool:
        return True

    monkeypatch.setattr(store, "is_waiting", still_there)
    monkeypatch.setattr(dead_man, "CARRIED_SECONDS", 0.3)
    assert await switch(gateway, outside).signal(outside.session) == "withheld"
    assert outside.somebody.heard == 0


async def test_what_alerts_do_not_go_through_may_be_away() -> None:
    assert missing([Part("scraper", DOWN, "x"), Part("alerter", PartState.DEGRADED, "busy"), Part("bus", UP)]) == ""
    assert missing([Part("database", DOWN, "slow")]) == "database: slow"
