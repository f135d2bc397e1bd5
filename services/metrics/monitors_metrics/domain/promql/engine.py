"""An expression's value at every step, from the samples that it reads."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from ..samples import MINUTE, Times, stale
from ..selectors import InvalidQuery
from ..series import SeriesSamples
from . import functions, rolled, windows
from .aggregation import aggregate
from .operators import binary
from .tree import Aggregate, Binary, Call, Negate, Node, Number, Read, Rolled, Subquery, Text
from .values import Labels, Ranges, Scalar, String, Value, Vector, nameless, united

LOOK_BACK = 5 * MINUTE
"""How long a series' latest sample counts, unless a staleness marker ends it: Prometheus's default."""
SUBQUERY_STEP = MINUTE
MOST_CELLS = 10_000_000
"""Series times steps: bounds memory."""


@dataclass(frozen=True, slots=True)
class Found:
    """The series that a selector means, and their samples over the time it needs."""

    labels: list[Labels]
    samples: SeriesSamples


@dataclass(frozen=True, slots=True)
class Engine:
    """Evaluates at `times`."""

    found: Mapping[Read, Found]
    summed: Mapping[Rolled, rolled.FoundSummaries]
    times: Times

    def value(self, node: Node) -> Value:
        """The value of an expression at the times. Raises InvalidQuery."""
        steps = len(self.times)
        match node:
            case Number(value):
                return Scalar(np.full(steps, value))
            case Text(value):
                return String(value)
            case Read(span=None):
                return self._latest(node)
            case Read():
                return self._ranges(node)
            case Rolled():
                return rolled.value(node, self.summed[node], self._ends(node.read), self.times)
            case Subquery():
                return self._subquery(node)
            case Call(function="timestamp", arguments=(Read() as read,)):
                return self._timestamps(read)
            case Call(function="absent" | "absent_over_time" as name, arguments=(argument,)):
                missing = cast(Vector, functions.call(name, [self.value(argument)], self.times))
                return Vector([_said_of(argument)], missing.values, missing.there)
            case Call():
                arguments = [self.value(argument) for argument in node.arguments]
                if node.function == "timestamp":
                    return self._stamped(cast(Vector, arguments[0]))
                return functions.call(node.function, arguments, self.times)
            case Aggregate():
                parameter = self.value(node.parameter) if node.parameter is not None else None
                return aggregate(node, cast(Vector, self.value(node.expression)), parameter, steps)
            case Binary():
                return binary(node, self.value(node.left), self.value(node.right), steps)
            case Negate():
                value = self.value(node.expression)
                if isinstance(value, Scalar):
                    return Scalar(-value.values)
                vector = cast(Vector, value)
                return united(Vector([nameless(labels) for labels in vector.labels], -vector.values, vector.there))

    def _ends(self, node: Read | Subquery) -> Times:
        """Up to when each step looks."""
        return (self.times if node.at is None else np.full(len(self.times), node.at)) - node.offset

    def _read(self, node: Read) -> Found:
        found = self.found[node]
        if len(found.labels) * len(self.times) > MOST_CELLS:
            raise InvalidQuery(
                f"{len(found.labels):,} series at {len(self.times):,} steps are too many: "
                "take a longer step or more matchers"
            )
        return found

    def _latest(self, node: Read) -> Vector:
        found = self._read(node)
        values, there, _ = _newest(found.samples, self._ends(node))
        return Vector(found.labels, values, there).nonempty()

    def _timestamps(self, node: Read) -> Vector:
        found = self._read(node)
        _, there, times = _newest(found.samples, self._ends(node))
        labels = [nameless(each) for each in found.labels]
        return united(Vector(labels, times / 1000, there).nonempty())

    def _stamped(self, vector: Vector) -> Vector:
        times = np.broadcast_to(self.times / 1000, vector.values.shape)
        return united(Vector([nameless(labels) for labels in vector.labels], times, vector.there))

    def _ranges(self, node: Read) -> Ranges:
        found, samples = self._read(node), self.found[node].samples
        marked = stale(samples.values)
        if marked.any():
            real = ~marked
            samples = SeriesSamples(samples.count, samples.series[real], samples.times[real], samples.values[real])
        assert node.span is not None
        return Ranges(found.labels, samples, self._ends(node), node.span)

    def _subquery(self, node: Subquery) -> Ranges:
        step = node.step or SUBQUERY_STEP
        ends = self._ends(node)
        first = int(ends.min()) - node.span
        times = np.arange(first - first % step + step, int(ends.max()) + 1, step, dtype=np.int64)
        if len(times) > MOST_CELLS // 10:
            raise InvalidQuery(f"a subquery of {len(times):,} steps is too long: take a longer step")
        inner = replace(self, times=times).value(node.expression)
        if isinstance(inner, Scalar):
            inner = Vector([{}], inner.values[None, :], np.ones((1, len(times)), np.bool_))
        vector = cast(Vector, inner)
        series, steps = np.nonzero(vector.there)
        samples = SeriesSamples(len(vector.labels), series, times[steps], vector.values[series, steps])
        return Ranges(vector.labels, samples, ends, node.span)


def _newest(samples: SeriesSamples, ends: Times) -> tuple[np.ndarray, np.ndarray, Times]:
    """The latest sample of each series before each step ends, and its time; no staleness marker is one."""
    begins, positions = windows.bounds(samples, ends, LOOK_BACK)
    there = positions > begins
    index = np.where(there, positions - 1, 0)
    if not len(samples.values):
        return np.zeros(there.shape), there, np.zeros(there.shape, np.int64)
    values = samples.values[index]
    return values, there & ~stale(values), samples.times[index]


def _said_of(node: Node) -> Labels:
    """Labels that a selector says by equality, of what is absent."""
    if not isinstance(node, Read):
        return {}
    names = [matcher.name for matcher in node.selector.matchers]
    return {name: value for name, value in nameless(node.selector.equalities()).items() if names.count(name) == 1}
