"""Questions about measurements on their way through the gateway: checked, handed on, answered in the form asked for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from monitors_contracts import metrics
from monitors_gateway.api.metrics_query import round_step
from monitors_gateway.api.prometheus import BadData, moment, seconds

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]


async def test_a_graph_is_of_the_last_hour_unless_times_are_said(services: Any, robin: Any) -> None:
    reply = await robin.get("/api/metrics/query", params={"selector": "up"})
    assert reply.json()["series"] == [{"name": "up", "labels": {"job": "api"}, "values": [1.5, None]}]
    asked = services.metrics.asked[-1]
    assert (asked.organization_id, asked.function, asked.by) == (robin.organization_id, "avg", None)
    assert (asked.until - asked.since, asked.step_seconds) == (timedelta(hours=1), 15)
    assert abs(datetime.now(UTC) - asked.until) < timedelta(minutes=1)


async def test_a_graph_is_asked_for_as_it_was_said(services: Any, robin: Any) -> None:
    said = {
        "selector": "up",
        "function": "percentile",
        "percentile": "50",
        "step": "60",
        "since": "2026-11-20T10:00:00Z",
    }
    await robin.get("/api/metrics/query", params=[*said.items(), ("by", "job"), ("by", "instance")])
    asked = services.metrics.asked[-1]
    assert (asked.function, asked.percentile, asked.by, asked.step_seconds) == (
        "percentile",
        50,
        ["job", "instance"],
        60,
    )
    assert asked.since == datetime(2026, 11, 20, 10, tzinfo=UTC)
    await robin.get("/api/metrics/query", params=[("selector", "up"), ("by", "")])
    assert services.metrics.asked[-1].by == []


async def test_what_is_wrong_is_a_problem(robin: Any) -> None:
    for parameters, status, kind in (
        ({}, 422, "invalid-request"),
        ({"selector": "up", "function": "mode"}, 422, "invalid-request"),
        ({"selector": "up", "step": "0"}, 422, "invalid-request"),
        ({"selector": "up", "until": "0001-01-01T00:01:01Z"}, 422, "invalid-request"),
        ({"selector": "up", "since": "9999-12-31T23:59:59-23:00"}, 422, "invalid-request"),
        ({"selector": "sum("}, 422, "invalid-query"),
    ):
        reply = await robin.get("/api/metrics/query", params=parameters)
        assert (reply.status_code, reply.json()["type"]) == (status, kind)


async def test_series_labels_descriptions_and_usage(services: Any, robin: Any) -> None:
    series = await robin.get("/api/metrics/series", params={"match": ["up", "down"]})
    assert series.json() == {"series": [{"name": "up", "labels": {"job": "api"}}], "more": False}
    assert services.metrics.asked[-1].selectors == ["up", "down"]
    assert (await robin.get("/api/metrics/labels")).json()["names"] == ["__name__", "job"]
    values = await robin.get("/api/metrics/labels/job/values", params={"match": "up", "since": "2026-11-20T10:00:00Z"})
    assert values.json()["names"] == ["api"]
    assert (services.metrics.asked[-1].label, services.metrics.asked[-1].selectors) == ("job", ["up"])
    assert (await robin.get("/api/metrics/labels/a%2Fb/values")).status_code == 200
    assert services.metrics.asked[-1].label == "a/b"
    described = (await robin.get("/api/metrics/descriptions")).json()["metrics"]
    assert described == {"up": {"type": "gauge", "unit": "", "help": "Whether it is up."}}
    assert (await robin.get("/api/metrics/usage")).json() == {"used": 1, "limit": 10, "refusedSamples": {"too-old": 3}}


async def test_grafana_is_answered_in_prometheus_form_by_get_and_by_form(services: Any, robin: Any) -> None:
    answer = {"status": "success", "data": {"resultType": "scalar", "result": [0, "2"]}}
    said = {"query": "1+1", "time": "1795248000.5"}
    for reply in (await robin.get("/api/v1/query", params=said), await robin.post("/api/v1/query", data=said)):
        assert (reply.status_code, reply.json()) == (200, answer)
        asked = services.metrics.asked[-1]
        assert (asked.query, asked.since.timestamp(), asked.until) == ("1+1", 1795248000.5, None)
    span = {"query": "up", "start": "2026-11-21T08:00:00Z", "end": "2026-11-21T09:00:00.5Z", "step": "1m30s"}
    for reply in (
        await robin.get("/api/v1/query_range", params=span),
        await robin.post("/api/v1/query_range", data=span),
    ):
        assert (reply.json()["status"], reply.json()["data"]["resultType"]) == ("success", "matrix")
        asked = services.metrics.asked[-1]
        assert (asked.until - asked.since, asked.step_seconds) == (timedelta(seconds=3600.5), 90)


async def test_grafana_finds_series_labels_metadata_and_version(services: Any, robin: Any) -> None:
    async def data(path: str, **parameters: Any) -> Any:
        reply = await robin.get(f"/api/v1/{path}", params=parameters)
        assert reply.json()["status"] == "success", reply.text
        return reply.json()["data"]

    between = {"start": "1795248000", "end": "1795251600"}
    assert await data("series", **{"match[]": "up"}, **between) == [{"__name__": "up", "job": "api"}]
    assert services.metrics.asked[-1].since == datetime.fromtimestamp(1795248000, UTC)
    assert (await robin.post("/api/v1/series", data={"match[]": "up"})).json()["data"] == [
        {"__name__": "up", "job": "api"}
    ]
    assert await data("labels", **between) == ["__name__", "job"]
    assert await data("label/job/values", **{"match[]": ["up", "x"]}) == ["api"]
    assert services.metrics.asked[-1].selectors == ["up", "x"]
    await data("label/a%2Fb/values")
    assert services.metrics.asked[-1].label == "a/b"
    assert await data("metadata", metric="up", limit="5") == {
        "up": [{"type": "gauge", "unit": "", "help": "Whether it is up."}]
    }
    assert (services.metrics.asked[-1].name, services.metrics.asked[-1].limit) == ("up", 5)
    assert (await data("status/buildinfo"))["version"] == "3.0.0"


@pytest.mark.parametrize(
    ("path", "parameters", "said"),
    [
        ("query", {"query": "sum("}, "parse error"),
        ("query", {"query": "up", "time": "yesterday"}, 'invalid parameter "time"'),
        ("query", {"query": "up", "time": "1e300"}, 'invalid parameter "time"'),
        ("query", {"query": "up" * 20_000}, 'invalid parameter "query"'),
        ("query_range", {"query": "up"}, 'invalid parameter "start"'),
        ("query_range", {"query": "up", "start": "1", "end": "2", "step": "0"}, 'invalid parameter "step"'),
        ("query_range", {"query": "up", "start": "1", "end": "2", "step": "often"}, 'invalid parameter "step"'),
        ("query_range", {"query": "up", "start": "nan", "end": "2", "step": "1"}, 'invalid parameter "start"'),
        ("series", {}, "no match[] parameter"),
        ("metadata", {"limit": "-1"}, 'invalid parameter "limit"'),
    ],
)
async def test_errors_have_prometheus_form(robin: Any, path: str, parameters: dict[str, str], said: str) -> None:
    reply = await robin.get(f"/api/v1/{path}", params=parameters)
    assert (reply.status_code, reply.json()["status"], reply.json()["errorType"]) == (400, "error", "bad_data")
    assert said in reply.json()["error"]


async def test_a_token_that_reads_may_ask_by_form_and_one_that_sends_may_not(
    gateway: SimpleNamespace, robin: Any, open_browser: Callable[..., Any]
) -> None:
    for scope, status in (("read", 200), ("metrics:write", 403)):
        made = (await robin.post("/api/tokens", json={"name": "Grafana", "scopes": [scope]})).json()
        async with open_browser(gateway.app) as program:
            program.headers["Authorization"] = f"Bearer {made['token']}"
            assert (await program.post("/api/v1/query", data={"query": "1+1"})).status_code == status
    async with open_browser(gateway.app) as stranger:
        assert (await stranger.get("/api/v1/query", params={"query": "1+1"})).status_code == 401


async def test_two_organizations_ask_as_themselves(
    gateway: SimpleNamespace, services: Any, robin: Any, open_browser: Callable[..., Any]
) -> None:
    async with open_browser(gateway.app) as other:
        await other.sign_up()
        for user in (robin, other):
            await user.get("/api/v1/query", params={"query": "up"})
            assert isinstance(services.metrics.asked[-1], metrics.QueryProm)
            assert services.metrics.asked[-1].organization_id == user.organization_id


async def test_steps_and_times_are_read_as_prometheus_reads_them() -> None:
    assert [seconds(text) for text in ("15", "0.5", "1m30s", "1h", "100ms", "1d2h")] == [15, 0.5, 90, 3600, 0.1, 93_600]
    for text in ("", "-1", "0s", "inf", "nan", "1x", "m"):
        with pytest.raises(BadData):
            seconds(text)
    assert moment("1795248000.123").microsecond == 123_000
    assert moment("2026-11-21T10:00:00+02:00") == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert [round_step(timedelta(hours=hours)) for hours in (1, 24, 24 * 7, 24 * 30, 24 * 3650)] == [
        15,
        300,
        3600,
        21_600,
        86_400,
    ]
