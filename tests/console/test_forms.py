"""Forms in the browser: what is typed stays, the focus stays, nothing is sent twice, and pages end well."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from browsing import forgive, sign_in


@pytest.fixture
def incident(visitor: Any) -> str:
    """An incident's page, below /console."""
    made = visitor.api("POST", "/api/incidents", {"title": "Checkout is slow"})
    return f"/incidents/{made['incident']['id']}"


def test_what_is_typed_in_one_form_outlasts_another_that_is_sent(visitor: Any, incident: str) -> None:
    page = visitor.go(incident)
    page.get_by_label("Update", exact=True).fill("We look at")
    page.get_by_label("Anybody may see it").check()
    page.get_by_text("Describe it, and who works on it").click()
    page.get_by_label("Impact").fill("Nobody can pay")
    page.get_by_label("New task").fill("Roll back")
    page.get_by_role("button", name="Add task").click()
    expect(page.locator("#incident-tasks")).to_contain_text("Roll back")
    expect(page.get_by_label("Update", exact=True)).to_have_value("We look at")
    expect(page.get_by_label("Anybody may see it")).to_be_checked()
    expect(page.get_by_label("Impact")).to_be_visible()
    expect(page.get_by_label("Impact")).to_have_value("Nobody can pay")
    # What was sent is gone from its field.
    expect(page.get_by_label("New task")).to_have_value("")
    page.get_by_role("button", name="Done").click()
    expect(page.locator("#incident-tasks")).to_contain_text("Done: ")
    expect(page.get_by_label("Update", exact=True)).to_have_value("We look at")


def test_the_focus_stays_where_somebody_is_when_the_content_is_replaced(visitor: Any, incident: str) -> None:
    page = visitor.go(incident)
    task = page.get_by_label("New task")
    task.fill("Roll back")
    task.press("Enter")
    expect(page.locator("#incident-tasks")).to_contain_text("Roll back")
    expect(task).to_be_focused()
    # The button goes with what it was for: on from where the content begins.
    page.get_by_role("button", name="Done").press("Enter")
    expect(page.locator("#incident-tasks")).to_contain_text("Done: ")
    expect(page.locator("#main")).to_be_focused()

    for name in ("One", "Two"):
        visitor.api("POST", "/api/heartbeats", {"name": name, "period": "1d"})
    visitor.go("/heartbeats")
    page.get_by_role("button", name="Pause").first.press("Enter")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    expect(page.locator("#main :focus")).to_have_count(1)


def test_a_refused_form_begins_at_what_is_wrong(visitor: Any) -> None:
    page = visitor.go("/heartbeats/new")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("[aria-invalid=true]").first).to_be_focused()
    forgive(visitor, 422)


def test_a_double_click_creates_one(visitor: Any) -> None:
    page = visitor.go("/incidents/new")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.locator("[name=title]").fill("Twice")
    page.get_by_role("button", name="Open it").dblclick()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Twice")
    assert len(sent) == 1
    assert len(visitor.api("GET", "/api/incidents")["incidents"]) == 1
    # Posted by htmx, with another button than the first.
    page.get_by_label("New task").fill("Once")
    page.get_by_role("button", name="Add task").dblclick()
    expect(page.locator("#incident-tasks li")).to_have_count(1)
    page.get_by_label("New task").fill("Again")
    page.get_by_role("button", name="Add task").click()
    expect(page.locator("#incident-tasks li")).to_have_count(2)


def test_a_failure_of_ours_takes_nothing_from_the_page(visitor: Any, incident: str) -> None:
    page = visitor.go(incident)
    page.route("**/tasks", lambda route: route.fulfill(status=500, body="<main id=main>Broken</main>"))
    page.get_by_label("New task").fill("Roll back")
    page.get_by_role("button", name="Add task").click()
    expect(page.get_by_text("Something went wrong on our side")).to_be_visible()
    expect(page.get_by_label("New task")).to_have_value("Roll back")
    forgive(visitor, 500)


def test_a_session_that_ends_leaves_what_is_typed_to_go_on_with(visit: Any) -> None:
    visitor, other = visit(), visit(signed_up=False)
    made = visitor.api("POST", "/api/incidents", {"title": "Checkout is slow"})
    page = visitor.go(f"/incidents/{made['incident']['id']}")
    visitor.live()
    page.get_by_label("Update", exact=True).fill("Half of it")
    sign_in(other.go("/login?next=/console/account/sessions"), visitor.email)
    others = other.page.get_by_role("button", name=re.compile("^Sign out Chrome"))
    while left := others.count():
        others.last.click()
        expect(others).to_have_count(left - 1)
    banner = page.locator("#connection")
    expect(banner).to_contain_text("You are signed out. Sign in in another tab, then go on here.")
    expect(page.get_by_label("Update", exact=True)).to_have_value("Half of it")
    with visitor.context.expect_page() as opened:
        banner.get_by_role("link", name="Sign in").click()
    sign_in(opened.value, visitor.email)
    expect(opened.value.get_by_role("heading", level=1)).to_contain_text("Checkout is slow")
    opened.value.close()
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(banner).to_be_hidden()
    visitor.live()
    page.get_by_role("button", name="Post update").click()
    expect(page.locator("#incident-updates")).to_contain_text("Half of it")
    forgive(visitor, 401)


def test_another_colour_leaves_what_is_typed(visitor: Any, incident: str) -> None:
    page = visitor.go(incident)
    page.get_by_label("Update", exact=True).fill("Half of it")
    with page.expect_response("**/theme"):
        page.get_by_role("button", name="Dark").click()
    expect(page.locator("html[data-theme=dark]")).to_be_attached()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Update", exact=True)).to_have_value("Half of it")
    visitor.go("/incidents")
    expect(page.locator("html[data-theme=dark]")).to_be_attached()


def test_the_page_of_something_that_is_gone_says_so_and_asks_no_more(visitor: Any) -> None:
    spec = {"name": "Nightly", "metric": "backups", "kind": "threshold", "critical": 1}
    rule = visitor.api("POST", "/api/rules", spec)["rule"]["id"]
    page = visitor.go(f"/rules/{rule}")
    visitor.live()
    visitor.api("DELETE", f"/api/rules/{rule}")
    banner = page.locator("#connection")
    expect(banner).to_contain_text("This is not there any more.")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(4000)
    assert not asked
    forgive(visitor, 404)
    banner.get_by_role("link", name="To Rules").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rules")


def test_the_way_back_is_not_a_step_for_each_pause_in_typing(visitor: Any) -> None:
    visitor.go("/rules")
    page = visitor.go("/incidents")
    search = page.get_by_role("searchbox")
    for words in ("ab", "abcd"):
        search.fill(words)
        page.wait_for_url(f"**/incidents*q={words}*")
    page.locator(".nav").get_by_role("link", name="Alerts").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Alerts")
    page.go_back()
    expect(search).to_have_value("abcd")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rules")


def test_alerts_are_counted_from_the_first_selected_at_once_and_escape_closes(visitor: Any) -> None:
    page = visitor.go("/alerts")
    visitor.live()
    count = page.locator("#nav-count-bell").first
    expect(count).to_be_hidden()
    made = visitor.api("POST", "/api/integrations", {"kind": "generic", "name": "Checks"})
    for name in ("One", "Two"):
        visitor.context.request.post(made["url"], data={"name": name, "summary": name})
    expect(count).to_contain_text("2")

    expect(page.locator("[data-row]")).to_have_count(2)
    every = page.get_by_label("Select all shown")
    every.focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-count]")).to_have_text("2 selected")
    page.get_by_label("Select One").uncheck()
    expect(page.locator("[data-count]")).to_have_text("1 selected")
    assert every.evaluate("box => box.indeterminate")

    page.locator("summary", has_text="More").first.focus()
    for kind in (".more-filters", ".save-filter"):
        page.locator(f"{kind} summary").click()
        expect(page.locator(f"{kind}[open]")).to_be_attached()
        page.keyboard.press("Escape")
        expect(page.locator(f"{kind}[open]")).to_have_count(0)
        expect(page.locator(f"{kind} summary")).to_be_focused()
