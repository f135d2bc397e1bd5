"""Statements about text on the page: "says X", "no longer mentions X", "X disappears", 'the status is "Shipped"'."""

import re

from monitors_contracts.monitors import Operator

from . import vocabulary as words
from .phrases import is_pronoun, name, trimmed
from .quantities import alternatives
from .sentence import QUOTED, Clause, Sentence
from .statements import Statement, equality, is_negated, phrase_pattern

TEXT = "text"

_SAYING = alternatives(words.SAYING_VERBS)
_TEXT_NOUN = phrase_pattern(rf"{alternatives(words.TEXT_NOUNS)}\s*$")
_SAYS = phrase_pattern(
    rf"^(?P<where>.*?)\s*(?P<verb>{_SAYING})\s*:?\s*(?:that\s+)?(?P<noun>{alternatives(words.TEXT_NOUNS)}\s+)?(?P<text>.*)$"
)
_STATES_SOMETHING = phrase_pattern(
    alternatives(("is", "are", "has", "have", "was", "were", *words.OPENING, *words.CLOSING))
)
_PLAIN_SAYING = frozenset(words.forms("say", "contain", "mention", "include", "state"))
_REPORTED_SAYING = frozenset(words.forms("say", "show", "state", "read", "display"))
_APPEARS = phrase_pattern(rf"\s*(?:{alternatives(words.APPEARING_VERBS)}|(?:is|are|has|no|not|does)\b)")
_VANISHES = phrase_pattern(alternatives(words.VANISHING_VERBS))
_STOPS = phrase_pattern(r"\b(?:stops?|ceases?|without|removes?|drops?|deletes?)\b")
_LINKED = phrase_pattern(
    rf"(?P<thing>.*?)\s*(?:{alternatives(words.LINKING_VERBS)})(?:\s+(?:not|no longer|to|now|as|set|exactly|equal|anything|other|than|still))*\s*$"
)
_CLOSING_WORDS = phrase_pattern(
    r"(?:\s+(?:any\s?more|again|now|finally|somewhere|(?:on|in) (?:this|the|that|its) (?:page|site|website|text|list)))+$"
)


def read_text(clause: Clause, sentence: Sentence) -> Statement | None:
    """A statement about text, quoted or not; None when the sentence only reports another ("says registration is open")."""
    if quote := QUOTED.search(clause.text):
        return _quoted(clause.text, quote)
    says = _SAYS.match(clause.text)
    if says is None or not says["text"].strip() or not says["where"].strip():
        return None
    verb = says["verb"].lower()
    if not says["noun"] and verb in _REPORTED_SAYING and _STATES_SOMETHING.search(says["text"]):
        return None
    if not says["noun"] and verb not in _PLAIN_SAYING and not is_pronoun(trimmed(says["where"])):
        return None
    text = _CLOSING_WORDS.sub("", says["text"].strip(" .\"'"))
    gone = is_negated(says["where"]) or _STOPS.search(says["where"]) is not None
    return Statement(TEXT, _place(says["where"]), Operator.NE if gone else Operator.CONTAINS, text[:200], 0.75)


def _quoted(text: str, quote: re.Match[str]) -> Statement | None:
    before, after = text[: quote.start()], text[quote.end() :]
    value = quote[1] or quote[2]
    gone = is_negated(before) or is_negated(after) or bool(_STOPS.search(before)) or bool(_VANISHES.search(after))
    says = _SAYS.match(before)
    linked = _LINKED.match(before)
    if says or _TEXT_NOUN.search(before):
        return Statement(
            TEXT, _place(says["where"] if says else ""), Operator.NE if gone else Operator.CONTAINS, value, 0.9
        )
    if linked and not is_pronoun(trimmed(linked["thing"])):
        named = name(trimmed(linked["thing"]))
        return Statement(named.fact or "status", named.subject, equality(gone), value, 0.9)
    if linked or (not trimmed(before) and (_APPEARS.match(after) or _VANISHES.search(after))):
        return Statement(TEXT, "", Operator.NE if gone else Operator.CONTAINS, value, 0.85)
    return None


def _place(where: str) -> str:
    thing = trimmed(_STOPS.sub("", where))
    return "" if is_pronoun(thing) or thing.lower() in words.SERVICES else thing
