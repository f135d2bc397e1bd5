"""Two users: no id of one ever works for the other."""

from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]

RULE = {"name": "Busy", "kind": "threshold", "metric": "cpu", "op": "gt", "warning": 80}
UPTIME = {"name": "Shop", "kind": "http", "url": "https://shop.example/health"}
HEARTBEAT = {"name": "Backup", "period": "1d"}
LAYER = {"start": "2026-11-23", "participants": ["the contact"]}
OVERRIDE = {"startsAt": "2090-01-01T00:00:00Z", "endsAt": "2090-01-02T00:00:00Z", "contactId": "the contact"}
SELECTING: dict[str, dict[str, Any]] = {
    "silences": {"matchers": "host=db-1", "for": "2h", "comment": "Disk is replaced"},
    "maintenance": {"name": "Updates", "matchers": "host=db-1", "startsAt": "2090-03-01T02:30", "duration": "1h"},
    "inhibitions": {"name": "Host down", "source": "alertname=HostDown", "target": "severity=warning"},
    "alert-filters": {"name": "Databases", "query": {"q": "disk"}},
}
BODIES = {"PUT": {"name": "Mine now"}, "PATCH": {"name": "Mine now"}, "POST": {"text": "Mine now"}}


async def belongings(browser: Any, services: Any) -> dict[str, str]:
    """One thing of each kind, by the start of the path that shows it."""
    monitor = await browser.watch()
    refresh = await browser.post(f"/api/monitors/{monitor}/refresh")
    channel = await browser.post("/api/channels", json={"kind": "webhook", "url": "https://hook.example/x"})
    assert channel.status_code == 201
    target = await browser.post("/api/targets", json={"url": "http://node.example:9100/metrics"})
    assert target.status_code == 201
    rule = await browser.post("/api/rules", json=RULE)
    heartbeat = await browser.post("/api/heartbeats", json=HEARTBEAT)
    uptime = await browser.post("/api/uptime", json=UPTIME)
    assert (rule.status_code, heartbeat.status_code, uptime.status_code) == (201, 201, 201)
    # What a contact is reached by is not deleted, so on call has a channel of its own.
    reached_by = await browser.post("/api/channels", json={"kind": "webhook", "url": "https://hook.example/on-call"})
    on_call = await on_call_settings(browser, reached_by.json()["channel"]["id"])
    integration = await browser.post("/api/integrations", json={"kind": "generic", "name": "Checks"})
    made = {name: await browser.post(f"/api/{name}", json=body) for name, body in SELECTING.items()}
    assert {reply.status_code for reply in made.values()} == {201}
    token = await browser.post("/api/tokens", json={"name": "Collector", "scopes": ["read"]})
    await browser.post("/api/auth/login", json={"email": browser.user["email"], "password": "Correct1horse"})
    sessions = (await browser.get("/api/auth/sessions")).json()["sessions"]
    return {
        "/api/monitors/": monitor,
        "refreshId": refresh.json()["evaluation"]["refreshId"],
        "/api/alerts/": str(services.alerter.add_alert(browser.organization_id).id),
        "/api/tokens/": token.json()["details"]["id"],
        "/api/auth/sessions/": next(each["id"] for each in sessions if not each["current"]),
        "/api/rules/": rule.json()["rule"]["id"],
        "/api/heartbeats/": heartbeat.json()["heartbeat"]["id"],
        "/api/uptime/": uptime.json()["check"]["id"],
        **on_call,
        **{f"/api/{name}/": entity_of(reply)["id"] for name, reply in made.items()},
        "/api/targets/": target.json()["target"]["id"],
        "/api/integrations/": integration.json()["integration"]["id"],
        "/api/channels/": channel.json()["channel"]["id"],
        "/api/notifications/": str(services.notifier.add_notification(browser.organization_id, state="failed").id),
        "/api/outbox/": str(services.notifier.add_mail(browser.organization_id).id),
        "/api/snapshots/": str(
            await services.scraper.add_screenshot(services.scraper.add_snapshot(browser.organization_id))
        ),
    }


def entity_of(reply: Any) -> dict[str, Any]:
    """What was made, whatever its reply calls it."""
    [made] = [each for name, each in reply.json().items() if name != "success"]
    return made


async def on_call_settings(browser: Any, channel: str) -> dict[str, str]:
    """A contact that nothing names, and one that a schedule, its override and a policy are about."""
    made: dict[str, str] = {"channel": channel}
    for name in ("unused", "contact"):
        reply = await browser.post("/api/contacts", json={"name": name, "channels": [channel]})
        made[name] = reply.json()["contact"]["id"]
    schedule = await browser.post("/api/schedules", json=schedule_of(made["contact"]))
    path = f"/api/schedules/{schedule.json()['schedule']['id']}/overrides"
    override = await browser.post(path, json=OVERRIDE | {"contactId": made["contact"]})
    policy = await browser.post("/api/policies", json=policy_of(made["contact"]))
    assert (schedule.status_code, override.status_code, policy.status_code) == (201, 201, 201)
    return made | {
        "/api/contacts/": made["unused"],
        "/api/schedules/": schedule.json()["schedule"]["id"],
        "overrideId": override.json()["override"]["id"],
        "/api/policies/": policy.json()["policy"]["id"],
    }


def schedule_of(contact: str) -> dict[str, Any]:
    return {"name": "Platform", "layers": [LAYER | {"participants": [contact]}]}


def policy_of(contact: str) -> dict[str, Any]:
    return {"name": "Urgent", "steps": [{"targets": [{"kind": "contact", "id": contact}]}]}


def routes_with_ids(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if "{id}" in path
        and not path.startswith("/api/v2/")  # Alertmanager's, with errors of its own kind
        # These have more ids than one: see test_incidents_api.py and test_status_pages.py.
        and not path.startswith(("/api/incidents/", "/api/status-pages/"))
    ]


def body_of(method: str, path: str, ids: dict[str, str]) -> dict[str, Any] | None:
    if path.endswith("/extraction"):
        return {"snapshotId": ids["/api/snapshots/"], "place": "b1"}
    if path.endswith("/overrides"):
        return OVERRIDE | {"contactId": ids["contact"]}
    if method == "PUT":
        whole = {
            "/api/rules/": RULE,
            "/api/heartbeats/": HEARTBEAT,
            "/api/uptime/": UPTIME,
            "/api/contacts/": {"name": "Mine now", "channels": [ids["channel"]]},
            "/api/schedules/": schedule_of(ids["contact"]),
            "/api/policies/": policy_of(ids["contact"]),
            **{f"/api/{name}/": body for name, body in SELECTING.items()},
        }
        return next((body for start, body in whole.items() if path.startswith(start)), BODIES["PUT"])
    return BODIES.get(method)


def filled(path: str, ids: dict[str, str]) -> str:
    kind = next(start for start in ids if path.startswith(start))
    query = f"?against={ids['/api/snapshots/']}" if path.endswith("/diff") else ""
    named = {"{id}": ids[kind], "{refreshId}": ids["refreshId"], "{overrideId}": ids["overrideId"]}
    for place, value in named.items():
        path = path.replace(place, value)
    return path + query


async def test_every_route_with_an_id_answers_404_to_another_user(
    gateway: SimpleNamespace, services: Any, robin: Any, alex: Any
) -> None:
    ids = await belongings(robin, services)
    routes = routes_with_ids(gateway.app.openapi())
    assert len(routes) >= 13
    for method, path in routes:
        reply = await alex.request(method, filled(path, ids), json=body_of(method, path, ids))
        assert reply.status_code == 404, (method, path, reply.text)
        assert reply.headers["Content-Type"] == "application/problem+json"
    # ... and everything is still there, and works, for its owner.
    for method, path in sorted(
        routes, key=lambda each: (each[0] == "DELETE", "expire" in each[1], -each[1].count("/"))
    ):
        reply = await robin.request(method, filled(path, ids), json=body_of(method, path, ids))
        allowed = (200, 429) if path.endswith("/refresh") else (200, 201)
        assert reply.status_code in allowed, (method, path, reply.text)


async def test_an_evaluation_is_found_only_under_its_own_monitor(services: Any, robin: Any, alex: Any) -> None:
    ids = await belongings(robin, services)
    mine = await alex.watch()
    reply = await alex.get(f"/api/monitors/{mine}/evaluations/{ids['refreshId']}")
    assert reply.status_code == 404


async def test_lists_show_only_ones_own(services: Any, robin: Any, alex: Any) -> None:
    await belongings(robin, services)
    for path, name in (("monitors", "monitors"), ("alerts", "alerts"), ("channels", "channels")):
        assert (await robin.get(f"/api/{path}")).json()[name]
        assert (await alex.get(f"/api/{path}")).json()[name] == []


async def test_batch_refresh_of_anothers_monitors_starts_nothing_and_takes_nothing(robin: Any, alex: Any) -> None:
    monitor = await robin.watch()
    reply = await alex.post("/api/monitors/refresh", json={"ids": [monitor]})
    assert (reply.status_code, reply.json()["refused"][0]["problem"]["type"]) == (404, "monitor-not-found")
    assert (await robin.post(f"/api/monitors/{monitor}/refresh")).status_code == 200
    assert (await alex.get("/api/usage")).json()["refreshesToday"]["used"] == 0


async def test_an_idempotency_key_is_ones_own(robin: Any, alex: Any) -> None:
    prompt = "Tell me when the kettle at https://shop.example/kettle is below $50"
    replies = [
        await browser.post("/api/monitors", json={"prompt": prompt}, headers={"Idempotency-Key": "the same"})
        for browser in (robin, alex)
    ]
    assert replies[0].json()["monitor"]["id"] != replies[1].json()["monitor"]["id"]


async def test_every_api_route_but_the_public_ones_needs_a_token(gateway: SimpleNamespace, visitor: Any) -> None:
    public = {"/api/auth/register", "/api/auth/login", "/api/auth/refresh", "/api/health", "/api/webhooks/sendgrid"}
    checked = 0
    for path, operations in gateway.app.openapi()["paths"].items():
        if path in public or not path.startswith("/api/"):
            continue
        for method in operations:
            reply = await visitor.request(method, path.replace("{", "").replace("}", ""))
            # A malformed id is not found, whoever asks.
            assert reply.status_code in ((401, 404) if "{" in path else (401, 422)), (method, path)
            assert "monitors" not in reply.json()
            checked += 1
    assert checked > 20
