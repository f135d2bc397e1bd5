"""Measurements in text: OpenMetrics, and the Prometheus text format it comes from.

Source: OpenMetrics 1.0 (RFC draft), Prometheus exposition formats 0.0.4; read by prometheus-client's parsers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from prometheus_client import parser as prometheus_text
from prometheus_client.openmetrics import parser as openmetrics

from monitors_contracts.metrics import MetricDescription, MetricType

ACCEPT = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
_OPENMETRICS = "application/openmetrics-text"
_TYPES: dict[str, MetricType] = {"gaugehistogram": "histogram", "info": "gauge", "stateset": "gauge"}


class Unparsable(ValueError):
    """A text that is no exposition; the message says where."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample as exposed; `time` is milliseconds since 1970, None when the text says none."""

    name: str
    labels: Mapping[str, str]
    value: float
    time: int | None


@dataclass(frozen=True, slots=True)
class Exposition:
    """What a target shows."""

    samples: list[Sample]
    metrics: dict[str, MetricDescription]


def parse(body: bytes, content_type: str) -> Exposition:
    """The measurements in a body: OpenMetrics when its type says so, else Prometheus's text format. Raises Unparsable."""
    strict = content_type.partition(";")[0].strip().lower() == _OPENMETRICS
    parser = openmetrics if strict else prometheus_text
    try:
        families: list[Any] = list(parser.text_string_to_metric_families(body.decode()))
        return Exposition([_sample(each) for family in families for each in family.samples], _described(families))
    except Exception as wrong:  # the parsers raise what a text leads them to: ValueError mostly, KeyError and others
        raise Unparsable(
            f"{'OpenMetrics' if strict else 'Prometheus text'} that can't be read: {wrong}"[:300]
        ) from wrong


def _sample(sample: Any) -> Sample:
    time = None if sample.timestamp is None else round(float(sample.timestamp) * 1000)
    return Sample(sample.name, sample.labels, float(sample.value), time)


def _described(families: list[Any]) -> dict[str, MetricDescription]:
    """What metrics are, by the names that their samples have."""
    found: dict[str, MetricDescription] = {}
    for family in families:
        kind = _TYPES.get(family.type, family.type)
        described = MetricDescription(
            type=cast(MetricType, kind) if kind in get_args(MetricType) else "unknown",
            unit=(family.unit or "")[:100],
            help=family.documentation.replace("\0", "")[:1000],
        )
        found[f"{family.name}_total" if family.type == "counter" else family.name] = described
    return found
