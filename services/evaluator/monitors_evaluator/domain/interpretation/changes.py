"""Requests to be told of changes: any change, something new, a rise or a fall, "drops by 10%"."""

import re
from dataclasses import dataclass

from monitors_contracts.monitors import Change

from . import nouns
from . import vocabulary as words
from .phrases import attribute, is_pronoun, name, trimmed
from .quantities import Quantity, alternatives
from .sentence import Clause, Sentence
from .statements import antecedent, phrase_pattern, until_verb


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """Which change of which fact, and how sure the reading is (0..1)."""

    fact: str
    subject: str
    change: Change
    confidence: float


_FALLING = alternatives(words.FALLING)
_RISING = alternatives(words.RISING)
_FALLS = phrase_pattern(_FALLING)
_RISES = phrase_pattern(_RISING)
_MOVING = alternatives(words.MOVING)
_CHANGING = phrase_pattern(alternatives(words.CHANGE_WORDS))
_LEAST = (
    r"(?:\s+(?:(?:more|greater|larger|bigger)\s+than|at\s+least|over|above|a|an|any|another|about|around|roughly))*"
)
_COMPARATORS = alternatives(words.COMPARATORS)
_MOVES_BY = phrase_pattern(
    rf"(?:(?P<fall>{_FALLING})|(?P<rise>{_RISING})|(?P<move>{_MOVING}))(?P<between>(?:\s+(?!(?:to|from|than)\b|{_COMPARATORS})\w+){{0,4}}?)"
    rf"\s*(?P<by>\s(?:by|of)\b)?{_LEAST}\s*$"
)
_AMOUNT_BEFORE = phrase_pattern(
    rf"^\s*(?:(?:price|rate)\s+)?(?:(?P<fall>{_FALLING}|off\b|reduction)|(?P<rise>{_RISING})|(?P<move>{_MOVING}))"
)
_COMPARED = phrase_pattern(
    r"(?:more|less|greater|larger|bigger|lower|higher)\s+than|at\s+least|over|above|below|under|up to|at most"
)
_COMPARATIVE = phrase_pattern(r"\b(?:higher|lower|greater|more|less)\b")
_NEW = phrase_pattern(rf"(?P<new>(?<!the\s)(?<!my\s)(?<!this\s){alternatives(words.NEW_DETERMINERS)})\s+(?P<item>.+)$")
_POSTED = phrase_pattern(
    rf"^(?:an?|any|some|another)\s+(?P<item>.+?)\s+(?:(?:is|are|gets|get|has|have|been|was)\s+)*{alternatives(words.PUBLISHING_VERBS)}(?P<rest>.*)$"
)
_POSTING = words.forms(*words.POSTING_VERBS)
_POSTS = phrase_pattern(
    rf"^(?P<subject>.+?)\s+(?:(?:has|have|is)\s+)?{alternatives(_POSTING)}\s+(?:something|anything|an?|any|some)\b\s*(?P<item>.*)$"
)
_ITEM = phrase_pattern(
    alternatives(
        (
            *words.NEW_ITEMS,
            *(item + "s" for item in words.NEW_ITEMS),
            "vacancies",
            "properties",
            "stories",
            "vulnerabilities",
            "opportunities",
        )
    )
)
_ITEM_END_WORDS = (*nouns.PREPOSITIONS, *words.PUBLISHING_VERBS, *nouns.REPORTED, "called", "becomes", "about", "named")
_ITEM_ENDS = phrase_pattern(rf"\s+(?P<link>{alternatives(_ITEM_END_WORDS)})(?:\s+|$)")
_PREPOSITION = phrase_pattern(rf"\s{alternatives(nouns.PREPOSITIONS)}\s")
_PUBLISHES = phrase_pattern(rf"(?:{alternatives(words.PUBLISHING_VERBS)}\s*)+$")
_ADDED = phrase_pattern(r"^(?P<item>.+?)\s+(?:is|are|gets|get)\s+added(?:\s+to\s+(?P<list>.+))?$")


def find_amount_of_change(sentence: Sentence) -> ChangeRequest | None:
    """ "drops by 10%", "changes by more than 5", "a rise of at least 3 %"."""
    for clause in sentence.clauses:
        for quantity in sentence.quantities:
            if not clause.start <= quantity.start < clause.end:
                continue
            before = sentence.text[clause.start : quantity.start]
            moves = _MOVES_BY.search(before)
            if moves and _is_amount(moves["by"], before[moves.start() :], quantity):
                phrase = trimmed(moves["between"]) or before[: moves.start()]
                if is_pronoun(phrase):
                    phrase = sentence.text[quantity.end : clause.end]
                return _amount(clause, sentence, phrase, quantity, moves)
            after = _AMOUNT_BEFORE.match(sentence.text[quantity.end : clause.end])
            if after and quantity.unit == "%" and not trimmed(before):
                rest = sentence.text[quantity.end : clause.end][after.end() :]
                return _amount(clause, sentence, rest, quantity, after)
    return None


def _is_amount(by: str | None, phrase: str, quantity: Quantity) -> bool:
    """Whether a number after a verb of motion is how far, not where to: said with "by", or a percentage or sum at once."""
    if by is not None:
        return True
    compared = _COMPARED.search(phrase)
    if compared:
        return (quantity.unit == "%" or quantity.is_money) and compared[0].lower() in ("more than", "at least")
    return quantity.unit is not None and not _COMPARATIVE.search(phrase)


def _amount(clause: Clause, sentence: Sentence, phrase: str, quantity: Quantity, moves: re.Match[str]) -> ChangeRequest:
    thing = trimmed(phrase)
    thing = antecedent(sentence, clause) if is_pronoun(thing) else thing
    percent = quantity.unit == "%"
    named = name(thing) if percent or quantity.is_money else attribute(thing)
    change = Change(
        direction="decrease" if moves["fall"] else "increase" if moves["rise"] else "any",
        at_least=None if percent else abs(quantity.value),
        at_least_percent=abs(quantity.value) if percent else None,
    )
    return ChangeRequest(named.fact or "price", named.subject, change, 0.9)


def find_new_item(sentence: Sentence) -> ChangeRequest | None:
    """ "a new post in ...", "they release another episode", "a job is posted"."""
    for clause in sentence.clauses:
        text = clause.text
        if posts := _POSTS.match(text):
            item = trimmed(_cut(posts["item"])[0]).removeprefix("new").strip() or "post"
            return _new(f"new {item}", trimmed(posts["subject"]), 0.85)
        if found := _NEW.search(text):
            item, rest = _cut(found["item"])
            known = _ITEM.search(item)
            if (
                item
                and not _CHANGING.match(item)
                and (known or found["new"].lower() != "more")
                and (known or clause.triggered or clause.told)
            ):
                fact = f"new {trimmed(item)}"
                owner = trimmed(rest) or trimmed(_PUBLISHES.sub("", text[: found.start()]))
                return _new(fact, "" if is_pronoun(owner) else owner, 0.9 if known else 0.7)
        if (posted := _POSTED.match(text)) and _ITEM.search(posted["item"]):
            item, rest = _cut(posted["item"])
            return _new(f"new {trimmed(item)}", trimmed(rest) or trimmed(posted["rest"]), 0.8)
        if added := _ADDED.match(text):
            return _new(f"new {trimmed(added['item'])}", trimmed(added["list"] or ""), 0.75)
    return None


def _new(fact: str, subject: str, confidence: float) -> ChangeRequest:
    return ChangeRequest(" ".join(fact.split()[:6]), "" if is_pronoun(subject) else subject, Change(), confidence)


def _cut(item: str) -> tuple[str, str]:
    """The item's own words, and what follows its preposition or verb."""
    cut = _ITEM_ENDS.search(item)
    if cut is None:
        return item, ""
    rest = item[cut.end() :]
    if cut["link"].lower() not in nouns.PREPOSITIONS:
        place = _PREPOSITION.search(f" {rest}")
        rest = f" {rest}"[place.end() :] if place else ""
    return item[: cut.start()], until_verb(rest)


def find_direction(sentence: Sentence) -> ChangeRequest | None:
    """A rise or a fall without a number: "the price drops", "goes up"."""
    for clause in sentence.clauses:
        fall = _FALLS.search(clause.text)
        rise = _RISES.search(clause.text)
        found = fall or rise
        if found is None or _CHANGING.search(clause.text):
            continue
        before, after = trimmed(clause.text[: found.start()]), trimmed(clause.text[found.end() :])
        raised = name(after).fact
        thing = f"{after} of {before}" if raised and not is_pronoun(before) and not name(before).fact else before
        if is_pronoun(thing):
            thing = after or antecedent(sentence, clause)
        if thing.lower().split()[-1:] and thing.lower().split()[-1] in words.SERVICES:
            continue
        if thing:
            named = name(thing)
            direction = "any" if fall and rise else "decrease" if fall else "increase"
            return ChangeRequest(named.fact or "price", named.subject, Change(direction=direction), 0.85)
    return None


def find_any_change(sentence: Sentence) -> ChangeRequest | None:
    """Any change: the clause that speaks of one, else the thing that is watched."""
    speaking = [clause for clause in sentence.clauses if _CHANGING.search(clause.text)]
    watched = [clause for clause in sentence.clauses if clause.watched]
    told = [clause for clause in sentence.clauses if clause.told or clause.triggered]
    for clause in (*speaking, *watched, *told, *sentence.clauses):
        thing = _what_changes(clause.text)
        if not is_pronoun(thing) and (speaking or sentence.asks or name(thing).fact):
            named = attribute(thing)
            sure = 0.85 if speaking else 0.75 if watched else 0.4
            if named.fact:
                return ChangeRequest(named.fact, named.subject, Change(), sure)
    if speaking or watched or sentence.url:
        return ChangeRequest("page content", "", Change(), 0.7 if speaking and sentence.url else 0.4)
    return None


def _what_changes(text: str) -> str:
    """A clause without its words of change: what is left names the thing."""
    rest = trimmed(" ".join(_CHANGING.sub(" ", text).split()))
    return trimmed(rest[4:]) if rest.lower().startswith("new ") else rest
