"""OTLP metrics as columns, by Prometheus's conventions.

Source: OpenTelemetry protocol 1.x (opentelemetry/proto/metrics/v1), and its specification's "Prometheus and OpenMetrics
Compatibility". What has been summed since the last report (delta) is kept as it is sent, under a name without `_total`:
adding up what there is needs no state that could be lost.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1 import metrics_pb2

from monitors_contracts.measuring import STALE, Reason, series_refusal
from monitors_contracts.metrics import MetricDescription, MetricType
from monitors_contracts.series import series_key

from .incoming import Incoming, Refusals
from .otlp_names import Kind, labels_of, metric_name, unit_name
from .protobuf import parsed
from .unpacking import Unreadable

PROMOTED = frozenset(
    ("service.instance.id", "service.name", "service.namespace", "service.version", "cloud.availability_zone",
     "cloud.region", "container.name", "deployment.environment", "deployment.environment.name", "host.name",
     "k8s.cluster.name", "k8s.container.name", "k8s.cronjob.name", "k8s.daemonset.name", "k8s.deployment.name",
     "k8s.job.name", "k8s.namespace.name", "k8s.pod.name", "k8s.replicaset.name", "k8s.statefulset.name")
)  # fmt: skip
"""Resource attributes that are labels of every series of the resource, as Prometheus recommends; others: on `target_info`."""
_IDENTITY = frozenset(("service.instance.id", "service.name", "service.namespace"))
_NO_VALUE = metrics_pb2.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
_DELTA = metrics_pb2.AGGREGATION_TEMPORALITY_DELTA
_CUMULATIVE = metrics_pb2.AGGREGATION_TEMPORALITY_CUMULATIVE

_OBJECT = re.compile(rb"\s*\{")

Labels = Mapping[str, str]


def decode(body: bytes, now: datetime, *, as_json: bool) -> Incoming:
    """The samples of an ExportMetricsServiceRequest; `places` number its data points. Raises Unreadable."""
    request = _from_json(body) if as_json else parsed(ExportMetricsServiceRequest, body)
    points = _Points(int(now.timestamp() * 1000))
    for resource_metrics in request.resource_metrics:
        resource = _Resource(resource_metrics.resource.attributes)
        newest = 0
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                newest = max(newest, _add_metric(points, resource, metric))
        if newest and resource.info:
            points.add("target_info", resource.info, newest, 1.0)
    return points.incoming()


def _from_json(body: bytes) -> Any:
    if not _OBJECT.match(body):  # the parser takes a list or a text for a message without fields
        raise Unreadable("it is not an ExportMetricsServiceRequest in JSON: the body is an object")
    try:
        return Parse(body, ExportMetricsServiceRequest(), ignore_unknown_fields=True)
    except RecursionError as deep:
        raise Unreadable("it is nested too deeply") from deep
    except Exception as broken:  # the parser raises what the JSON leads it to: TypeError, AttributeError and others
        raise Unreadable(f"it is not an ExportMetricsServiceRequest in JSON: {broken}"[:300]) from broken


class _Resource:
    """Who measured: the labels that all its series have, and those of its `target_info`."""

    def __init__(self, attributes: Any) -> None:
        texts = labels_of(each for each in attributes if each.key in _IDENTITY)
        name, namespace = texts.get("service_name", ""), texts.get("service_namespace", "")
        named = {
            "job": f"{namespace}/{name}" if namespace and name else name,
            "instance": texts.get("service_instance_id", ""),
        }
        self.identity = {label: value for label, value in named.items() if value}
        self.promoted = labels_of(each for each in attributes if each.key in PROMOTED)
        others = labels_of(each for each in attributes if each.key not in _IDENTITY)
        self.info = others | self.identity if others and self.identity else {}

    def labels(self, attributes: Any) -> dict[str, str]:
        """The labels of a data point with these attributes."""
        return self.promoted | labels_of(attributes) | self.identity


class _Points:
    """Samples, collected by series."""

    def __init__(self, now: int) -> None:
        self._now = now
        self._keys: dict[str, int] = {}
        self._rows: list[tuple[int, int, int, float]] = []
        self._point = self._refused = -1
        self.metrics: dict[str, MetricDescription] = {}
        self.refusals = Refusals()

    def begin(self, point: Any) -> int:
        """The next data point; its time in milliseconds since 1970, now when it says none."""
        self._point += 1
        return point.time_unix_nano // 1_000_000 or self._now

    def add(self, name: str, labels: Labels, time: int, value: float) -> None:
        """A sample of the data point."""
        if refused := series_refusal(name, labels):
            if self._refused != self._point:
                self._refused = self._point
                self.refusals.add(*refused, index=self._point, series=name)
            return
        owner = self._keys.setdefault(series_key(name, labels), len(self._keys))
        self._rows.append((owner, time, self._point, value))

    def malformed(self, name: str, detail: str) -> None:
        """The data point is not kept."""
        self.refusals.add(Reason.MALFORMED, detail, index=self._point, series=name)

    def refuse(self, reason: Reason, detail: str, name: str, count: int) -> None:
        """None of these data points is kept."""
        self._point += count
        if count:
            self.refusals.add(reason, detail, samples=count, series=name)

    def incoming(self) -> Incoming:
        """All of it."""
        owners, times, places, values = zip(*self._rows, strict=True) if self._rows else ((), (), (), ())
        return Incoming(
            list(self._keys),
            np.array(owners, np.int64),
            np.array(times, np.int64),
            np.array(values, np.float64),
            self.metrics,
            self.refusals,
            np.array(places, np.int64),
        )


def _add_metric(points: _Points, resource: _Resource, metric: Any) -> int:
    """Add a metric's data points; the newest time among them."""
    which = metric.WhichOneof("data")
    if which is None:
        return 0
    data = getattr(metric, which)
    if which == "exponential_histogram":
        detail = "exponential histograms are not kept; let the SDK aggregate to explicit buckets, its default"
        points.refuse(Reason.NATIVE_HISTOGRAM, detail, metric.name, len(data.data_points))
        return 0
    temporality = getattr(data, "aggregation_temporality", _CUMULATIVE)
    if temporality not in (_DELTA, _CUMULATIVE):
        detail = "it says neither that it is cumulative nor that it is delta"
        points.refuse(Reason.MALFORMED, detail, metric.name, len(data.data_points))
        return 0
    cumulative = temporality == _CUMULATIVE
    counts = which == "sum" and data.is_monotonic and cumulative
    kind: Kind = "counter" if counts else "gauge" if which == "gauge" else "other"
    name = metric_name(metric.name, metric.unit, kind)
    told = _described(metric, which, counts=counts, cumulative=cumulative)
    if name and len(data.data_points):
        points.metrics[name] = told
    newest = 0
    for point in data.data_points:
        time = points.begin(point)
        newest = max(newest, time)
        labels = resource.labels(point.attributes)
        _ADD.get(which, _add_number)(points, name, labels, time, point)
    return newest


def _described(metric: Any, which: str, *, counts: bool, cumulative: bool) -> MetricDescription:
    kinds: dict[str, MetricType] = {"gauge": "gauge", "histogram": "histogram", "summary": "summary"}
    kind: MetricType = "counter" if counts else kinds.get(which, "gauge")
    return MetricDescription(
        type=kind if cumulative else "unknown",
        unit=unit_name(metric.unit)[:100],
        help=metric.description.replace("\0", "")[:1000],
    )


def _add_number(points: _Points, name: str, labels: Labels, time: int, point: Any) -> None:
    value = point.as_int if point.WhichOneof("value") == "as_int" else point.as_double
    points.add(name, labels, time, STALE if point.flags & _NO_VALUE else float(value))


def _add_histogram(points: _Points, name: str, labels: Labels, time: int, point: Any) -> None:
    gone = bool(point.flags & _NO_VALUE)
    bounds, counts = list(point.explicit_bounds), list(point.bucket_counts)
    if not gone and (odd := _odd_buckets(bounds, counts)):
        points.malformed(name, odd)
        return
    below = 0
    for bound, count in zip(bounds, counts, strict=False):  # the last count is of what lies above all bounds
        below += count
        _add_bucket(points, name, labels, time, (_bound(bound), STALE if gone else float(below)))
    total = STALE if gone else float(point.count)
    _add_bucket(points, name, labels, time, ("+Inf", total))
    points.add(f"{name}_count", labels, time, total)
    if point.HasField("sum") or gone:
        points.add(f"{name}_sum", labels, time, STALE if gone else point.sum)


def _odd_buckets(bounds: list[float], counts: list[int]) -> str | None:
    """Why these are no buckets of a histogram: a bucket lies below each bound, and one above the last."""
    if len(counts) != len(bounds) + 1 and (counts or bounds):
        return (
            f"it has {len(counts)} bucketCounts for {len(bounds)} explicitBounds: there is one more count than bounds"
        )
    if not all(one < other for one, other in pairwise(bounds)):
        return "its explicitBounds do not rise"
    return None


def _add_bucket(points: _Points, name: str, labels: Labels, time: int, bucket: tuple[str, float]) -> None:
    points.add(f"{name}_bucket", {**labels, "le": bucket[0]}, time, bucket[1])


def _add_summary(points: _Points, name: str, labels: Labels, time: int, point: Any) -> None:
    gone = bool(point.flags & _NO_VALUE)
    for each in point.quantile_values:
        points.add(name, {**labels, "quantile": _bound(each.quantile)}, time, STALE if gone else each.value)
    points.add(f"{name}_count", labels, time, STALE if gone else float(point.count))
    points.add(f"{name}_sum", labels, time, STALE if gone else point.sum)


def _bound(number: float) -> str:
    """A bucket's bound as Prometheus writes it: `0.005`, `10`, `+Inf`."""
    return np.format_float_positional(number, trim="-") if np.isfinite(number) else f"{number:+}".replace("inf", "Inf")


_ADD = {"histogram": _add_histogram, "summary": _add_summary}
