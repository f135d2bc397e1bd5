"""The user's way, from a sentence to a delivered message, through the REST API of a real platform."""

import shutil
from typing import Any

import pytest

from driving import eventually

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("platform")]

SCRIPTED = """<html><body><header>Shop</header><main><h1>Game console</h1><div id="app">Loading…</div>
<script>document.getElementById('app').innerHTML = '<p class=price>$' + (PRICE).toFixed(2) + '</p>'</script>
</main></body></html>"""


def test_a_price_when_it_drops_below_the_limit_then_one_message_is_delivered(platform: Any, site: Any) -> None:
    user = platform.user()
    user.call("POST", "/api/channels", {"kind": "webhook", "url": f"{site.url}/hook"}).raise_for_status()
    url = site.shop("/kettle", 79.9)
    monitor = user.watch(f"tell me when the price at {url} drops below $50")
    first = user.check(monitor)
    assert (first["value"], first["triggered"], first["reason"]) == (79.9, False, "not-met")
    assert "79.90" in first["evidence"]["quote"]

    site.shop("/kettle", 44)
    fired = user.check(monitor)
    assert (fired["value"], fired["triggered"]) == (44, True)
    assert user.check(monitor)["reason"] == "still-met", "true once, told once"

    [message] = eventually(lambda: user.get("/api/outbox")["messages"])
    assert "44" in message["text"]
    assert "79.9" in message["text"]
    [(identifier, hook)] = eventually(lambda: site.hooks)
    assert identifier
    assert (hook["type"], hook["data"]["value"]) == ("alert.triggered", 44)
    [alert] = user.get("/api/alerts?state=firing")["alerts"]

    site.shop("/kettle", 80)
    assert user.check(monitor)["reason"] == "condition-cleared"
    eventually(lambda: user.get(f"/api/alerts/{alert['id']}")["state"] == "resolved")


def test_an_alert_when_its_monitor_is_deleted_or_edited_then_is_over(platform: Any, site: Any) -> None:
    user = platform.user()
    url = site.shop("/kettle", 40)
    edited, deleted = (user.watch(f"tell me when the price at {url} drops below {limit}") for limit in ("$50", "$60"))
    assert user.check(edited)["triggered"] is True
    assert user.check(deleted)["triggered"] is True
    eventually(lambda: len(user.get("/api/alerts?state=firing")["alerts"]) == 2)
    user.call("PUT", f"/api/monitors/{edited}", {"prompt": f"tell me when the price at {url} drops below $30"})
    user.call("DELETE", f"/api/monitors/{deleted}")
    eventually(lambda: user.get("/api/alerts?state=firing")["alerts"] == [])


def test_a_statement_when_it_turns_true_then_fires_and_a_failed_page_decides_nothing(platform: Any, site: Any) -> None:
    user = platform.user()
    page = "<html><body><main><h1>Autumn course</h1><p>Registration is {}.</p></main></body></html>"
    site.pages["/apply"] = ("text/html", page.format("currently closed"))
    monitor = user.watch(f"let me know when {site.url}/apply says registration is open")
    assert user.check(monitor)["triggered"] is False
    del site.pages["/apply"]
    gone = user.check(monitor)
    assert (gone["verdict"], gone["reason"], gone["triggered"]) == ("failed", "not-found", False)
    site.pages["/apply"] = ("text/html", page.format("now open"))
    assert user.check(monitor)["triggered"] is True


def test_a_change_when_only_the_rest_of_the_page_changes_then_stays_quiet(platform: Any, site: Any) -> None:
    user = platform.user()
    head = "<?xml version='1.0'?><rss version='2.0'><channel><title>News</title>"
    feed = head + "<lastBuildDate>{}</lastBuildDate>{}</channel></rss>"
    site.pages["/feed"] = ("application/rss+xml", feed.format("10:00", "<item><title>One</title></item>"))
    monitor = user.watch(f"tell me when there is a new post in {site.url}/feed")
    assert user.check(monitor)["triggered"] is False
    site.pages["/feed"] = ("application/rss+xml", feed.format("10:01", "<item><title>One</title></item>"))
    assert user.check(monitor)["triggered"] is False
    two = "<item><title>Two</title></item><item><title>One</title></item>"
    site.pages["/feed"] = ("application/rss+xml", feed.format("10:02", two))
    assert user.check(monitor)["triggered"] is True


@pytest.mark.browser
@pytest.mark.skipif(not (shutil.which("chromium") or shutil.which("google-chrome")), reason="no Chromium here")
def test_a_page_when_its_price_is_made_by_a_script_then_is_read_in_the_browser(platform: Any, site: Any) -> None:
    user = platform.user()
    site.pages["/console"] = ("text/html", SCRIPTED.replace("PRICE", "449.99"))
    monitor = user.watch(f"tell me when the console at {site.url}/console is below $400")
    assert user.check(monitor)["value"] == 449.99
    site.pages["/console"] = ("text/html", SCRIPTED.replace("PRICE", "389.99"))
    assert user.check(monitor)["triggered"] is True


def test_two_users_when_one_uses_the_others_ids_then_nothing_is_found(platform: Any, site: Any) -> None:
    owner, other = platform.user("owner"), platform.user("other")
    monitor = owner.watch(f"tell me when the price at {site.shop('/kettle', 40)} drops below $50")
    assert owner.check(monitor)["triggered"] is True
    [alert] = eventually(lambda: owner.get("/api/alerts")["alerts"])
    [note] = eventually(lambda: owner.get("/api/notifications")["notifications"])
    snapshot = owner.get(f"/api/monitors/{monitor}")["facts"][0]["evidence"]["snapshotId"]
    attempts = [
        ("GET", f"/api/monitors/{monitor}"),
        ("PUT", f"/api/monitors/{monitor}"),
        ("DELETE", f"/api/monitors/{monitor}"),
        ("POST", f"/api/monitors/{monitor}/refresh"),
        ("GET", f"/api/alerts/{alert['id']}"),
        ("POST", f"/api/alerts/{alert['id']}/acknowledge"),
        ("POST", f"/api/alerts/{alert['id']}/resolve"),
        ("GET", f"/api/snapshots/{snapshot}"),
        ("GET", f"/api/snapshots/{snapshot}/content"),
        ("PATCH", f"/api/channels/{note['channelId']}"),
        ("DELETE", f"/api/channels/{note['channelId']}"),
        ("POST", f"/api/channels/{note['channelId']}/test"),
    ]
    bodies: dict[str, Any] = {"PUT": {"name": "mine now"}, "PATCH": {"name": "mine now"}, "POST": {}}
    statuses = {path: other.call(method, path, bodies.get(method)).status_code for method, path in attempts}
    assert set(statuses.values()) == {404}, statuses
    for path, key in (("/api/monitors", "monitors"), ("/api/alerts", "alerts"), ("/api/outbox", "messages")):
        assert other.get(path)[key] == []
    assert owner.get(f"/api/monitors/{monitor}")["monitor"]["name"] != "mine now"
