"""One monitor in the browser: checked live, seen where it was read, compared, pointed at another place."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from monitors_contracts.base import id_floor, new_id
from monitors_operator.locate import running

"""A page of a long history, on a test machine that is busy with other things; alone it takes a tenth of that."""

SHOPS = """<html><head><title>Kettles</title></head><body><main><h1>Copper kettle</h1><p class=price>${price}</p>
<table><tr><th>Shop</th><th>Price</th></tr><tr><td>North</td><td>$61</td></tr><tr><td>South</td><td>${south}</td></tr></table>
<p>Made by hand.</p></main></body></html>"""

HOSTILE = """<html><head><title>Kettle<script>parent.alert("title")</script></title>
<meta http-equiv=refresh content="0;url={url}/refreshed"><base href="{url}/based/"><link rel=preconnect href="{url}">
<link rel=stylesheet href="{url}/style.css">
<style>@import url({url}/import.css); body { background: url({url}/back.png) }</style>
</head><body onload="alert(1)"><h1>Copper kettle</h1>
<p class=price onclick="alert(2)" style="background: url({url}/inline.png)">$60.00</p>
<script>alert(3); fetch("{url}/fetched")</script><script src="{url}/x.js"></script>
<img src="{url}/pixel.png" onerror="alert(4)"><img src=x onerror="fetch('{url}/error')">
<svg onload="alert(5)"><script>alert(6)</script><image href="{url}/svg.png"/></svg>
<iframe src="{url}/frame"></iframe><iframe srcdoc="<script>parent.alert(7)</script>"></iframe>
<object data="{url}/object"></object><embed src="{url}/embed"><video src="{url}/video" autoplay></video>
<form action="{url}/form"><input autofocus onfocus="alert(8)"><button>Send</button></form>
<a href="javascript:alert(9)">Details</a> <a href="{url}/away" ping="{url}/ping" target=_top>Away</a>
<noscript><p title="</noscript><img src={url}/noscript.png onerror=alert(10)>">x</p></noscript>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(11)&gt;"></table></mtext></math>
<template><script>alert(12)</script></template><mark id=fact>not the fact</mark></body></html>"""


def watch(visitor: Any, url: str) -> str:
    """A monitor of this visitor, whose page is taken as it is sent; its id."""
    prompt = f"tell me when the price of the copper kettle at {url} drops below $50"
    asked = {"prompt": prompt, "name": "Copper kettle", "source": {"render": "http"}}
    return visitor.api("POST", "/api/monitors", asked)["monitor"]["id"]


def check(visitor: Any, monitor: str) -> dict[str, Any]:
    return visitor.api("POST", f"/api/monitors/{monitor}/refresh")["evaluation"]


def shops(site: Any, price: str = "60.00", south: str = "52") -> str:
    site.pages["/shops"] = ("text/html", SHOPS.replace("{price}", price).replace("{south}", south))
    return f"{site.url}/shops"


def fact_of(page: Page) -> Any:
    return page.frame_locator("#page-frame").locator("mark#fact")


def press(frame: FrameLocator, what: Locator) -> None:
    """Click on something in a frame, once what the mouse does reaches it: until a frame's first paint that is lost."""
    while not frame.locator(":hover").count():
        what.hover()
    what.click()


def test_check_now_shows_its_stages_and_then_the_value_with_the_fact_marked(visitor: Any, site: Any) -> None:
    monitor = watch(visitor, site.shop("/kettle", 60))
    page = visitor.go(f"/monitors/{monitor}")
    visitor.live()
    expect(page.locator("#now")).to_contain_text("never checked")
    page.evaluate(
        """() => {
            window.reached = [];
            const note = () => window.reached.push(document.getElementById("stages").dataset.reached);
            new MutationObserver(note).observe(document.getElementById("stages"), { attributeFilter: ["data-reached"] });
        }"""
    )
    page.get_by_role("button", name="Check now").click()
    expect(page.locator("#now .hero-value")).to_have_text("$60")
    page.wait_for_function("window.reached.includes('done')")
    reached: list[str] = page.evaluate("window.reached")
    assert list(dict.fromkeys(reached)) == ["fetching", "reading", "done"]
    expect(fact_of(page)).to_have_text("$60.00")
    assert page.evaluate("window.scrollY") == 0  # the frame goes to the fact, the page around it stays
    expect(page.locator("#why")).to_contain_text("price < 50 USD is not true of 60 USD.")


def test_a_second_check_is_seen_without_reloading(visitor: Any, site: Any) -> None:
    monitor = watch(visitor, site.shop("/kettle", 60))
    check(visitor, monitor)
    page = visitor.go(f"/monitors/{monitor}")
    visitor.live()
    site.shop("/kettle", 45)
    page.get_by_role("button", name="Check now").click()
    expect(page.locator("#now .hero-value")).to_have_text("$45")
    expect(page.locator("#now .badge")).to_have_text("Triggered")
    expect(page.locator("#stages")).to_be_hidden()
    expect(page.get_by_role("button", name="Check now")).to_be_enabled()
    expect(page.locator("#checks-list tbody tr")).to_have_count(2)
    expect(page.locator("#triggers .timeline li")).to_have_count(1)
    expect(page.locator("#messages li")).to_have_count(1)


def test_without_javascript_a_check_is_waited_for_and_told(visit: Any, site: Any) -> None:
    visitor = visit(java_script_enabled=False)
    monitor = watch(visitor, site.shop("/kettle", 45))
    page = visitor.go(f"/monitors/{monitor}")
    page.get_by_role("button", name="Check now").click()
    expect(page.locator(".toast")).to_contain_text("Triggered")
    expect(page.locator("#now .hero-value")).to_have_text("$45")
    expect(fact_of(page)).to_have_text("$45.00")


def test_numbers_are_drawn_and_told_in_a_table(visitor: Any, site: Any) -> None:
    monitor = watch(visitor, site.shop("/kettle", 60))
    for price in (60, 58, 64):
        site.shop("/kettle", price)
        check(visitor, monitor)
    page = visitor.go(f"/monitors/{monitor}")
    expect(page.locator("figure.chart canvas")).to_be_visible()
    page.get_by_text("As a table").click()
    cells = page.locator("#values .chart-table tbody td:nth-child(2)")
    expect(cells).to_have_text(["$64", "$58", "$60"])


def test_what_changed_on_the_page_is_shown_line_by_line(visitor: Any, site: Any) -> None:
    monitor = watch(visitor, shops(site))
    check(visitor, monitor)
    shops(site, south="49")
    check(visitor, monitor)
    page = visitor.go(f"/monitors/{monitor}")
    page.get_by_role("link", name="What changed").click()
    expect(page.locator(".diff-removed")).to_contain_text("South | $52")
    expect(page.locator(".diff-added")).to_contain_text("South | $49")
    expect(page.locator(".diff-added, .diff-removed")).to_have_count(2)


@pytest.mark.parametrize("with_script", [True, False])
def test_pointing_at_another_place_changes_what_is_read(visit: Any, site: Any, with_script: bool) -> None:
    visitor = visit(java_script_enabled=with_script)
    monitor = watch(visitor, shops(site))
    assert check(visitor, monitor)["reason"] == "fact-not-found"  # three prices, and any could be meant
    page = visitor.go(f"/monitors/{monitor}")
    page.get_by_role("link", name="Point at the right one").click()
    frame = page.frame_locator("#point-frame")
    press(frame, frame.get_by_text("Made by hand."))
    expect(page.get_by_text("No price can be read from")).to_be_visible()
    press(frame, frame.get_by_role("link", name="$52"))
    expect(page.locator(".preview")).to_contain_text("$52")
    expect(frame.locator("mark#fact")).to_have_text("$52")
    page.get_by_role("button", name="Read it here from now on").click()
    expect(page.locator(".toast")).to_contain_text("The next check reads the fact there.")
    shops(site, south="51")
    ended = check(visitor, monitor)
    assert (ended["value"], ended["verdict"], ended["previousValue"]) == (51, "quiet", None)


def test_a_hostile_page_runs_and_loads_nothing_and_leads_nowhere(visitor: Any, site: Any) -> None:
    site.pages["/hostile"] = ("text/html", HOSTILE.replace("{url}", site.url))
    monitor = watch(visitor, f"{site.url}/hostile")
    refresh = check(visitor, monitor)
    assert refresh["value"] == 60
    requests: list[str] = []
    dialogs: list[str] = []
    page = visitor.page
    visitor.context.on("request", lambda request: requests.append(request.url))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    served = len(site.served)
    own = urlsplit(visitor.url).netloc

    for path, name in ((f"/monitors/{monitor}", "#page-frame"), (f"/monitors/{monitor}/point", "#point-frame")):
        visitor.go(path)
        page.locator(name).scroll_into_view_if_needed()
        frame = page.frame_locator(name)
        expect(frame.get_by_text("$60.00")).to_be_visible()
        press(frame, frame.get_by_text("Away"))
        expect(page).not_to_have_url(f"{site.url}/away")
        page.wait_for_load_state("networkidle")
    visitor.go(f"/monitors/{monitor}")
    page.locator("#page-frame").scroll_into_view_if_needed()
    expect(fact_of(page)).to_have_text("$60.00")

    assert dialogs == []
    assert {urlsplit(each).netloc for each in requests if not each.startswith("data:")} == {own}
    assert site.served[served:] == []
    assert visitor.complaints == []


def test_a_check_tells_all_that_it_caused(visitor: Any, site: Any) -> None:
    monitor = watch(visitor, site.shop("/kettle", 45))
    ended = check(visitor, monitor)
    page = visitor.go(f"/monitors/{monitor}")
    visitor.until(lambda: visitor.api("GET", f"/api/monitors/{monitor}")["notifications"])
    page.reload()
    expect(page.locator("#messages li")).to_have_count(1)
    page.get_by_role("link", name="Every event of this check").click()
    expect(page).to_have_url(f"{visitor.url}/console/monitors/{monitor}/checks/{ended['refreshId']}")
    titles = page.locator(".trace-title")
    for title in ("Check asked for", "Page fetched", "Verdict", "Alert raised"):
        expect(titles.get_by_text(title, exact=True)).to_be_visible()
    expect(page.locator(".steps")).to_contain_text("An alert was sent")


async def _fill(database: str, monitor: str, count: int) -> None:
    """A history of so many checks, a minute apart, every thousandth triggered."""
    begin = datetime.now(UTC) - timedelta(minutes=count)
    ids = [UUID(int=id_floor(begin + timedelta(minutes=n)).int | (new_id().int & (2**60 - 1))) for n in range(count)]
    connection = await asyncpg.connect(database)
    await connection.execute(
        """
        INSERT INTO evaluator.evaluations (id, organization_id, monitor_id, status, requested_at, document)
        SELECT ids.id, monitors.organization_id, monitors.id, 'done', at.moment, jsonb_build_object(
            'id', ids.id, 'monitorId', monitors.id, 'requestedAt', at.moment, 'evaluatedAt', at.moment, 'unit', 'USD',
            'reason', 'not-met', 'value', 60 + sin(ids.place / 200.0) * 10, 'confidence', 0.9,
            'verdict', CASE WHEN ids.place % 1000 = 0 THEN 'triggered' ELSE 'quiet' END)
        FROM evaluator.monitors, unnest($2::uuid[]) WITH ORDINALITY AS ids (id, place),
             LATERAL (SELECT $3::timestamptz + (ids.place - 1) * interval '1 minute' AS moment) AS at
        WHERE monitors.id = $1
        """,
        UUID(monitor),
        ids,
        begin,
    )
    await connection.close()


def test_a_history_of_ten_thousand_checks_is_paged(visitor: Any, site: Any, platform: Any) -> None:
    monitor = watch(visitor, site.shop("/kettle", 60))
    check(visitor, monitor)
    found = running(platform.data_dir)
    assert found
    with ThreadPoolExecutor(1) as apart:  # the browser has the event loop of this thread
        apart.submit(asyncio.run, _fill(found.database, monitor, 10_000)).result()
    page = visitor.go(f"/monitors/{monitor}")
    seen: list[str] = []
    for _ in range(4):
        rows = page.locator("#checks-list tbody tr")
        expect(rows).to_have_count(25)
        seen += page.locator("#checks-list tbody tr a").evaluate_all("all => all.map(each => each.href)")
        with page.expect_navigation(wait_until="domcontentloaded"):
            page.get_by_role("link", name="Older checks").click()
    assert len(set(seen)) == len(seen) == 100
    page.locator("#checks .tabs").get_by_text("Triggered").click()
    expect(page.locator("#checks-list tbody tr")).to_have_count(10)
    expect(page.locator("figure.chart canvas")).to_be_visible()
