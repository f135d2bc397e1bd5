"""Measurements as columns, as they are judged."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from monitors_contracts.metrics import MetricBatchCollected, MetricCollected
from monitors_contracts.series import parse_series_key, series_key

from .levels import Times, Values


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples, series by series: `counts` has how many each series has, `times` (ms) and `values` the samples in turn."""

    series: list[str]
    counts: Times
    times: Times
    values: Values
    source: str = ""


def batch_of(event: MetricBatchCollected | MetricCollected) -> list[Batch]:
    """An event's samples; one batch a source."""
    if isinstance(event, MetricBatchCollected):
        counts = np.frombuffer(event.counts, "<u4").astype(np.int64)
        times, values = np.frombuffer(event.times, "<i8"), np.frombuffer(event.values, "<f8")
        return [Batch(event.series, counts, times, values, event.source)]
    batches: list[Batch] = []
    for source in dict.fromkeys(sample.source for sample in event.samples):
        samples = [sample for sample in event.samples if sample.source == source]
        batches.append(
            Batch(
                [series_key(sample.name, sample.tags) for sample in samples],
                np.ones(len(samples), np.int64),
                np.array([round(sample.timestamp.timestamp() * 1000) for sample in samples], np.int64),
                np.array([sample.value for sample in samples], np.float64),
                source,
            )
        )
    return batches


def span_of(batches: Sequence[Batch], metrics: Collection[str], latest: int) -> tuple[int, int] | None:
    """The first and the last time (ms) of samples of these metrics, up to `latest`; None where there are none."""
    times = [
        each.times[np.repeat([_metric(key) in metrics for key in each.series], each.counts) & (each.times <= latest)]
        for each in batches
    ]
    found = np.concatenate([np.zeros(0, np.int64), *times])
    return (int(found.min()), int(found.max())) if len(found) else None


def _metric(key: str) -> str:
    if key[:1] != "{":
        return key.partition("{")[0]
    try:
        return parse_series_key(key)[0]
    except ValueError:
        return ""
