"""The pages of monitors over HTTP: what is shown, what forms do, and what is refused. Everything works without JavaScript."""

import html
import re
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from monitors_contracts.base import new_id

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PASSWORD = "Correct1horse"
PROMPT = "Tell me when the kettle at https://shop.example/kettle is below $50"
HOSTILE = '<script>alert("1")</script>&"\'><img src=x onerror=alert(1)>'


class Person:
    """Somebody at the console's forms."""

    def __init__(self, browser: Any, email: str) -> None:
        self.browser = browser
        self.email = email

    async def see(self, path: str = "", expected: int = 200, **query: str) -> str:
        """A page, as HTML."""
        reply = await self.browser.get(f"/console{path}", params=query, headers={"accept": "text/html"})
        assert reply.status_code == expected, reply.text[:2000]
        return reply.text

    async def send(self, path: str, page: str = "", **fields: Any) -> Any:
        """A form of a page, with that page's token."""
        token = re.search(r'<meta name="csrf" content="([^"]+)">', await self.see(page))
        assert token
        return await self.browser.post(
            f"/console{path}", data=fields | {"csrf": token[1]}, headers={"referer": f"http://test/console{page}"}
        )

    async def said(self, reply: Any) -> str:
        """What the next page says about what was done."""
        assert reply.status_code == 303, reply.text[:2000]
        shown = (await self.browser.get(reply.headers["location"], headers={"accept": "text/html"})).text
        toast = re.search(r'<div class="toast.*?</div>', shown, re.DOTALL)
        return html.unescape(re.sub(r"<[^>]+>", " ", toast[0])) if toast else ""

    async def watch(self, name: str = "Kettle") -> str:
        """Make a monitor by the form; its id."""
        reply = await self.send("/monitors/new", "/monitors/new", **form(name=name))
        assert reply.status_code == 303, reply.text[:3000]
        return re.split(r"[/?]", reply.headers["location"])[3]

    def cards(self, page: str) -> list[str]:
        """The names on a list, in order."""
        return [html.unescape(name) for name in re.findall(r'class="monitor-name"><a [^>]*>(.*?)</a>', page)]


def form(**changes: str) -> dict[str, str]:
    """The form as it is sent when the sentence was understood."""
    fields = {
        "prompt": PROMPT,
        "name": "Kettle",
        "type": "state",
        "fact": "price",
        "subject": "kettle",
        "fact_type": "number",
        "url": "https://shop.example/kettle",
        "op": "below",
        "value": "50",
        "unit": "USD",
        "direction": "any",
        "at_least": "",
        "at_least_percent": "",
    }
    return fields | changes


async def enter(browser: Any) -> Person:
    email = f"monitors-{new_id().hex}@example.com"
    reply = await browser.post("/console/signup", data={"name": "Robin", "email": email, "password": PASSWORD})
    assert reply.status_code == 303, reply.text[:2000]
    return Person(browser, email)


@pytest_asyncio.fixture(loop_scope="session")
async def person(visitor: Any) -> Person:
    return await enter(visitor)


@pytest_asyncio.fixture(loop_scope="session")
async def other(gateway: SimpleNamespace, open_browser: Callable[..., Any]) -> AsyncIterator[Person]:
    """Somebody else."""
    async with open_browser(gateway.app) as browser:
        yield await enter(browser)


# -- the list -----------------------------------------------------------------------------------------------------------


async def test_somebody_new_is_asked_what_to_watch(person: Person) -> None:
    page = await person.see()
    assert "What should I watch?" in page
    assert 'action="/console/monitors/new"' in page
    assert "/console/monitors/new?prompt=Tell+me+when" in page


async def test_the_list_shows_each_monitor_and_only_ones_own(person: Person, other: Person) -> None:
    await person.watch("Kettle")
    await person.watch("Lamp")
    await other.watch("Secret")
    page = await person.see()
    assert sorted(person.cards(page)) == ["Kettle", "Lamp"]
    assert "Secret" not in page
    assert "2 of 10" in page
    assert "2 of 50" in page, "each was checked once when it was made"


async def test_the_list_is_narrowed_by_its_address_and_the_form_shows_how(person: Person) -> None:
    await person.watch("Kettle")
    await person.watch("Lamp")
    page = await person.see(q="kett", status="new", sort="name")
    assert person.cards(page) == ["Kettle"]
    assert 'value="kett"' in page
    assert 'value="new" selected' in page
    assert 'value="name" selected' in page
    nothing = await person.see(q="nothing like that")
    assert "No monitor is like that" in nothing
    assert "Show all monitors" in nothing


@pytest.mark.parametrize(
    "query",
    [{"status": "fine"}, {"sort": "value"}, {"q": HOSTILE}, {"q": "\x00" + "x" * 5000}, {"status": "<b>", "sort": "'"}],
)
async def test_a_list_asked_for_in_odd_ways_is_shown_all_the_same(person: Person, query: dict[str, Any]) -> None:
    await person.watch("Kettle")
    page = await person.see("", **query)
    assert "<script>alert" not in page
    assert "onerror=alert" not in page.replace("onerror=alert(1)&gt;", "")


async def test_hostile_names_are_text_wherever_they_are(person: Person) -> None:
    monitor = await person.watch(HOSTILE[:100])
    for path in ("", f"/monitors/{monitor}/edit"):
        page = await person.see(path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert" in page


async def test_a_full_list_says_what_to_do(person: Person) -> None:
    for n in range(10):
        await person.watch(f"Kettle {n}")
    page = await person.see()
    assert "You have 10 of 10 monitors. Delete one" in page
    assert 'href="/console/monitors/new"' not in page
    reply = await person.send("/monitors/new", "/monitors/new", **form())
    assert reply.status_code == 422
    assert "Delete one first." in reply.text


# -- what is done to them -------------------------------------------------------------------------------------------------


async def test_those_selected_are_checked_and_the_rest_is_said(person: Person) -> None:
    first, second, third = [await person.watch(name) for name in ("One", "Two", "slow")]
    assert (await person.said(await person.send("/monitors/check"))).strip().startswith("Select the monitors first")
    again = await person.said(await person.send("/monitors/check", id=[first, second, "nonsense"]))
    assert "This monitor was refreshed a moment ago" in again, "each was checked when it was made"
    assert third


async def test_all_are_checked_by_one_button(
    start_gateway: Callable[..., Any], open_browser: Callable[..., Any]
) -> None:
    lenient = await start_gateway(refreshes_per_minute=0)
    async with open_browser(lenient.app) as browser:
        person = await enter(browser)
        monitors = [await person.watch(name) for name in ("One", "Two", "Three")]
        await person.send(f"/monitors/{monitors[0]}/pause")
        assert "2 checks started." in await person.said(await person.send("/monitors/check", do="all"))
        mixed = await person.said(await person.send("/monitors/check", id=monitors))
        assert "2 checks started. 1 could not be checked: The monitor is paused." in mixed


async def test_pause_resume_and_duplicate_say_what_they_did(person: Person) -> None:
    monitor = await person.watch("Kettle")
    assert "“Kettle” is paused." in await person.said(await person.send(f"/monitors/{monitor}/pause"))
    assert "Paused" in await person.see()
    assert "can be checked again" in await person.said(await person.send(f"/monitors/{monitor}/resume"))
    reply = await person.send(f"/monitors/{monitor}/duplicate")
    assert "“Kettle (copy)”" in await person.said(reply)
    assert reply.headers["location"].endswith("/edit")


async def test_delete_can_be_undone_from_what_it_says(person: Person) -> None:
    monitor = await person.watch("Kettle")
    await person.watch("Lamp")
    reply = await person.send(f"/monitors/{monitor}/delete", name="Kettle")
    assert reply.headers["location"] == "/console"
    shown = (await person.browser.get("/console", headers={"accept": "text/html"})).text
    assert person.cards(shown) == ["Lamp"]
    undo = re.search(r'action="/console(/monitors/[^"]+/restore)"', shown)
    assert undo
    assert "“Kettle” is back" in await person.said(await person.send(undo[1]))
    assert sorted(person.cards(await person.see())) == ["Kettle", "Lamp"]


async def test_what_is_another_persons_can_not_be_touched(person: Person, other: Person) -> None:
    monitor = await other.watch("Secret")
    for action in ("pause", "resume", "duplicate", "delete", "restore"):
        said = await person.said(await person.send(f"/monitors/{monitor}/{action}"))
        assert "No such" in said or "not" in said.lower(), action
    assert person.cards(await person.see()) == []
    await person.see(f"/monitors/{monitor}/edit", 404)
    assert other.cards(await other.see()) == ["Secret"]


async def test_forms_without_their_token_change_nothing(person: Person) -> None:
    monitor = await person.watch("Kettle")
    for path in ("/monitors/new", "/monitors/check", *(f"/monitors/{monitor}/{what}" for what in ("edit", "delete"))):
        for token in ("", "made-up"):
            reply = await person.browser.post(f"/console{path}", data=form(name="Forged") | {"csrf": token})
            assert reply.status_code == 403, path
        reply = await person.browser.post(
            f"/console{path}", data=form(name="Forged"), headers={"sec-fetch-site": "cross-site"}
        )
        assert reply.status_code == 403, path
    assert person.cards(await person.see()) == ["Kettle"]


# -- the form -------------------------------------------------------------------------------------------------------------


async def test_a_sentence_is_shown_as_it_is_understood_and_nothing_is_saved(person: Person) -> None:
    page = await person.see("/monitors/new", prompt=PROMPT)
    assert "What I will watch" in page
    assert "price &lt; 50 USD" in page
    assert 'value="https://shop.example/kettle"' in page
    assert "What should I watch?" in await person.see(), "there is none yet"


@pytest.mark.parametrize("prompt", ["short", "x" * 501])
async def test_a_sentence_that_is_none_says_so_at_its_field(person: Person, prompt: str) -> None:
    page = await person.see("/monitors/new", prompt=prompt)
    assert re.search(r'id="field-prompt-error">.*?This is too (short|long)', page, re.DOTALL)
    assert "What I will watch" not in page


async def test_a_correction_is_what_is_saved_and_the_first_check_begins(person: Person, services: Any) -> None:
    changed = form(name="Mine", op="at-most", value="1.299,5".replace(".", ""), unit="EUR", fact="list price")
    reply = await person.send("/monitors/new", "/monitors/new", **changed)
    assert reply.status_code == 303
    found = re.fullmatch(r"/console/monitors/([^/?]+)\?check=(.+)", reply.headers["location"])
    assert found
    saved = services.monitors.known[UUID(found[1])]
    assert saved.interpretation.trigger_condition == "list price ≤ 1,299.5 EUR"
    assert (saved.name, saved.prompt, saved.interpretation.provider) == ("Mine", PROMPT, "by-hand")
    assert UUID(found[2]) in services.monitors.evaluations


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": ""}, "url"),
        ({"value": ""}, "value"),
        ({"prompt": "short"}, "prompt"),
        ({"name": "x" * 101}, "name"),
        ({"url": "ftp://shop.example"}, "fact"),  # what the owner of monitors has to say
        ({"value": HOSTILE, "url": ""}, "url"),
    ],
)
async def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_stays(
    person: Person, changes: dict[str, str], field: str
) -> None:
    reply = await person.send("/monitors/new", "/monitors/new", **form(**changes))
    assert reply.status_code == 422
    assert f'id="field-{field}-error"' in reply.text
    assert "<script>alert" not in reply.text
    for value in changes.values():
        assert html.escape(value, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in reply.text
    assert "What should I watch?" in await person.see(), "nothing was saved"


async def test_a_monitor_is_edited_by_the_same_form(person: Person, services: Any) -> None:
    monitor = await person.watch("Kettle")
    page = await person.see(f"/monitors/{monitor}/edit")
    assert 'value="50"' in page
    reply = await person.send(f"/monitors/{monitor}/edit", "/monitors/new", **form(value="40", name="Cheaper"))
    assert reply.headers["location"] == f"/console/monitors/{monitor}"
    saved = services.monitors.known[UUID(monitor)]
    assert (saved.name, saved.interpretation.condition.value) == ("Cheaper", 40)
    wrong = await person.send(f"/monitors/{monitor}/edit", "/monitors/new", **form(url=""))
    assert wrong.status_code == 422
    assert 'id="field-url-error"' in wrong.text
    anew = await person.see(f"/monitors/{monitor}/edit", prompt="Tell me when it is cold at https://b.example/")
    assert "Tell me when it is cold at" in anew
    assert 'value="Cheaper"' in anew, "the name that was given stays"


async def test_pages_that_are_none_are_not_found(person: Person) -> None:
    for path in (f"/monitors/{new_id()}/edit", "/monitors/nonsense/edit"):
        await person.see(path, 404)


async def test_a_stranger_is_asked_to_sign_in_and_led_back(visitor: Any) -> None:
    reply = await visitor.get("/console/monitors/new?prompt=abc", headers={"accept": "text/html"})
    assert reply.status_code == 303
    assert "next=%2Fconsole%2Fmonitors%2Fnew%3Fprompt%3Dabc" in reply.headers["location"]
