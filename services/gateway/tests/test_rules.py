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


RULE = {"name": "CPU", "kind": "threshold", "metric": "cpu", "warning": 80, "labels": {"team": "web"}}
BEAT = {"name": "Nightly", "period": "1d"}
CHECK = {"name": "Shop", "kind": "http", "url": "https://shop.example/"}
TARGET = {"url": "http://node.example:9100/metrics"}


async def test_patches_when_they_change_members_then_leave_the_others_and_null_removes_one(robin: Any) -> None:
    for path, body in (("/api/rules", RULE), ("/api/uptime", CHECK)):
        at = (await robin.post(path, json=body)).headers["Location"]
        for label in ("s1", "s2", "s3"):
            changed = await robin.patch(at, json={"labels": {label: "v"}})
            assert changed.status_code == 200, changed.text
        changed = await robin.patch(at, json={"labels": {"s2": None, "team": None}})
        assert _spec(changed)["labels"] == {"s1": "v", "s3": "v"}
        changed = await robin.patch(at, json={"labels": None, "is_active": False})
        assert (_spec(changed)["labels"], _spec(changed)["isActive"]) == ({}, False)


def _spec(reply: Any) -> dict[str, Any]:
    body = reply.json()
    return body.get("rule", body.get("check"))["spec"]


@pytest.mark.parametrize(
    ("path", "body", "field", "meant"),
    [
        ("/api/rules", RULE, "matcher", "did you mean 'matchers'?"),
        ("/api/rules", RULE, "recover", "did you mean 'recover"),
        ("/api/heartbeats", BEAT, "graze", "did you mean 'grace'?"),
        ("/api/uptime", CHECK, "failure", "did you mean 'failures'?"),
        ("/api/targets", TARGET, "label", "did you mean 'labels'?"),
    ],
)
async def test_fields_that_are_misspelt_when_sent_then_are_refused_and_others_are_passed_over(
    robin: Any, path: str, body: dict[str, Any], field: str, meant: str
) -> None:
    at = (await robin.post(path, json=body)).headers["Location"]
    replies = [await robin.post(path, json=body | {field: 1})]
    if path != "/api/targets":
        replies.append(await robin.put(at, json=body | {field: 1}))
    if path != "/api/heartbeats":
        replies.append(await robin.patch(at, json={field: 1}))
    for refused in replies:
        assert (refused.status_code, refused.json()["type"]) == (422, "invalid-request")
        [error] = refused.json()["errors"]
        assert error["field"] == field
        assert error["message"].startswith(f"there is no such field; {meant}")
        assert error["message"] in refused.json()["detail"]
    assert (await robin.post(path, json=body | {"name": "Another", "nonsense": 1})).status_code == 201


async def test_answers_when_sent_back_then_are_taken(robin: Any) -> None:
    for path, body in (
        ("/api/heartbeats", BEAT),
        ("/api/rules", RULE),
        ("/api/uptime", CHECK),
        ("/api/targets", TARGET),
    ):
        made = await robin.post(path, json=body)
        at, [thing] = made.headers["Location"], [each for each in made.json().values() if isinstance(each, dict)]
        told = {name: value for name, value in thing.items() if name not in ("spec", "last")}
        told |= thing.get("spec", {})
        send = robin.patch if path == "/api/targets" else robin.put
        kept = await send(at, json=told)
        assert kept.status_code == 200, kept.text


async def test_what_is_wrong_in_a_thing_is_told_with_its_field_the_same_whatever_way_it_came(robin: Any) -> None:
    at = (await robin.post("/api/rules", json=RULE)).headers["Location"]
    wrong = RULE | {"for": "xx"}
    told = []
    for refused in (
        await robin.post("/api/rules", json=wrong),
        await robin.put(at, json=wrong),
        await robin.patch(at, json={"for": "xx"}),
    ):
        assert refused.status_code == 422
        told.append((refused.json()["detail"], refused.json()["errors"]))
    assert told[0] == told[1] == told[2]
    why = "a duration is seconds, or like 30s, 5m, 1h30m, 2d"
    assert told[0] == (f"The rule would make no sense. for: {why}", [{"field": "for", "message": why}])
    refused = await robin.post("/api/heartbeats", json={"name": "x", "period": "xx"})
    assert refused.json()["detail"] == f"The heartbeat would make no sense. period: {why}"
    refused = await robin.post("/api/rules", json={"name": "x"})
    assert refused.json()["errors"][0]["field"] == "kind"


async def test_a_heartbeat_when_made_either_way_then_is_critical(robin: Any) -> None:
    beat = (await robin.post("/api/heartbeats", json=BEAT)).json()["heartbeat"]
    rule = (await robin.post("/api/rules", json=BEAT | {"kind": "heartbeat"})).json()["rule"]
    assert (beat["severity"], rule["spec"]["severity"]) == ("critical", "critical")
