"""Targets over HTTP: made once, shown without their secrets, written into the audit log."""

from typing import Any

import pytest

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]

NODE = {"url": "http://node.example:9100/metrics", "headers": {"Authorization": "Bearer secret"}, "intervalSeconds": 15}


async def test_a_target_is_made_shown_changed_and_removed(robin: Any) -> None:
    made = await robin.post("/api/targets", json=NODE)
    assert made.status_code == 201
    target = made.json()["target"]
    assert "secret" not in made.text
    assert (target["intervalSeconds"], target["headers"]) == (15, {"Authorization": "***"})
    assert made.headers["Location"] == f"/api/targets/{target['id']}"
    assert (await robin.get(made.headers["Location"])).json() == target
    assert (await robin.get("/api/targets")).json() == {"targets": [target]}
    assert (await robin.patch(made.headers["Location"], json={"name": "nodes"})).status_code == 200
    assert (await robin.delete(made.headers["Location"])).json() == {"success": True}
    assert (await robin.get(made.headers["Location"])).status_code == 404
    audited = [entry["what"] for entry in (await robin.get("/api/audit")).json()["entries"]]
    assert audited[:3] == ["target.delete", "target.update", "target.create"]


async def test_the_same_request_under_one_key_makes_one(robin: Any) -> None:
    for _ in range(2):
        made = await robin.post("/api/targets", json=NODE, headers={"Idempotency-Key": "one"})
        assert made.status_code == 201
    assert len((await robin.get("/api/targets")).json()["targets"]) == 1


@pytest.mark.parametrize(
    "change", [{"url": ""}, {"intervalSeconds": 1}, {"labels": {"": "x"}}, {"headers": {"a b": "c"}}]
)
async def test_what_can_t_be_a_target_is_refused(robin: Any, change: dict[str, Any]) -> None:
    reply = await robin.post("/api/targets", json=NODE | change)
    assert (reply.status_code, reply.json()["type"]) == (422, "invalid-request")
