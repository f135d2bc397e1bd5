"""What makes no sense in what was given, in words: durations as they are typed."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from monitors_contracts.durations import lasting

from .errors import BadInput

_BOUNDS = {"less_than_equal": ("at most", "le"), "greater_than_equal": ("at least", "ge")}


def words_of(error: Mapping[str, Any], given: Any = None) -> str:
    """One of pydantic's errors for a person. `given` is what was typed there: a duration's bound is one, too."""
    if isinstance(given, str) and not given.strip().isdecimal() and error["type"] in _BOUNDS:
        words, name = _BOUNDS[error["type"]]
        return f"{words} {lasting(error['ctx'][name])}, not {given!r}"
    return error["msg"].removeprefix("Value error, ")


def first_of(wrong: ValidationError) -> str:
    """The first thing that is wrong."""
    return words_of(wrong.errors(include_url=False, include_input=False)[0])


def check_duration(option: str, given: str, shape: Any) -> str:
    """The duration as it was given. Raises BadInput, with the option's name, for one that does not fit the shape."""
    try:
        TypeAdapter(shape).validate_python(given)
    except ValidationError as wrong:
        raise BadInput(f"{option}: {words_of(wrong.errors(include_url=False)[0], given)}") from None
    return given
