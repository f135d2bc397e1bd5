"""The inbox of alerts in a browser: live, by keys, many at once, over a lost connection, and without JavaScript."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

Alarm = Callable[..., str]


@pytest.fixture
def alarm(site: Any) -> Alarm:
    """Makes a monitor whose condition becomes true; the alert's id."""

    def make(visitor: Any, name: str = "Copper kettle") -> str:
        path = f"/{abs(hash(name)) % 10**9}"
        url = site.shop(path, 64)
        monitor = visitor.api(
            "POST", "/api/monitors", {"prompt": f"tell me when the price at {url} drops below $50", "name": name}
        )["monitor"]["id"]
        visitor.api("POST", f"/api/monitors/{monitor}/refresh", {})
        site.shop(path, 47.5)
        visitor.api("POST", f"/api/monitors/{monitor}/refresh", {})
        return visitor.until(lambda: visitor.api("GET", f"/api/alerts?monitorId={monitor}")["alerts"])[0]["id"]

    return make


def rows(page: Page) -> Locator:
    return page.locator("[data-row]")


def test_an_alert_arrives_live_and_moves_nothing_that_one_is_about_to_click(visitor: Any, alarm: Alarm) -> None:
    page = visitor.go("/alerts")
    expect(page.get_by_role("heading", name="Nothing is wrong")).to_be_visible()
    visitor.live()
    alarm(visitor, "First")
    expect(rows(page)).to_have_count(1)
    expect(page.locator("#announcer")).to_contain_text("New alert: First")
    expect(page.locator("#alert-tabs [aria-current]")).to_contain_text("1")
    first = rows(page).first
    first.hover()
    before = first.bounding_box()
    alarm(visitor, "Second")
    waiting = page.get_by_role("button", name="Show 1 new alert")
    expect(waiting).to_be_visible()
    expect(rows(page)).to_have_count(1)
    after = first.bounding_box()
    assert before
    assert after
    assert after["height"] == before["height"]
    waiting.click()
    expect(page.locator("[data-open]")).to_have_text(["Second", "First"])
    expect(waiting).to_be_hidden()


def test_an_alert_that_ends_while_one_is_at_it_stays_where_it_is(visitor: Any, alarm: Alarm) -> None:
    alert = alarm(visitor)
    page = visitor.go("/alerts")
    visitor.live()
    rows(page).first.hover()
    visitor.api("POST", f"/api/alerts/{alert}/resolve", {})
    expect(page.locator("[data-row].gone")).to_have_count(1)
    page.get_by_role("heading", name="Alerts", exact=True).hover()
    expect(page.get_by_role("heading", name="Nothing is wrong")).to_be_visible()


def test_the_keys_walk_select_take_end_search_open_and_help(visitor: Any, alarm: Alarm) -> None:
    for name in ("Third", "Second", "First"):
        alarm(visitor, name)
    page = visitor.go("/alerts")
    visitor.live()
    keys = page.keyboard

    def at(name: str) -> None:
        expect(page.get_by_role("link", name=name, exact=True)).to_be_focused()

    keys.press("j")
    at("First")
    keys.press("j")
    at("Second")
    keys.press("k")
    at("First")
    keys.press("k")
    at("First")
    keys.press("x")
    expect(page.get_by_text("1 selected")).to_be_visible()
    keys.press("x")
    expect(page.locator("#bulk")).to_be_hidden()
    keys.press("a")
    expect(page.get_by_text("Acknowledged. It is yours now.")).to_be_visible()
    expect(rows(page).first).to_contain_text("Acknowledged")
    at("First")
    keys.press("r")
    expect(page.locator("[data-open]")).to_have_text(["Second", "Third"])
    at("Second")
    keys.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    keys.press("j")
    keys.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    keys.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    keys.type("third")
    expect(page.locator("[data-open]")).to_have_text(["Third"])
    assert "q=third" in page.url
    page.get_by_role("searchbox").blur()
    keys.press("j")
    at("Third")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Third", level=1)).to_be_visible()
    keys.press("a")
    expect(page.locator("#alert-facts")).to_contain_text("Acknowledged")
    keys.press("r")
    expect(page.locator("#alert-facts")).to_contain_text("Resolved")


def test_many_are_ended_at_once_with_a_note(visitor: Any, alarm: Alarm) -> None:
    first, second, third = (alarm(visitor, name) for name in ("First", "Second", "Third"))
    page = visitor.go("/alerts")
    for name in ("First", "Second"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_label("Note").fill("all repaired")
    page.locator("#bulk").get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("2 alerts resolved.")).to_be_visible()
    expect(page.locator("[data-open]")).to_have_text(["Third"])
    notes = {each["id"]: each["note"] for each in visitor.api("GET", "/api/alerts")["alerts"]}
    assert notes == {first: "all repaired", second: "all repaired", third: None}


def test_a_comment_is_there_at_once_for_everybody_who_looks(visitor: Any, alarm: Alarm) -> None:
    alert = alarm(visitor)
    page = visitor.go(f"/alerts/{alert}")
    other = visitor.context.new_page()
    other.goto(page.url)
    expect(other.locator("body[data-live=on]")).to_be_attached()
    page.get_by_label("Comment or note").fill("Two left.\n<b>Ordering</b> one.")
    page.get_by_role("button", name="Comment").click()
    for each in (page, other):
        expect(each.locator("#alert-story .timeline")).to_contain_text("Two left.\n<b>Ordering</b> one.")
    expect(page.get_by_label("Comment or note")).to_have_value("")
    other.get_by_label("Comment or note").fill("Still typing")
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(other.locator("#alert-facts")).to_contain_text("Resolved")
    expect(other.get_by_label("Comment or note")).to_have_value("Still typing")
    other.close()


class Line:
    """The way to the platform, which can be cut and mended."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._pairs: list[socket.socket] = []
        self._is_cut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                caller.close()
                continue
            platform = socket.create_connection(("127.0.0.1", self._port))
            self._pairs += [caller, platform]
            for one, other in ((caller, platform), (platform, caller)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Everybody is hung up on, and nobody gets through."""
        self._is_cut = True
        for each in self._pairs:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def mend(self) -> None:
        """From now on everybody gets through."""
        self._is_cut = False

    def close(self) -> None:
        """Let nobody in any more."""
        self.cut()
        self._listener.close()


@pytest.fixture
def line(platform: Any) -> Iterator[Line]:
    line = Line(platform.port)
    yield line
    line.close()


def test_a_lost_connection_is_told_and_nothing_is_missed_when_it_is_back(
    visit: Any, line: Line, platform: Any, alarm: Alarm
) -> None:
    visitor = visit(url=line.url)
    page = visitor.go("/alerts")
    visitor.live()
    line.cut()
    expect(page.locator("#connection")).to_contain_text("Live updates are interrupted")
    expect(page.locator("body[data-live=on]")).to_have_count(0)
    alarm(replace(visitor, url=platform.api), "While away")
    expect(rows(page)).to_have_count(0)
    line.mend()
    expect(rows(page)).to_have_count(1)
    expect(page.locator("#connection")).to_be_hidden()
    visitor.live()
    visitor.complaints[:] = [each for each in visitor.complaints if "Failed to load resource" not in each]


def test_without_javascript_alerts_are_read_taken_commented_and_ended(visit: Any, alarm: Alarm) -> None:
    visitor = visit(java_script_enabled=False)
    for name in ("First", "Second"):
        alarm(visitor, name)
    page = visitor.go("/alerts")
    page.get_by_role("checkbox", name="Select First").check()
    page.locator("#bulk").get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("1 alert acknowledged.")).to_be_visible()
    page.get_by_role("link", name="First", exact=True).click()
    page.get_by_label("Comment or note").fill("Two left.")
    page.get_by_role("button", name="Comment").click()
    expect(page.locator("#alert-story .timeline")).to_contain_text("Two left.")
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.locator("#alert-facts")).to_contain_text("Resolved")


def test_why_nobody_was_told_is_on_the_page_and_stays_open_while_it_changes(visitor: Any, alarm: Alarm) -> None:
    alert = alarm(visitor)
    page = visitor.go(f"/alerts/{alert}")
    visitor.live()
    answer = page.locator("#why-answer")
    expect(answer).to_contain_text("Told")
    page.get_by_text("Every step of it").click()
    expect(page.locator("#why-steps")).to_contain_text("The condition became true.")
    visitor.api("POST", "/api/alerts/assign", {"ids": [alert], "assignee": "Robin"})
    expect(page.locator("#why-steps")).to_contain_text("now with Robin")
    expect(page.locator("#alert-facts")).to_contain_text("Robin")


def test_filters_are_kept_and_many_are_given_and_silenced_by_keys(visitor: Any, alarm: Alarm) -> None:
    for name in ("Second", "First"):
        alarm(visitor, name)
    page = visitor.go("/alerts")
    page.locator(".more-filters > summary").click()
    page.get_by_label("Labels").fill('alertname="First"')
    expect(rows(page)).to_have_count(1)
    page.get_by_text("Keep these filters").click()
    page.get_by_label("A name for these filters").fill("Only the first")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("link", name="Only the first")).to_have_attribute("aria-current", "true")
    visitor.go("/alerts")
    page.keyboard.press("j")
    page.keyboard.press("g")
    page.keyboard.type("Robin")
    page.get_by_role("button", name="Give", exact=True).click()
    expect(rows(page).first).to_contain_text("with Robin")
    page.keyboard.press("j")
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile("/silences/new"))


def test_what_is_pending_arrives_live_on_a_phone_and_fires(visit: Any) -> None:
    visitor = visit(viewport={"width": 360, "height": 800})
    page = visitor.go("/alerts?state=pending")
    expect(page.get_by_role("heading", name="Nothing is pending")).to_be_visible()
    visitor.live()
    rule = {"name": "CPU busy", "kind": "threshold", "metric": "cpu_waits", "op": "gt", "critical": 95, "for": "4m"}
    visitor.api("POST", "/api/rules", rule)

    def send(minutes: float, value: float) -> None:
        at = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
        sample = {"name": "cpu_waits", "value": value, "tags": {"host": "web-1"}, "timestamp": at}
        visitor.api("POST", "/api/metrics", {"metrics": [sample]})

    send(-3, 97)
    send(0, 98)
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("CPU busy host=web-1")
    expect(rows(page)).to_contain_text("98 · cpu_waits > 95 for 4m")
    expect(rows(page)).to_contain_text(re.compile(r"Fires in \d+ s"))
    expect(page.locator("#alert-tabs [aria-current]")).to_contain_text("Pending 1")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    send(2, 99)
    expect(page.get_by_role("heading", name="Nothing is pending")).to_be_visible()
    page.get_by_role("link", name="Open 1").click()
    page.get_by_role("link", name="CPU busy", exact=True).click()
    expect(page.locator("#alert-story .timeline")).to_contain_text("its rule waited before it fired")
