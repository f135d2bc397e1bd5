"""The alert's page says why somebody was told, or was not; an alert is given to somebody from it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from monitors_contracts.base import new_id
from monitors_contracts.decisions import AlertDecision
from monitors_gateway.api.explanations import Explanation, TraceLine
from monitors_gateway.console.formats import Formats
from monitors_gateway.console.views.why import why_view

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


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


async def send(browser: Any, path: str, **fields: Any) -> Any:
    headers = {"referer": "http://test/console/alerts", "host": "test"}
    return await browser.post(path, data={"csrf": browser.csrf, **fields}, headers=headers)


def line(**parts: Any) -> TraceLine:
    known: dict[str, Any] = {
        "at": NOW,
        "kind": "decision",
        "word": "silenced",
        "text": "A silence holds it back.",
        "more": [],
        "ok": False,
        "until": None,
        "channel_id": None,
        "channel": "",
        "user_id": None,
        "user_name": None,
        "message_id": None,
    }
    return TraceLine.model_validate(known | parts)


def explained(*trace: TraceLine, **parts: Any) -> Explanation:
    alert = {
        "id": new_id(),
        "organization_id": new_id(),
        "fingerprint": "a",
        "state": "firing",
        "name": "Disk",
        "summary": "",
        "condition": "",
        "started_at": NOW,
    }
    known: dict[str, Any] = {
        "alert": alert,
        "answer": "Nobody was told so far.",
        "trace": list(trace),
        "decided": sum(each.kind == "decision" for each in trace),
        "labels": {"host": "db-1"},
        "groups": [],
        "held_by": [],
        "destinations": [],
        "rule": None,
        "unavailable": [],
    }
    return Explanation.model_validate(known | parts)


def test_each_kind_of_line_has_its_tone_and_says_until_when() -> None:
    until = NOW + timedelta(hours=1)
    channel = new_id()
    view = why_view(
        explained(
            line(kind="alert", ok=True, user_name="Robin"),
            line(until=until, more=["silenced by Robin: moving"]),
            line(kind="message", more=["http-410"], channel="Mail", channel_id=channel),
            line(kind="message", ok=True),
        ),
        "/console",
        Formats(NOW),
    )
    assert [moment.tone for moment in view.moments] == ["neutral", "warn", "bad", "good"]
    assert view.moments[1].words == "silenced by Robin: moving\nuntil 21 Nov 2026, 13:00:00 UTC"
    assert (view.moments[2].by, view.moments[2].href) == ("Mail", f"/console/channels/{channel}")
    assert "410" in view.moments[2].words
    assert (view.is_told, view.more) == (False, "")


@pytest.mark.parametrize(("state", "told"), [("sent", True), ("opened", True), ("pending", False), ("failed", False)])
def test_only_a_message_that_was_taken_marks_the_alert_as_told(state: str, told: bool) -> None:
    decided = line(word="told", ok=True)
    view = why_view(explained(decided, line(kind="message", word=state)), "/console", Formats(NOW))
    assert view.is_told is told


def test_of_very_many_decisions_it_says_how_many_there_are() -> None:
    view = why_view(explained(line(), decided=1200), "/console", Formats(NOW))
    assert view.more == "The newest 1 of 1,200 decisions."


def test_how_it_stands_now_names_route_clock_and_labels() -> None:
    leads = {
        "path": ["root", "db"],
        "channels": [str(new_id())],
        "policyId": str(new_id()),
        "groupBy": [],
        "groupWait": 0,
        "groupInterval": 0,
        "repeatInterval": 0,
    }
    view = why_view(
        explained(destinations=[leads], rule={"firesAfter": 300, "endsAfter": 60}), "/console", Formats(NOW)
    )
    assert view.now == (
        ("Route", "root / db: 1 channel and an escalation policy"),
        ("The rule's clocks", "fires after 5 minutes, is over after 60 seconds back to normal"),
        ("Labels", "host=db-1"),
    )


@pytest.mark.integration
@pytest.mark.asyncio(loop_scope="session")
async def test_the_page_explains_and_escapes(services: Any, entered: Any) -> None:
    alert = services.alerter.add_alert(entered.organization_id)
    services.alerter.decisions[alert.id] = [
        AlertDecision(at=alert.started_at, word="silenced", held_words="silenced by <b>Robin</b>")
    ]
    html = (await entered.get(f"/console/alerts/{alert.id}")).text
    assert "Why was I told, or not?" in html
    assert "Nobody was told so far. A silence holds it back." in html
    assert "<b>Robin</b>" not in html


@pytest.mark.integration
@pytest.mark.asyncio(loop_scope="session")
async def test_an_alert_is_given_to_somebody_and_taken_back(services: Any, entered: Any, alex: Any) -> None:
    alert = services.alerter.add_alert(entered.organization_id)
    reply = await send(entered, f"/console/alerts/{alert.id}/assign", assignee=" Alex ")
    assert reply.status_code == 303
    assert services.alerter.alerts[alert.id].assignee == "Alex"
    assert 'value="Alex"' in (await entered.get(f"/console/alerts/{alert.id}")).text
    await send(entered, f"/console/alerts/{alert.id}/assign", assignee="")
    assert services.alerter.alerts[alert.id].assignee is None
    theirs = services.alerter.add_alert(alex.organization_id)
    await send(entered, f"/console/alerts/{theirs.id}/assign", assignee="Robin")
    assert services.alerter.alerts[theirs.id].assignee is None
