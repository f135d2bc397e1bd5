"""Silences and maintenance in the browser: from an alert to its silence, the preview as it is typed, and the calendar."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import expect


def fire(visitor: Any, *alerts: dict[str, str]) -> None:
    """Send alerts of another system."""
    made = visitor.api("POST", "/api/integrations", {"kind": "generic", "name": "Checks"})
    for labels in alerts:
        body = {"name": labels["alertname"], "summary": f"{labels['alertname']} is bad", "labels": labels}
        answer = visitor.context.request.post(made["url"], data=body, max_retries=3)
        assert answer.ok, answer.text()


def test_an_alert_is_silenced_from_its_page_and_marked_until_the_silence_is_ended(visitor: Any) -> None:
    fire(visitor, {"alertname": "DiskFull", "host": "db-1"})
    page = visitor.go("/alerts")
    page.get_by_role("link", name="DiskFull", exact=True).click()
    page.get_by_role("link", name="Silence", exact=True).click()
    expect(page.get_by_label("Alerts with these labels")).to_have_value(re.compile('alertname="DiskFull"'))
    preview = page.locator("#preview")
    expect(preview).to_contain_text("1 of 1 alerts that are open now")
    expect(preview.get_by_role("link", name="DiskFull")).to_be_visible()
    page.get_by_label("Why").fill("The disk is being replaced")
    page.get_by_role("button", name="Silence").click()
    expect(page.get_by_text("Silenced until")).to_be_visible()
    expect(page.get_by_text("The disk is being replaced")).to_be_visible()
    silence = page.url.rpartition("/console")[2]

    visitor.go("/alerts")
    visitor.live()
    row = page.locator("[data-row]").filter(has_text="DiskFull")
    expect(row.get_by_text("Silenced", exact=True)).to_be_visible()
    row.get_by_role("link", name="DiskFull", exact=True).click()
    expect(page.get_by_text("Nobody is told of it meanwhile.")).to_be_visible()
    visitor.live()
    # Ended elsewhere: the page says so by itself.
    visitor.api("POST", f"/api{silence}/expire")
    expect(page.get_by_text("Nobody is told of it meanwhile.")).not_to_be_visible()


def test_the_preview_follows_what_is_typed_and_a_broad_silence_is_confirmed(visitor: Any) -> None:
    fire(visitor, *({"alertname": "Slow", "host": f"web-{number}"} for number in range(3)))
    page = visitor.go("/silences")
    page.get_by_role("link", name="Silence alerts").first.click()
    matchers, preview = page.get_by_label("Alerts with these labels"), page.locator("#preview")
    matchers.press_sequentially("host=web-1")
    expect(preview).to_contain_text("1 of 3 alerts")
    matchers.fill("host=~(")
    expect(preview).to_contain_text("is no pattern")
    matchers.fill("alertname=~.+")
    expect(preview).to_contain_text("every alert")
    page.get_by_role("button", name="Silence", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("every alert")
    # The server's no is an error to the browser's console, and to nobody else.
    visitor.complaints[:] = [each for each in visitor.complaints if "422" not in each]
    page.get_by_label("Silence all the same").check()
    page.get_by_role("button", name="Silence", exact=True).click()
    expect(page.get_by_text("Silenced until")).to_be_visible()
    page.get_by_role("button", name="One hour more").click()
    expect(page.get_by_text("It lasts until")).to_be_visible()
    page.get_by_role("button", name="End now").click()
    expect(page.get_by_text("Silence again")).to_be_visible()


def test_maintenance_is_planned_with_its_next_times_in_view_and_stands_in_the_calendar(visit: Any) -> None:
    visitor = visit(viewport={"width": 360, "height": 800})
    page = visitor.go("/maintenance")
    page.get_by_role("link", name="Plan maintenance").click()
    page.get_by_label("Name").fill("Database updates")
    page.get_by_label("Alerts with these labels").fill("service=db")
    first = datetime.now(UTC) + timedelta(days=1)
    page.get_by_label("First time").fill(f"{first:%Y-%m-%dT02:30}")
    page.get_by_label("Comes again").select_option("weekly")
    page.get_by_label("Lasts").fill("90m")
    expect(page.locator("#preview")).to_contain_text("02:30 to 04:00")
    page.get_by_role("button", name="Plan", exact=True).click()
    expect(page.get_by_role("heading", name="Database updates")).to_be_visible()
    visitor.go(f"/maintenance?month={first:%Y-%m}")
    calendar = page.locator("#month")
    # On a phone the month is a list of days with their words.
    expect(calendar.get_by_text(f"{first:%A} {first.day} {first:%B}")).to_be_visible()
    expect(calendar.get_by_text("02:30 to 04:00").locator("visible=true").first).to_be_visible()
    page.get_by_role("link", name="The month after").click()
    expect(calendar.get_by_text("02:30 to 04:00").locator("visible=true").first).to_be_visible()
    row = page.locator("tr").filter(has_text="every")
    row.get_by_role("button", name="Pause").click()
    expect(row.get_by_text("Paused")).to_be_visible()
    expect(calendar.get_by_text("02:30 to 04:00")).to_have_count(0)
