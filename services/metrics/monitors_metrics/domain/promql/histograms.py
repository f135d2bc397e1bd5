"""Quantiles of classic histograms: counters of observations up to `le`. Source: prometheus/promql/quantile.go."""

import math

import numpy as np

from ..samples import Mask, Values
from ..selectors import NAME
from .values import Key, Labels, Vector, empty, key

LE = "le"


def histogram_quantile(share: Values, buckets: Vector, steps: int) -> Vector:
    """The quantile of each histogram, linear within its bucket."""
    groups: dict[Key, list[tuple[float, int]]] = {}
    labels: dict[Key, Labels] = {}
    for row, each in enumerate(buckets.labels):
        try:
            upper = float(each.get(LE, ""))
        except ValueError:
            continue  # no bucket of a histogram
        rest = {name: value for name, value in each.items() if name not in (LE, NAME)}
        groups.setdefault(key(rest), []).append((upper, row))
        labels[key(rest)] = rest
    if not groups:
        return empty(steps)
    values, there = np.full((len(groups), steps), np.nan), np.zeros((len(groups), steps), np.bool_)
    for number, bounds in enumerate(groups.values()):
        bounds.sort()
        rows = [row for _, row in bounds]
        there[number] = buckets.there[rows].any(axis=0)
        uppers = np.array([upper for upper, _ in bounds])
        values[number] = _quantiles(share, uppers, buckets.values[rows], buckets.there[rows])
    return Vector(list(labels.values()), values, there)


def _quantiles(share: Values, uppers: Values, counts: Values, there: Mask) -> Values:
    """One histogram at every step. Where buckets differ from step to step, each step has its own."""
    found = np.full(counts.shape[1], np.nan)
    patterns, which = np.unique(there, axis=1, return_inverse=True)
    for number in range(patterns.shape[1]):
        present, steps = patterns[:, number], np.flatnonzero(which.ravel() == number)
        if present.sum() >= 2 and math.isinf(uppers[present][-1]):
            found[steps] = _complete(share[steps], *_united(uppers[present], counts[present][:, steps]))
    infinite = np.where(share < 0, -np.inf, np.inf)
    return np.where((share < 0) | (share > 1), np.where(there.any(axis=0), infinite, np.nan), found)


def _united(uppers: Values, counts: Values) -> tuple[Values, Values]:
    """Buckets of the same bound as one."""
    starts = np.flatnonzero(np.append(True, uppers[1:] != uppers[:-1]))
    return uppers[starts], np.add.reduceat(counts, starts, axis=0)


def _complete(share: Values, uppers: Values, counts: Values) -> Values:
    if len(uppers) < 2:
        return np.full(counts.shape[1], np.nan)
    counts = np.fmax.accumulate(counts, axis=0)  # scraped one after the other, a lower bucket may be ahead
    total = counts[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        rank = share * total
        bucket = np.minimum((counts[:-1] < rank).sum(axis=0), len(uppers) - 1)
        steps = np.arange(counts.shape[1])
        below = np.where(bucket > 0, counts[np.maximum(bucket - 1, 0), steps], 0)
        begin = np.where(bucket > 0, uppers[np.maximum(bucket - 1, 0)], 0)
        end = uppers[bucket]
        found = begin + (end - begin) * ((rank - below) / (counts[bucket, steps] - below))
    found = np.where((bucket == 0) & (uppers[0] <= 0), uppers[0], found)
    found = np.where(bucket == len(uppers) - 1, uppers[-2], found)
    return np.where((total == 0) | np.isnan(total) | np.isnan(share), np.nan, found)
