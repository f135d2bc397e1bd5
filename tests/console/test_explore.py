"""Explore in the browser: the first measurement, graphs that follow what is measured, targets, the platform's health."""

import math
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect


def send(visitor: Any, name: str = "cpu_busy", value: float = 20.0, **tags: str) -> None:
    """Measure now."""
    sample = {"name": name, "value": value, "tags": tags, "type": "counter" if name.endswith("_total") else "gauge"}
    visitor.api("POST", "/api/metrics", {"metrics": [sample]})


def history(visitor: Any, *hosts: str, name: str = "cpu_busy") -> None:
    """Two hours of every host, a sample a minute, up to two minutes ago."""
    now = time.time()
    points = [(host, at) for host in hosts for at in range(2, 120)]
    samples = [
        {
            "name": name,
            "value": 40 + 10 * math.sin(at / 9 + len(host)),
            "tags": {"host": host, "region": "north" if host < "web-2" else "south"},
            "timestamp": now - 60 * at,
        }
        for host, at in points
    ]
    visitor.api("POST", "/api/metrics", {"metrics": samples})


def measured(visitor: Any, selector: str, count: int) -> None:
    """Wait until so many series are known."""
    visitor.until(lambda: len(visitor.api("GET", f"/api/metrics/series?match={selector}")["series"]) >= count)


def legend(page: Page) -> Any:
    return page.locator("#legend tbody tr")


def test_the_first_measurement_appears_on_the_page_that_told_how_to_send_it(visitor: Any) -> None:
    page = visitor.go("/explore")
    visitor.live()
    expect(page.get_by_role("heading", name="Send the first measurement")).to_be_visible()
    expect(page.locator("pre").first).to_contain_text(f"{visitor.url}/api/metrics")
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy Prometheus").click()
    expect(page.locator(".toast")).to_contain_text("Copied.")
    assert f"url: {visitor.url}/api/v1/write" in page.evaluate("navigator.clipboard.readText()")
    send(visitor, "room_temperature", 21.5, room="kitchen")
    expect(page.get_by_role("link", name="room_temperature")).to_be_visible()
    page.get_by_role("link", name="room_temperature").click()
    expect(page.locator("#legend [data-at]")).to_have_text("21.5")


def test_a_graph_is_narrowed_grouped_and_shared(visit: Any) -> None:
    visitor = visit()
    history(visitor, "web-1", "web-2", "web-3")
    measured(visitor, "cpu_busy", 3)
    page = visitor.go("/explore?metric=cpu_busy")
    visitor.live()
    expect(page.locator("figure.chart canvas")).to_be_visible()
    expect(legend(page)).to_have_count(3)
    page.locator("#label-0").fill("region")
    page.locator("#label-0").press("Tab")
    expect(page.locator("#values-0 option")).to_have_count(2)
    page.locator("#value-0").fill("south")
    page.locator("#value-0").press("Enter")
    expect(legend(page)).to_have_count(2)
    expect(page.locator("#graph-title")).to_have_text('cpu_busy{region="south"}')
    expect(page.locator("#label-1")).to_be_visible()  # a row for another
    page.get_by_label("host").check()
    page.wait_for_url("**by=host**")
    page.get_by_label("Each step shows").select_option("max")
    page.wait_for_url("**function=max**")
    page.get_by_label("Span").select_option("6h")
    page.wait_for_url("**span=6h**")
    expect(legend(page).locator("td:first-child")).to_contain_text(["host=web-2", "host=web-3"])
    shared = page.url
    other = visitor.context.new_page()
    other.goto(shared)
    expect(other.locator("#legend tbody tr")).to_have_count(2)
    expect(other.get_by_label("Each step shows")).to_have_value("max")
    other.close()
    page.get_by_role("link", name="PromQL").click()
    expect(page.locator("#query")).to_have_value('max by (host) (cpu_busy{region="south"})')
    expect(legend(page)).to_have_count(2)


def test_new_samples_are_drawn_while_somebody_looks(visitor: Any) -> None:
    send(visitor, host="web-1", value=20)
    measured(visitor, "cpu_busy", 1)
    page = visitor.go("/explore?metric=cpu_busy&function=max&every=10")
    visitor.live()
    expect(page.locator("#legend [data-at]")).to_have_text("20")
    expect(page.locator("figure.chart canvas")).to_be_visible()
    page.evaluate("window.before = document.querySelector('canvas')")
    page.locator("#legend tr[data-series] button").click()
    send(visitor, host="web-1", value=77)
    expect(page.locator("#legend td").last).to_have_text("77")
    assert page.evaluate("window.before.isConnected")  # drawn on, not anew
    expect(page.locator("#legend tr[data-series] button")).to_have_attribute("aria-pressed", "false")
    send(visitor, host="web-2", value=50)
    expect(legend(page)).to_have_count(2)


def test_a_page_that_is_set_to_stand_still_does(visitor: Any) -> None:
    send(visitor, host="web-1", value=20)
    measured(visitor, "cpu_busy", 1)
    asked: list[str] = []
    page = visitor.go("/explore?metric=cpu_busy&every=0")
    visitor.live()
    expect(page.locator("figure.chart canvas")).to_be_visible()
    page.on("request", lambda request: asked.append(request.url))
    page.clock.install()
    page.clock.fast_forward(120_000)
    page.get_by_label("Made current").select_option("10")  # the next answer comes after any that was under way
    page.wait_for_url("**/explore?metric=cpu_busy*")
    expect(page.locator("#results")).to_have_attribute("data-every", "10")
    assert len([each for each in asked if "/explore?" in each]) == 1


def test_a_graph_is_drawn_in_the_colours_of_the_evening_when_it_comes(visitor: Any) -> None:
    send(visitor, host="web-1", value=20)
    measured(visitor, "cpu_busy", 1)
    page = visitor.go("/explore?metric=cpu_busy&every=0")
    canvas = page.locator("figure.chart canvas")
    expect(canvas).to_be_visible()
    page.evaluate("window.before = document.querySelector('figure.chart canvas')")
    page.emulate_media(color_scheme="dark")
    visitor.until(lambda: page.evaluate("!window.before.isConnected"))
    expect(canvas).to_have_count(1)


def test_the_pointer_tells_values_and_a_line_is_hidden_by_its_button(visitor: Any) -> None:
    history(visitor, "web-1", "web-2")
    measured(visitor, "cpu_busy", 2)
    page = visitor.go("/explore?metric=cpu_busy&every=0")
    expect(page.locator("figure.chart canvas")).to_be_visible()
    latest = page.locator("#legend [data-at]").first.inner_text()
    page.locator(".u-over").hover(position={"x": 100, "y": 100})
    expect(page.locator("#legend [data-at-time]")).not_to_have_text("")
    expect(page.locator("#legend [data-at]").first).not_to_have_text(latest)
    page.locator("h1").hover()
    expect(page.locator("#legend [data-at]").first).to_have_text(latest)
    button = page.locator("#legend button").first
    button.focus()
    button.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_what_can_not_be_understood_is_told_and_can_be_corrected(visitor: Any) -> None:
    send(visitor, host="web-1", value=20)
    measured(visitor, "cpu_busy", 1)
    page = visitor.go("/explore?mode=promql&query=sum(")
    visitor.live()
    expect(page.get_by_role("alert")).to_contain_text("parse error")
    page.locator("#query").fill("sum(cpu_busy)")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(legend(page)).to_have_count(1)


@pytest.mark.parametrize("with_script", [True, False])
def test_a_graph_becomes_a_rule(visit: Any, with_script: bool) -> None:
    visitor = visit(java_script_enabled=with_script)
    history(visitor, "web-1", "web-2")
    measured(visitor, "cpu_busy", 2)
    page = visitor.go("/explore?metric=cpu_busy&label=host&match=%3D&value=web-1")
    page.get_by_role("link", name="Save as rule").click()
    expect(page.locator("[name=metric]")).to_have_value("cpu_busy")
    expect(page.locator("[name=value]").first).to_have_value("web-1")
    assert float(page.locator("[name=critical]").input_value()) == pytest.approx(50, abs=0.5)


def test_without_javascript_a_metric_is_found_narrowed_and_read_as_a_table(visit: Any) -> None:
    visitor = visit(java_script_enabled=False)
    history(visitor, "web-1", "web-2")
    measured(visitor, "cpu_busy", 2)
    page = visitor.go("/explore")
    page.get_by_label("Search metrics").fill("busy")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="cpu_busy").click()
    page.locator("#label-0").fill("host")
    page.locator("#value-0").fill("web-2")
    page.get_by_role("button", name="Show").click()
    expect(legend(page)).to_have_count(1)
    page.get_by_text("As a table").click()
    expect(page.locator(".chart-table tbody tr")).to_have_count(30)


def test_a_target_is_added_scraped_paused_and_deleted(visitor: Any, site: Any) -> None:
    site.pages["/metrics"] = ("text/plain", '# TYPE jobs gauge\njobs{queue="mail"} 7\n')
    page = visitor.go("/targets")
    page.get_by_role("link", name="Add a target").click()
    page.get_by_label("Address").fill("nonsense")
    page.get_by_label("Name").fill("worker")
    page.get_by_label("Seconds between two scrapes").fill("5")
    page.locator("form.target-form").evaluate("form => { form.noValidate = true; }")
    page.get_by_role("button", name="Add and scrape now").click()
    expect(page.locator("#field-url-error")).to_be_visible()
    visitor.complaints.clear()  # of the 422
    page.get_by_label("Address").fill(f"{site.url}/metrics")
    page.get_by_role("button", name="Add and scrape now").click()
    row = page.locator("#results tbody tr").first
    expect(row).to_contain_text("Up", timeout=30_000)  # made current by itself
    expect(row).to_contain_text("1 sample")
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("Paused")
    row.get_by_text("Delete").first.click()
    row.locator(".confirm-panel").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Nothing is scraped")).to_be_visible()
    visitor.go("/explore?metric=jobs")
    expect(page.locator("#legend [data-at]")).to_have_text("7")


def test_who_sends_is_listed(visitor: Any) -> None:
    send(visitor, host="web-1")
    page = visitor.go("/targets")
    visitor.live()
    row = page.get_by_role("region", name="Collectors that send").locator("tbody tr")
    expect(row).to_contain_text("Robin")
    expect(row).to_contain_text("Sending")


def test_the_system_page_shows_every_part_up(visitor: Any) -> None:
    page = visitor.go("/system")
    expect(page.get_by_text("Everything is up.")).to_be_visible()
    expect(page.locator("[aria-labelledby=parts] .badge")).to_have_text(["Up"] * 8)
    expect(page.get_by_text("yours has none of it")).to_be_visible()


def test_on_a_phone_what_is_used_less_is_behind_more(visit: Any) -> None:
    page = visit(viewport={"width": 360, "height": 780}).go("/explore")
    nav = page.get_by_role("navigation", name="Main")
    expect(nav.get_by_role("link", name="System")).to_be_hidden()
    nav.get_by_text("More").click()
    nav.get_by_role("link", name="System").click()
    expect(page.get_by_role("heading", name="System", level=1)).to_be_visible()
