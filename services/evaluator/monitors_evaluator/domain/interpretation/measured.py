"""Which fact a number is compared with: the noun before the comparison, the one counted after it, or the one pointed at."""

import re

from . import nouns
from . import vocabulary as words
from .comparisons import Comparison
from .phrases import Named, attribute, is_pronoun, limited, name, trimmed, without_reporter
from .quantities import alternatives
from .sentence import QUOTED, Sentence
from .statements import antecedent
from .units import CURRENCY_CODES

_DEGREES = frozenset(("°C", "°F", "°"))
_SPEEDS = frozenset(("km/h", "mph", "m/s", "kn"))
_COUNTING_VERB = re.compile(
    r"\b(?:has|have|having|gets?|got|with|calls?\s+for|there\s*(?:is|are|re)?|shows?|lists?|reports?|reporting|offers?|receives?)"
    r"(?:\s+(?:anything|an?|the|value|of))*\W*$",
    re.IGNORECASE,
)
_ADJECTIVE = re.compile(rf"\s+(?P<adjective>{alternatives(words.COUNTED_ADJECTIVES)})", re.IGNORECASE)
_FOR = re.compile(r"^\s*(?:for|of)\s", re.IGNORECASE)
_COUNTED_END_WORDS = (
    *nouns.PREPOSITIONS, *words.LINKING_VERBS, *nouns.REPORTED, "or", "and", "please", "have", "has", "remain", "go",
    "appear", "appears", "arrive",
)  # fmt: skip
_COUNTED_ENDS = re.compile(
    rf"\s(?P<stop>{alternatives(_COUNTED_END_WORDS)})(?:\s|$)",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(rf"^\s*(?:mark\s+)?{alternatives(nouns.PREPOSITIONS)}\s", re.IGNORECASE)
_PLACE = re.compile(rf"\s{alternatives(('in', 'at', 'on', 'for', 'of', 'from', 'near'))}\s.+", re.IGNORECASE)
_REMAINING = re.compile(
    r"\s(?:is|are)\s+(?:still\s+)?(?P<how>free|left|available|open|remaining|vacant|occupied|taken)\b", re.IGNORECASE
)
_BARE_REMAINDER = re.compile(
    r"^\s*(?:are\s+|is\s+)?(?:left|remaining|remain|remains|in stock|available)\b", re.IGNORECASE
)


def measured_fact(comparison: Comparison, sentence: Sentence) -> Named:
    """The fact and its subject; the fact is empty when the sentence does not say."""
    unit = comparison.condition.unit
    if (quote := QUOTED.search(comparison.before)) and unit not in CURRENCY_CODES:
        return Named(limited(quote[1] or quote[2]), "")
    said = _said(comparison, sentence)
    if unit in CURRENCY_CODES:
        named = name(said)
        if named.fact and any(word in nouns.MONEY_NOUNS for word in named.fact.lower().split()):
            return named
        return Named("price", without_reporter(said))
    named, implied = name(said), _implied(comparison, unit)
    if named.fact and implied == "temperature" and named.head not in nouns.OWNED_ATTRIBUTES:
        return Named(f"{named.fact} temperature", named.subject)
    if named.fact:
        return named
    if adjective := _ADJECTIVE.match(comparison.after):
        return Named(words.COUNTED_ADJECTIVES[adjective["adjective"].lower()], "" if is_pronoun(said) else said)
    if implied in ("temperature", "price") or is_pronoun(said):
        return Named(implied, "" if is_pronoun(said) or said.lower() == "weather" else said)
    return attribute(said)


def _implied(comparison: Comparison, unit: str | None) -> str:
    """The attribute that the unit or the comparison's adjective speaks of."""
    for word in re.findall(r"[a-z]+", f"{comparison.before} {comparison.phrase}".lower()):
        if word in nouns.TEMPERING_ADJECTIVES:
            return nouns.TEMPERING_ADJECTIVES[word]
    if unit in _DEGREES:
        return "temperature"
    return "speed" if unit in _SPEEDS else ""


def _said(comparison: Comparison, sentence: Sentence) -> str:
    """The noun phrase that is compared."""
    before = trimmed(comparison.before)
    if comparison.measured and not is_pronoun(comparison.measured) and comparison.measured not in nouns.LIMITS:
        return f"{comparison.measured} of {before}" if not is_pronoun(before) else comparison.measured
    counted = _counted(comparison)
    counting = _COUNTING_VERB.search(comparison.before) or _COUNTING_VERB.search(comparison.phrase)
    if counting and not counted and _FOR.match(comparison.after):
        counted = trimmed(comparison.after)
    if counted and (is_pronoun(before) or counting or not name(before).fact):
        owner = "" if is_pronoun(before) else before
        return f"{counted} on {owner}" if owner else counted
    after = comparison.after if _PREPOSITION.match(comparison.after) else ""
    if not is_pronoun(before):
        place = trimmed(after)
        return f"{before} {after.strip()}" if place and not comparison.condition.unit else before
    if _BARE_REMAINDER.match(comparison.after):
        thing = antecedent(sentence, comparison.clause)
        return f"stock of {thing}" if thing else "stock"
    if place := trimmed(after, verbs=True):
        return place
    return antecedent(sentence, comparison.clause)


def _counted(comparison: Comparison) -> str:
    """What stands after the number and is counted by it: "5 parking spaces are free" -> free parking spaces."""
    after = comparison.after
    if not after[:1].isspace() or _PREPOSITION.match(after) or comparison.condition.unit in CURRENCY_CODES:
        return ""
    if re.match(r"\s+(?:or|and|per)\b", after) or _ADJECTIVE.match(after):
        return ""
    end = _COUNTED_ENDS.search(after)
    noun = trimmed(after[: end.start()] if end else after, verbs=False)
    how = _REMAINING.search(after)
    if noun and how:
        return f"{how['how']} {noun}"
    place = _PLACE.search(after, end.start()) if end else None
    rest = place[0] if place else ""
    return f"{noun}{rest}" if noun.lower() not in ("left", "remaining", "available", "free") else ""
