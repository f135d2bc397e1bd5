"""Channels, deliveries and the outbox in a browser."""

import re
from typing import Any

from playwright.sync_api import expect


def alarm(visitor: Any, site: Any) -> str:
    """A monitor whose condition becomes true; its id."""
    prompt = f"tell me when the price at {site.shop('/kettle', 64)} drops below $50"
    monitor = visitor.api("POST", "/api/monitors", {"prompt": prompt, "name": "Copper kettle"})["monitor"]["id"]
    visitor.api("POST", f"/api/monitors/{monitor}/refresh", {})
    site.shop("/kettle", 47.5)
    visitor.api("POST", f"/api/monitors/{monitor}/refresh", {})
    return monitor


def test_a_webhook_is_added_tested_and_its_deliveries_are_seen(visitor: Any, site: Any) -> None:
    page = visitor.go("/channels")
    page.get_by_role("link", name="Add a channel").click()
    page.get_by_role("link", name="Webhook").click()
    page.get_by_label("Address to post to").fill(f"{site.url}/hook")
    page.get_by_label("Name").fill("Pager")
    page.get_by_role("button", name="Add the channel").click()
    expect(page.get_by_label("Webhook secret")).to_have_value(re.compile("^whsec_.{20,}"))
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("heading", name="Pager", level=1)).to_be_visible()
    expect(page.get_by_text("whsec_")).to_have_count(0)
    visitor.live()
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("The test arrived at “Pager”.")).to_be_visible()
    assert [body["type"] for _, body in site.hooks] == ["channel.test"]
    expect(page.locator("tbody tr")).to_have_count(1)
    alarm(visitor, site)
    expect(page.locator("tbody tr")).to_have_count(2)
    newest = page.locator("tbody tr").first
    expect(newest).to_contain_text("Sent")
    newest.get_by_role("link", name=re.compile("Copper kettle")).click()
    expect(page.get_by_role("heading", name="Copper kettle", level=1)).to_be_visible()
    [_, (_, told)] = site.hooks
    assert told["data"]["alertUrl"].endswith(f"/console/alerts/{told['data']['id']}")


def test_a_receiver_that_can_not_be_reached_is_told_in_place(visitor: Any) -> None:
    channel = visitor.api("POST", "/api/channels", {"kind": "webhook", "name": "Dead", "url": "http://127.0.0.1:1/"})
    page = visitor.go("/channels")
    row = page.locator(f"#channel-{channel['channel']['id']}")
    expect(row).to_contain_text("Not used yet")
    row.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("The test to “Dead” failed. The receiver could not be reached.")).to_be_visible()
    expect(row).to_contain_text("Failing")


def test_a_channel_is_paused_renamed_and_deleted_once_confirmed(visitor: Any, site: Any) -> None:
    channel = {"kind": "webhook", "name": "Pager", "url": f"{site.url}/hook"}
    identifier = visitor.api("POST", "/api/channels", channel)["channel"]["id"]
    page = visitor.go(f"/channels/{identifier}")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#channel-state")).to_contain_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#channel-state")).to_contain_text("Not used yet")
    page.get_by_label("Name").fill("On-call")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="On-call", level=1)).to_be_visible()
    page.locator(".head-actions summary").click()
    expect(page.get_by_text("“On-call” gets no more messages.")).to_be_visible()
    page.locator(".confirm-panel").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The channel is deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="On-call")).to_have_count(0)


def test_a_mail_is_read_in_the_outbox_as_a_page_and_as_text(visitor: Any, site: Any) -> None:
    page = visitor.go("/outbox")
    expect(page.get_by_role("heading", name="The outbox is empty")).to_be_visible()
    visitor.live()
    alarm(visitor, site)
    visitor.api("GET", "/api/outbox")
    expect(page.locator("[data-mail]")).to_have_count(1)
    page.locator("[data-mail]").click()
    mail = page.frame_locator("iframe")
    expect(mail.get_by_role("heading", name="Copper kettle")).to_be_visible()
    with visitor.context.expect_page() as opened:
        mail.get_by_role("link", name="Open the alert").click()
    assert re.search(r"/console/alerts/[0-9a-f-]{36}$", opened.value.url)
    opened.value.close()
    page.get_by_role("link", name="As text").click()
    expect(page.locator(".mail-text")).to_contain_text("Condition: price < 50 USD")
    expect(page.locator("iframe")).to_have_count(0)


def test_without_javascript_a_channel_is_added_and_the_ledger_narrowed(visit: Any) -> None:
    visitor = visit(java_script_enabled=False)
    page = visitor.go("/channels/new?kind=webhook")
    page.get_by_label("Address to post to").fill("http://127.0.0.1:1/")
    page.get_by_role("button", name="Add the channel").click()
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("The receiver could not be reached.").first).to_be_visible()
    page = visitor.go("/notifications")
    page.get_by_label("State").select_option("sent")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="No message matches")).to_be_visible()
