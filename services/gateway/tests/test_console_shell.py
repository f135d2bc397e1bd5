"""Signing in by the console's forms, and what keeps others out."""

import re
from typing import Any

import pytest
import pytest_asyncio
import structlog

from monitors_contracts.base import new_id

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PASSWORD = "Correct1horse"
FORM = {"sec-fetch-site": "same-origin", "accept": "text/html"}


def csrf_of(html: str) -> str:
    found = re.search(r'<meta name="csrf" content="([^"]+)">', html)
    assert found, html[:2000]
    return found[1]


@pytest_asyncio.fixture(loop_scope="session")
async def entered(visitor: Any) -> Any:
    """Signed up through the form."""
    email = f"console-{new_id().hex}@example.com"
    reply = await visitor.post(
        "/console/signup", data={"name": "Robin", "email": email, "password": PASSWORD}, headers=FORM
    )
    assert reply.status_code == 303, reply.text
    assert reply.headers["location"] == "/console"
    visitor.email = email
    return visitor


async def test_the_cookie_is_for_the_console_alone_and_no_script_reads_it(visitor: Any) -> None:
    form = {"name": "Robin", "email": f"cookie-{new_id().hex}@example.com", "password": PASSWORD}
    reply = await visitor.post("/console/signup", data=form)
    cookie = reply.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=lax", "path=/console"))
    assert (await visitor.get("/api/auth/me")).status_code == 401


async def test_every_page_has_the_strict_policy(entered: Any) -> None:
    for path in ("/console/styleguide", "/console/login", "/console/nothing"):
        policy = (await entered.get(path)).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


async def test_no_template_has_scripts_styles_or_handlers_within(entered: Any) -> None:
    html = (await entered.get("/console/styleguide")).text
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=", html)


async def test_signing_in_leads_back_to_where_one_was_going_within_the_console(entered: Any) -> None:
    await entered.post("/console/logout", data={"csrf": csrf_of((await entered.get("/console/styleguide")).text)})
    form = {"email": entered.email, "password": PASSWORD}
    back = await entered.post("/console/login", data=form | {"next": "/console/alerts?state=open"})
    assert back.headers["location"] == "/console/alerts?state=open"
    for hostile in (
        "https://evil.example/",
        "//evil.example",
        "/console/../evil",
        "/consoleevil",
        "/api/x",
        "javascript:x",
    ):
        reply = await entered.post("/console/login", data=form | {"next": hostile})
        assert reply.headers["location"] == "/console", hostile


async def test_a_wrong_password_says_so_on_the_form_and_keeps_the_address(entered: Any) -> None:
    reply = await entered.post("/console/login", data={"email": entered.email, "password": "Wrong1horse"})
    assert reply.status_code == 401
    assert 'role="alert"' in reply.text
    assert entered.email in reply.text
    assert "Wrong1horse" not in reply.text


async def test_bad_fields_are_told_at_the_fields(visitor: Any) -> None:
    reply = await visitor.post("/console/signup", data={"name": "<b>", "email": "nobody", "password": "short"})
    assert reply.status_code == 422
    assert reply.text.count('aria-invalid="true"') == 2
    assert "&lt;b&gt;" in reply.text


async def test_signing_out_ends_the_session_and_its_cookie(entered: Any) -> None:
    cookie = entered.cookies["monitors_console"]
    page = await entered.get("/console/styleguide")
    out = await entered.post("/console/logout", data={"csrf": csrf_of(page.text)})
    assert out.headers["location"] == "/console/login"
    entered.cookies.set("monitors_console", cookie, domain="test", path="/console")
    again = await entered.get("/console/events", headers={"accept": "text/event-stream"})
    assert again.status_code == 401


async def test_a_form_without_its_token_changes_nothing(entered: Any) -> None:
    for token in ("", "made-up"):
        refused = await entered.post("/console/logout", data={"csrf": token})
        assert refused.status_code == 403
    assert "data-signed-in" in (await entered.get("/console/styleguide")).text


async def test_a_token_of_another_session_changes_nothing(entered: Any, gateway: Any) -> None:
    stranger = type(entered)(gateway.app)
    reply = await stranger.post(
        "/console/signup", data={"name": "Kim", "email": f"kim-{new_id().hex}@example.com", "password": PASSWORD}
    )
    assert reply.status_code == 303
    token = csrf_of((await stranger.get("/console/styleguide")).text)
    assert (await entered.post("/console/logout", data={"csrf": token})).status_code == 403
    await stranger.aclose()


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
async def test_another_site_can_send_no_form(visitor: Any, headers: dict[str, str]) -> None:
    form = {"name": "Robin", "email": f"forged-{new_id().hex}@example.com", "password": PASSWORD}
    reply = await visitor.post("/console/signup", data=form, headers=headers)
    assert reply.status_code == 403
    assert "monitors_console" not in visitor.cookies


async def test_the_home_address_leads_to_the_console(visitor: Any) -> None:
    assert (await visitor.get("/")).headers["location"] == "/console"


async def test_static_files_are_kept_for_good_and_nothing_else_is_served(visitor: Any) -> None:
    html = (await visitor.get("/console/login")).text
    path = re.search(r'href="(/console/static/[^"]+/css/tokens.css)"', html)
    assert path
    found = await visitor.get(path[1])
    assert "immutable" in found.headers["cache-control"]
    root = path[1].removesuffix("css/tokens.css")
    for wanted in ("../app.py", "..%2fapp.py", "%2e%2e/app.py", "nothing.css"):
        assert (await visitor.get(root + wanted)).status_code == 404


async def test_a_theme_is_kept_and_an_unknown_one_is_not(visitor: Any) -> None:
    await visitor.post("/console/theme", data={"theme": "dark"})
    assert 'data-theme="dark"' in (await visitor.get("/console/login")).text
    await visitor.post("/console/theme", data={"theme": '"><script>'})
    assert 'data-theme="dark"' in (await visitor.get("/console/login")).text


async def test_a_page_that_is_not_there_says_so_in_the_frame(entered: Any) -> None:
    reply = await entered.get("/console/nothing")
    assert reply.status_code == 404
    assert "data-signed-in" in reply.text


async def test_live_updates_are_for_those_signed_in(visitor: Any) -> None:
    reply = await visitor.get("/console/events", headers={"accept": "text/event-stream"})
    assert reply.status_code == 401


async def test_a_page_says_from_where_its_live_updates_go_on(entered: Any, gateway: Any) -> None:
    page = await entered.get("/console/channels", headers={"accept": "text/html"})
    found = re.search(r'data-position="(m\d+\.a\d+\.p\d+)"', page.text)
    assert found
    position = await gateway.app.state.gateway.feed.position(found[1])
    assert str(position) == found[1]


async def test_an_unexpected_failure_is_a_page_with_the_id_to_look_for(
    entered: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret of the house")

    monkeypatch.setattr("monitors_gateway.console.pages.rules.rules_view", explode)
    with structlog.testing.capture_logs() as logged:
        reply = await entered.get("/console/rules")
    assert reply.status_code == 500
    assert reply.headers["X-Request-Id"] in reply.text
    assert 'id="main"' in reply.text
    assert "secret" not in reply.text
    assert [each["event"] for each in logged if each["log_level"] == "error"] == ["request failed"]
