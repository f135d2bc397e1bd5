"""Lists that are narrowed by what was asked for: each combination is a query of its own, and planned for itself."""

from collections.abc import Iterable
from typing import Any


def narrowed(query: str, arguments: tuple[Any, ...], filters: Iterable[tuple[str, Any]]) -> tuple[str, tuple[Any, ...]]:
    """The query with the conditions whose values are given in the place of `{filters}`, and all its arguments.

    A condition (`state = ${}`) has a place for the number of its argument; one whose value is None or empty is left out.
    """
    given = [(condition, value) for condition, value in filters if value]
    conditions = [f"AND {condition.format(n)}" for n, (condition, _) in enumerate(given, len(arguments) + 1)]
    return query.format(filters=" ".join(conditions)), (*arguments, *(value for _, value in given))
