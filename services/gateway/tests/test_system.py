"""The health of the platform's parts, asked for, and said once when it changes."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from monitors_contracts.base import new_id
from monitors_contracts.platform import PartState, SystemHealthChanged
from monitors_contracts.topology import SERVICES
from monitors_gateway.domain.system_health import NOBODY, Part
from monitors_gateway.store import system as store

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PASSWORD = "Correct1horse"
UP, DOWN = PartState.UP, PartState.DOWN


async def test_the_gateway_tells_which_parts_are_up(robin: Any, gateway: SimpleNamespace) -> None:
    reply = await robin.get("/api/system/health")
    assert reply.status_code == 200, reply.text
    found = {each["name"]: each for each in reply.json()["parts"]}
    assert set(found) == {*SERVICES, "database", "bus"}
    assert {name for name in SERVICES if found[name]["state"] != "down"} == set(SERVICES)  # stand-ins answer for them


async def test_the_platforms_numbers_are_for_its_operators_alone(
    start_gateway: Callable[..., Any], open_browser: Callable[..., Any], robin: Any
) -> None:
    operated = await start_gateway(operators=[robin.user["id"]])
    async with open_browser(operated.app) as browser:
        signed_in = {"email": robin.user["email"], "password": PASSWORD}
        browser.use((await browser.post("/api/auth/login", json=signed_in)).json())
        status = await browser.get("/api/system/status")
        assert status.status_code == 200, status.text
        assert status.json()["processes"] >= 2
        assert status.json()["databaseSeconds"] > 0
        assert status.json()["deadLetters"] == 0
        assert "Events waiting" in await page_of(browser)
        await browser.sign_up()
        refused = await browser.get("/api/system/status")
        assert (refused.status_code, refused.json()["type"]) == (403, "not-an-operator")
        html = await page_of(browser)
        assert "<strong>Scraper</strong>" in html
        assert "Events waiting" not in html


async def page_of(browser: Any) -> str:
    entered = await browser.post("/console/login", data={"email": browser.user["email"], "password": PASSWORD})
    assert entered.status_code == 303
    return (await browser.get("/console/system")).text


async def test_health_is_for_those_who_signed_in(visitor: Any) -> None:
    for path in ("/api/system/health", "/api/system/status"):
        assert (await visitor.get(path)).status_code == 401


async def test_a_change_is_kept_and_published_once_by_several_gateways(
    gateway: SimpleNamespace, second_gateway: SimpleNamespace
) -> None:
    name = f"part-{new_id().hex[-8:]}"
    down = [Part(name, DOWN, NOBODY)]
    heard: list[SystemHealthChanged] = []

    async def hear(message: Any) -> None:
        event = SystemHealthChanged.model_validate_json(message.data)
        if event.part == name:
            heard.append(event)

    subscription = await gateway.runtime.connection.subscribe("evt.system.health-changed.>", cb=hear)
    systems = [each.app.state.gateway.system for each in (gateway, second_gateway)]
    await asyncio.gather(*(system.tell(down, down) for system in systems * 3))
    await asyncio.gather(*(system.tell(down, [Part(name, UP)]) for system in systems))
    await systems[0].tell([Part(name, UP)], [Part(name, UP)])
    async with asyncio.timeout(20):
        while len(heard) < 2:
            await asyncio.sleep(0.02)
    await subscription.unsubscribe()
    assert [(each.state, each.before) for each in heard] == [(DOWN, None), (UP, DOWN)]
    assert heard[0].reason == NOBODY
    assert (await store.find(gateway.runtime.pool))[name].state is UP


async def test_an_older_change_that_comes_late_changes_nothing(gateway: SimpleNamespace) -> None:
    name = f"part-{new_id().hex[-8:]}"
    pool = gateway.runtime.pool

    def change(state: PartState) -> SystemHealthChanged:
        known: dict[str, Any] = {"organization_id": new_id(), "change_id": new_id(), "part": name, "state": state}
        return SystemHealthChanged.model_validate(known | {"changed_at": "2026-11-20T08:00:00Z"})

    first, second = change(DOWN), change(UP)
    async with pool.acquire() as db:
        for event in (second, first, second):
            await store.apply(db, event)
    assert (await store.find(pool))[name].state is UP


async def test_the_console_shows_the_parts(robin: Any) -> None:
    html = await page_of(robin)
    for name in SERVICES:
        assert f"<strong>{name.capitalize()}</strong>" in html
    assert "yours has none of it" in html
