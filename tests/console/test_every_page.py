"""Every page of the console, in light and dark, on a phone and a desk: accessible, well-formed, without complaint.

With MONITORS_SCREENSHOTS=FOLDER each page is also kept as a picture (`make screenshots`).
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import html5lib
import pytest
from axe_playwright_python.base import AXE_SCRIPT as AXE
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
# A chart follows the size of its place a frame later, and a colour is another one when its transition is over, however short.
SETTLED = """async () => {
    const frame = () => new Promise(requestAnimationFrame);
    for (let frames = 2; frames > 0; frames--) await frame();
    while (document.getAnimations().some(({ playState }) => playState === "running")) await frame();
}"""
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
    "alerts-pending": "/alerts?state=pending",
    "alert": "/alerts/{alert}",
    "alert-of-rule": "/alerts/{hot}",
    "incidents": "/incidents",
    "incidents-resolved": "/incidents?status=resolved",
    "incident": "/incidents/{incident}",
    "incident-postmortem": "/incidents/{incident}/postmortem",
    "new-incident": "/incidents/new",
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
    "edit-uptime": "/uptime/{here}/edit",
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
    "on-call": "/on-call",
    "on-call-month": "/on-call?view=month&day=2026-11-15",
    "new-schedule": "/on-call/new",
    "schedule-edit": "/on-call/{schedule}/edit",
    "policies": "/policies",
    "new-policy": "/policies/new",
    "policy-edit": "/policies/{policy}/edit",
    "contacts": "/contacts",
    "new-contact": "/contacts/new",
    "contact-edit": "/contacts/{contact}/edit",
    "routes": "/routes?labels=host%3Ddb-1%2C+severity%3Dcritical",
    "new-route": "/routes/new?under=databases",
    "route-edit": "/routes/urgent/edit",
    "silences": "/silences",
    "silences-expired": "/silences?state=expired",
    "silence": "/silences/{silence}",
    "silence-edit": "/silences/{silence}/edit",
    "new-silence": "/silences/new?alert={hot}",
    "new-silence-broad": "/silences/new?matchers=alertname%3D~.%2B",
    "alert-silenced": "/alerts/{silenced}",
    "maintenance": "/maintenance",
    "maintenance-window": "/maintenance/{window}",
    "new-maintenance": "/maintenance/new?matchers=service%3Ddb",
    "maintenance-edit": "/maintenance/{window}/edit",
    "inhibitions": "/inhibitions",
    "inhibition": "/inhibitions/{inhibition}",
    "new-inhibition": "/inhibitions/new",
    "inhibition-edit": "/inhibitions/{inhibition}/edit",
    "status-pages": "/status-pages",
    "status-page": "/status-pages/{status}",
    "new-status-page": "/status-pages/new",
    "status-page-edit": "/status-pages/{status}/edit",
    "status-component": "/status-pages/{status}/components/kettles",
    "channels": "/channels",
    "channel": "/channels/{channel}",
    "integrations": "/integrations",
    "new-integration": "/integrations/new?kind=generic",
    "integration": "/integrations/{integration}",
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
    "incidents-empty": "/incidents",
    "status-pages-empty": "/status-pages",
    "outbox-empty": "/outbox",
    "deliveries-empty": "/notifications",
    "explore-empty": "/explore",
    "targets-empty": "/targets",
    "rules-empty": "/rules",
    "on-call-empty": "/on-call",
    "policies-empty": "/policies",
    "routes-empty": "/routes",
    "contacts-empty": "/contacts",
    "silences-empty": "/silences",
    "maintenance-empty": "/maintenance",
    "inhibitions-empty": "/inhibitions",
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
    call("POST", "/api/integrations", {"kind": "grafana", "name": "Grafana of the shop", "labels": {"team": "shop"}})
    made = call("POST", "/api/integrations", {"kind": "generic", "name": "Checks"})
    ids["integration"] = made["integration"]["id"]
    call("POST", made["url"].removeprefix(platform.api), {"name": "DiskFull", "summary": "db-1 has no room left"})
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
    ids |= _on_call(call, ids["channel"])
    ids |= _held_back(call, made["url"].removeprefix(platform.api))
    ids["incident"] = _incidents(call, ids)
    ids["status"] = _published(call, ids)
    _routed(call, ids)
    page.close()
    yield Account(context, platform.api, ids)
    context.close()


def _incidents(call: Callable[..., Any], ids: dict[str, str]) -> str:
    """One that is worked on, with all that people say about one, and one that is over; the first one's id."""
    title = "The kettle is cheap and the machine is busy"
    made = call("POST", "/api/incidents", {"title": title, "alerts": [ids["alert"], ids["hot"]]})["incident"]["id"]
    at = f"/api/incidents/{made}"
    call("POST", f"{at}/acknowledge", {"note": "Looking"})
    call("PATCH", at, {"impact": "Some orders wait.", "severity": "critical", "commander": "Day watch"})
    call("POST", f"{at}/responders", {"name": "Night watch"})
    task = call("POST", f"{at}/tasks", {"text": "Roll back", "assignee": "Night watch"})["incident"]["tasks"][0]["id"]
    call("POST", f"{at}/tasks/{task}/complete")
    call("POST", f"{at}/tasks", {"text": "Tell the shop"})
    call("POST", f"{at}/updates", {"text": "The release was rolled back; we watch.", "isPublic": True})
    over = call("POST", "/api/incidents", {"title": "Orders arrive twice"})["incident"]["id"]
    call("POST", f"/api/incidents/{over}/resolve", {"note": "Once again"})
    return made


def _published(call: Callable[..., Any], ids: dict[str, str]) -> str:
    """A status page with all that one shows: a component that follows alerts, one by hand, maintenance, updates."""
    kettles = {"key": "kettles", "name": "Kettles", "matchers": 'alertname=~".*kettle.*"', "windows": [ids["window"]]}
    orders = {"key": "orders", "name": "Orders", "group": "Shop", "description": "What customers order"}
    page = {"name": "Shop", "slug": "furnished-shop", "timezone": "Europe/Berlin", "components": [kettles, orders]}
    made = call("POST", "/api/status-pages", page)["page"]["id"]
    at = f"/api/status-pages/{made}"
    call("PUT", f"{at}/components/orders/override", {"status": "partial-outage", "note": "Some orders wait."})
    said = {"title": "Orders", "text": "Some orders wait.\nWe look for the cause.", "stage": "investigating"}
    call("POST", f"{at}/updates", said | {"components": ["orders"]})
    call("POST", f"{at}/updates", {"title": "New address", "text": "From Monday on."})
    return made


def _routed(call: Callable[..., Any], ids: dict[str, str]) -> None:
    """Routes beside and below each other, with all that one can say."""
    hours = {"days": ["monday", "friday"], "start": "09:00", "end": "18:00", "timezone": "Europe/Berlin"}
    night = {
        "name": "night",
        "channels": [ids["channel"]],
        "activeHours": [hours],
        "limit": {"notices": 5, "per": "10m"},
    }
    urgent = {"name": "urgent", "severities": ["critical"], "policyId": ids["policy"], "continue": True}
    databases = {"name": "databases", "matchers": 'host=~"db-.*"', "groupBy": ["host"], "routes": [night]}
    root = {"name": "root", "groupWait": "30s", "repeatInterval": "4h", "routes": [urgent, databases]}
    call("PUT", "/api/routing", {"root": root})


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
    rule(name="Busy for long", warning=60, critical=90, **{"for": "1h"})
    call("PATCH", f"/api/rules/{rule(name='Paused', warning=1)}", {"isActive": False})
    call("POST", "/api/heartbeats", {"name": "Nightly backup", "period": "1d", "grace": "30m"})
    here = call("POST", "/api/uptime", {"name": "This machine", "kind": "dns", "host": "localhost"})["check"]["id"]
    send(("web-1", 0, 97), ("web-2", 0, 12))
    hot: list[str] = []
    while not hot or not call("GET", "/api/alerts/pending")["total"]:
        hot = [each["id"] for each in call("GET", f"/api/alerts?ruleId={busy}")["alerts"]]
        page.wait_for_timeout(100)
    return {"busy": busy, "both": both, "hot": hot[0], "here": here}


def _on_call(call: Callable[..., Any], channel: str) -> dict[str, str]:
    """People who take turns, with nights of somebody else, somebody who stands in, gaps, and two policies."""

    def make(many: str, **body: Any) -> str:
        return call("POST", f"/api/{many}", body)[{"policies": "policy"}.get(many, many.removesuffix("s"))]["id"]

    people = [make("contacts", name=name, channels=[channel]) for name in ("Day watch", "Night watch", "Third")]
    days = {
        "participants": people[:2],
        "rotation": "daily",
        "start": "2026-01-05",
        "restrictions": [{"start": "06:00"}],
    }
    weekend = [{"days": ["saturday", "sunday"], "start": "10:00", "end": "22:00"}]
    nights = {"name": "Weekend", "participants": people[2:], "start": "2026-01-05", "restrictions": weekend}
    schedule = make("schedules", name="Platform", timezone="Europe/Berlin", layers=[days, nights])
    shop = {"participants": people[:1], "start": "2090-01-01"}
    make("schedules", name="Shop", timezone="America/New_York", layers=[shop])
    begins = datetime.now(UTC) + timedelta(hours=30)
    override = {"contactId": people[2], "startsAt": begins.isoformat(), "note": "Dentist"}
    override["endsAt"] = (begins + timedelta(hours=20)).isoformat()
    call("POST", f"/api/schedules/{schedule}/overrides", override)
    call("POST", f"/api/schedules/{schedule}/calendar")
    first = {"targets": [{"kind": "schedule", "id": schedule}]}
    then = {"after": "10m", "targets": [{"kind": "contact", "id": people[2]}, {"kind": "channel", "id": channel}]}
    policy = make("policies", name="Urgent", steps=[first, then], repeat=2)
    paused = make("channels", kind="webhook", name="Old pager", url="https://pager.example/x")
    call("PATCH", f"/api/channels/{paused}", {"isActive": False})
    make("policies", name="Tells nobody", steps=[{"targets": [{"kind": "channel", "id": paused}]}])
    return {"schedule": schedule, "policy": policy, "contact": people[0]}


def _held_back(call: Callable[..., Any], hook: str) -> dict[str, str]:
    """Silences that last, are over and are to come, with an alert that one holds back; maintenance, and a rule."""

    def silence(matchers: str, **parts: Any) -> str:
        made = {"matchers": matchers, "for": "2h", "comment": "The disk is being replaced"} | parts
        return call("POST", "/api/silences", made)["silence"]["id"]

    lasting = silence('alertname="Silenced disk", host!~"web-.*"')
    call("POST", f"/api/silences/{silence('rack=r1')}/expire")
    silence("rack=r2", startsAt=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    call("POST", hook, {"name": "Silenced disk", "summary": "db-2 has no room left"})
    [alert] = call("GET", "/api/alerts?q=Silenced+disk")["alerts"]
    today = datetime.now(UTC).strftime("%Y-%m-%dT00:00")
    window = {"name": "Database updates", "matchers": "service=db", "startsAt": today, "duration": "90m"}
    made = call("POST", "/api/maintenance", window | {"rrule": "FREQ=WEEKLY", "timezone": "Europe/Berlin"})
    call("POST", "/api/maintenance", window | {"name": "Off", "isActive": False})
    call("POST", "/api/maintenance", window | {"name": "Move of the racks", "duration": "3d"})
    rule = {"name": "Host down", "source": "alertname=HostDown", "target": 'host!=""', "equal": ["host"]}
    rule_id = call("POST", "/api/inhibitions", rule)["inhibition"]["id"]
    return {"silence": lasting, "silenced": alert["id"], "window": made["window"]["id"], "inhibition": rule_id}


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


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_sees(stranger: Account, name: str) -> None:
    _visit(stranger, STRANGERS[name], name)


@pytest.mark.parametrize("name", EMPTY)
def test_a_newcomer_sees(newcomer: Account, name: str) -> None:
    _visit(newcomer, EMPTY[name], name)


@pytest.mark.parametrize("name", PAGES)
def test_somebody_at_home_sees(furnished: Account, name: str) -> None:
    _visit(furnished, PAGES[name], name)


def _visit(account: Account, path: str, name: str) -> None:
    """Open the page once, and hold it in every look against everything that each page keeps to."""
    address, expected = f"{account.url}/console{path.format_map(account.ids)}", 404 if name == "not-found" else 200
    said: list[str] = []
    with closing(account.context.new_page()) as page:
        page.on("console", lambda line: said.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        _wear(page, *LOOKS[0])
        answer = page.goto(address)
        assert answer
        assert answer.status == expected
        page.wait_for_load_state("load")
        page.wait_for_function("!document.querySelector('figure[data-chart]:not([data-drawn])')")
        page.evaluate(AXE)
        wrong = [f"markup: {each}" for each in _malformed(account.context.request.get(address, max_retries=3).text())]
        for size, scheme in LOOKS:
            _wear(page, size, scheme)
            if PICTURES:
                page.reload()  # a chart keeps the colours that it was drawn in
                page.evaluate(AXE)
                _photograph(page, f"{name}-{size}-{scheme}")
            wrong += [f"{size}, {scheme}: {each}" for each in (*_inaccessible(page), *_sticking_out(page))]
        for width in OTHER_WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate(SETTLED)
            wrong += [f"{width} px wide: {each}" for each in _sticking_out(page)]
    wrong += [f"complaint: {each}" for each in said if expected == 200 or "404" not in each]
    assert not wrong, "\n".join(wrong)


def _wear(page: Page, size: str, scheme: Any) -> None:
    """The page as it is for this size and scheme."""
    page.set_viewport_size(SIZES[size])  # pyright: ignore[reportArgumentType]
    page.emulate_media(color_scheme=scheme)
    page.evaluate(SETTLED)


def _malformed(html: str) -> Iterator[str]:
    """Errors that the HTML standard's own parser notices, ids that are there twice, and ids that are named in vain."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), strict=True, namespaceHTMLElements=False)
    try:
        tree: Any = parser.parse(html)
    except ParseError as error:
        line, column = parser.tokenizer.stream.position()
        around = html.splitlines()[max(0, line - 2) : line + 1]
        yield f"{error} near line {line}, column {column}: {around}"
        return
    ids = Counter(each.get("id") for each in tree.iter() if each.get("id"))
    yield from (f"id={each!r} {count} times" for each, count in ids.items() if count > 1)
    described = {name for each in tree.iter() for name in (each.get("aria-describedby") or "").split()}
    yield from (f"nothing has the id {each!r} of an aria-describedby" for each in described - set(ids))


def _sticking_out(page: Page) -> Iterator[str]:
    """How far something sticks out to the side."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        yield f"{wide} px too wide"


def _inaccessible(page: Page) -> Iterator[str]:
    """What axe, which is in the page, finds and calls more than minor."""
    for each in page.evaluate("(options) => axe.run(options).then(({ violations }) => violations)", RULES):
        if each["impact"] in ("moderate", "serious", "critical"):
            yield f"{each['impact']}: {each['id']}: {[node['html'][:160] for node in each['nodes'][:3]]}"


def _photograph(page: Page, name: str) -> None:
    assert PICTURES
    folder = Path(PICTURES)
    folder.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(150)  # fonts and charts settle; only pictures wait for that
    page.screenshot(path=folder / f"{name}.png", full_page=True)
