"""Every page of the console, in light and dark, on a phone and a desk: accessible, well-formed, without complaint.

With MONITORS_SCREENSHOTS=FOLDER each page is also kept as a picture (`make screenshots`).
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import html5lib
import pytest
from axe_playwright_python.sync_playwright import Axe
from html5lib.html5parser import ParseError
from playwright.sync_api import Browser, BrowserContext, Page

from monitors_operator.demo.pages import AFTER, BEFORE
from monitors_operator.demo.site import Site

PICTURES = os.environ.get("MONITORS_SCREENSHOTS")
PASSWORD = "Correct1horse"
SIZES = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 780}}
OTHER_WIDTHS = (768, 2560)
# A page that is right in the dark at a desk is so on a phone; it is looked at there for its picture.
LOOKS = [("desk", "light"), ("desk", "dark"), ("phone", "light"), *([("phone", "dark")] if PICTURES else [])]
WAIT_MS = 40_000
# Beside axe's own rules: what a finger touches is large enough (WCAG 2.2, 2.5.8).
RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}

# Name, and path below /console; braces are ids of what the furnished account has.
STRANGERS = {"login": "/login", "signup": "/signup"}
PAGES = {
    "monitors": "",
    "monitors-search": "?q=nothing-like-this",
    "new-monitor": "/monitors/new",
    "interpretation": "/monitors/new?prompt=tell+me+when+the+price+at+https%3A%2F%2Fshop.example%2Fkettle+drops+below+%2450",
    "monitor-number": "/monitors/{kettle}",
    "monitor-text": "/monitors/{course}",
    "monitor-failed": "/monitors/{broken}",
    "monitor-edit": "/monitors/{kettle}/edit",
    "monitor-point": "/monitors/{kettle}/point",
    "check": "/monitors/{kettle}/checks/{check}",
    "alerts": "/alerts",
    "alerts-resolved": "/alerts?state=resolved",
    "alert": "/alerts/{alert}",
    "alert-of-rule": "/alerts/{hot}",
    "rules": "/rules",
    "rules-search": "/rules?q=nothing-like-this",
    "rule": "/rules/{busy}",
    "rule-composite": "/rules/{both}",
    "rule-edit": "/rules/{busy}/edit",
    "new-rule": "/rules/new?metric=cpu_busy&warning=60&critical=90&for=5m",
    "new-rule-composite": "/rules/new?kind=composite",
    "heartbeats": "/heartbeats",
    "new-heartbeat": "/heartbeats/new",
    "uptime": "/uptime",
    "new-uptime": "/uptime/new",
    "explore": "/explore",
    "explore-search": "/explore?q=nothing-like-this",
    "explore-graph": "/explore?metric=cpu_busy&label=region&match=%3D&value=north&span=6h",
    "explore-percentile": "/explore?metric=cpu_busy&function=percentile&percentile=99&by=host&by=region&every=0",
    "explore-promql": "/explore?mode=promql&query=max+by+(host)+(cpu_busy)",
    "explore-nothing": "/explore?metric=cpu_busy&label=host&match=%3D&value=nobody",
    "explore-problem": "/explore?mode=promql&query=sum(",
    "explore-send": "/explore/send",
    "targets": "/targets",
    "new-target": "/targets/new",
    "target-edit": "/targets/{target}/edit",
    "system": "/system",
    "channels": "/channels",
    "channel": "/channels/{channel}",
    "deliveries": "/notifications",
    "outbox": "/outbox",
    "mail": "/outbox/{mail}",
    "account": "/account",
    "sessions": "/account/sessions",
    "tokens": "/account/tokens",
    "usage": "/account/usage",
    "data": "/account/data",
    "styleguide": "/styleguide",
    "not-found": "/monitors/01a1ff85-c11e-7257-9c80-dd4c85620392",
}
EMPTY = {
    "monitors-empty": "",
    "alerts-empty": "/alerts",
    "outbox-empty": "/outbox",
    "deliveries-empty": "/notifications",
    "explore-empty": "/explore",
    "targets-empty": "/targets",
    "rules-empty": "/rules",
    "new-rule-empty": "/rules/new",
    "heartbeats-empty": "/heartbeats",
    "uptime-empty": "/uptime",
}


@dataclass(frozen=True)
class Account:
    """Somebody signed in, and what they have."""

    context: BrowserContext
    url: str
    ids: dict[str, str]


def _sign_up(context: BrowserContext, url: str, email: str) -> dict[str, str]:
    """Through the API and the sign-in form; headers for more calls."""
    form = {"email": email, "password": PASSWORD, "name": "Robin"}
    answer = context.request.post(f"{url}/api/auth/register", data=form)
    assert answer.ok, answer.text()
    page = context.new_page()
    page.goto(f"{url}/console/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("body[data-signed-in]", state="attached")
    page.close()
    return {"Authorization": f"Bearer {answer.json()['token']}"}


@pytest.fixture(scope="module")
def stranger(chromium: Browser, platform: Any) -> Iterator[Account]:
    context = chromium.new_context(reduced_motion="reduce")
    yield Account(context, platform.api, {})
    context.close()


@pytest.fixture(scope="module")
def newcomer(chromium: Browser, platform: Any) -> Iterator[Account]:
    context = chromium.new_context(reduced_motion="reduce")
    _sign_up(context, platform.api, "newcomer@example.com")
    yield Account(context, platform.api, {})
    context.close()


@pytest.fixture(scope="module")
def furnished(chromium: Browser, platform: Any) -> Iterator[Account]:
    """An account in use: monitors of every kind, alerts in every state, deliveries that went well and badly."""
    context = chromium.new_context(reduced_motion="reduce")
    headers = _sign_up(context, platform.api, "furnished@example.com")
    site = Site(BEFORE)

    def call(method: str, path: str, body: Any = None) -> Any:
        answer = context.request.fetch(
            platform.api + path, method=method, data=body, headers=headers, timeout=WAIT_MS, max_retries=3
        )
        assert answer.ok, answer.text()
        return answer.json()

    def watch(name: str, sentence: str) -> str:
        prompt = sentence.format(url=site.url)
        return call("POST", "/api/monitors", {"prompt": prompt, "name": name})["monitor"]["id"]

    def check(*monitors: str) -> list[dict[str, Any]]:
        return call("POST", "/api/monitors/refresh", {"ids": list(monitors), "wait": True})["evaluations"]

    ids = {
        "kettle": watch("Copper kettle", "tell me when the price of the copper kettle at {url}/kettle drops below $50"),
        "course": watch("Letterpress course", "let me know when {url}/course says registration is open"),
        "fee": watch("Course fee", "tell me whenever the course fee at {url}/course changes"),
        "broken": watch("Old page", "tell me when the price at {url}/gone drops below $10"),
        "paused": watch("Pan, for later", "tell me when the price of the copper pan at {url}/kettle drops below $60"),
    }
    hook = {"kind": "webhook", "name": "Pager", "url": f"{site.url}/hook"}
    ids["channel"] = call("POST", "/api/channels", hook)["channel"]["id"]
    for price in (64.0, 63.0, 61.5, 62.0, 58.0, 55.0, 51.0):
        site.state = replace(BEFORE, kettle_price=price)
        check(ids["kettle"])
    check(ids["course"], ids["fee"], ids["broken"])
    site.state = AFTER
    checks = {each["monitorId"]: each for each in check(ids["kettle"], ids["course"], ids["fee"])}
    ids["check"] = checks[ids["kettle"]]["refreshId"]
    call("PUT", f"/api/monitors/{ids['paused']}", {"isActive": False})
    found: dict[str, str] = {}
    page = context.new_page()
    while not {ids["kettle"], ids["course"], ids["fee"]} <= set(found):
        found = {each["monitorId"]: each["id"] for each in call("GET", "/api/alerts")["alerts"]}
        page.wait_for_timeout(100)
    ids["alert"] = found[ids["kettle"]]
    call("POST", f"/api/alerts/{ids['alert']}/acknowledge", {"note": "Ordering one."})
    call("POST", f"/api/alerts/{ids['alert']}/comments", {"text": "Delivery takes two days."})
    call("POST", f"/api/alerts/{found[ids['fee']]}/resolve", {"note": "Paid."})
    mails: list[Any] = []
    while len(mails) < 3:
        mails = call("GET", "/api/outbox")["messages"]
        page.wait_for_timeout(100)
    ids["mail"] = mails[0]["id"]
    ids |= _judged(call, page)
    ids["target"] = _scraped(call, page, site)
    page.close()
    yield Account(context, platform.api, ids)
    context.close()


def _judged(call: Callable[..., Any], page: Page) -> dict[str, str]:
    """Two hosts, one of which was busy an hour ago and is again; rules that fire and rules that do not, a heartbeat."""

    def rule(**spec: Any) -> str:
        return call("POST", "/api/rules", {"kind": "threshold", "metric": "cpu_busy"} | spec)["rule"]["id"]

    def send(*points: tuple[str, int, float]) -> None:
        batch = [
            {
                "name": "cpu_busy",
                "value": value,
                "tags": {"host": host, "region": "north"},
                "timestamp": (datetime.now(UTC) - timedelta(minutes=ago)).isoformat(),
            }
            for host, ago, value in points
        ]
        call("POST", "/api/metrics", {"metrics": batch})

    send(*(("web-1", ago, 95 - ago % 7 if 50 <= ago < 70 else 20 + ago % 13) for ago in range(180, 1, -1)))
    send(*(("web-2", ago, 10 + ago % 9) for ago in range(180, 1, -1)))
    annotations = {"summary": "{{ labels.host }} is at {{ value }} %"}
    busy = rule(name="Busy host", warning=60, critical=90, annotations=annotations, labels={"team": "web"}, group="Web")
    calm = rule(name="Calm host", op="lt", warning=-1)
    both = rule(name="Both", kind="composite", operator="and", rules=[busy, calm])
    rule(name="Silent host", kind="absence", **{"for": "10m"})
    call("PATCH", f"/api/rules/{rule(name='Paused', warning=1)}", {"isActive": False})
    call("POST", "/api/heartbeats", {"name": "Nightly backup", "period": "1d", "grace": "30m"})
    call("POST", "/api/uptime", {"name": "This machine", "kind": "dns", "host": "localhost"})
    send(("web-1", 0, 97), ("web-2", 0, 12))
    hot: list[str] = []
    while not hot:
        hot = [each["id"] for each in call("GET", f"/api/alerts?ruleId={busy}")["alerts"]]
        page.wait_for_timeout(100)
    return {"busy": busy, "both": both, "hot": hot[0]}


def _scraped(call: Callable[..., Any], page: Page, site: Site) -> str:
    """Targets that are down, paused and at nobody's address; the first one's id, once it was scraped."""

    def target(name: str, path: str, **spec: Any) -> str:
        asked = {"name": name, "url": f"{site.url}{path}", "labels": {"env": "demo"}} | spec
        return call("POST", "/api/targets", asked)["target"]["id"]

    down = target("node", "/no-metrics", headers={"Authorization": "Bearer secret"})
    target("paused", "/no-metrics", isActive=False)
    while not call("GET", f"/api/targets/{down}")["lastScrapeAt"]:
        page.wait_for_timeout(100)
    return down


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_sees(stranger: Account, name: str, size: str, scheme: str) -> None:
    _look(stranger, STRANGERS[name], name, size, scheme)


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
@pytest.mark.parametrize("name", EMPTY)
def test_a_newcomer_sees(newcomer: Account, name: str, size: str, scheme: str) -> None:
    _look(newcomer, EMPTY[name], name, size, scheme)


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_somebody_at_home_sees(furnished: Account, name: str, size: str, scheme: str) -> None:
    _look(furnished, PAGES[name], name, size, scheme)


def _look(account: Account, path: str, name: str, size: str, scheme: Any) -> None:
    """Open the page as it is for this size and scheme, and hold it against everything that each page keeps to."""
    page = account.context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_viewport_size(SIZES[size])  # pyright: ignore[reportArgumentType]
    page.emulate_media(color_scheme=scheme)
    address = f"{account.url}/console{path.format_map(account.ids)}"
    answer = page.goto(address)
    assert answer
    expected = 404 if name == "not-found" else 200
    assert answer.status == expected
    if expected != 200:
        complaints[:] = [each for each in complaints if "404" not in each]
    page.wait_for_load_state("load")
    page.wait_for_function("!document.querySelector('figure[data-chart]:not([data-drawn])')")
    if PICTURES:
        _photograph(page, f"{name}-{size}-{scheme}")
    assert not complaints
    _is_well_formed(account.context.request.get(address, max_retries=3).text())
    _is_accessible(page)
    _fits(page)
    if size == "desk":
        for width in OTHER_WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            _fits(page)
    page.close()


def _is_well_formed(html: str) -> None:
    """No error that the HTML standard's own parser would notice, and no id twice."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), strict=True, namespaceHTMLElements=False)
    try:
        tree: Any = parser.parse(html)
    except ParseError as error:
        line, column = parser.tokenizer.stream.position()
        around = html.splitlines()[max(0, line - 2) : line + 1]
        raise AssertionError(f"{error} near line {line}, column {column}: {around}") from None
    ids = [each.get("id") for each in tree.iter() if each.get("id")]
    assert len(ids) == len(set(ids)), sorted(each for each in set(ids) if ids.count(each) > 1)
    described = {name for each in tree.iter() for name in (each.get("aria-describedby") or "").split()}
    assert described <= set(ids)


def _fits(page: Page) -> None:
    """Nothing sticks out to the side."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{wide} px too wide"


def _is_accessible(page: Page) -> None:
    found: Any = Axe().run(page, options=RULES).response
    serious = [
        f"{each['impact']}: {each['id']}: {[node['html'][:160] for node in each['nodes'][:3]]}"
        for each in found["violations"]
        if each["impact"] in ("moderate", "serious", "critical")
    ]
    assert not serious


def _photograph(page: Page, name: str) -> None:
    assert PICTURES
    folder = Path(PICTURES)
    folder.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(150)  # fonts and charts settle; only pictures wait for that
    page.screenshot(path=folder / f"{name}.png", full_page=True)
