"""OTLP as Prometheus knows it: names, labels, kinds, and what is not kept."""

import contextlib
import json
import math
import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.measuring import STALE, Reason
from monitors_gateway.ingest.incoming import Incoming
from monitors_gateway.ingest.otlp import decode
from monitors_gateway.ingest.otlp_names import label_name, metric_name
from monitors_gateway.ingest.unpacking import Unreadable

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NANOS = str(int(NOW.timestamp()) * 10**9 + 999_999)


def _decode(*metrics: dict[str, Any], resource: dict[str, Any] | None = None) -> Incoming:
    attributes = [{"key": key, "value": value} for key, value in (resource or {}).items()]
    one = {"resource": {"attributes": attributes}, "scopeMetrics": [{"metrics": list(metrics)}]}
    return decode(json.dumps({"resourceMetrics": [one]}).encode(), NOW, as_json=True)


def _values(incoming: Incoming) -> dict[str, float]:
    return {incoming.series[owner]: value for owner, value in zip(incoming.owners, incoming.values, strict=True)}


def _sum(name: str, value: float, *, monotonic: bool = True, temporality: int = 2, **more: Any) -> dict[str, Any]:
    points = [{"asDouble": value, "timeUnixNano": NANOS} | more]
    return {
        "name": name,
        "sum": {"isMonotonic": monotonic, "aggregationTemporality": temporality, "dataPoints": points},
    }


@pytest.mark.parametrize(
    ("name", "unit", "kind", "expected"),
    [
        ("http.server.request.duration", "s", "other", "http_server_request_duration_seconds"),
        ("process.memory.usage", "By", "gauge", "process_memory_usage_bytes"),
        ("requests", "{request}", "counter", "requests_total"),
        ("requests.total", "1", "counter", "requests_total"),
        ("cpu.utilization", "1", "gauge", "cpu_utilization_ratio"),
        ("network.io", "By/s", "gauge", "network_io_bytes_per_second"),
        ("already_seconds", "s", "other", "already_seconds"),
        ("5xx", "", "other", "_5xx"),
        ("größe", "", "gauge", "gr_e"),
        ("  ", "", "gauge", ""),
        ("total", "", "counter", ""),
    ],
)
def test_names_are_those_of_prometheus(name: str, unit: str, kind: Any, expected: str) -> None:
    assert metric_name(name, unit, kind) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("http.route", "http_route"), ("1st", "key_1st"), ("_x", "key_x"), ("__x", "__x"), ("é", "key_")],
)
def test_attributes_are_labels(name: str, expected: str) -> None:
    assert label_name(name) == expected


def test_attributes_that_become_one_label_are_joined() -> None:
    attributes = [{"key": key, "value": {"stringValue": key}} for key in ("a.b", "a_b")]
    assert list(_values(_decode(_sum("m", 1, attributes=attributes)))) == ['m_total{a_b="a.b;a_b"}']


def test_values_of_every_kind_are_text() -> None:
    values = {
        "b": {"boolValue": True},
        "i": {"intValue": "7"},
        "d": {"doubleValue": 0.5},
        "l": {"arrayValue": {"values": [{"stringValue": "x"}, {"intValue": "1"}]}},
        "y": {"bytesValue": "AAE="},
        "e": {},
    }
    attributes = [{"key": key, "value": value} for key, value in values.items()]
    [key] = _values(_decode(_sum("m", 1, attributes=attributes)))
    assert key == 'm_total{b="true",d="0.5",i="7",l="[\\"x\\",1]",y="AAE="}'


def test_who_measured_is_job_and_instance_and_what_else_is_known_is_on_target_info() -> None:
    resource = {
        "service.name": {"stringValue": "shop"},
        "service.namespace": {"stringValue": "eu"},
        "service.instance.id": {"stringValue": "a"},
        "process.pid": {"intValue": "7"},
        "host.name": {"stringValue": "h"},
    }
    found = _values(
        _decode(_sum("m", 1, attributes=[{"key": "job", "value": {"stringValue": "lie"}}]), resource=resource)
    )
    promoted = 'service_instance_id="a",service_name="shop",service_namespace="eu"'
    assert found == {
        f'm_total{{host_name="h",instance="a",job="eu/shop",{promoted}}}': 1,
        'target_info{host_name="h",instance="a",job="eu/shop",process_pid="7"}': 1,
    }


def test_sums_are_counters_only_when_they_grow_and_are_whole() -> None:
    incoming = _decode(
        _sum("grows", 5),
        _sum("moves", 5, monotonic=False),
        _sum("since.last.time", 5, temporality=1),
        _sum("odd", 5, temporality=0),
    )
    assert _values(incoming) == {"grows_total": 5, "moves": 5, "since_last_time": 5}
    assert {name: each.type for name, each in incoming.metrics.items()} == {
        "grows_total": "counter",
        "moves": "gauge",
        "since_last_time": "unknown",
    }
    assert incoming.refusals.counts == {Reason.MALFORMED: 1}


def test_a_histogram_is_buckets_that_hold_all_below_and_sum_and_count() -> None:
    point = {
        "timeUnixNano": NANOS,
        "count": "6",
        "sum": 12.5,
        "bucketCounts": ["1", "2", "3"],
        "explicitBounds": [0.005, 10],
    }
    data = {"aggregationTemporality": 2, "dataPoints": [point]}
    assert _values(_decode({"name": "d", "unit": "s", "histogram": data})) == {
        'd_seconds_bucket{le="0.005"}': 1,
        'd_seconds_bucket{le="10"}': 3,
        'd_seconds_bucket{le="+Inf"}': 6,
        "d_seconds_count": 6,
        "d_seconds_sum": 12.5,
    }


@pytest.mark.parametrize(
    ("counts", "bounds", "said"),
    [
        ([1, 2], [1, 2], "2 bucketCounts for 2 explicitBounds"),
        ([1, 2, 3, 4], [1, 2], "4 bucketCounts for 2 explicitBounds"),
        ([], [1], "0 bucketCounts for 1 explicitBounds"),
        ([1, 1, 1], [2, 1], "do not rise"),
        ([1, 1, 1], [1, 1], "do not rise"),
        ([1, 1, 1], [1, "NaN"], "do not rise"),
    ],
)
def test_a_histogram_whose_buckets_do_not_fit_is_malformed_and_the_others_are_kept(
    counts: list[int], bounds: list[Any], said: str
) -> None:
    odd = {"timeUnixNano": NANOS, "count": "3", "bucketCounts": counts, "explicitBounds": bounds}
    good = {"timeUnixNano": NANOS, "count": "3", "bucketCounts": [3], "sum": 1}
    data = {"aggregationTemporality": 2, "dataPoints": [odd, good, good | {"bucketCounts": []}]}
    incoming = _decode({"name": "d", "histogram": data})
    assert incoming.refusals.counts == {Reason.MALFORMED: 1}
    [refusal] = incoming.refusals.examples
    assert (refusal.index, said in refusal.detail) == (0, True)
    assert set(incoming.places.tolist() if incoming.places is not None else ()) == {1, 2}


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"5", b"", b" [{}]"])
def test_json_that_is_no_object_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(body, NOW, as_json=True)
    assert len(decode(b"\n {}", NOW, as_json=True).series) == 0


def test_a_summary_is_quantiles_and_sum_and_count() -> None:
    point = {"timeUnixNano": NANOS, "count": "2", "sum": 3, "quantileValues": [{"quantile": 0.99, "value": 2}]}
    assert _values(_decode({"name": "d", "summary": {"dataPoints": [point]}})) == {
        'd{quantile="0.99"}': 2,
        "d_count": 2,
        "d_sum": 3,
    }


def test_what_has_no_value_any_more_is_stale() -> None:
    incoming = _decode(_sum("m", 1, flags=1))
    assert struct.pack("<d", incoming.values[0]) == struct.pack("<d", STALE)


def test_times_are_milliseconds_and_now_when_none_is_given() -> None:
    incoming = _decode(_sum("a", 1), _sum("b", math.pi, timeUnixNano="0"))
    assert set(incoming.times.tolist()) == {int(NOW.timestamp() * 1000)}


def test_exponential_histograms_are_refused_by_data_point() -> None:
    data = {"aggregationTemporality": 2, "dataPoints": [{"timeUnixNano": NANOS, "count": "1"}] * 3}
    incoming = _decode({"name": "e", "exponentialHistogram": data}, _sum("m", 1))
    assert incoming.refusals.counts == {Reason.NATIVE_HISTOGRAM: 3}
    assert list(_values(incoming)) == ["m_total"]


def test_a_data_point_with_a_bad_label_is_refused_once_however_many_series_it_is() -> None:
    attributes = [{"key": "k", "value": {"stringValue": "v" * 3000}}]
    point = {"count": "3", "bucketCounts": ["1", "2"], "explicitBounds": [1], "attributes": attributes}
    incoming = _decode({"name": "h", "histogram": {"aggregationTemporality": 2, "dataPoints": [point]}})
    assert incoming.refusals.counts == {Reason.BAD_LABEL: 1}


@given(st.binary(max_size=300))
def test_garbage_is_unreadable_or_empty_and_nothing_else(body: bytes) -> None:
    for as_json in (False, True):
        with contextlib.suppress(Unreadable):
            decode(body, NOW, as_json=as_json)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just("NaN")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "unit",
                    "gauge",
                    "sum",
                    "histogram",
                    "summary",
                    "dataPoints",
                    "attributes",
                    "key",
                    "value",
                    "count",
                    "stringValue",
                    "asDouble",
                    "asInt",
                    "timeUnixNano",
                    "bucketCounts",
                    "explicitBounds",
                    "flags",
                    "exemplars",
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=3))
def test_json_of_any_shape_is_unreadable_or_decoded_and_nothing_else(metrics: list[Any]) -> None:
    body = json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}).encode()
    with contextlib.suppress(Unreadable):
        decode(body, NOW, as_json=True)
