"""Silences, maintenance and inhibition in the console, through their forms."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def entered(robin: Any) -> Any:
    """Somebody signed in, at the API and at the console, with `csrf` for forms."""
    reply = await robin.post(
        "/console/login",
        data={"email": robin.user["email"], "password": "Correct1horse"},
        headers={"sec-fetch-site": "same-origin"},
    )
    assert reply.status_code == 303, reply.text
    page = (await robin.get("/console/silences")).text
    robin.csrf = re.findall(r'<meta name="csrf" content="([^"]+)">', page)[0]
    return robin


async def send(browser: Any, path: str, **fields: Any) -> Any:
    headers = {"referer": "http://test/console/silences", "host": "test"}
    return await browser.post(f"/console{path}", data={"csrf": browser.csrf, **fields}, headers=headers)


async def shown(browser: Any, path: str) -> str:
    reply = await browser.get(f"/console{path}")
    assert reply.status_code == 200, reply.text
    return html.unescape(reply.text)


def values_of(page: str) -> dict[str, str]:
    """What a form shows, as a browser would send it."""
    found = dict(re.findall(r'<input id="field-[^"]+" name="([^"]+)" type="[^"]+" value="([^"]*)"', page))
    for name, options in re.findall(r'<select id="field-[^"]+" name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        found[name] = re.findall(r'<option value="([^"]*)" selected', options)[0]
    return {name: html.unescape(value) for name, value in found.items()}


SILENCE = {"matchers": "host=db-1", "lasts": "2h", "comment": "Disk is replaced", "remind": "300"}


async def test_a_silence_is_made_by_its_form_shown_prolonged_changed_and_ended(entered: Any) -> None:
    assert "Nothing is silenced" in await shown(entered, "/silences")
    made = await send(entered, "/silences/new", **SILENCE)
    assert made.status_code == 303, made.text
    path = made.headers["location"].removeprefix("/console")
    page = await shown(entered, path)
    for words in ('host="db-1"', "Disk is replaced", "Active", "5 minutes before its end", "held back nothing"):
        assert words in page
    assert 'host="db-1"' in await shown(entered, "/silences")
    [known] = (await entered.get("/api/silences")).json()["silences"]

    assert (await send(entered, f"{path}/prolong", hours="1")).status_code == 303
    longer = (await entered.get(f"/api{path}")).json()
    assert datetime.fromisoformat(longer["endsAt"]) - datetime.fromisoformat(known["endsAt"]) == timedelta(hours=1)

    typed = values_of((await entered.get(f"/console{path}/edit")).text)
    assert (typed["matchers"], typed["lasts"], typed["remind"]) == ('host="db-1"', "", "300")
    assert (await send(entered, f"{path}/edit", **typed | {"comment": "It takes longer"})).status_code == 303
    changed = (await entered.get(f"/api{path}")).json()
    assert (changed["comment"], changed["endsAt"], changed["author"]) == (
        "It takes longer",
        longer["endsAt"],
        known["author"],
    )
    assert (await send(entered, f"{path}/expire")).status_code == 303
    assert "Silence again" in await shown(entered, path)
    assert 'host="db-1"' in await shown(entered, "/silences?state=expired")
    assert "Nothing is silenced" in await shown(entered, "/silences?state=nonsense")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"matchers": ""}, "Please fill this in."),
        ({"matchers": "host"}, "is no matcher"),
        ({"matchers": 'severity!="critical"'}, "at least one matcher must ask for a value"),
        ({"matchers": "host=~("}, "is no pattern"),
        ({"lasts": ""}, "Say for how long."),
        ({"lasts": "soon"}, "duration"),
        ({"starts_at": "tomorrow"}, "field-bad"),
    ],
)
async def test_what_is_wrong_with_a_silence_is_said_and_what_was_typed_stays(
    entered: Any, wrong: dict[str, str], words: str
) -> None:
    reply = await send(entered, "/silences/new", **SILENCE | wrong)
    assert reply.status_code == 422
    assert words.lower() in html.unescape(reply.text).lower()
    assert "Disk is replaced" in reply.text
    assert (await entered.get("/api/silences")).json()["total"] == 0


async def test_a_silence_of_everything_is_made_when_it_is_confirmed(entered: Any) -> None:
    everything = SILENCE | {"matchers": 'alertname=~".+"'}
    reply = await send(entered, "/silences/new", **everything)
    assert reply.status_code == 422
    assert "every alert" in reply.text
    assert 'name="confirm"' in reply.text
    assert (await send(entered, "/silences/new", **everything, confirm="yes")).status_code == 303


async def test_the_preview_says_what_would_be_hidden_and_saves_nothing(entered: Any) -> None:
    page = html.unescape((await send(entered, "/silences/new", do="preview", matchers="host=db-1")).text)
    assert "0 of 0 alerts that are open now" in page
    assert "is shown here" in html.unescape((await send(entered, "/silences/new", do="preview")).text)
    assert (await entered.get("/api/silences")).json()["total"] == 0


async def test_a_silence_from_an_alert_has_its_labels(entered: Any, services: Any) -> None:
    alert = services.alerter.add_alert(entered.organization_id, labels={"host": 'db"1', "service": "shop"})
    path = f"/silences/new?alert={alert.id}"
    assert f"/console{path}" in await shown(entered, f"/alerts/{alert.id}")
    typed = values_of((await entered.get(f"/console{path}")).text)
    assert typed["matchers"] == f'alertname="{alert.name}", host="db\\"1", service="shop"'
    assert (await send(entered, "/silences/new", **SILENCE | {"matchers": typed["matchers"]})).status_code == 303
    assert (await entered.get("/console/silences/new?alert=nonsense")).status_code == 200


WINDOW = {
    "name": "Updates",
    "matchers": "service=db",
    "starts_at": "2026-03-01T02:30",
    "duration": "90m",
    "timezone": "Europe/Berlin",
    "again": "weekly",
}


async def test_maintenance_is_planned_in_a_calendar_changed_paused_and_deleted(entered: Any) -> None:
    assert "No maintenance is planned" in await shown(entered, "/maintenance")
    made = await send(entered, "/maintenance/new", **WINDOW)
    assert made.status_code == 303, made.text
    path = made.headers["location"].removeprefix("/console")
    assert (await entered.get(f"/api{path}")).json()["spec"]["rrule"] == "FREQ=WEEKLY;BYDAY=SU"
    march = await shown(entered, "/maintenance?month=2026-03")
    assert "March 2026" in march
    assert "By the clocks of Europe/Berlin." in march
    assert march.count("02:30 to 04:00") == 5  # the 1st, 8th, 15th, 22nd, and April 5th of the last week
    assert march.count("03:30 to 05:00") == 1  # the clocks are put forward on the 29th
    assert "every Sunday at 02:30 (Europe/Berlin)" in march

    typed = values_of((await entered.get(f"/console{path}/edit")).text)
    assert {name: typed[name] for name in WINDOW} == WINDOW | {"matchers": 'service="db"'}
    assert (await send(entered, f"{path}/edit", **typed | {"again": "monthly"})).status_code == 303
    assert (await entered.get(f"/api{path}")).json()["spec"]["rrule"] == "FREQ=MONTHLY;BYMONTHDAY=1"
    own = typed | {"again": "rule", "rrule": "FREQ=MONTHLY;BYDAY=1SU"}
    assert (await send(entered, f"{path}/edit", **own)).status_code == 303
    assert values_of((await entered.get(f"/console{path}/edit")).text)["again"] == "rule"

    assert (await send(entered, f"{path}/pause")).status_code == 303
    assert "Paused" in await shown(entered, path)
    assert "02:30 to" not in await shown(entered, "/maintenance?month=2026-03")
    assert (await send(entered, f"{path}/resume")).status_code == 303
    assert (await send(entered, f"{path}/delete")).status_code == 303
    assert "No maintenance is planned" in await shown(entered, "/maintenance")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "Please fill this in."),
        ({"starts_at": ""}, "Please fill this in."),
        ({"starts_at": "noon"}, "local time"),
        ({"timezone": "Middle/Earth"}, "no time zone"),
        ({"duration": "long"}, "duration"),
        ({"again": "rule", "rrule": "weekly"}, "DAILY, WEEKLY, MONTHLY or YEARLY"),
    ],
)
async def test_what_is_wrong_with_a_window_is_said(entered: Any, wrong: dict[str, str], words: str) -> None:
    reply = await send(entered, "/maintenance/new", **WINDOW | wrong)
    assert reply.status_code == 422
    assert words in html.unescape(reply.text)
    assert (await entered.get("/api/maintenance")).json()["windows"] == []


async def test_when_a_window_would_be_open_is_shown_before_it_is_planned(entered: Any) -> None:
    soon = datetime.now(UTC) + timedelta(days=400)
    typed = WINDOW | {"starts_at": f"{soon:%Y-%m-%dT02:30}", "again": "daily", "name": ""}
    page = (await send(entered, "/maintenance/new", do="preview", **typed)).text
    assert page.count("02:30 to 04:00") == 5
    assert f"{soon.day} {soon:%B %Y}" in page
    for month in ("nonsense", "0000-00", "9999-12"):
        assert (await entered.get(f"/console/maintenance?month={month}")).status_code == 200


async def test_an_inhibition_rule_is_added_changed_paused_and_deleted(entered: Any) -> None:
    assert "No alert holds another back" in await shown(entered, "/inhibitions")
    rule = {"name": "Host down", "source": "alertname=HostDown", "target": 'host!=""', "equal": "host, cluster"}
    assert (await send(entered, "/inhibitions/new", **rule | {"source": ""})).status_code == 422
    made = await send(entered, "/inhibitions/new", **rule)
    path = made.headers["location"].removeprefix("/console")
    assert (await entered.get(f"/api{path}")).json()["spec"]["equal"] == ["host", "cluster"]
    page = await shown(entered, path)
    assert 'While alertname="HostDown" lasts, host!="" is held back, where host, cluster agree.' in page
    typed = values_of((await entered.get(f"/console{path}/edit")).text)
    assert (await send(entered, f"{path}/edit", **typed | {"equal": "host"})).status_code == 303
    assert "where host agrees" in await shown(entered, "/inhibitions")
    assert (await send(entered, f"{path}/pause")).status_code == 303
    assert "Paused" in await shown(entered, path)
    assert (await send(entered, f"{path}/resume")).status_code == 303
    preview = (await send(entered, "/inhibitions/new", do="preview", **rule)).text
    assert preview.count("0 of 0 alerts") == 2
    assert (await send(entered, f"{path}/delete")).status_code == 303
    assert "No alert holds another back" in await shown(entered, "/inhibitions")
