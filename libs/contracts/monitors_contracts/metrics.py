"""Measurements: samples of named series, how they travel, and how they are asked for."""

import struct
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    AwareDatetime,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WrapValidator,
    model_validator,
)

from .base import Event, Id, Model, TenantRequest

MetricType: TypeAlias = Literal["gauge", "counter", "histogram", "summary", "unknown"]
MetricName = Annotated[str, StringConstraints(max_length=200)]
LabelName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
SeriesSelector = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
"""As in PromQL: `http_requests_total{job="api",path=~"/v1/.*"}`."""


class Sample(Model):
    """One measured value of one series."""

    name: str = Field(max_length=200)
    type: Literal["gauge", "counter", "histogram"] = "gauge"
    value: float = Field(allow_inf_nan=False)  # JSON knows neither, and nobody could read the message
    tags: dict[str, str] = Field(default_factory=dict)
    timestamp: AwareDatetime
    source: str = Field(default="", max_length=200)


class MetricCollected(Event):
    """Measurements came in: a few, each written out. What comes in bulk is a MetricBatchCollected."""

    aggregate, action, stream, entity_field = "metric", "collected", "METRICS", "batch_id"
    batch_id: Id
    samples: list[Sample] = Field(min_length=1, max_length=10_000)


class MetricDescription(Model):
    """What a metric is: its type, its unit and a sentence about it, as far as the sender told."""

    type: MetricType = "unknown"
    unit: str = Field(default="", max_length=100)
    help: str = Field(default="", max_length=1000)


def _base64(value: Any, read: Callable[[Any], bytes]) -> bytes:
    try:
        return read(value)
    except ValidationError as refused:
        raise ValueError("not base64") from refused


Packed = Annotated[bytes, WrapValidator(_base64)]


class MetricBatchCollected(Event):
    """Measurements came in, in bulk: series as text, samples as packed columns.

    `series` are texts as `monitors_contracts.series` writes them. The samples stand series by series, oldest first within each:
    `counts` says how many each has (little-endian uint32 each), `times` when they were (int64, milliseconds since 1970 UTC),
    `values` what they were (float64, bit by bit: NaN, infinities and Prometheus's staleness marker included). `metrics`
    describes metrics by name, where the sender told. `source` is who measured.
    """

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    aggregate, action, stream, entity_field = "metric", "batch-collected", "METRICS", "batch_id"
    compressed = True
    batch_id: Id
    source: str = Field(default="", max_length=200)
    series: list[str] = Field(min_length=1, max_length=10_000)
    counts: Packed = Field(description="base64 of uint32, little-endian: samples of each series")
    times: Packed = Field(description="base64 of int64, little-endian: milliseconds since 1970 UTC of each sample")
    values: Packed = Field(description="base64 of float64, little-endian: each sample")
    metrics: dict[str, MetricDescription] = Field(default_factory=dict[str, MetricDescription], max_length=10_000)

    @model_validator(mode="after")
    def _columns_fit(self) -> Self:
        if len(self.counts) != 4 * len(self.series):
            raise ValueError("counts must have one number a series")
        total = sum(struct.unpack(f"<{len(self.series)}I", self.counts))
        if not len(self.times) == len(self.values) == 8 * total:
            raise ValueError("times and values must have as many samples as counts say")
        return self


class SeriesSamples(Model):
    """Samples of one series, oldest first."""

    name: str
    tags: dict[str, str]
    samples: list[tuple[AwareDatetime, float]]


class MetricsReply(Model):
    """Series that match."""

    series: list[SeriesSamples]


class GetMetrics(TenantRequest[MetricsReply]):
    """Raw samples of the series with this name and these tags, newest `limit` of each."""

    service = "metrics"
    name: str
    tags: dict[str, str] = Field(default_factory=dict)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    limit: int = Field(default=1000, ge=1, le=10_000)


class MetricLine(Model):
    """One line of a graph: a series or a group, and its value at each time of the graph; null where there is none."""

    name: str
    labels: dict[str, str]
    values: list[float | None]


class MetricGraph(Model):
    """Lines over shared times. `resolution` tells what they were made of: raw samples, or rollups of a minute or an hour."""

    step_seconds: int
    resolution: Literal["raw", "1m", "1h"]
    times: list[int] = Field(description="Begin of each step, milliseconds since 1970 UTC")
    series: list[MetricLine]


MetricFunction: TypeAlias = Literal["avg", "min", "max", "sum", "count", "last", "rate", "increase", "percentile"]


class QueryMetrics(TenantRequest[MetricGraph]):
    """Series that match, as one number a step: the function of the samples within it.

    With `by`, series that agree in these labels are one line (none: all are one); without, each is its own. `rate` (a
    second) and `increase` are of counters, know resets, and add up over a group; `percentile` is of all samples of the step.
    """

    service = "metrics"
    selector: SeriesSelector
    function: MetricFunction = "avg"
    percentile: float = Field(default=95, ge=0, le=100)
    by: list[LabelName] | None = Field(default=None, max_length=30)
    since: AwareDatetime
    until: AwareDatetime
    step_seconds: int = Field(ge=1, le=31_536_000)


class SeriesView(Model):
    """A series."""

    name: str
    labels: dict[str, str]


class SeriesList(Model):
    """Series that match, by name and labels. `more` says that there are others beyond the limit."""

    series: list[SeriesView]
    more: bool = False


class ListSeries(TenantRequest[SeriesList]):
    """The series that match any of the selectors, and had samples between the times."""

    service = "metrics"
    selectors: list[SeriesSelector] = Field(min_length=1, max_length=30)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    limit: int = Field(default=1000, ge=1, le=10_000)


class Names(Model):
    """Names or values, in order."""

    names: list[str]
    more: bool = False


class ListLabels(TenantRequest[Names]):
    """The labels that series have (`__name__` is the metric's name); with `label`, the values it has."""

    service = "metrics"
    label: LabelName | None = None
    selectors: list[SeriesSelector] = Field(default_factory=list[str], max_length=30)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    limit: int = Field(default=10_000, ge=1, le=10_000)


class DescriptionList(Model):
    """Metrics by name."""

    metrics: dict[str, MetricDescription]


class DescribeMetrics(TenantRequest[DescriptionList]):
    """What is known of metrics: all, or this one."""

    service = "metrics"
    name: str | None = None
    limit: int = Field(default=10_000, ge=1, le=10_000)


class PromResult(Model):
    """Data of an answer of the Prometheus HTTP API: JSON, compressed with zstd."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    data: Packed


class QueryProm(TenantRequest[PromResult]):
    """Evaluate PromQL at one time, or with `until` and `step_seconds` at every step from `since` to `until`."""

    service = "metrics"
    query: str = Field(max_length=20_000)
    since: AwareDatetime
    until: AwareDatetime | None = None
    step_seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class SeriesUsage(Model):
    """How many series an organization has, and how many it may have."""

    used: int
    limit: int
    refused_samples: dict[str, int] = Field(description="Samples not kept, by reason, since the beginning")


class GetSeriesUsage(TenantRequest[SeriesUsage]):
    """An organization's series against its limit, and what was refused of its samples."""

    service = "metrics"


class UnknownSeries(Model):
    """Which series there are not yet: their places in the request. And how many there are of how many there may be."""

    unknown: list[int]
    used: int
    limit: int


class FindUnknownSeries(TenantRequest[UnknownSeries]):
    """Which of these series, as text, the organization does not have: its limit decides about those alone."""

    service = "metrics"
    series: list[str] = Field(max_length=1000)
