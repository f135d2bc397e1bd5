"""Which of many selections choose an alert, without trying all: each is looked for where one of its matchers points."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from monitors_contracts.matchers import Matcher, matches

from .patterns import Patterns

T = TypeVar("T")
MOST_REMEMBERED = 1000
"""Values of a label for which it is remembered which patterns they meet."""
_LITERAL = re.compile(r"[\w ,:@/%&=<>~!#'\"-]+")
_INNER = re.compile(r"\((?:\?:)?([^()]*)\)")


def values_of(matcher: Matcher) -> tuple[str, ...]:
    """The values that a matcher asks for, when it names them: those of `=`, and of a pattern such as `db-1|db-2`."""
    if matcher.op == "=":
        return (matcher.value,) if matcher.value else ()
    if matcher.op != "=~":
        return ()
    bare = _INNER.fullmatch(matcher.value)
    values = (bare[1] if bare else matcher.value).split("|")
    return tuple(dict.fromkeys(values)) if all(_LITERAL.fullmatch(value) for value in values) else ()


@dataclass(slots=True)
class _Entry(Generic[T]):
    """A selection, filed under one matcher: the others are what is to be tried when that one is met."""

    item: T
    place: int
    anchor: Matcher
    others: tuple[Matcher, ...]


class _Label(Generic[T]):
    """What is filed under one label: by the value it asks for, by a pattern, or by what it may not be."""

    def __init__(self, entries: Iterable[_Entry[T]]) -> None:
        self._exact: dict[str, list[_Entry[T]]] = {}
        self._patterned: list[_Entry[T]] = []
        self._others: list[_Entry[T]] = []
        self._met: dict[str, list[_Entry[T]]] = {}
        for entry in entries:
            if values := values_of(entry.anchor):
                for value in values:
                    self._exact.setdefault(value, []).append(entry)
            else:
                (self._patterned if entry.anchor.op == "=~" else self._others).append(entry)
        self._patterns = Patterns([entry.anchor.value for entry in self._patterned])

    def entries(self, value: str) -> Iterable[_Entry[T]]:
        """What may choose an alert with this value, and nothing whose anchor refuses it."""
        yield from self._exact.get(value, ())
        if self._patterned or self._others:
            known = self._met.get(value)
            yield from self._try(value) if known is None else known

    def _try(self, value: str) -> list[_Entry[T]]:
        if len(self._met) >= MOST_REMEMBERED:
            self._met.clear()
        found = [self._patterned[place] for place in self._patterns.met(value)]
        found += [entry for entry in self._others if matches(entry.anchor, {entry.anchor.label: value})]
        self._met[value] = found
        return found


class Chooser(Generic[T]):
    """Finds the items whose matchers all are met by an alert's labels, in the order in which they were given.

    Each selection has a matcher that an absent label does not meet (`Selection`), so it is found by a label that is there.
    """

    def __init__(self, selections: Iterable[tuple[Sequence[Matcher], T]]) -> None:
        given = list(selections)
        common = Counter(
            (matcher.label, value) for matchers, _ in given for matcher in matchers for value in values_of(matcher)
        )
        filed: dict[str, list[_Entry[T]]] = {}
        for place, (matchers, item) in enumerate(given):
            anchor = _anchor(matchers, common)
            others = tuple(matcher for matcher in matchers if matcher is not anchor)
            filed.setdefault(anchor.label, []).append(_Entry(item, place, anchor, others))
        self._filed = [(label, _Label(entries)) for label, entries in filed.items()]

    def find(self, labels: Mapping[str, str]) -> list[T]:
        """The items that choose these labels."""
        found = [
            entry
            for label, filed in self._filed
            if (value := labels.get(label))
            for entry in filed.entries(value)
            if all(matches(other, labels) for other in entry.others)
        ]
        return [entry.item for entry in sorted(found, key=lambda entry: entry.place)]


def _anchor(matchers: Sequence[Matcher], common: Mapping[tuple[str, str], int]) -> Matcher:
    """The matcher that the fewest alerts meet, as far as one can see: named values first, those that are named least."""
    asking = [matcher for matcher in matchers if not matches(matcher, {})]

    def width(matcher: Matcher) -> tuple[bool, bool, int]:
        values = values_of(matcher)
        named = sum(common[(matcher.label, value)] for value in values)
        return not values, matcher.op in ("!=", "!~"), named

    return min(asking, key=width)
