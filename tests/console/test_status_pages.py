"""Status pages as anybody sees them, in light and dark, on a phone and a desk, with scripts and without; and subscribing."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

SIZES = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 780}}
RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
COMPONENTS = [
    {"key": "api", "name": "API", "matchers": "service=api"},
    {"key": "shop", "name": "Shop", "group": "Web", "description": "Orders and payments"},
    {"key": "mail", "name": "Mail", "group": "Web"},
]


def made(visitor: Any, slug: str, **parts: Any) -> tuple[str, str]:
    """A page with everything on it: its API path, and its address."""
    spec = {"name": "Acme", "slug": slug, "description": "How we do", "components": COMPONENTS} | parts
    page = visitor.api("POST", "/api/status-pages", spec)["page"]
    at = f"/api/status-pages/{page['id']}"
    for key, status in (("shop", "major-outage"), ("mail", "maintenance")):
        visitor.api("PUT", f"{at}/components/{key}/override", {"status": status, "note": "Nobody can pay."})
    said = {
        "title": "Payments fail",
        "text": "We look for the cause.",
        "stage": "investigating",
        "components": ["shop"],
    }
    visitor.api("POST", f"{at}/updates", said)
    visitor.api("POST", f"{at}/updates", {"title": "Last week", "text": "It was slow.", "stage": "resolved"})
    return at, page["url"]


@pytest.mark.parametrize("size", ["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_status_page_is_for_everybody(visit: Any, size: str, scheme: str) -> None:
    _, url = made(visit(), f"acme-{size}-{scheme}")
    page = visit(signed_up=False, viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce").page
    page.goto(url)
    expect(page.get_by_role("heading", name="Acme", exact=True)).to_be_visible()
    expect(page.get_by_text("Some systems are out")).to_be_visible()
    assert page.locator("nav").count() == 0
    assert page.locator("script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing stands out at the side"
    shown = page.locator(".status-days").first.locator("span:visible").count()
    assert shown == (90 if size == "desk" else 30)
    page.get_by_text("By webhook").click()
    found = Axe().run(page, options=RULES)
    assert not found.response["violations"], found.generate_report()


def test_a_reader_without_scripts_subscribes_and_confirms(visit: Any) -> None:
    owner = visit()
    at, url = made(owner, "acme-readers")
    reader = visit(signed_up=False, java_script_enabled=False)
    page = reader.page
    page.goto(url)
    page.get_by_label("Mail address").fill("reader@example.com")
    page.get_by_role("button", name="Subscribe", exact=True).first.click()
    expect(page.get_by_role("heading", name="Almost there")).to_be_visible()
    letters: list[Any] = []
    while not letters:
        letters = [each for each in owner.api("GET", "/api/outbox")["messages"] if each["to"] == "reader@example.com"]
    link = re.findall(r"(/s/[\w-]+)", letters[0]["text"])[0]
    page.goto(owner.url + link)
    page.get_by_role("button", name="Yes, subscribe").click()
    expect(page.get_by_role("heading", name="Subscribed")).to_be_visible()
    owner.api("POST", f"{at}/updates", {"title": "Mended", "text": "It is over.", "stage": "resolved"})
    told: list[Any] = []
    while not told:
        told = [each for each in owner.api("GET", "/api/outbox")["messages"] if "Mended" in each["subject"]]
    assert told[0]["to"] == "reader@example.com"
    page.goto(owner.url + re.findall(r"(/u/[\w-]+)", told[0]["text"])[0])
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="Unsubscribed")).to_be_visible()
    assert owner.api("GET", f"{at}/subscribers")["subscribers"] == []


def test_a_page_that_is_not_there_says_so(visit: Any) -> None:
    stranger = visit(signed_up=False)
    stranger.page.goto(f"{stranger.url}/status/nobody-is-here")
    expect(stranger.page.get_by_role("heading", name="There is no such page")).to_be_visible()
    stranger.complaints.clear()  # the browser tells of the 404


def test_the_console_shows_the_page_beside_its_forms(visit: Any) -> None:
    owner = visit()
    at, url = made(owner, "acme-desk")
    page = owner.go(f"/status-pages/{at.rpartition('/')[2]}")
    shown = page.locator("#shown")
    expect(shown.get_by_text("Some systems are out")).to_be_visible()
    page.locator("#component-shop summary").first.click()
    page.locator("#component-shop").get_by_label("It is").select_option("operational")
    page.locator("#component-shop").get_by_role("button", name="Save").click()
    expect(shown.get_by_text("Maintenance is under way")).to_be_visible()
    page.goto(url)
    expect(page.get_by_text("Maintenance is under way")).to_be_visible()


def test_the_first_update_that_is_posted_elsewhere_appears(visitor: Any) -> None:
    made = visitor.api("POST", "/api/status-pages", {"name": "Acme", "slug": "acme-first", "components": COMPONENTS})
    at = f"/status-pages/{made['page']['id']}"
    page = visitor.go(at)
    visitor.live()
    expect(page.locator("#updates")).to_be_hidden()
    visitor.api("POST", f"/api{at}/updates", {"title": "Payments fail", "text": "We look.", "stage": "investigating"})
    expect(page.locator("#updates")).to_contain_text("Payments fail")
