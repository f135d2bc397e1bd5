"""Checks over time, explained and traced; snapshots shown; facts pointed at: over HTTP."""

from types import SimpleNamespace
from typing import Any

import pytest

from monitors_contracts.base import new_id
from monitors_contracts.evaluations import GetMonitorValues, ListEvaluations, PointMonitor
from monitors_contracts.snapshots import ShowSnapshot

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]


async def checked(robin: Any, name: str = "kettle") -> tuple[str, str]:
    """A monitor with one check: their ids."""
    monitor = await robin.watch(name)
    reply = await robin.post(f"/api/monitors/{monitor}/refresh")
    return monitor, reply.json()["evaluation"]["refreshId"]


async def test_history_asks_for_what_the_query_says_and_pages(services: Any, robin: Any) -> None:
    monitor, refresh = await checked(robin)
    query = {"verdict": "quiet", "since": "2026-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z", "limit": 7}
    reply = await robin.get(f"/api/monitors/{monitor}/evaluations", params=query | {"cursor": str(new_id())})
    assert reply.status_code == 200, reply.text
    assert [each["refreshId"] for each in reply.json()["evaluations"]] == [refresh]
    assert reply.json()["nextCursor"]
    asked = services.evaluations.asked[-1]
    assert isinstance(asked, ListEvaluations)
    assert (asked.verdict, asked.limit) == ("quiet", 7)
    assert [each and each.year for each in (asked.since, asked.until)] == [2026, 2099]


@pytest.mark.parametrize("query", [{"verdict": "fine"}, {"since": "yesterday"}, {"limit": 0}, {"limit": 501}])
async def test_history_when_the_query_makes_no_sense_then_422(robin: Any, query: dict[str, Any]) -> None:
    monitor = await robin.watch()
    reply = await robin.get(f"/api/monitors/{monitor}/evaluations", params=query)
    assert (reply.status_code, reply.json()["type"]) == (422, "invalid-request")


async def test_values_come_as_columns(services: Any, robin: Any) -> None:
    monitor = await robin.watch()
    reply = await robin.get(f"/api/monitors/{monitor}/values", params={"points": 50})
    assert reply.json() == {"unit": "USD", "times": [1.0, 2.0], "values": [42.0, None], "changes": []}
    assert isinstance(services.evaluations.asked[-1], GetMonitorValues)
    assert services.evaluations.asked[-1].points == 50


async def test_a_check_is_explained_step_by_step(robin: Any) -> None:
    monitor, refresh = await checked(robin, "fails")
    reply = (await robin.get(f"/api/monitors/{monitor}/evaluations/{refresh}")).json()
    assert [(step["step"], step["ok"]) for step in reply["explanation"]] == [
        ("fetch", False),
        ("verdict", False),
        ("alert", True),
    ]
    assert "captcha" in reply["explanation"][0]["text"]


async def test_the_trace_of_a_check_holds_its_events_and_nobody_elses(robin: Any, alex: Any) -> None:
    monitor, refresh = await checked(robin)
    await checked(alex)
    reply = await robin.get(f"/api/monitors/{monitor}/evaluations/{refresh}/trace")
    assert reply.status_code == 200, reply.text
    trace = reply.json()
    [event] = trace["events"]
    assert (trace["correlationId"], trace["truncated"]) == (refresh, False)
    assert (event["type"], event["service"], event["tookMs"], event["caused"]) == (
        "monitor.evaluated",
        "evaluator",
        None,
        [],
    )
    assert event["summary"].startswith("quiet (not-met)")


async def test_a_snapshot_is_shown_cleaned_under_a_policy_that_runs_nothing(services: Any, robin: Any) -> None:
    snapshot, refresh = services.scraper.add_snapshot(robin.organization_id), new_id()
    reply = await robin.get(f"/api/snapshots/{snapshot}/rendering", params={"refreshId": str(refresh)})
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'; style-src 'sha256-")
    assert reply.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert '<p>Price: <a><mark id="fact">$42</mark></a></p>' in reply.text
    assert "<title>&lt;Kettle&gt;</title>" in reply.text
    assert "alert" not in reply.text
    assert "onclick" not in reply.text
    assert services.evaluations.asked[-1] == ShowSnapshot(
        organization_id=robin.organization_id, snapshot_id=snapshot, refresh_id=refresh
    )
    linked = await robin.get(f"/api/snapshots/{snapshot}/rendering", params={"places": True})
    assert '<a href="#b1" target="_top">' in linked.text
    assert services.evaluations.asked[-1].with_places


async def test_a_screenshot_is_a_picture_where_there_is_one(services: Any, robin: Any) -> None:
    bare = services.scraper.add_snapshot(robin.organization_id)
    missing = await robin.get(f"/api/snapshots/{bare}/screenshot")
    assert (missing.status_code, missing.json()["type"]) == (404, "screenshot-not-found")
    assert (await robin.get(f"/api/snapshots/{bare}")).json()["screenshotUrl"] is None
    taken = await services.scraper.add_screenshot(services.scraper.add_snapshot(robin.organization_id))
    known = (await robin.get(f"/api/snapshots/{taken}")).json()
    reply = await robin.get(known["screenshotUrl"])
    assert (reply.headers["Content-Type"], reply.content[:4]) == ("image/png", b"\x89PNG")
    assert reply.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


async def test_two_snapshots_are_compared(services: Any, robin: Any, alex: Any) -> None:
    mine = [services.scraper.add_snapshot(robin.organization_id) for _ in range(2)]
    reply = await robin.get(f"/api/snapshots/{mine[0]}/diff", params={"against": str(mine[1])})
    assert reply.json() == {
        "hunks": [[{"kind": "added", "text": "South | $49"}]],
        "added": 1,
        "removed": 0,
        "isTruncated": False,
    }
    foreign = services.scraper.add_snapshot(alex.organization_id)
    reply = await robin.get(f"/api/snapshots/{mine[0]}/diff", params={"against": str(foreign)})
    assert (reply.status_code, reply.json()["type"]) == (404, "snapshot-not-found")


async def test_pointing_is_tried_saved_and_audited(services: Any, robin: Any, gateway: SimpleNamespace) -> None:
    monitor, snapshot = await robin.watch(), str(services.scraper.add_snapshot(robin.organization_id))
    path = f"/api/monitors/{monitor}/extraction"
    tried = await robin.post(path, json={"snapshotId": snapshot, "place": "c0.2.1", "dryRun": True})
    assert tried.status_code == 200, tried.text
    assert (tried.json()["saved"], tried.json()["reading"]["value"], tried.json()["place"]) == (False, 52.0, "c0.2.1")
    audits = "SELECT count(*) FROM gateway.audit_log WHERE what = 'monitor.point' AND target = $1"
    assert await gateway.runtime.pool.fetchval(audits, monitor) == 0
    saved = await robin.post(path, json={"snapshotId": snapshot, "text": "$52"})
    assert saved.json()["saved"] is True
    assert isinstance(services.evaluations.asked[-1], PointMonitor)
    assert (services.evaluations.asked[-1].text, services.evaluations.asked[-1].place) == ("$52", None)
    assert await gateway.runtime.pool.fetchval(audits, monitor) == 1


async def test_pointing_when_it_makes_no_sense_then_a_problem_says_so(services: Any, robin: Any) -> None:
    monitor, snapshot = await robin.watch(), str(services.scraper.add_snapshot(robin.organization_id))
    path = f"/api/monitors/{monitor}/extraction"
    for body in (
        {},
        {"snapshotId": snapshot},
        {"snapshotId": snapshot, "place": "b1", "text": "x"},
        {"snapshotId": "x", "place": "b1"},
    ):
        reply = await robin.post(path, json=body)
        assert (reply.status_code, reply.json()["type"]) == (422, "invalid-request"), body
    reply = await robin.post(path, json={"snapshotId": snapshot, "place": "b9"})
    assert (reply.status_code, reply.json()["type"]) == (422, "nothing-to-read-there")
