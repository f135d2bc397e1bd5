"""Monitors and refreshes over HTTP."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from monitors_contracts.base import new_id

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]

PROMPT = "Tell me when the kettle at https://shop.example/kettle is below $50"
MONITOR_FIELDS = {
    *("id", "name", "prompt", "type", "isActive", "lastChecked", "currentValue", "triggerCount", "createdAt"),
    *("updatedAt", "extractedFact", "triggerCondition", "factType", "previousValue", "unit", "evaluationCount"),
    *("lastManualRefresh", "nextAllowedRefresh", "lastVerdict", "lastReason"),
}


async def test_create_answers_monitor_and_interpretation(robin: Any) -> None:
    source = {"render": "http", "fallbackUrls": ["https://mirror.example/kettle"]}
    reply = await robin.post("/api/monitors", json={"prompt": PROMPT, "source": source})
    assert reply.status_code == 201
    answer = reply.json()
    assert answer["success"] is True
    assert set(answer["monitor"]) >= MONITOR_FIELDS
    assert answer["monitor"]["source"]["fallbackUrls"] == ["https://mirror.example/kettle"]
    assert answer["monitor"]["triggerCondition"] == "price < 50 USD"
    assert answer["interpretation"]["type"] == "state"
    assert answer["interpretation"]["suggestedName"]
    assert answer["interpretation"]["url"] == "https://shop.example/kettle"
    assert reply.headers["Location"] == f"/api/monitors/{answer['monitor']['id']}"


async def test_create_when_the_prompt_has_no_source_then_the_owners_problem(robin: Any) -> None:
    reply = await robin.post("/api/monitors", json={"prompt": "Tell me something from nowhere"})
    assert (reply.status_code, reply.json()["type"]) == (422, "no-source-url")


@pytest.mark.parametrize(
    "body",
    [{"prompt": "too short"}, {"prompt": "x" * 501}, {"prompt": PROMPT, "name": ""}, {"prompt": None}, {}, [], 7],
)
async def test_create_when_invalid_then_422_with_fields(robin: Any, body: Any) -> None:
    reply = await robin.post("/api/monitors", json=body)
    assert (reply.status_code, reply.json()["type"]) == (422, "invalid-request")
    assert reply.json()["errors"][0]["field"]


async def test_create_when_ten_exist_then_429_that_says_what_to_do(robin: Any) -> None:
    for _ in range(10):
        await robin.watch()
    reply = await robin.post("/api/monitors", json={"prompt": PROMPT})
    assert (reply.status_code, reply.json()["type"]) == (429, "monitor-limit")
    assert reply.headers["Retry-After"]
    listed = (await robin.get("/api/monitors")).json()
    assert (listed["total"], listed["limit"], len(listed["monitors"])) == (10, 10, 10)


async def test_update_and_delete(robin: Any) -> None:
    monitor = await robin.watch()
    reply = await robin.put(f"/api/monitors/{monitor}", json={"name": "Kettle 2", "isActive": False})
    assert reply.json()["success"] is True
    assert (reply.json()["monitor"]["name"], reply.json()["monitor"]["isActive"]) == ("Kettle 2", False)
    assert (await robin.delete(f"/api/monitors/{monitor}")).json()["success"] is True
    assert (await robin.get(f"/api/monitors/{monitor}")).status_code == 404


INTERPRETATION = {
    "type": "state",
    "extractedFact": "price",
    "factType": "number",
    "condition": {"op": "le", "value": 40, "unit": "EUR"},
    "url": "https://shop.example/kettle",
}


async def test_create_when_the_person_says_what_it_means_then_that_is_taken(robin: Any) -> None:
    reply = await robin.post("/api/monitors", json={"prompt": PROMPT, "interpretation": INTERPRETATION})
    assert reply.status_code == 201
    assert reply.json()["monitor"]["triggerCondition"] == "price ≤ 40 EUR"
    assert reply.json()["interpretation"]["provider"] == "by-hand"
    monitor = reply.json()["monitor"]["id"]
    shown = (await robin.get(f"/api/monitors/{monitor}")).json()["interpretation"]
    shown["condition"]["value"] = 30
    reply = await robin.put(f"/api/monitors/{monitor}", json={"interpretation": shown})
    assert reply.json()["monitor"]["triggerCondition"] == "price ≤ 30 EUR"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "maybe"}, "interpretation.type"),
        ({"condition": None}, "interpretation"),
        ({"condition": {"op": "lt", "value": 1}}, "interpretation.condition.op"),
        ({"extractedFact": "x" * 501}, "interpretation.extractedFact"),
        ({"url": ""}, "interpretation.url"),
        ({"change": {"atLeast": -1}}, "interpretation.change.atLeast"),
        ({"url": "ftp://shop.example"}, "interpretation.extractedFact"),  # what the owner of monitors has to say
    ],
)
async def test_create_when_the_interpretation_is_none_then_422_at_its_field(
    robin: Any, changes: dict[str, Any], field: str
) -> None:
    body = {"prompt": PROMPT, "interpretation": INTERPRETATION | changes}
    reply = await robin.post("/api/monitors", json=body)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)


async def test_list_passes_on_what_is_asked_for(robin: Any, services: Any) -> None:
    kettle, _ = await robin.watch("kettle"), await robin.watch("lamp")
    await robin.post(f"/api/monitors/{kettle}/refresh")
    query = {"q": "KETT", "status": "new", "sort": "name", "recent": 5, "limit": 7}
    reply = (await robin.get("/api/monitors", params=query)).json()
    asked = services.monitors.listings[-1]
    assert (asked.text, asked.status, asked.sort, asked.recent, asked.limit) == ("KETT", "new", "name", 5, 7)
    assert (reply["total"], reply["owned"], [each["id"] for each in reply["monitors"]]) == (1, 2, [kettle])
    assert reply["monitors"][0]["status"] == "new"
    (value,) = reply["monitors"][0]["recentValues"]
    assert (value["value"], value["verdict"]) == (99, "quiet")
    assert datetime.fromisoformat(value["at"])
    plain = (await robin.get("/api/monitors")).json()
    assert (plain["monitors"][0]["recentValues"], services.monitors.listings[-1].recent) == ([], 0)


@pytest.mark.parametrize(
    "query", [{"q": "x" * 201}, {"status": "fine"}, {"sort": "value"}, {"recent": 51}, {"recent": -1}, {"recent": "a"}]
)
async def test_list_when_asked_for_what_there_is_not_then_422(robin: Any, query: dict[str, Any]) -> None:
    reply = await robin.get("/api/monitors", params=query)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, next(iter(query)))


async def test_delete_says_how_long_it_can_be_undone_and_restore_brings_it_back(robin: Any, alex: Any) -> None:
    monitor = await robin.watch("triggers")
    await robin.post(f"/api/monitors/{monitor}/refresh")
    gone = (await robin.delete(f"/api/monitors/{monitor}")).json()
    left = datetime.fromisoformat(gone["restorableUntil"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(minutes=60)
    assert (await alex.post(f"/api/monitors/{monitor}/restore")).status_code == 404
    reply = await robin.post(f"/api/monitors/{monitor}/restore")
    assert (reply.status_code, reply.json()["monitor"]["id"]) == (200, monitor)
    again = await robin.post(f"/api/monitors/{monitor}/refresh")
    assert again.json()["type"] == "refresh-limit-monitor", "deleting and restoring is no way around the limit"
    whats = [each["what"] for each in (await robin.get("/api/audit")).json()["entries"]]
    assert whats[:2] == ["monitor.restore", "monitor.delete"]


async def test_restore_when_the_time_is_over_then_410(start_gateway: Callable[..., Any], open_browser: Any) -> None:
    strict = await start_gateway(restore_minutes=0)
    async with open_browser(strict.app) as browser:
        await browser.sign_up()
        monitor = await browser.watch()
        await browser.delete(f"/api/monitors/{monitor}")
        reply = await browser.post(f"/api/monitors/{monitor}/restore")
        assert (reply.status_code, reply.json()["type"]) == (410, "monitor-erased")


async def test_restore_and_duplicate_when_the_limit_is_met_then_429(robin: Any) -> None:
    monitors = [await robin.watch() for _ in range(10)]
    reply = await robin.post(f"/api/monitors/{monitors[0]}/duplicate")
    assert (reply.status_code, reply.json()["type"]) == (429, "monitor-limit")
    await robin.delete(f"/api/monitors/{monitors[0]}")
    await robin.watch()
    reply = await robin.post(f"/api/monitors/{monitors[0]}/restore")
    assert (reply.status_code, reply.json()["type"]) == (429, "monitor-limit")


async def test_duplicate_answers_the_copy_and_the_same_for_the_same_key(robin: Any, alex: Any) -> None:
    monitor = await robin.watch()
    assert (await alex.post(f"/api/monitors/{monitor}/duplicate")).status_code == 404
    replies = [
        await robin.post(f"/api/monitors/{monitor}/duplicate", headers={"Idempotency-Key": "once"}) for _ in range(2)
    ]
    assert [reply.status_code for reply in replies] == [201, 201]
    copy = replies[0].json()["monitor"]
    assert (copy["name"], copy["id"] != monitor) == ("kettle (copy)", True)
    assert replies[0].headers["Location"] == f"/api/monitors/{copy['id']}"
    assert (await robin.get("/api/monitors")).json()["total"] == 2


async def test_get_with_its_etag_is_304_until_something_changes(robin: Any) -> None:
    monitor = await robin.watch()
    for path in (f"/api/monitors/{monitor}", "/api/monitors"):
        tag = (await robin.get(path)).headers["ETag"]
        again = await robin.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
    await robin.put(f"/api/monitors/{monitor}", json={"name": "Other"})
    assert (await robin.get(path, headers={"If-None-Match": tag})).status_code == 200


async def test_refresh_waits_for_the_verdict(robin: Any) -> None:
    monitor = await robin.watch("triggers")
    began = datetime.now(UTC)
    reply = await robin.post(f"/api/monitors/{monitor}/refresh")
    assert reply.status_code == 200
    evaluation = reply.json()["evaluation"]
    assert (evaluation["value"], evaluation["triggered"], evaluation["reason"]) == (42.0, True, "condition-met")
    allowed = datetime.fromisoformat(evaluation["nextAllowedRefresh"])
    assert timedelta(seconds=59) < allowed - began < timedelta(seconds=61)
    assert (reply.headers["RateLimit-Limit"], reply.headers["RateLimit-Remaining"]) == ("50", "49")
    detail = (await robin.get(f"/api/monitors/{monitor}")).json()
    assert detail["facts"][0]["value"] == 42.0
    assert detail["history"][0]["triggeredAlert"] is True
    assert detail["notifications"] == []
    assert datetime.fromisoformat(detail["monitor"]["nextAllowedRefresh"]) == allowed
    assert detail["monitor"]["lastManualRefresh"]


async def test_refresh_when_the_check_fails_then_200_without_a_value_and_with_the_reason(robin: Any) -> None:
    monitor = await robin.watch("fails")
    reply = await robin.post(f"/api/monitors/{monitor}/refresh")
    assert reply.status_code == 200
    answer = reply.json()
    assert answer["success"] is True
    evaluation = answer["evaluation"]
    assert (evaluation["value"], evaluation["triggered"], evaluation["reason"]) == (None, False, "captcha")
    detail = (await robin.get(f"/api/monitors/{monitor}")).json()
    assert detail["facts"] == []
    assert detail["history"][0]["errors"] == ["The page asks for a captcha."]


async def test_refresh_when_the_verdict_takes_too_long_then_202_and_where_to_look(robin: Any) -> None:
    monitor = await robin.watch("slow")
    reply = await robin.post(f"/api/monitors/{monitor}/refresh?wait=0.2")
    assert reply.status_code == 202
    assert reply.json()["evaluation"]["status"] == "pending"
    later = await robin.get(reply.headers["Location"])
    assert later.json()["evaluation"]["status"] == "pending"


async def test_refresh_when_the_event_was_not_heard_then_its_owner_is_asked(robin: Any) -> None:
    monitor = await robin.watch("untold")
    reply = await robin.post(f"/api/monitors/{monitor}/refresh?wait=0.3")
    assert (reply.status_code, reply.json()["evaluation"]["value"]) == (200, 99.0)


async def test_refresh_twice_in_a_minute_is_429_with_the_time(robin: Any) -> None:
    monitor = await robin.watch()
    await robin.post(f"/api/monitors/{monitor}/refresh")
    reply = await robin.post(f"/api/monitors/{monitor}/refresh")
    assert (reply.status_code, reply.json()["type"]) == (429, "refresh-limit-monitor")
    assert 58 <= int(reply.headers["Retry-After"]) <= 60
    assert datetime.fromisoformat(reply.json()["retryAt"]) > datetime.now(UTC)
    assert reply.headers["RateLimit-Remaining"] == "49"


async def test_refresh_of_what_can_not_be_refreshed_costs_nothing(robin: Any) -> None:
    paused = await robin.watch()
    await robin.put(f"/api/monitors/{paused}", json={"isActive": False})
    for _ in range(2):
        reply = await robin.post(f"/api/monitors/{paused}/refresh")
        assert (reply.status_code, reply.json()["type"]) == (409, "monitor-paused")
        reply = await robin.post(f"/api/monitors/{new_id()}/refresh")
        assert (reply.status_code, reply.json()["type"]) == (404, "monitor-not-found")
    usage = (await robin.get("/api/usage")).json()
    assert (usage["refreshesToday"]["used"], usage["refreshesToday"]["left"]) == (0, 50)


async def test_one_refresh_a_minute_holds_across_processes(
    robin: Any, gateway: SimpleNamespace, second_gateway: SimpleNamespace, open_browser: Callable[..., Any]
) -> None:
    monitor = await robin.watch()
    async with open_browser(second_gateway.app) as elsewhere:
        elsewhere.headers["Authorization"] = robin.headers["Authorization"]
        asking = [browser.post(f"/api/monitors/{monitor}/refresh") for browser in (robin, elsewhere) * 6]
        replies = await asyncio.gather(*asking)
    assert sorted(reply.status_code for reply in replies) == [200] + [429] * 11


async def test_fifty_a_day_hold_across_processes(
    robin: Any, start_gateway: Callable[..., Any], open_browser: Callable[..., Any]
) -> None:
    lenient = [await start_gateway(monitors_per_user=0, refreshes_per_minute=0) for _ in range(2)]
    browsers = [open_browser(each.app) for each in lenient]
    for browser in browsers:
        browser.headers["Authorization"] = robin.headers["Authorization"]
    monitors = [await browsers[0].watch() for _ in range(12)]
    batches = [browsers[n % 2].post("/api/monitors/refresh", json={"ids": monitors}) for n in range(8)]
    replies = await asyncio.gather(*batches)
    started = sum(len(reply.json()["evaluations"]) for reply in replies)
    refused = [each["problem"] for reply in replies for each in reply.json()["refused"]]
    assert started == 50
    assert len(refused) == 8 * 12 - 50
    assert {each["type"] for each in refused} == {"refresh-limit-day"}
    late = await browsers[1].post(f"/api/monitors/{monitors[0]}/refresh")
    assert (late.status_code, late.json()["type"]) == (429, "refresh-limit-day")
    midnight = datetime.combine(datetime.now(UTC).date() + timedelta(days=1), datetime.min.time(), UTC)
    assert datetime.fromisoformat(late.json()["retryAt"]) == midnight
    for browser in browsers:
        await browser.aclose()


async def test_refreshes_are_limited_by_address_as_a_backup(
    start_gateway: Callable[..., Any], open_browser: Callable[..., Any]
) -> None:
    strict = await start_gateway(refreshes_per_minute_per_address=3)
    async with open_browser(strict.app, "203.0.113.9") as one, open_browser(strict.app, "203.0.113.9") as other:
        await one.sign_up()
        await other.sign_up()
        mine = [await one.watch() for _ in range(2)]
        theirs = [await other.watch() for _ in range(2)]
        assert (await one.post("/api/monitors/refresh", json={"ids": mine})).status_code == 202
        reply = await other.post("/api/monitors/refresh", json={"ids": theirs})
        assert len(reply.json()["evaluations"]) == 1
        assert reply.json()["refused"][0]["problem"]["type"] == "refresh-limit-address"


async def test_batch_answers_each_monitor_by_itself(robin: Any) -> None:
    good, paused, unknown = await robin.watch("triggers"), await robin.watch(), str(new_id())
    await robin.put(f"/api/monitors/{paused}", json={"isActive": False})
    body = {"ids": [good, paused, unknown, good], "wait": True}
    reply = await robin.post("/api/monitors/refresh", json=body)
    assert reply.status_code == 200
    (evaluation,) = reply.json()["evaluations"]
    assert (evaluation["monitorId"], evaluation["value"], evaluation["status"]) == (good, 42.0, "done")
    refused = {each["monitorId"]: each["problem"]["type"] for each in reply.json()["refused"]}
    assert refused == {paused: "monitor-paused", unknown: "monitor-not-found"}
    again = await robin.post("/api/monitors/refresh", json={"ids": [good]})
    assert again.status_code == 429
    assert again.json()["refused"][0]["monitorId"] == good
    assert again.headers["Retry-After"]


async def test_batch_of_two_hundred_starts_in_one_request(
    unlimited_gateway: SimpleNamespace, open_browser: Callable[..., Any]
) -> None:
    async with open_browser(unlimited_gateway.app) as browser:
        await browser.sign_up()
        ids = await asyncio.gather(*(browser.watch() for _ in range(200)))
        reply = await browser.post("/api/monitors/refresh", json={"ids": list(ids)})
        assert reply.status_code == 202
        assert len(reply.json()["evaluations"]) == 200
        assert reply.elapsed < timedelta(seconds=2)
        waited = await browser.post("/api/monitors/refresh", json={"ids": list(ids), "wait": True})
        assert {each["status"] for each in waited.json()["evaluations"]} == {"done"}
        assert "RateLimit-Limit" not in waited.headers


async def test_interpret_saves_nothing(robin: Any) -> None:
    reply = await robin.post("/api/interpret", json={"prompt": PROMPT})
    assert reply.json()["interpretation"]["extractedFact"] == "price"
    assert (await robin.get("/api/monitors")).json()["total"] == 0
