"""A form that was made of something which is changed in another place before it is saved."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
import pytest_asyncio

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

WORDS = "changed meanwhile in another place"
ABOUT = {"matchers": "service=shop", "comment": "Works"}
# What is made at the API, where its form is, and a field of it.
THINGS = {
    "rule": ("/rules", {"kind": "threshold", "name": "Busy", "metric": "cpu", "critical": 1}, "/rules", "name"),
    "heartbeat": ("/heartbeats", {"name": "Backup", "period": "1d"}, "/heartbeats", "name"),
    "uptime check": ("/uptime", {"name": "Here", "kind": "dns", "host": "localhost"}, "/uptime", "name"),
    "contact": ("/contacts", {"name": "Robin"}, "/contacts", "name"),
    "silence": ("/silences", ABOUT | {"for": "2h"}, "/silences", "comment"),
    "target": ("/targets", {"url": "http://app.example/metrics", "name": "App"}, "/targets", "name"),
}


class Form(HTMLParser):
    """The fields of a page's forms, as a browser would send them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._area = self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "input" and name and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self.fields[name] = given.get("value", "")
        elif tag == "textarea":
            self._area, self.fields[name] = name, ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and (self._select not in self.fields or "selected" in given):
            self.fields[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data


@pytest_asyncio.fixture(loop_scope="session")
async def entered(robin: Any) -> Any:
    """Somebody signed in, at the API and at the console."""
    login = {"email": robin.user["email"], "password": "Correct1horse"}
    reply = await robin.post("/console/login", data=login, headers={"sec-fetch-site": "same-origin"})
    assert reply.status_code == 303, reply.text
    return robin


def id_of(made: Any) -> str:
    """The id of what was made, wherever the answer has it."""
    return re.findall(r'"id": ?"([0-9a-f-]{36})"', made.text)[0]


@pytest.mark.parametrize("what", THINGS)
async def test_a_form_puts_nothing_older_in_the_place_of_a_change_without_a_word(entered: Any, what: str) -> None:
    api, body, at, field = THINGS[what]
    if what == "contact":
        hook = {"kind": "webhook", "url": "https://hook.example/x", "name": "Phone"}
        channel = (await entered.post("/api/channels", json=hook)).json()["channel"]["id"]
        body = body | {"channels": [channel]}
    made = await entered.post(f"/api{api}", json=body)
    assert made.status_code == 201, made.text
    form = f"/console{at}/{id_of(made)}/edit"
    save = form.removesuffix("/edit") if what == "target" else form
    shown = Form((await entered.get(form)).text).fields
    assert shown["made_of"]

    other = await entered.post(save, data=shown | {field: "Changed elsewhere"})
    assert other.status_code == 303, other.text
    late = await entered.post(save, data=shown | {field: "Typed here"})
    assert late.status_code == 422
    assert WORDS in late.text
    again = Form(late.text).fields
    assert again[field] == "Typed here"
    assert again["made_of"] != shown["made_of"]
    assert "Changed elsewhere" in (await entered.get(form)).text
    assert (await entered.post(save, data=again)).status_code == 303
    assert "Typed here" in (await entered.get(form)).text
