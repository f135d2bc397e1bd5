"""Samples as columns, and which of several at one instant counts.

Times are int64 milliseconds since 1970 UTC; values float64. A NaN is a value like any other, and one NaN is special:
Prometheus's staleness marker, which says that a series ended (a target went away).
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Times: TypeAlias = NDArray[np.int64]
Values: TypeAlias = NDArray[np.float64]
Bits: TypeAlias = NDArray[np.uint64]
Mask: TypeAlias = NDArray[np.bool_]

STALE_BITS = 0x7FF0000000000002
"""The bits of Prometheus's staleness marker (prometheus/model/value: StaleNaN)."""
STALE = float(np.array([STALE_BITS], np.uint64).view(np.float64)[0])
MINUTE = 60_000
HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of one series: times strictly ascending, and the value at each."""

    times: Times
    values: Values

    def __len__(self) -> int:
        return len(self.times)


def stale(values: Values) -> Mask:
    """Which values are staleness markers."""
    return values.view(np.uint64) == STALE_BITS


def merged(times: Times, values: Values) -> Samples:
    """Samples in any order, some perhaps more than once, as one series.

    Of several at one instant the one of the highest `precedence` counts: which came first, or how often, makes no difference.
    """
    if len(times) > 1 and not (times[1:] > times[:-1]).all():
        order = np.lexsort((precedence(values), times))
        times, values = times[order], values[order]
        last = np.append(times[1:] != times[:-1], True)
        times, values = times[last], values[last]
    return Samples(times, values)


def merged_by_series(series: Times, times: Times, values: Values) -> tuple[Times, Times, Values]:
    """As `merged`, for the samples of many series at once; sorted by series, then time."""
    order = np.lexsort((precedence(values), times, series))
    series, times, values = series[order], times[order], values[order]
    last = np.append((times[1:] != times[:-1]) | (series[1:] != series[:-1]), True)[: len(times)]
    return series[last], times[last], values[last]


def precedence(values: Values) -> Bits:
    """Which value counts at one instant: the larger number; any number before NaN, and NaN before staleness."""
    bits = values.view(np.uint64)
    sign = np.uint64(1) << np.uint64(63)
    # IEEE 754 numbers in the order of unsigned integers: all bits of negative ones turned, else the sign alone.
    ordered = np.where(bits & sign, ~bits, bits | sign)
    is_nan = np.isnan(values)
    if is_nan.any():
        # Below -Infinity lies what was negative NaN: room enough for every NaN by its lower bits, which tell them apart.
        ordered = np.where(is_nan, (bits & np.uint64((1 << 51) - 1)) + np.uint64(1), ordered)
        ordered = np.where(stale(values), np.uint64(0), ordered)
    return ordered


def hour_of(times: Times) -> Times:
    """The begin of the hour of each time."""
    return times - times % HOUR
