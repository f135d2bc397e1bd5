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
_SHOWN = ("mentioned", "shown", "displayed", "listed", "there", "visible", "present")
_PLAIN_SAYING = frozenset(words.forms("say", "contain", "mention", "include", "state"))
_REPORTED_SAYING = frozenset(words.forms("say", "show", "state", "read", "display"))
_APPEARS = phrase_pattern(
    rf"\s*(?:(?:is|are|does|do|no|not|longer)\s+)*{alternatives((*words.APPEARING_VERBS, *_SHOWN))}"
)
_NAMED_APPEARS = re.compile(
    rf"^(?P<text>[A-Z].*?)\s+(?:{alternatives(words.APPEARING_VERBS)}|(?P<gone>{alternatives(words.VANISHING_VERBS)}))"
)
_IS = phrase_pattern(r"\s*(?:is|are|becomes?|gets?|turns?)\s+(?:(?:not|no\s+longer|now)\s+)?(?P<value>[\w-]+)")
_TO = phrase_pattern(r"\bto\s*$")
_VANISHES = phrase_pattern(alternatives(words.VANISHING_VERBS))
_STOPS = phrase_pattern(r"\b(?:stops?|ceases?|without|removes?|drops?|deletes?)\b")
_LINKED = phrase_pattern(
    rf"(?P<thing>.*?)\s*(?:{alternatives(words.LINKING_VERBS)})"
    r"(?:\s+(?:not|no longer|to|now|as|set|exactly|equal|anything|other|than|still))*\s*$"
)
_OTHER_THAN = phrase_pattern(r"\b(?:other|different)\s+(?:than|from)\b")
_ARTICLE = phrase_pattern(r"^(?:an?|any|the)\s+")
_CLOSING_WORDS = phrase_pattern(
    r"(?:\s+(?:any\s?more|again|now|finally|somewhere|(?:on|in) (?:this|the|that|its) (?:page|site|website|text|list)))+$"
)


def read_text(clause: Clause, sentence: Sentence) -> Statement | None:
    """A statement about text, quoted or not; None when the sentence only reports another ("says registration is open")."""
    if quotes := list(QUOTED.finditer(clause.text)):
        return _quoted(clause.text, quotes)
    if (shown := _NAMED_APPEARS.match(clause.text)) and clause.triggered:
        return Statement(TEXT, "", Operator.NE if shown["gone"] else Operator.CONTAINS, shown["text"], 0.7)
    says = _SAYS.match(clause.text)
    if says is None or not says["text"].strip() or not says["where"].strip():
        return None
    verb = says["verb"].lower()
    if not says["noun"] and verb in _REPORTED_SAYING and _STATES_SOMETHING.search(says["text"]):
        return None
    if not says["noun"] and verb not in _PLAIN_SAYING and _place(says["where"]):
        return None
    if _OTHER_THAN.search(says["text"]):
        return None
    text = _ARTICLE.sub("", _CLOSING_WORDS.sub("", says["text"].strip(" .\"'")))
    gone = is_negated(says["where"]) or _STOPS.search(says["where"]) is not None
    return Statement(TEXT, _place(says["where"]), Operator.NE if gone else Operator.CONTAINS, text[:200], 0.75)


def _quoted(text: str, quotes: list[re.Match[str]]) -> Statement | None:
    """The last quotation is what a thing changes to ("from 'ordered' to 'shipped'"), else the first is meant."""
    until_last = text[: quotes[-1].start()]
    becomes = len(quotes) > 1 and _LINKED.match(until_last)
    quote = quotes[-1] if becomes or (len(quotes) > 1 and _TO.search(until_last)) else quotes[0]
    before, after = until_last if becomes else text[: quotes[0].start()], text[quote.end() :]
    value = quote[1] or quote[2]
    gone = is_negated(before) or is_negated(after) or bool(_STOPS.search(before)) or bool(_VANISHES.search(after))
    shown = Operator.NE if gone else Operator.CONTAINS
    says, linked = _SAYS.match(before), _LINKED.match(before)
    if says or _TEXT_NOUN.search(before):
        return Statement(TEXT, _place(says["where"] if says else ""), shown, value, 0.9)
    if linked and not is_pronoun(trimmed(linked["thing"])):
        named = name(trimmed(linked["thing"]))
        return Statement(named.fact or "status", named.subject, equality(gone), value, 0.9)
    if linked or _APPEARS.match(after) or _VANISHES.search(after):
        return Statement(TEXT, "", shown, value, 0.85)
    if not trimmed(before) and (stated := _IS.match(after)):
        return Statement("status", value, equality(gone), stated["value"], 0.7)
    return None


def _place(where: str) -> str:
    thing = trimmed(_STOPS.sub("", where))
    return "" if is_pronoun(thing) or thing.lower().split()[-1] in words.SERVICES else thing
