"""Incidents over REST, answered by the real alerter."""

from datetime import UTC, datetime
from typing import Any

import pytest

from monitors_alerter import store
from monitors_contracts.alerts import AlertTriggered, AlertView
from monitors_contracts.base import new_id

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


async def alert_of(services: Any, browser: Any, name: str = "Down", **parts: Any) -> str:
    """An alert that the alerter knows, of no incident yet."""
    alert: AlertView = services.alerter.add_alert(
        browser.organization_id, name=name, fingerprint=str(new_id()), **parts
    )
    event = AlertTriggered(organization_id=alert.organization_id, alert_id=alert.id, alert=alert, reason="received")
    async with services.runtime.pool.acquire() as db, db.transaction():
        await store.apply(db, event)
    return str(alert.id)


async def opened(browser: Any, **body: Any) -> dict[str, Any]:
    reply = await browser.post("/api/incidents", json={"title": "Shop is down"} | body)
    assert reply.status_code == 201, reply.text
    assert reply.headers["location"] == f"/api/incidents/{reply.json()['incident']['id']}"
    return reply.json()


async def test_an_incident_from_the_first_alert_to_the_post_mortem(services: Any, robin: Any) -> None:
    alert = await alert_of(services, robin, severity="critical", labels={"service": "shop"})
    made = (await opened(robin, alerts=[alert]))["incident"]
    assert (made["number"], made["severity"], made["labels"]) == (1, "critical", {"service": "shop"})
    at = f"/api/incidents/{made['id']}"
    taken = (await robin.post(f"{at}/acknowledge", json={"note": "Looking"})).json()
    assert (taken["incident"]["status"], taken["alerts"][0]["state"]) == ("acknowledged", "acknowledged")
    assert taken["people"] == {taken["incident"]["acknowledgedBy"]: "Robin"}
    assert (await robin.patch(at, json={"impact": "Nobody can pay"})).json()["incident"]["impact"] == "Nobody can pay"
    assert (await robin.post(f"{at}/responders", json={"name": "Robin"})).status_code == 200
    task = (await robin.post(f"{at}/tasks", json={"text": "Roll back"})).json()["incident"]["tasks"][0]
    done = (await robin.post(f"{at}/tasks/{task['id']}/complete")).json()["incident"]["tasks"][0]
    assert done["doneAt"]
    posted = await robin.post(f"{at}/updates", json={"text": "Rolled back", "isPublic": True})
    assert (posted.status_code, posted.json()["incident"]["updates"][0]["isPublic"]) == (201, True)
    ended = (await robin.post(f"{at}/resolve")).json()["incident"]
    assert ended["status"] == "resolved"
    draft = (await robin.get(f"{at}/postmortem/draft")).json()["text"]
    assert "Nobody can pay" in draft
    assert (await robin.put(f"{at}/postmortem", json={"text": draft})).json()["incident"]["postmortem"] == draft
    again = (await robin.post(f"{at}/reopen")).json()
    assert again["incident"]["status"] == "open"
    by_number = (await robin.get("/api/incidents/1")).json()
    assert by_number["incident"]["id"] == made["id"]
    assert [step["kind"] for step in by_number["steps"]] == [
        "opened",
        "acknowledged",
        "described",
        "responder-added",
        "task-added",
        "task-completed",
        "update-posted",
        "resolved",
        "postmortem-saved",
        "reopened",
    ]
    whats = [each["what"] for each in (await robin.get("/api/audit")).json()["entries"]]
    assert whats[:2] == ["incident.reopen", "incident.postmortem"]
    assert "incident.open" in whats


async def test_incidents_are_merged_and_split(services: Any, robin: Any) -> None:
    one, two = await alert_of(services, robin), await alert_of(services, robin, "Full")
    first = (await opened(robin, alerts=[one]))["incident"]["id"]
    second = (await opened(robin, title="Disk", alerts=[two]))["incident"]["id"]
    merged = (await robin.post(f"/api/incidents/{first}/merge", json={"incidents": [second]})).json()
    assert merged["incident"]["alertIds"] == [one, two]
    listed = (await robin.get("/api/incidents")).json()
    assert ([each["id"] for each in listed["incidents"]], listed["counts"]) == ([first], {"open": 1})
    refused = await robin.post(f"/api/incidents/{second}/reopen")
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[-1]) == (409, "incident-merged")
    apart = await robin.post(f"/api/incidents/{first}/split", json={"alerts": [two]})
    assert (apart.status_code, apart.json()["incident"]["title"]) == (201, "Full")
    found = (await robin.get("/api/incidents", params={"alertId": two})).json()["incidents"]
    assert [each["id"] for each in found] == [apart.json()["incident"]["id"]]
    back = await robin.post(f"/api/incidents/{first}/alerts", json={"alerts": [two]})
    assert back.json()["incident"]["alertIds"] == [one, two]
    left = await robin.delete(f"/api/incidents/{first}/alerts/{two}")
    assert left.json()["incident"]["alertIds"] == [one]


async def test_a_merge_into_itself_and_a_split_of_everything_are_refused(services: Any, robin: Any) -> None:
    alert = await alert_of(services, robin)
    known = (await opened(robin, alerts=[alert]))["incident"]["id"]
    merged = await robin.post(f"/api/incidents/{known}/merge", json={"incidents": [known]})
    assert (merged.status_code, merged.json()["type"]) == (422, "incident-itself")
    apart = await robin.post(f"/api/incidents/{known}/split", json={"alerts": [alert]})
    assert (apart.status_code, apart.json()["type"]) == (422, "nothing-left")
    assert (await robin.get("/api/incidents")).json()["total"] == 1


async def test_the_same_request_twice_opens_one(robin: Any) -> None:
    key = {"Idempotency-Key": str(new_id())}
    replies = [await robin.post("/api/incidents", json={"title": "Once"}, headers=key) for _ in range(2)]
    assert replies[0].json() == replies[1].json()
    assert (await robin.get("/api/incidents")).json()["total"] == 1


async def test_figures_are_of_a_span(robin: Any) -> None:
    made = (await opened(robin, severity="critical"))["incident"]["id"]
    await robin.post(f"/api/incidents/{made}/resolve")
    found = (await robin.get("/api/incidents/figures")).json()
    assert (found["all"]["incidents"], found["bySeverity"]["critical"]["resolve"]["count"]) == (1, 1)
    assert found["days"][0]["opened"] == {"critical": 1}
    now = datetime.now(UTC).isoformat()
    wrong = await robin.get("/api/incidents/figures", params={"since": now, "until": "2020-01-01T00:00:00Z"})
    assert (wrong.status_code, wrong.json()["type"].rsplit("/", 1)[-1]) == (422, "invalid-span")


@pytest.mark.parametrize("path", ["999", "01a200c2-0000-7000-8000-000000000999"])
async def test_an_incident_that_is_none_is_not_found(robin: Any, path: str) -> None:
    reply = await robin.get(f"/api/incidents/{path}")
    assert (reply.status_code, reply.json()["type"].rsplit("/", 1)[-1]) == (404, "incident-not-found")


@pytest.mark.parametrize("body", [{}, {"title": " "}, {"title": "x", "severity": "bad"}, {"title": "x" * 201}])
async def test_what_makes_no_incident_is_refused(robin: Any, body: dict[str, Any]) -> None:
    assert (await robin.post("/api/incidents", json=body)).status_code == 422


async def test_nobody_else_finds_or_changes_it(services: Any, gateway: Any, robin: Any, alex: Any) -> None:
    alert = await alert_of(services, robin)
    made = (await opened(robin, alerts=[alert]))["incident"]
    task = (await robin.post(f"/api/incidents/{made['id']}/tasks", json={"text": "x"})).json()["incident"]["tasks"][0]
    body = {"incidents": [made["id"]], "alerts": [alert], "text": "x", "name": "x", "title": "x"}
    paths = [each for each in gateway.app.openapi()["paths"].items() if each[0].startswith("/api/incidents/{id}")]
    assert len(paths) >= 12
    for path, operations in paths:
        for method in operations:
            for place, value in (("{id}", made["id"]), ("{taskId}", task["id"]), ("{alertId}", alert)):
                path = path.replace(place, value)
            given = None if method == "get" else body
            reply = await alex.request(method.upper(), path, json=given)
            assert (reply.status_code, reply.json()["type"].rsplit("/", 1)[-1]) == (404, "incident-not-found"), path
    assert (await robin.get(f"/api/incidents/{made['id']}")).json()["incident"]["version"] == 2
