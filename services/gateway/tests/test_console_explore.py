"""Explore, targets and those who send, through the console's pages and forms."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from monitors_contracts import metrics

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>"""


@pytest_asyncio.fixture(loop_scope="session")
async def entered(robin: Any) -> Any:
    """Somebody signed in, at the API and at the console, with `csrf` for forms."""
    form = {"email": robin.user["email"], "password": "Correct1horse"}
    reply = await robin.post("/console/login", data=form, headers={"sec-fetch-site": "same-origin"})
    assert reply.status_code == 303, reply.text
    robin.csrf = re.findall(r'<meta name="csrf" content="([^"]+)">', (await robin.get("/console/targets")).text)[0]
    return robin


async def send(browser: Any, path: str, came: str = "/console/targets", **fields: Any) -> Any:
    headers = {"referer": f"http://test{came}", "host": "test"}
    return await browser.post(path, data={"csrf": browser.csrf, **fields}, headers=headers)


async def asked_of(services: Any, kind: type[Any], organization_id: Any) -> Any:
    return [
        each for each in services.metrics.asked if isinstance(each, kind) and each.organization_id == organization_id
    ][-1]


async def add_target(browser: Any, **spec: Any) -> str:
    body = {"url": "http://node.example:9100/metrics", "name": "node"} | spec
    reply = await browser.post("/api/targets", json=body)
    assert reply.status_code == 201, reply.text
    return reply.json()["target"]["id"]


# -- explore ----------------------------------------------------------------------------------------------------------


async def test_a_graph_is_asked_for_as_the_address_says(services: Any, entered: Any) -> None:
    query = "metric=up&label=job&match=%3D~&value=a.*&label=&match=%3D&value=&function=percentile&percentile=99&by=job&span=24h"
    html = (await entered.get(f"/console/explore?{query}")).text
    asked = await asked_of(services, metrics.QueryMetrics, entered.organization_id)
    assert asked.selector == 'up{job=~"a.*"}'
    assert (asked.function, asked.percentile, asked.by, asked.step_seconds) == ("percentile", 99, ["job"], 300)
    assert (asked.until - asked.since).days == 1
    assert 'data-chart="/console/explore/graph?metric=up' in html
    assert "<figure" in html
    assert re.search(r'data-label="Latest"[^>]*>1.5<', html)
    assert "http://test/console/explore?metric=up&amp;label=job" in html  # to share


async def test_the_chart_gets_the_same_lines_as_the_page(entered: Any) -> None:
    reply = await entered.get("/console/explore/graph?metric=up")
    assert reply.headers["cache-control"] == "private, no-store"
    found = reply.json()
    assert found["times"] == [0, 60]
    assert found["series"] == [{"label": "up", "values": [1.5, None], "reach": 0}]


async def test_promql_is_evaluated_at_multiples_of_its_step(services: Any, entered: Any) -> None:
    await entered.get("/console/explore?mode=promql&query=up&span=6h")
    asked = await asked_of(services, metrics.QueryProm, entered.organization_id)
    assert asked.step_seconds == 120
    assert asked.since.timestamp() % 120 == 0
    assert asked.until.timestamp() % 120 == 0


@pytest.mark.parametrize("query", ["metric=up&label=a&match=%3D~&value=(", "mode=promql&query=sum("])
async def test_what_can_not_be_asked_is_told_on_the_page(entered: Any, query: str) -> None:
    reply = await entered.get(f"/console/explore?{query}")
    assert reply.status_code == 200
    assert 'role="alert"' in reply.text
    assert "parse error: unclosed" in reply.text
    assert (await entered.get(f"/console/explore/graph?{query}")).status_code == 422


async def test_metrics_are_listed_with_what_is_known_of_them_and_nothing_is_markup(entered: Any) -> None:
    html = (await entered.get("/console/explore", params={"q": HOSTILE})).text
    assert "<script>alert" not in html
    assert "No metric is called so" in html
    html = (
        await entered.get(
            "/console/explore", params={"metric": HOSTILE, "label": HOSTILE, "match": "=", "value": HOSTILE}
        )
    ).text
    assert "<img src=x" not in html


async def test_ways_to_send_have_this_platforms_address(entered: Any) -> None:
    html = (await entered.get("/console/explore/send")).text
    for path in ("/api/metrics", "/api/v1/write", "/v1/metrics"):
        assert f"http://test{path}" in html
    assert html.count("data-copy=") == 4


async def test_without_any_metric_the_first_steps_are_shown(services: Any, entered: Any) -> None:
    services.metrics.unmeasured.add(entered.organization_id)
    assert "Send the first measurement" in (await entered.get("/console/explore")).text


# -- targets ----------------------------------------------------------------------------------------------------------


async def test_a_target_is_added_from_the_form(services: Any, entered: Any) -> None:
    form = {
        "url": "http://node.example:9100/metrics",
        "name": "Rack",
        "interval_seconds": "15",
        "labels": "env=prod\n\nzone = north",
        "headers": "Authorization: Bearer a:b",
    }
    reply = await send(entered, "/console/targets", **form)
    assert reply.status_code == 303, reply.text
    [target] = [view for owner, view in services.scraper.targets.values() if owner == entered.organization_id]
    assert (target.name, target.interval_seconds) == ("Rack", 15)
    assert target.labels == {"env": "prod", "zone": "north"}
    assert target.headers == {"Authorization": "***"}
    html = (await entered.get("/console/targets")).text
    assert "Rack" in html
    assert "Not scraped yet" in html
    assert "Bearer" not in html


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("url", "", "Please fill this in."),
        ("interval_seconds", "1", "This must be at least 5."),
        ("interval_seconds", "soon", "This must be a whole number."),
        ("labels", "no sign", "Write one label a line"),
        ("labels", "__name__=x", "A label"),
        ("headers", "nothing", "Write one header a line"),
        ("headers", "Bad name: x", "header that can be sent"),
        ("name", "x" * 200, "This is too long"),
    ],
)
async def test_what_is_wrong_with_a_target_is_told_at_its_field(
    services: Any, entered: Any, field: str, value: str, words: str
) -> None:
    form = {"url": "http://node.example/metrics", "interval_seconds": "30", "labels": "a=b", field: value}
    reply = await send(entered, "/console/targets", **form)
    assert reply.status_code == 422
    assert words in re.sub(r"<[^>]+>", "", reply.text)
    assert f'id="field-{field}-error"' in reply.text
    assert not [view for owner, view in services.scraper.targets.values() if owner == entered.organization_id]


async def test_a_target_is_changed_paused_and_deleted(services: Any, entered: Any) -> None:
    target = await add_target(entered)
    html = (await entered.get(f"/console/targets/{target}/edit")).text
    assert 'value="http://node.example:9100/metrics"' in html
    changed = await send(entered, f"/console/targets/{target}", url="http://node.example/m", interval_seconds="60")
    assert changed.status_code == 303
    for what in ("pause", "resume"):
        assert (await send(entered, f"/console/targets/{target}/{what}")).status_code == 303
    assert (await send(entered, f"/console/targets/{target}/delete")).status_code == 303
    assert not [view for owner, view in services.scraper.targets.values() if owner == entered.organization_id]


async def test_nobody_sees_or_changes_the_targets_of_others(entered: Any, alex: Any) -> None:
    theirs = await add_target(alex)
    assert theirs not in (await entered.get("/console/targets")).text
    assert (await entered.get(f"/console/targets/{theirs}/edit")).status_code == 404
    refused = await send(entered, f"/console/targets/{theirs}/delete")
    assert refused.status_code == 303  # back to the list, with the problem as a word there
    assert (await alex.get(f"/api/targets/{theirs}")).status_code == 200


# -- those who send ---------------------------------------------------------------------------------------------------


async def written(gateway: SimpleNamespace, browser: Any) -> list[dict[str, Any]]:
    await gateway.app.state.gateway.senders.write()
    reply = await browser.get("/api/metrics/senders")
    assert reply.status_code == 200, reply.text
    return reply.json()["senders"]


async def test_who_sent_is_known_by_token_and_way(gateway: SimpleNamespace, entered: Any, alex: Any) -> None:
    made = (await entered.post("/api/tokens", json={"name": "Cellar", "scopes": ["metrics:write"]})).json()
    token = {"Authorization": f"Bearer {made['token']}"}
    good, bad = {"name": "heat", "value": 21}, {"name": "heat", "value": 1, "timestamp": 1}
    for batch in ([good], [good, bad], [bad]):
        await entered.post("/api/metrics", json={"metrics": batch}, headers=token)
    otlp = {"resourceMetrics": [{"scopeMetrics": [{"metrics": []}]}]}
    assert (await entered.post("/v1/metrics", json=otlp)).status_code == 200
    found = {each["kind"]: each for each in await written(gateway, entered)}
    cellar = found["token"]
    assert (cellar["name"], cellar["way"], cellar["accepted"], cellar["refused"]) == ("Cellar", "json", 2, 2)
    assert cellar["lastRefusal"] == "too-old"
    assert (found["user"]["name"], found["user"]["way"]) == ("Robin", "otlp")
    assert await written(gateway, alex) == []
    html = (await entered.get("/console/targets")).text
    assert "Cellar" in html
    assert "2 refused, last: too-old" in html
    await entered.delete(f"/api/tokens/{made['details']['id']}")
    assert "revoked" in {each["kind"] for each in await written(gateway, entered)}


async def test_what_is_sent_again_is_added_up(gateway: SimpleNamespace, entered: Any) -> None:
    found: list[dict[str, Any]] = []
    for _ in range(3):
        await entered.post("/api/metrics", json={"metrics": [{"name": "heat", "value": 21}]})
        found += await written(gateway, entered)
    assert [each["accepted"] for each in found] == [1, 2, 3]
    sender = found[-1]
    assert sender["firstAt"] < sender["lastAt"]


async def test_what_could_not_be_written_is_kept(
    gateway: SimpleNamespace, entered: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    senders = gateway.app.state.gateway.senders

    async def away(*_: Any) -> None:
        raise ConnectionError

    await entered.post("/api/metrics", json={"metrics": [{"name": "heat", "value": 21}]})
    with monkeypatch.context() as broken:
        broken.setattr("monitors_gateway.store.senders.save", away)
        with pytest.raises(ConnectionError):
            await senders.write()
    await entered.post("/api/metrics", json={"metrics": [{"name": "heat", "value": 21}]})
    [sender] = await written(gateway, entered)
    assert sender["accepted"] == 2


async def test_senders_go_with_their_organization(gateway: SimpleNamespace, entered: Any) -> None:
    await entered.post("/api/metrics", json={"metrics": [{"name": "heat", "value": 21}]})
    await written(gateway, entered)
    gone = await entered.request("DELETE", "/api/auth/me", json={"password": "Correct1horse", "confirm": "delete"})
    assert gone.status_code == 200, gone.text
    await entered.post("/api/metrics", json={"metrics": [{"name": "heat", "value": 21}]})
    pool = gateway.runtime.pool
    left = await pool.fetchval(
        "SELECT count(*) FROM gateway.senders WHERE organization_id = $1", entered.organization_id
    )
    assert left == 0
