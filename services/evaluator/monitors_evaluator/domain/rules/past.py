"""What series were before: for rules that compare with a day or a week ago."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitors_contracts.metrics import MetricGraph
from monitors_contracts.series import series_key

from .levels import Times, Values


@dataclass(frozen=True, slots=True)
class Past:
    """Series over shared times (ms, the beginning of each step); `rows` has each series' row in `values`."""

    times: Times
    rows: dict[str, int]
    values: Values
    step: int

    def at(self, series: Sequence[str], moments: Times) -> Values:
        """Each series' value at its moment; NaN where nothing is known."""
        if not len(self.times):
            return np.full(len(series), np.nan)
        row = np.fromiter((self.rows.get(each, -1) for each in series), np.int64, len(series))
        column = np.searchsorted(self.times, moments, "right") - 1
        known = (row >= 0) & (column >= 0) & (moments - self.times[column] < 2 * self.step)
        return np.where(known, self.values[row, column], np.nan)


def past_of(graph: MetricGraph) -> Past:
    """The past as the store draws it."""
    rows = {series_key(line.name, line.labels): number for number, line in enumerate(graph.series)}
    values = np.array([line.values for line in graph.series], np.float64).reshape(len(rows), len(graph.times))
    return Past(np.array(graph.times, np.int64), rows, values, graph.step_seconds * 1000)
