"""One's own account: profile, password, sessions, audit, and leaving."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from monitors_contracts.envelope import decode
from monitors_contracts.platform import OrganizationDeleted, UserUpdated

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]

PASSWORD = "Correct1horse"
OTHER = "Correct2horses"


async def events(gateway: SimpleNamespace, browser: Any, kind: type[Any]) -> list[Any]:
    """What was published of this kind for this user's organization."""
    rows = await gateway.runtime.pool.fetch(
        "SELECT headers, data FROM runtime.outbox WHERE subject LIKE $1 ORDER BY position",
        f"evt.{kind.aggregate}.{kind.action}.{browser.organization_id}.%",
    )
    return [decode(row["headers"], row["data"], {kind.type_name(): kind}).event for row in rows]


async def another(browser: Any, open_browser: Callable[..., Any], app: Any) -> Any:
    """The same user in another browser."""
    second = open_browser(app)
    reply = await second.post("/api/auth/login", json={"email": browser.user["email"], "password": PASSWORD})
    return second.use(reply.json())


# -- profile -----------------------------------------------------------------------------------------------------------


async def test_a_new_name_is_seen_at_once_and_told(gateway: SimpleNamespace, robin: Any) -> None:
    assert (await robin.get("/api/auth/me")).json()["user"]["name"] == "Robin"
    reply = await robin.patch("/api/auth/me", json={"name": " Robin B. "})
    assert (reply.status_code, reply.json()["user"]["name"]) == (200, "Robin B.")
    assert (await robin.get("/api/auth/me")).json()["user"]["name"] == "Robin B."
    [event] = await events(gateway, robin, UserUpdated)
    assert (event.name, event.email, event.previous_email) == ("Robin B.", robin.user["email"], robin.user["email"])


async def test_nothing_new_tells_nobody(gateway: SimpleNamespace, robin: Any) -> None:
    assert (await robin.patch("/api/auth/me", json={"name": "Robin"})).status_code == 200
    assert await events(gateway, robin, UserUpdated) == []


async def test_a_new_address_needs_the_password_and_then_signs_in(
    gateway: SimpleNamespace, robin: Any, visitor: Any
) -> None:
    old, new = robin.user["email"], f"new-{robin.user['email']}"
    reply = await robin.patch("/api/auth/me", json={"email": new})
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "currentPassword")
    reply = await robin.patch("/api/auth/me", json={"email": new, "currentPassword": "Wrong1horse"})
    assert (reply.status_code, reply.json()["type"]) == (403, "wrong-password")
    reply = await robin.patch("/api/auth/me", json={"email": new.upper(), "currentPassword": PASSWORD})
    assert (reply.status_code, reply.json()["user"]["email"]) == (200, new)
    [event] = await events(gateway, robin, UserUpdated)
    assert (event.email, event.previous_email) == (new, old)
    assert (await visitor.post("/api/auth/login", json={"email": new, "password": PASSWORD})).status_code == 200
    assert (await visitor.post("/api/auth/login", json={"email": old, "password": PASSWORD})).status_code == 401


async def test_an_address_somebody_has_is_refused(robin: Any, alex: Any) -> None:
    reply = await robin.patch("/api/auth/me", json={"email": alex.user["email"], "currentPassword": PASSWORD})
    assert (reply.status_code, reply.json()["type"]) == (409, "email-taken")
    assert (await robin.get("/api/auth/me")).json()["user"]["email"] == robin.user["email"]


async def test_guesses_at_the_current_password_are_throttled(robin: Any) -> None:
    body = {"currentPassword": "Wrong1horse", "newPassword": OTHER}
    for _ in range(5):
        assert (await robin.post("/api/auth/password", json=body)).status_code == 403
    reply = await robin.post("/api/auth/password", json=body | {"currentPassword": PASSWORD})
    assert (reply.status_code, reply.json()["type"]) == (429, "too-many-attempts")


# -- password and sessions ---------------------------------------------------------------------------------------------


async def test_a_new_password_ends_every_other_session(
    gateway: SimpleNamespace, second_gateway: SimpleNamespace, robin: Any, open_browser: Callable[..., Any]
) -> None:
    elsewhere = await another(robin, open_browser, second_gateway.app)
    assert (await elsewhere.get("/api/auth/me")).status_code == 200
    weak = await robin.post("/api/auth/password", json={"currentPassword": PASSWORD, "newPassword": "weak"})
    assert (weak.status_code, weak.json()["errors"][0]["field"]) == (422, "newPassword")
    body = {"currentPassword": PASSWORD, "newPassword": OTHER}
    assert (await robin.post("/api/auth/password", json=body)).json() == {"success": True, "ended": 1}
    await asyncio.sleep(0.05)
    assert (await elsewhere.get("/api/auth/me")).status_code == 401
    assert (await robin.get("/api/auth/me")).status_code == 200
    for password, status in ((PASSWORD, 401), (OTHER, 200)):
        reply = await elsewhere.post("/api/auth/login", json={"email": robin.user["email"], "password": password})
        assert reply.status_code == status


async def test_sessions_are_listed_with_the_one_in_use_marked(
    gateway: SimpleNamespace, robin: Any, open_browser: Callable[..., Any]
) -> None:
    robin.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"
    firefox = await another(robin, open_browser, gateway.app)
    firefox.headers["User-Agent"] = robin.headers["User-Agent"]
    reply = await firefox.post("/api/auth/login", json={"email": robin.user["email"], "password": PASSWORD})
    firefox.use(reply.json())
    shown = (await firefox.get("/api/auth/sessions")).json()["sessions"]
    assert [each["current"] for each in shown] == [True, False, False]
    assert (shown[0]["client"], shown[0]["address"]) == ("Firefox on Linux", "127.0.0.1")
    assert shown[1]["client"] == "A Python program"


async def test_one_session_is_ended_by_another_in_every_process(
    gateway: SimpleNamespace, second_gateway: SimpleNamespace, robin: Any, open_browser: Callable[..., Any]
) -> None:
    elsewhere = await another(robin, open_browser, second_gateway.app)
    shown = (await robin.get("/api/auth/sessions")).json()["sessions"]
    [other] = [each for each in shown if not each["current"]]
    assert (await robin.delete(f"/api/auth/sessions/{other['id']}")).status_code == 200
    await asyncio.sleep(0.05)
    assert (await elsewhere.get("/api/auth/me")).status_code == 401
    assert (await robin.delete(f"/api/auth/sessions/{other['id']}")).status_code == 404
    assert len((await robin.get("/api/auth/sessions")).json()["sessions"]) == 1


async def test_all_other_sessions_are_ended_and_nobody_elses(
    gateway: SimpleNamespace, robin: Any, alex: Any, open_browser: Callable[..., Any]
) -> None:
    others = [await another(robin, open_browser, gateway.app) for _ in range(2)]
    assert (await robin.delete("/api/auth/sessions")).json() == {"success": True, "ended": 2}
    for browser, status in ((others[0], 401), (others[1], 401), (robin, 200), (alex, 200)):
        assert (await browser.get("/api/auth/me")).status_code == status


# -- audit -------------------------------------------------------------------------------------------------------------


async def test_the_audit_log_is_paged_and_ones_own(robin: Any, alex: Any) -> None:
    for name in ("One", "Two", "Three"):
        await robin.patch("/api/auth/me", json={"name": name})
    first = (await robin.get("/api/audit", params={"limit": 3})).json()
    rest = (await robin.get("/api/audit", params={"limit": 3, "cursor": first["nextCursor"]})).json()
    words = [each["what"] for each in first["entries"] + rest["entries"]]
    assert words == ["account.update"] * 3 + ["auth.register"]
    assert rest["nextCursor"] is None
    assert [each["what"] for each in (await alex.get("/api/audit")).json()["entries"]] == ["auth.register"]


# -- leaving -----------------------------------------------------------------------------------------------------------


async def leave(browser: Any, **body: Any) -> Any:
    return await browser.request("DELETE", "/api/auth/me", json={"password": PASSWORD, "confirm": "delete"} | body)


@pytest.mark.parametrize(
    ("body", "status"), [({"password": "Wrong1horse"}, 403), ({"confirm": "yes"}, 422), ({"confirm": None}, 422)]
)
async def test_an_account_is_deleted_only_when_it_is_meant(robin: Any, body: dict[str, Any], status: int) -> None:
    assert (await leave(robin, **body)).status_code == status
    assert (await robin.get("/api/auth/me")).status_code == 200


async def test_a_deleted_account_is_gone_at_once_and_everyone_is_told(
    gateway: SimpleNamespace, second_gateway: SimpleNamespace, robin: Any, alex: Any, open_browser: Callable[..., Any]
) -> None:
    monitor = await robin.watch()
    await robin.post(f"/api/monitors/{monitor}/refresh", params={"wait": 0})
    token = (await robin.post("/api/tokens", json={"name": "x", "scopes": ["read"]})).json()["token"]
    program, elsewhere = open_browser(second_gateway.app), await another(robin, open_browser, second_gateway.app)
    program.headers["Authorization"] = f"Bearer {token}"
    assert (await program.get("/api/usage")).status_code == 200
    assert (await elsewhere.get("/api/usage")).status_code == 200
    assert (await leave(robin)).status_code == 200
    await asyncio.sleep(0.05)
    for browser in (robin, program, elsewhere):
        assert (await browser.get("/api/usage")).status_code == 401
    reply = await robin.post("/api/auth/refresh", json={"refreshToken": robin.refresh_token})
    assert reply.status_code == 401
    reply = await robin.post("/api/auth/login", json={"email": robin.user["email"], "password": PASSWORD})
    assert reply.status_code == 401
    [event] = await events(gateway, robin, OrganizationDeleted)
    assert str(event.user_id) == robin.user["id"]
    assert await left(gateway, robin) == {"gateway.audit_log": 5}
    assert (await alex.get("/api/auth/me")).status_code == 200


async def test_after_leaving_the_address_can_sign_up_anew_and_sees_nothing_of_before(robin: Any, visitor: Any) -> None:
    await robin.watch()
    await leave(robin)
    body = {"email": robin.user["email"], "password": PASSWORD, "name": "Robin"}
    reply = await visitor.post("/api/auth/register", json=body)
    assert reply.status_code == 201
    visitor.use(reply.json())
    assert visitor.organization_id != robin.organization_id
    assert (await visitor.get("/api/monitors")).json()["monitors"] == []


async def left(gateway: SimpleNamespace, browser: Any) -> dict[str, int]:
    """Rows of the gateway that still name the user or the organization, by table."""
    pool, found = gateway.runtime.pool, dict[str, int]()
    columns = await pool.fetch(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'gateway' AND column_name IN ('user_id', 'organization_id')"
    )
    owners = [("users", "id", browser.user["id"]), ("organizations", "id", browser.user["organizationId"])]
    ids = {"user_id": browser.user["id"], "organization_id": browser.user["organizationId"]}
    owners += [(row["table_name"], row["column_name"], ids[row["column_name"]]) for row in columns]
    for table, column, value in owners:
        count = await pool.fetchval(f'SELECT count(*) FROM gateway."{table}" WHERE {column} = $1', value)
        if count:
            found[f"gateway.{table}"] = count
    return found
