"""Filters of alerts that people keep by a name, over the API and in the console's inbox."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import new_id
from monitors_contracts.matchers import match_all, parse_matchers
from monitors_gateway.api.saved_filters import AlertFilter, SavedFilter
from monitors_gateway.console.views.alert_filters import filter_view
from monitors_gateway.console.views.silences import matchers_for_all

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
integration = pytest.mark.integration
session = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def entered(robin: Any) -> Any:
    reply = await robin.post(
        "/console/login",
        data={"email": robin.user["email"], "password": "Correct1horse"},
        headers={"sec-fetch-site": "same-origin"},
    )
    assert reply.status_code == 303, reply.text
    html = (await robin.get("/console/alerts")).text
    robin.csrf = re.findall(r'<meta name="csrf" content="([^"]+)">', html)[0]
    return robin


async def send(browser: Any, path: str, came: str = "/console/alerts", **fields: Any) -> Any:
    headers = {"referer": f"http://test{came}", "host": "test"}
    return await browser.post(path, data={"csrf": browser.csrf, **fields}, headers=headers)


@integration
@session
async def test_filters_are_kept_by_a_name_each_persons_own(robin: Any, alex: Any) -> None:
    query = {"state": "open", "filter": 'host=~"db-.*"', "severity": "critical"}
    made = await robin.post("/api/alert-filters", json={"name": " Databases ", "query": query})
    assert made.status_code == 201, made.text
    again = await robin.post("/api/alert-filters", json={"name": "Databases", "query": {"q": "disk"}})
    assert again.json()["filter"]["id"] == made.json()["filter"]["id"]
    await robin.post("/api/alert-filters", json={"name": "all", "query": {}})
    [first, second] = (await robin.get("/api/alert-filters")).json()["filters"]
    assert (first["name"], second["name"], second["query"]["q"], second["query"]["filter"]) == (
        "all",
        "Databases",
        "disk",
        None,
    )
    assert (await alex.get("/api/alert-filters")).json()["filters"] == []
    gone = await alex.delete(f"/api/alert-filters/{first['id']}")
    assert (gone.status_code, gone.json()["type"]) == (404, "filter-not-found")
    assert (await robin.delete(f"/api/alert-filters/{first['id']}")).status_code == 200
    assert [each["name"] for each in (await robin.get("/api/alert-filters")).json()["filters"]] == ["Databases"]


@integration
@session
@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"name": "", "query": {}}, "invalid-request"),
        ({"name": "x" * 61, "query": {}}, "invalid-request"),
        ({"name": "a", "query": {"filter": "host~x"}}, "invalid-filter"),
        ({"name": "a", "query": {"state": "angry"}}, "invalid-request"),
    ],
)
async def test_what_is_no_filter_is_refused(robin: Any, body: dict[str, Any], why: str) -> None:
    reply = await robin.post("/api/alert-filters", json=body)
    assert (reply.status_code, reply.json()["type"]) == (422, why)


@integration
@session
async def test_only_so_many_are_kept(robin: Any, gateway: Any) -> None:
    await gateway.runtime.pool.executemany(
        "INSERT INTO gateway.saved_filters VALUES ($1, $2, $3, $4, '{}', now())",
        [(new_id(), robin.organization_id, robin.user["id"], str(n)) for n in range(50)],
    )
    beyond = await robin.post("/api/alert-filters", json={"name": "one more", "query": {}})
    assert (beyond.status_code, beyond.json()["type"]) == (409, "filter-limit")
    assert (await robin.post("/api/alert-filters", json={"name": "7", "query": {"q": "a"}})).status_code == 201


@integration
@session
async def test_the_inbox_is_narrowed_by_labels_origin_person_and_what_holds_back(services: Any, entered: Any) -> None:
    first = services.alerter.add_alert(entered.organization_id, name="One", labels={"host": "db-1"}, assignee="Robin")
    second = services.alerter.add_alert(entered.organization_id, name="Two", origin="grafana")
    services.alerter.held[second.id] = "inhibited"

    async def shown(query: str) -> set[str]:
        reply = await entered.get(f"/console/alerts?{query}")
        assert reply.status_code == 200
        return {str(each.id) for each in (first, second) if f'id="alert-{each.id}"' in reply.text}

    assert await shown("filter=host%3D%22db-1%22") == {str(first.id)}
    assert await shown("origin=grafana") == {str(second.id)}
    assert await shown("assignee=Robin") == {str(first.id)}
    assert await shown("held=inhibited") == {str(second.id)}
    assert await shown("held=nonsense") == {str(first.id), str(second.id)}
    wrong = await entered.get("/console/alerts?filter=host~db")
    assert wrong.status_code == 200
    assert 'id="filter-error"' in wrong.text


@integration
@session
async def test_filters_are_kept_shown_and_forgotten_in_the_inbox(entered: Any) -> None:
    came = "/console/alerts?state=open&filter=host%3D%22db-1%22"
    kept = await send(entered, "/console/alerts/filters", came, name="Databases", state="open", filter='host="db-1"')
    assert (kept.status_code, kept.headers["location"]) == (303, came)
    html = (await entered.get(came)).text
    assert 'aria-current="true">Databases</a>' in html
    [forget] = re.findall(r'action="(/console/alerts/filters/[^"]+/delete)"', html)
    assert (await send(entered, forget)).status_code == 303
    assert "Databases</a>" not in (await entered.get(came)).text
    assert (await send(entered, "/console/alerts/filters", name="")).status_code == 303
    assert (await entered.get("/api/alert-filters")).json()["filters"] == []


@integration
@session
async def test_filters_of_what_is_pending_lead_back_to_it(services: Any, entered: Any) -> None:
    services.rules.add_pending(entered.organization_id, labels={"host": "web-1"})
    came = "/console/alerts?state=pending&severity=critical"
    await send(entered, "/console/alerts/filters", came, name="Soon", state="pending", severity="critical")
    html = (await entered.get(came)).text
    assert 'href="/console/alerts?state=pending&amp;severity=critical" aria-current="true">Soon</a>' in html
    assert "CPU busy" in html
    [kept] = (await entered.get("/api/alert-filters")).json()["filters"]
    assert (kept["query"]["state"], kept["query"]["severity"]) == ("pending", "critical")


@integration
@session
async def test_many_are_given_to_somebody_or_silenced(services: Any, entered: Any) -> None:
    alerts = [
        services.alerter.add_alert(entered.organization_id, labels={"host": f"db-{n}", "job": "db"}) for n in (1, 2)
    ]
    ids = [str(each.id) for each in alerts]
    await send(entered, "/console/alerts/change", id=ids, do="assign", assignee="Robin")
    assert {services.alerter.alerts[each.id].assignee for each in alerts} == {"Robin"}
    assert "with Robin" in (await entered.get("/console/alerts")).text
    reply = await send(entered, "/console/alerts/change", id=ids, do="silence")
    assert reply.status_code == 303
    assert reply.headers["location"].startswith("/console/silences/new?matchers=")


def alert(name: str, **labels: str) -> AlertView:
    known = {
        "id": new_id(),
        "organization_id": new_id(),
        "fingerprint": "a",
        "state": AlertState.FIRING,
        "name": name,
        "summary": "",
        "condition": "",
        "started_at": "2026-11-21T12:00:00Z",
        "labels": labels,
    }
    return AlertView.model_validate(known)


def test_matchers_for_many_choose_each_of_them_and_no_other_host() -> None:
    given = [alert("Disk", host="db-1", job="db", rack="a"), alert("Load (5 m)", host="db.2", job="db")]
    text = matchers_for_all(given)
    matchers = parse_matchers(text)
    for each in given:
        assert match_all(matchers, {"alertname": each.name, **each.labels})
    assert "rack" not in text
    assert not match_all(matchers, {"alertname": "Disk", "host": "dbx2", "job": "db"})
    assert parse_matchers(matchers_for_all([given[0]])) == parse_matchers(
        'alertname="Disk", host="db-1", job="db", rack="a"'
    )


def test_the_filters_that_are_shown_are_marked_as_such() -> None:
    saved = SavedFilter(id=new_id(), name="Mine", query=AlertFilter(state="open", assignee="Robin"), saved_at=NOW)
    view = filter_view("open", {"assignee": "Robin", "q": "", "monitor": "x"}, "", [saved], "/console")
    assert [(each.is_current, each.link.href) for each in view.saved] == [
        (True, "/console/alerts?state=open&assignee=Robin")
    ]
    assert view.is_open
    assert not filter_view("open", {"q": "disk"}, "", [], "/console").is_open
