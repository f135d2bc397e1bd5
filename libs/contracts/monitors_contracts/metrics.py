"""Measurements: samples of named series."""

from typing import Literal

from pydantic import AwareDatetime, Field

from .base import Event, Id, Model, TenantRequest


class Sample(Model):
    """One measured value of one series."""

    name: str = Field(max_length=200)
    type: Literal["gauge", "counter", "histogram"] = "gauge"
    value: float = Field(allow_inf_nan=False)  # JSON knows neither, and nobody could read the message
    tags: dict[str, str] = Field(default_factory=dict)
    timestamp: AwareDatetime
    source: str = Field(default="", max_length=200)


class MetricCollected(Event):
    """Measurements came in; a batch, all of one source."""

    aggregate, action, stream, entity_field = "metric", "collected", "METRICS", "batch_id"
    batch_id: Id
    samples: list[Sample] = Field(min_length=1, max_length=10_000)


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
