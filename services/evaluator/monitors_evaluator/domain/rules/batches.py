"""Measurements as columns, as they are judged."""

from dataclasses import dataclass

import numpy as np

from monitors_contracts.metrics import MetricBatchCollected, MetricCollected
from monitors_contracts.series import series_key

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
