"""The console's status pages, through their forms, without JavaScript."""

import re
from typing import Any

import pytest
import pytest_asyncio

from monitors_contracts.base import new_id

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{7*7}}"""


@pytest_asyncio.fixture(loop_scope="session")
async def entered(robin: Any) -> Any:
    """Somebody signed in, at the API and at the console, with `csrf` for forms."""
    reply = await robin.post(
        "/console/login",
        data={"email": robin.user["email"], "password": "Correct1horse"},
        headers={"sec-fetch-site": "same-origin"},
    )
    assert reply.status_code == 303, reply.text
    html = (await robin.get("/console/status-pages")).text
    robin.csrf = re.findall(r'<meta name="csrf" content="([^"]+)">', html)[0]
    return robin


async def send(browser: Any, path: str, **fields: Any) -> Any:
    headers = {"referer": "http://test/console/status-pages", "host": "test"}
    return await browser.post(f"/console{path}", data={"csrf": browser.csrf, **fields}, headers=headers)


async def made(browser: Any, **fields: Any) -> str:
    """Made by the form; the path of its page."""
    known = {"name": "Acme", "slug": f"acme-{new_id().hex}", "visibility": "public", "timezone": "Europe/Berlin"}
    reply = await send(browser, "/status-pages/new", **(known | fields))
    assert reply.status_code == 303, reply.text
    return reply.headers["location"].removeprefix("/console")


async def test_a_newcomer_reads_what_a_status_page_is(entered: Any) -> None:
    assert "No status page yet" in (await entered.get("/console/status-pages")).text


async def test_a_page_is_made_filled_and_told_form_by_form(entered: Any, visitor: Any) -> None:
    at = await made(entered)
    component = {"name": "API", "key": "api", "matchers": "service=api", "impact_critical": "partial-outage"}
    assert (await send(entered, f"{at}/new-component", **component)).status_code == 303
    html = (await entered.get(f"/console{at}")).text
    assert "by alerts: service=&#34;api&#34;" in html
    await send(entered, f"{at}/components/api/override", status="degraded", note="Slower than usual")
    posted = {"title": "Slow", "text": "We look into it.", "stage": "investigating", "components": "api"}
    assert (await send(entered, f"{at}/updates", **posted)).status_code == 303
    html = (await entered.get(f"/console{at}")).text
    thread = re.findall(r'<option value="([0-9a-f-]{36})"', html)[0]
    await send(entered, f"{at}/updates", thread_id=thread, text="Over.", stage="resolved")
    public = re.findall(r'href="http://[^/"]+(/status/[^"]+)"', html)[0]
    shown = (await visitor.get(public)).text
    assert "Some systems are degraded" in shown
    assert "Slower than usual" in shown
    assert shown.index("Over.") < shown.index("We look into it.")
    await send(entered, f"{at}/components/api/override/end")
    edited = component | {"name": "The API"}
    assert (await send(entered, f"{at}/components/api", **edited)).status_code == 303
    shown = (await visitor.get(public)).text
    assert "All systems operational" in shown
    assert "The API" in shown
    await send(entered, f"{at}/components/api/remove")
    assert "Nothing is watched here yet" in (await visitor.get(public)).text
    update = re.findall(rf"{at}/updates/([0-9a-f-]+)/remove", (await entered.get(f"/console{at}")).text)[0]
    await send(entered, f"{at}/updates/{update}/remove")
    assert "Over." not in (await visitor.get(public)).text
    await send(entered, f"{at}/delete")
    assert (await visitor.get(public)).status_code == 404


async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(entered: Any) -> None:
    reply = await send(entered, "/status-pages/new", name=HOSTILE, slug="Not a slug")
    assert reply.status_code == 422
    assert 'aria-invalid="true"' in reply.text
    assert "<script>alert(1)" not in reply.text
    slug = f"acme-{new_id().hex}"
    at = await made(entered, slug=slug)
    taken = await send(entered, "/status-pages/new", name="Other", slug=slug)
    assert (taken.status_code, "Another public page has this slug" in taken.text) == (422, True)
    wrong = await send(entered, f"{at}/new-component", name="API", key="api", matchers="=~(")
    assert (wrong.status_code, "is no matcher" in wrong.text) == (422, True)
    await send(entered, f"{at}/new-component", name="API", key="api")
    twice = await send(entered, f"{at}/new-component", name="API", key="api")
    assert (twice.status_code, "Two components have the key" in twice.text) == (422, True)
    silent = await send(entered, f"{at}/updates", title="Nothing", text="")
    assert (silent.status_code, "Nothing" in silent.text) == (422, True)


async def test_a_component_may_have_the_name_of_what_is_done(entered: Any) -> None:
    at = await made(entered)
    assert (await send(entered, f"{at}/new-component", name="New arrivals", key="new")).status_code == 303
    [edit] = re.findall(rf'href="/console({at}/components/[^"]+)"', (await entered.get(f"/console{at}")).text)
    form = (await entered.get(f"/console{edit}")).text
    assert 'value="New arrivals"' in form
    assert f'action="/console{edit}"' in form
    assert (await send(entered, edit, name="Arrivals", key="new")).status_code == 303
    [page] = [each for each in (await entered.get("/api/status-pages")).json()["pages"] if each["id"] in at]
    assert [(each["key"], each["name"]) for each in page["spec"]["components"]] == [("new", "Arrivals")]


async def test_a_component_is_previewed_before_it_is_saved(entered: Any) -> None:
    at = await made(entered)
    typed = {"name": "The shop", "matchers": "service=shop", "do": "preview"}
    html = (await send(entered, f"{at}/new-component", **typed)).text
    assert "How it would be shown now" in html
    assert "The shop, the last 90 days" in html
    assert "The shop" not in (await entered.get(f"/console{at}")).text, "nothing was saved"


async def test_a_private_page_gets_a_new_link(entered: Any, visitor: Any) -> None:
    at = await made(entered, visibility="private")
    links = [re.findall(r'href="http://[^/"]+(/status/[^"]+)"', (await entered.get(f"/console{at}")).text)[0]]
    await send(entered, f"{at}/link")
    links.append(re.findall(r'href="http://[^/"]+(/status/[^"]+)"', (await entered.get(f"/console{at}")).text)[0])
    assert [(await visitor.get(each)).status_code for each in links] == [404, 200]


async def test_hostile_words_are_words(entered: Any, visitor: Any) -> None:
    at = await made(entered, name=HOSTILE[:100], description=HOSTILE)
    await send(entered, f"{at}/new-component", name=HOSTILE[:100], key="api", group=HOSTILE[:100], description=HOSTILE)
    await send(entered, f"{at}/components/api/override", status="degraded", note=HOSTILE)
    await send(entered, f"{at}/updates", title=HOSTILE, text=HOSTILE)
    html = (await entered.get(f"/console{at}")).text
    public = re.findall(r'href="http://[^/"]+(/status/[^"]+)"', html)[0]
    for shown in (html, (await visitor.get(public)).text, (await visitor.get(f"{public}/feed.atom")).text):
        assert "<script>alert(1)" not in shown
        assert "<img src=x" not in shown
        assert "49" not in re.findall(r"alert\(1\).{0,80}", shown)[0]
