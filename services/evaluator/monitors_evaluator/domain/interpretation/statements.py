"""What a sentence states in words, and the small questions every reader of such statements asks.

The vocabulary that the extraction side answers to:

- availability: fact `availability`, value `in stock` or `out of stock`;
- opening: fact `status` or `<process> status` (`registration status`), value `open` or `closed`;
- text on the page: fact `text`, op `contains` with the text; op `ne` means that the page does not hold it (any more);
- weather: fact `weather`; moon: fact `moon phase`; anything else: fact `status` with the word that was said.
"""

import re
from dataclasses import dataclass

from monitors_contracts.monitors import Operator

from . import vocabulary as words
from .phrases import is_pronoun, trimmed
from .quantities import alternatives
from .sentence import Clause, Sentence


@dataclass(frozen=True, slots=True)
class Statement:
    """A condition in words: whose fact is compared with which word, and how sure the reading is (0..1)."""

    fact: str
    subject: str
    op: Operator
    value: str
    confidence: float


def phrase_pattern(template: str) -> re.Pattern[str]:
    """A pattern that ignores case."""
    return re.compile(template, re.IGNORECASE)


NEGATION = phrase_pattern(alternatives(words.NEGATIONS))
_FIRST_VERB = phrase_pattern(
    rf"\s(?:{alternatives((*words.LINKING_VERBS, *words.CHANGE_WORDS, *words.FALLING, *words.RISING))})(?=\s|$)"
)


_LINK = phrase_pattern(rf"\s{alternatives(words.LINKING_VERBS)}(?=\s|$)")


def until_verb(phrase: str) -> str:
    """The words before the first linking verb."""
    link = _LINK.search(phrase)
    return phrase[: link.start()] if link else phrase


def is_negated(text: str) -> bool:
    """Whether the words hold a negation."""
    return NEGATION.search(text) is not None


def equality(negated: bool) -> Operator:
    """`ne` for what must not be, `eq` for what must."""
    return Operator.NE if negated else Operator.EQ


def named_thing(phrase: str, clause: Clause, sentence: Sentence) -> str:
    """The thing a phrase names; what it points at in another clause when it is a pronoun or empty."""
    thing = trimmed(until_verb(phrase))
    return antecedent(sentence, clause) if is_pronoun(thing) else thing


def antecedent(sentence: Sentence, clause: Clause) -> str:
    """What a pronoun of this clause points at: the thing named in the nearest clause before, or else after."""
    at = sentence.clauses.index(clause)
    for other in (*reversed(sentence.clauses[:at]), *sentence.clauses[at + 1 :]):
        verb = _FIRST_VERB.search(other.text)
        thing = trimmed(other.text[: verb.start()] if verb else other.text)
        if not is_pronoun(thing) and not (
            len(thing.split()) == 1 and verb is None and not other.watched and not other.told
        ):
            return thing
    return ""


_EITHER = phrase_pattern(
    "|".join(
        rf"{alternatives((one,))}\s+(?:\w+\s+)?or\s+(?:\w+\s+)?{alternatives((other,))}"
        for pair in words.OPPOSITES
        for one, other in (pair, pair[::-1])
    )
    + r"|\bor\s+not\b|\bvice\s+versa\b|\bone\s+way\s+or\s+(?:the\s+other|another)\b"
)


def offers_both(text: str) -> bool:
    """Whether words name a state and its opposite ("starts or stops"): then any change is meant, no state."""
    return _EITHER.search(text) is not None
