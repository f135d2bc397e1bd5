"""Measurements from every sender to an answered question, on a real platform."""

import json
import os
import subprocess
import sys
import time
from typing import Any

import cramjam
import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from monitors_gateway.ingest.protobuf import messages

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("platform")]

REMOTE_WRITE = messages(
    "e2e",
    {
        "Label": {"name": (1, "string"), "value": (2, "string")},
        "Sample": {"value": (1, "double"), "timestamp": (2, "int64")},
        "TimeSeries": {"labels": (1, "repeated Label"), "samples": (2, "repeated Sample")},
        "WriteRequest": {"timeseries": (1, "repeated TimeSeries")},
    },
)


def test_what_every_sender_sends_is_answered_by_one_question(platform: Any, site: Any) -> None:
    user = platform.user()
    token = user.call("POST", "/api/tokens", {"name": "collector", "scopes": ["metrics:write"]}).json()["token"]
    now = int(time.time() * 1000)

    sent = user.call("POST", "/api/metrics", {"metrics": [{"name": "temperature", "value": 1, "tags": {"by": "json"}}]})
    assert sent.json()["accepted"] == 1

    assert _write(platform, token, {"__name__": "temperature", "by": "prometheus"}, now).status_code == 204

    assert _export(platform, token, "opentelemetry", now).status_code == 200

    site.pages["/metrics"] = ("text/plain", 'temperature{by="target"} 4\n')
    user.call("POST", "/api/targets", {"url": f"{site.url}/metrics", "intervalSeconds": 5}).raise_for_status()

    found: dict[str, float] = {}
    deadline = time.monotonic() + 90
    while len(found) < 4 and time.monotonic() < deadline:
        answer = user.get("/api/v1/query?query=temperature")
        found = {each["metric"]["by"]: float(each["value"][1]) for each in answer["data"]["result"]}
        time.sleep(0.2)
    assert found == {"json": 1, "prometheus": 2, "opentelemetry": 3, "target": 4}
    [up] = user.get("/api/v1/query?query=up")["data"]["result"]
    assert (up["metric"]["job"], up["value"][1]) == ("127.0.0.1", "1")
    [target] = user.get("/api/targets")["targets"]
    assert (target["lastSamples"], target.get("lastError")) == (1, None)


def test_the_agent_ships_what_it_measures_and_what_it_measured_before(platform: Any, tmp_path: Any) -> None:
    user = platform.user()
    token = user.call("POST", "/api/tokens", {"name": "agent", "scopes": ["metrics:write"]}).json()["token"]
    environment = os.environ | {"MONITORS_TOKEN": token}

    def run(api: str) -> int:
        command = [sys.executable, "-m", "monitors_operator", "agent", "--once", "--api", api, "--name", "web-1"]
        return subprocess.run([*command, "--buffer", str(tmp_path)], env=environment, check=False).returncode

    assert run("http://127.0.0.1:9") == 1
    assert run(platform.api) == 0
    selector = "count_over_time(node_load1{instance='web-1'}[5m])"

    def counted() -> bool:
        result = user.get(f"/api/v1/query?query={selector}")["data"]["result"]
        return bool(result) and result[0]["value"][1] == "2"

    platform.wait_until(counted, "both measurements of the agent")


def _write(platform: Any, token: str, labels: dict[str, str], now: int) -> httpx.Response:
    """Remote write of one sample, 2."""
    request = REMOTE_WRITE["WriteRequest"]()
    series = request.timeseries.add()
    for name, value in labels.items():
        series.labels.add(name=name, value=value)
    series.samples.add(value=2, timestamp=now)
    body = bytes(cramjam.snappy.compress_raw(request.SerializeToString()))
    headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
    return _post(platform, "/api/v1/write", token, body, headers)


def _export(platform: Any, token: str, by: str, now: int) -> httpx.Response:
    """OTLP of one data point, 3."""
    otlp = ExportMetricsServiceRequest()
    point = otlp.resource_metrics.add().scope_metrics.add().metrics.add(name="temperature").gauge.data_points.add()
    point.as_double, point.time_unix_nano = 3, now * 1_000_000
    point.attributes.add(key="by").value.string_value = by
    return _post(platform, "/v1/metrics", token, otlp.SerializeToString(), {"Content-Type": "application/x-protobuf"})


def _post(platform: Any, path: str, token: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    given = headers | {"Authorization": f"Bearer {token}"}
    return httpx.post(platform.api + path, content=body, headers=given, timeout=40)


def test_each_sender_is_told_which_of_its_series_are_too_many(new_platform: Any) -> None:
    platform = new_platform(MONITORS_METRICS_SERIES_PER_ORGANIZATION="3")
    user, now = platform.user(), int(time.time() * 1000)

    def send(*names: str) -> dict[str, Any]:
        metrics = [{"name": "temperature", "value": 1, "tags": {"by": name}} for name in names]
        return user.call("POST", "/api/metrics", {"metrics": metrics}).json()

    first = send("a", "b", "c", "d")  # as many as there may be, at once, and more
    assert (first["accepted"], first["reasons"]) == (3, {"too-many-series": 1})
    [refused] = first["refusals"]
    known = {"a", "b", "c", "d"} - {refused["name"].split('"')[1]}
    assert send(*known)["accepted"] == 3
    assert send("e")["type"] == "measurements-refused"

    written = _write(platform, user.token, {"__name__": "temperature", "by": "f"}, now)
    assert (written.status_code, written.headers["X-Prometheus-Remote-Write-Samples-Written"]) == (400, "0")
    assert 'too-many-series 1 (temperature{by="f"}: ' in written.json()["detail"]
    assert _write(platform, user.token, {"__name__": "temperature", "by": known.pop()}, now).status_code == 204

    answer = ExportMetricsServiceResponse.FromString(_export(platform, user.token, "g", now).content)
    assert answer.partial_success.rejected_data_points == 1
    assert "too-many-series 1" in answer.partial_success.error_message
    platform.wait_until(lambda: user.get("/api/metrics/usage")["used"] == 3, "the series are stored")
    assert user.get("/api/metrics/usage")["refusedSamples"] == {}  # storage had nothing left to refuse


def test_the_platform_measures_its_machine_and_all_its_processes(new_platform: Any) -> None:
    platform = new_platform(MONITORS_AGENT="true", MONITORS_AGENT_INTERVAL="1", MONITORS_WORKERS="1")

    def asked(query: str) -> list[dict[str, Any]]:
        """What the command line's own user sees."""
        command = [sys.executable, "-m", "monitors_operator", "metrics", "promql", query, "--json"]
        done = subprocess.run(
            [*command, "--data-dir", str(platform.data_dir)], capture_output=True, check=True, text=True
        )
        return json.loads(done.stdout)["result"]

    platform.wait_until(lambda: len(asked("count by (process) (monitors_consumer_pending)")) == 2, "both processes")
    assert asked("node_memory_MemTotal_bytes > 0")
    platform.wait_until(lambda: asked('sum(monitors_http_request_seconds_count{status="200"}) > 0'), "requests counted")
    assert not asked("monitors_agent_batches_total{outcome='refused'}")
