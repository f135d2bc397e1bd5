"""From a measurement that is sent to a graph of it: by REST, as Grafana asks, and on the command line."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from driving import Command

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("platform")]


def _samples(now: int) -> list[dict[str, Any]]:
    """Ten minutes of two counters, one a minute, the first of which begins anew."""
    return [
        {"name": "shop_orders_total", "type": "counter", "value": value, "tags": {"shop": shop}, "timestamp": stamp}
        for shop, steps in (("a", [10, 20, 30, 2, 4, 6, 8, 10, 12, 14]), ("b", range(0, 1000, 100)))
        for value, stamp in zip(steps, _stamps(now), strict=True)
    ]


def _stamps(now: int) -> Iterator[str]:
    for minute in range(10):
        yield time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 600 + minute * 60))


def test_what_is_sent_is_drawn(platform: Any, user: Any, monitors: Command) -> None:
    now = int(time.time()) // 60 * 60
    sent = user.call("POST", "/api/metrics", {"metrics": _samples(now)})
    assert sent.status_code == 200, sent.text

    def graph() -> Any:
        query = f"selector=shop_orders_total&function=increase&by=shop&step=600&since={next(_stamps(now))}"
        return user.call("GET", f"/api/metrics/query?{query}").json()["series"]

    platform.wait_until(graph, "the samples are stored")
    grown = {line["labels"]["shop"]: sum(value or 0 for value in line["values"]) for line in graph()}
    assert grown == {"a": 20 + 2 + 12, "b": 900}

    query = f"query=sum(shop_orders_total)&start={now - 600}&end={now - 60}&step=60"
    answer = user.call("GET", f"/api/v1/query_range?{query}").json()
    values = [float(value) for _, value in answer["data"]["result"][0]["values"]]
    assert values == [10, 120, 230, 302, 404, 506, 608, 710, 812, 914]
    assert user.call("GET", "/api/v1/label/shop/values").json() == {"status": "success", "data": ["a", "b"]}
    assert user.call("GET", "/api/v1/metadata").json()["data"]["shop_orders_total"][0]["type"] == "counter"
    stranger = platform.user("stranger")
    assert stranger.call("GET", "/api/v1/query?query=shop_orders_total").json()["data"]["result"] == []

    shown = monitors("metrics", "promql", "max by (shop) (shop_orders_total)")
    assert '{shop="a"}' in shown
    listed = monitors("metrics", "series", '{shop="b"}')
    assert listed == 'shop_orders_total{shop="b"}\n'
    drawn = json.loads(
        monitors("metrics", "graph", "shop_orders_total", "--function", "count", "--step", "3600", "--json")
    )
    assert sum(value or 0 for line in drawn["series"] for value in line["values"]) == 20
    assert json.loads(monitors("metrics", "usage", "--json"))["used"] == 2
    wrong = monitors.run("metrics", "promql", "sum(")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "parse error" in wrong.stderr
