"""The console's incidents, through their forms, without JavaScript."""

import re
from typing import Any

import pytest
import pytest_asyncio

from monitors_alerter import store
from monitors_contracts.alerts import AlertTriggered, AlertView
from monitors_contracts.base import new_id

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{7*7}}"""


@pytest_asyncio.fixture(loop_scope="session")
async def entered(robin: Any) -> Any:
    """Somebody signed in, at the API and at the console, with `csrf` for forms."""
    reply = await robin.post(
        "/console/login",
        data={"email": robin.user["email"], "password": "Correct1horse"},
        headers={"sec-fetch-site": "same-origin"},
    )
    assert reply.status_code == 303, reply.text
    html = (await robin.get("/console/incidents")).text
    robin.csrf = re.findall(r'<meta name="csrf" content="([^"]+)">', html)[0]
    return robin


async def send(browser: Any, path: str, came: str = "/console/incidents", **fields: Any) -> Any:
    headers = {"referer": f"http://test{came}", "host": "test"}
    return await browser.post(f"/console{path}", data={"csrf": browser.csrf, **fields}, headers=headers)


async def opened(browser: Any, title: str = "Shop is down", **fields: Any) -> str:
    """Opened by the form; the path of its page."""
    reply = await send(browser, "/incidents/new", title=title, severity="critical", **fields)
    assert reply.status_code == 303, reply.text
    return reply.headers["location"].removeprefix("/console")


async def test_a_newcomer_reads_when_an_incident_opens(entered: Any) -> None:
    html = (await entered.get("/console/incidents")).text
    assert "No incident is open" in html
    assert "How long it took" not in html


async def test_an_incident_is_worked_on_page_by_page(entered: Any) -> None:
    at = await opened(entered, impact="Nobody can pay")
    assert "#1 Shop is down" in (await entered.get("/console/incidents")).text
    await send(entered, f"{at}/acknowledge")
    await send(entered, f"{at}/tasks", text="Roll back")
    task = re.findall(rf"{at}/tasks/([0-9a-f-]+)/complete", (await entered.get(f"/console{at}")).text)[0]
    await send(entered, f"{at}/tasks/{task}/complete")
    await send(entered, f"{at}/updates", text="Rolled back, we watch", public="yes")
    described = {"title": "Shop was down", "severity": "warning", "impact": "", "responder": "Second pair of eyes"}
    await send(entered, f"{at}/describe", **described)
    await send(entered, f"{at}/resolve")
    html = (await entered.get(f"/console{at}")).text
    for words in ("#1 Shop was down", "Second pair of eyes", "Rolled back, we watch", "Public", "Reopen", "Task done"):
        assert words in html
    assert "Nobody can pay</dd>" not in html
    listed = (await entered.get("/console/incidents?status=resolved")).text
    assert "Shop was down" in listed
    assert "1 incident in 30 days: 1 warning" in listed


async def test_a_post_mortem_begins_with_the_timeline_and_is_kept(entered: Any) -> None:
    at = await opened(entered)
    draft = (await entered.get(f"/console{at}/postmortem")).text
    assert "nothing is saved yet" in draft
    assert "# #1 Shop is down" in draft
    await send(entered, f"{at}/postmortem", text="# Learnt\r\n\r\nRoll back sooner")
    kept = (await entered.get(f"/console{at}/postmortem")).text
    assert "# Learnt\n\nRoll back sooner" in kept
    assert "nothing is saved yet" not in kept
    assert (await send(entered, f"{at}/postmortem", text="x" * 20_001)).status_code == 422


async def test_two_are_merged_by_their_boxes_into_the_oldest(entered: Any) -> None:
    first, second = await opened(entered), await opened(entered, title="Disk")
    alone = await send(entered, "/incidents/merge", id=[second.rsplit("/", 1)[-1]])
    assert alone.headers["location"] == "/console/incidents"
    merged = await send(entered, "/incidents/merge", id=[each.rsplit("/", 1)[-1] for each in (second, first)])
    assert merged.headers["location"] == f"/console{first}"
    html = (await entered.get(f"/console{second}")).text
    assert "Its alerts are in another incident" in html
    assert f'href="/console{first}"' in html


async def test_what_is_wrong_is_said_at_the_form(entered: Any) -> None:
    refused = await send(entered, "/incidents/new", title="", severity="critical", impact="kept")
    assert refused.status_code == 422
    assert "Please fill this in." in refused.text
    assert ">kept</textarea>" in refused.text
    at = await opened(entered)
    await send(entered, f"{at}/tasks", text="x" * 301)
    assert "too long" in (await entered.get(f"/console{at}")).text
    none = await send(entered, f"{at}/split")
    assert none.headers["location"] == f"/console{at}"


async def test_hostile_words_are_shown_as_they_are(entered: Any) -> None:
    at = await opened(entered, title=HOSTILE, impact=HOSTILE)
    await send(entered, f"{at}/tasks", text=HOSTILE)
    await send(entered, f"{at}/updates", text=HOSTILE)
    for path in (at, f"{at}/postmortem", "/incidents", "/incidents?q=%3Cscript"):
        html = (await entered.get(f"/console{path}")).text
        assert "<script>alert" not in html
        assert "<img src=x" not in html


async def test_nobody_sees_anothers(entered: Any, alex: Any) -> None:
    theirs = (await alex.post("/api/incidents", json={"title": "Theirs"})).json()["incident"]["id"]
    assert "Theirs" not in (await entered.get("/console/incidents?status=all")).text
    assert (await entered.get(f"/console/incidents/{theirs}")).status_code == 404
    assert (await entered.get(f"/console/incidents/{theirs}/postmortem")).status_code == 404
    await send(entered, f"/incidents/{theirs}/resolve")
    assert (await alex.get(f"/api/incidents/{theirs}")).json()["incident"]["status"] == "open"


@pytest.mark.parametrize("query", ["status=nonsense", "q=%00", "status=all&cursor="])
async def test_an_odd_query_is_still_a_page(entered: Any, query: str) -> None:
    assert (await entered.get(f"/console/incidents?{query}")).status_code == 200


async def test_an_alert_leads_to_its_incident_and_back(services: Any, entered: Any) -> None:
    alert: AlertView = services.alerter.add_alert(entered.organization_id, name="Down", fingerprint=str(new_id()))
    event = AlertTriggered(organization_id=alert.organization_id, alert_id=alert.id, alert=alert, reason="received")
    async with services.runtime.pool.acquire() as db, db.transaction():
        await store.apply(db, event)
    assert "<dt>Incident</dt>" not in (await entered.get(f"/console/alerts/{alert.id}")).text
    body = {"title": "Shop is down", "alerts": [str(alert.id)]}
    made = (await entered.post("/api/incidents", json=body)).json()["incident"]["id"]
    assert (
        f'<a href="/console/incidents/{made}">#1 Shop is down</a>'
        in (await entered.get(f"/console/alerts/{alert.id}")).text
    )
    assert f'<a href="/console/alerts/{alert.id}">Down</a>' in (await entered.get(f"/console/incidents/{made}")).text
