"""Functions of the samples in windows: a window for each series and step. Source: prometheus/promql/functions.go (3.x)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..samples import Mask, Times, Values
from ..series import SeriesSamples
from .values import Ranges

_MOST_CELLS = 4_000_000
"""Samples of windows laid side by side at once: bounds memory."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Where in the columns each window begins and ends (series by step), and what it looks over."""

    samples: SeriesSamples
    begins: Times
    ends: Times
    until: Times
    span: int

    @property
    def counts(self) -> Times:
        return self.ends - self.begins


def windows_of(ranges: Ranges) -> Windows:
    """The windows of a range vector."""
    begins, ends = bounds(ranges.samples, ranges.ends, ranges.span)
    return Windows(ranges.samples, begins, ends, ranges.ends, ranges.span)


def bounds(samples: SeriesSamples, until: Times, span: int) -> tuple[Times, Times]:
    """For each series and step, the positions of samples after `until - span` and up to `until`."""
    begins = np.empty((samples.count, len(until)), np.int64)
    ends = np.empty_like(begins)
    edges = samples.bounds().tolist()
    for number in range(samples.count):
        first, end = edges[number], edges[number + 1]
        times = samples.times[first:end]
        begins[number] = np.searchsorted(times, until - span, side="right") + first
        ends[number] = np.searchsorted(times, until, side="right") + first
    return begins, ends


def reduced(function: "np.ufunc", column: Values, begins: Times, ends: Times) -> Values:
    """The ufunc's reduction of each window; of an empty one, nothing that means anything."""
    shape = begins.shape
    if not len(column):
        return np.zeros(shape)
    begins, ends = begins.ravel(), ends.ravel()
    filled = ends > begins
    # reduceat takes pairs: from here to there, and from there to the next beginning, which is thrown away. The last
    # position may be the column's end, which has no element: one is added.
    pairs = np.empty(2 * int(filled.sum()), np.int64)
    pairs[0::2], pairs[1::2] = begins[filled], ends[filled]
    found = np.zeros(len(begins))
    if len(pairs):
        found[filled] = function.reduceat(np.append(column, column[-1]), pairs)[0::2]
    return found.reshape(shape)


def side_by_side(windows: Windows, work: Callable[[Values, Mask, Times], Values]) -> Values:
    """`work` of windows as rows of samples, padded where `there` is false; with the windows' numbers. A part at a time."""
    begins, counts = windows.begins.ravel(), windows.counts.ravel()
    found = np.full(len(begins), np.nan)
    filled = np.flatnonzero(counts > 0)
    most = int(counts.max(initial=0))
    size = max(1, _MOST_CELLS // max(1, most))
    for first in range(0, len(filled), size):
        some = filled[first : first + size]
        offsets = np.arange(int(counts[some].max()))
        there = offsets < counts[some][:, None]
        index = np.where(there, begins[some][:, None] + offsets, 0)
        found[some] = work(windows.samples.values[index], there, some)
    return found.reshape(windows.begins.shape)


def extrapolated(windows: Windows, *, counter: bool, per_second: bool) -> tuple[Values, Mask]:
    """`rate`, `increase` and `delta`: the change over the window, carried on to its edges as far as samples make likely."""
    there = windows.counts >= 2
    first, last = _at(windows, windows.begins, there), _at(windows, windows.ends - 1, there)
    times = windows.samples.times
    first_time = _time_at(times, windows.begins, there)
    last_time = _time_at(times, windows.ends - 1, there)
    change = last - first
    if counter:
        change = change + _resets(windows, there)
    with np.errstate(divide="ignore", invalid="ignore"):
        interval = (last_time - first_time) / 1000
        average = interval / (windows.counts - 1)
        to_start = (first_time - (windows.until - windows.span)) / 1000
        to_end = (windows.until - last_time) / 1000
        to_start = np.where(to_start >= average * 1.1, average / 2, to_start)
        to_end = np.where(to_end >= average * 1.1, average / 2, to_end)
        if counter:  # a counter is never below zero, so it can't be carried back beyond that
            to_zero = np.where((change > 0) & (first >= 0), interval * (first / change), to_start)
            to_start = np.minimum(to_start, to_zero)
        factor = (interval + to_start + to_end) / interval
        if per_second:
            factor = factor / (windows.span / 1000)
        return change * factor, there


def instant_change(windows: Windows, *, counter: bool) -> tuple[Values, Mask]:
    """`irate` and `idelta`: the change between the last two samples."""
    there = windows.counts >= 2
    before, last = _at(windows, windows.ends - 2, there), _at(windows, windows.ends - 1, there)
    if not counter:
        return last - before, there
    times = windows.samples.times
    seconds = (_time_at(times, windows.ends - 1, there) - _time_at(times, windows.ends - 2, there)) / 1000
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(last < before, last, last - before) / seconds, there


def changes(windows: Windows, *, resets_only: bool) -> tuple[Values, Mask]:
    """How often the value changed, or fell, within each window."""
    values = windows.samples.values
    flags = np.zeros(len(values))
    if resets_only:
        flags[1:] = values[1:] < values[:-1]
    else:
        flags[1:] = (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
    there = windows.counts > 0
    return reduced(np.add, flags, np.minimum(windows.begins + 1, windows.ends), windows.ends), there


def last(windows: Windows) -> tuple[Values, Mask]:
    """The latest sample of each window."""
    there = windows.counts > 0
    return _at(windows, windows.ends - 1, there), there


def mean(windows: Windows) -> Values:
    """The mean of each window."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return reduced(np.add, windows.samples.values, windows.begins, windows.ends) / windows.counts


def variance(windows: Windows) -> Values:
    """The population variance of each window."""

    def work(values: Values, there: Mask, _: Times) -> Values:
        counts = there.sum(axis=1)
        means = np.where(there, values, 0).sum(axis=1) / counts
        return np.where(there, (values - means[:, None]) ** 2, 0).sum(axis=1) / counts

    with np.errstate(invalid="ignore"):
        return side_by_side(windows, work)


def quantile(windows: Windows, share: Values) -> Values:
    """The quantile of each window; `share` is one a step."""
    shares = np.broadcast_to(share, windows.begins.shape).ravel()
    return side_by_side(windows, lambda values, there, some: quantiles(values, there, shares[some]))


def quantiles(values: Values, there: Mask, share: Values) -> Values:
    """The quantile of each row, linear between neighbours; NaN counts as the smallest. Outside 0 to 1 it is infinite."""
    counts = there.sum(axis=1)
    smallest_first = np.where(there, np.where(np.isnan(values), -np.inf, values), np.inf)
    order = np.argsort(smallest_first, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    with np.errstate(invalid="ignore"):
        rank = np.clip(np.nan_to_num(share), 0, 1) * (counts - 1)
        below = np.clip(np.floor(rank), 0, None).astype(np.int64)
        above = np.minimum(below + 1, np.maximum(counts - 1, 0))
        part = rank - below
        rows = np.arange(len(values))
        lower, upper = ordered[rows, below], ordered[rows, above]
        found = lower * (1 - part) + upper * part
    found = np.where(share < 0, -np.inf, np.where(share > 1, np.inf, found))
    return np.where(np.isnan(share) | (counts == 0), np.nan, found)


def regression(windows: Windows, at: Times) -> tuple[Values, Values, Mask]:
    """Slope a second, and value at these times, of the least-squares line through each window."""
    times = windows.samples.times
    begins, until = windows.begins.ravel(), np.broadcast_to(at, windows.begins.shape).ravel()
    there = windows.counts >= 2
    slopes = np.full(len(begins), np.nan)

    def work(values: Values, filled: Mask, some: Times) -> Values:
        index = np.where(filled, begins[some][:, None] + np.arange(filled.shape[1]), 0)
        seconds = np.where(filled, (times[index] - until[some][:, None]) / 1000, 0)
        counts = filled.sum(axis=1)
        values = np.where(filled, values, 0)
        mean_x, mean_y = seconds.sum(axis=1) / counts, values.sum(axis=1) / counts
        apart = np.where(filled, seconds - mean_x[:, None], 0)
        slope = (apart * (values - mean_y[:, None])).sum(axis=1) / (apart**2).sum(axis=1)
        # Of a constant the slope is zero, not what rounding leaves.
        slope = np.where(np.where(filled, values == values[:, :1], True).all(axis=1), 0, slope)
        slopes[some] = slope
        return mean_y - slope * mean_x

    with np.errstate(divide="ignore", invalid="ignore"):
        intercepts = side_by_side(windows, work)
    return slopes.reshape(there.shape), intercepts, there


def _resets(windows: Windows, there: Mask) -> Values:
    values = windows.samples.values
    lost = np.zeros(len(values))
    lost[1:] = np.where(values[1:] < values[:-1], values[:-1], 0)
    return reduced(np.add, lost, np.where(there, windows.begins + 1, 0), np.where(there, windows.ends, 0))


def _at(windows: Windows, positions: Times, there: Mask) -> Values:
    values = windows.samples.values
    return values[np.where(there, positions, 0)] if len(values) else np.zeros(positions.shape)


def _time_at(times: Times, positions: Times, there: Mask) -> Times:
    return times[np.where(there, positions, 0)] if len(times) else np.zeros(positions.shape, np.int64)
