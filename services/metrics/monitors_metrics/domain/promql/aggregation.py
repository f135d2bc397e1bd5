"""Series of a group as one, or the few of them that stand out."""

from collections.abc import Callable

import numpy as np

from ..samples import Mask, Values
from ..selectors import NAME, InvalidQuery
from . import windows
from .numbers import number_text
from .tree import Aggregate
from .values import Key, Labels, Scalar, String, Value, Vector, empty, key, stacked

Reduce = Callable[[Values, Mask], Values]


def aggregate(node: Aggregate, vector: Vector, parameter: Value | None, steps: int) -> Vector:
    """The aggregation of a vector. Raises InvalidQuery for what is not supported."""
    groups = _groups(node, vector)
    if node.op in REDUCTIONS:
        return _reduced(groups, vector, REDUCTIONS[node.op], steps)
    if node.op == "quantile" and isinstance(parameter, Scalar):
        share = parameter.values
        return _reduced(groups, vector, lambda values, there: windows.quantiles(values.T, there.T, share), steps)
    if node.op in ("topk", "bottomk") and isinstance(parameter, Scalar):
        return _ranked(groups, vector, parameter.values, largest=node.op == "topk")
    if node.op == "count_values" and isinstance(parameter, String):
        return _value_counts(groups, vector, parameter.value, steps)
    raise InvalidQuery(f"aggregation {node.op} is not supported")


def _groups(node: Aggregate, vector: Vector) -> dict[Key, tuple[Labels, list[int]]]:
    groups: dict[Key, tuple[Labels, list[int]]] = {}
    dropped = {*node.labels, NAME}
    for row, labels in enumerate(vector.labels):
        if node.without:
            kept = {label: value for label, value in labels.items() if label not in dropped}
        else:
            kept = {label: labels[label] for label in node.labels if label in labels}
        groups.setdefault(key(kept), (kept, []))[1].append(row)
    return groups


def _reduced(groups: dict[Key, tuple[Labels, list[int]]], vector: Vector, reduce: Reduce, steps: int) -> Vector:
    if not groups:
        return empty(steps)
    labels = [labels for labels, _ in groups.values()]
    with np.errstate(all="ignore"):
        values = [reduce(vector.values[rows], vector.there[rows]) for _, rows in groups.values()]
    there = [vector.there[rows].any(axis=0) for _, rows in groups.values()]
    return Vector(labels, np.array(values, np.float64), np.array(there))


def _total(values: Values, there: Mask) -> Values:
    return np.where(there, values, 0).sum(axis=0)


def _mean(values: Values, there: Mask) -> Values:
    return _total(values, there) / there.sum(axis=0)


def _variance(values: Values, there: Mask) -> Values:
    return _mean((values - _mean(values, there)) ** 2, there)


REDUCTIONS: dict[str, Reduce] = {
    "sum": _total,
    "avg": _mean,
    "count": lambda _, there: there.sum(axis=0),
    "group": lambda values, _: np.ones(values.shape[1]),
    "min": lambda values, there: np.fmin.reduce(np.where(there, values, np.nan), axis=0),
    "max": lambda values, there: np.fmax.reduce(np.where(there, values, np.nan), axis=0),
    "stdvar": _variance,
    "stddev": lambda values, there: np.sqrt(_variance(values, there)),
}


def _ranked(groups: dict[Key, tuple[Labels, list[int]]], vector: Vector, count: Values, *, largest: bool) -> Vector:
    """At each step the `count` largest or smallest of each group, as they are; NaN comes last."""
    kept = np.zeros(vector.there.shape, np.bool_)
    most = np.clip(np.nan_to_num(count, nan=0), 0, len(vector.labels)).astype(np.int64)
    for _, rows in groups.values():
        values, there = vector.values[rows], vector.there[rows]
        worth = -values if largest else values
        order = np.lexsort((worth, np.isnan(worth), ~there), axis=0)
        ranks = np.argsort(order, axis=0)
        kept[rows] = there & (ranks < most)
    return Vector(vector.labels, vector.values, kept).nonempty()


def _value_counts(groups: dict[Key, tuple[Labels, list[int]]], vector: Vector, label: str, steps: int) -> Vector:
    """How many series of each group have each value."""
    parts: list[Vector] = []
    for labels, rows in groups.values():
        values, there = vector.values[rows], vector.there[rows]
        for value in np.unique(values[there]):
            same = there & ((values == value) | (np.isnan(values) & np.isnan(value)))
            counts = same.sum(axis=0)[None, :]
            parts.append(Vector([{**labels, label: number_text(float(value))}], counts.astype(np.float64), counts > 0))
    return stacked(parts, steps)
