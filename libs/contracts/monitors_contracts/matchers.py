"""What labels must be like: `severity="critical"`, `host=~"db-.*"`. One meaning for rules, routes, silences and inhibition."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, Protocol, TypeAlias

import re2
from pydantic import AfterValidator, BeforeValidator, Field

from .base import Model
from .metrics import LabelName

Op: TypeAlias = Literal["=", "!=", "=~", "!~"]
_NAME = r'[^\s=!~,{}"]+|"(?:[^"\\]|\\.)*"'
_PART = re.compile(rf'\s*({_NAME})\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^\s,"{{}}]*)\s*(,|$)', re.DOTALL)
MOST_MATCHERS = 30
"""Most of them at once."""
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class InvalidMatcher(ValueError):
    """A text that is no matcher, or a pattern that is no RE2 expression; the text says which."""


class Matcher(Model):
    """Which values a label may have. A label that is absent is as an empty one; patterns match the whole value (RE2)."""

    label: LabelName
    op: Op = "="
    value: str = Field(max_length=1000)

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.label}{self.op}"{escaped}"'


class Pattern(Protocol):
    """A compiled expression."""

    def fullmatch(self, text: str) -> object | None:
        """A match of the whole text."""
        ...


@lru_cache(10_000)
def pattern(text: str) -> Pattern:
    """A compiled RE2 expression: matched in linear time, so that none can hang a service. Raises InvalidMatcher."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(text, options)
    except re2.error as wrong:
        said: object = wrong.args[0] if wrong.args else wrong
        words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise InvalidMatcher(f"{text!r} is no pattern: {words}") from wrong


def check(matchers: Sequence[Matcher]) -> None:
    """Raises InvalidMatcher for the first pattern that is none."""
    for matcher in matchers:
        if matcher.op in ("=~", "!~"):
            pattern(matcher.value)


def matches(matcher: Matcher, labels: Mapping[str, str]) -> bool:
    """Whether the labels are as the matcher says; a label that is absent is as an empty one."""
    value = labels.get(matcher.label, "")
    if matcher.op in ("=", "!="):
        return (value == matcher.value) == (matcher.op == "=")
    return (pattern(matcher.value).fullmatch(value) is not None) == (matcher.op == "=~")


def match_all(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether the labels are as all of these say; no matcher matches everything."""
    return all(matches(matcher, labels) for matcher in matchers)


def parse_matchers(text: str) -> list[Matcher]:
    """Matchers as people and Alertmanager write them: `a="b", c=~d.*`, with or without braces. Raises InvalidMatcher.

    After https://prometheus.io/docs/alerting/latest/configuration/#matcher
    """
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    found: list[Matcher] = []
    at = 0
    while at < len(inner):
        part = _PART.match(inner, at)
        if part is None:
            raise InvalidMatcher(f'{text[:200]!r} is no matcher; write label="value", !=, =~ or !~')
        name, op, value = _unquoted(part[1]), part[2], _unquoted(part[3])
        matcher = Matcher.model_validate({"label": name, "op": op, "value": value})
        check([matcher])
        found.append(matcher)
        at = part.end()
    return found


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    return _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], text[1:-1])


def _parsed(given: Any) -> Any:
    return parse_matchers(given) if isinstance(given, str) else given


def _selecting(matchers: list[Matcher]) -> list[Matcher]:
    check(matchers)
    if match_all(matchers, {}):
        raise ValueError("at least one matcher must ask for a value; these match alerts that have none of the labels")
    return matchers


Matchers = Annotated[list[Matcher], BeforeValidator(_parsed)]
"""Matchers as a list or as a text, as many as there are."""

Selection = Annotated[
    list[Matcher], Field(min_length=1, max_length=MOST_MATCHERS), AfterValidator(_selecting), BeforeValidator(_parsed)
]
"""Matchers that choose among alerts, as a list or as a text (`host="db-1", severity!="critical"`).

At least one is not met by an empty value, as Alertmanager demands: a slip of the pen must not choose everything.
"""
