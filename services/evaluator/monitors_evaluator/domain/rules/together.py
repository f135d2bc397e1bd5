"""Many values judged as one: the last few of a series, or the last ones of a group of series."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .levels import Cells, Crossed, Rules, Truths, Values


def counted(cells: Cells, rules: Rules, now: Crossed, counting: Truths) -> Crossed:
    """Of the last `m` samples, whether `n` crossed; notes this sample in the bits of the cells where `counting`."""
    mask = (np.uint64(2) << (rules["m"] - 1).clip(0).astype(np.uint64)) - np.uint64(1)
    enough: list[Truths] = []
    for name, is_crossed in (("warning_bits", now.warning), ("critical_bits", now.critical)):
        bits = ((cells[name] << np.uint64(1)) | is_crossed.astype(np.uint64)) & mask
        cells[name] = np.where(counting, bits, cells[name])
        enough.append(np.bitwise_count(cells[name]) >= rules["n"])
    warning, critical = (np.where(counting, many, now) for many, now in zip(enough, now[:2], strict=True))
    return Crossed(warning, critical, np.where(counting, ~(warning | critical), now.recovered))


def across(functions: Sequence[str], place: NDArray[np.int64], value: Values) -> Values:
    """One value a group: of the values at its place that are known, by its function; NaN where none is."""
    size = len(functions)
    known = ~np.isnan(value)
    place, value = place[known], value[known]
    count = np.bincount(place, minlength=size).astype(np.float64)
    total = np.bincount(place, value, size)
    lowest, highest = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(lowest, place, value)
    np.maximum.at(highest, place, value)
    none = count == 0
    by_name = {"sum": total, "count": count, "avg": total / np.maximum(count, 1), "min": lowest, "max": highest}
    found = np.array([by_name[name][number] for number, name in enumerate(functions)], np.float64)
    return np.where(none, np.nan, found)
