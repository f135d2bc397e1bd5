"""What the samples of a window come to, for many cells at once.

A window is kept as thirty slots of equal width, so its size in memory does not depend on how often samples come; its far
edge is exact to a thirtieth of it. Each slot has its number (time by width) and two sums, whose meaning the function gives.
"""

import numpy as np

from .levels import NEVER, Cells, Rules, Times, Truths, Values

SLOTS = 30
SLOT = np.dtype([("number", np.int64), ("a", np.float64), ("b", np.float64)])
FUNCTIONS = ("avg", "sum", "count", "min", "max", "rate", "delta")
_AVG, _SUM, _COUNT, _MIN, _MAX, _RATE, _DELTA = range(len(FUNCTIONS))


def new_windows(count: int) -> Cells:
    """Windows without samples, one a row."""
    windows = np.zeros((count, SLOTS), SLOT)
    windows["number"] = NEVER
    return windows


def take(windows: Cells, cells: Cells, rules: Rules, at: Times, value: Values) -> Values:
    """Put each sample into its cell's window, and give what the window comes to then; NaN where that says nothing yet.

    `windows` is changed in place and indexed by `cells["window"]`, each once; every sample is newer than its cell's last.
    A counter that fell began anew at 0, so what it shows now is its increase (Prometheus counts it so). Between samples
    farther apart than `stale_after` nothing is known, so no change is counted. A sum or count is given when samples have
    come for a whole window: before, it would seem too small.
    """
    rows = cells["window"]
    number = at // rules["bucket"]
    place = number % SLOTS
    function = rules["function"]
    slot = windows[rows, place]
    new = slot["number"] != number
    a, b = np.where(new, 0.0, slot["a"]), np.where(new, 0.0, slot["b"])
    apart = at - cells["last"]
    known = (cells["last"] != NEVER) & (apart <= rules["stale_after"])
    change = value - cells["raw"]
    change = np.where((function == _RATE) & (change < 0), value, change)
    is_change = function >= _RATE
    lowest = np.where(new, value, np.minimum(a, value))
    highest = np.where(new, value, np.maximum(a, value))
    slot["number"] = number
    slot["a"] = np.select(
        [function == _MIN, function == _MAX, is_change], [lowest, highest, a + np.where(known, change, 0)], a + value
    )
    slot["b"] = np.where(is_change, b + np.where(known, apart / 1000, 0), b + 1)
    windows[rows, place] = slot
    return _read(windows[rows], rules, number, at - cells["begun"] >= rules["bucket"] * (SLOTS - 1))


def _read(windows: Cells, rules: Rules, number: Times, full: Truths) -> Values:
    function = rules["function"]
    valid = (windows["number"] > (number - SLOTS)[:, None]) & (windows["number"] <= number[:, None])
    a = np.where(valid, windows["a"], 0.0).sum(1)
    b = np.where(valid, windows["b"], 0.0).sum(1)
    lowest = np.where(valid, windows["a"], np.inf).min(1)
    highest = np.where(valid, windows["a"], -np.inf).max(1)
    each = np.divide(a, b, out=np.full(len(a), np.nan), where=b > 0)
    not_yet = np.full(len(a), np.nan)
    return np.select(
        [function == _SUM, function == _COUNT, function == _MIN, function == _MAX],
        [np.where(full, a, not_yet), np.where(full, b, not_yet), lowest, highest],
        each,
    )
