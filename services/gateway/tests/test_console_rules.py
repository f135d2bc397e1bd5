"""The pages of rules and heartbeats over HTTP: what is shown, what forms do, and what is refused. All without JavaScript."""

import html
import json
import re
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from monitors_contracts.base import new_id
from monitors_gateway.console.views.rule_words import KINDS

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PASSWORD = "Correct1horse"
HOSTILE = '<script>alert("1")</script>&"\'><img src=x onerror=alert(1)>'


class Person:
    """Somebody at the console's forms."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    async def see(self, path: str, expected: int = 200, **query: Any) -> str:
        """A page, as HTML."""
        reply = await self.browser.get(f"/console{path}", params=query or None, headers={"accept": "text/html"})
        assert reply.status_code == expected, reply.text[:2000]
        return reply.text

    async def send(self, path: str, page: str = "/rules", **fields: Any) -> Any:
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

    async def make(self, **fields: Any) -> str:
        """A rule by the form; its id."""
        reply = await self.send("/rules/new", "/rules/new", **form(**fields))
        assert reply.status_code == 303, reply.text[:3000]
        return reply.headers["location"].rsplit("/", 1)[1]

    def names(self, page: str) -> list[str]:
        """The rules of a list, in order."""
        return [html.unescape(name) for name in re.findall(r'class="rule-name anywhere" href="[^"]*">(.*?)</a>', page)]


def form(**changes: Any) -> dict[str, Any]:
    """The form of a threshold as it is sent."""
    fields = {
        "kind": "threshold",
        "name": "Busy",
        "metric": "up",
        "label": ["job", ""],
        "match": ["=", "="],
        "value": ["api", ""],
        "grouping": "alone",
        "by": "",
        "across": "sum",
        "op": "gt",
        "warning": "",
        "critical": "1",
        "for": "5m",
        "recovery": "",
        "recover_for": "0s",
        "stale_after": "5m",
        "summary": "",
        "labels": "team=web",
    }
    return fields | changes


async def enter(browser: Any) -> Person:
    fields = {"name": "Robin", "email": f"rules-{new_id().hex}@example.com", "password": PASSWORD}
    reply = await browser.post("/console/signup", data=fields)
    assert reply.status_code == 303, reply.text[:2000]
    return Person(browser)


@pytest_asyncio.fixture(loop_scope="session")
async def person(visitor: Any) -> Person:
    return await enter(visitor)


@pytest_asyncio.fixture(loop_scope="session")
async def other(gateway: SimpleNamespace, open_browser: Callable[..., Any]) -> AsyncIterator[Person]:
    """Somebody else."""
    async with open_browser(gateway.app) as browser:
        yield await enter(browser)


# -- the list -----------------------------------------------------------------------------------------------------------


async def test_somebody_without_rules_is_shown_examples(person: Person) -> None:
    page = await person.see("/rules")
    assert page.count("/console/rules/new?kind=") == 3
    assert "Search names" not in page


async def test_the_list_tells_how_each_rule_stands_and_only_ones_own(person: Person, other: Person) -> None:
    await person.make(name="Firing host")
    await person.make(name="Calm host")
    await person.make(name="New")
    await other.make(name="Secret")
    page = await person.see("/rules")
    assert sorted(person.names(page)) == ["Calm host", "Firing host", "New"]
    assert "1 firing, 1 ok; 1 of them silent" in page
    assert "No series yet" in page
    assert "up{job=&#34;api&#34;} &gt; 1 for 5 min" in page
    assert person.names(await person.see("/rules", state="firing")) == ["Firing host"]
    assert person.names(await person.see("/rules", q="CALM", kind="threshold")) == ["Calm host"]
    assert "No rule is like that" in await person.see("/rules", kind="absence")


@pytest.mark.parametrize("query", [{"state": HOSTILE}, {"kind": "'"}, {"q": HOSTILE}, {"q": "\x00"}, {"cursor": "x"}])
async def test_a_list_asked_for_in_odd_ways_is_shown_all_the_same(person: Person, query: dict[str, str]) -> None:
    await person.make()
    page = await person.see("/rules", 200, **query)
    assert "<script>alert" not in page


async def test_a_rule_is_paused_resumed_and_deleted(person: Person) -> None:
    made = await person.make()
    assert "“Busy” is paused." in await person.said(await person.send(f"/rules/{made}/pause"))
    assert "Paused" in await person.see(f"/rules/{made}")
    assert "“Busy” judges again." in await person.said(await person.send(f"/rules/{made}/resume"))
    assert "“Busy” is deleted." in await person.said(await person.send(f"/rules/{made}/delete", name="Busy"))
    await person.see(f"/rules/{made}", 404)


async def test_what_is_another_persons_can_not_be_seen_or_touched(person: Person, other: Person) -> None:
    made = await other.make(name="Secret")
    for path in (f"/rules/{made}", f"/rules/{made}/edit", f"/rules/new?like={made}", f"/rules/{new_id()}", "/rules/x"):
        assert "Secret" not in await person.see(path, 404)
    for action in ("pause", "resume", "delete"):
        assert "No such rule" in await person.said(await person.send(f"/rules/{made}/{action}"))
    reply = await person.send(f"/rules/{made}/edit", "/rules/new", **form())
    assert "No such rule" in await person.said(reply)
    assert other.names(await other.see("/rules")) == ["Secret"]


async def test_forms_without_their_token_change_nothing(person: Person) -> None:
    made = await person.make()
    for path in ("/rules/new", f"/rules/{made}/edit", f"/rules/{made}/delete", "/heartbeats/new"):
        reply = await person.browser.post(f"/console{path}", data=form(name="Forged") | {"csrf": "made-up"})
        assert reply.status_code == 403, path
    assert person.names(await person.see("/rules")) == ["Busy"]


# -- the form -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(KINDS))
async def test_each_kind_has_its_form(person: Person, kind: str) -> None:
    page = await person.see("/rules/new", kind=kind)
    assert f'name="kind" value="{kind}"' in page
    assert 'aria-current="true"' in page
    assert "What it would have done" in page


async def test_what_the_address_fills_in_is_tried_at_once(person: Person) -> None:
    matchers = json.dumps([{"label": "job", "op": "=~", "value": "a.*"}])
    page = await person.see("/rules/new", metric="up", op="gt", critical="1", matchers=matchers)
    assert "It would have fired once in the last day. 1 series was judged." in page
    assert page.count('class="plot-band tone-warn"') == 1
    assert 'class="plot-level tone-bad"' in page
    assert '<option value="api">' in page, "what there is is offered"
    assert "Whether it is up." in page
    assert person.names(await person.see("/rules")) == [], "nothing was saved"


async def test_a_preview_is_shown_without_saving_and_says_what_is_missing(person: Person) -> None:
    tried = await person.send("/rules/new", "/rules/new", **form(do="preview", name=""))
    assert tried.status_code == 200
    assert "It would have fired once" in tried.text
    nothing = await person.send("/rules/new", "/rules/new", **form(do="preview", metric=""))
    assert "Choose a metric to see" in nothing.text
    strange = await person.send("/rules/new", "/rules/new", **form(do="preview", name="Unlucky"))
    assert strange.status_code == 200
    assert "Not this one." in strange.text
    assert person.names(await person.see("/rules")) == []


async def test_a_rule_is_saved_as_it_was_typed_and_edited_by_the_same_form(person: Person, services: Any) -> None:
    def saved(rule_id: str) -> Any:
        return next(view.spec for _, view in services.rules.known if view.id == UUID(rule_id))

    made = await person.make(critical="1,299.5", grouping="by", by="job, host", across="max")
    spec = saved(made)
    assert (spec.critical, spec.by, spec.across, spec.hold, spec.labels) == (
        1299.5,
        ["job", "host"],
        "max",
        300,
        {"team": "web"},
    )
    assert [(each.label, each.op, each.value) for each in spec.matchers] == [("job", "=", "api")]
    page = await person.see(f"/rules/{made}/edit")
    assert 'value="1299.5"' in page
    assert 'value="job, host"' in page
    reply = await person.send(f"/rules/{made}/edit", "/rules/new", **form(name="Busier", warning="0.5"))
    assert reply.headers["location"] == f"/console/rules/{made}"
    assert (saved(made).name, saved(made).warning, saved(made).by) == ("Busier", 0.5, None)
    copied = await person.see("/rules/new", like=made)
    assert 'value="Busier (copy)"' in copied


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"metric": ""}, "metric"),
        ({"critical": HOSTILE}, "critical"),
        ({"critical": ""}, "warning"),
        ({"for": "soon"}, "for"),
        ({"labels": HOSTILE.replace("=", "")}, "labels"),
        ({"kind": "nOfM", "n": "9", "m": "5"}, "n"),
        ({"kind": "window", "window": "-1"}, "window"),
    ],
)
async def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_stays(
    person: Person, changes: dict[str, str], field: str
) -> None:
    reply = await person.send("/rules/new", "/rules/new", **form(**changes))
    assert reply.status_code == 422
    assert f'id="field-{field}-error"' in reply.text
    assert "<script>alert" not in reply.text
    assert "<img src=x" not in reply.text
    assert person.names(await person.see("/rules")) == []


async def test_rules_are_put_together(person: Person, services: Any) -> None:
    one, two = await person.make(name="One"), await person.make(name="Two")
    page = await person.see("/rules/new", kind="composite")
    assert f'name="rule" value="{one}"' in page
    fields = {
        "kind": "composite",
        "name": "Both",
        "operator": "and",
        "by": "job",
        "rule": [one, two],
        "severity": "critical",
    }
    tried = html.unescape((await person.send("/rules/new", "/rules/new", **fields, do="preview")).text)
    assert "“One” and “Two”, for each job" in tried
    assert "It would have fired once in the last day." in tried
    reply = await person.send("/rules/new", "/rules/new", **fields)
    assert reply.status_code == 303, reply.text[:3000]
    made = reply.headers["location"].rsplit("/", 1)[1]
    shown = await person.see(f"/rules/{made}")
    assert "“One” and “Two”, for each job" in html.unescape(shown)
    none = await person.send("/rules/new", "/rules/new", **(fields | {"rule": []}))
    assert none.status_code == 422
    assert services.rules.known


# -- one rule -------------------------------------------------------------------------------------------------------------


async def test_a_rules_page_shows_its_series_its_drawing_and_its_alerts(person: Person, services: Any) -> None:
    made = await person.make(name="Firing host", summary=HOSTILE, runbook_url="javascript:alert(1)")
    owner = next(owner for owner, view in services.rules.known if view.id == UUID(made))
    opened = services.alerter.add_alert(
        owner, rule_id=UUID(made), name="Firing host", labels={"host": HOSTILE}, summary=HOSTILE
    )
    page = await person.see(f"/rules/{made}")
    assert "host=web-1" in page
    assert "plot-box" in page
    assert f'href="/console/alerts/{opened.id}"' in page
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert f'href="/console/rules/{made}"' in await person.see(f"/alerts/{opened.id}")
    assert "Firing host" in await person.see("/alerts", rule=made)
    assert "Firing host" not in await person.see("/alerts", rule=str(new_id()))


# -- heartbeats -----------------------------------------------------------------------------------------------------------


def heartbeat(**changes: str) -> dict[str, str]:
    """The form of a heartbeat as it is sent."""
    fields = {"name": "Backup", "period": "1d", "cron": "", "timezone": "UTC", "grace": "30m", "severity": "critical"}
    return fields | changes


async def test_a_heartbeat_is_added_changed_paused_and_deleted(person: Person, other: Person) -> None:
    assert "No heartbeat yet" in await person.see("/heartbeats")
    reply = await person.send("/heartbeats/new", "/heartbeats/new", **heartbeat())
    assert "“Backup” is expected." in await person.said(reply)
    page = await person.see("/heartbeats")
    address = re.search(r"<code class=\"anywhere\">(http://test/ping/[^<]+)</code>", page)
    assert address, "an address of the platform, not of the console"
    made = re.search(r'id="heartbeat-([^"]+)"', page)
    assert made
    at = f"/heartbeats/{made[1]}"
    assert 'value="1d"' in await person.see(f"{at}/edit")
    await person.said(await person.send(f"{at}/edit", "/heartbeats", **heartbeat(period="", cron="30 2 * * *")))
    assert "at “30 2 * * *” (UTC)" in await person.see("/heartbeats")
    assert "“Backup” is paused." in await person.said(await person.send(f"{at}/pause", "/heartbeats"))
    assert "“Backup” is expected again." in await person.said(await person.send(f"{at}/resume", "/heartbeats"))
    assert f"/console{at}/edit" in await person.see(f"/rules/{made[1]}")
    await other.see(f"{at}/edit", 404)
    assert "No such" in await other.said(await other.send(f"{at}/delete", "/heartbeats"))
    assert "“Backup” is deleted." in await person.said(await person.send(f"{at}/delete", "/heartbeats", name="Backup"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"period": "often"}, "period"),
        ({"cron": "1 2 * * *"}, "period"),
        ({"grace": "-"}, "grace"),
    ],
)
async def test_what_is_wrong_with_a_heartbeat_is_told_at_its_field(
    person: Person, changes: dict[str, str], field: str
) -> None:
    reply = await person.send("/heartbeats/new", "/heartbeats/new", **heartbeat(**changes))
    assert reply.status_code == 422
    assert f'id="field-{field}-error"' in reply.text
    assert "No heartbeat yet" in await person.see("/heartbeats")


def check(**changes: str) -> dict[str, str]:
    """The form of an uptime check as it is sent."""
    fields = {"name": "Shop", "kind": "http", "address": "https://shop.example/health", "interval_seconds": "60"}
    return fields | {"failures": "2", "status": "", "body": ""} | changes


async def test_an_uptime_check_is_added_changed_paused_and_deleted(person: Person, other: Person) -> None:
    assert "No uptime check yet" in await person.see("/uptime")
    reply = await person.send("/uptime/new", "/uptime/new", **check())
    assert "“Shop” is asked from now on." in await person.said(reply)
    page = await person.see("/uptime")
    assert "https://shop.example/health" in page
    assert "Not asked yet" in page
    made = re.search(r'id="check-([^"]+)"', page)
    assert made
    assert "Shop" in await person.see(f"/rules/{made[1]}")
    edit = f"/uptime/{made[1]}/edit"
    assert 'value="https://shop.example/health"' in await person.see(edit)
    assert await person.said(await person.send(edit, edit, **check(kind="tcp", address="a.example:25", failures="5")))
    [found] = (await person.browser.get("/console/uptime")).text.split("check-")[1:2]
    assert "a.example:25" in found
    assert 'value="5"' in await person.see(edit)
    assert (await person.send(edit, edit, **check(kind="tcp", address="a.example"))).status_code == 422
    assert "“Shop” is paused." in await person.said(await person.send(f"/uptime/{made[1]}/pause", "/uptime"))
    assert "Paused" in await person.see("/uptime")
    assert "is asked again" in await person.said(await person.send(f"/uptime/{made[1]}/resume", "/uptime"))
    assert "Shop" not in await other.see("/uptime")
    await other.see(edit, 404)
    for what in ("delete", "pause", "edit"):
        assert "No such" in await other.said(await other.send(f"/uptime/{made[1]}/{what}", "/uptime", **check()))
    assert "“Shop” is deleted." in await person.said(
        await person.send(f"/uptime/{made[1]}/delete", "/uptime", name="Shop")
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"address": ""}, "address"),
        ({"interval_seconds": "5"}, "interval_seconds"),
        ({"failures": "61"}, "failures"),
        ({"kind": ""}, "kind"),
        ({"kind": "tcp", "address": "db.example"}, "address"),
    ],
)
async def test_what_is_wrong_with_a_check_is_told_at_its_field(
    person: Person, changes: dict[str, str], field: str
) -> None:
    reply = await person.send("/uptime/new", "/uptime/new", **check(**changes))
    assert reply.status_code == 422
    assert f'id="field-{field}-error"' in reply.text
