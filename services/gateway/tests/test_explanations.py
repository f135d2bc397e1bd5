"""Why somebody was told, or not, over the API; lists narrowed by labels; alerts given to people."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitors_contracts.base import new_id
from monitors_contracts.decisions import AlertDecision

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]


async def test_an_alert_is_explained_with_names_and_messages(services: Any, robin: Any) -> None:
    alert = services.alerter.add_alert(robin.organization_id, started_at=datetime.now(UTC) - timedelta(minutes=5))
    channel = new_id()
    services.alerter.decisions[alert.id] = [
        AlertDecision(at=alert.started_at, word="told", channel_id=channel, channel="Chat", route="root")
    ]
    sent = services.notifier.add_notification(
        robin.organization_id,
        alert_id=alert.id,
        channel_id=channel,
        channel_name="Chat",
        sent_at=alert.started_at + timedelta(seconds=1),
    )
    reply = await robin.get(f"/api/alerts/{alert.id}/explain")
    assert reply.status_code == 200, reply.text
    found = reply.json()
    assert found["answer"] == "Told: Chat."
    assert [(line["kind"], line["word"], line["channelId"], line["messageId"]) for line in found["trace"]] == [
        ("alert", "condition-became-true", None, None),
        ("decision", "told", str(channel), None),
        ("message", "sent", str(channel), str(sent.id)),
    ]
    assert (found["unavailable"], found["rule"]) == ([], None)


async def test_a_channel_that_takes_nothing_was_not_told(services: Any, robin: Any) -> None:
    alert = services.alerter.add_alert(robin.organization_id)
    channel = new_id()
    decided = AlertDecision(at=alert.started_at, word="told", channel_id=channel, channel="Chat")
    services.alerter.decisions[alert.id] = [decided]
    services.notifier.add_notification(
        robin.organization_id,
        alert_id=alert.id,
        channel_id=channel,
        channel_name="Chat",
        state="pending",
        error="http-503",
        next_attempt_at=datetime(2026, 11, 21, 12, tzinfo=UTC),
    )
    found = (await robin.get(f"/api/alerts/{alert.id}/explain")).json()
    assert found["answer"] == (
        "Nobody was told so far: Chat did not take it (http-503); it is tried again at 2026-11-21 12:00:00 UTC."
    )
    assert found["trace"][1]["text"] == "It was decided to tell the channel that it fires."


async def test_another_organizations_alert_is_not_explained(services: Any, robin: Any, alex: Any) -> None:
    alert = services.alerter.add_alert(alex.organization_id)
    reply = await robin.get(f"/api/alerts/{alert.id}/explain")
    assert (reply.status_code, reply.json()["type"]) == (404, "alert-not-found")


async def test_by_labels_the_newest_alert_is_explained_and_others_are_named(services: Any, robin: Any) -> None:
    host = f"db-{new_id()}"
    older = services.alerter.add_alert(robin.organization_id, labels={"host": host})
    newest = services.alerter.add_alert(robin.organization_id, labels={"host": host})
    services.alerter.decisions[newest.id] = [AlertDecision(at=newest.started_at, word="no-channel")]
    found = (await robin.get("/api/alerts/explain", params={"filter": f'host="{host}"'})).json()
    assert found["explanation"]["alert"]["id"] == str(newest.id)
    assert found["answer"].startswith("Nobody was told so far. The route leads to no channel")
    assert [each["id"] for each in found["others"]] == [str(older.id)]


async def test_by_labels_of_nothing_that_fired_it_says_where_it_would_go(robin: Any) -> None:
    found = (await robin.get("/api/alerts/explain", params={"filter": 'host="nowhere"'})).json()
    assert (found["explanation"], found["others"]) == (None, [])
    assert found["answer"].startswith("No alert with these labels")
    assert [each["path"] for each in found["destinations"]] == [["root"]]


@pytest.mark.parametrize("text", ['host=~"("', "host", ""])
async def test_a_filter_that_is_none_is_refused(robin: Any, text: str) -> None:
    reply = await robin.get("/api/alerts/explain", params={"filter": text})
    assert (reply.status_code, reply.json()["type"]) == (422, "invalid-filter")


async def test_lists_are_narrowed_by_labels_origin_assignee_and_what_holds_back(services: Any, robin: Any) -> None:
    first = services.alerter.add_alert(
        robin.organization_id, labels={"host": "db-1"}, origin="grafana", assignee="Robin"
    )
    second = services.alerter.add_alert(robin.organization_id, labels={"host": "web-1"}, severity="critical")
    services.alerter.held[second.id] = "silenced"

    async def listed(**params: Any) -> set[str]:
        reply = await robin.get("/api/alerts", params=params)
        assert reply.status_code == 200, reply.text
        return {each["id"] for each in reply.json()["alerts"]}

    assert await listed(filter='host=~"db-.*"') == {str(first.id)}
    assert await listed(filter=['host=~".*-1"', 'severity="critical"']) == {str(second.id)}
    assert await listed(origin="grafana") == {str(first.id)}
    assert await listed(assignee="Robin") == {str(first.id)}
    assert await listed(held=["silenced", "maintenance"]) == {str(second.id)}
    assert (await robin.get("/api/alerts")).json()["held"] == {str(second.id): "silenced"}
    refused = await robin.get("/api/alerts", params={"filter": "host~db"})
    assert (refused.status_code, refused.json()["type"]) == (422, "invalid-filter")


async def test_alerts_are_given_to_somebody_each_with_its_own_outcome(
    services: Any, robin: Any, alex: Any, gateway: Any
) -> None:
    mine, foreign = services.alerter.add_alert(robin.organization_id), services.alerter.add_alert(alex.organization_id)
    body = {"ids": [str(mine.id), str(foreign.id)], "assignee": "Robin"}
    reply = await robin.post("/api/alerts/assign", json=body)
    assert reply.status_code == 200, reply.text
    assert [(each["id"], each["assignee"]) for each in reply.json()["alerts"]] == [(str(mine.id), "Robin")]
    assert [each["problem"]["type"] for each in reply.json()["refused"]] == ["alert-not-found"]
    assert services.alerter.alerts[foreign.id].assignee is None
    query = "SELECT target FROM gateway.audit_log WHERE user_id = $1 AND what = 'alert.assign'"
    audited = await gateway.runtime.pool.fetch(query, robin.user["id"])
    assert [row["target"] for row in audited] == [str(mine.id)]
    nobody = await robin.post("/api/alerts/assign", json={"ids": [str(mine.id)], "assignee": None})
    assert nobody.json()["alerts"][0]["assignee"] is None
    empty = await robin.post("/api/alerts/assign", json={"ids": [str(mine.id)], "assignee": "  "})
    assert empty.status_code == 422
