"""The same unsafe request twice is done once."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]

BODY = {"prompt": "Tell me when the kettle at https://shop.example/kettle is below $50"}


async def test_same_key_and_body_is_done_once_and_answered_again(robin: Any) -> None:
    first = await robin.post("/api/monitors", json=BODY, headers={"Idempotency-Key": "k"})
    again = await robin.post("/api/monitors", json=BODY, headers={"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert (await robin.get("/api/monitors")).json()["total"] == 1


async def test_same_key_and_other_body_is_422(robin: Any) -> None:
    await robin.post("/api/monitors", json=BODY, headers={"Idempotency-Key": "k"})
    other = await robin.post("/api/monitors", json=BODY | {"name": "Other"}, headers={"Idempotency-Key": "k"})
    assert (other.status_code, other.json()["type"]) == (422, "idempotency-key-reused")


async def test_same_key_at_once_is_done_once(robin: Any, services: Any) -> None:
    services.monitors.delay = 0.2
    try:
        asking = [robin.post("/api/monitors", json=BODY, headers={"Idempotency-Key": "k"}) for _ in range(5)]
        replies = await asyncio.gather(*asking)
    finally:
        services.monitors.delay = 0.0
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409, 409]
    assert (await robin.get("/api/monitors")).json()["total"] == 1


async def test_a_failed_request_may_be_tried_again_under_its_key(robin: Any) -> None:
    monitor = await robin.watch()
    await robin.post(f"/api/monitors/{monitor}/refresh")
    key = {"Idempotency-Key": "k"}
    for _ in range(2):
        assert (await robin.post(f"/api/monitors/{monitor}/refresh", headers=key)).status_code == 429
    bad = {"prompt": "Tell me something from nowhere"}
    for _ in range(2):
        assert (await robin.post("/api/monitors", json=bad, headers={"Idempotency-Key": "b"})).status_code == 422


async def test_a_request_whose_process_died_is_taken_over_with_the_same_entity_id(
    gateway: SimpleNamespace, robin: Any, services: Any
) -> None:
    first = await robin.post("/api/monitors", json=BODY, headers={"Idempotency-Key": "k"})
    # As if the process had died between the creation and keeping the answer, some time ago.
    await gateway.runtime.pool.execute(
        "UPDATE gateway.idempotency_keys SET status = NULL, started_at = now() - interval '5 minutes' "
        "WHERE user_id = $1",
        robin.user["id"],
    )
    again = await robin.post("/api/monitors", json=BODY, headers={"Idempotency-Key": "k"})
    assert again.status_code == 201
    assert again.json()["monitor"]["id"] == first.json()["monitor"]["id"]
    assert str(services.monitors.creations[-1]) == first.json()["monitor"]["id"]
