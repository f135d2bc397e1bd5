"""Routes over REST, answered by the real alerter."""

from typing import Any

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

ROOT: dict[str, Any] = {
    "name": "root",
    "groupBy": ["service"],
    "groupWait": "30s",
    "routes": [
        {"name": "urgent", "severities": ["critical"], "channels": [], "repeatInterval": "1h", "continue": True},
        {"name": "databases", "matchers": 'host=~"db-.*"', "groupInterval": "5m"},
        {"name": "shop", "matchers": [{"label": "service", "value": "shop"}]},
    ],
}


async def test_routes_are_saved_shown_and_audited(robin: Any) -> None:
    saved = await robin.put("/api/routing", json={"root": ROOT})
    assert saved.status_code == 200, saved.text
    routing = saved.json()["routing"]
    assert [each["name"] for each in routing["root"]["routes"]] == ["urgent", "databases", "shop"]
    assert routing["root"]["routes"][1]["matchers"] == [{"label": "host", "op": "=~", "value": "db-.*"}]
    assert (await robin.get("/api/routing")).json() == routing
    assert (await robin.get("/api/audit")).json()["entries"][0]["what"] == "routing.update"
    again = await robin.put("/api/routing", json={"root": ROOT, "expectedVersion": routing["version"]})
    assert again.json()["routing"]["version"] == routing["version"] + 1
    late = await robin.put("/api/routing", json={"root": ROOT, "expectedVersion": routing["version"]})
    assert (late.status_code, late.json()["type"].rsplit("/", 1)[-1]) == (409, "routing-changed")


@pytest.mark.parametrize(
    ("root", "why"),
    [
        ({"name": "root", "matchers": "a=b"}, "takes every alert"),
        ({"name": "root", "routes": [{"name": "x", "matchers": "a=~("}]}, "no pattern"),
        ({"name": "root", "routes": [{"name": "x"}, {"name": "x"}]}, "two routes"),
        ({"name": "root", "activeHours": [{"timezone": "Mars/Base"}]}, "no time zone"),
        ({"name": "root", "channels": ["019aaa00-0000-7000-8000-000000000001"]}, "no channel"),
        ({"name": "root", "policyId": "019aaa00-0000-7000-8000-000000000001"}, "no escalation policy"),
        ({"name": "root", "groupWait": "soon"}, "a duration is"),
        (
            {"name": "root", "routes": [{"name": "x", "matcher": "a=b"}]},
            "a route has no 'matcher'; did you mean 'matchers'?",
        ),
        ({"name": "root", "policy": "Urgent"}, "did you mean 'policyId'?"),
        ({"name": "root", "routes": 5}, "routes"),
        ({"name": "root", "routes": [5]}, "routes.0"),
        ({"name": "root", "channels": ["\0"]}, "channels"),
    ],
)
async def test_routes_that_make_no_sense_are_refused_with_the_reason(robin: Any, root: Any, why: str) -> None:
    before = (await robin.get("/api/routing")).json()
    refused = await robin.put("/api/routing", json={"root": root})
    assert refused.status_code == 422
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert why in refused.text
    assert (await robin.get("/api/routing")).json() == before


async def test_where_an_alert_would_go_is_told_for_the_saved_tree_and_for_one_to_try(robin: Any) -> None:
    await robin.put("/api/routing", json={"root": ROOT})
    asked = {"labels": {"severity": "critical", "host": "db-1"}}
    found = (await robin.post("/api/routing/test", json=asked)).json()
    assert [each["path"] for each in found["destinations"]] == [["root", "urgent"], ["root", "databases"]]
    assert [each["groupWait"] for each in found["destinations"]] == [30, 30]
    assert found["heldBy"] == []
    tried = await robin.post("/api/routing/test", json=asked | {"root": {"name": "root"}})
    assert [each["path"] for each in tried.json()["destinations"]] == [["root"]]
    silence = {"matchers": 'host="db-1"', "for": "1h", "comment": "Disk is replaced"}
    assert (await robin.post("/api/silences", json=silence)).status_code == 201
    held = (await robin.post("/api/routing/test", json=asked)).json()["heldBy"]
    assert "Disk is replaced" in held[0]


async def test_another_organization_has_its_own_routes(robin: Any, alex: Any) -> None:
    await robin.put("/api/routing", json={"root": ROOT})
    assert (await alex.get("/api/routing")).json()["root"].get("routes", []) != ROOT["routes"]
