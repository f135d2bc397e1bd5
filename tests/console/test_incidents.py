"""Incidents in the browser: they open by themselves, and their pages follow what happens elsewhere."""

from typing import Any

from playwright.sync_api import expect


def fire(visitor: Any, *alerts: dict[str, str]) -> None:
    """Send alerts of another system."""
    made = visitor.api("POST", "/api/integrations", {"kind": "generic", "name": "Checks"})
    for labels in alerts:
        body = {"name": labels["alertname"], "summary": f"{labels['alertname']} is bad", "labels": labels}
        answer = visitor.context.request.post(made["url"], data=body, max_retries=3)
        assert answer.ok, answer.text()


def test_two_alerts_open_an_incident_whose_page_is_live(visitor: Any) -> None:
    page = visitor.go("/incidents")
    expect(page.get_by_text("No incident is open")).to_be_visible()
    visitor.live()
    fire(visitor, {"alertname": "Errors", "service": "checkout"}, {"alertname": "Latency", "service": "checkout"})
    # Nobody reloads: the list says so by itself.
    page.get_by_role("link", name="#1 Errors").click()
    expect(page.get_by_text("same service=checkout").first).to_be_visible()
    visitor.live()

    at = page.url.rpartition("/console")[2]
    page.get_by_label("New task").fill("Roll back")
    page.get_by_role("button", name="Add task").click()
    expect(page.locator("#incident-tasks")).to_contain_text("Roll back")
    page.get_by_label("Update", exact=True).fill("We look at it.")
    visitor.api("POST", f"/api{at}/updates", {"text": "Found the cause.", "isPublic": True})
    expect(page.locator("#incident-updates")).to_contain_text("Found the cause.")
    # What somebody is typing stays.
    expect(page.get_by_label("Update", exact=True)).to_have_value("We look at it.")

    page.get_by_label("Select Latency").check()
    page.get_by_role("button", name="Split off selected").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("#2 Latency")
    visitor.go("/incidents")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Merge selected").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("#1 Errors")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#incident-facts")).to_contain_text("Acknowledged")
    page.get_by_role("link", name="Errors", exact=True).click()
    page.get_by_role("link", name="#1 Errors").click()
    page.get_by_role("button", name="Resolve").click()
    page.get_by_role("link", name="Post-mortem").click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#incident-story")).to_contain_text("Post-mortem saved")
