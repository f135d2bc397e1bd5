"""On call in the console, through its forms."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

NOW = datetime.now(UTC)


@pytest_asyncio.fixture(loop_scope="session")
async def entered(robin: Any) -> Any:
    """Somebody signed in, at the API and at the console, with `csrf` for forms, and a channel."""
    reply = await robin.post(
        "/console/login",
        data={"email": robin.user["email"], "password": "Correct1horse"},
        headers={"sec-fetch-site": "same-origin"},
    )
    assert reply.status_code == 303, reply.text
    html = (await robin.get("/console/on-call")).text
    robin.csrf = re.findall(r'<meta name="csrf" content="([^"]+)">', html)[0]
    body = {"kind": "webhook", "url": "https://hook.example/x", "name": "Phone"}
    robin.channel = (await robin.post("/api/channels", json=body)).json()["channel"]["id"]
    return robin


async def send(browser: Any, path: str, came: str = "/console/on-call", **fields: Any) -> Any:
    headers = {"referer": f"http://test{came}", "host": "test"}
    return await browser.post(f"/console{path}", data={"csrf": browser.csrf, **fields}, headers=headers)


async def person(browser: Any, name: str) -> str:
    body = {"name": name, "channels": [browser.channel]}
    return (await browser.post("/api/contacts", json=body)).json()["contact"]["id"]


async def schedule(browser: Any, *people: str, **parts: Any) -> str:
    layer = {"participants": list(people), "rotation": "daily", "start": "2026-01-05", **parts.pop("layer", {})}
    body = {"name": "Platform", "timezone": "Europe/Berlin", "layers": [layer], **parts}
    made = await browser.post("/api/schedules", json=body)
    assert made.status_code == 201, made.text
    return made.json()["schedule"]["id"]


def fields_of(html: str) -> dict[str, str]:
    """What a form shows, as a browser would send it."""
    found = dict(re.findall(r'<input id="field-[^"]+" name="([^"]+)" type="[^"]+" value="([^"]*)"', html))
    found |= dict(re.findall(r'<textarea id="field-[^"]+" name="([^"]+)"[^>]*>([^<]*)</textarea>', html))
    for name, options in re.findall(r'<select id="field-[^"]+" name="([^"]+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[0] if chosen else re.findall(r'<option value="([^"]*)"', options)[0]
    return found


async def test_without_people_one_is_told_to_add_them_and_then_a_schedule(entered: Any) -> None:
    assert "/console/contacts/new" in (await entered.get("/console/on-call")).text
    reply = await send(entered, "/contacts/new", name="First")
    assert reply.status_code == 422
    assert "Choose at least one channel" in reply.text
    assert (await send(entered, "/contacts/new", name="First", channels=[entered.channel])).status_code == 303
    html = (await entered.get("/console/on-call")).text
    assert "Nobody is on call" in html
    assert 'href="/console/on-call/new"' in html
    people = (await entered.get("/console/contacts")).text
    assert "First" in people
    assert "Phone" in people


async def test_a_schedule_is_made_by_its_form_and_comes_back_into_it_as_it_was(entered: Any) -> None:
    first, second = await person(entered, "First"), await person(entered, "Second")
    empty = fields_of((await entered.get("/console/on-call/new")).text)
    typed = empty | {
        "name": "Platform",
        "timezone": "Europe/Berlin",
        "0-person-0": first,
        "0-person-1": second,
        "0-rotation": "custom",
        "0-length": "12h",
        "0-hand_over": "08:00",
        "0-start": "2026-01-05",
        "0-hours": "mon-fri 08:00-20:00\nsat,sun 10:00-02:00",
    }
    reply = await send(entered, "/on-call/new", **typed)
    assert reply.status_code == 303, reply.text
    [made] = (await entered.get("/api/schedules")).json()["schedules"]
    [layer] = made["layers"]
    assert (layer["participants"], layer["length"], layer["handOver"]) == ([first, second], 43_200, "08:00")
    assert [(each["days"], each["end"]) for each in layer["restrictions"]] == [
        (["monday", "tuesday", "wednesday", "thursday", "friday"], "20:00"),
        (["saturday", "sunday"], "02:00"),
    ]
    form = fields_of((await entered.get(f"/console/on-call/{made['id']}/edit")).text)
    assert form["0-length"] == "12h"
    # A second layer goes into the fields that are spare; the first stays as it is.
    reply = await send(entered, f"/on-call/{made['id']}/edit", **form | {"1-person-0": second, "1-rotation": "daily"})
    assert reply.status_code == 303, reply.text
    [changed] = (await entered.get("/api/schedules")).json()["schedules"]
    assert changed["layers"][0] == layer
    assert (changed["layers"][1]["participants"], changed["layers"][1]["rotation"]) == ([second], "daily")


@pytest.mark.parametrize(
    ("change", "at", "words"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone", "no time zone"),
        ({"0-person-0": ""}, "0-person-0", "Somebody is to be on call"),
        ({"0-rotation": "custom"}, "0-length", "A time like 12h"),
        ({"0-rotation": "custom", "0-length": "soon"}, "0-length", "A time like 12h"),
        ({"0-hours": "mon-fri nine to five"}, "0-hours", "is no span"),
        ({"0-hours": "noday 09:00-17:00"}, "0-hours", "is no weekday"),
        ({"0-start": "2026-02-30"}, "0-start", ""),
        ({"0-start": "9999-12-31"}, "0-start", "from the year 1900 to 2199"),
        ({"name": ""}, "name", ""),
    ],
)
async def test_what_is_wrong_with_a_schedule_is_told_at_its_field(
    entered: Any, change: dict[str, str], at: str, words: str
) -> None:
    first = await person(entered, "First")
    good = fields_of((await entered.get("/console/on-call/new")).text) | {"name": "Platform", "0-person-0": first}
    reply = await send(entered, "/on-call/new", **good | change)
    assert reply.status_code == 422
    told = re.findall(rf'id="field-{at}-error">.*?</svg>([^<]+)<', reply.text)
    assert told, "the error stands at its field"
    assert words in told[0]
    assert (await entered.get("/api/schedules")).json()["schedules"] == []


async def test_who_is_on_call_stands_first_and_somebody_stands_in_with_one_form(entered: Any) -> None:
    first, second = await person(entered, "First"), await person(entered, "Second")
    made = await schedule(entered, first)
    html = (await entered.get("/console/on-call")).text
    assert re.search(r'class="now-who[^"]*">First<', html)
    assert html.index('id="now"') < html.index('id="calendar"')
    reply = await send(entered, f"/on-call/{made}/stand-in", contact_id=second, hours="8")
    assert reply.status_code == 303
    html = (await entered.get("/console/on-call")).text
    assert re.search(r'class="now-who[^"]*">Second<', html)
    [override] = (await entered.get(f"/api/schedules/{made}/overrides")).json()["overrides"]
    begin, end = datetime.fromisoformat(override["startsAt"]), datetime.fromisoformat(override["endsAt"])
    assert end - begin == timedelta(hours=8)
    reply = await send(entered, f"/on-call/{made}/overrides/{override['id']}/remove")
    assert reply.status_code == 303
    assert re.search(r'class="now-who[^"]*">First<', (await entered.get("/console/on-call")).text)


async def test_an_override_is_by_the_clock_of_the_schedule_and_its_errors_stand_at_their_fields(entered: Any) -> None:
    first = await person(entered, "First")
    made = await schedule(entered, first, timezone="America/New_York")
    fields = {"contact_id": first, "starts_at": "2090-01-02T09:00", "ends_at": "2090-01-03T09:00", "note": "Dentist"}
    assert (await send(entered, f"/on-call/{made}/overrides", **fields)).status_code == 303
    [override] = (await entered.get(f"/api/schedules/{made}/overrides")).json()["overrides"]
    assert (override["startsAt"], override["note"]) == ("2090-01-02T14:00:00Z", "Dentist")
    reply = await send(entered, f"/on-call/{made}/overrides", **fields | {"starts_at": "noon"})
    assert reply.status_code == 422
    assert 'id="override-field-starts_at-error"' in reply.text
    reply = await send(entered, f"/on-call/{made}/overrides", **fields | {"ends_at": "2090-01-01T09:00"})
    assert "an override ends after it starts" in reply.text
    # The page is at the form's address now: it asks for itself again there, and a word on what follows is shown there.
    assert (await entered.get(f"/console/on-call/{made}/overrides")).status_code == 200
    assert (await entered.get(f"/console/on-call/{made}/stand-in")).status_code == 200


@pytest.mark.parametrize("year", ["0001", "9999"])
async def test_an_override_at_an_end_of_the_calendar_is_refused_at_its_field(entered: Any, year: str) -> None:
    made = await schedule(entered, person_id := await person(entered, "First"))
    fields = {"contact_id": person_id, "starts_at": f"{year}-12-31T23:00", "ends_at": f"{year}-12-31T23:59"}
    reply = await send(entered, f"/on-call/{made}/overrides", **fields)
    assert reply.status_code == 422
    assert 'id="override-field-starts_at-error"' in reply.text


@pytest.mark.parametrize("day", ["0001-01-01", "2000-01-01", "2199-12-31", "9999-12-31"])
@pytest.mark.parametrize("view", ["week", "month"])
async def test_a_calendar_of_a_day_that_no_clock_gets_to_is_that_of_today(entered: Any, day: str, view: str) -> None:
    made = await schedule(entered, await person(entered, "First"))
    reply = await entered.get(f"/console/on-call?schedule={made}&view={view}&day={day}")
    assert reply.status_code == 200
    assert "Nobody" in reply.text or "First" in reply.text


async def test_a_month_shows_each_day_with_turns_and_gaps(entered: Any) -> None:
    office = {"restrictions": [{"days": ["monday"], "start": "09:00", "end": "17:00"}]}
    made = await schedule(entered, await person(entered, "First"), layer=office)
    html = (await entered.get(f"/console/on-call?schedule={made}&view=month&day=2026-06-15")).text
    assert "June 2026" in html
    assert html.count('class="month-day"') == 35
    assert html.count("09:00 to 17:00") == 5
    assert "Nobody" in html
    week = (await entered.get(f"/console/on-call?schedule={made}&view=week&day=2026-06-15")).text
    assert "Week of 15 June 2026" in week
    assert week.count("09:00 to 17:00") == 1


async def test_a_calendar_link_is_made_shown_and_revoked(entered: Any) -> None:
    made = await schedule(entered, await person(entered, "First"))
    await send(entered, f"/on-call/{made}/calendar")
    html = (await entered.get("/console/on-call")).text
    link = re.findall(r'id="calendar-link">([^<]+)<', html)[0]
    assert (await entered.get(link)).status_code == 200
    await send(entered, f"/on-call/{made}/calendar/revoke")
    assert (await entered.get(link)).status_code == 404


async def test_a_policy_is_made_drawn_changed_and_deleted(entered: Any) -> None:
    first = await person(entered, "First")
    made = await schedule(entered, first)
    empty = fields_of((await entered.get("/console/policies/new")).text)
    typed = empty | {"name": "Urgent", "0-target-0": f"schedule:{made}", "repeat": "1", "repeat_after": "10m"}
    reply = await send(entered, "/policies/new", "/console/policies/new", **typed)
    assert reply.status_code == 303, reply.text
    html = (await entered.get("/console/policies")).text
    assert "On call by Platform" in html
    assert "All of it once more, 10 minutes after the last step." in html
    assert "This policy would tell nobody now." in html, "the alerter knows of no active channel here"
    [policy] = (await entered.get("/api/policies")).json()["policies"]
    form = fields_of((await entered.get(f"/console/policies/{policy['id']}/edit")).text)
    assert (form["0-target-0"], form["repeat_after"]) == (f"schedule:{made}", "10m")
    more = form | {"1-target-0": f"contact:{first}", "1-after": "15m"}
    assert (await send(entered, f"/policies/{policy['id']}/edit", **more)).status_code == 303
    [policy] = (await entered.get("/api/policies")).json()["policies"]
    assert [step["after"] for step in policy["steps"]] == [0, 900]
    assert "15 minutes after that" in (await entered.get("/console/policies")).text
    # What is in use stays, and the page says why.
    reply = await send(entered, f"/on-call/{made}/delete")
    assert reply.status_code == 303
    assert "&#39;Urgent&#39;" in (await entered.get("/console/on-call")).text
    assert (await send(entered, f"/policies/{policy['id']}/delete")).status_code == 303
    assert (await entered.get("/api/policies")).json()["policies"] == []


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"0-target-0": ""}, "0-target-0"),
        ({"0-target-0": "nonsense"}, "0-target-0"),
        ({"0-after": "soon"}, "0-after"),
        ({"repeat": "99"}, "repeat"),
        ({"repeat_after": "1s"}, "repeat_after"),
    ],
)
async def test_what_is_wrong_with_a_policy_is_told_at_its_field(entered: Any, change: dict[str, str], at: str) -> None:
    first = await person(entered, "First")
    good = fields_of((await entered.get("/console/policies/new")).text)
    good |= {"name": "Urgent", "0-target-0": f"contact:{first}"}
    reply = await send(entered, "/policies/new", **good | change)
    assert reply.status_code == 422
    assert f'id="field-{at}-error"' in reply.text


async def test_pages_of_things_that_are_gone_say_so(entered: Any) -> None:
    gone = "01a00000-0000-7000-8000-000000000000"
    for path in (f"/on-call/{gone}/edit", f"/policies/{gone}/edit", f"/contacts/{gone}/edit"):
        assert (await entered.get(f"/console{path}")).status_code == 404
