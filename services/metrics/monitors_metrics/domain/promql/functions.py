"""PromQL's functions. Each takes values of its arguments and gives one; what is not in the tables is not supported."""

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from ..samples import Mask, Times, Values
from ..selectors import InvalidQuery
from . import windows
from .histograms import histogram_quantile
from .relabelling import label_join, label_replace
from .values import Ranges, Scalar, String, Value, Vector, unnamed
from .windows import Windows

Elementwise = Callable[[Values], Values]
OverTime = Callable[[Windows], tuple[Values, Mask]]


def call(name: str, arguments: Sequence[Value], times: Times) -> Value:
    """The function's value at these times. Raises InvalidQuery for what is not supported."""
    if name in ELEMENTWISE:
        return _elementwise(ELEMENTWISE[name], cast(Vector, arguments[0]))
    if name in OVER_TIME:
        return _over_time(name, cast(Ranges, arguments[0]))
    if name in OF_DATES:
        given = cast(Vector, arguments[0]) if arguments else _vector(times / 1000)
        return _elementwise(OF_DATES[name], given)
    if name in OTHERS:
        return OTHERS[name](arguments, times)
    raise InvalidQuery(f"function {name}() is not supported")


def _elementwise(function: Elementwise, vector: Vector) -> Vector:
    with np.errstate(all="ignore"):
        return unnamed(Vector(vector.labels, function(vector.values), vector.there))


def _over_time(name: str, ranges: Ranges) -> Vector:
    with np.errstate(all="ignore"):
        values, there = OVER_TIME[name](windows.windows_of(ranges))
    vector = Vector(ranges.labels, values, there)
    return vector if name in KEEPING_NAMES else unnamed(vector)


def _vector(values: Values) -> Vector:
    return Vector([{}], values[None, :].astype(np.float64), np.ones((1, len(values)), np.bool_))


# -- of each value ------------------------------------------------------------------------------------------------------


_FARTHEST = 2.0**53
"""Seconds from 1970: farther away a number does not tell one second from the next, and there is no date."""


def _dated(seconds: Values) -> Mask:
    return np.abs(seconds) <= _FARTHEST


def _date(unit: str, base: str | None, first: int) -> Elementwise:
    """Whole units since the base unit began: the hour of the day, the day of the month."""

    def of(seconds: Values) -> Values:
        moments = np.where(_dated(seconds), seconds, 0).astype("datetime64[s]")
        found = moments.astype(f"datetime64[{unit}]")
        since = found - moments.astype(f"datetime64[{base}]") if base else found - np.datetime64("0000", unit)
        return np.where(_dated(seconds), since.astype(np.float64) + first, np.nan)

    return of


def _weekday(seconds: Values) -> Values:
    days = np.floor(np.where(_dated(seconds), seconds, np.nan) / 86_400)
    return (days + 4) % 7  # 1 January 1970 was a Thursday


def _days_in_month(seconds: Values) -> Values:
    months = np.where(_dated(seconds), seconds, 0).astype("datetime64[s]").astype("datetime64[M]")
    days = (months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")
    return np.where(_dated(seconds), days.astype(np.float64), np.nan)


ELEMENTWISE: dict[str, Elementwise] = {
    **{name: getattr(np, name) for name in ("ceil", "floor", "exp", "sqrt", "log2", "log10", "sin", "cos", "tan")},
    **{name: getattr(np, name) for name in ("sinh", "cosh", "tanh")},
    **{f"a{name}": getattr(np, f"arc{name}") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "abs": np.abs,
    "deg": np.degrees,
    "ln": np.log,
    "rad": np.radians,
    "sgn": lambda values: np.where(values == 0, values, np.sign(values)),
}

OF_DATES: dict[str, Elementwise] = {
    "minute": _date("m", "h", 0),
    "hour": _date("h", "D", 0),
    "day_of_week": _weekday,
    "day_of_month": _date("D", "M", 1),
    "day_of_year": _date("D", "Y", 1),
    "days_in_month": _days_in_month,
    "month": _date("M", "Y", 1),
    "year": _date("Y", None, 0),
}


# -- of the samples in a window -----------------------------------------------------------------------------------------


def _reduced(function: "np.ufunc") -> OverTime:
    return lambda of: (windows.reduced(function, of.samples.values, of.begins, of.ends), of.counts > 0)


def _slope(of: Windows) -> tuple[Values, Mask]:
    slopes, _, there = windows.regression(of, of.until)
    return slopes, there


OVER_TIME: dict[str, OverTime] = {
    "rate": lambda of: windows.extrapolated(of, counter=True, per_second=True),
    "increase": lambda of: windows.extrapolated(of, counter=True, per_second=False),
    "delta": lambda of: windows.extrapolated(of, counter=False, per_second=False),
    "irate": lambda of: windows.instant_change(of, counter=True),
    "idelta": lambda of: windows.instant_change(of, counter=False),
    "changes": lambda of: windows.changes(of, resets_only=False),
    "resets": lambda of: windows.changes(of, resets_only=True),
    "deriv": _slope,
    "avg_over_time": lambda of: (windows.mean(of), of.counts > 0),
    "sum_over_time": _reduced(np.add),
    "min_over_time": _reduced(np.fmin),
    "max_over_time": _reduced(np.fmax),
    "count_over_time": lambda of: (of.counts.astype(np.float64), of.counts > 0),
    "present_over_time": lambda of: (np.ones(of.counts.shape), of.counts > 0),
    "last_over_time": windows.last,
    "stdvar_over_time": lambda of: (windows.variance(of), of.counts > 0),
    "stddev_over_time": lambda of: (np.sqrt(windows.variance(of)), of.counts > 0),
}
KEEPING_NAMES = {"last_over_time"}


# -- of several things --------------------------------------------------------------------------------------------------


def _number(argument: Value) -> Values:
    return cast(Scalar, argument).values


def _clamp(arguments: Sequence[Value], low: Values | None, high: Values | None) -> Vector:
    vector = cast(Vector, arguments[0])
    values, there = vector.values, vector.there
    if low is not None and high is not None:
        there = there & ~(low > high)
    if low is not None:  # of a NaN nothing but NaN is made
        values = np.where(np.isnan(low), np.nan, np.maximum(values, low))
    if high is not None:
        values = np.where(np.isnan(high), np.nan, np.minimum(values, high))
    return unnamed(Vector(vector.labels, values, there))


def _round(arguments: Sequence[Value], _: Times) -> Vector:
    vector = cast(Vector, arguments[0])
    nearest = _number(arguments[1]) if len(arguments) > 1 else np.ones(vector.values.shape[1])
    with np.errstate(all="ignore"):
        inverse = 1 / nearest
        return unnamed(Vector(vector.labels, np.floor(vector.values * inverse + 0.5) / inverse, vector.there))


def _scalar(arguments: Sequence[Value], _: Times) -> Scalar:
    vector = cast(Vector, arguments[0])
    alone = vector.there.sum(axis=0) == 1
    return Scalar(np.where(alone, np.where(vector.there, vector.values, 0).sum(axis=0), np.nan))


def _predict_linear(arguments: Sequence[Value], _: Times) -> Vector:
    ranges, ahead = cast(Ranges, arguments[0]), _number(arguments[1])
    of = windows.windows_of(ranges)
    slopes, intercepts, there = windows.regression(of, of.until)
    return unnamed(Vector(ranges.labels, intercepts + slopes * ahead, there))


def _quantile_over_time(arguments: Sequence[Value], _: Times) -> Vector:
    ranges = cast(Ranges, arguments[1])
    of = windows.windows_of(ranges)
    return unnamed(Vector(ranges.labels, windows.quantile(of, _number(arguments[0])), of.counts > 0))


def _absent(there: Mask) -> Vector:
    missing: Mask = np.logical_not(there.any(axis=0, keepdims=True))
    return Vector([{}], np.ones(missing.shape), missing)


def _absent_over_time(arguments: Sequence[Value], _: Times) -> Vector:
    return _absent(windows.windows_of(cast(Ranges, arguments[0])).counts > 0)


def _histogram(arguments: Sequence[Value], times: Times) -> Vector:
    return unnamed(histogram_quantile(_number(arguments[0]), cast(Vector, arguments[1]), len(times)))


def _replace(arguments: Sequence[Value], _: Times) -> Vector:
    vector, *texts = arguments
    return label_replace(cast(Vector, vector), *(cast(String, text).value for text in texts))


def _join(arguments: Sequence[Value], _: Times) -> Vector:
    vector, *texts = arguments
    return label_join(cast(Vector, vector), *(cast(String, text).value for text in texts))


OTHERS: dict[str, Callable[[Sequence[Value], Times], Value]] = {
    "absent": lambda arguments, _: _absent(cast(Vector, arguments[0]).there),
    "absent_over_time": _absent_over_time,
    "clamp": lambda arguments, _: _clamp(arguments, _number(arguments[1]), _number(arguments[2])),
    "clamp_max": lambda arguments, _: _clamp(arguments, None, _number(arguments[1])),
    "clamp_min": lambda arguments, _: _clamp(arguments, _number(arguments[1]), None),
    "histogram_quantile": _histogram,
    "label_join": _join,
    "label_replace": _replace,
    "pi": lambda _, times: Scalar(np.full(len(times), np.pi)),
    "predict_linear": _predict_linear,
    "quantile_over_time": _quantile_over_time,
    "round": _round,
    "scalar": _scalar,
    "sort": lambda arguments, _: arguments[0],  # the engine orders what an instant query answers
    "sort_desc": lambda arguments, _: arguments[0],
    "time": lambda _, times: Scalar(times / 1000),
    "vector": lambda arguments, _: _vector(_number(arguments[0])),
}
