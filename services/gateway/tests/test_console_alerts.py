"""The console's inbox of alerts, through its forms."""

import re
from typing import Any

import pytest
import pytest_asyncio

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
    html = (await robin.get("/console/alerts")).text
    robin.csrf = re.findall(r'<meta name="csrf" content="([^"]+)">', html)[0]
    return robin


async def send(browser: Any, path: str, came: str = "/console/alerts", **fields: Any) -> Any:
    headers = {"referer": f"http://test{came}", "host": "test"}
    return await browser.post(path, data={"csrf": browser.csrf, **fields}, headers=headers)


async def test_the_inbox_shows_open_alerts_and_counts_the_others(services: Any, entered: Any) -> None:
    assert "Nothing is wrong" in (await entered.get("/console/alerts")).text
    services.alerter.add_alert(entered.organization_id, name="Firing one")
    services.alerter.add_alert(entered.organization_id, name="Taken one", state="acknowledged")
    services.alerter.add_alert(entered.organization_id, name="Past one", state="resolved")
    html = (await entered.get("/console/alerts")).text
    assert "Firing one" in html
    assert "Taken one" in html
    assert "Past one" not in html
    assert re.findall(r'class="tab-count">(\d+)<', html) == ["2", "0", "1", "1", "3"]
    past = (await entered.get("/console/alerts?state=resolved")).text
    assert "Past one" in past
    assert "Firing one" not in past


async def test_nobody_sees_anothers_alerts(services: Any, entered: Any, alex: Any) -> None:
    theirs = services.alerter.add_alert(alex.organization_id, name="Theirs")
    assert "Theirs" not in (await entered.get("/console/alerts?state=all")).text
    assert (await entered.get(f"/console/alerts/{theirs.id}")).status_code == 404
    refused = await send(entered, f"/console/alerts/{theirs.id}/resolve")
    assert refused.status_code == 303
    assert services.alerter.alerts[theirs.id].state == "firing"


@pytest.mark.parametrize(
    "query", ["state=nonsense", "severity=awful", "monitor=nonsense", "q=%00", "state=all&cursor="]
)
async def test_an_odd_query_is_still_a_page(entered: Any, query: str) -> None:
    assert (await entered.get(f"/console/alerts?{query}")).status_code == 200


async def test_one_alert_is_taken_and_ended_from_the_inbox(services: Any, entered: Any) -> None:
    alert = services.alerter.add_alert(entered.organization_id)
    reply = await send(entered, f"/console/alerts/{alert.id}/acknowledge", came="/console/alerts?q=kettle")
    assert (reply.status_code, reply.headers["location"]) == (303, "/console/alerts?q=kettle")
    assert services.alerter.alerts[alert.id].state == "acknowledged"
    assert "Acknowledged. It is yours now." in (await entered.get("/console/alerts")).text
    await send(entered, f"/console/alerts/{alert.id}/resolve")
    assert services.alerter.alerts[alert.id].state == "resolved"


async def test_many_are_ended_with_one_note(services: Any, entered: Any) -> None:
    first, second, third = (services.alerter.add_alert(entered.organization_id) for _ in range(3))
    chosen: dict[str, Any] = {"id": [str(first.id), str(second.id)], "do": "resolve", "note": "all repaired"}
    reply = await send(entered, "/console/alerts/change", **chosen)
    assert reply.status_code == 303
    states = [services.alerter.alerts[each.id].state.value for each in (first, second, third)]
    assert states == ["resolved", "resolved", "firing"]
    assert services.alerter.alerts[first.id].note == "all repaired"
    assert "2 alerts resolved." in (await entered.get("/console/alerts")).text


async def test_what_can_not_be_changed_is_said_and_the_rest_goes_on(services: Any, entered: Any) -> None:
    firing = services.alerter.add_alert(entered.organization_id)
    over = services.alerter.add_alert(entered.organization_id, state="resolved")
    await send(entered, "/console/alerts/change", id=[str(firing.id), str(over.id), "x"], do="acknowledge")
    assert services.alerter.alerts[firing.id].state == "acknowledged"
    html = (await entered.get("/console/alerts")).text
    assert "1 alert acknowledged. 1 stayed as they were: alert is resolved." in html


async def test_choosing_nothing_says_what_to_do(entered: Any) -> None:
    await send(entered, "/console/alerts/change", do="resolve")
    assert "Select the alerts first" in (await entered.get("/console/alerts")).text


async def test_an_alert_tells_its_story_with_messages_and_comments(services: Any, entered: Any) -> None:
    alert = services.alerter.add_alert(entered.organization_id, value=47.5, unit="USD")
    services.notifier.add_notification(entered.organization_id, alert_id=alert.id, state="failed", error="http-410")
    here = f"/console/alerts/{alert.id}"
    reply = await send(entered, f"{here}/note", came=here, text="looks\nreal", do="comment")
    assert (reply.status_code, reply.headers["location"]) == (303, here)
    html = (await entered.get(here)).text
    for words in ("$47.50", "The condition became true.", "The receiver answered 410 Gone.", "looks\nreal", "Robin"):
        assert words in html
    assert services.alerter.steps[alert.id][-1].note == "looks\nreal"


async def test_the_note_of_an_end_is_written_where_one_comments(services: Any, entered: Any) -> None:
    alert = services.alerter.add_alert(entered.organization_id)
    here = f"/console/alerts/{alert.id}"
    await send(entered, f"{here}/note", came=here, text="on it", do="acknowledge")
    assert (services.alerter.alerts[alert.id].state, services.alerter.alerts[alert.id].note) == (
        "acknowledged",
        "on it",
    )
    await send(entered, f"{here}/note", came=here, text="", do="resolve")
    assert services.alerter.alerts[alert.id].state == "resolved"


@pytest.mark.parametrize(("text", "words"), [("", "Please fill this in."), ("x" * 2001, "too long")])
async def test_a_comment_that_can_not_be_kept_is_shown_again_with_the_reason(
    services: Any, entered: Any, text: str, words: str
) -> None:
    alert = services.alerter.add_alert(entered.organization_id)
    reply = await send(entered, f"/console/alerts/{alert.id}/note", text=text, do="comment")
    assert reply.status_code == 422
    assert words in reply.text
    assert text in reply.text
    assert len(services.alerter.steps[alert.id]) == 1


async def test_names_values_and_comments_from_outside_stay_text(services: Any, entered: Any) -> None:
    alert = services.alerter.add_alert(
        entered.organization_id,
        name=HOSTILE,
        summary=HOSTILE,
        condition=HOSTILE,
        value=HOSTILE,
        unit=HOSTILE,
        url="javascript:alert(1)",
        evidence={"quote": HOSTILE, "method": HOSTILE, "locator": HOSTILE, "url": "javascript:alert(1)"},
    )
    services.notifier.add_notification(
        entered.organization_id, alert_id=alert.id, channel_name=HOSTILE, state="failed", error=HOSTILE
    )
    await send(entered, f"/console/alerts/{alert.id}/note", text=HOSTILE, do="comment")
    for path in (f"/console/alerts/{alert.id}", "/console/alerts", "/console/notifications"):
        html = (await entered.get(path)).text
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "{{7*7}}" in html
        assert not re.search(r"href=[\"']?javascript:", html)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


async def test_forms_need_their_token(services: Any, entered: Any) -> None:
    alert = services.alerter.add_alert(entered.organization_id)
    entered.csrf = "made-up"
    for path in (f"{alert.id}/resolve", f"{alert.id}/note", "change"):
        await send(entered, f"/console/alerts/{path}", id=str(alert.id), do="resolve", text="x")
    assert services.alerter.alerts[alert.id].state == "firing"
    assert len(services.alerter.steps[alert.id]) == 1


async def test_an_alert_that_is_not_there_says_so(entered: Any) -> None:
    reply = await entered.get(f"/console/alerts/{new_id()}")
    assert reply.status_code == 404
    assert "data-signed-in" in reply.text
