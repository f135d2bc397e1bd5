"""Which series are meant: `http_requests_total{job="api",path=~"/v1/.*"}`.

Regular expressions are RE2's, as in Prometheus: matched in linear time, so that no pattern can hang a query; they match the
whole value. A label that a series lacks is one with the value "".
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import promql_parser
import re2

NAME = "__name__"
Op: TypeAlias = Literal["=", "!=", "=~", "!~"]
LONGEST_TEXT = 20_000
DEEPEST = 500
"""Operators and brackets in a query: the parser is recursive, and a stack is finite."""
_OPS: dict[str, Op] = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
_OPERATORS = re2.compile(
    r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`|([-+*/%^(\[{<>=!]|\b(?i:and|or|unless|atan2)\b)'
)


class InvalidQuery(ValueError):
    """A query that can't be understood or is not supported; the text says why."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """What one label must or must not be."""

    name: str
    op: Op
    value: str

    def matches(self, value: str) -> bool:
        """Whether this value ("" for none) will do."""
        match self.op:
            case "=":
                return value == self.value
            case "!=":
                return value != self.value
            case "=~":
                return pattern(self.value).fullmatch(value) is not None
            case "!~":
                return pattern(self.value).fullmatch(value) is None


@dataclass(frozen=True, slots=True)
class Selector:
    """Series for which all matchers hold."""

    matchers: tuple[Matcher, ...]

    def matches(self, name: str, labels: Mapping[str, str]) -> bool:
        """Whether a series is meant."""
        return all(
            matcher.matches(name if matcher.name == NAME else labels.get(matcher.name, "")) for matcher in self.matchers
        )

    def equalities(self) -> dict[str, str]:
        """Labels that must have one value; what an index can find."""
        return {matcher.name: matcher.value for matcher in self.matchers if matcher.op == "=" and matcher.value}


@lru_cache(maxsize=1000)
def pattern(text: str) -> Any:
    """A compiled RE2 pattern; `.` matches a newline too. Raises InvalidQuery."""
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    try:
        return re2.compile(text, options)
    except re2.error as wrong:
        raise InvalidQuery(f"invalid regular expression {text!r}: {wrong.args[0]}") from wrong


def parse(text: str) -> Any:
    """The syntax tree of a PromQL expression, its types checked. Raises InvalidQuery."""
    if len(text) > LONGEST_TEXT:
        raise InvalidQuery(f"a query may have {LONGEST_TEXT:,} characters")
    if sum(1 for found in _OPERATORS.finditer(text) if found[1]) > DEEPEST:
        raise InvalidQuery(f"a query may have {DEEPEST} operators and brackets")
    with understood():
        return promql_parser.parse(text)


@contextmanager
def understood() -> Generator[None]:
    """What the parser can't read, here or when its tree is looked at, is an InvalidQuery."""
    try:
        yield
    except InvalidQuery:
        raise
    except (ValueError, OverflowError) as wrong:
        raise InvalidQuery(f"parse error: {wrong}") from wrong
    except BaseException as wrong:
        if (
            type(wrong).__name__ != "PanicException"
        ):  # how the parser, which is not Python's, gives up; no class to import
            raise
        raise InvalidQuery(f"parse error: {wrong}") from wrong


def parse_selector(text: str) -> Selector:
    """A selector alone. Raises InvalidQuery."""
    found = parse(text)
    with understood():
        if not isinstance(found, promql_parser.VectorSelector) or found.offset is not None or found.at is not None:
            raise InvalidQuery('a selector is expected, as `name{label="value"}`')
        return selector_of(found)


def selector_of(node: Any) -> Selector:
    """The selector of a parsed one. Raises InvalidQuery."""
    if node.matchers.or_matchers:
        raise InvalidQuery("`or` between matchers is not supported")
    matchers = [
        Matcher(each.name, _OPS[str(each.op).rpartition(".")[2]], each.value) for each in node.matchers.matchers
    ]
    if node.name is not None:
        matchers.insert(0, Matcher(NAME, "=", node.name))
    for matcher in matchers:
        if matcher.op in ("=~", "!~"):
            pattern(matcher.value)
    return Selector(tuple(matchers))
