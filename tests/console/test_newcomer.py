"""The way of somebody who has never seen this: from the address bar to a mail, on a laptop and on a phone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from monitors_operator.demo.pages import AFTER
from monitors_operator.demo.site import Site


@pytest.mark.parametrize(
    "size", [{"width": 1280, "height": 800}, {"width": 360, "height": 740}], ids=["laptop", "phone"]
)
def test_a_newcomer_has_a_monitor_that_fired_and_a_mail_to_read(
    visit: Callable[..., Any], new_platform: Callable[..., Any], size: dict[str, int]
) -> None:
    site = Site(AFTER)
    platform = new_platform(MONITORS_EXAMPLE_SITE=site.url)
    newcomer = visit(signed_up=False, url=platform.api, viewport=size)
    page = newcomer.page

    page.goto(platform.api)
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Name").fill("Robin")
    page.get_by_label("E-mail").fill("robin@example.com")
    page.get_by_label("Password", exact=True).fill("Correct1horse")
    page.get_by_role("button", name="Create account").click()

    expect(page.get_by_role("heading", name="What should I watch?")).to_be_visible()
    page.get_by_role("link", name=f"{site.url}/kettle").first.click()
    expect(page.get_by_role("heading", name="What I will watch")).to_be_visible()
    page.get_by_role("button", name="Save and check now").click()

    expect(page.get_by_text("$47.50").first).to_be_visible()
    fact = page.frame_locator("iframe").locator("#fact").first
    expect(fact).to_have_text("$47.50")
    expect(page.get_by_text("Triggered").first).to_be_visible()

    navigation = page.get_by_role("navigation", name="Main")
    if size["width"] < 768:
        navigation.get_by_text("More", exact=True).click()
    navigation.get_by_role("link", name="Outbox").click()
    page.locator("[data-mail]").first.click()
    expect(page.frame_locator("iframe").get_by_text("47.50").first).to_be_visible()
