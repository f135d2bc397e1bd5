"""Making monitors, finding them, checking them and taking deletions back, as a person does it in a browser."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

Visit = Callable[..., Any]


def card(page: Page, name: str) -> Locator:
    """A monitor of the list."""
    return page.locator(".monitor").filter(has=page.get_by_role("link", name=name, exact=True))


def value(page: Page, name: str) -> Locator:
    return card(page, name).locator(".value")


def make(visitor: Any, name: str, prompt: str) -> str:
    """A monitor made at the API; its id."""
    return visitor.api("POST", "/api/monitors", {"prompt": prompt, "name": name})["monitor"]["id"]


@pytest.fixture
def kettles(visitor: Any, site: Any) -> Any:
    """Somebody with three monitors."""
    for name, price in (("Copper kettle", 64), ("Steel kettle", 30), ("Lamp", 20)):
        url = site.shop(f"/{name.split()[0].lower()}", price)
        make(visitor, name, f"tell me when the price at {url} drops below $25")
    return visitor


def test_a_sentence_is_read_corrected_saved_and_checked(visitor: Any, site: Any) -> None:
    url = site.shop("/kettle", 64)
    page = visitor.go()
    page.get_by_label("What should I watch?").fill(f"tell me when the price of the kettle at {url} drops below $50")
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("heading", name="What I will watch")).to_be_visible()
    expect(page.locator(".meaning")).to_contain_text("price < 50 USD")
    expect(page.get_by_label("Page")).to_have_value(url)
    expect(page.get_by_label("When it changes")).to_be_hidden()
    page.get_by_label("Value").fill("70")
    page.get_by_label("Name").fill("My kettle")
    page.get_by_role("button", name="Save and check now").click()

    page.wait_for_url(re.compile(r"/console/monitors/[0-9a-f-]+\?check="))
    expect(page.locator("#main")).to_contain_text("My kettle")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Monitors").click()
    expect(value(page, "My kettle")).to_have_text("$64")
    expect(card(page, "My kettle")).to_contain_text("price < 70 USD")
    expect(card(page, "My kettle").locator(".badge")).to_have_text("Triggered")


def test_a_state_can_be_made_a_change_and_mistakes_are_told_at_their_field(visitor: Any, site: Any) -> None:
    url = site.shop("/kettle", 64)
    page = visitor.go("/monitors/new")
    page.get_by_label("What should I watch?").fill(f"tell me when the price at {url} drops below $50")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Value").fill("cheap")
    page.get_by_role("button", name="Save and check now").click()
    expect(page.get_by_text("Give a number to compare with")).to_be_visible()
    expect(page.get_by_label("Value")).to_have_value("cheap")

    page.get_by_label("Whenever it changes").check()
    expect(page.get_by_label("Value")).to_be_hidden()
    page.get_by_label("When it changes").select_option("downwards")
    page.get_by_label("By at least", exact=True).fill("5")
    page.get_by_role("button", name="Save and check now").click()
    page.wait_for_url(re.compile(r"\?check="))
    [made] = visitor.api("GET", "/api/monitors")["monitors"]
    assert made["triggerCondition"] == "price falls by at least 5"
    visitor.complaints[:] = [each for each in visitor.complaints if "422" not in each]


def test_a_monitor_is_edited_and_judged_anew(kettles: Any) -> None:
    page = kettles.go()
    card(page, "Lamp").get_by_role("button", name="Check Lamp now").click()
    expect(value(page, "Lamp")).to_have_text("$20")
    expect(card(page, "Lamp").locator(".badge")).to_have_text("Triggered")
    card(page, "Lamp").locator(".menu summary").click()
    card(page, "Lamp").get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Value")).to_have_value("25")
    page.get_by_label("Value").fill("10")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(r"/console/monitors/[0-9a-f-]+$"))

    page = kettles.go()
    expect(value(page, "Lamp")).to_have_text("$20")
    expect(card(page, "Lamp").locator(".badge")).to_have_text("New")
    kettles.live()
    card(page, "Lamp").get_by_role("button", name="Check Lamp now").click()
    expect(card(page, "Lamp").locator(".badge")).to_have_text("Quiet")


def test_search_filter_and_order_narrow_the_list_and_its_address(kettles: Any) -> None:
    page = kettles.go()
    names = page.locator(".monitor-name")
    expect(names).to_have_text(["Lamp", "Steel kettle", "Copper kettle"])
    page.get_by_label("Search monitors").press_sequentially("KETT")
    expect(names).to_have_text(["Steel kettle", "Copper kettle"])
    page.get_by_label("Order").select_option("By name")
    expect(names).to_have_text(["Copper kettle", "Steel kettle"])
    expect(page).to_have_url(re.compile(r"q=KETT&.*sort=name"))
    page.reload()
    expect(names).to_have_text(["Copper kettle", "Steel kettle"])
    page.get_by_label("Status").select_option("Paused")
    expect(page.get_by_text("No monitor is like that")).to_be_visible()
    page.get_by_role("link", name="Show all monitors").click()
    expect(names).to_have_count(3)


def test_several_are_checked_at_once_and_each_tells_how_far_it_is(kettles: Any) -> None:
    page = kettles.go()
    kettles.live()
    expect(page.get_by_role("button", name="Check selected")).to_be_hidden()
    for name in ("Copper kettle", "Lamp"):
        card(page, name).get_by_label(f"Select {name}").check()
    # What a card says of its check passes quickly: everything it says is written down.
    page.evaluate(
        """() => {
            window.told = new Set();
            const listen = () => document.querySelectorAll(".monitor").forEach((card) => {
                const place = card.querySelector(".monitor-progress");
                if (!place.hidden) window.told.add(card.querySelector(".monitor-name").textContent + ": " + place.textContent);
            });
            new MutationObserver(listen).observe(document.body, {subtree: true, childList: true, attributes: true});
        }"""
    )
    page.get_by_role("button", name="Check selected").click()
    expect(page.locator("#toasts")).to_contain_text("2 checks started.")
    expect(value(page, "Copper kettle")).to_have_text("$64")
    expect(value(page, "Lamp")).to_have_text("$20")
    expect(card(page, "Steel kettle")).to_contain_text("Not checked yet.")
    page.wait_for_function("['Copper kettle', 'Lamp'].every((name) => window.told.has(`${name}: Reading the fact …`))")
    expect(page.locator(".monitor-progress:not([hidden])")).to_have_count(0)
    expect(page.locator("#limits")).to_contain_text("2, no limit")


def test_a_deletion_is_taken_back(kettles: Any) -> None:
    page = kettles.go()
    kettles.live()
    card(page, "Lamp").get_by_role("button", name="Check Lamp now").click()
    expect(value(page, "Lamp")).to_have_text("$20")
    card(page, "Lamp").locator(".menu summary").click()
    card(page, "Lamp").get_by_role("button", name="Delete").click()
    expect(card(page, "Lamp")).to_have_count(0)
    expect(page.locator("#toasts")).to_contain_text("“Lamp” is deleted.")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(value(page, "Lamp")).to_have_text("$20")
    expect(page.locator("#toasts")).to_contain_text("“Lamp” is back")


def test_a_monitor_that_was_just_checked_counts_down_to_the_next_check(
    visit: Visit, new_platform: Callable[..., Any], site: Any
) -> None:
    limited = new_platform(MONITORS_REFRESHES_PER_MINUTE="1", MONITORS_MONITORS_PER_USER="1")
    visitor = visit(url=limited.api)
    make(visitor, "Lamp", f"tell me when the price at {site.shop('/lamp', 20)} drops below $25")
    page = visitor.go()
    visitor.live()
    expect(page.get_by_text("You have 1 of 1 monitors. Delete one to make room for another.")).to_be_visible()
    expect(page.get_by_role("link", name="New monitor")).to_have_count(0)
    page.clock.install()
    check = card(page, "Lamp").get_by_role("button", name="Check Lamp now")
    check.click()
    expect(value(page, "Lamp")).to_have_text("$20")
    expect(card(page, "Lamp").locator(".wait")).to_have_text(re.compile(r"next in \d+ s"))
    expect(check).to_be_hidden()
    page.clock.fast_forward(61_000)
    expect(check).to_be_visible()


def test_a_monitor_is_paused_and_copied_from_its_card(kettles: Any) -> None:
    page = kettles.go()
    card(page, "Lamp").locator(".menu summary").click()
    card(page, "Lamp").get_by_role("button", name="Pause").click()
    expect(card(page, "Lamp").locator(".badge")).to_have_text("Paused")
    expect(card(page, "Lamp").get_by_role("button", name="Check Lamp now")).to_have_count(0)
    card(page, "Steel kettle").locator(".menu summary").click()
    card(page, "Steel kettle").get_by_role("button", name="Duplicate").click()
    expect(page.get_by_label("Name")).to_have_value("Steel kettle (copy)")
    assert page.url.endswith("/edit")


def test_two_tabs_see_what_the_other_does(kettles: Any) -> None:
    page = kettles.go()
    kettles.live()
    other = kettles.context.new_page()
    other.goto(page.url)
    expect(other.locator("body[data-live=on]")).to_be_attached()
    card(other, "Lamp").get_by_label("Select Lamp").check()

    card(page, "Steel kettle").get_by_role("button", name="Check Steel kettle now").click()
    expect(value(other, "Steel kettle")).to_have_text("$30")
    card(page, "Copper kettle").locator(".menu summary").click()
    card(page, "Copper kettle").get_by_role("button", name="Delete").click()
    expect(card(other, "Copper kettle")).to_have_count(0)
    expect(card(other, "Lamp").get_by_label("Select Lamp")).to_be_checked()


def test_everything_works_without_scripts(visit: Visit, site: Any) -> None:
    url = site.shop("/kettle", 64)
    visitor = visit(java_script_enabled=False)
    page = visitor.go()
    page.get_by_label("What should I watch?").fill(f"tell me when the price of the kettle at {url} drops below $70")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Name").fill("Plain")
    page.get_by_role("button", name="Save and check now").click()
    expect(page.locator("#main")).to_contain_text("Plain")
    page = visitor.go()
    visitor.until(lambda: page.reload() and value(page, "Plain").count())
    expect(value(page, "Plain")).to_have_text("$64")
    page.get_by_label("Search monitors").fill("nothing like it")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("No monitor is like that")).to_be_visible()
    page = visitor.go()
    card(page, "Plain").get_by_label("Select Plain").check()
    page.get_by_role("button", name="Check selected").click()
    expect(page.locator("#toasts")).to_contain_text("1 check started.")
    card(page, "Plain").locator(".menu summary").click()
    card(page, "Plain").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="What should I watch?")).to_be_visible()
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(value(page, "Plain")).to_have_text("$64")
