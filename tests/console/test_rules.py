"""Rules in the browser: built with a preview of real samples, saved, seen to fire and to recover as samples come."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

Visit = Callable[..., Any]


def send(visitor: Any, *points: tuple[str, float, float], metric: str = "cpu_busy") -> None:
    """Samples of hosts: host, minutes ago, value."""
    now = datetime.now(UTC)
    batch = [
        {
            "name": metric,
            "value": value,
            "tags": {"host": host},
            "timestamp": (now - timedelta(minutes=ago)).isoformat(),
        }
        for host, ago, value in points
    ]
    visitor.api("POST", "/api/metrics", {"metrics": batch})


def history(visitor: Any, metric: str = "cpu_busy") -> None:
    """Two hours of two hosts: one was busy for twenty minutes an hour ago, the other never."""
    busy = [("web-1", float(ago), 95.0 if 50 <= ago < 70 else 20.0) for ago in range(120, 2, -1)]
    calm = [("web-2", float(ago), 10.0) for ago in range(120, 2, -1)]
    send(visitor, *busy, *calm, metric=metric)
    visitor.until(lambda: visitor.api("GET", f"/api/metrics/query?selector={metric}")["series"])


def row(page: Page, name: str) -> Locator:
    """A rule of the list."""
    return page.locator("[data-rule]").filter(has=page.get_by_role("link", name=name, exact=True))


def fill(page: Page) -> None:
    """A rule that would have fired once."""
    page.get_by_label("Name").fill("Busy host")
    page.get_by_label("Metric").fill("cpu_busy")
    page.get_by_label("Critical at").fill("90")
    page.get_by_label("For at least").fill("5m")


def test_a_rule_is_built_with_its_preview_saved_fires_live_and_recovers(visitor: Any) -> None:
    history(visitor)
    page = visitor.go("/rules")
    expect(page.get_by_role("heading", name="When should a measurement worry you?")).to_be_visible()
    page.get_by_role("link", name="A machine's load above 4 for five minutes").click()
    expect(page.get_by_label("Warning at")).to_have_value("4")
    page.get_by_label("Warning at").fill("")
    fill(page)
    preview = page.locator("#preview")
    expect(preview).to_contain_text("cpu_busy > 90 for 5 min")
    expect(preview).to_contain_text("It would have fired once in the last day. 2 series were judged.")
    expect(preview.locator(".periods li")).to_have_count(1)
    expect(preview.locator(".periods")).to_contain_text("host=web-1")
    expect(preview.locator(".plot-box polyline")).to_have_count(2)
    expect(preview.locator(".plot-band")).to_have_count(1)
    page.get_by_label("Critical at").fill("99")
    expect(preview).to_contain_text("It would not have fired in the last day.")
    page.get_by_label("Critical at").fill("90")
    page.get_by_label("For at least").fill("0s")
    expect(preview).to_contain_text("It would have fired once")
    page.get_by_role("button", name="Save rule").click()

    page.wait_for_url(re.compile(r"/console/rules/[0-9a-f-]{36}$"))
    expect(page.locator("#toasts")).to_contain_text("“Busy host” judges from now on.")
    visitor.live()
    inbox = visitor.context.new_page()
    inbox.goto(f"{visitor.url}/console/alerts")
    expect(inbox.locator("body[data-live=on]")).to_be_attached()
    send(visitor, ("web-1", 0, 97), ("web-2", 0, 12))
    now = page.locator("#rule-now")
    expect(now.locator("h2 .badge")).to_have_text("Firing")
    expect(now).to_contain_text("1 firing, 1 ok")
    expect(now.locator("tbody tr").first).to_contain_text("host=web-1")
    expect(now.locator("tbody tr").first).to_contain_text("Firing, critical")
    expect(page.locator("#rule-past")).to_contain_text("Fired, critical")
    expect(inbox.locator(".alert-row")).to_contain_text("Busy host")

    send(visitor, ("web-1", 0, 15))
    expect(now.locator("h2 .badge")).to_have_text("OK")
    expect(page.locator("#rule-past")).to_contain_text("Recovered after")
    page.locator("#rule-past").get_by_role("link", name="Fired, critical").click()
    expect(page.get_by_role("link", name="Busy host", exact=True)).to_have_attribute(
        "href", re.compile("/console/rules/")
    )


def test_what_is_typed_goes_along_to_another_kind_and_is_corrected_at_its_field(visitor: Any) -> None:
    history(visitor)
    page = visitor.go("/rules/new")
    fill(page)
    page.get_by_label("Label 1", exact=True).fill("host")
    page.get_by_label("Value of label 1", exact=True).fill("web-1")
    page.get_by_role("navigation", name="Kind of rule").get_by_role("link", name="Window").click()
    expect(page.get_by_role("textbox", name="Over the last")).to_have_value("5m")
    expect(page.get_by_label("Name")).to_have_value("Busy host")
    expect(page.get_by_label("Value of label 1", exact=True)).to_have_value("web-1")
    expect(page.locator("#preview")).to_contain_text('average of cpu_busy{host="web-1"} over 5 min > 90')
    page.get_by_label("Critical at").fill("hot")
    page.get_by_role("button", name="Save rule").click()
    expect(page.get_by_text("This must be a number.").first).to_be_visible()
    expect(page.get_by_label("Critical at")).to_have_value("hot")
    page.get_by_label("Critical at").fill("50")
    page.get_by_role("button", name="Save rule").click()
    page.wait_for_url(re.compile(r"/console/rules/[0-9a-f-]{36}$"))
    [made] = visitor.api("GET", "/api/rules")["rules"]
    assert (made["kind"], made["spec"]["critical"], made["spec"]["matchers"][0]["value"]) == ("window", 50, "web-1")
    visitor.complaints[:] = [each for each in visitor.complaints if "422" not in each]


def test_rules_are_found_paused_copied_put_together_and_deleted(visitor: Any) -> None:
    for name in ("Busy host", "Full disk"):
        rule = {"name": name, "kind": "threshold", "metric": "cpu_busy", "critical": 90}
        visitor.api("POST", "/api/rules", rule)
    page = visitor.go("/rules")
    names = page.locator(".rule-name")
    expect(names).to_have_text(["Full disk", "Busy host"])
    page.get_by_label("Search rules").press_sequentially("DISK")
    expect(names).to_have_text(["Full disk"])
    page.get_by_label("State").select_option("Paused")
    expect(page.get_by_text("No rule is like that")).to_be_visible()
    page.get_by_role("link", name="Show all rules").click()
    row(page, "Busy host").locator(".menu > summary").click()
    row(page, "Busy host").get_by_role("button", name="Pause").click()
    expect(row(page, "Busy host").locator(".badge")).to_have_text("Paused")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(row(page, "Busy host").locator(".badge")).not_to_have_text("Paused")
    row(page, "Full disk").locator(".menu > summary").click()
    row(page, "Full disk").get_by_role("link", name="Duplicate").click()
    expect(page.get_by_label("Name")).to_have_value("Full disk (copy)")

    page.get_by_role("navigation", name="Kind of rule").get_by_role("link", name="Rules together").click()
    page.get_by_label("Name").fill("Both")
    page.get_by_label("Busy host").check()
    page.get_by_label("Full disk", exact=True).check()
    page.get_by_role("button", name="Save rule").click()
    page.wait_for_url(re.compile(r"/console/rules/[0-9a-f-]{36}$"))
    expect(page.locator(".head")).to_contain_text("“Full disk” and “Busy host”")
    page.locator(".head summary").get_by_text("Delete").click()
    page.locator(".confirm-panel").get_by_role("button", name="Delete").click()
    expect(names).to_have_text(["Full disk", "Busy host"])


def test_a_heartbeat_is_added_pinged_seen_up_and_paused(visitor: Any) -> None:
    page = visitor.go("/rules")
    page.get_by_role("navigation", name="Rules, heartbeats and uptime").get_by_role("link", name="Heartbeats").click()
    page.get_by_role("link", name="Add a heartbeat").first.click()
    page.get_by_label("Name").fill("Nightly backup")
    page.get_by_label("Every").fill("often")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#field-period-error")).to_be_visible()
    page.get_by_label("Every").fill("1h")
    page.get_by_role("button", name="Add").click()
    card = page.locator(".heartbeat")
    expect(card).to_contain_text("Nightly backup")
    expect(card).to_contain_text("every 1 h, at most 30 min late")
    expect(card.locator(".badge")).to_have_text("Not heard of yet")
    visitor.live()
    address = card.locator(".ping code").inner_text()
    assert visitor.context.request.get(address, max_retries=3).text() == "OK"
    expect(card.locator(".badge")).to_have_text("Up", timeout=40_000)
    expect(card.get_by_role("img")).to_have_attribute("aria-label", "The last 30 days: 1 good, 0 bad")
    assert visitor.context.request.get(f"{address}/fail").ok
    expect(card.locator(".badge")).to_have_text("Down", timeout=40_000)
    card.locator("summary").get_by_text("New address").click()
    card.locator(".confirm-panel").get_by_role("button", name="New address").click()
    expect(page.locator("#toasts")).to_contain_text("“Nightly backup” has a new address.")
    expect(card.locator(".ping code")).not_to_have_text(address)
    assert visitor.context.request.get(address).status == 404
    assert visitor.context.request.get(card.locator(".ping code").inner_text()).ok
    card.get_by_role("button", name="Pause").click()
    expect(card.locator(".badge")).to_have_text("Paused")
    card.get_by_role("link", name="Edit").click()
    page.get_by_label("May be late by").fill("10m")
    page.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("at most 10 min late")
    expect(card.locator(".badge")).to_have_text("Paused")
    card.locator("summary").get_by_text("Delete").click()
    card.locator(".confirm-panel").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No heartbeat yet")).to_be_visible()
    visitor.complaints[:] = [each for each in visitor.complaints if "422" not in each]


@pytest.mark.parametrize("scripts", [True, False])
def test_an_uptime_check_is_added_asked_changed_paused_and_deleted(visit: Visit, scripts: bool) -> None:
    visitor = visit(java_script_enabled=scripts)
    page = visitor.go("/uptime")
    page.get_by_role("link", name="Add an uptime check").first.click()
    page.get_by_label("Name", exact=True).fill("Database")
    page.get_by_label("What is asked").select_option("Port (TCP)")
    page.get_by_label("Address").fill("localhost")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#field-address-error")).to_contain_text("a host and port")
    expect(page.get_by_label("What is asked")).to_have_value("tcp")
    page.get_by_label("Address").fill(visitor.url.removeprefix("http://"))
    page.get_by_label("Every, in seconds").fill("10")
    page.get_by_role("button", name="Add").click()
    card = page.locator(".heartbeat")
    expect(card).to_contain_text("TCP, every 10 seconds")

    def bars() -> str:
        page.reload()
        return card.get_by_role("img").get_attribute("aria-label") or ""

    visitor.until(lambda: re.fullmatch(r"The last 30 days: [1-9]\d* good, 0 bad", bars()))
    expect(card.locator(".badge")).to_have_text("Up")
    expect(card).to_contain_text("Answered in")
    card.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Alert after failures in a row")).to_have_value("2")
    page.get_by_label("Alert after failures in a row").fill("4")
    page.get_by_label("Name", exact=True).fill("Store")
    page.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("Store")
    card.get_by_role("button", name="Pause").click()
    expect(card.locator(".badge")).to_have_text("Paused")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(card.locator(".badge")).not_to_have_text("Paused")
    [check] = visitor.api("GET", "/api/uptime")["checks"]
    assert (check["spec"]["failures"], check["spec"]["isActive"]) == (4, True)
    card.get_by_role("link", name="Store", exact=True).click()
    expect(page.get_by_role("heading", name="Store")).to_be_visible()
    visitor.go("/uptime")
    card.locator("summary").click()
    card.locator(".confirm-panel").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No uptime check yet")).to_be_visible()
    visitor.complaints[:] = [each for each in visitor.complaints if "422" not in each]


def test_everything_works_without_scripts(visit: Visit) -> None:
    visitor = visit(java_script_enabled=False)
    history(visitor)
    page = visitor.go("/rules")
    page.get_by_role("link", name="New rule").click()
    fill(page)
    page.get_by_role("button", name="Preview").click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("It would have fired once in the last day.")
    expect(preview.locator(".plot-band")).to_have_count(1)
    page.get_by_role("button", name="Save rule").click()
    page.wait_for_url(re.compile(r"/console/rules/[0-9a-f-]{36}$"))
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Critical at")).to_have_value("90")
    page.get_by_label("Warning at").fill("50")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".head")).to_contain_text("> 50 (critical > 90)")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#rule-now .badge").first).to_have_text("Paused")
