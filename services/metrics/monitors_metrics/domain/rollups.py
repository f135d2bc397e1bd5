"""What many samples were, in seven numbers a span of time: count, min, max, sum, first, last and increase.

A sample is such a summary of itself; summaries of spans fold into those of longer spans; so raw samples, minutes, hours and the
steps of a graph are made by one function, and it makes no difference by which way.
"""

from dataclasses import dataclass

import numpy as np

from . import packing
from .samples import Mask, Times, Values, stale

COUNT, MIN, MAX, SUM, FIRST, LAST, INCREASE = range(7)
COLUMNS = 7


@dataclass(frozen=True, slots=True)
class Summaries:
    """Spans with samples, of many series: sorted by series, then time; `columns` has a row of each of the seven numbers.

    `increase` is what a counter grew by inside the span, from its first sample to its last; a fall is a reset to zero.
    """

    series: Times
    times: Times
    columns: Values

    def __len__(self) -> int:
        return len(self.times)

    def where(self, mask: Mask) -> "Summaries":
        """Those that the mask picks."""
        return Summaries(self.series[mask], self.times[mask], self.columns[:, mask])


NONE = Summaries(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((COLUMNS, 0)))


def of_samples(series: Times, times: Times, values: Values) -> Summaries:
    """Each sample as a summary of itself; a staleness marker is none."""
    real = ~stale(values)
    series, times, values = series[real], times[real], values[real]
    columns = np.broadcast_to(values, (COLUMNS, len(values))).copy()
    columns[COUNT], columns[INCREASE] = 1, 0
    return Summaries(series, times, columns)


def joined(parts: list[Summaries]) -> Summaries:
    """Summaries of different spans together, in order."""
    if not parts:
        return NONE
    series, times = np.concatenate([part.series for part in parts]), np.concatenate([part.times for part in parts])
    order = np.lexsort((times, series))
    return Summaries(series[order], times[order], np.concatenate([part.columns for part in parts], axis=1)[:, order])


def folded(parts: Summaries, span: int) -> Summaries:
    """Summaries of longer spans: those that begin at multiples of `span` milliseconds."""
    if not len(parts):
        return parts
    begins = parts.times - parts.times % span
    starts = _starts(parts.series, begins)
    given = parts.columns
    ends = np.append(starts[1:], len(parts)) - 1
    grown = given[INCREASE] + _bridges(parts)
    grown[starts] = given[INCREASE][starts]  # what leads to a span's first sample lies before the span
    columns = np.empty((COLUMNS, len(starts)))
    columns[COUNT] = np.add.reduceat(given[COUNT], starts)
    columns[MIN] = np.fmin.reduceat(given[MIN], starts)
    columns[MAX] = np.fmax.reduceat(given[MAX], starts)
    columns[SUM] = np.add.reduceat(given[SUM], starts)
    columns[FIRST], columns[LAST] = given[FIRST][starts], given[LAST][ends]
    columns[INCREASE] = np.add.reduceat(grown, starts)
    return Summaries(parts.series[starts], begins[starts], columns)


def increases(parts: Summaries) -> Values:
    """What a counter grew by in each span, with what lies between it and the span before."""
    return parts.columns[INCREASE] + _bridges(parts)


@np.errstate(invalid="ignore")
def _bridges(parts: Summaries) -> Values:
    """From the last sample of the span before to the first of each: 0 for a series' first span."""
    last, first = parts.columns[LAST], parts.columns[FIRST]
    bridges = np.zeros(len(parts))
    grown = first[1:] - last[:-1]
    grown = np.where(grown < 0, first[1:], grown)  # it began anew, at zero
    bridges[1:] = np.where((parts.series[1:] == parts.series[:-1]) & ~np.isnan(grown), grown, 0)
    return bridges


def _starts(series: Times, begins: Times) -> Times:
    changed = (series[1:] != series[:-1]) | (begins[1:] != begins[:-1])
    return np.flatnonzero(np.append(True, changed))


def packed(parts: Summaries) -> list[tuple[int, bytes]]:
    """The summaries of each series as bytes. What was added up is kept to the decimals that the values have."""
    if not len(parts):
        return []
    starts = np.flatnonzero(np.append(True, parts.series[1:] != parts.series[:-1]))
    columns = parts.columns.copy()
    for added in (SUM, INCREASE):
        columns[added] = packing.rounded_as(columns[added], columns[LAST], starts)
    packs = packing.pack_many(starts, parts.times, columns)
    return list(zip(parts.series[starts].tolist(), packs, strict=True))


def unpacked(series: int, data: bytes) -> Summaries:
    """The summaries that were packed."""
    times, columns = packing.unpack(data, COLUMNS)
    return Summaries(np.full(len(times), series, np.int64), times, np.array(columns))
