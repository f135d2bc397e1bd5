"""A heartbeat is changed, and its address made anew: the one before is refused everywhere, and others' stay good."""

from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from monitors_contracts.base import new_id
from monitors_contracts.platform import PingKeyRotated
from monitors_gateway.store import ping_keys as store

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def elsewhere(second_gateway: SimpleNamespace, open_browser: Callable[..., Any]) -> AsyncIterator[Any]:
    """A visitor of another gateway process."""
    async with open_browser(second_gateway.app) as browser:
        yield browser


async def add(browser: Any) -> dict[str, Any]:
    reply = await browser.post("/api/heartbeats", json={"name": "Backup", "period": "1h"})
    assert reply.status_code == 201, reply.text
    return reply.json()["heartbeat"]


def path_of(heartbeat: dict[str, Any]) -> str:
    return "/ping/" + heartbeat["pingUrl"].partition("/ping/")[2]


async def test_a_rotated_address_is_refused_at_once_by_every_gateway(
    robin: Any, alex: Any, visitor: Any, elsewhere: Any
) -> None:
    heartbeat, other = await add(robin), await add(robin)
    old = path_of(heartbeat)
    for browser in (visitor, elsewhere):
        assert (await browser.get(old)).text == "OK"
    strange = await alex.post(f"/api/heartbeats/{heartbeat['id']}/rotate-key")
    assert strange.status_code == 404
    assert (await visitor.get(old)).text == "OK"
    reply = await robin.post(f"/api/heartbeats/{heartbeat['id']}/rotate-key")
    assert reply.status_code == 200, reply.text
    new = path_of(reply.json()["heartbeat"])
    assert new != old
    for browser in (visitor, elsewhere):
        for suffix in ("", "/start", "/fail", "/3"):
            refused = await browser.post(old + suffix)
            assert (refused.status_code, refused.json()["type"]) == (404, "heartbeat-not-found")
        assert (await browser.get(new)).text == "OK"
        assert (await browser.get(path_of(other))).text == "OK"
    listed = (await robin.get("/api/heartbeats")).json()["heartbeats"]
    assert {path_of(each) for each in listed} == {new, path_of(other)}
    again = path_of((await robin.post(f"/api/heartbeats/{heartbeat['id']}/rotate-key")).json()["heartbeat"])
    assert [(await visitor.get(each)).status_code for each in (old, new, again)] == [404, 404, 200]
    audit = (await robin.get("/api/audit")).json()["entries"]
    assert [each["target"] for each in audit if each["what"] == "heartbeat.rotate-key"] == [heartbeat["id"]] * 2


async def test_a_ping_while_the_database_is_away_is_believed_by_its_signature(
    robin: Any, visitor: Any, gateway: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    heartbeat = await add(robin)

    async def away(_: bytes) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(gateway.app.state.gateway.ping_keys._good, "find", away)
    assert (await visitor.get(path_of(heartbeat))).text == "OK"
    assert (await visitor.get(path_of(heartbeat)[:-4] + "AAAA")).status_code == 404


async def test_a_rotation_that_comes_late_or_of_another_changes_nothing(robin: Any, gateway: SimpleNamespace) -> None:
    heartbeat, whose = new_id(), robin.organization_id

    def rotated(generation: int, organization: Any = whose) -> PingKeyRotated:
        return PingKeyRotated.model_validate(
            {
                "organization_id": organization,
                "heartbeat_id": heartbeat,
                "user_id": whose,
                "generation": generation,
                "rotated_at": "2026-11-21T08:00:00Z",
            }
        )

    pool = gateway.runtime.pool
    async with pool.acquire() as db:
        for event in (rotated(2), rotated(1), rotated(2)):
            await store.apply(db, event)
        assert await store.generations(db, whose, [heartbeat]) == {heartbeat: 2}
        assert await store.generations(db, new_id(), [heartbeat]) == {}


async def test_the_page_gives_a_new_address(robin: Any, visitor: Any) -> None:
    entered = await robin.post("/console/login", data={"email": robin.user["email"], "password": "Correct1horse"})
    assert entered.status_code == 303
    heartbeat = await add(robin)
    page = (await robin.get("/console/heartbeats", headers={"accept": "text/html"})).text
    token = page.partition('<meta name="csrf" content="')[2].partition('"')[0]
    sent = await robin.post(
        f"/console/heartbeats/{heartbeat['id']}/rotate-key",
        data={"csrf": token},
        headers={"referer": "http://test/console/heartbeats"},
    )
    assert sent.status_code == 303, sent.text
    shown = (await robin.get("/console/heartbeats", headers={"accept": "text/html"})).text
    assert path_of(heartbeat) not in shown
    assert "has a new address" in shown
    assert (await visitor.get(path_of(heartbeat))).status_code == 404


async def test_what_only_the_rule_of_a_heartbeat_says_stays_when_it_is_changed(robin: Any) -> None:
    heartbeat = await add(robin)
    rule, path = f"/api/rules/{heartbeat['id']}", f"/api/heartbeats/{heartbeat['id']}"
    texts = {"annotations": {"summary": "No backup"}, "group": "Night"}
    assert (await robin.patch(rule, json=texts)).status_code == 200
    changed = await robin.put(path, json={"name": "Backup", "period": "2h"})
    assert changed.status_code == 200, changed.text
    spec = (await robin.get(rule)).json()["rule"]["spec"]
    assert (spec["period"], spec["annotations"], spec["group"]) == (7200, texts["annotations"], "Night")
