"""Functions over long windows, made of rollups instead of samples: as fast over a year as over a day.

A rollup holds the samples from its begin to before its end, a window those after its begin and up to its end: a sample at the
very millisecond where windows meet counts to the one that begins there.
"""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from ..graph import RAW_SPAN
from ..rollups import COUNT, LAST, MAX, MIN, SUM, Summaries
from ..samples import HOUR, MINUTE, Times
from ..series import SeriesSamples
from . import functions
from .tree import Aggregate, Binary, Call, Negate, Node, Read, Rolled
from .values import Labels, Ranges, Vector

_COLUMNS = {
    "avg_over_time": SUM,
    "sum_over_time": SUM,
    "count_over_time": COUNT,
    "present_over_time": COUNT,
    "min_over_time": MIN,
    "max_over_time": MAX,
    "last_over_time": LAST,
}
_ADDED = ("avg_over_time", "count_over_time")


@dataclass(frozen=True, slots=True)
class FoundSummaries:
    """The series that a selector means, and their samples summed up over the time it needs."""

    labels: list[Labels]
    parts: Summaries


def rolled(node: Node, times: Times, oldest: int) -> Node:
    """The expression with rollups where they serve: hours of more than two days, minutes before the `oldest` samples kept."""
    match node:
        case Call(function, (Read(span=int()) as read,)) if function in _COLUMNS:
            span = _span(read, times, oldest)
            return node if span is None else Rolled(function, read, span)
        case Call():
            return replace(node, arguments=tuple(rolled(each, times, oldest) for each in node.arguments))
        case Aggregate():
            return replace(node, expression=rolled(node.expression, times, oldest))
        case Binary():
            return replace(node, left=rolled(node.left, times, oldest), right=rolled(node.right, times, oldest))
        case Negate():
            return Negate(rolled(node.expression, times, oldest))
        case _:
            return node


def _span(read: Read, times: Times, oldest: int) -> int | None:
    """The longest rollups that every window of this is made of, if it is better made of rollups."""
    assert read.span is not None
    ends = (times if read.at is None else np.array([read.at])) - read.offset
    since = int(ends[0]) - read.span
    expired = since < oldest
    for span in (HOUR, MINUTE):
        if read.span % span == 0 and not (ends % span).any():
            return span if expired or (span == HOUR and int(ends[-1]) - since > RAW_SPAN) else None
    return None


def value(node: Rolled, found: FoundSummaries, ends: Times, times: Times) -> Vector:
    """What the function says of the windows that end then."""
    parts = found.parts

    def over(function: str, column: int) -> Vector:
        # A rollup as one sample at its end lies in the windows that it belongs to.
        samples = SeriesSamples(len(found.labels), parts.series, parts.times + node.span, parts.columns[column])
        ranges = Ranges(found.labels, samples, ends, cast(int, node.read.span))
        return cast(Vector, functions.call(function, [ranges], times))

    if node.function not in _ADDED:
        return over(node.function, _COLUMNS[node.function])
    added, counts = over("sum_over_time", _COLUMNS[node.function]), over("sum_over_time", COUNT)
    return added if node.function == "count_over_time" else replace(added, values=added.values / counts.values)
