"""A test alert goes the whole way, and is taken and ended from the mails it came with."""

from typing import Any

import httpx
import pytest

from driving import eventually

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("platform")]


def link_in(mail: dict[str, Any], label: str) -> str:
    """The path of a link; the mail names the address that people reach the platform by."""
    line = next(line for line in mail["text"].splitlines() if line.startswith(label))
    return "/a/" + line.rpartition("/a/")[2]


def test_a_test_alert_when_fired_then_reaches_the_channels_and_is_taken_from_the_mail(platform: Any, site: Any) -> None:
    user = platform.user()
    user.call("POST", "/api/channels", {"kind": "webhook", "url": f"{site.url}/hook"}).raise_for_status()
    asked = {"labels": {"team": "shop"}, "severity": "critical", "resolveAfter": 3600}
    fired = user.call("POST", "/api/alerts/test", asked)
    assert fired.status_code == 201, fired.text
    alert = fired.json()["alert"]["id"]
    [(_, hook)] = eventually(lambda: site.hooks)
    assert (hook["type"], hook["data"]["noticeReason"], hook["data"]["labels"]["team"]) == (
        "alert.triggered",
        "test",
        "shop",
    )
    [mail] = eventually(lambda: user.get("/api/outbox")["messages"])
    assert mail["subject"].startswith("Test: ")
    told = user.get(f"/api/notifications?alertId={alert}")["notifications"]
    assert {(each["reason"], each["route"]) for each in told} == {("test", "root")}

    with httpx.Client(base_url=platform.api, trust_env=False) as anybody:
        take = link_in(mail, "Take it:")
        assert "Take it?" in anybody.get(take).text
        assert user.get(f"/api/alerts/{alert}")["state"] == "firing", "following a link changes nothing"
        assert "It is yours" in anybody.post(take).text
        assert user.get(f"/api/alerts/{alert}")["state"] == "acknowledged"
        assert "used before" in anybody.post(take).text
        assert "Resolved" in anybody.post(link_in(mail, "Resolve it:")).text
    eventually(lambda: user.get(f"/api/alerts/{alert}")["state"] == "resolved")
    steps = user.get(f"/api/alerts/{alert}/timeline")["entries"]
    by_link = [(step["kind"], step["via"]) for step in steps if step["via"]]
    assert [kind for kind, _ in by_link] == ["acknowledged", "resolved"]
    assert all(via.startswith("by mail to ") for _, via in by_link)
