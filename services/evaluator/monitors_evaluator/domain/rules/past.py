"""What series were before: for rules that compare with a day or a week ago."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from monitors_contracts.metrics import MetricGraph
from monitors_contracts.rules import RatioRule
from monitors_contracts.series import series_key

from .levels import Times, Values
from .together import across

_Number = TypeVar("_Number", np.float64, np.int64)


@dataclass(frozen=True, slots=True)
class Past:
    """Averages of steps, by the middle of each (`middles`, ms).

    `rows` has the places of a series, or of a group's, in `sums` and `counts`: what the steps before each add up to. It
    was asked for from `since` to `until` (ms).
    """

    since: int
    until: int
    middles: Times
    rows: dict[str, list[int]]
    sums: Values
    counts: NDArray[np.int64]
    window: int
    across: str

    def covers(self, first: int, last: int) -> bool:
        """Whether what there was from `first` to `last` (ms) was asked for."""
        return self.since <= first - self.window and last <= self.until

    def at(self, keys: Sequence[str], moments: Times) -> Values:
        """What each series or group came to in the window that ended at its moment; NaN where nothing is known."""
        begin = np.searchsorted(self.middles, moments - self.window, "right")
        end = np.searchsorted(self.middles, moments, "right")
        rows = [self.rows.get(key, []) for key in keys]
        place = np.repeat(np.arange(len(keys)), [len(each) for each in rows])
        row = np.array([number for each in rows for number in each], np.int64)
        count = self.counts[row, end[place]] - self.counts[row, begin[place]]
        total = self.sums[row, end[place]] - self.sums[row, begin[place]]
        average = np.divide(total, count, out=np.full(len(row), np.nan), where=count > 0)
        return across([self.across] * len(keys), place, average)


def past_of(spec: RatioRule, graphs: Sequence[MetricGraph], since: int, until: int) -> Past:
    """The past of what a rule judges, from graphs of its series' averages, one after the other, of this span (ms)."""
    lines = {series_key(line.name, line.labels): line.labels for graph in graphs for line in graph.series}
    rows: dict[str, list[int]] = {}
    for number, (key, labels) in enumerate(lines.items()):
        if spec.by is not None:
            key = series_key("", {label: labels.get(label, "") for label in spec.by})
        rows.setdefault(key, []).append(number)
    number_of = {key: number for number, key in enumerate(lines)}
    values = np.full((len(lines), sum(len(graph.times) for graph in graphs)), np.nan)
    begin = 0
    for graph in graphs:
        end = begin + len(graph.times)
        for line in graph.series:
            values[number_of[series_key(line.name, line.labels)], begin:end] = np.array(line.values, np.float64)
        begin = end
    known = ~np.isnan(values)
    step = max((graph.step_seconds * 1000 for graph in graphs), default=0)
    return Past(
        since,
        until,
        np.array([time for graph in graphs for time in graph.times], np.int64) + step // 2,
        rows,
        _running(np.where(known, values, 0.0)),
        _running(known.astype(np.int64)),
        max(round(spec.window * 1000), step),
        spec.across,
    )


def _running(columns: NDArray[_Number]) -> NDArray[_Number]:
    """Of each row what came before each column, and of all."""
    return np.concatenate([np.zeros((len(columns), 1), columns.dtype), np.cumsum(columns, 1)], 1)
