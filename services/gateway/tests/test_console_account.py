"""The account's pages over HTTP: every form does what the API does, says what is wrong, and works without JavaScript."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from monitors_contracts.base import new_id

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PASSWORD = "Correct1horse"
OTHER = "Correct2horses"


class Person:
    """Somebody at the console's forms."""

    def __init__(self, browser: Any, email: str) -> None:
        self.browser = browser
        self.email = email

    async def see(self, path: str, status: int = 200) -> str:
        """A page, as HTML."""
        reply = await self.browser.get(f"/console{path}", headers={"accept": "text/html"})
        assert reply.status_code == status, reply.text[:2000]
        return reply.text

    async def send(self, path: str, page: str = "/account", **fields: Any) -> Any:
        """A form of a page, with that page's token."""
        token = re.search(r'<meta name="csrf" content="([^"]+)">', await self.see(page))
        assert token
        return await self.browser.post(
            f"/console{path}", data=fields | {"csrf": token[1]}, headers={"referer": f"http://test/console{page}"}
        )


async def enter(browser: Any, email: str, path: str = "/console/login") -> Person:
    form = {"name": "Robin", "email": email, "password": PASSWORD}
    reply = await browser.post(path, data=form)
    assert reply.status_code == 303, reply.text[:2000]
    return Person(browser, email)


@pytest_asyncio.fixture(loop_scope="session")
async def person(visitor: Any) -> Person:
    """Signed up through the form."""
    return await enter(visitor, f"account-{new_id().hex}@example.com", "/console/signup")


@pytest_asyncio.fixture(loop_scope="session")
async def elsewhere(person: Person, gateway: SimpleNamespace, open_browser: Callable[..., Any]) -> Any:
    """The same person in another browser."""
    async with open_browser(gateway.app) as browser:
        yield await enter(browser, person.email)


async def test_every_page_of_the_account_needs_a_sign_in_and_leads_back(visitor: Any) -> None:
    for path in ("", "/sessions", "/tokens", "/usage", "/data", "/export"):
        reply = await visitor.get(f"/console/account{path}")
        assert reply.status_code == 303
        assert reply.headers["location"] == f"/console/login?next=%2Fconsole%2Faccount{path.replace('/', '%2F')}"


async def test_no_page_of_the_account_has_scripts_styles_or_handlers_within(person: Person) -> None:
    for path in ("", "/sessions", "/tokens", "/usage", "/data"):
        html = await person.see(f"/account{path}")
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=", html)


# -- profile -----------------------------------------------------------------------------------------------------------


async def test_a_name_is_saved_and_shown_as_text(person: Person) -> None:
    reply = await person.send("/account/name", name="<b>Robin</b>")
    assert reply.headers["location"] == "/console/account"
    html = await person.see("/account")
    assert "&lt;b&gt;Robin&lt;/b&gt;" in html
    assert "<b>Robin" not in html
    assert "Your name is saved." in html


async def test_an_empty_name_is_refused_at_its_field(person: Person) -> None:
    reply = await person.send("/account/name", name="  ")
    assert reply.status_code == 422
    assert reply.text.count('aria-invalid="true"') == 1


async def test_an_address_is_changed_with_the_password_alone(person: Person, visitor: Any) -> None:
    new = f"moved-{new_id().hex}@example.com"
    refused = await person.send("/account/email", email=new, current_password="Wrong1horse")
    assert refused.status_code == 403
    assert new in refused.text
    assert "not your current password" in refused.text
    saved = await person.send("/account/email", email=new, current_password=PASSWORD)
    assert saved.status_code == 303
    assert f"You sign in as {new}" in await person.see("/account")


async def test_an_address_somebody_has_is_refused_at_its_field(person: Person, robin: Any) -> None:
    reply = await person.send("/account/email", email=robin.user["email"], current_password=PASSWORD)
    assert reply.status_code == 409
    assert "Another account has this address." in reply.text


async def test_a_new_password_signs_out_elsewhere(person: Person, elsewhere: Person) -> None:
    weak = await person.send("/account/password", current_password=PASSWORD, new_password="weak")
    assert weak.status_code == 422
    assert "at least 8 characters" in weak.text
    assert PASSWORD not in weak.text
    saved = await person.send("/account/password", current_password=PASSWORD, new_password=OTHER)
    assert saved.status_code == 303
    assert "Other sessions ended: 1." in await person.see("/account")
    away = await elsewhere.browser.get("/console/account")
    assert away.headers["location"] == "/console/login?because=ended&next=%2Fconsole%2Faccount"
    assert "You were signed out" in (await elsewhere.browser.get(away.headers["location"])).text


async def test_many_wrong_passwords_have_to_wait_and_are_told_until_when(person: Person) -> None:
    for _ in range(5):
        reply = await person.send("/account/password", current_password="Wrong1horse", new_password=OTHER)
        assert reply.status_code == 403
    reply = await person.send("/account/password", current_password=PASSWORD, new_password=OTHER)
    assert reply.status_code == 429
    assert "Too many failed sign-ins. The next try is allowed at" in reply.text


# -- sessions ----------------------------------------------------------------------------------------------------------


async def test_a_session_is_signed_out_from_another(person: Person, elsewhere: Person) -> None:
    html = await person.see("/account/sessions")
    assert html.count("This browser") == 1
    [path] = re.findall(r'action="/console(/account/sessions/[^"]+/end)"', html)
    assert (await person.send(path, "/account/sessions")).headers["location"] == "/console/account/sessions"
    assert (await elsewhere.browser.get("/console/account")).status_code == 303
    assert "/end" not in await person.see("/account/sessions")


async def test_everything_else_is_signed_out_at_once(person: Person, elsewhere: Person) -> None:
    await person.send("/account/sessions/end-others", "/account/sessions")
    assert (await elsewhere.browser.get("/console/account")).status_code == 303
    assert "All other sessions were ended" in await person.see("/account/sessions")


async def test_somebody_elses_session_is_not_there(person: Person, robin: Any) -> None:
    [session] = (await robin.get("/api/auth/sessions")).json()["sessions"]
    await person.send(f"/account/sessions/{session['id']}/end", "/account/sessions")
    assert (await robin.get("/api/auth/me")).status_code == 200


# -- tokens ------------------------------------------------------------------------------------------------------------


async def test_a_token_is_shown_once_works_and_is_revoked(
    person: Person, gateway: SimpleNamespace, open_browser: Callable[..., Any]
) -> None:
    reply = await person.send("/account/tokens", name="<i>Collector</i>", scopes=["read"], days="30")
    assert reply.status_code == 201
    assert "&lt;i&gt;Collector&lt;/i&gt;" in reply.text
    token = re.search(r'id="token">(mon_[0-9A-Za-z]{36})<', reply.text)
    assert token
    html = await person.see("/account/tokens")
    assert token[1] not in html
    async with open_browser(gateway.app) as program:
        program.headers["Authorization"] = f"Bearer {token[1]}"
        assert (await program.get("/api/monitors")).status_code == 200
        assert (await program.post("/api/interpret", json={"prompt": "x" * 20})).status_code == 403
        [path] = re.findall(r'action="/console(/account/tokens/[^"]+/revoke)"', html)
        await person.send(path, "/account/tokens")
        assert (await program.get("/api/monitors")).status_code == 401
    assert "No API tokens yet" in await person.see("/account/tokens")


async def test_a_token_serves_as_long_as_was_chosen(person: Person, gateway: SimpleNamespace) -> None:
    await person.send("/account/tokens", name="Month", scopes=["read", "write"], days="30")
    await person.send("/account/tokens", name="For ever", scopes=["read"], days="")
    rows = await gateway.runtime.pool.fetch(
        "SELECT t.name, t.scopes, t.expires_at FROM gateway.api_tokens t JOIN gateway.users u ON u.id = t.user_id "
        "WHERE u.email = $1 ORDER BY t.id",
        person.email,
    )
    assert [row["scopes"] for row in rows] == [["read", "write"], ["read"]]
    assert abs(rows[0]["expires_at"] - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=1)
    assert rows[1]["expires_at"] is None


async def test_a_token_that_may_nothing_is_refused_and_keeps_what_was_typed(person: Person) -> None:
    reply = await person.send("/account/tokens", name="Collector", days="365")
    assert reply.status_code == 422
    assert "Choose at least one." in reply.text
    assert 'value="Collector"' in reply.text
    assert '<option value="365" selected>' in reply.text


# -- usage and data ----------------------------------------------------------------------------------------------------


async def test_usage_shows_limits_and_when_the_day_begins_anew(person: Person) -> None:
    html = await person.see("/account/usage")
    assert "0 of 10" in html
    assert "0 of 50" in html
    assert "Starts anew" in html


async def test_the_export_is_a_zip_of_ones_own(person: Person) -> None:
    reply = await person.browser.get("/console/account/export")
    assert reply.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert person.email in archive.read("profile.json").decode()


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"confirm": "delete", "password": "Wrong1horse"}, 403, "not your current password"),
        ({"confirm": "yes", "password": PASSWORD}, 422, "Type the word delete."),
        ({"confirm": "", "password": ""}, 422, "Please fill this in."),
    ],
)
async def test_an_account_is_not_deleted_by_accident(
    person: Person, fields: dict[str, str], status: int, words: str
) -> None:
    reply = await person.send("/account/delete", "/account/data", **fields)
    assert reply.status_code == status
    assert words in reply.text
    assert PASSWORD not in reply.text
    await person.see("/account")


async def test_a_deleted_account_is_left_at_the_sign_in_and_can_not_come_back(person: Person) -> None:
    cookie = person.browser.cookies["monitors_console"]
    reply = await person.send("/account/delete", "/account/data", confirm="“Delete”", password=PASSWORD)
    assert reply.headers["location"] == "/console/login"
    assert "Your account is deleted" in await person.see("/login")
    person.browser.cookies.set("monitors_console", cookie, domain="test", path="/console")
    assert (await person.browser.get("/console/account")).status_code == 303
    again = await person.browser.post("/console/login", data={"email": person.email, "password": PASSWORD})
    assert again.status_code == 401


# -- signing in --------------------------------------------------------------------------------------------------------


async def test_a_limited_sign_in_says_when_to_try_again(person: Person, visitor: Any) -> None:
    wrong = {"email": person.email, "password": "Wrong1horse"}
    *_, reply = [await visitor.post("/console/login", data=wrong) for _ in range(6)]
    assert reply.status_code == 429
    assert "Too many failed sign-ins" in reply.text
    assert "data-countdown" in reply.text


async def test_an_address_that_is_taken_is_told_at_the_field(person: Person, visitor: Any) -> None:
    form = {"name": "Robin", "email": person.email, "password": PASSWORD}
    reply = await visitor.post("/console/signup", data=form)
    assert reply.status_code == 409
    assert reply.text.count('aria-invalid="true"') == 1
    assert "This address has an account." in reply.text


async def test_what_a_password_needs_is_said_beside_the_field(visitor: Any) -> None:
    html = (await visitor.get("/console/signup")).text
    assert 'autocomplete="new-password"' in html
    assert html.count("data-pattern=") == 4
