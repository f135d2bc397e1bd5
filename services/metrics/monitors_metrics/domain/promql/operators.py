"""Arithmetic, comparisons and sets. Source: prometheus/promql/engine.go (VectorBinop and its siblings)."""

from collections.abc import Callable

import numpy as np

from ..samples import Mask, Values
from ..selectors import NAME, InvalidQuery
from .tree import Binary
from .values import Key, Labels, Scalar, Value, Vector, empty, key, nameless, stacked, united

Operation = Callable[[Values, Values], Values]
ARITHMETIC: dict[str, Operation] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
COMPARISONS: dict[str, Operation] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}


def binary(node: Binary, left: Value, right: Value, steps: int) -> Value:
    """The value of a binary expression. Raises InvalidQuery."""
    if isinstance(left, Vector) and isinstance(right, Vector):
        if node.op in ("and", "or", "unless"):
            return _set(node, left, right, steps)
        return _matched(node, left, right, steps)
    if isinstance(left, Vector) and isinstance(right, Scalar):
        return _with_scalar(node, left, left.values, right.values)
    if isinstance(left, Scalar) and isinstance(right, Vector):
        return _with_scalar(node, right, left.values, right.values)
    if isinstance(left, Scalar) and isinstance(right, Scalar):
        return Scalar(_computed(node.op, left.values, right.values))
    raise InvalidQuery(f"operator {node.op} is not supported between these")


def _computed(op: str, left: Values, right: Values) -> Values:
    function = ARITHMETIC.get(op) or COMPARISONS.get(op)
    if function is None:
        raise InvalidQuery(f"operator {op} is not supported")
    with np.errstate(all="ignore"):
        return np.asarray(function(left, right), np.float64)


def _with_scalar(node: Binary, vector: Vector, left: Values, right: Values) -> Vector:
    found = _computed(node.op, left, right)
    if node.op in COMPARISONS and not node.as_bool:
        return Vector(vector.labels, vector.values, vector.there & (found != 0)).nonempty()
    shape = vector.values.shape
    return united(Vector([nameless(labels) for labels in vector.labels], np.broadcast_to(found, shape), vector.there))


def _signature(node: Binary) -> Callable[[Labels], Key]:
    if node.on:
        return lambda labels: tuple((label, labels.get(label, "")) for label in sorted(node.labels))
    ignored = {*node.labels, NAME}
    return lambda labels: key({label: value for label, value in labels.items() if label not in ignored})


def _by_signature(node: Binary, vector: Vector) -> dict[Key, list[int]]:
    signature = _signature(node)
    found: dict[Key, list[int]] = {}
    for row, labels in enumerate(vector.labels):
        found.setdefault(signature(labels), []).append(row)
    return found


def _set(node: Binary, left: Vector, right: Vector, steps: int) -> Vector:
    if node.op == "or":
        others = _by_signature(node, left)
        kept = _elsewhere(node, right, left, others, steps)
        return united(stacked([left, Vector(right.labels, right.values, kept)], steps).nonempty())
    others = _by_signature(node, right)
    elsewhere = _elsewhere(node, left, right, others, steps)
    kept = elsewhere if node.op == "unless" else left.there & ~elsewhere
    return Vector(left.labels, left.values, kept).nonempty()


def _elsewhere(node: Binary, vector: Vector, other: Vector, others: dict[Key, list[int]], steps: int) -> Mask:
    """Where a series is there and none of the other side matches."""
    signature = _signature(node)
    kept = np.zeros((len(vector.labels), steps), np.bool_)
    for row, labels in enumerate(vector.labels):
        rows = others.get(signature(labels))
        kept[row] = vector.there[row] & ~other.there[rows].any(axis=0) if rows else vector.there[row]
    return kept


def _matched(node: Binary, left: Vector, right: Vector, steps: int) -> Vector:
    """Each series of one side with the one that matches it on the other."""
    swapped = node.card == "one-to-many"
    many, one = (right, left) if swapped else (left, right)
    ones, signature = _by_signature(node, one), _signature(node)
    for rows in ones.values():
        if len(rows) > 1 and (one.there[rows].sum(axis=0) > 1).any():
            side = "left" if swapped else "right"
            raise InvalidQuery(
                f"found duplicate series for the match group on the {side} side: many-to-many matching not allowed, "
                "matching labels must be unique on one side"
            )
    pairs = [(row, other) for row, labels in enumerate(many.labels) for other in ones.get(signature(labels), ())]
    if not pairs:
        return empty(steps)
    many_rows, one_rows = (np.array(side) for side in zip(*pairs, strict=True))
    there = many.there[many_rows] & one.there[one_rows]
    many_values, one_values = many.values[many_rows], one.values[one_rows]
    values = _computed(node.op, one_values, many_values) if swapped else _computed(node.op, many_values, one_values)
    if node.op in COMPARISONS and not node.as_bool:
        there, values = there & (values != 0), one_values if swapped else many_values
    labels = [_result_labels(node, many.labels[row], one.labels[other]) for row, other in pairs]
    try:
        return united(Vector(labels, values, there).nonempty())
    except InvalidQuery:
        raise InvalidQuery(
            "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
            if node.card == "one-to-one"
            else "multiple matches for labels: grouping labels must ensure unique matches"
        ) from None


def _result_labels(node: Binary, many: Labels, one: Labels) -> Labels:
    labels = dict(nameless(many) if node.op in ARITHMETIC or node.as_bool else many)
    if node.card == "one-to-one":
        if node.on:
            return {label: value for label, value in labels.items() if label in node.labels}
        return {label: value for label, value in labels.items() if label not in node.labels}
    for label in node.include:
        labels.pop(label, None)
        if label in one:
            labels[label] = one[label]
    return labels
