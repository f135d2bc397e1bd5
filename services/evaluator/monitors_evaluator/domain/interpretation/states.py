"""Statements in any words: "the server is down", "the status changes to shipped", "the fan turns on", "the sale starts"."""

from monitors_contracts.monitors import Operator

from . import nouns
from . import vocabulary as words
from .phrases import is_pronoun, name, trimmed
from .quantities import alternatives
from .sentence import Clause, Sentence
from .statements import Statement, antecedent, equality, is_negated, named_thing, phrase_pattern
from .texts import TEXT

_LINKED = phrase_pattern(rf"^(?P<thing>.*?)\s*(?P<link>{alternatives(words.LINKING_VERBS)})\s+(?P<value>.+)$")
_SWITCHED = phrase_pattern(
    r"\b(?:turn(?:s|ed)?|switch(?:es|ed)?|goes|comes?|is|are|gets)\s+(?:(?P<thing>(?:the|my|our)\s+(?:\w+\s+){1,3}))?(?P<value>on|off)\b"
    r"(?:\s+(?P<after>(?:the|my|our)\s+.*))?(?=\s*$|\s+(?:by|the|my|our|at|in)\b)"
)
_EVENT = phrase_pattern(
    rf"^(?P<thing>.+?)\s+(?:(?:has|have|is|are|was|were|been|being|be|finally|now|will|officially|gets)\s+)*"
    rf"(?P<verb>{alternatives(words.EVENT_VERBS)})(?P<after>.*)$"
)
_EXISTS = phrase_pattern(
    r"^(?:there\s*(?:is|are|'s|was)|is\s+there|are\s+there)\s+(?:(?:an?|any|some|no|not|the)\s+)*(?P<thing>.+)$"
)
_STATE_PHRASE = phrase_pattern(alternatives(words.STATE_PHRASES))
_PREPOSITION = phrase_pattern(rf"\s+{alternatives(nouns.PREPOSITIONS)}\s+")
_ASKS = phrase_pattern(
    r"^(?:is|are|has|was|were|did)\s+(?P<thing>.+)\s+(?P<value>[\w-]+)(?:\s+(?:yet|now|again|already))?$"
)
_IS_CHANGE = phrase_pattern(alternatives((*words.CHANGE_WORDS, *words.RISING, *words.FALLING)))
_QUESTION = phrase_pattern(r"^(?:what|which|how|who|where|why)\b")
_LOW_ON = phrase_pattern(
    r"\b(?P<value>low|short|out)\s+(?:on|of)\s+(?P<thing>.+)$|\b(?:have|has)\s+an?\s+(?P<kind>low|high|full|empty)\s+(?P<of>.+)$"
)


def read_switch(clause: Clause, sentence: Sentence) -> Statement | None:
    """Something turned on or off."""
    found = _SWITCHED.search(clause.text)
    if found is None:
        return None
    phrase = found["thing"] or found["after"] or clause.text[: found.start()]
    thing = named_thing(phrase, clause, sentence)
    return Statement("state", thing, equality(is_negated(clause.text[: found.end()])), found["value"].lower(), 0.85)


def read_linked(clause: Clause, sentence: Sentence) -> Statement | None:
    """A thing, a linking verb and a word: "is delayed", "becomes normal", "changes to approved"."""
    if not (clause.triggered or _ASKS.match(clause.text)) or _QUESTION.match(clause.text):
        return None
    if low := _LOW_ON.search(clause.text):
        named = name(trimmed(low["thing"] or low["of"] or ""))
        return Statement(named.fact or "status", named.subject, Operator.EQ, (low["value"] or low["kind"]).lower(), 0.7)
    if asked := _ASKS.match(clause.text):
        thing, said = asked["thing"], asked["value"]
        negated = is_negated(thing)
    elif (linked := _LINKED.match(clause.text)) and linked["thing"].split()[-1:] not in _NO_THING:
        thing, said = linked["thing"], linked["value"]
        head = said.split()[:3]
        negated = (
            linked["link"].lower().split()[-1] in ("of", "from", "than")
            or is_negated(" ".join(head))
            or is_negated(thing[-12:])
        )
        if linked["link"].lower() in ("has", "have", "get", "gets") and not _PARTICIPLE.match(said):
            return _holding(thing, said, negated)
        if "other than" in said.lower() or "anything but" in said.lower() or "different" in said.lower():
            negated = True
    else:
        return None
    value = _value(said)
    thing = trimmed(thing)
    if (
        not value
        or _IS_CHANGE.search(value)
        or value.lower().split()[0] in _NO_STATE
        or thing.lower() in ("there", "there's")
    ):
        return None
    if is_pronoun(thing):
        thing = antecedent(sentence, clause)
    if not thing and not sentence.url:
        return None
    fact, subject = _attribute_or_status(thing)
    value = words.EVENT_VERBS.get(f"is {value.lower()}", value)
    if not value.endswith("ed"):
        value = words.EVENT_VERBS.get(value.lower(), value)
    return Statement(fact, subject, equality(negated), value, 0.7)


_PARTICIPLE = phrase_pattern(
    r"(?:(?:not|no\s+longer|now|already|finally|just|been|fully)\s+)*(?:\w+(?:ed|en)|won|lost|left|sold|gone|begun|come|become|low|high|full)\b"
)


def _holding(thing: str, said: str, negated: bool) -> Statement | None:
    """ "line U4 has a disruption", "the bakery has sourdough again": what a thing has stands near its name."""
    thing, value = trimmed(thing), _value(said)
    if not value or not thing or _IS_CHANGE.search(value):
        return None
    return Statement(
        TEXT, "" if is_pronoun(thing) else thing, Operator.NE if negated else Operator.CONTAINS, value, 0.55
    )


_NO_THING: tuple[list[str], ...] = ([], ["a"], ["an"], ["any"], ["the"])
_NO_STATE = frozenset(("current", "date", "reported", "detected", "shown", "measured", "determined", "registered"))


def _attribute_or_status(thing: str) -> tuple[str, str]:
    """ "order status" is a fact of its own; of "Anna's flight" the status is meant."""
    named = name(thing)
    return (named.fact, named.subject) if named.head in nouns.OWNED_ATTRIBUTES else ("status", thing)


def _value(said: str) -> str:
    """The word or few that are said of a thing, up to where something else begins."""
    if fixed := _STATE_PHRASE.search(said):
        return fixed[0].lower()
    kept: list[str] = []
    for word in said.replace(",", " ").split():
        plain = word.strip(".,;:!?'\"").lower()
        if not kept and (
            plain in words.VALUE_FILLERS
            or plain in words.NEGATIONS
            or plain in ("than", "other", "different", "but", "from")
        ):
            continue
        if plain in words.VALUE_ENDS or plain in nouns.TIME_WORDS or len(kept) == 4:
            break
        kept.append(word.strip(".,;:!?'\""))
    return " ".join(kept)


def read_event(clause: Clause, sentence: Sentence) -> Statement | None:
    """A thing and a verb that puts it into a state: "the sale starts", "the album comes out"."""
    found = _EVENT.match(clause.text) if clause.triggered else None
    if found is None:
        return None
    thing = named_thing(found["thing"], clause, sentence)
    if not thing:
        return None
    verb = " ".join(found["verb"].lower().split())
    negated = is_negated(clause.text[: found.start("verb")])
    return Statement(
        f"{'release ' if words.EVENT_VERBS[verb] == 'released' else ''}status",
        thing,
        equality(negated),
        words.EVENT_VERBS[verb],
        0.65,
    )


def read_existence(clause: Clause, sentence: Sentence) -> Statement | None:
    """Something there is: "if there is a delay on the Victoria line"."""
    found = _EXISTS.match(clause.text)
    if found is None or _IS_CHANGE.search(clause.text):
        return None
    parts = name(found["thing"])
    text = parts.fact or parts.subject
    cut = _PREPOSITION.split(text, maxsplit=1)
    subject = trimmed(cut[1]) if len(cut) > 1 else parts.subject if parts.fact else ""
    value = trimmed(cut[0])
    if not value:
        return None
    missing = is_negated(clause.text[: found.start("thing")])
    return Statement(TEXT, subject, Operator.NE if missing else Operator.CONTAINS, value, 0.5)
