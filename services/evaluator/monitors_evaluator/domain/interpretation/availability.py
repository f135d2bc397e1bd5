"""Statements about being in stock, on sale, bookable, open or closed."""

from monitors_contracts.monitors import Operator

from . import nouns
from . import vocabulary as words
from .phrases import name, trimmed
from .quantities import alternatives
from .sentence import Clause, Sentence
from .statements import Statement, is_negated, named_thing, phrase_pattern

AVAILABILITY = "availability"
IN_STOCK = "in stock"
OUT_OF_STOCK = "out of stock"
OPEN = "open"
CLOSED = "closed"

_UNAVAILABLE = phrase_pattern(rf"{alternatives(words.UNAVAILABLE)}|\bruns?\s+out\b")
_AVAILABLE = phrase_pattern(alternatives(words.AVAILABLE))
_NO_NOUNS = ("online", "nearby", "anywhere", "is", "are", "left", "again", "once")
_ATTRIBUTIVE = phrase_pattern(rf"\s+(?!{alternatives((*words.VALUE_ENDS, *nouns.TIME_WORDS, *_NO_NOUNS))})[a-z]+")
_BUYING = (*words.forms(*words.BUYING_VERBS), "bought", "made", "rented", "gotten", "got")
_POSSIBLE = (
    r"(?:\b(?:possible|able|allowed)\b.*?\bto|\b(?:i|we|you|one|people)\s+(?:can|could)(?:\s+(?:finally|again|actually|now))?"
    r"|\bcan\s+(?:\w+\s+)?be)\s+(?:\w+ly\s+)?"
)
_APPLYING = (*words.APPLYING_VERBS, *words.forms(*words.APPLYING_VERBS))
_CAN_BUY = phrase_pattern(rf"{_POSSIBLE}{alternatives(_BUYING)}\s*(?P<thing>.*)$")
_CAN_APPLY = phrase_pattern(rf"{_POSSIBLE}{alternatives(_APPLYING)}\s*(?P<thing>.*)$")
_BACK = phrase_pattern(r"\b(?:comes?|is|are)\s+back(?:\s+again)?$|\breturns?$|\brestocks?\b(?P<again>.*)$")
_ON_SALE = phrase_pattern(
    r"\b(?:go(?:es|ne)?|going|is|are|comes?|gets?|put)\s+(?:up\s+|back\s+)?on\s+(?:general\s+)?sale\b"
)
_BOOKABLE = alternatives(words.BOOKABLES)
_FREES_UP = phrase_pattern(rf"{alternatives(words.FREEING_VERBS)}")
_BOOKABLE_HEAD = phrase_pattern(
    rf"{_BOOKABLE}(?:\s+(?:left|free|available|remain|remaining))?(?:\s+{alternatives(nouns.PREPOSITIONS)}|\s*$)"
)
_INDEFINITE = phrase_pattern(
    r"^(?:(?:there\s*(?:is|are|'s|was)|is\s+there|are\s+there)\s+(?:(?:an?|any|some|no|free|still|finally|earlier)\s+)*|(?:an?|any|some|no|earlier)\s+)(?P<thing>.*)$"
)
_MOVES_OPEN = phrase_pattern(rf"(?P<open>{alternatives(words.OPENING)})|{alternatives(words.CLOSING)}")
_OTHER_THAN = phrase_pattern(r"\b(?:other|different)\s+(?:than|from|to)\b|\banything\s+but\b")
_PROCESS = phrase_pattern(
    rf"(?P<process>{alternatives(words.PROCESSES)})(?:\s+{alternatives(nouns.PREPOSITIONS)}\s+(?P<owner>.*))?"
)


def read_availability(clause: Clause, sentence: Sentence) -> Statement | None:
    """ "back in stock", "sold out", "available again", "possible to book", "a slot frees up"."""
    text = clause.text
    if found := _CAN_BUY.search(text):
        thing = trimmed(found["thing"]) or named_thing(text[: found.start()], clause, sentence)
        return _availability(thing, is_negated(text[: found.start("thing")]), 0.8)
    if found := _UNAVAILABLE.search(text):
        thing = named_thing(text[: found.start()], clause, sentence)
        return _availability(thing, not is_negated(text[: found.start()]), 0.9)
    if (found := _AVAILABLE.search(text)) and not _ATTRIBUTIVE.match(text, found.end()):
        thing = named_thing(text[: found.start()] or text[found.end() :], clause, sentence)
        return _availability(thing, is_negated(text[: found.start()]), 0.9)
    if found := _BACK.search(text):
        thing = trimmed(found["again"] or "") or named_thing(text[: found.start()], clause, sentence)
        if thing.lower().split()[-1:] and thing.lower().split()[-1] in words.SERVICES:
            return Statement("status", thing, Operator.EQ, "up", 0.7)
        return _availability(thing, is_negated(text[: found.start()]), 0.7) if thing else None
    return _bookable(clause, sentence)


_HAS = phrase_pattern(
    rf"^(?P<thing>.+?)\s+(?:has|have|gets?|offers?|shows?)\s+(?P<none>no\s+)?(?:(?:an?|any|some|free|open|more|available|spare|vacant|new)\s+)*(?:{_BOOKABLE}|availability)(?!\s+(?:policy|price|rate))"
)


def _bookable(clause: Clause, sentence: Sentence) -> Statement | None:
    text = clause.text
    indefinite = _INDEFINITE.match(text)
    if found := _ON_SALE.search(text):
        thing = named_thing(text[: found.start()], clause, sentence)
        if _BOOKABLE_HEAD.search(thing):
            return _availability(thing, is_negated(text[: found.end()]), 0.85)
        return Statement("sale status", thing, Operator.EQ, "on sale", 0.7)
    if (found := _HAS.match(text)) and clause.triggered:
        return _availability(
            named_thing(found["thing"], clause, sentence), bool(found["none"]) or is_negated(found["thing"]), 0.75
        )
    if found := _FREES_UP.search(text):
        thing = text[: found.start()]
        settled = found[0].lower() in ("open", "opens", "appear", "appears")
        if _BOOKABLE_HEAD.search(trimmed(thing)) and (indefinite or not settled):
            return _availability(trimmed(thing), False, 0.8)
    if indefinite and _BOOKABLE_HEAD.search(trimmed(indefinite["thing"])):
        return _availability(trimmed(indefinite["thing"]), is_negated(text), 0.7)
    return None


def _availability(thing: str, missing: bool, confidence: float) -> Statement:
    return Statement(AVAILABILITY, thing, Operator.EQ, OUT_OF_STOCK if missing else IN_STOCK, confidence)


def read_opening(clause: Clause, sentence: Sentence) -> Statement | None:
    """ "registration is open", "the trail reopens", "applications close", "I can sign up"."""
    if found := _CAN_APPLY.search(clause.text):
        thing = trimmed(found["thing"])
        closed = is_negated(clause.text[: found.start("thing")])
        return Statement("registration status", thing, Operator.EQ, CLOSED if closed else OPEN, 0.7)
    for found in _MOVES_OPEN.finditer(clause.text):
        before = clause.text[: found.start()]
        if _ATTRIBUTIVE.match(clause.text, found.end()) or not (trimmed(before) or clause.triggered):
            continue
        thing = named_thing(before, clause, sentence)
        value = OPEN if found["open"] else CLOSED
        if is_negated(before):
            value = CLOSED if value == OPEN else OPEN
        fact, subject = _status_of(thing)
        if _OTHER_THAN.search(before):
            return Statement(fact, subject, Operator.NE, value, 0.85)
        return Statement(fact, subject, Operator.EQ, value, 0.9 if thing else 0.6)
    return None


def _status_of(thing: str) -> tuple[str, str]:
    """ "registration for the autumn course" -> registration status, autumn course; "Ridge Trail" -> status, Ridge Trail."""
    if process := _PROCESS.search(thing):
        owner = trimmed(process["owner"] or "") or trimmed(thing[: process.start()])
        return f"{process['process'].lower()} status", owner
    named = name(thing)
    return (named.fact, named.subject) if named.fact.lower().endswith("status") else ("status", thing)
