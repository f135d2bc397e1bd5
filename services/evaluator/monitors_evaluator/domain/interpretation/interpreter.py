"""Prompt to interpretation without a model and without a network: each reader in turn, the surest kind of evidence first."""

from collections.abc import Callable
from typing import Literal

from monitors_contracts.monitors import Change, Condition, Interpretation

from . import nouns
from .availability import read_availability, read_opening
from .changes import ChangeRequest, find_amount_of_change, find_any_change, find_direction, find_new_item
from .comparisons import Comparison, find_comparison
from .measured import measured_fact
from .naming import suggested_name
from .phrases import limited
from .sentence import Clause, Sentence, read_sentence
from .statements import Statement, offers_both
from .states import read_event, read_existence, read_linked, read_switch
from .texts import read_text
from .weather import read_moon, read_weather

PROVIDER = "local"
MAX_SUBJECT = 200
"""Characters; a longer subject helps nobody to find the thing."""


class NotUnderstood(Exception):
    """Nothing at all can be made of a prompt; `reason` is fit for the person who wrote it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_Reader = Callable[[Clause, Sentence], Statement | None]
_PLAIN_READERS: tuple[_Reader, ...] = (read_text, read_availability, read_opening, read_moon, read_weather)
_LOOSE_READERS: tuple[_Reader, ...] = (read_switch, read_linked, read_event, read_existence)


def interpret(prompt: str) -> Interpretation:
    """Read one sentence.

    Raises NotUnderstood when it asks for nothing; any other text gives an interpretation, with a low confidence when unsure.
    """
    sentence = read_sentence(prompt)
    if amount := find_amount_of_change(sentence):
        return _changing(sentence, amount)
    comparison = find_comparison(sentence)
    if comparison and comparison.explicit:
        return _comparing(sentence, comparison)
    if statement := _first_statement(sentence, _PLAIN_READERS):
        return _stating(sentence, statement)
    if comparison:
        return _comparing(sentence, comparison)
    if request := find_new_item(sentence) or find_direction(sentence):
        return _changing(sentence, request)
    if statement := _first_statement(sentence, _LOOSE_READERS):
        return _stating(sentence, statement)
    if request := find_any_change(sentence):
        return _changing(sentence, request)
    raise NotUnderstood(
        "Say what to watch and when to tell you, for example: tell me when the price of ... drops below $50"
    )


def _first_statement(sentence: Sentence, readers: tuple[_Reader, ...]) -> Statement | None:
    for reader in readers:
        for clause in sentence.clauses:
            if not offers_both(clause.text) and (statement := reader(clause, sentence)):
                return statement
    return None


def _comparing(sentence: Sentence, comparison: Comparison) -> Interpretation:
    named = measured_fact(comparison, sentence)
    sure = (0.95 if comparison.explicit else 0.65) - (0.0 if named.fact else 0.3)
    return _interpretation(sentence, named.fact or "value", named.subject, comparison.condition, "number", sure)


def _stating(sentence: Sentence, statement: Statement) -> Interpretation:
    condition = Condition(op=statement.op, value=statement.value)
    return _interpretation(sentence, statement.fact, statement.subject, condition, "string", statement.confidence)


def _changing(sentence: Sentence, request: ChangeRequest) -> Interpretation:
    numeric = request.change.direction != "any" or any(
        word in nouns.NUMERIC_FACTS for word in request.fact.lower().split()
    )
    amount = request.change.at_least is not None or request.change.at_least_percent is not None
    kind = "number" if numeric or amount else "string"
    return _interpretation(sentence, request.fact, request.subject, request.change, kind, request.confidence)


def _interpretation(
    sentence: Sentence,
    fact: str,
    subject: str,
    asked: Condition | Change,
    fact_type: Literal["number", "string"],
    confidence: float,
) -> Interpretation:
    fact, subject = limited(fact) or "value", subject[:MAX_SUBJECT].strip()
    return Interpretation(
        kind="state" if isinstance(asked, Condition) else "change",
        fact=fact[:MAX_SUBJECT],
        subject=subject,
        fact_type=fact_type,
        condition=asked if isinstance(asked, Condition) else None,
        change=asked if isinstance(asked, Change) else None,
        url=sentence.url,
        name=suggested_name(fact, subject, asked),
        confidence=round(max(confidence, 0.05), 2),
        provider=PROVIDER,
    )
