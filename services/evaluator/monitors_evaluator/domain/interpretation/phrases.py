"""Noun phrases: which words name the attribute that is watched, and which the thing it belongs to."""

import re
from dataclasses import dataclass

from . import nouns
from .quantities import alternatives

MAX_FACT_WORDS = 6

_WORD = re.compile(r"[^\s,;!?()\[\]\"]+")
_SPLIT = re.compile(
    rf"\s+(?P<link>{alternatives((*nouns.PREPOSITIONS, *nouns.REPORTED))})(?:\s+(?:by|as|in|on|at|to|is|are)\b)*(?:\s+|$)",
    re.IGNORECASE,
)
_REPORTS = re.compile(rf"\s+{alternatives(nouns.REPORTING_VERBS)}\s+(?!(?:by|from|on|as|via|in|at)\b)", re.IGNORECASE)
_PER = re.compile(r"\s+per\s+\w+", re.IGNORECASE)
_POSSESSIVE = re.compile(r"^(?P<owner>.+?)(?:'s|s')\s+(?P<thing>.+)$", re.IGNORECASE)
_GENERIC = frozenset(("value", "values", "level", "levels", "number", "amount", "reading", "readings", "figure",
"count", "total",
                      "state", "status", "rate", "percentage", "quantity", "degree", "size", "song", "list", "phase",
                      "phases",
                      "speed"))  # fmt: skip
_ATTRIBUTES = nouns.OWNED_ATTRIBUTES | nouns.MONEY_NOUNS
_COUNTS = frozenset(("number", "amount", "count", "total", "percentage", "chance", "probability", "risk", "share"))
_ALONE = frozenset(
    ("value", "values", "amount", "reading", "readings", "figure", "quantity", "total", "report", "monitor", "number")
)


@dataclass(frozen=True, slots=True)
class Named:
    """What a noun phrase names: the attribute (may be empty) and the thing (may be empty)."""

    fact: str
    subject: str

    @property
    def head(self) -> str:
        """The attribute's last word, in lower case."""
        return self.fact.lower().split()[-1] if self.fact else ""

    @property
    def whole(self) -> str:
        """All of it again, the thing first."""
        return f"{self.subject} {self.fact}".strip()


def trimmed(phrase: str, *, verbs: bool = True) -> str:
    """A noun phrase without leading determiners, trailing verbs (when `verbs`) and words of time."""
    found = [word.strip(".':") for word in _WORD.findall(phrase)]
    found = [word for word in found if word and word != "-"]
    if [word.lower() for word in found[:2]] == ["this", "page"] and len(found) > 2:
        del found[:2]
    article = False
    while found and found[0].lower() in nouns.DETERMINERS:
        article = found.pop(0).lower() in nouns.ARTICLES
    while found and verbs and found[-1].lower() in nouns.TRAILING_VERBS:
        if len(found) == 1 and (article or found[0].lower() in _ATTRIBUTES - {"cost", "costs"}):
            break
        found.pop()
    while found and _ends_in_time(found):
        found.pop()
    return " ".join(found)


def _ends_in_time(found: list[str]) -> bool:
    """Whether the last word says when ("today"), or leads to nothing any more ("on")."""
    last = found[-1].lower()
    if last in nouns.TIME_NOUNS:
        return len(found) > 1 and found[-2].lower() in nouns.DETERMINERS
    return last in nouns.DANGLING or (last in nouns.TIME_WORDS and not found[-1][0].isupper())


def is_pronoun(phrase: str) -> bool:
    """Whether a phrase only points at something named elsewhere (`it`, `the value`), or is empty."""
    return trimmed(phrase, verbs=False).lower() in {"", *nouns.PRONOUNS}


def name(phrase: str) -> Named:
    """Take a noun phrase apart: "price of the lamp" and "the lamp's price" -> price, lamp; "wind speed in Boston" -> wind
    speed, Boston; a phrase that names no attribute is all subject."""
    phrase = trimmed(_PER.sub("", phrase), verbs=False)
    if report := _REPORTS.search(phrase):
        owner, phrase = phrase[: report.start()], trimmed(phrase[report.end() :])
        inner = name(phrase)
        return Named(inner.fact or inner.subject, inner.subject if inner.fact and inner.subject else trimmed(owner))
    if (owned := _POSSESSIVE.match(phrase)) and not _SPLIT.search(owned["owner"]):
        inner = _parts(owned["thing"])
        return Named(
            inner.fact or trimmed(owned["thing"]),
            " ".join(filter(None, (trimmed(owned["owner"]), inner.subject if inner.fact else ""))),
        )
    return _parts(phrase)


def _parts(phrase: str) -> Named:
    cut = _SPLIT.search(f" {phrase}") if phrase else None
    main = f" {phrase}"[: cut.start()] if cut else phrase
    main = trimmed(main) or trimmed(main, verbs=False)
    rest = trimmed(f" {phrase}"[cut.end() :]) if cut else ""
    if not main:
        return name(rest) if rest else Named("", "")
    head = main.lower().split()[-1]
    if (
        cut
        and rest
        and cut["link"].lower() in {"of", "in"}
        and head in _GENERIC | _COUNTS
        and " " not in main
        and (head in _ALONE or cut["link"].lower() == "of")
    ):
        inner = _SPLIT.search(f" {rest}")
        thing = trimmed(f" {rest}"[: inner.start()]) if inner else rest
        owner = trimmed(f" {rest}"[inner.end() :]) if inner else ""
        if head in _COUNTS:
            return Named(limited(f"{main} of {thing}"), owner)
        if len(thing.split()) <= 2 and cut["link"].lower() == "of":
            deeper = _modified(thing)
            if deeper.fact and deeper.subject == "" and head in _ALONE:
                return Named(deeper.fact, owner)
            if thing[:1].isupper() and head not in _ALONE:
                return Named(main, trimmed(rest))
            return Named(limited(thing if head in _ALONE else f"{thing} {main}"), owner)
        deeper = name(rest)
        return deeper if deeper.fact else Named(main, deeper.subject)
    own = _modified(main)
    if own.fact and own.subject and rest and head not in nouns.MONEY_NOUNS:
        return Named(limited(f"{own.subject} {own.fact}"), rest)
    if own.fact:
        return Named(own.fact, f"{own.subject} {rest}".strip())
    return Named("", phrase)


def _modified(main: str) -> Named:
    """`ACME share price` -> share price, ACME. Words before an attribute that do not make it another attribute own it."""
    found = main.split()
    at = next((i for i in range(len(found) - 1, -1, -1) if found[i].lower() in _ATTRIBUTES), None)
    if at is None:
        return Named("", main)
    start = at - 1 if at and found[at].lower() in nouns.COMPOUND_HEADS else at
    while start and (
        found[start - 1].lower().rstrip(",") in nouns.KEPT_MODIFIERS
        or re.fullmatch(r"[A-Z]{3}(/[A-Z]{3})?", found[start - 1])
    ):
        start -= 1
    fact = " ".join(found[start : at + 1])
    return Named(limited(fact), trimmed(" ".join(found[:start] + found[at + 1 :])))


def limited(phrase: str) -> str:
    """At most six words, the last ones, which hold the head."""
    found = phrase.split()
    return " ".join(found[-MAX_FACT_WORDS:])


def without_reporter(phrase: str) -> str:
    """What is reported, without who reports it: "the shop sells the lamp" -> the lamp."""
    report = _REPORTS.search(phrase)
    return trimmed(phrase[report.end() :]) if report else phrase


def attribute(phrase: str) -> Named:
    """As `name`, but a phrase that names no known attribute is taken as one: "fog in Boston" -> fog, Boston."""
    named = name(phrase)
    if named.fact:
        return named
    cut = _SPLIT.search(f" {named.subject}")
    if cut is None:
        return Named(limited(named.subject), "")
    main, rest = trimmed(f" {named.subject}"[: cut.start()]), trimmed(f" {named.subject}"[cut.end() :])
    return Named(limited(main or rest), rest if main else "")
