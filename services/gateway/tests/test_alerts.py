"""Alerts and deliveries over the API: filters, timelines, bulk changes, messages of the outbox."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from monitors_contracts.base import new_id
from monitors_contracts.notifications import NotificationView

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]


async def test_alerts_are_narrowed_and_counted_by_state(services: Any, robin: Any) -> None:
    firing = services.alerter.add_alert(robin.organization_id, name="Firing", severity="critical")
    taken = services.alerter.add_alert(robin.organization_id, name="Taken", state="acknowledged")
    ended = services.alerter.add_alert(robin.organization_id, name="Ended", state="resolved")

    async def listed(**params: Any) -> tuple[set[str], dict[str, int]]:
        reply = await robin.get("/api/alerts", params=params)
        assert reply.status_code == 200, reply.text
        return {each["id"] for each in reply.json()["alerts"]}, reply.json()["counts"]

    counts = {"firing": 1, "acknowledged": 1, "resolved": 1}
    assert await listed(state="open") == ({str(firing.id), str(taken.id)}, counts)
    assert await listed(state=["firing", "resolved"]) == ({str(firing.id), str(ended.id)}, counts)
    assert await listed(severity="critical") == ({str(firing.id)}, {"firing": 1})
    assert await listed(q="taken") == ({str(taken.id)}, {"acknowledged": 1})
    refused = await robin.get("/api/alerts", params={"state": "lost"})
    assert (refused.status_code, refused.json()["type"]) == (422, "invalid-request")


async def test_a_timeline_names_who_did_what_and_holds_the_messages(services: Any, robin: Any) -> None:
    alert = services.alerter.add_alert(robin.organization_id, started_at=datetime.now(UTC) - timedelta(minutes=5))
    sent: NotificationView = services.notifier.add_notification(
        robin.organization_id, alert_id=alert.id, sent_at=alert.started_at + timedelta(seconds=1)
    )
    services.notifier.add_notification(robin.organization_id, alert_id=new_id())
    await robin.post(f"/api/alerts/{alert.id}/acknowledge", json={"note": "on it"})
    said = await robin.post(f"/api/alerts/{alert.id}/comments", json={"text": " looks real "})
    assert said.status_code == 201
    reply = (await robin.get(f"/api/alerts/{alert.id}/timeline")).json()
    assert [(each["kind"], each["userName"], each["why"], each["note"]) for each in reply["entries"]] == [
        ("opened", None, "The condition became true.", None),
        ("notified", None, None, None),
        ("acknowledged", "Robin", "Somebody did this by hand.", "on it"),
        ("commented", "Robin", None, "looks real"),
    ]
    assert reply["entries"][1]["notification"]["id"] == str(sent.id)
    assert reply["entries"][3] == said.json()["entry"]
    assert (reply["total"], reply["unavailable"], reply["alert"]["state"]) == (3, [], "acknowledged")


async def test_somebody_of_another_organization_has_no_name_in_a_timeline(services: Any, robin: Any, alex: Any) -> None:
    alert = services.alerter.add_alert(robin.organization_id)
    opened = services.alerter.steps[alert.id][0]
    services.alerter.steps[alert.id].append(opened.model_copy(update={"key": "2", "user_id": UUID(alex.user["id"])}))
    reply = (await robin.get(f"/api/alerts/{alert.id}/timeline")).json()
    assert [each["userName"] for each in reply["entries"]] == [None, None]


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001])
async def test_a_comment_without_words_or_too_long_is_refused(services: Any, robin: Any, text: str) -> None:
    alert = services.alerter.add_alert(robin.organization_id)
    reply = await robin.post(f"/api/alerts/{alert.id}/comments", json={"text": text})
    assert (reply.status_code, reply.json()["type"]) == (422, "invalid-request")


async def test_a_comment_sent_twice_under_one_key_is_said_once(services: Any, robin: Any) -> None:
    alert = services.alerter.add_alert(robin.organization_id)
    for _ in range(2):
        headers = {"Idempotency-Key": f"say-{alert.id}"}
        reply = await robin.post(f"/api/alerts/{alert.id}/comments", json={"text": "hello"}, headers=headers)
        assert reply.status_code == 201
    assert [step.kind for step in services.alerter.steps[alert.id]] == ["opened", "commented"]


@pytest.mark.parametrize(("action", "state"), [("acknowledge", "acknowledged"), ("resolve", "resolved")])
async def test_many_are_changed_at_once_each_with_its_own_outcome(
    services: Any, robin: Any, alex: Any, gateway: Any, action: str, state: str
) -> None:
    mine = [services.alerter.add_alert(robin.organization_id) for _ in range(3)]
    foreign = services.alerter.add_alert(alex.organization_id)
    ids = [str(each.id) for each in (*mine, foreign)]
    reply = await robin.post(f"/api/alerts/{action}", json={"ids": ids, "note": "all of them"})
    assert reply.status_code == 200
    assert [(each["id"], each["state"], each["note"]) for each in reply.json()["alerts"]] == [
        (identifier, state, "all of them") for identifier in ids[:3]
    ]
    [refused] = reply.json()["refused"]
    assert (refused["alertId"], refused["problem"]["type"]) == (ids[3], "alert-not-found")
    assert services.alerter.alerts[foreign.id].state == "firing"
    query = "SELECT target FROM gateway.audit_log WHERE user_id = $1 AND what = $2"
    audited = await gateway.runtime.pool.fetch(query, robin.user["id"], f"alert.{action}")
    assert sorted(row["target"] for row in audited) == sorted(ids[:3])


async def test_when_none_of_many_can_be_changed_then_that_is_a_problem(services: Any, robin: Any) -> None:
    ended = services.alerter.add_alert(robin.organization_id, state="resolved")
    reply = await robin.post("/api/alerts/acknowledge", json={"ids": [str(ended.id)]})
    assert (reply.status_code, reply.json()["type"]) == (409, "alert-already-resolved")
    assert reply.json()["refused"][0]["alertId"] == str(ended.id)
    nobody = await robin.post("/api/alerts/resolve", json={"ids": []})
    assert nobody.status_code == 422


async def test_deliveries_are_found_by_channel_and_state_and_tried_again(services: Any, robin: Any) -> None:
    channel = new_id()
    failed = services.notifier.add_notification(
        robin.organization_id, channel_id=channel, state="failed", error="http-410"
    )
    services.notifier.add_notification(robin.organization_id, channel_id=channel)
    services.notifier.add_notification(robin.organization_id, state="failed")
    params = {"channelId": str(channel), "state": "failed"}
    [found] = (await robin.get("/api/notifications", params=params)).json()["notifications"]
    assert (found["id"], found["error"]) == (str(failed.id), "http-410")
    assert (await robin.get(f"/api/notifications/{failed.id}")).json() == found
    retried = await robin.post(f"/api/notifications/{failed.id}/retry")
    assert (retried.status_code, retried.json()["notification"]["state"]) == (200, "pending")
    again = await robin.post(f"/api/notifications/{failed.id}/retry")
    assert (again.status_code, again.json()["type"]) == (409, "notification-not-failed")


async def test_a_message_of_the_outbox_comes_whole(services: Any, robin: Any) -> None:
    mail = services.notifier.add_mail(robin.organization_id)
    reply = (await robin.get(f"/api/outbox/{mail.id}")).json()
    assert (reply["subject"], reply["text"], reply["html"]) == (mail.subject, mail.text, mail.html)
