"""What PromQL expressions are worth at every step: a row a series, a column a step."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ..samples import Mask, Times, Values
from ..selectors import NAME, InvalidQuery
from ..series import SeriesSamples

Labels: TypeAlias = Mapping[str, str]
"""Names and values, `__name__` among them; none is empty."""
Key: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Vector:
    """A value of each series at each step, where `there`; elsewhere `values` means nothing."""

    labels: list[Labels]
    values: Values
    there: Mask

    def rows(self, chosen: Sequence[int]) -> "Vector":
        """Some of the series."""
        index = np.array(chosen, np.int64)
        return Vector([self.labels[row] for row in chosen], self.values[index], self.there[index])

    def nonempty(self) -> "Vector":
        """Without series that are nowhere."""
        return self.rows(np.flatnonzero(self.there.any(axis=1)).tolist()) if len(self.labels) else self


@dataclass(frozen=True, slots=True)
class Scalar:
    """One number at each step."""

    values: Values


@dataclass(frozen=True, slots=True)
class String:
    """A text."""

    value: str


@dataclass(frozen=True, slots=True)
class Ranges:
    """For each series and step, the samples after `ends - span` and up to `ends`; no staleness markers among them."""

    labels: list[Labels]
    samples: SeriesSamples
    ends: Times
    span: int


Value: TypeAlias = Vector | Scalar | String | Ranges


def key(labels: Labels) -> Key:
    """Labels as one comparable thing."""
    return tuple(sorted(labels.items()))


def nameless(labels: Labels) -> Labels:
    """Labels without the metric's name."""
    return {label: value for label, value in labels.items() if label != NAME}


def empty(steps: int) -> Vector:
    """No series."""
    return Vector([], np.empty((0, steps)), np.empty((0, steps), np.bool_))


def unnamed(vector: Vector) -> Vector:
    """The vector without metrics' names. Raises InvalidQuery where that leaves two of a kind."""
    return united(Vector([nameless(labels) for labels in vector.labels], vector.values, vector.there))


def united(vector: Vector) -> Vector:
    """Series of the same labels as one, as long as they are not there at once. Raises InvalidQuery when they are."""
    rows: dict[Key, list[int]] = {}
    for row, labels in enumerate(vector.labels):
        rows.setdefault(key(labels), []).append(row)
    if len(rows) == len(vector.labels):
        return vector
    labels, values, there = [], [], []
    for same in rows.values():
        present = vector.there[same]
        if (present.sum(axis=0) > 1).any():
            raise InvalidQuery("vector cannot contain metrics with the same labelset")
        labels.append(vector.labels[same[0]])
        values.append(np.where(present, vector.values[same], 0).sum(axis=0))
        there.append(present.any(axis=0))
    return Vector(labels, np.array(values), np.array(there))


def stacked(vectors: Iterable[Vector], steps: int) -> Vector:
    """The series of all of them."""
    parts = [empty(steps), *vectors]
    return Vector(
        [labels for part in parts for labels in part.labels],
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.there for part in parts]),
    )
