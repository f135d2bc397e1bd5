"""Statements about the sky: "it starts to rain in Boston", "the moon is full"."""

from . import vocabulary as words
from .phrases import trimmed
from .quantities import alternatives
from .sentence import Clause, Sentence
from .statements import Statement, equality, is_negated, phrase_pattern

_WEATHER = phrase_pattern(rf"(?P<word>{alternatives(words.WEATHER)})(?:\s+(?P<next>[a-z]+))?")
_AMOUNT = phrase_pattern(r"\b(?:chance|probability|amount|risk|level|inches|mm) of\s*$")
_MOON = phrase_pattern(rf"(?P<word>{alternatives(words.MOON_PHASES)})(?P<phase>\s+phases?\b)?")
_ABOUT_MOON = phrase_pattern(alternatives(words.MOON_WORDS))
_LEAVES = phrase_pattern(
    r"\b(?:moves?|goes|comes?|gets?|passes)\s+out\s+of\b|\b(?:leaves|ends|exits)\b|\b(?:other|different)\s+(?:than|from|to)\b"
    r"|\banything\s+but\b"
)
_WHERE = phrase_pattern(r"\b(?:in|at|near|over in|over at|for|around)\s+(?:the\s+)?(?P<place>(?!the\b|when\b|if\b).+)$")


def read_weather(clause: Clause, sentence: Sentence) -> Statement | None:
    """A kind of weather at a place. A word that only describes a thing ("rain jacket") is none."""
    found = _WEATHER.search(clause.text)
    if (
        found is None
        or (found["next"] or "").lower() not in words.WEATHER_FOLLOWERS
        or _AMOUNT.search(clause.text[: found.start()])
    ):
        return None
    negated = is_negated(clause.text[: found.start()]) or "stop" in clause.text
    return Statement("weather", _place(clause, sentence), equality(negated), words.WEATHER[found["word"].lower()], 0.85)


def read_moon(clause: Clause, sentence: Sentence) -> Statement | None:
    """A phase of the moon. "A new moon phase" is any next phase, so no statement."""
    found = _MOON.search(clause.text)
    if found is None or not _ABOUT_MOON.search(sentence.text):
        return None
    word = " ".join(found["word"].lower().split())
    if word == "new moon" and found["phase"]:
        return None
    negated = is_negated(clause.text[: found.start()]) or _LEAVES.search(clause.text) is not None
    return Statement("moon phase", _place(clause, sentence), equality(negated), words.MOON_PHASES[word], 0.85)


def _place(clause: Clause, sentence: Sentence) -> str:
    for text in (clause.text, *(other.text for other in sentence.clauses)):
        if (found := _WHERE.search(text)) and (place := trimmed(found["place"])):
            return place if not _WEATHER.search(place) and not _ABOUT_MOON.search(place) else ""
    return ""
