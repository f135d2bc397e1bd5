"""The pages of one monitor over HTTP: what is shown, what its forms do, and what stays harmless. All without JavaScript."""

import html
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from monitors_contracts.base import new_id
from monitors_contracts.evaluations import ListEvaluations, PointMonitor

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PASSWORD = "Correct1horse"
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7919 }}'


class Person:
    """Somebody signed in at the console of a gateway."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    @property
    def organization_id(self) -> UUID:
        return self.browser.organization_id

    async def see(self, path: str, expected: int = 200) -> str:
        reply = await self.browser.get(f"/console{path}", headers={"accept": "text/html"})
        assert reply.status_code == expected, reply.text[:3000]
        return reply.text

    async def send(self, path: str, page: str, accept: str = "text/html", **fields: str) -> Any:
        token = re.search(r'<meta name="csrf" content="([^"]+)">', await self.see(page))
        assert token
        headers = {"referer": f"http://test/console{page}", "accept": accept}
        return await self.browser.post(f"/console{path}", data=fields | {"csrf": token[1]}, headers=headers)

    async def checked(self, name: str = "kettle") -> tuple[str, str]:
        """A monitor with one check: their ids."""
        monitor = await self.browser.watch(name)
        reply = await self.browser.post(f"/api/monitors/{monitor}/refresh")
        return monitor, reply.json()["evaluation"]["refreshId"]


@pytest_asyncio.fixture(loop_scope="session")
async def person(robin: Any) -> AsyncIterator[Person]:
    login = {"email": robin.user["email"], "password": PASSWORD}
    reply = await robin.post("/console/login", data=login)
    assert reply.status_code == 303, reply.text
    yield Person(robin)


async def test_a_monitor_shows_its_value_and_its_checks(person: Person) -> None:
    monitor, refresh = await person.checked("My kettle")
    shown = await person.see(f"/monitors/{monitor}")
    assert '<h1 class="anywhere">My kettle</h1>' in shown
    assert f"/console/monitors/{monitor}/checks/{refresh}" in shown
    assert "price &lt; 50 USD" in shown
    for action in ("pause", "duplicate", "delete", "check"):
        assert f'action="/console/monitors/{monitor}/{action}"' in shown


async def test_a_new_monitor_says_what_to_do(person: Person) -> None:
    monitor = await person.browser.watch("Fresh")
    shown = await person.see(f"/monitors/{monitor}")
    assert "Nothing read yet" in shown
    assert "Check now" in shown


async def test_nobody_sees_anothers_monitor_check_or_pages(person: Person, alex: Any, services: Any) -> None:
    theirs = await alex.watch()
    refresh = (await alex.post(f"/api/monitors/{theirs}/refresh")).json()["evaluation"]["refreshId"]
    kept = services.scraper.add_snapshot(alex.organization_id)
    mine = await person.browser.watch()
    for path in (
        f"/monitors/{theirs}",
        f"/monitors/{theirs}/values",
        f"/monitors/{theirs}/checks/{refresh}",
        f"/monitors/{mine}/checks/{refresh}",
        f"/monitors/{theirs}/point",
        f"/monitors/{mine}/point/page?snapshot={kept}",
        f"/snapshots/{kept}/page",
        f"/snapshots/{kept}/picture",
    ):
        await person.see(path, expected=404)
    for path in ("check", "point"):
        reply = await person.send(f"/monitors/{theirs}/{path}", f"/monitors/{mine}", snapshot=str(kept), place="b1")
        assert "no such monitor" in (await _said(person, reply)).lower()


async def _said(person: Person, reply: Any) -> str:
    assert reply.status_code == 303, reply.text[:2000]
    shown = (await person.browser.get(reply.headers["location"], headers={"accept": "text/html"})).text
    toast = re.search(r'<div class="toast.*?</div>', shown, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", toast[0])) if toast else ""


async def test_what_is_picked_is_asked_for_and_nonsense_is_left_out(person: Person, services: Any) -> None:
    monitor, _ = await person.checked()
    await person.see(f"/monitors/{monitor}?verdict=failed&span=week")
    asked = [each for each in services.evaluations.asked if isinstance(each, ListEvaluations)]
    assert asked[-1].verdict == "failed"
    await person.see(f"/monitors/{monitor}?verdict=nonsense&span=nonsense&show=nonsense")


async def test_check_now_as_a_form_waits_and_tells_the_verdict(person: Person) -> None:
    monitor = await person.browser.watch("triggers")
    reply = await person.send(f"/monitors/{monitor}/check", f"/monitors/{monitor}")
    assert reply.headers["location"] == f"/console/monitors/{monitor}"
    assert "Triggered" in await _said(person, reply)


async def test_check_now_as_a_script_is_answered_at_once_and_again_too_early_is_told(person: Person) -> None:
    monitor = await person.browser.watch("slow")
    page = f"/monitors/{monitor}"
    reply = await person.send(f"{page}/check", page, accept="application/json")
    assert UUID(reply.json()["check"])
    again = await person.send(f"{page}/check", page, accept="application/json")
    assert again.status_code == 429
    assert again.json()["words"]
    as_form = await person.send(f"{page}/check", page)
    assert await _said(person, as_form)
    assert "data-countdown" in await person.see(page)


async def test_a_check_needs_the_forms_token(person: Person) -> None:
    monitor = await person.browser.watch()
    reply = await person.browser.post(
        f"/console/monitors/{monitor}/check", data={}, headers={"accept": "application/json"}
    )
    assert reply.status_code == 403


async def test_one_check_is_explained_with_its_events(person: Person) -> None:
    monitor, refresh = await person.checked("fails")
    shown = await person.see(f"/monitors/{monitor}/checks/{refresh}")
    assert "The page asks for a captcha." in shown
    assert "Verdict" in shown
    assert "1 event across 1 services." in shown


async def test_a_kept_page_is_framed_clean_and_the_frame_is_sandboxed(person: Person, services: Any) -> None:
    kept = services.scraper.add_snapshot(person.organization_id)
    reply = await person.browser.get(f"/console/snapshots/{kept}/page", params={"check": str(new_id())})
    assert reply.headers["content-security-policy"].startswith("sandbox; default-src 'none';")
    assert reply.headers["x-frame-options"] == "SAMEORIGIN"
    assert '<mark id="fact">$42</mark>' in reply.text
    assert "script" not in reply.text
    monitor = await person.browser.watch()
    shown = await person.see(f"/monitors/{monitor}/point?snapshot={kept}")
    [frame] = re.findall(r"<iframe[^>]+>", shown)
    assert 'sandbox="allow-top-navigation-by-user-activation"' in frame


async def test_pointing_previews_in_links_of_ours_and_saves_by_a_form(person: Person, services: Any) -> None:
    monitor, kept = await person.browser.watch(), str(services.scraper.add_snapshot(person.organization_id))
    here = f"/monitors/{monitor}/point"
    frame = await person.see(f"{here}/page?snapshot={kept}")
    link = f'href="/console{here}?snapshot={kept}&amp;place=b1" target="_top"'
    assert link in frame
    preview = await person.see(f"{here}?snapshot={kept}&place=b1")
    assert "It would be read as" in preview
    assert "$52" in preview
    assert "No price there." in await person.see(f"{here}?snapshot={kept}&place=b9")
    reply = await person.send(here, f"{here}?snapshot={kept}&place=b1", snapshot=kept, place="b1")
    assert reply.headers["location"] == f"/console/monitors/{monitor}"
    last = [each for each in services.evaluations.asked if isinstance(each, PointMonitor)][-1]
    assert (last.place, last.dry_run) == ("b1", False)


async def test_pointing_when_no_page_is_kept_says_so(person: Person) -> None:
    monitor = await person.browser.watch()
    assert "Nothing to point on" in await person.see(f"/monitors/{monitor}/point")
    gone = await person.see(f"/monitors/{monitor}/point?snapshot={new_id()}&place=b1")
    assert "Nothing to point on" in gone


async def test_hostile_names_values_and_places_stay_words(person: Person, services: Any) -> None:
    monitor, refresh = await person.checked(HOSTILE[:100])
    view = services.monitors.known[UUID(monitor)]
    services.monitors.known[view.id] = view.model_copy(update={"current_value": HOSTILE, "prompt": HOSTILE})
    done = services.monitors.evaluations[UUID(refresh)]
    services.monitors.evaluations[done.id] = done.model_copy(
        update={"value": HOSTILE, "detail": HOSTILE, "reason": HOSTILE}
    )
    kept = services.scraper.add_snapshot(person.organization_id)
    for path in (
        f"/monitors/{monitor}",
        f"/monitors/{monitor}/checks/{refresh}",
        f"/monitors/{monitor}/point?snapshot={kept}&place=%22%3E%3Cscript%3E",
    ):
        shown = await person.see(path)
        assert "<script>alert" not in shown
        assert "onerror=alert(2)>" not in shown.replace("&lt;img src=x onerror=alert(2)&gt;", "")
        assert "55433" not in shown
    framed = await person.see(f"/monitors/{monitor}/point/page?snapshot={kept}&place=%22%3E%3Cscript%3E")
    assert "<script" not in framed
