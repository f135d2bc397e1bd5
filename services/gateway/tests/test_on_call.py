"""On call over HTTP: people, turns, who stands in, a calendar of it, and policies."""

from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]

NOW = datetime.now(UTC)


async def channel(browser: Any) -> str:
    made = await browser.post(
        "/api/channels", json={"kind": "webhook", "url": "https://hook.example/x", "name": "Hook"}
    )
    return made.json()["channel"]["id"]


async def contact(browser: Any, name: str = "First", channel_id: str | None = None) -> str:
    made = await browser.post("/api/contacts", json={"name": name, "channels": [channel_id or await channel(browser)]})
    assert made.status_code == 201, made.text
    return made.json()["contact"]["id"]


def turns(*people: str, **parts: Any) -> dict[str, Any]:
    layer = {"participants": list(people), "rotation": "daily", "handOver": "09:00", "start": "2026-01-05"}
    return {"name": "Platform", "timezone": "Europe/Berlin", "layers": [layer]} | parts


async def schedule(browser: Any, *people: str, **parts: Any) -> dict[str, Any]:
    made = await browser.post("/api/schedules", json=turns(*people, **parts))
    assert made.status_code == 201, made.text
    return made.json()["schedule"]


async def test_a_schedule_is_made_shown_changed_and_removed_and_each_change_is_audited(robin: Any) -> None:
    person = await contact(robin)
    made = await robin.post("/api/schedules", json=turns(person))
    assert made.status_code == 201
    found = made.json()["schedule"]
    assert made.headers["Location"] == f"/api/schedules/{found['id']}"
    assert (found["layers"][0]["handOver"], found["calendarUrl"]) == ("09:00", None)
    assert (await robin.get(made.headers["Location"])).json()["schedule"] == found
    assert (await robin.get("/api/schedules")).json() == {"schedules": [found]}
    changed = await robin.put(made.headers["Location"], json=turns(person, name="Shop"))
    assert (changed.json()["schedule"]["name"], changed.json()["schedule"]["version"]) == ("Shop", 2)
    assert (await robin.delete(made.headers["Location"])).json() == {"success": True}
    assert (await robin.get(made.headers["Location"])).status_code == 404
    audited = [entry["what"] for entry in (await robin.get("/api/audit")).json()["entries"]]
    assert audited[:4] == ["schedule.delete", "schedule.update", "schedule.create", "contact.create"]


async def test_the_same_request_under_one_key_makes_one(robin: Any) -> None:
    body = {"name": "First", "channels": [await channel(robin)]}
    for _ in range(2):
        made = await robin.post("/api/contacts", json=body, headers={"Idempotency-Key": "one"})
        assert made.status_code == 201
    assert len((await robin.get("/api/contacts")).json()["contacts"]) == 1


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"timezone": "Mars/Olympus"}, "unknown-timezone"),
        ({"layers": []}, "invalid-request"),
        ({"layers": [{"start": "2026-01-05", "participants": []}]}, "invalid-request"),
        ({"layers": [{"start": "2026-01-05", "participants": ["nobody"]}]}, "invalid-request"),
        ({"layers": [{"start": "2026-01-05", "participants": ["one"], "rotation": "custom"}]}, "invalid-request"),
        ({"layers": [{"start": "2026-01-05", "participants": ["one"], "handOver": "25:00"}]}, "invalid-request"),
        ({"layers": [{"start": "2026-02-30", "participants": ["one"]}]}, "invalid-request"),
    ],
)
async def test_turns_that_make_no_sense_are_refused(robin: Any, change: dict[str, Any], kind: str) -> None:
    person = await contact(robin)
    for layer in change.get("layers", ()):
        layer["participants"] = [person if each == "one" else each for each in layer["participants"]]
    reply = await robin.post("/api/schedules", json=turns(person, **change))
    assert (reply.status_code, reply.json()["type"]) == (422, kind)
    assert reply.json()["detail"]


async def test_who_is_on_call_and_the_turns_of_a_week_tell_of_overrides_and_gaps(robin: Any) -> None:
    first, second = await contact(robin, "First"), await contact(robin, "Second")
    made = await schedule(robin, first)
    path = f"/api/schedules/{made['id']}"
    until = (NOW + timedelta(hours=2)).isoformat()
    body = {"contactId": second, "startsAt": (NOW - timedelta(hours=1)).isoformat(), "endsAt": until, "note": "Dentist"}
    added = await robin.post(f"{path}/overrides", json=body)
    assert added.status_code == 201
    [listed] = (await robin.get(f"{path}/overrides")).json()["overrides"]
    assert (listed["note"], listed["id"]) == ("Dentist", added.json()["override"]["id"])

    on_call = (await robin.get(f"{path}/on-call")).json()
    assert (on_call["schedule"], on_call["now"]["name"], on_call["next"]["name"]) == ("Platform", "Second", "First")
    assert (await robin.get("/api/on-call")).json()["onCall"][0]["now"] == on_call["now"]
    later = (await robin.get(f"{path}/on-call", params={"at": (NOW + timedelta(hours=3)).isoformat()})).json()
    assert later["now"]["name"] == "First"

    span = {"from": "2026-01-04T00:00:00Z", "to": "2026-01-07T00:00:00Z"}
    shifts = (await robin.get(f"{path}/shifts", params=span)).json()["shifts"]
    assert [(each["startsAt"], each.get("name")) for each in shifts] == [
        ("2026-01-04T00:00:00Z", None),
        ("2026-01-05T08:00:00Z", "First"),
        ("2026-01-06T08:00:00Z", "First"),
    ]
    removed = await robin.delete(f"{path}/overrides/{listed['id']}")
    assert removed.json() == {"success": True}
    assert (await robin.get(f"{path}/on-call")).json()["now"]["name"] == "First"
    backwards = await robin.get(f"{path}/shifts", params={"from": span["to"], "to": span["from"]})
    assert (backwards.status_code, backwards.json()["type"]) == (422, "invalid-span")


async def test_a_calendar_is_read_by_its_link_alone_until_it_is_replaced_or_revoked(robin: Any, visitor: Any) -> None:
    made = await schedule(robin, await contact(robin, "First"), await contact(robin, "Second"))
    path = f"/api/schedules/{made['id']}/calendar"
    link = (await robin.post(path)).json()["schedule"]["calendarUrl"]
    assert link.startswith("http://test/calendar/")
    assert link.endswith(".ics")
    assert (await robin.get("/api/schedules")).json()["schedules"][0]["calendarUrl"] == link

    reply = await visitor.get(link)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    calendar: Any = icalendar.Calendar.from_ical(reply.content)
    assert (calendar["version"], str(calendar["x-wr-calname"])) == ("2.0", "On call: Platform")
    events = calendar.walk("VEVENT")
    shifts = (
        await robin.get(
            f"/api/schedules/{made['id']}/shifts",
            params={"from": NOW.isoformat(), "to": (NOW + timedelta(days=20)).isoformat()},
        )
    ).json()["shifts"][1:-1]
    shown = {(each["dtstart"].dt, each["dtend"].dt, str(each["summary"])) for each in events}
    for shift in shifts:
        begin, end = datetime.fromisoformat(shift["startsAt"]), datetime.fromisoformat(shift["endsAt"])
        assert (begin, end, f"{shift['name']} is on call (Platform)") in shown
    assert len({str(each["uid"]) for each in events}) == len(events) > 90
    again: Any = icalendar.Calendar.from_ical((await visitor.get(link)).content)
    assert {str(each["uid"]) for each in again.walk("VEVENT")} == {str(each["uid"]) for each in events}

    second = (await robin.post(path)).json()["schedule"]["calendarUrl"]
    assert second != link
    assert ((await visitor.get(link)).status_code, (await visitor.get(second)).status_code) == (404, 200)
    assert (await robin.delete(path)).json()["schedule"]["calendarUrl"] is None
    assert (await visitor.get(second)).status_code == 404


@pytest.mark.parametrize(
    "spoil", [lambda token: token[:-1], lambda token: "A" * len(token), lambda token: f"%00{token}"]
)
async def test_a_calendar_token_that_was_not_made_here_shows_nothing(robin: Any, visitor: Any, spoil: Any) -> None:
    made = await schedule(robin, await contact(robin))
    link = (await robin.post(f"/api/schedules/{made['id']}/calendar")).json()["schedule"]["calendarUrl"]
    token = link.rpartition("/")[2].removesuffix(".ics")
    reply = await visitor.get(f"/calendar/{spoil(token)}.ics")
    assert (reply.status_code, reply.json()["type"]) == (404, "calendar-not-found")


async def test_a_policy_tells_whom_each_step_reaches_and_what_is_in_use_stays(robin: Any) -> None:
    person = await contact(robin)
    made = await schedule(robin, person)
    steps = [
        {"targets": [{"kind": "schedule", "id": made["id"]}]},
        {"after": "10m", "targets": [{"kind": "contact", "id": person}]},
    ]
    policy = await robin.post("/api/policies", json={"name": "Urgent", "steps": steps, "repeat": 2})
    assert policy.status_code == 201
    policy_id = policy.json()["policy"]["id"]
    shown = (await robin.get(f"/api/policies/{policy_id}")).json()
    assert [step["after"] for step in shown["steps"]] == [0, 600]
    # No channel is there as far as the alerter knows: it is said before it is needed.
    assert [step["passed"][0]["word"] for step in shown["steps"]] == ["channel-gone", "channel-gone"]

    refused = await robin.delete(f"/api/schedules/{made['id']}")
    assert (refused.status_code, refused.json()["type"]) == (409, "schedule-in-use")
    assert "'Urgent'" in refused.json()["detail"]
    refused = await robin.delete(f"/api/contacts/{person}")
    assert (refused.status_code, refused.json()["type"]) == (409, "contact-in-use")
    assert (await robin.delete(f"/api/policies/{policy_id}")).status_code == 200
    assert (await robin.delete(f"/api/schedules/{made['id']}")).status_code == 200
    assert (await robin.delete(f"/api/contacts/{person}")).status_code == 200


async def test_a_channel_that_somebody_is_reached_by_stays_and_the_refusal_says_who(robin: Any, alex: Any) -> None:
    made = await robin.post("/api/channels", json={"kind": "webhook", "url": "https://hooks.example/w", "name": "W"})
    channel = made.json()["channel"]["id"]
    person = await robin.post("/api/contacts", json={"name": "Only W", "channels": [channel]})
    refused = await robin.delete(f"/api/channels/{channel}")
    assert (refused.status_code, refused.json()["type"]) == (409, "channel-in-use")
    assert refused.json()["detail"] == "The channel is used by contact 'Only W'."
    assert (await alex.delete(f"/api/channels/{channel}")).json()["type"] == "channel-not-found"
    for number in range(11):
        body = {"name": f"Person {number:02}", "channels": [channel]}
        assert (await robin.post("/api/contacts", json=body)).status_code == 201
    refused = await robin.delete(f"/api/channels/{channel}")
    assert refused.json()["detail"].endswith(", contact 'Person 08' and 2 more.")
    contacts = (await robin.get("/api/contacts")).json()["contacts"]
    for each in contacts:
        if channel in each["channels"]:
            await robin.delete(f"/api/contacts/{each['id']}")
    assert person.status_code == 201
    assert (await robin.delete(f"/api/channels/{channel}")).status_code == 200


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"name": "Urgent", "steps": []}, "invalid-request"),
        ({"name": "Urgent", "steps": [{"targets": []}]}, "invalid-request"),
        ({"name": "Urgent", "steps": [{"targets": [{"kind": "person", "id": "x"}]}]}, "invalid-request"),
        ({"name": "Urgent", "steps": [{"after": "soon", "targets": []}]}, "invalid-request"),
        (
            {
                "name": "Urgent",
                "steps": [{"targets": [{"kind": "channel", "id": "01a00000-0000-7000-8000-000000000000"}]}],
            },
            "unknown-channel",
        ),
    ],
)
async def test_a_policy_that_leads_nowhere_is_refused(robin: Any, body: dict[str, Any], kind: str) -> None:
    reply = await robin.post("/api/policies", json=body)
    assert (reply.status_code, reply.json()["type"]) == (422, kind)


async def test_schedules_are_ones_own(robin: Any, alex: Any) -> None:
    await schedule(robin, await contact(robin))
    for path, name in (("schedules", "schedules"), ("contacts", "contacts"), ("policies", "policies")):
        assert (await alex.get(f"/api/{path}")).json()[name] == []
    assert (await alex.get("/api/on-call")).json()["onCall"] == []
