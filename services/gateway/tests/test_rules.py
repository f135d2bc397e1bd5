"""Rules over REST: how several stand, and what they led to."""

from typing import Any

import pytest

from monitors_contracts.base import new_id

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


async def make(browser: Any, name: str) -> str:
    rule = {"name": name, "kind": "threshold", "metric": "up", "critical": 1}
    reply = await browser.post("/api/rules", json=rule)
    assert reply.status_code == 201, reply.text
    return reply.json()["rule"]["id"]


async def test_several_rules_stand_and_tell_what_they_led_to_last(services: Any, robin: Any, alex: Any) -> None:
    firing, calm, foreign = await make(robin, "Firing host"), await make(robin, "Calm"), await make(alex, "Firing")
    services.alerter.add_alert(robin.organization_id, rule_id=firing)
    latest = services.alerter.add_alert(robin.organization_id, rule_id=firing)
    asked = {"id": [firing, calm, foreign, str(new_id())]}
    standings = (await robin.get("/api/rules/states", params=asked)).json()["standings"]
    known = {each["state"]["ruleId"]: each for each in standings}
    assert set(known) == {firing, calm}
    assert known[firing]["state"]["counts"] == {"firing": 1, "ok": 1}
    assert known[firing]["state"]["silent"] == 1
    assert known[firing]["latestAlert"]["id"] == str(latest.id)
    assert known[calm]["latestAlert"] is None


@pytest.mark.parametrize("ids", [[], ["nonsense"], [str(new_id())] * 501])
async def test_states_of_none_of_too_many_or_of_nonsense_are_refused(robin: Any, ids: list[str]) -> None:
    assert (await robin.get("/api/rules/states", params={"id": ids})).status_code == 422


async def test_alerts_are_narrowed_to_a_rule_and_rules_to_a_kind(services: Any, robin: Any) -> None:
    made = await make(robin, "Firing")
    opened = services.alerter.add_alert(robin.organization_id, rule_id=made)
    services.alerter.add_alert(robin.organization_id)
    found = (await robin.get("/api/alerts", params={"ruleId": made})).json()["alerts"]
    assert [each["id"] for each in found] == [str(opened.id)]
    assert (await robin.get("/api/rules", params={"kind": "absence"})).json()["rules"] == []
    assert len((await robin.get("/api/rules", params={"kind": "threshold"})).json()["rules"]) == 1


async def test_what_a_composite_is_made_of_is_kept_until_the_composite_goes(robin: Any) -> None:
    rule = f"/api/rules/{await make(robin, 'CPU')}"
    beat = await robin.post("/api/heartbeats", json={"name": "Nightly", "period": "1d"})
    heartbeat = f"/api/heartbeats/{beat.json()['heartbeat']['id']}"
    check = {"name": "Shop", "kind": "http", "url": "https://shop.example/"}
    asked = await robin.post("/api/uptime", json=check)
    uptime = f"/api/uptime/{asked.json()['check']['id']}"
    parts = [path.rpartition("/")[2] for path in (rule, heartbeat, uptime)]
    composite = {"name": "All", "kind": "composite", "operator": "and", "rules": parts}
    made = await robin.post("/api/rules", json=composite)
    for path in (rule, heartbeat, uptime):
        refused = await robin.delete(path)
        assert (refused.status_code, refused.json()["type"]) == (409, "rule-in-use")
        assert "'All'" in refused.json()["detail"]
        assert (await robin.get(path)).status_code == 200, "nothing of it is gone"
    assert (await robin.delete(f"/api/rules/{made.json()['rule']['id']}")).status_code == 200
    for path in (rule, heartbeat, uptime):
        assert (await robin.delete(path)).status_code == 200
