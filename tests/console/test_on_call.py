"""On call in a browser: from nothing to somebody who stands in, and on a phone at night."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

PHONE = {"width": 360, "height": 780}


def furnish(visitor: Any) -> dict[str, str]:
    """Two people who can be reached, a schedule and a policy; their ids by name."""
    channels = visitor.until(lambda: visitor.api("GET", "/api/channels")["channels"])
    made: dict[str, str] = {}
    for name in ("First", "Second"):
        body = {"name": name, "channels": [channels[0]["id"]]}
        made[name] = visitor.api("POST", "/api/contacts", body)["contact"]["id"]
    layer = {"participants": [made["First"]], "rotation": "daily", "start": "2026-01-05"}
    body = {"name": "Platform", "timezone": "Europe/Berlin", "layers": [layer]}
    made["Platform"] = visitor.api("POST", "/api/schedules", body)["schedule"]["id"]
    targets = [{"kind": "schedule", "id": made["Platform"]}]
    visitor.api("POST", "/api/policies", {"name": "Urgent", "steps": [{"targets": targets}], "repeat": 2})
    return made


def refused_once(visitor: Any) -> None:
    """The browser's word on a form that was sent back is expected."""
    [complaint] = visitor.complaints
    assert "422" in complaint
    visitor.complaints.clear()


def test_from_nothing_to_who_is_on_call_and_who_is_told_next(visitor: Any) -> None:
    page = visitor.go("/on-call")
    page.get_by_role("link", name="Add a person").click()
    page.get_by_label("Name").fill("First")
    page.get_by_role("button", name="Add the person").click()
    expect(page.get_by_text("Choose at least one channel")).to_be_visible()
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Add the person").click()
    expect(page.get_by_role("cell", name="First", exact=True)).to_be_visible()
    refused_once(visitor)
    page.get_by_role("navigation", name="On call").get_by_role("link", name="On call").click()
    page.get_by_role("link", name="Add a schedule").click()
    page.get_by_label("Name", exact=True).first.fill("Platform")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_label("Person 1").first.select_option("First")
    page.get_by_label("At", exact=True).first.fill("00:00")
    page.get_by_role("button", name="Add the schedule").click()
    expect(page.locator(".now-who")).to_have_text("First")
    expect(page.locator("tr.is-today")).to_contain_text("First")
    page.get_by_role("link", name="Month").click()
    expect(page.locator("td.is-today")).to_contain_text("First")
    page.get_by_role("link", name="Escalation").click()
    page.get_by_role("link", name="Add a policy").click()
    page.get_by_label("Name").fill("Urgent")
    page.get_by_label("Tell").first.select_option("On call by Platform")
    page.get_by_role("button", name="Add the policy").click()
    expect(page.locator(".step-drawn")).to_contain_text("At once")
    expect(page.locator(".step-drawn")).to_contain_text("First by")


def test_somebody_stands_in_with_two_clicks_and_others_see_it_live(visitor: Any) -> None:
    made = furnish(visitor)
    page = visitor.go("/on-call")
    visitor.live()
    card = page.locator(f"#now-{made['Platform']}")
    expect(card.locator(".now-who")).to_have_text("First")
    card.locator("summary").click()
    card.get_by_role("button", name="Second").click()
    expect(card.locator(".now-who")).to_have_text("Second")
    expect(page.locator(".turn-info").first).to_contain_text("stands in")
    page.get_by_role("button", name="Remove").click()
    expect(card.locator(".now-who")).to_have_text("First")
    # What happens elsewhere is seen without asking.
    visitor.live()
    body = {"contactId": made["Second"], "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2026-12-31T00:00:00Z"}
    visitor.api("POST", f"/api/schedules/{made['Platform']}/overrides", body)
    expect(card.locator(".now-who")).to_have_text("Second")


def test_an_override_of_another_time_is_typed_by_the_clock_of_the_schedule(visitor: Any) -> None:
    furnish(visitor)
    page = visitor.go("/on-call")
    page.get_by_text("Add an override").click()
    page.get_by_label("Who stands in").select_option("Second")
    page.get_by_label("From", exact=True).fill("2090-01-02T09:00")
    page.get_by_label("To", exact=True).fill("2090-01-01T09:00")
    page.get_by_role("button", name="Add the override").click()
    expect(page.get_by_role("alert")).to_contain_text("ends after it starts")
    page.get_by_label("To", exact=True).fill("2090-01-03T09:00")
    page.get_by_label("Why").fill("Dentist")
    page.get_by_role("button", name="Add the override").click()
    expect(page.get_by_role("cell", name="Dentist")).to_be_visible()
    refused_once(visitor)


def test_a_calendar_link_is_made_and_revoked(visitor: Any) -> None:
    furnish(visitor)
    page = visitor.go("/on-call")
    page.get_by_role("button", name="Make a calendar link").click()
    link = page.locator("#calendar-link").inner_text()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/calendar/[\w-]{80,}\.ics", link)
    assert "BEGIN:VCALENDAR" in visitor.context.request.get(link).text()
    page.locator("summary", has_text="Revoke").click()
    page.locator(".confirm-panel").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("The calendar link is revoked.")).to_be_visible()
    assert visitor.context.request.get(link).status == 404


@pytest.mark.parametrize("javascript", [True, False])
def test_on_a_phone_who_is_on_now_stands_first_with_and_without_scripts(visit: Any, javascript: bool) -> None:
    visitor = visit(viewport=PHONE, color_scheme="dark")
    made = furnish(visitor)
    page = visitor.page
    if not javascript:
        state = visitor.context.storage_state()
        plain = visit(signed_up=False, viewport=PHONE, java_script_enabled=False, storage_state=state)
        page = plain.page
    page.goto(f"{visitor.url}/console/on-call")
    box = page.locator(".now-who").bounding_box()
    assert box
    assert box["y"] + box["height"] < PHONE["height"] / 2, "without scrolling"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"] if javascript else True
    page.locator(f"#now-{made['Platform']} summary").click()
    page.get_by_role("button", name="Second").click()
    expect(page.locator(".now-who")).to_have_text("Second")
