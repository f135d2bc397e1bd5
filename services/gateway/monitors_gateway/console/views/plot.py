"""A drawing that the page itself holds, so that it is there without scripts: lines, levels, and when something fired.

Places are in a box of 1000 by 240, which the browser stretches; y grows downwards.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..formats import Formats, When
from .lines import COLOURS, DASHES, Drawn
from .parts import Tone

WIDTH, HEIGHT = 1000, 240
COLUMNS = 250
"""A line shows its lowest and highest value of each of so many columns: no spike is lost."""
TICKS = 4
STEPS = 5
_ROOM = 0.06
_LARGEST = 1e290


@dataclass(frozen=True, slots=True)
class Span:
    """When something was so, in words; `end` is None while it is."""

    begin: datetime
    end: datetime | None
    tone: Tone
    words: str


@dataclass(frozen=True, slots=True)
class Level:
    """A value that means something."""

    value: float
    tone: Tone
    words: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line of the drawing: pieces of SVG points, between which nothing is known."""

    words: str
    colour: int
    dashes: str
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """A span as a piece of the drawing's width."""

    x: float
    width: float
    tone: Tone
    words: str


@dataclass(frozen=True, slots=True)
class LevelLine:
    """A level as a height of the drawing."""

    y: float
    tone: Tone
    words: str


@dataclass(frozen=True, slots=True)
class Plot:
    """The drawing; `heights` are written beside it from the top down, `times` below it from the left."""

    words: str
    strokes: tuple[Stroke, ...]
    left_out: int
    levels: tuple[LevelLine, ...]
    bands: tuple[Band, ...]
    heights: tuple[str, ...]
    times: tuple[When, ...]


def plot(
    found: Drawn,
    levels: Sequence[Level],
    spans: Sequence[Span],
    since: datetime,
    until: datetime,
    words: str,
    formats: Formats,
) -> Plot:
    """The drawing of these lines from `since` to `until`. Levels are always in view."""
    begin, end = since.timestamp(), until.timestamp()
    known = [value for line in found.lines for value in line.values if value is not None]
    low, high, step = scale(
        min([*known, *(each.value for each in levels)], default=0),
        max([*known, *(each.value for each in levels)], default=1),
    )

    def x(time: float) -> float:
        return round(WIDTH * min(max((time - begin) / (end - begin), 0), 1), 1)

    def y(value: float) -> float:
        return round(HEIGHT * (high - value) / (high - low), 1)

    strokes = tuple(
        Stroke(
            line.words,
            at % COLOURS + 1,
            DASHES[at // COLOURS % len(DASHES)],
            tuple(
                " ".join(f"{x(time):g},{y(value):g}" for time, value in piece)
                for piece in pieces(thinned(list(zip(found.times, line.values, strict=True)), COLUMNS))
            ),
        )
        for at, line in enumerate(found.lines)
    )
    count = round((high - low) / step)
    return Plot(
        words=words,
        strokes=strokes,
        left_out=found.total - len(found.lines),
        levels=tuple(LevelLine(y(each.value), each.tone, each.words) for each in levels),
        bands=tuple(_band(each, x, end) for each in spans),
        heights=tuple(formats.number(high - step * at) for at in range(count + 1)),
        times=tuple(formats.when(since + (until - since) * at / TICKS) for at in range(TICKS + 1)),
    )


def scale(low: float, high: float) -> tuple[float, float, float]:
    """A range around these values with round ends, and its round step, which fits three to six times.

    >>> scale(3, 97)
    (0.0, 125.0, 25.0)
    """
    low, high = max(low, -_LARGEST), min(high, _LARGEST)
    spread = high - low if high - low > abs(high) * 1e-9 else abs(high)
    spread = spread if spread > 1 / _LARGEST else 1.0
    bottom, top = low - spread * _ROOM, high + spread * _ROOM
    # A drawing of what is never negative begins at nought.
    if low >= 0 and (bottom < 0 or low < spread / 2):
        bottom = 0.0
    step = _round_step((top - bottom) / STEPS)
    return math.floor(bottom / step) * step, math.ceil(top / step) * step, step


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next((size * power for size in (1, 2, 2.5, 5) if size * power >= rough), 10 * power)


Point = tuple[float, float | None]


def thinned(points: Sequence[Point], columns: int) -> list[Point]:
    """About two points a column at most, its lowest and its highest, in their order; gaps stay."""
    if len(points) <= 2 * columns:
        return list(points)
    size = math.ceil(len(points) / columns)
    kept: list[Point] = []
    for start in range(0, len(points), size):
        part = points[start : start + size]
        known = [(time, value) for time, value in part if value is not None]
        if len(known) < len(part):
            kept += part
            continue
        ends = {min(known, key=lambda point: point[1]), max(known, key=lambda point: point[1])}
        kept += sorted(ends)
    return kept


def pieces(points: Sequence[Point]) -> list[list[tuple[float, float]]]:
    """The points between which there is no gap. A lonely one is drawn as a short line."""
    found: list[list[tuple[float, float]]] = [[]]
    for time, value in points:
        if value is None:
            found.append([])
        else:
            found[-1].append((time, value))
    return [each if len(each) > 1 else [*each, *each] for each in found if each]


def _band(span: Span, x: Callable[[float], float], end: float) -> Band:
    left = x(span.begin.timestamp())
    right = x(span.end.timestamp() if span.end else end)
    return Band(left, max(round(right - left, 1), 2), span.tone, span.words)
