"""Silences, maintenance windows and inhibition rules over REST, answered by the real alerter."""

from typing import Any

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

SILENCE = {"matchers": 'host="db-1", env!="dev"', "for": "2h", "comment": "Disk is replaced"}
WINDOW = {
    "name": "Updates",
    "matchers": "service=db",
    "startsAt": "2026-03-01T02:30",
    "timezone": "Europe/Berlin",
    "duration": "1h30m",
    "rrule": "FREQ=WEEKLY;BYDAY=SU",
}
RULE = {"name": "Host down", "source": "alertname=HostDown", "target": 'host!=""', "equal": ["host"]}
EACH = [("silences", SILENCE, "silence"), ("maintenance", WINDOW, "window"), ("inhibitions", RULE, "inhibition")]


async def make(browser: Any, path: str, body: dict[str, Any], **query: Any) -> dict[str, Any]:
    reply = await browser.post(f"/api/{path}", json=body, params=query)
    assert reply.status_code == 201, reply.text
    [made] = [each for name, each in reply.json().items() if name != "success"]
    assert reply.headers["location"] == f"/api/{path}/{made['id']}"
    return made


async def audited(browser: Any) -> list[str]:
    return [each["what"] for each in (await browser.get("/api/audit")).json()["entries"]]


async def test_a_silence_is_made_by_the_caller_shown_prolonged_and_ended(robin: Any) -> None:
    silence = await make(robin, "silences", SILENCE)
    assert silence["state"] == "active"
    assert silence["author"]
    assert [(each["label"], each["op"], each["value"]) for each in silence["matchers"]] == [
        ("host", "=", "db-1"),
        ("env", "!=", "dev"),
    ]
    path = f"/api/silences/{silence['id']}"
    assert (await robin.get(path)).json() == silence
    longer = (await robin.patch(path, json={"for": "5h", "comment": "It takes longer"})).json()["silence"]
    assert longer["endsAt"] > silence["endsAt"]
    assert (longer["comment"], longer["startsAt"], longer["author"]) == (
        "It takes longer",
        silence["startsAt"],
        silence["author"],
    )
    ended = (await robin.post(f"{path}/expire")).json()["silence"]
    assert ended["state"] == "expired"
    assert (await robin.patch(path, json={"for": "1h"})).json()["type"].endswith("silence-expired")
    assert (await audited(robin))[:3] == ["silence.expire", "silence.update", "silence.create"]


async def test_silences_are_listed_by_state_and_words(robin: Any) -> None:
    active = await make(robin, "silences", SILENCE)
    await make(robin, "silences", SILENCE | {"startsAt": "2035-01-01T00:00:00Z", "comment": "Later"})
    found = (await robin.get("/api/silences", params={"state": ["active"]})).json()
    assert [each["id"] for each in found["silences"]] == [active["id"]]
    assert found["counts"] == {"active": 1, "pending": 1}
    assert (await robin.get("/api/silences", params={"q": "later"})).json()["total"] == 1


async def test_a_silence_of_everything_asks_first(robin: Any) -> None:
    everything = SILENCE | {"matchers": 'alertname=~".+"'}
    refused = await robin.post("/api/silences", json=everything)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("silence-too-broad")
    assert (await make(robin, "silences", everything, confirm="true"))["state"] == "active"
    previewed = (await robin.post("/api/silences/preview", json={"matchers": 'alertname=~".+"'})).json()
    assert "every alert" in previewed["tooBroad"]
    assert (previewed["open"], previewed["matched"], previewed["alerts"]) == (0, 0, [])


@pytest.mark.parametrize(
    "wrong",
    [
        {"matchers": []},
        {"matchers": 'severity!="critical"'},
        {"matchers": 'host=~"("'},
        {"matchers": "host"},
        {"matchers": [{"label": "host", "op": "~", "value": "a"}]},
        {"for": None},
        {"for": "2h", "endsAt": "2035-01-01T00:00:00Z"},
        {"for": "soon"},
        {"for": "0s"},
        {"for": None, "startsAt": "2035-01-02T00:00:00Z", "endsAt": "2035-01-01T00:00:00Z"},
        {"for": None, "endsAt": "2020-01-01T00:00:00Z"},
        {"for": None, "endsAt": "2035-01-01T00:00:00"},
    ],
)
async def test_a_silence_that_makes_no_sense_is_refused(robin: Any, wrong: dict[str, Any]) -> None:
    body = {name: value for name, value in (SILENCE | wrong).items() if value is not None}
    assert (await robin.post("/api/silences", json=body)).status_code == 422
    assert (await robin.get("/api/silences")).json()["total"] == 0


async def test_a_window_is_planned_shown_in_a_calendar_switched_off_and_taken_away(robin: Any) -> None:
    window = await make(robin, "maintenance", WINDOW)
    path = f"/api/maintenance/{window['id']}"
    assert len(window["occurrences"]) == 5
    march = {"since": "2026-03-15T00:00:00Z", "until": "2026-04-15T00:00:00Z"}
    [shown] = (await robin.get("/api/maintenance", params=march)).json()["windows"]
    # By the clocks of Berlin, which are put forward on March 29 over the window's time.
    assert [each["startsAt"] for each in shown["occurrences"]] == [
        "2026-03-15T01:30:00Z",
        "2026-03-22T01:30:00Z",
        "2026-03-29T01:30:00Z",
        "2026-04-05T00:30:00Z",
        "2026-04-12T00:30:00Z",
    ]
    off = (await robin.patch(path, json={"isActive": False})).json()["window"]
    assert (off["spec"]["isActive"], off["spec"]["rrule"], off["version"]) == (False, WINDOW["rrule"], 2)
    once = (await robin.patch(path, json={"rrule": None})).json()["window"]
    assert "rrule" not in {name for name, value in once["spec"].items() if value is not None}
    assert (await robin.delete(path)).json() == {"success": True}
    assert (await robin.get(path)).status_code == 404
    assert (await robin.get("/api/maintenance")).json() == {"windows": []}
    assert (await audited(robin))[0] == "maintenance.delete"


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "invalid-recurrence"),
        ({"rrule": "weekly"}, "invalid-recurrence"),
        ({"timezone": "Middle/Earth"}, "invalid-request"),
        ({"timezone": "../../etc/passwd"}, "invalid-request"),
        ({"startsAt": "2026-03-01T02:30Z"}, "invalid-request"),
        ({"startsAt": "tomorrow"}, "invalid-request"),
        ({"duration": "1s"}, "invalid-request"),
        ({"name": " "}, "invalid-request"),
    ],
)
async def test_a_window_that_makes_no_sense_is_refused_when_tried_and_when_planned(
    robin: Any, wrong: dict[str, Any], kind: str
) -> None:
    for path in ("/api/maintenance", "/api/maintenance/preview"):
        refused = await robin.post(path, json=WINDOW | wrong)
        assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (422, kind)


async def test_a_window_is_tried_without_being_planned(robin: Any) -> None:
    found = (await robin.post("/api/maintenance/preview", json=WINDOW)).json()
    assert len(found["occurrences"]) == 5
    assert (await robin.get("/api/maintenance")).json() == {"windows": []}


async def test_an_inhibition_rule_is_made_changed_and_taken_away(robin: Any) -> None:
    rule = await make(robin, "inhibitions", RULE)
    path = f"/api/inhibitions/{rule['id']}"
    assert (rule["sources"], rule["held"]) == (0, 0)
    changed = (await robin.put(path, json=RULE | {"equal": ["cluster"]})).json()["inhibition"]
    assert (changed["spec"]["equal"], changed["version"]) == (["cluster"], 2)
    assert [each["id"] for each in (await robin.get("/api/inhibitions")).json()["rules"]] == [rule["id"]]
    assert (await robin.delete(path)).status_code == 200
    assert (await robin.get(path)).status_code == 404
    assert (await robin.post("/api/inhibitions", json=RULE | {"source": 'a!="b"'})).status_code == 422


@pytest.mark.parametrize(("path", "body", "_"), EACH)
async def test_what_is_asked_for_twice_under_one_key_is_made_once(
    robin: Any, path: str, body: dict[str, Any], _: str
) -> None:
    key = {"Idempotency-Key": f"once {path}"}
    first, second = [await robin.post(f"/api/{path}", json=body, headers=key) for _ in range(2)]
    assert first.json() == second.json()


@pytest.mark.parametrize(("path", "body", "_"), EACH)
async def test_others_neither_see_nor_change_it(robin: Any, alex: Any, path: str, body: dict[str, Any], _: str) -> None:
    made = await make(robin, path, body)
    theirs = f"/api/{path}/{made['id']}"
    for reply in (
        await alex.get(theirs),
        await alex.get(f"{theirs}/held"),
        await alex.put(theirs, json=body),
        await alex.patch(theirs, json={"comment": "Mine"}),
        await (alex.post(f"{theirs}/expire") if path == "silences" else alex.delete(theirs)),
    ):
        assert reply.status_code == 404
    assert (await robin.get(theirs)).json()["version"] == 1
    listed = (await alex.get(f"/api/{path}")).json()
    assert [value for value in listed.values() if isinstance(value, list)] == [[]]


@pytest.mark.parametrize(("path", "body", "_"), EACH)
async def test_what_it_held_back_is_nothing_at_first(robin: Any, path: str, body: dict[str, Any], _: str) -> None:
    made = await make(robin, path, body)
    assert (await robin.get(f"/api/{path}/{made['id']}/held")).json() == {"held": [], "total": 0}


async def test_what_holds_alerts_that_do_not_exist_is_nothing(robin: Any) -> None:
    ids = {"alertId": ["019aaa00-0000-7000-8000-000000000001"]}
    assert (await robin.get("/api/holdings", params=ids)).json() == {"holdings": {}}
    assert (await robin.get("/api/holdings")).status_code == 422
