"""Signing up, in and out."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from monitors_gateway.app import build
from monitors_gateway.auth import counting
from monitors_gateway.settings import GatewaySettings
from monitors_runtime.runtime import Runtime
from monitors_runtime.settings import RuntimeSettings

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]

PASSWORD = "Correct1horse"


async def test_register_answers_user_and_token_that_work(visitor: Any) -> None:
    body = {"email": "New.User@Example.com", "password": PASSWORD, "name": "  Robin "}
    reply = await visitor.post("/api/auth/register", json=body)
    assert reply.status_code == 201
    answer = reply.json()
    assert answer["success"] is True
    assert answer["user"]["email"] == "new.user@example.com"
    assert answer["user"]["name"] == "Robin"
    me = await visitor.get("/api/auth/me", headers={"Authorization": f"Bearer {answer['token']}"})
    assert me.json()["user"]["id"] == answer["user"]["id"]


async def test_register_publishes_user_registered(gateway: SimpleNamespace, robin: Any) -> None:
    subject = f"evt.user.registered.{robin.organization_id}.>"
    subscription = await gateway.runtime.bus.pull_subscribe(subject, stream="PLATFORM")
    (message,) = await subscription.fetch(1, timeout=5)
    assert robin.user["email"].encode() in message.data
    await subscription.unsubscribe()


async def test_register_when_email_is_taken_then_conflict(robin: Any) -> None:
    body = {"email": robin.user["email"].upper(), "password": PASSWORD, "name": "Other"}
    reply = await robin.post("/api/auth/register", json=body)
    assert (reply.status_code, reply.json()["type"]) == (409, "email-taken")


@pytest.mark.parametrize("password", ["short1A", "alllowercase1", "ALLUPPERCASE1", "NoDigitsHere"])
async def test_register_when_password_is_weak_then_says_so_and_does_not_echo_it(visitor: Any, password: str) -> None:
    body = {"email": "weak@example.com", "password": password, "name": "Robin"}
    reply = await visitor.post("/api/auth/register", json=body)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["field"] == "password"
    assert password not in reply.text


async def test_login_with_right_and_wrong_password(robin: Any, visitor: Any) -> None:
    right = await visitor.post("/api/auth/login", json={"email": robin.user["email"], "password": PASSWORD})
    assert right.status_code == 200
    assert right.json()["user"]["isBetaUser"] is False
    wrong = await visitor.post("/api/auth/login", json={"email": robin.user["email"], "password": "Wrong1horse"})
    unknown = await visitor.post("/api/auth/login", json={"email": "nobody@example.com", "password": "Wrong1horse"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


async def test_login_when_often_wrong_then_429_even_for_the_right_password(robin: Any, visitor: Any) -> None:
    for _ in range(5):
        reply = await visitor.post("/api/auth/login", json={"email": robin.user["email"], "password": "Wrong1horse"})
        assert reply.status_code == 401
    reply = await visitor.post("/api/auth/login", json={"email": robin.user["email"], "password": PASSWORD})
    assert (reply.status_code, reply.json()["type"]) == (429, "too-many-attempts")
    assert 1 <= int(reply.headers["Retry-After"]) <= 2
    await asyncio.sleep(2.1)
    reply = await visitor.post("/api/auth/login", json={"email": robin.user["email"], "password": PASSWORD})
    assert reply.status_code == 200


async def test_login_when_guesses_come_at_once_then_few_pass_the_throttle(robin: Any, visitor: Any) -> None:
    body = {"email": robin.user["email"], "password": "Wrong1horse"}
    replies = await asyncio.gather(*(visitor.post("/api/auth/login", json=body) for _ in range(30)))
    assert sum(reply.status_code == 401 for reply in replies) <= 8


async def test_logout_ends_the_session_at_once_in_every_process(
    robin: Any, second_gateway: SimpleNamespace, open_browser: Callable[..., Any]
) -> None:
    async with open_browser(second_gateway.app) as elsewhere:
        elsewhere.headers["Authorization"] = robin.headers["Authorization"]
        assert (await elsewhere.get("/api/auth/me")).status_code == 200
        assert (await robin.get("/api/auth/me")).status_code == 200
        assert (await robin.post("/api/auth/logout")).json() == {"success": True}
        await asyncio.sleep(0.05)
        assert (await elsewhere.get("/api/auth/me")).status_code == 401
        assert (await robin.get("/api/auth/me")).status_code == 401
    reply = await robin.post("/api/auth/refresh", json={"refreshToken": robin.refresh_token})
    assert reply.status_code == 401


async def test_refresh_rotates_and_reuse_ends_the_session(robin: Any) -> None:
    first = robin.refresh_token
    reply = await robin.post("/api/auth/refresh", json={"refreshToken": first})
    assert reply.status_code == 200
    robin.use(reply.json())
    assert (await robin.get("/api/auth/me")).status_code == 200
    again = await robin.post("/api/auth/refresh", json={"refreshToken": first})
    assert (again.status_code, again.json()["type"]) == (401, "invalid-refresh-token")
    assert (await robin.get("/api/auth/me")).status_code == 401
    latest = await robin.post("/api/auth/refresh", json={"refreshToken": robin.refresh_token})
    assert latest.status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic dXNlcjpwYXNz", "Bearer a.b.c"])
async def test_any_route_without_a_good_token_is_401_with_a_challenge(visitor: Any, header: str) -> None:
    reply = await visitor.get("/api/monitors", headers={"Authorization": header} if header else {})
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    assert reply.headers["Content-Type"] == "application/problem+json"


async def test_token_signed_with_no_algorithm_is_refused(robin: Any) -> None:
    _, payload, _ = robin.headers["Authorization"].split(" ")[1].split(".")
    forged = f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}."
    reply = await robin.get("/api/auth/me", headers={"Authorization": f"Bearer {forged}"})
    assert reply.status_code == 401


@pytest.mark.parametrize("secret", [None, SecretStr("too short")])
async def test_build_refuses_a_missing_or_short_secret(secret: SecretStr | None) -> None:
    with pytest.raises(ValueError, match="MONITORS_SECRET_KEY"):
        build(Runtime(RuntimeSettings(secret_key=secret)), GatewaySettings())


async def test_logins_and_changes_are_in_the_audit_log(gateway: SimpleNamespace, robin: Any) -> None:
    await robin.watch()
    rows = await gateway.runtime.pool.fetch(
        "SELECT what, ip FROM gateway.audit_log WHERE organization_id = $1 ORDER BY id", robin.organization_id
    )
    assert [row["what"] for row in rows] == ["auth.register", "monitor.create"]
    assert rows[0]["ip"] == "127.0.0.1"


async def test_registrations_are_limited_by_address_but_not_on_this_machine(
    start_gateway: Callable[..., Any], open_browser: Callable[..., Any]
) -> None:
    strict = await start_gateway(registrations_per_hour_per_address=1)
    async with open_browser(strict.app, "203.0.113.77") as outside, open_browser(strict.app) as inside:
        await outside.sign_up()
        body = {"email": "late@example.com", "password": PASSWORD, "name": "Robin"}
        refused = await outside.post("/api/auth/register", json=body)
        assert (refused.status_code, refused.json()["type"]) == (429, "too-many-registrations")
        assert 3500 <= int(refused.headers["Retry-After"]) <= 3600
        await inside.sign_up()
        await inside.sign_up()


async def test_sessions_are_counted_until_they_end(gateway: SimpleNamespace, open_browser: Callable[..., Any]) -> None:
    async def counted() -> list[float | None]:
        await counting.count(gateway.runtime.pool, datetime.now(UTC))
        return [REGISTRY.get_sample_value("monitors_sessions", {"which": which}) for which in ("open", "used")]

    async with open_browser(gateway.app) as browser:
        before = await counted()
        await browser.sign_up()
        await browser.get("/api/auth/me")
        assert await counted() == [(each or 0) + 1 for each in before]
        await browser.post("/api/auth/logout")
        assert await counted() == before
