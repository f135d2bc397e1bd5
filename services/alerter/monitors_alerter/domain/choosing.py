"""Which of many selections choose an alert, without trying all: each is looked for where one of its matchers points."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from monitors_contracts.matchers import Matcher, matches

T = TypeVar("T")
MOST_REMEMBERED = 10_000
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


@dataclass(slots=True)
class _Label(Generic[T]):
    """What is filed under one label: by the value it asks for, or by a pattern, tried once a value."""

    exact: dict[str, list[_Entry[T]]] = field(default_factory=dict[str, "list[_Entry[T]]"])
    patterns: list[_Entry[T]] = field(default_factory=list["_Entry[T]"])
    met: dict[str, list[_Entry[T]]] = field(default_factory=dict[str, "list[_Entry[T]]"])

    def entries(self, value: str) -> Iterable[_Entry[T]]:
        """What may choose an alert with this value, and nothing whose anchor refuses it."""
        yield from self.exact.get(value, ())
        if self.patterns:
            known = self.met.get(value)
            if known is None:
                if len(self.met) >= MOST_REMEMBERED:
                    self.met.clear()
                known = [entry for entry in self.patterns if matches(entry.anchor, {entry.anchor.label: value})]
                self.met[value] = known
            yield from known


class Chooser(Generic[T]):
    """Finds the items whose matchers all are met by an alert's labels, in the order in which they were given.

    Each selection has a matcher that an absent label does not meet (`Selection`), so it is found by a label that is there.
    """

    def __init__(self, selections: Iterable[tuple[Sequence[Matcher], T]]) -> None:
        given = list(selections)
        common = Counter(
            (matcher.label, value) for matchers, _ in given for matcher in matchers for value in values_of(matcher)
        )
        labels: dict[str, _Label[T]] = {}
        for place, (matchers, item) in enumerate(given):
            anchor = _anchor(matchers, common)
            others = tuple(matcher for matcher in matchers if matcher is not anchor)
            entry = _Entry(item, place, anchor, others)
            filed = labels.setdefault(anchor.label, _Label())
            if values := values_of(anchor):
                for value in values:
                    filed.exact.setdefault(value, []).append(entry)
            else:
                filed.patterns.append(entry)
        self._filed = tuple(labels.items())

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
