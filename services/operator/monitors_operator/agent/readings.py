"""What a measurement is to the agent, and what is measured of a process that counts with prometheus-client."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.registry import REGISTRY

Kind = Literal["gauge", "counter", "histogram"]


class Reading(NamedTuple):
    """One value of one series, of now."""

    name: str
    value: float
    tags: Mapping[str, str] = {}
    kind: Kind = "gauge"


Source = Callable[[], Iterable[Reading]]

_KINDS: dict[str, Kind] = {"counter": "counter", "histogram": "histogram"}


def of_registry(registry: CollectorRegistry = REGISTRY) -> list[Reading]:
    """Everything the process counts. When a counter began is left out: that it fell says as much."""
    return [
        Reading(sample.name, sample.value, sample.labels, _KINDS.get(family.type, "gauge"))
        for family in registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created") and math.isfinite(sample.value)
    ]


def batch(sources: Sequence[tuple[Source, Mapping[str, str]]], at: float) -> list[dict[str, object]]:
    """Readings of all sources under each one's tags, at this time (seconds since 1970), as `POST /api/metrics` takes them."""
    return [
        {
            "name": reading.name,
            "type": reading.kind,
            "value": reading.value,
            "tags": {**reading.tags, **tags},
            "timestamp": round(at, 3),
        }
        for source, tags in sources
        for reading in source()
    ]
