"""API tokens: what programs sign in with."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest

from monitors_gateway.auth.tokens import token_hash
from monitors_gateway.store import api_tokens, sessions

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]

BY_FORM = {f"/api/v1/{each}" for each in ("query", "query_range", "series", "labels")}
"""Questions that may be too long for an address."""
PERSONAL = ("/api/auth/", "/api/tokens")
PUBLIC = {
    *("/api/auth/register", "/api/auth/login", "/api/auth/refresh", "/api/health", "/api/webhooks/sendgrid"),
    "/api/hooks/{kind}/{key}",
}
NARROW = {"metrics:write", "alerts:write"}
"""Scopes that let in to what is sent, and to nothing else."""


async def make(browser: Any, *scopes: str, **more: Any) -> dict[str, Any]:
    body = {"name": "Collector", "scopes": scopes or ("read", "write")} | more
    reply = await browser.post("/api/tokens", json=body)
    assert reply.status_code == 201, reply.text
    return reply.json()


def program(open_browser: Callable[..., Any], app: Any, token: str) -> Any:
    """A program that has this token."""
    made = open_browser(app)
    made.headers["Authorization"] = f"Bearer {token}"
    return made


async def test_a_token_acts_as_its_user_and_is_kept_only_as_a_hash(
    gateway: SimpleNamespace, robin: Any, open_browser: Callable[..., Any]
) -> None:
    monitor = await robin.watch()
    made = await make(robin)
    async with program(open_browser, gateway.app, made["token"]) as collector:
        listed = (await collector.get("/api/monitors")).json()["monitors"]
        assert [each["id"] for each in listed] == [monitor]
        assert (await collector.put(f"/api/monitors/{monitor}", json={"name": "Renamed"})).status_code == 200
    row = await gateway.runtime.pool.fetchrow("SELECT * FROM gateway.api_tokens WHERE id = $1", made["details"]["id"])
    assert made["token"] not in str(dict(row))
    [shown] = (await robin.get("/api/tokens")).json()["tokens"]
    assert shown["hint"] == "mon_…" + made["token"][-4:]
    assert datetime.fromisoformat(shown["lastUsedAt"]) > datetime.now(UTC) - timedelta(minutes=1)
    audit = (await robin.get("/api/audit")).json()["entries"]
    assert [each["what"] for each in audit] == ["monitor.update", "token.create", "monitor.create", "auth.register"]
    assert audit[0]["data"] == {"apiToken": made["details"]["id"]}


@pytest.mark.parametrize("held", ["read", "write", "metrics:write", "alerts:write"])
async def test_every_route_asks_a_token_for_its_scope(
    gateway: SimpleNamespace, robin: Any, open_browser: Callable[..., Any], held: str
) -> None:
    made = await make(robin, held)
    counted: Counter[str] = Counter()
    async with program(open_browser, gateway.app, made["token"]) as collector:
        for path, operations in gateway.app.openapi()["paths"].items():
            if path in PUBLIC or not path.startswith("/api/") or path == "/api/events":
                continue
            for method in operations:
                filled = path.replace("{id}", made["details"]["id"]).replace("{refreshId}", made["details"]["id"])
                reply = await collector.request(method, filled, json={})
                refusal: Any = reply.json() if reply.status_code == 403 else {"type": "allowed"}
                if (
                    path.startswith("/api/v2/") and reply.status_code == 403
                ):  # a text, as Alertmanager's clients read it
                    refusal = {"type": "insufficient-scope", "detail": refusal}
                kind = refusal["type"]
                counted[kind] += 1
                by_method = "read" if method == "get" or path in BY_FORM else "write"
                if path.startswith(PERSONAL):
                    assert kind == "sign-in-needed", (method, path, reply.text)
                elif kind == "insufficient-scope":
                    assert f"`{held}`" not in refusal["detail"], (method, path, reply.text)
                else:
                    assert held in (by_method, *NARROW), (method, path, reply.text)
                    assert held not in NARROW or method == "post", (method, path, reply.text)
                    assert held != "alerts:write" or path == "/api/v2/alerts", (method, path, reply.text)
    assert counted["sign-in-needed"] >= 10
    assert counted["insufficient-scope"] >= 5


async def test_a_revoked_token_is_refused_at_once_in_every_process(
    gateway: SimpleNamespace, second_gateway: SimpleNamespace, robin: Any, open_browser: Callable[..., Any]
) -> None:
    made = await make(robin)
    here = program(open_browser, gateway.app, made["token"])
    elsewhere = program(open_browser, second_gateway.app, made["token"])
    async with here, elsewhere:
        assert (await here.get("/api/usage")).status_code == 200
        assert (await elsewhere.get("/api/usage")).status_code == 200
        assert (await robin.delete(f"/api/tokens/{made['details']['id']}")).json() == {"success": True}
        assert (await here.get("/api/usage")).status_code == 401
        await asyncio.sleep(0.05)
        assert (await elsewhere.get("/api/usage")).status_code == 401
    assert (await robin.get("/api/tokens")).json()["tokens"] == []


async def test_a_token_ends_when_it_was_to_end(
    gateway: SimpleNamespace, robin: Any, open_browser: Callable[..., Any]
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1.5)
    made = await make(robin, "read", expiresAt=soon.isoformat())
    async with program(open_browser, gateway.app, made["token"]) as collector:
        assert (await collector.get("/api/usage")).status_code == 200
        await asyncio.sleep((soon - datetime.now(UTC)).total_seconds() + 0.05)
        assert (await collector.get("/api/usage")).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": " ", "scopes": ["read"]}, "name"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["everything"]}, "scopes.0"),
        ({"name": "x", "scopes": ["read"], "expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
    ],
)
async def test_a_token_that_makes_no_sense_is_refused_by_field(robin: Any, body: dict[str, Any], field: str) -> None:
    reply = await robin.post("/api/tokens", json=body)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)


async def test_tokens_are_ones_own(robin: Any, alex: Any) -> None:
    made = await make(robin)
    assert (await alex.get("/api/tokens")).json()["tokens"] == []
    reply = await alex.delete(f"/api/tokens/{made['details']['id']}")
    assert (reply.status_code, reply.json()["type"]) == (404, "token-not-found")


async def test_of_tokens_made_at_once_no_more_than_the_limit(
    gateway: SimpleNamespace, robin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitors_gateway.auth.api_tokens.MOST_TOKENS", 2)
    body = {"name": "Collector", "scopes": ["read"]}
    replies = await asyncio.gather(*(robin.post("/api/tokens", json=body) for _ in range(5)))
    assert sorted(reply.status_code for reply in replies) == [201, 201, 409, 409, 409]


async def test_the_event_feed_of_a_token_ends_with_it(served: str, robin: Any) -> None:
    made = await make(robin, "read")
    headers = {"Authorization": f"Bearer {made['token']}"}
    collector = httpx.AsyncClient(base_url=served, headers=headers, timeout=20)
    async with collector, collector.stream("GET", "/api/events") as feed:
        lines = feed.aiter_lines()
        assert "connected" in await anext(lines)
        await robin.delete(f"/api/tokens/{made['details']['id']}")
        async for _ in lines:
            pass


async def test_that_a_token_or_session_is_used_is_written_at_most_once_a_minute(
    gateway: SimpleNamespace, robin: Any
) -> None:
    pool = gateway.runtime.pool
    made = await make(robin, "read")
    session = UUID((await robin.get("/api/auth/me")).json()["sessionId"])
    for table, key, look_up in (
        ("api_tokens", UUID(made["details"]["id"]), lambda: api_tokens.active(pool, token_hash(made["token"]))),
        ("sessions", session, lambda: sessions.active_session(pool, session)),
    ):
        moments: list[datetime] = []
        for ago in (None, timedelta(seconds=50), timedelta(seconds=61)):
            if ago is not None:
                then = datetime.now(UTC) - ago
                await pool.execute(f"UPDATE gateway.{table} SET last_used_at = $2 WHERE id = $1", key, then)
            assert await look_up()
            moments.append(await pool.fetchval(f"SELECT last_used_at FROM gateway.{table} WHERE id = $1", key))
        away = [datetime.now(UTC) - moment for moment in moments]
        assert away[0] < timedelta(seconds=20)
        assert away[1] > timedelta(seconds=49)
        assert away[2] < timedelta(seconds=20)


async def test_a_token_is_found_by_the_index_of_its_hash(gateway: SimpleNamespace, robin: Any) -> None:
    await make(robin)
    async with gateway.runtime.pool.acquire() as db, db.transaction():
        await db.execute("SET LOCAL enable_seqscan = off")
        rows = await db.fetch("EXPLAIN SELECT id FROM gateway.api_tokens WHERE hash = $1", b"x")
    assert "api_tokens_hash_key" in "\n".join(row[0] for row in rows)
