"""Samples of many series at once, as columns: the form in which everything here is computed."""

from dataclasses import dataclass

import numpy as np

from .samples import Times, Values


@dataclass(frozen=True, slots=True)
class SeriesSamples:
    """Samples of `count` series, each named by its number: sorted by series, then time, one an instant."""

    count: int
    series: Times
    times: Times
    values: Values

    def bounds(self) -> Times:
        """Where each series begins; the last entry is the end."""
        return np.searchsorted(self.series, np.arange(self.count + 1))

    def of(self, number: int) -> tuple[Times, Values]:
        """Times and values of one series."""
        first, end = np.searchsorted(self.series, [number, number + 1])
        return self.times[first:end], self.values[first:end]
