"""Names of one long word, as machines make them: no page becomes wider than a phone."""

from typing import Any

import pytest

NAME = "KubeDeploymentReplicasMismatch_production-eu-west-1/checkout-payment-gateway-v2"
ADDRESS = "https://runbooks.example/kubernetes/deployments/replicas-mismatch/production-eu-west-1?service=checkout"
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [320, 360])
def test_long_names_fit_a_phone(visit: Any, width: int) -> None:
    # As on a phone: no room is kept for a scroll bar, and the user agent is as long as it likes.
    looks = {"is_mobile": True, "has_touch": True, "user_agent": "Kubernetes" * 20}
    visitor = visit(viewport={"width": width, "height": 780}, **looks)
    paths = furnish(visitor)
    wide: list[str] = []
    for path in paths:
        page = visitor.go(path)
        page.wait_for_load_state("load")
        if page.evaluate(TOO_WIDE):
            wide.append(path)
    assert not wide


def furnish(visitor: Any) -> list[str]:
    """An account in which all that can be named has such a name; the pages that show them."""

    def make(many: str, one: str, **body: Any) -> str:
        return visitor.api("POST", f"/api/{many}", {"name": NAME} | body)[one]["id"]

    channel = make("channels", "channel", kind="webhook", url=ADDRESS)
    contact = make("contacts", "contact", channels=[channel])
    layer = {"participants": [contact], "rotation": "daily", "start": "2026-01-05"}
    schedule = make("schedules", "schedule", timezone="Europe/Berlin", layers=[layer])
    rule = make("rules", "rule", kind="threshold", metric="cpu_busy", warning=90)
    made = visitor.api("POST", "/api/integrations", {"kind": "generic", "name": NAME})
    event = {"name": NAME, "summary": ADDRESS, "labels": {"alertname": NAME, "host": NAME}}
    assert visitor.context.request.post(made["url"], data=event, max_retries=3).ok
    alert = visitor.until(lambda: visitor.api("GET", "/api/alerts")["alerts"])[0]["id"]
    visitor.api("POST", f"/api/alerts/{alert}/acknowledge", {"note": ADDRESS})
    incident = visitor.api("POST", "/api/incidents", {"title": NAME, "alerts": [alert]})["incident"]["id"]
    visitor.until(lambda: visitor.api("GET", "/api/notifications")["notifications"])
    return [
        "/alerts",
        f"/alerts/{alert}",
        "/incidents",
        f"/incidents/{incident}",
        f"/rules/{rule}",
        "/on-call",
        f"/on-call/{schedule}/edit",
        f"/contacts/{contact}/edit",
        f"/channels/{channel}",
        "/notifications",
        "/account/sessions",
    ]
