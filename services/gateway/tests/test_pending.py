"""What is pending: over the API, in the inbox, and as the answer to why somebody was not told."""

import re
from typing import Any

import pytest

from monitors_contracts.base import new_id
from monitors_contracts.pending import PendingAlert

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]


async def enter(browser: Any) -> Any:
    """Sign in at the console too."""
    login = {"email": browser.user["email"], "password": "Correct1horse"}
    reply = await browser.post("/console/login", data=login, headers={"sec-fetch-site": "same-origin"})
    assert reply.status_code == 303, reply.text
    return browser


async def test_what_is_pending_is_told_narrowed_and_counted(services: Any, robin: Any, alex: Any) -> None:
    first = services.rules.add_pending(robin.organization_id)
    second = services.rules.add_pending(
        robin.organization_id, name="Disk full", severity="warning", labels={"host": "db-1"}
    )
    services.rules.add_pending(alex.organization_id)

    async def told(**params: Any) -> tuple[list[str], int]:
        reply = await robin.get("/api/alerts/pending", params=params)
        assert reply.status_code == 200, reply.text
        return [each["fingerprint"] for each in reply.json()["alerts"]], reply.json()["total"]

    assert await told() == ([first.fingerprint, second.fingerprint], 2)
    assert await told(limit=1) == ([first.fingerprint], 2)
    assert await told(severity="warning") == ([second.fingerprint], 1)
    assert await told(q="disk") == ([second.fingerprint], 1)
    assert await told(filter='host=~"web-.*", alertname="CPU busy"') == ([first.fingerprint], 1)
    assert await told(ruleId=str(second.rule_id)) == ([second.fingerprint], 1)
    [shown] = (await robin.get("/api/alerts/pending", params={"limit": 1})).json()["alerts"]
    assert PendingAlert.model_validate(shown) == first


@pytest.mark.parametrize(
    ("params", "kind"), [({"filter": "host"}, "invalid-filter"), ({"limit": 501}, "invalid-request")]
)
async def test_what_makes_no_sense_is_refused(robin: Any, params: dict[str, Any], kind: str) -> None:
    reply = await robin.get("/api/alerts/pending", params=params)
    assert (reply.status_code, reply.json()["type"]) == (422, kind)


async def test_why_nobody_was_told_is_answered_with_the_clock_of_what_is_pending(services: Any, robin: Any) -> None:
    host = f"web-{new_id()}"
    ahead = services.rules.add_pending(robin.organization_id, labels={"host": host})
    services.rules.add_pending(robin.organization_id)
    asked = {"filter": f'host="{host}"'}
    found = (await robin.get("/api/alerts/explain", params=asked)).json()
    fires = f"{ahead.fires_at:%Y-%m-%d %H:%M:%S} UTC"
    assert found["answer"].startswith("Pending: CPU busy holds since ")
    assert f"fires at {fires} if it goes on (cpu > 95 for 5m)." in found["answer"]
    assert [each["fingerprint"] for each in found["pending"]] == [ahead.fingerprint]
    assert (found["explanation"], found["unavailable"]) == (None, [])
    services.alerter.add_alert(robin.organization_id, labels={"host": host}, state="resolved")
    found = (await robin.get("/api/alerts/explain", params=asked)).json()
    assert found["answer"].startswith("Pending: ")
    assert "The newest alert with these labels: Nothing was decided" in found["answer"]


async def test_another_organizations_pending_alerts_explain_nothing(services: Any, robin: Any, alex: Any) -> None:
    host = f"web-{new_id()}"
    services.rules.add_pending(alex.organization_id, labels={"host": host})
    found = (await robin.get("/api/alerts/explain", params={"filter": f'host="{host}"'})).json()
    assert found["pending"] == []
    assert found["answer"].startswith("No alert with these labels")


async def test_the_inbox_counts_what_is_pending_and_has_a_tab_of_it(services: Any, robin: Any) -> None:
    await enter(robin)
    services.alerter.add_alert(robin.organization_id, name="Firing one")
    rule = services.rules.add_pending(robin.organization_id, name="<b>Busy</b>").rule_id
    services.rules.add_pending(robin.organization_id, name="Quiet", severity="warning")
    html = (await robin.get("/console/alerts")).text
    assert re.findall(r'class="tab-count">(\d+)<', html) == ["1", "2", "0", "0", "1"]
    assert "Quiet" not in html
    html = (await robin.get("/console/alerts?state=pending")).text
    assert "&lt;b&gt;Busy&lt;/b&gt;" in html
    assert f'href="/console/rules/{rule}"' in html
    assert "Firing one" not in html
    assert 'id="bulk"' not in html
    assert "Quiet" not in (await robin.get("/console/alerts?state=pending&severity=critical")).text
    given = (await robin.get("/console/alerts?state=pending&assignee=Robin")).text
    assert "No alert matches" in given
