"""Lines of a graph: named apart, told in a table, and as a browser draws them."""

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from monitors_contracts.metrics import MetricGraph, MetricLine

from ..formats import Formats, When

MOST_LINES = 24
"""More can't be told apart by anybody."""
COLOURS = 8
TABLE_ROWS = 30
TABLE_LINES = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A line under its name; `common` of `Drawn` has what all lines share."""

    words: str
    values: list[float | None]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is shown of a graph: its lines by name, of how many, at these times (seconds since 1970)."""

    times: list[int]
    lines: tuple[Line, ...]
    total: int
    common: str

    @property
    def newest(self) -> int | None:
        """Where the newest value of any line stands; None when there is none."""
        places = range(len(self.times) - 1, -1, -1)
        return next((at for at in places if any(line.values[at] is not None for line in self.lines)), None)


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line in numbers. `number` is its place, which gives its colour (1 to 8) and its dashes."""

    number: int
    colour: int
    dashes: str
    words: str
    latest: str
    low: str
    mean: str
    high: str


@dataclass(frozen=True, slots=True)
class ValuesTable:
    """The newest values of the lines, a row a time. `left_out` counts lines that have no column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[When, tuple[str, ...]], ...]
    left_out: int


DASHES = ("", "6 4", "2 3", "10 3 2 3")
"""As in static/js/chart.js: what tells lines of one colour apart."""


def drawn(graph: MetricGraph) -> Drawn:
    """The graph's lines, named by what sets them apart. Of too many, those that rise highest."""
    lines = [line for line in graph.series if any(value is not None for value in line.values)]
    shown = sorted(lines, key=_height, reverse=True)[:MOST_LINES]
    shared = _shared(shown)
    several = len({each.name for each in shown}) > 1
    found = sorted(((_words(each, shared, several), each) for each in shown), key=lambda pair: pair[0])
    return Drawn(
        [time // 1000 for time in graph.times],
        tuple(Line(words, each.values) for words, each in found),
        len(lines),
        ", ".join(f"{label}={value}" for label, value in sorted(shared.items())) if len(shown) > 1 else "",
    )


def _height(line: MetricLine) -> float:
    return max((abs(value) for value in line.values if value is not None), default=0.0)


def _shared(lines: Sequence[MetricLine]) -> dict[str, str]:
    if not lines:
        return {}
    first, *others = lines
    return {
        label: value for label, value in first.labels.items() if all(each.labels.get(label) == value for each in others)
    }


def _words(line: MetricLine, shared: Mapping[str, str], by_name: bool) -> str:
    own = {label: value for label, value in line.labels.items() if label not in shared}
    told = ", ".join(f"{label}={value}" for label, value in sorted(own.items()))
    if by_name or not told:
        name = line.name or ("" if told else ", ".join(f"{label}={value}" for label, value in sorted(shared.items())))
        return " ".join(filter(None, (name, told))) or "All series together"
    return told


def line_rows(found: Drawn, unit: str, formats: Formats) -> tuple[LineRow, ...]:
    """Each line in numbers."""

    def written(value: float) -> str:
        return formats.value(meaningful(value), unit)

    rows: list[LineRow] = []
    for number, line in enumerate(found.lines):
        known = [value for value in line.values if value is not None]
        latest, mean = known[-1], statistics.fmean(known)
        rows.append(
            LineRow(
                number=number,
                colour=number % COLOURS + 1,
                dashes=DASHES[number // COLOURS % len(DASHES)],
                words=line.words,
                latest=written(latest),
                low=written(min(known)),
                mean=written(mean),
                high=written(max(known)),
            )
        )
    return tuple(rows)


def values_table(found: Drawn, unit: str, formats: Formats) -> ValuesTable:
    """The newest values, for those who read a graph rather than see it."""
    lines = found.lines[:TABLE_LINES]
    rows: list[tuple[When, tuple[str, ...]]] = []
    for at in range(len(found.times) - 1, -1, -1):
        values = [line.values[at] for line in lines]
        if all(value is None for value in values):
            continue
        # The last step may end just ahead of now; what it has was measured before.
        when = formats.when(min(datetime.fromtimestamp(found.times[at], UTC), formats.now))
        rows.append((when, tuple("–" if each is None else formats.value(meaningful(each), unit) for each in values)))
        if len(rows) == TABLE_ROWS:
            break
    return ValuesTable(tuple(line.words for line in lines), tuple(rows), len(found.lines) - len(lines))


def meaningful(value: float) -> float:
    """A measured number without digits that mean nothing."""
    return float(round(value)) if abs(value) >= 100_000 else float(f"{value:.5g}")


def reach(values: Sequence[float | None]) -> int:
    """How many empty steps a line crosses: up to three times its usual distance between values. More is a gap."""
    known = [at for at, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return 0
    usual = statistics.median_low([after - before for before, after in itertools.pairwise(known)])
    return 3 * usual - 1


def chart(found: Drawn, unit: str) -> dict[str, Any]:
    """The graph as static/js/chart.js draws it."""
    series = [{"label": line.words, "values": line.values, "reach": reach(line.values)} for line in found.lines]
    return {"unit": unit, "times": found.times, "series": series}


def matrix(found: Mapping[str, Any], since: datetime, until: datetime, step_seconds: int) -> MetricGraph:
    """The graph of a PromQL range query's data: `{resultType: matrix, result: [{metric, values}]}`, every step of it."""
    begin, step = round(since.timestamp() * 1000), step_seconds * 1000
    times = list(range(begin, round(until.timestamp() * 1000) + 1, step))
    lines: list[MetricLine] = []
    for each in found["result"]:
        values: list[float | None] = [None] * len(times)
        for at, text in each["values"]:
            number = float(text)
            if math.isfinite(number):
                values[(round(float(at) * 1000) - begin) // step] = number
        labels = {label: value for label, value in each["metric"].items() if label != "__name__"}
        lines.append(MetricLine(name=each["metric"].get("__name__", ""), labels=labels, values=values))
    return MetricGraph(step_seconds=step_seconds, resolution="raw", times=times, series=lines)
