"""Graphs: series as one number a step."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import numpy as np

from monitors_contracts.metrics import MetricFunction

from . import rollups
from .batches import duration
from .rollups import COUNT, LAST, MAX, MIN, SUM, Summaries
from .samples import HOUR, MINUTE, Times, Values, stale
from .selectors import InvalidQuery
from .series import SeriesSamples

Resolution = Literal["raw", "1m", "1h"]
Line = tuple[str, dict[str, str]]
MOST_POINTS = 50_000
RAW_SPAN = 2 * 24 * HOUR
"""Up to here samples are read even where summaries would do: they are few, and exact at the edges of PromQL's windows."""
_LOOK_BACK = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Grid:
    """The steps of a graph: they begin at multiples of `step`, as rollups do. All in milliseconds."""

    first: int
    steps: int
    step: int

    @property
    def end(self) -> int:
        return self.first + self.steps * self.step

    def times(self) -> Times:
        """When each step begins."""
        return self.first + np.arange(self.steps, dtype=np.int64) * self.step


def grid_of(since: int, until: int, step: int) -> Grid:
    """The steps that touch the time from `since` to before `until`. Raises InvalidQuery."""
    if until <= since:
        raise InvalidQuery("`until` must be after `since`")
    first = since - since % step
    steps = -(-(until - first) // step)
    if steps > MOST_POINTS:
        raise InvalidQuery(f"{steps:,} steps are more than a graph may have ({MOST_POINTS:,}): take a longer step")
    return Grid(first, steps, step)


def resolution_of(grid: Grid, function: MetricFunction, now: int, keep_raw: timedelta) -> Resolution:
    """What to make the graph of: the coarsest that gives the same. Raises InvalidQuery where nothing fine enough is kept."""
    expired = grid.first < now - duration(keep_raw)
    if function == "percentile":
        if expired:
            raise InvalidQuery(f"percentiles need samples, and those are kept for {keep_raw.days} days")
        return "raw"
    if grid.step % HOUR == 0:
        return "1h"
    if grid.step % MINUTE == 0 and (expired or grid.end - grid.first > RAW_SPAN):
        return "1m"
    if expired:
        raise InvalidQuery(f"samples are kept for {keep_raw.days} days: for older ones take a step of whole minutes")
    return "raw"


def look_back(grid: Grid, function: MetricFunction) -> int:
    """From when samples are needed: what a counter grew by counts from the sample before."""
    return grid.first - max(grid.step, _LOOK_BACK) if function in ("rate", "increase") else grid.first


def groups_of(series: Sequence[Line], by: Sequence[str] | None) -> tuple[list[Line], Times]:
    """The lines of the graph, and which each series belongs to."""
    if by is None:
        return list(series), np.arange(len(series), dtype=np.int64)
    numbers: dict[tuple[str, tuple[str, ...]], int] = {}
    of = [numbers.setdefault(_group(each, by), len(numbers)) for each in series]
    lines = [
        (name, {label: value for label, value in zip(by, values, strict=True) if value}) for name, values in numbers
    ]
    return lines, np.array(of, np.int64)


def _group(series: Line, by: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    name, labels = series
    return name, tuple(labels.get(label, "") for label in by)


def values(parts: Summaries, groups: Times, lines: int, grid: Grid, function: MetricFunction) -> Values:
    """The graph of summaries no longer than a step: a row a line, a column a step; NaN where there is nothing."""
    steps = rollups.folded(parts, grid.step)
    grown = rollups.increases(steps) if function in ("rate", "increase") else None
    inside = (steps.times >= grid.first) & (steps.times < grid.end)
    if grown is not None:
        grown = grown[inside]
    steps = steps.where(inside)
    cells = groups[steps.series] * grid.steps + (steps.times - grid.first) // grid.step
    size = lines * grid.steps
    there = np.bincount(cells, minlength=size) > 0
    column = steps.columns
    match function:
        case "sum":
            found = np.bincount(cells, column[SUM], size)
        case "count":
            found = np.bincount(cells, column[COUNT], size)
        case "min":
            found = np.full(size, np.nan)
            np.fmin.at(found, cells, column[MIN])
        case "max":
            found = np.full(size, np.nan)
            np.fmax.at(found, cells, column[MAX])
        case "last":  # of a group: the mean of what its series were last
            found = np.bincount(cells, column[LAST], size) / np.maximum(np.bincount(cells, minlength=size), 1)
        case "rate" | "increase":
            assert grown is not None
            found = np.bincount(cells, grown, size) / (grid.step / 1000 if function == "rate" else 1)
        case _:
            found = np.bincount(cells, column[SUM], size) / np.maximum(np.bincount(cells, column[COUNT], size), 1)
    return np.where(there, found, np.nan).reshape(lines, grid.steps)


def percentiles(samples: SeriesSamples, groups: Times, lines: int, grid: Grid, percentile: float) -> Values:
    """The percentile of all samples of each step, linear between neighbours; NaN where there is none."""
    real = ~stale(samples.values) & ~np.isnan(samples.values)
    cells = groups[samples.series[real]] * grid.steps + (samples.times[real] - grid.first) // grid.step
    order = np.lexsort((samples.values[real], cells))
    cells, ordered = cells[order], samples.values[real][order]
    found = np.full(lines * grid.steps, np.nan)
    if len(cells):
        starts = np.flatnonzero(np.append(True, cells[1:] != cells[:-1]))
        counts = np.diff(np.append(starts, len(cells)))
        rank = (counts - 1) * (percentile / 100)
        below, above = starts + np.floor(rank).astype(np.int64), starts + np.ceil(rank).astype(np.int64)
        share = rank - np.floor(rank)
        lower, upper = ordered[below], ordered[above]
        # Equal neighbours are taken as they are: of infinities there is no part.
        found[cells[starts]] = np.where(lower == upper, lower, lower * (1 - share) + upper * share)
    return found.reshape(lines, grid.steps)
