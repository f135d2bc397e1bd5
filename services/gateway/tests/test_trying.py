"""A test alert goes in as those of other systems do."""

from datetime import timedelta
from typing import Any

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


async def test_a_test_alert_is_taken_in_with_its_labels_and_ends_soon(robin: Any, services: Any) -> None:
    asked = {"labels": {"team": "shop", "severity": "info"}, "severity": "critical", "resolveAfter": 30}
    reply = await robin.post("/api/alerts/test", json=asked)
    assert reply.status_code == 201, reply.text
    [sent] = [each for each in services.receiving.received if each.organization_id == robin.organization_id]
    [told] = sent.alerts
    assert (sent.origin, told.severity, told.labels) == (
        "test",
        "critical",
        {"alertname": "Test alert", "team": "shop"},
    )
    assert told.ends_at - told.starts_at == timedelta(seconds=30)
    assert reply.json()["alert"]["labels"] == told.labels
    assert reply.json()["alert"]["origin"] == "test"


async def test_a_test_alert_when_its_key_comes_again_is_fired_once(robin: Any, services: Any) -> None:
    for _ in range(2):
        reply = await robin.post("/api/alerts/test", json={}, headers={"Idempotency-Key": "fire-1"})
        assert reply.status_code == 201
    assert len([each for each in services.receiving.received if each.organization_id == robin.organization_id]) == 1


async def test_a_test_alert_when_it_makes_no_sense_is_refused(robin: Any, visitor: Any) -> None:
    for wrong in ({"severity": "bad"}, {"resolveAfter": 0}, {"labels": {"a": "x" * 2000}}):
        reply = await robin.post("/api/alerts/test", json=wrong)
        assert reply.status_code == 422, wrong
        assert reply.headers["Content-Type"] == "application/problem+json"
    assert (await visitor.post("/api/alerts/test", json={})).status_code == 401
