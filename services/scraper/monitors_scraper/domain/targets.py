"""What one scrape of a target says: its samples under the target's labels, how the scrape went, and which series ended."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from struct import pack

from monitors_contracts.measuring import STALE, Columns, series_refusal
from monitors_contracts.metrics import MetricDescription
from monitors_contracts.series import series_key

from .exposition import Exposition

Samples = dict[str, list[tuple[int, float]]]


@dataclass(frozen=True, slots=True)
class Reading:
    """A scrape that succeeded: by series, times (ms) and values. `refused` samples have names or labels nobody could keep."""

    samples: Samples
    found: int
    refused: int
    metrics: Mapping[str, MetricDescription] = field(default_factory=dict[str, MetricDescription])


def identity(name: str, host_and_port: str, labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that all series of a target have."""
    return {"job": name, "instance": host_and_port, **labels}


def read(exposition: Exposition, labels: Mapping[str, str], at: int) -> Reading:
    """The samples of an exposition, of the time `at` where it says none.

    A label that the target has as well is kept as `exported_<label>`, as Prometheus does.
    """
    samples: Samples = {}
    refused = 0
    for sample in exposition.samples:
        theirs = {f"exported_{label}" if label in labels else label: value for label, value in sample.labels.items()}
        if series_refusal(sample.name, joined := {**theirs, **labels}):
            refused += 1
        else:
            when = at if sample.time is None else sample.time
            samples.setdefault(series_key(sample.name, joined), []).append((when, sample.value))
    return Reading(samples, len(exposition.samples), refused, exposition.metrics)


def report(
    reading: Reading | None,
    labels: Mapping[str, str],
    at: int,
    seconds: float,
    previous: Collection[str],
    metrics: Mapping[str, MetricDescription],
) -> Columns:
    """What is sent of a scrape at `at` that took so many seconds; None is one that failed.

    Series of the scrape before that are no longer there get the staleness marker: they have ended, and are not merely late.
    """
    samples: Samples = dict(reading.samples) if reading else {}
    for key in previous:
        samples.setdefault(key, [(at, STALE)])
    about = {"up": float(reading is not None), "scrape_duration_seconds": seconds}
    if reading:
        about["scrape_samples_scraped"] = float(reading.found)
    for name, value in about.items():
        samples[series_key(name, labels)] = [(at, value)]
    return _columns(samples, metrics)


def ended(series: Collection[str], labels: Mapping[str, str], at: int) -> Columns:
    """A target is scraped no longer: all its series end."""
    own = [series_key(name, labels) for name in ("up", "scrape_duration_seconds", "scrape_samples_scraped")]
    return _columns({key: [(at, STALE)] for key in (*series, *own)}, {})


def _columns(samples: Samples, metrics: Mapping[str, MetricDescription]) -> Columns:
    in_order = {key: sorted(found, key=lambda sample: sample[0]) for key, found in samples.items()}
    times = [time for found in in_order.values() for time, _ in found]
    values = [value for found in in_order.values() for _, value in found]
    return Columns(
        series=list(in_order),
        counts=[len(found) for found in in_order.values()],
        times=pack(f"<{len(times)}q", *times),
        values=pack(f"<{len(values)}d", *values),
        metrics=metrics,
    )
