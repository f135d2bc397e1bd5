"""From a value to a level, for many cells at once: levels, hold, recovery, in the time of the samples.

A cell is one rule on one series or group. All functions take columns of equal length and give new ones.
"""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitors_contracts.rules import Comparison

Cells: TypeAlias = NDArray[np.void]
Rules: TypeAlias = NDArray[np.void]
Times: TypeAlias = NDArray[np.int64]
Values: TypeAlias = NDArray[np.float64]
Truths: TypeAlias = NDArray[np.bool_]

NEVER = -(2**60)
"""Milliseconds: no time at all."""
QUIET, WARNING, CRITICAL = 0, 1, 2
ALONE = -1
"""The `told_by` of a cell that is told by itself."""

CELL = np.dtype(
    [
        ("rule", np.int32),
        ("level", np.int8),
        ("last", np.int64),
        ("arrived", np.int64),
        ("value", np.float64),
        ("raw", np.float64),
        ("warning_since", np.int64),
        ("critical_since", np.int64),
        ("recovering_since", np.int64),
        ("fired_at", np.int64),
        ("begun", np.int64),
        ("source", np.int32),
        ("window", np.int32),
        ("warning_bits", np.uint64),
        ("critical_bits", np.uint64),
        ("told_by", np.int32),
    ]
)
"""What is known of a cell. Times are milliseconds; `last` is of the newest sample, `arrived` when one last came; `value` is
what was judged, `raw` the sample it was made of, `told_by` the cell of the sender that this one's absence is told by."""

RULE = np.dtype(
    [
        ("kind", np.int8),
        ("op", np.int8),
        ("function", np.int8),
        ("warning", np.float64),
        ("critical", np.float64),
        ("recovery", np.float64),
        ("hold", np.int64),
        ("recover_for", np.int64),
        ("stale_after", np.int64),
        ("bucket", np.int64),
        ("n", np.int16),
        ("m", np.int16),
        ("grouped", np.bool_),
    ]
)
"""What a rule says, in numbers. Durations are milliseconds; a level that is not set is NaN."""

_COMPARE: dict[Comparison, "np.ufunc"] = {
    "gt": np.greater,
    "ge": np.greater_equal,
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
OPS: dict[Comparison, int] = {op: number for number, op in enumerate(_COMPARE)}
_BY_NUMBER = list(_COMPARE.values())


class Crossed(NamedTuple):
    """Which levels values are beyond, and whether they are back."""

    warning: Truths
    critical: Truths
    recovered: Truths


def new_cells(count: int) -> Cells:
    """Cells that have seen nothing."""
    cells = np.zeros(count, CELL)
    for name in ("last", "arrived", "warning_since", "critical_since", "recovering_since", "fired_at", "begun"):
        cells[name] = NEVER
    cells["value"] = cells["raw"] = np.nan
    cells["source"] = cells["window"] = -1
    cells["told_by"] = ALONE
    return cells


def beyond(op: NDArray[np.int8], value: Values, level: Values) -> Truths:
    """Whether each value stands to its level as the comparison says; never where there is no level."""
    result = np.zeros(len(value), bool)
    for number in np.unique(op):
        of_this = op == number
        result[of_this] = _BY_NUMBER[number](value[of_this], level[of_this])
    return result & ~np.isnan(level) & ~np.isnan(value)


def pending(cells: Cells) -> Truths:
    """Which cells wait to fire: a level is crossed, and was not for long enough yet."""
    return (cells["level"] == QUIET) & ((cells["warning_since"] != NEVER) | (cells["critical_since"] != NEVER))


def crossed_since(cells: Cells) -> Times:
    """Since when (ms) any level is crossed, of cells of which one is."""
    begun = [np.where(cells[name] == NEVER, -NEVER, cells[name]) for name in ("warning_since", "critical_since")]
    return np.minimum(*begun)


def crossed(rules: Rules, value: Values) -> Crossed:
    """Which levels of its rule each value is beyond."""
    op = rules["op"]
    return Crossed(
        beyond(op, value, rules["warning"]),
        beyond(op, value, rules["critical"]),
        ~beyond(op, value, rules["recovery"]) & ~np.isnan(value),
    )


def judge(cells: Cells, rules: Rules, at: Times, value: Values, now: Crossed) -> Cells:
    """The cells after these values; a sample that is not newer than the last decides nothing any more.

    A hold is only as good as its samples: a gap longer than `stale_after` begins it anew, and so does a late sample that
    shows the level was not crossed meanwhile. A level never falls while the cell fires: it ends, or it gets worse.
    """
    after = cells.copy()
    fresh = at > cells["last"]
    gap = at - cells["last"] > rules["stale_after"]
    warning_since = _since(now.warning, cells["warning_since"], gap, at)
    critical_since = _since(now.critical, cells["critical_since"], gap, at)
    recovering_since = _since(now.recovered, cells["recovering_since"], gap, at)
    hold = rules["hold"]
    reached = np.where(
        now.critical & (at - critical_since >= hold),
        CRITICAL,
        np.where(now.warning & (at - warning_since >= hold), WARNING, QUIET),
    )
    over = now.recovered & (at - recovering_since >= rules["recover_for"])
    level = np.where(cells["level"] == QUIET, reached, np.where(over, QUIET, np.maximum(cells["level"], reached)))
    fired_at = np.where((cells["level"] == QUIET) & (level != QUIET), at, cells["fired_at"])
    columns = {
        "level": level,
        "last": at,
        "value": value,
        "warning_since": warning_since,
        "critical_since": critical_since,
        "recovering_since": recovering_since,
        "fired_at": fired_at,
    }
    for name, column in columns.items():
        after[name] = np.where(fresh, column, cells[name])
    for name, is_crossed in (("warning_since", now.warning), ("critical_since", now.critical)):
        interrupted = ~fresh & (at < cells["last"]) & ~is_crossed & (cells[name] != NEVER) & (at >= cells[name])
        after[name] = np.where(interrupted, cells["last"], after[name])
    return after


def _since(holds: Truths, before: Times, gap: Truths, at: Times) -> Times:
    return np.where(holds, np.where((before == NEVER) | gap, at, before), NEVER)
