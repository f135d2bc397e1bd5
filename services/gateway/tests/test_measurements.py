"""Measurements over HTTP, in all three forms: what is answered with 2xx is in the stream, and the rest is told."""

import asyncio
import gzip
import json
import math
import struct
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cramjam
import pytest
import pytest_asyncio
import zstandard
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from monitors_contracts.base import Id
from monitors_contracts.envelope import plain_data
from monitors_contracts.metrics import MetricBatchCollected
from monitors_gateway.ingest.protobuf import messages
from monitors_runtime import history

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]

V1 = messages(
    "sender.v1",
    {
        "Label": {"name": (1, "string"), "value": (2, "string")},
        "Sample": {"value": (1, "double"), "timestamp": (2, "int64")},
        "TimeSeries": {"labels": (1, "repeated Label"), "samples": (2, "repeated Sample")},
        "MetricMetadata": {"type": (1, "int32"), "name": (2, "string"), "help": (4, "string")},
        "WriteRequest": {"timeseries": (1, "repeated TimeSeries"), "metadata": (3, "repeated MetricMetadata")},
    },
)
V2 = messages(
    "sender.v2",
    {
        "Sample": {"value": (1, "double"), "timestamp": (2, "int64")},
        "TimeSeries": {"refs": (1, "repeated uint32"), "samples": (2, "repeated Sample")},
        "Request": {"symbols": (4, "repeated string"), "timeseries": (5, "repeated TimeSeries")},
    },
)
REMOTE_WRITE = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
REMOTE_WRITE_2 = REMOTE_WRITE | {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}
WRITTEN = "X-Prometheus-Remote-Write-Samples-Written"


class Stream:
    """What the stream has of an organization."""

    def __init__(self, runtime: Any) -> None:
        self._runtime = runtime

    async def events(self, organization_id: Id) -> list[MetricBatchCollected]:
        subject = f"evt.metric.batch-collected.{organization_id}.>"
        found = history.read(self._runtime.bus, "METRICS", [subject])
        return [
            MetricBatchCollected.model_validate_json(plain_data(each.headers or {}, each.data)) async for each in found
        ]

    async def samples(self, organization_id: Id) -> dict[str, list[tuple[int, float]]]:
        found: dict[str, list[tuple[int, float]]] = {}
        for event in await self.events(organization_id):
            times = iter(struct.unpack(f"<{len(event.times) // 8}q", event.times))
            values = iter(struct.unpack(f"<{len(event.values) // 8}d", event.values))
            for key, count in zip(event.series, struct.unpack(f"<{len(event.series)}I", event.counts), strict=True):
                found.setdefault(key, []).extend((next(times), next(values)) for _ in range(count))
        return found


@pytest_asyncio.fixture(loop_scope="session")
async def stream(gateway: SimpleNamespace) -> AsyncIterator[Stream]:
    yield Stream(gateway.runtime)


def _now() -> int:
    return int(time.time() * 1000)


def _write(*series: tuple[dict[str, str], list[tuple[int, float]]]) -> bytes:
    request = V1["WriteRequest"]()
    for labels, samples in series:
        one = request.timeseries.add()
        for name, value in labels.items():
            one.labels.add(name=name, value=value)
        for moment, value in samples:
            one.samples.add(value=value, timestamp=moment)
    return _packed(request)


def _packed(message: Any) -> bytes:
    return bytes(cramjam.snappy.compress_raw(message.SerializeToString()))


async def _token(browser: Any, *scopes: str) -> dict[str, str]:
    made = await browser.post("/api/tokens", json={"name": "collector", "scopes": list(scopes)})
    return {"Authorization": f"Bearer {made.json()['token']}"}


# -- JSON ---------------------------------------------------------------------------------------------------------------


async def test_samples_are_in_the_stream_when_they_are_answered(robin: Any, stream: Stream) -> None:
    moment = datetime.now(UTC).replace(microsecond=250_000)
    metrics = [
        {
            "name": "room_celsius",
            "value": 21.5,
            "tags": {"room": "cellar", "floor": 0},
            "timestamp": moment.isoformat(),
        },
        {
            "name": "room_celsius",
            "value": 21,
            "tags": {"room": "cellar", "floor": 0},
            "timestamp": moment.timestamp() - 1,
        },
        {"name": "visits", "type": "counter", "value": 7},
    ]
    before = _now()
    reply = await robin.post("/api/metrics", json={"metrics": metrics})
    assert (reply.status_code, reply.json()) == (
        200,
        {"success": True, "accepted": 3, "refused": 0, "reasons": {}, "refusals": []},
    )
    found = await stream.samples(robin.organization_id)
    time_of = int(moment.timestamp() * 1000)
    assert found['room_celsius{floor="0",room="cellar"}'] == [(time_of - 1000, 21.0), (time_of, 21.5)]
    [(when, value)] = found["visits"]
    assert before <= when <= _now()
    assert value == 7
    [event] = await stream.events(robin.organization_id)
    assert (event.metrics["visits"].type, event.metrics["room_celsius"].type) == ("counter", "gauge")


async def test_each_refused_sample_is_told_with_place_and_reason_and_the_others_are_kept(
    robin: Any, stream: Stream
) -> None:
    now = datetime.now(UTC)
    bad: list[tuple[Any, str]] = [
        ({"name": "m", "value": 1, "timestamp": (now - timedelta(days=40)).isoformat()}, "too-old"),
        ({"name": "m", "value": 1, "timestamp": (now + timedelta(minutes=11)).isoformat()}, "from-the-future"),
        ({"name": "m", "value": math.nan}, "not-a-number"),
        ({"name": "m", "value": math.inf}, "not-a-number"),
        ({"name": "m", "value": "warm"}, "not-a-number"),
        ({"name": "m", "value": None}, "not-a-number"),
        ({"name": "", "value": 1}, "bad-name"),
        ({"value": 1}, "bad-name"),
        ({"name": "m", "value": 1, "tags": {"": "x"}}, "bad-label"),
        ({"name": "m", "value": 1, "tags": {"a": "b\0"}}, "bad-label"),
        ({"name": "m", "value": 1, "tags": ["a"]}, "bad-label"),
        ({"name": "m", "value": 1, "tags": {f"t{i}": "x" for i in range(65)}}, "too-many-labels"),
        ({"name": "m", "value": 1, "timestamp": "yesterday"}, "bad-timestamp"),
        ({"name": "m", "value": 1, "type": "guess"}, "malformed"),
        (7, "malformed"),
        (None, "malformed"),
    ]
    metrics = [{"name": "first", "value": 1}, *(item for item, _ in bad), {"name": "last", "value": 2}]
    reply = await robin.post("/api/metrics", content=json.dumps({"metrics": metrics}))
    assert reply.status_code == 200
    told = reply.json()
    assert (told["accepted"], told["refused"]) == (2, len(bad))
    by_place = {each["index"]: each["reason"] for each in told["refusals"]}
    assert by_place == {place: reason for place, (_, reason) in enumerate(bad, 1)}
    assert sum(told["reasons"].values()) == len(bad)
    assert sorted(await stream.samples(robin.organization_id)) == ["first", "last"]


async def test_when_no_sample_is_kept_the_answer_is_a_problem_that_says_why(robin: Any, stream: Stream) -> None:
    reply = await robin.post("/api/metrics", json={"metrics": [{"name": "m", "value": "?"}]})
    assert (reply.status_code, reply.json()["type"]) == (422, "measurements-refused")
    assert reply.json()["refusals"][0] | {"detail": ""} == {
        "index": 0,
        "name": "m",
        "reason": "not-a-number",
        "detail": "",
    }
    assert not await stream.samples(robin.organization_id)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"7", b'{"metrics": 7}', b"{}", b"[" * 100_000, b"\xff\xfe", b'"\\ud800"']
)
async def test_what_is_no_batch_is_malformed(robin: Any, body: bytes) -> None:
    reply = await robin.post("/api/metrics", content=body)
    assert (reply.status_code, reply.json()["type"]) == (400, "malformed-measurements")


async def test_a_gzip_body_is_read_and_a_bomb_is_not(robin: Any) -> None:
    zipped = {"Content-Encoding": "gzip"}
    body = gzip.compress(json.dumps({"metrics": [{"name": "m", "value": 1}]}).encode())
    assert (await robin.post("/api/metrics", content=body, headers=zipped)).json()["accepted"] == 1
    bomb = gzip.compress(bytes(50_000_000))
    begun = time.monotonic()
    reply = await robin.post("/api/metrics", content=bomb, headers=zipped)
    assert (reply.status_code, reply.json()["type"]) == (413, "body-too-large")
    assert time.monotonic() - begun < 2
    assert (await robin.post("/api/metrics", content=body[:-9], headers=zipped)).status_code == 400
    assert (await robin.post("/api/metrics", content=body, headers={"Content-Encoding": "br"})).status_code == 415


async def test_a_token_needs_the_scope(robin: Any, visitor: Any) -> None:
    body = {"metrics": [{"name": "m", "value": 1}]}
    sends, reads = await _token(robin, "metrics:write"), await _token(robin, "read", "write")
    assert (await visitor.post("/api/metrics", json=body, headers=sends)).status_code == 200
    assert (await visitor.get("/api/monitors", headers=sends)).status_code == 403
    for path in ("/api/metrics", "/api/v1/write", "/v1/metrics"):
        assert (await visitor.post(path, json=body, headers=reads)).status_code == 403
        assert (await visitor.post(path, json=body)).status_code == 401


async def test_while_storage_is_too_far_behind_nothing_is_taken(
    robin: Any, gateway: SimpleNamespace, stream: Stream
) -> None:
    backlog, body = gateway.app.state.gateway.intake.backlog, {"metrics": [{"name": "m", "value": 1}]}
    backlog.full = True
    try:
        reply = await robin.post("/api/metrics", json=body)
    finally:
        backlog.full = False
    assert (reply.status_code, reply.json()["type"]) == (503, "storage-behind")
    assert reply.headers["Retry-After"]
    assert not await stream.samples(robin.organization_id)
    assert (await robin.post("/api/metrics", json=body)).status_code == 200


# -- remote write -------------------------------------------------------------------------------------------------------


async def test_remote_write_1_0_is_kept(robin: Any, stream: Stream) -> None:
    now = _now()
    body = _write(
        ({"__name__": "up", "job": "node"}, [(now - 1000, 1.0), (now, 0.0)]), ({"__name__": "load1"}, [(now, math.nan)])
    )
    reply = await robin.post("/api/v1/write", content=body, headers=REMOTE_WRITE)
    assert (reply.status_code, reply.headers[WRITTEN]) == (204, "3")
    found = await stream.samples(robin.organization_id)
    assert found['up{job="node"}'] == [(now - 1000, 1.0), (now, 0.0)]
    assert math.isnan(found["load1"][0][1])


async def test_remote_write_2_0_is_kept(robin: Any, stream: Stream) -> None:
    now = _now()
    request = V2["Request"](symbols=["", "__name__", "up"])
    request.timeseries.add(refs=[1, 2]).samples.add(value=1, timestamp=now)
    reply = await robin.post("/api/v1/write", content=_packed(request), headers=REMOTE_WRITE_2)
    assert (reply.status_code, reply.headers[WRITTEN]) == (204, "1")
    assert reply.headers["X-Prometheus-Remote-Write-Histograms-Written"] == "0"
    assert await stream.samples(robin.organization_id) == {"up": [(now, 1.0)]}


async def test_what_remote_write_can_never_keep_answers_400_and_the_rest_is_kept(robin: Any, stream: Stream) -> None:
    now = _now()
    body = _write(({"__name__": "up"}, [(now - 40 * 86_400_000, 1.0), (now, 1.0)]), ({"job": "nameless"}, [(now, 1.0)]))
    reply = await robin.post("/api/v1/write", content=body, headers=REMOTE_WRITE)
    assert (reply.status_code, reply.headers[WRITTEN]) == (400, "1")
    assert "too-old 1 (up: " in reply.json()["detail"]
    assert "bad-name 1" in reply.json()["detail"]
    assert await stream.samples(robin.organization_id) == {"up": [(now, 1.0)]}


async def test_what_metrics_are_is_told_with_their_samples_once(robin: Any, stream: Stream) -> None:
    now = _now()
    about = V1["WriteRequest"]()
    about.metadata.add(type=1, name="requests_total", help="How many")
    for moment in (now - 1, now):
        assert (await robin.post("/api/v1/write", content=_packed(about), headers=REMOTE_WRITE)).status_code == 204
        body = _write(({"__name__": "requests_total"}, [(moment, 1.0)]))
        assert (await robin.post("/api/v1/write", content=body, headers=REMOTE_WRITE)).status_code == 204
    first, second = await stream.events(robin.organization_id)
    assert first.metrics["requests_total"].help == "How many"
    assert not second.metrics


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 415),
        ({"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v9.Request"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Content-Encoding": "zstd"}, 415),
        ({"Content-Encoding": "identity"}, 415),
        ({}, 400),
    ],
)
async def test_remote_write_in_another_form_is_refused(robin: Any, headers: dict[str, str], status: int) -> None:
    reply = await robin.post("/api/v1/write", content=b"\x05hello", headers=REMOTE_WRITE | headers)
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json")


async def test_hostile_remote_write_is_refused_quickly(robin: Any) -> None:
    bomb = bytes(cramjam.snappy.compress_raw(bytes(60_000_000)))
    liar = b"\xff\xff\xff\xff\x0f" + b"\0" * 100
    empties = [b"\x0a\x00" * 4_000_000, _field(b"\x12\x00" * 4_000_000), _field(b"\x0a\x00" * 4_000_000)]
    begun = time.monotonic()
    statuses = [
        (await robin.post("/api/v1/write", content=body, headers=REMOTE_WRITE)).status_code
        for body in (bomb, liar, b"", b"\0", b"\xff" * 1000, _packed_raw(b"\x0a\xff\xff\xff\xff\x0f"))
    ]
    assert statuses == [413, 413, 400, 204, 400, 400]
    for data in empties:
        reply = await robin.post("/api/v1/write", content=_packed_raw(data), headers=REMOTE_WRITE)
        assert reply.status_code in (204, 400)
    assert time.monotonic() - begun < 10


def _field(data: bytes) -> bytes:
    """A series of these bytes."""
    return b"\x0a" + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])


def _packed_raw(data: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(data))


# -- OTLP ---------------------------------------------------------------------------------------------------------------


def _gauges(*points: tuple[dict[str, str], int]) -> dict[str, Any]:
    data_points = [
        {
            "asDouble": 1.5,
            "timeUnixNano": str(moment * 1_000_000),
            "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
        }
        for attributes, moment in points
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    metrics = [{"name": "queue.depth", "gauge": {"dataPoints": data_points}}]
    return {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": metrics}]}]}


async def test_otlp_is_kept_in_both_encodings_plain_or_zipped(robin: Any, stream: Stream) -> None:
    from google.protobuf.json_format import ParseDict

    now = _now()
    sent = 0
    for zipped in (False, True):
        for as_json in (False, True):
            body = _gauges(({"queue": "orders"}, now - sent))
            data = (
                json.dumps(body).encode()
                if as_json
                else ParseDict(body, ExportMetricsServiceRequest()).SerializeToString()
            )
            headers = {"Content-Type": "application/json" if as_json else "application/x-protobuf"}
            headers |= {"Content-Encoding": "gzip"} if zipped else {}
            reply = await robin.post("/v1/metrics", content=gzip.compress(data) if zipped else data, headers=headers)
            assert (reply.status_code, reply.headers["content-type"]) == (200, headers["Content-Type"])
            assert reply.content == (b"{}" if as_json else b"")
            sent += 1
    found = await stream.samples(robin.organization_id)
    key = 'queue_depth{job="shop",queue="orders",service_name="shop"}'
    assert sorted(found[key]) == [(now - ago, 1.5) for ago in (3, 2, 1, 0)]


async def test_otlp_tells_how_many_data_points_were_rejected(robin: Any, stream: Stream) -> None:
    now = _now()
    body = json.dumps(_gauges(({}, now), ({}, now - 40 * 86_400_000), ({"x": "v" * 3000}, now))).encode()
    reply = await robin.post("/v1/metrics", content=body, headers={"Content-Type": "application/json"})
    told = reply.json()["partialSuccess"]
    assert (reply.status_code, told["rejectedDataPoints"]) == (200, "2")
    assert "too-old 1" in told["errorMessage"]
    assert "bad-label 1" in told["errorMessage"]
    assert len(await stream.samples(robin.organization_id)) == 1


async def test_hostile_otlp_is_refused(robin: Any) -> None:
    as_json, as_protobuf = {"Content-Type": "application/json"}, {"Content-Type": "application/x-protobuf"}
    zipped = as_protobuf | {"Content-Encoding": "gzip"}
    deep = b'{"resourceMetrics":[{"resource":{"attributes":[{"key":"k","value":' + b'{"arrayValue":{"values":[' * 5000
    for body, headers, status in (
        (b"\xff" * 100, as_protobuf, 400),
        (b"{", as_json, 400),
        (b"[" * 100_000, as_json, 400),
        (deep, as_json, 400),
        (b'{"resourceMetrics": 7}', as_json, 400),
        (gzip.compress(bytes(30_000_000)), zipped, 413),
        (zstandard.compress(bytes(30_000_000)), as_protobuf | {"Content-Encoding": "zstd"}, 415),
        (b"x" * 5_000_000, as_protobuf, 413),
        (b"", {"Content-Type": "text/plain"}, 415),
    ):
        reply = await robin.post("/v1/metrics", content=body, headers=headers)
        assert (reply.status_code, body[:30]) == (status, body[:30])


async def test_errors_are_told_as_the_protocol_has_it(visitor: Any, robin: Any) -> None:
    from google.rpc.status_pb2 import Status

    as_protobuf = {"Content-Type": "application/x-protobuf"}
    reply = await robin.post("/v1/metrics", content=b"\xff" * 9, headers=as_protobuf)
    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/x-protobuf")
    assert "ExportMetricsServiceRequest" in Status.FromString(reply.content).message
    reply = await visitor.post("/v1/metrics", content=b"{}", headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.headers["content-type"]) == (401, "application/json")
    assert "Sign in first" in reply.json()["message"]
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    reply = await robin.post("/v1/metrics", content=b"", headers={"Content-Type": "text/plain"})
    assert (reply.status_code, reply.headers["content-type"]) == (415, "application/problem+json")


async def test_the_sdk_s_exporter_is_understood(robin: Any, served: str, stream: Stream) -> None:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource

    headers = await _token(robin, "metrics:write")

    def measure() -> bool:
        exporter = OTLPMetricExporter(f"{served}/v1/metrics", headers=headers)
        reader = PeriodicExportingMetricReader(exporter, 60_000)
        resource = Resource({"service.name": "shop", "service.instance.id": "a", "process.pid": 7})
        provider = MeterProvider([reader], resource=resource)
        meter = provider.get_meter("shop")
        meter.create_counter("orders", unit="{order}").add(3, {"country": "CH"})
        duration = meter.create_histogram(
            "http.server.request.duration", unit="s", explicit_bucket_boundaries_advisory=[0.25, 0.5]
        )
        duration.record(0.3, {"http.route": "/cart"})
        meter.create_up_down_counter("carts").add(2)
        sent = provider.force_flush()
        provider.shutdown()
        return sent

    assert await asyncio.to_thread(measure)
    found = await stream.samples(robin.organization_id)
    who = 'instance="a",job="shop",service_instance_id="a",service_name="shop"'
    assert found[f'orders_total{{country="CH",{who}}}'][0][1] == 3
    assert found[f"carts{{{who}}}"][0][1] == 2
    where = f'http_route="/cart",{who}'
    assert found[f"http_server_request_duration_seconds_count{{{where}}}"][0][1] == 1
    assert found[f"http_server_request_duration_seconds_sum{{{where}}}"][0][1] == 0.3
    buckets = {
        key: samples[0][1] for key, samples in found.items() if key.startswith("http_server_request_duration_seconds_b")
    }
    assert next(value for key, value in buckets.items() if 'le="0.25"' in key) == 0
    assert next(value for key, value in buckets.items() if 'le="0.5"' in key) == 1
    assert next(value for key, value in buckets.items() if 'le="+Inf"' in key) == 1
    assert any(key.startswith("target_info{") and 'process_pid="7"' in key for key in found)


@pytest.mark.parametrize("name", ["metrics", "trace", "logs", "events"])
async def test_the_examples_of_the_protocol_are_read(robin: Any, name: str) -> None:
    body = (Path(__file__).parent / "data" / "otlp" / f"{name}.json").read_bytes()
    reply = await robin.post("/v1/metrics", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 200
    rejected = {"metrics": "4"}.get(name)  # three are of the year 2018, one is an exponential histogram
    assert reply.json().get("partialSuccess", {}).get("rejectedDataPoints") == rejected
