"""Times at the ends of the calendar are refused by the name of their field, wherever one is asked for."""

from typing import Any

import pytest

from monitors_contracts.base import new_id

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

EXTREMES = ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"]
NEAR = ["2000-01-01T00:00:00Z", "2199-12-31T23:59:59Z"]
SILENCE = {"matchers": "host=db-1", "comment": "moving"}


async def schedule(browser: Any, **layer: Any) -> tuple[str, str]:
    """A schedule and the one person on it."""
    asked = {"kind": "webhook", "url": "https://hooks.example/a"}
    channel = (await browser.post("/api/channels", json=asked)).json()["channel"]["id"]
    name = f"Person {new_id()}"
    person = (await browser.post("/api/contacts", json={"name": name, "channels": [channel]})).json()["contact"]["id"]
    layers = [{"participants": [person], "start": "2026-01-05"} | layer]
    body = {"name": f"Platform {new_id()}", "timezone": "America/New_York", "layers": layers}
    made = await browser.post("/api/schedules", json=body)
    assert made.status_code == 201, made.text
    return made.json()["schedule"]["id"], person


def refused(reply: Any, field: str) -> bool:
    found = reply.json()
    told = {each["field"]: each["message"] for each in found.get("errors", [])}
    return (reply.status_code, told.get(field)) == (422, "times are from the year 2000 to 2199")


@pytest.mark.parametrize("at", EXTREMES)
async def test_a_time_that_nothing_can_be_asked_about_is_refused(robin: Any, at: str) -> None:
    of, _ = await schedule(robin)
    assert refused(await robin.get("/api/on-call", params={"at": at}), "at")
    assert refused(await robin.get(f"/api/schedules/{of}/on-call", params={"at": at}), "at")
    for end in ("from", "to"):
        assert refused(await robin.get(f"/api/schedules/{of}/shifts", params={end: at}), end)
    for end in ("since", "until"):
        assert refused(await robin.get("/api/maintenance", params={end: at}), end)
    assert refused(await robin.post("/api/routing/test", json={"labels": {"a": "b"}, "at": at}), "at")


@pytest.mark.parametrize("at", EXTREMES)
async def test_a_time_that_nothing_can_be_planned_for_is_refused(robin: Any, at: str) -> None:
    of, person = await schedule(robin)
    for end in ("startsAt", "endsAt"):
        override = {"contactId": person, "startsAt": "2030-01-01T00:00:00Z", "endsAt": "2030-01-02T00:00:00Z", end: at}
        assert refused(await robin.post(f"/api/schedules/{of}/overrides", json=override), end)
        silence = SILENCE | {"endsAt": "2030-01-02T00:00:00Z", end: at}
        assert refused(await robin.post("/api/silences", json=silence), end)
        theirs = {
            "matchers": [{"name": "host", "value": "db-1", "isRegex": False}],
            "startsAt": "2030-01-01T00:00:00Z",
            "endsAt": "2030-01-02T00:00:00Z",
            "createdBy": "robin",
            "comment": "moving",
        }
        reply = await robin.post("/api/v2/silences", json=theirs | {end: at})
        assert (reply.status_code, reply.json()) == (400, f"{end}: times are from the year 2000 to 2199")
    kept = (await robin.post("/api/silences", json=SILENCE | {"for": "2h"})).json()["silence"]["id"]
    changed = await robin.patch(f"/api/silences/{kept}", json={"endsAt": at})
    assert changed.status_code == 422, changed.text
    token = {"name": "Collector", "scopes": ["read"], "expiresAt": at}
    assert refused(await robin.post("/api/tokens", json=token), "expiresAt")


@pytest.mark.parametrize("at", NEAR)
@pytest.mark.parametrize("start", ["1900-01-01", "2026-01-05", "2199-12-31"])
async def test_times_just_within_the_calendar_are_answered(robin: Any, at: str, start: str) -> None:
    of, _ = await schedule(robin, start=start, rotation="weekly", weekday="sunday")
    for path, query in [
        ("/api/on-call", "at"),
        (f"/api/schedules/{of}/on-call", "at"),
        (f"/api/schedules/{of}/shifts", "from"),
        ("/api/on-call", None),
        (f"/api/schedules/{of}/shifts", None),
    ]:
        reply = await robin.get(path, params={query: at} if query else {})
        assert reply.status_code == 200, (path, reply.text)
    span = {"since": at, "until": "2199-12-31T23:59:59Z"}
    assert (await robin.get("/api/maintenance", params=span)).status_code in (200, 422)
    assert (await robin.post("/api/routing/test", json={"labels": {"a": "b"}, "at": at})).status_code == 200
    assert (await robin.post("/api/alerts/test", json={"labels": {"a": "b"}})).status_code < 500


@pytest.mark.parametrize("start", ["0001-01-01", "9999-12-31"])
async def test_a_layer_that_starts_where_no_clock_goes_is_refused(robin: Any, start: str) -> None:
    _, person = await schedule(robin)
    layers = [{"participants": [person], "start": start, "rotation": "weekly", "weekday": "sunday"}]
    zone = "America/New_York"
    made = await robin.post("/api/schedules", json={"name": "Platform", "timezone": zone, "layers": layers})
    assert (made.status_code, made.json()["type"]) == (422, "invalid-start")
    assert made.json()["detail"] == "layers.0.start: a layer starts from the year 1900 to 2199."


@pytest.mark.parametrize("at", EXTREMES)
async def test_an_alert_from_another_system_with_such_times_is_taken_as_of_now(robin: Any, at: str) -> None:
    for end in ("startsAt", "endsAt"):
        sent = {"labels": {"alertname": "HostDown", "host": f"db-{new_id()}"}, end: at}
        assert (await robin.post("/api/v2/alerts", json=[sent])).status_code == 200
