"""Conditions on a number: "costs less than $60", "no more than 20", "63 or less", "other than 40"."""

import re
from dataclasses import dataclass, replace

from monitors_contracts.monitors import Condition, Operator

from . import vocabulary as words
from .quantities import Quantity, alternatives
from .sentence import Clause, Sentence


@dataclass(frozen=True, slots=True)
class Comparison:
    """A condition on a number, its clause, and the clause's words before the comparison, of it, and after the number.

    `measured` is the noun between the two, as in "exceeds a speed of 5"; mostly empty.
    """

    condition: Condition
    clause: Clause
    before: str
    phrase: str
    after: str
    measured: str
    explicit: bool


@dataclass(frozen=True, slots=True)
class _Relation:
    """How a number is compared: by words that begin at `start` before it and take `behind` characters after it.

    Not `explicit`: merely stated ("is 28").
    """

    op: Operator
    strict: bool
    start: int
    behind: int = 0
    explicit: bool = True


_FILLERS = (
    r"(?:\s+(?:an?|the|my|our|its|their)\s+(?:\w+\s+){1,2}of)?"
    rf"(?:\s*(?:{alternatives(words.NUMBER_FILLERS)}|[:,]))*\s*$"
)
_COMPARATOR = re.compile(rf"(?P<phrase>{alternatives(words.COMPARATORS)}){_FILLERS}", re.IGNORECASE)
_ADJECTIVE = re.compile(
    rf"\b(?P<phrase>(?!(?:{'|'.join(words.NOT_COMPARATIVES)})\b)\w+er|worse|more\s+\w+|less\s+\w+)\s+(?:than|then){_FILLERS}",
    re.IGNORECASE,
)
_COMPARED_NOUN = re.compile(r"\b(?P<phrase>more|less)\s+(?!than)\w+\s+$", re.IGNORECASE)
_FALLS_TO = re.compile(
    rf"(?:{alternatives(words.FALLING)}\s+(?:\S+\s+){{0,4}}?(?:to|at)|\bdown\s+to){_FILLERS}", re.IGNORECASE
)
_RISES_TO = re.compile(rf"{alternatives(words.RISING)}\s+(?:\S+\s+){{0,4}}?(?:to|at){_FILLERS}", re.IGNORECASE)
_CHANGES_FROM = re.compile(
    rf"{alternatives(words.CHANGE_WORDS)}\s+(?:\w+\s+)?(?:away\s+)?from{_FILLERS}", re.IGNORECASE
)
_EQUALS = re.compile(rf"{alternatives(words.EQUAL_VERBS)}{_FILLERS}", re.IGNORECASE)
_FOR_MONEY = re.compile(r"\bfor(?:\s+(?:about|around|just|only))?\s*$", re.IGNORECASE)
_BETWEEN = re.compile(r"\b(?:between|from)\s*$", re.IGNORECASE)
_EXACTLY = re.compile(r"\b(?:exactly|precisely)\b", re.IGNORECASE)
_OR_LESS = re.compile(
    rf"\s*(?:\w+\s+)?(?:or|and|/)\s+(?:even\s+)?{alternatives(words.OR_LESS)}|\s*(?:max|maximum|tops|at most)\b",
    re.IGNORECASE,
)
_OR_MORE = re.compile(
    rf"\s*(?:\w+\s+)?(?:or|and|/)\s+(?:even\s+)?{alternatives(words.OR_MORE)}|\s*(?:\+(?!\w)|(?:minimum|at least)\b)",
    re.IGNORECASE,
)
_MEASURED = re.compile(r"\b(?:an?|the|my|our|its|their)\s+(?P<noun>(?:\w+\s+){1,2})of\W")
_OFF = re.compile(r"\s*(?:off|reduction|discount)\b", re.IGNORECASE)
_NEGATION = re.compile(
    rf"{alternatives(words.NEGATIONS)}\s*(?:{alternatives(words.NEGATED_FILLERS)}\s*){{0,4}}$", re.IGNORECASE
)
_OPPOSITE = {
    (Operator.LE, True): (Operator.GE, False),
    (Operator.LE, False): (Operator.GE, True),
    (Operator.GE, True): (Operator.LE, False),
    (Operator.GE, False): (Operator.LE, True),
    (Operator.EQ, False): (Operator.NE, False),
    (Operator.NE, False): (Operator.NE, False),
}


def find_comparison(sentence: Sentence) -> Comparison | None:
    """The first number that is compared; else the first that is stated; None without any."""
    stated: Comparison | None = None
    for clause in sentence.clauses:
        for quantity in sentence.quantities:
            if clause.start <= quantity.start < clause.end:
                comparison = _compare(sentence, clause, quantity)
                if comparison and comparison.explicit:
                    return comparison
                stated = stated or comparison
    return stated


def _compare(sentence: Sentence, clause: Clause, quantity: Quantity) -> Comparison | None:
    before = sentence.text[clause.start : quantity.start]
    after = sentence.text[quantity.end : clause.end]
    relation = _written_after(before, after) or _written_before(before, quantity)
    if relation is None:
        return None
    if _EXACTLY.search(before[-25:] + after[:12]) and not relation.strict:
        relation = replace(relation, op=Operator.EQ)
    if negation := _NEGATION.search(before[: relation.start]):
        op, strict = _OPPOSITE[relation.op, relation.strict]
        relation = _Relation(op, strict, negation.start(), relation.behind)
    if quantity.bare and not relation.explicit:
        return None
    return Comparison(
        Condition(op=relation.op, value=quantity.value, unit=quantity.unit, strict=relation.strict),
        clause,
        before[: relation.start],
        before[relation.start :].strip(),
        after[relation.behind :],
        "discount"
        if _OFF.match(after)
        else measured["noun"].strip()
        if (measured := _MEASURED.search(before, relation.start))
        else "",
        relation.explicit,
    )


def _written_after(before: str, after: str) -> _Relation | None:
    """ "63 or less", "69 or higher", "10+", "20% off"."""
    for pattern, op in ((_OR_LESS, Operator.LE), (_OR_MORE, Operator.GE), (_OFF, Operator.GE)):
        if found := pattern.match(after):
            stated = _EQUALS.search(before)
            return _Relation(op, False, stated.start() if stated else len(before), found.end())
    return None


def _written_before(before: str, quantity: Quantity) -> _Relation | None:
    """ "less than 5", "colder than 5", "drops to 5", "is 5"."""
    if found := _COMPARATOR.search(before):
        op, strict = words.COMPARATORS[" ".join(found["phrase"].lower().split())]
        return _Relation(op, strict, found.start())
    if found := _ADJECTIVE.search(before):
        adjective = found["phrase"].lower()
        less = adjective in words.LESS_ADJECTIVES or adjective.startswith("less")
        return _Relation(Operator.LE if less else Operator.GE, True, found.start())
    for pattern, op in ((_FALLS_TO, Operator.LE), (_RISES_TO, Operator.GE), (_CHANGES_FROM, Operator.NE)):
        if found := pattern.search(before):
            return _Relation(op, False, found.start())
    if found := _COMPARED_NOUN.search(before):
        return _Relation(Operator.LE if found["phrase"].lower() == "less" else Operator.GE, True, found.start())
    if quantity.is_money and (found := _FOR_MONEY.search(before)):
        return _Relation(Operator.LE, False, found.start(), explicit=False)
    if found := _BETWEEN.search(before):
        return _Relation(Operator.GE, False, found.start(), explicit=False)
    if found := _NEGATION.search(before):
        return _Relation(Operator.NE, False, found.start())
    if found := _EQUALS.search(before):
        return _Relation(Operator.EQ, False, found.start(), explicit=False)
    return None
