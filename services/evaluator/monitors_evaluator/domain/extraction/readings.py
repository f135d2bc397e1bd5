"""Answers that observations give to a question, and how well each fits what was asked."""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from monitors_contracts.base import Value

from .documents import Leaf
from .numbers import CURRENCY_CODES, Number, read_dates, read_numbers, unit_of
from .observations import Observation
from .question import Asked, Question
from .states import family_of, judge, name_state
from .words import coverage, initials, normalise, specific, squeeze, terms

MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """A possible answer: its value, how well it fits (about 0 to 5), where it stands, and the words around it."""

    value: Value
    score: float
    source: Observation
    quote: str
    unit: str | None = None
    hints: dict[str, str] = field(default_factory=dict)
    subject_fit: float = 1.0


def of_leaf(leaf: Leaf) -> Observation:
    """A value in nested data as an observation: its keys and what names its object stand around it."""
    key = leaf.keys[0] if leaf.keys else ""
    text = (
        leaf.value
        if isinstance(leaf.value, str)
        else f"{leaf.value:.15g}"
        if isinstance(leaf.value, float)
        else str(leaf.value).casefold()
    )
    return Observation(text, (key, *leaf.siblings, *leaf.keys[1:]), (), 1.0, {"path": leaf.path}, leaf.group)


def read_all(question: Question, observations: Iterable[Observation]) -> list[Reading]:
    """All answers, the best first."""
    reader = _READERS.get(question.asked)
    if reader is None:
        return []
    found = [reading for observation in observations for reading in reader(question, observation)]
    return sorted(found, key=lambda reading: -reading.score)


# -- fitness --------------------------------------------------------------------------------------------------------


_OLD = terms("old was before strike crossed rrp msrp uvp list regular compare original")
_OTHER_TIMES = terms(
    "tomorrow yesterday tonight forecast outlook history archive previous past average record upcoming"
)


def _fit(question: Question, source: Observation, near_text: str, assumed_fact: float = 0.0) -> tuple[float, float]:
    """How well an observation is about what is asked, and how well it is about the subject alone (0..1)."""
    names = frozenset[str]().union(*(terms(name) for name in source.names)) if source.names else frozenset[str]()
    near = names | terms(near_text)
    around = near.union(*(terms(name) for name in source.context)) if source.context else near
    shape = terms(source.shape.replace(">", " ")) if source.shape else frozenset[str]()
    fact_near, subject_near = coverage(question.fact, near), coverage(question.subject, near)
    fact = fact_near + 0.6 * (coverage(question.fact, around | shape) - fact_near)
    if question.fact and (
        question.initials in near or any(initials(name) in question.fact for name in source.names[:2])
    ):
        fact = 1.0
    fact = max(fact, assumed_fact)
    subject = subject_near + 0.75 * (coverage(question.subject, around) - subject_near)
    if question.subject and any(normalise(name) == question.subject_text for name in source.names):
        subject += 0.25
    match (bool(question.fact), bool(question.subject)):
        case (True, True):
            score = 1.8 * fact + 1.8 * subject
        case (True, False):
            score = 3.0 * fact
        case (False, True):
            score = 3.0 * subject
        case _:
            score = 1.6
    if question.kind_of_subject:
        score += 0.3 * coverage(question.kind_of_subject, around)
    others = _OTHER_TIMES & names.union(*(terms(name) for name in source.context))
    score -= 1.2 if others - question.words else 0.0
    strange = [
        word
        for name in source.names[:2]
        for word in specific(terms(name))
        if not coverage(frozenset((word,)), question.words)
    ]
    if source.shape and _OLD & terms(source.shape.replace(">", " ")):
        score -= 1.2
    score -= min(0.08 * len(strange), 0.5) + 3.0 * (1.0 - source.weight) + (3.0 if source.struck else 0.0)
    return score, min(subject, 1.0) if question.subject else 1.0


# -- numbers --------------------------------------------------------------------------------------------------------

_TOTAL_BEFORE = re.compile(r"(?:\bof|\bout of|/|\btotal|\bmax(?:imum)?|\bcapacity)[: ]*(?:about |around |the )?$")
_ASIDE = terms(
    "shipping delivery postage instalment installment monthly month save saving discount deposit coupon voucher "
    "cashback was rrp "
    "rating review capacity total max maximum minimum average yesterday tomorrow forecast tonight week record low "
    "high previous last "
    "range volume change cap since founded established viewing visitor rated free minimum points tax vat fee "
    "warranty insurance trade"
)
_NO_AMOUNT = re.compile(r"^(none|no|zero|nil|full|sold out|fully booked|0|nothing|keine)\b[.!]?", re.IGNORECASE)


def _numbers(question: Question, source: Observation) -> Iterator[Reading]:
    text = source.text
    numbers = read_numbers(text)
    label = source.names[0] if source.names else ""
    if not numbers:
        stated = _NO_AMOUNT.match(text) or re.search(
            r"\bno (?=[\w ]{3,30}(?:left|free|available|remaining)?)", text.casefold()
        )
        if stated and question.unit is None and len(text) < 80:
            score, subject = _fit(question, source, text)
            if coverage(question.fact, terms(f"{label} {text}")) >= 0.5:
                yield Reading(0.0, score, source, text, subject_fit=subject)
        return
    labels = source.names[:2] if source.shape == "td" else source.names[:1]
    is_other = bool(terms(label)) and not coverage(question.words, terms(label))
    is_leaf = "path" in source.locator and not terms(label) & _VALUE_KEYS
    named_unit = next((unit for name in labels if (unit := _unit_named(name))), None)
    for at, number in enumerate(numbers):
        if number.unit is None:
            number = replace(number, unit=named_unit)
        before, after = _around(text, numbers, at)
        alone = not re.search(r"[^\W\d_]{2,}", before + after)
        assumed = (
            0.5
            if alone
            and not is_leaf
            and not is_other
            and (question.unit is None or number.unit in (None, question.unit))
            else 0.0
        )
        if question.is_price and number.unit in CURRENCY_CODES:
            assumed = 0.75
        score, subject = _fit(question, source, f"{before} {after}", assumed)
        score += _unit_fit(question, number)
        if _TOTAL_BEFORE.search(before.casefold()) or re.match(r"\s*(?:in total|total)\b", after.casefold()):
            score -= 1.5
        if re.search(r"\d\s?[–-]\s?$|\bto $|\bbetween $", text[: number.start]) or re.match(
            r"\s?[–-]\s?[$€£]?\d", text[number.end :]
        ):
            score -= 1.0
        if text[: number.start].rstrip("$€£ ").endswith("+") or re.search(r"[(]$", text[: number.start]):
            score -= 0.6
        label_fits = coverage(question.fact, terms(label)) >= 0.8
        odd = specific(_ASIDE & terms(f"{before} {after} {'' if label_fits else label}")) - question.words
        score -= min(0.9 * len(odd), 1.8)
        if question.near and number.value:
            score -= min(0.25 * abs(math.log10(abs(number.value) / abs(question.near))), 0.8)
        if len(text) > 60 and not alone:
            score -= 0.1
        if question.is_price and (_OLD & terms(f"{before} {label}")) - question.words:
            score -= 1.2
        hints = {"before": " ".join(before.casefold().split()[-3:]), "after": " ".join(after.casefold().split()[:2])}
        yield Reading(number.value, score, source, squeeze(text)[:300], number.unit, hints, subject)


_VALUE_KEYS = terms("value amount last current result now latest")


def _unit_named(label: str) -> str | None:
    """The unit that a label gives: `Level (m)`, `temp_c`, `usd`."""
    label = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", label.strip())
    match = re.search(r"[(\[]\s*([^)\]]{1,8}?)\s*[)\]]\s*$|^(?:\w*_)?([A-Za-z%°]{2,8})$|_([a-zA-Z])$", label)
    if match is None:
        return None
    if match[3]:
        return {"c": "°C", "f": "°F", "m": "m"}.get(match[3].casefold())
    return unit_of(match[1] or match[2])


def _around(text: str, numbers: list[Number], at: int) -> tuple[str, str]:
    """The words before and after a number that speak of it rather than of its neighbours."""
    start = numbers[at - 1].end if at else 0
    end = numbers[at + 1].start if at + 1 < len(numbers) else len(text)
    before, after = text[start : numbers[at].start], text[numbers[at].end : end]
    if at and (parts := re.split(r"[,;|·(]|\band\b", before))[1:]:
        before = parts[-1]
    if at + 1 < len(numbers):
        if re.fullmatch(r"\s*(?:of|out of|/)\s*(?:the |about )?", after):
            return before, _around(text, numbers, at + 1)[1]
        if after.rstrip().endswith(":"):
            after = ""
        after = re.split(r"[,;|·(]|\band\b|[.!?]\s", after)[0]
    return before, after[:80]


def _unit_fit(question: Question, number: Number) -> float:
    wanted, given = question.unit, number.unit
    if wanted == given:
        return 0.4 if wanted else 0.0
    if given is None:
        return -0.4 if question.is_price else -0.2
    if wanted is None:
        if given in CURRENCY_CODES:
            return 0.2 if question.is_price else -0.5
        if question.is_price:
            return -2.0
        return -0.6 if given == "%" else -0.1
    if "°" in (wanted, given) and wanted[:1] == given[:1]:
        return 0.3
    if wanted in CURRENCY_CODES and given in CURRENCY_CODES:
        return -0.6
    return -2.5


# -- states ---------------------------------------------------------------------------------------------------------

_COUNTED = re.compile(r"\b(stock|available|availability|quantity|qty|left|remaining|free|inventory|vacancies)\b")
_YES = {
    "true": True,
    "yes": True,
    "false": False,
    "no": False,
    "✓": True,
    "✔": True,
    "✗": False,
    "✘": False,
    "❌": False,
    "✅": True,
}


def _answer(question: Question, source: Observation) -> bool | None:
    """Whether the observation affirms or denies the wanted state."""
    text = source.text
    told = judge(text, question.wanted)
    label = " ".join(re.findall(r"[A-Z]?[^\WA-Z_]+|[A-Z]+|\d+", source.names[0])) if source.names else ""
    plain = _YES.get(normalise(text).strip(" .!").split(",")[0])
    if plain is not None and label:
        about = judge(label, question.wanted)
        if about is not None:
            return about if plain else not about
        return plain if question.wanted == "yes" else None
    if told is None and label and len(text) < 40:
        found = family_of(question.wanted)
        if (
            found
            and found[0].yes == "in stock"
            and _COUNTED.search(label.casefold())
            and text[:1].isdigit()
            and (numbers := read_numbers(text))
        ):
            return (numbers[0].value > 0) is found[1]
        if re.fullmatch(r"\d+", text) is None and question.wanted != "yes" and not re.search(r"\d", text):
            shown = normalise(text).strip(" .!")
            if shown == normalise(question.wanted):
                return True
    return told


def _states(question: Question, source: Observation) -> Iterator[Reading]:
    text = source.text
    if not question.wanted:
        yield from _any_state(question, source)
        return
    answer = _answer(question, source)
    value: Value
    if answer is None:
        shown = terms(text)
        is_name = all(coverage(frozenset((word,)), question.words) for word in shown)
        if len(text) > 60 or is_name or not re.search(r"[^\W\d_]", text) or not _is_labelled(question, source):
            return
        value = _other_word(question, text)
    else:
        if source.disabled and answer and question.is_stock:
            answer = False
        value = _state_value(question, text, answer)
    if question.boolean:
        value = bool(answer)
    score, subject = _fit(question, source, text)
    strange = [
        word for word in terms(text) if not coverage(frozenset((word,)), question.words | terms(question.wanted))
    ]
    score -= min(0.1 * max(len(strange) - 1, 0), 0.6) + (0.6 if answer is None else 0.0)
    if _tells_state(source):
        score += 0.5
    elif re.search(r">h[1-6](?:\.[\w.-]*)?$", source.shape):
        score -= 0.5
    elif source.names and not coverage(question.words, terms(source.names[0])):
        score -= 0.35
    if len(text.split()) <= 4:
        score += 0.2
    yield Reading(value, score, source, squeeze(text)[:300], subject_fit=subject)


def _is_labelled(question: Question, source: Observation) -> bool:
    """True for a value beside a name: only such a value may be read as "some other state"."""
    label = terms(" ".join(source.names))
    return coverage(question.subject, label) >= 0.6 or coverage(question.fact, label) >= 0.6 or _tells_state(source)


_STATE_NAMES = terms("status state condition availability weather phase remark badge stage")


def _tells_state(source: Observation) -> bool:
    """True for a value named or marked up as a state: a `Status` column, a `badge`."""
    near = terms(" ".join((*source.names[:2], source.shape.rpartition(">")[2])))
    return any(coverage(frozenset((name,)), near) >= 0.8 for name in _STATE_NAMES)


def _state_value(question: Question, text: str, answer: bool) -> Value:
    found = family_of(question.wanted)
    if answer:
        return question.wanted
    if found is None:
        return _other_word(question, text)
    family, is_yes = found
    return family.no if is_yes else family.yes


def _other_word(question: Question, text: str) -> str:
    """What the page says instead of the wanted state; never the wanted word itself."""
    shown = squeeze(text)[:80]
    return f"not {question.wanted}" if normalise(shown) == normalise(question.wanted) else shown


def _any_state(question: Question, source: Observation) -> Iterator[Reading]:
    """For a change monitor: the state in the words used for it, or the short text beside its name."""
    text = source.text
    value = (
        ("in stock" if stock else "out of stock")
        if question.is_stock and (stock := judge(text, "in stock")) is not None
        else None
    )
    if value is None and not question.is_stock:
        value = name_state(text) if len(text.split()) > 4 else squeeze(text)[:80]
    if value is None:
        return
    score, subject = _fit(question, source, text if len(text.split()) > 2 else "")
    if name_state(text) is None:
        if not _is_labelled(question, source):
            return
        score -= 0.3
    if _tells_state(source):
        score += 0.6
    yield Reading(value, score, source, squeeze(text)[:300], subject_fit=subject)


# -- texts and dates ------------------------------------------------------------------------------------------------


def _dates(question: Question, source: Observation) -> Iterator[Reading]:
    for start, end, _ in read_dates(source.text):
        before, after = source.text[max(0, start - 80) : start], source.text[end : end + 40]
        score, subject = _fit(question, source, f"{before} {after}")
        hints = {"before": " ".join(before.casefold().split()[-3:])}
        yield Reading(source.text[start:end], score, source, squeeze(source.text)[:300], None, hints, subject)
    if not read_dates(source.text) and len(source.text) <= 80 and source.names:
        score, subject = _fit(question, source, "")
        if coverage(question.fact, terms(" ".join(source.names[:2]))) >= 0.5:
            yield Reading(squeeze(source.text), score - 0.4, source, squeeze(source.text), subject_fit=subject)


def _texts(question: Question, source: Observation) -> Iterator[Reading]:
    text = squeeze(source.text)
    if not 0 < len(text) <= MAX_TEXT:
        return
    score, subject = _fit(question, source, text)
    labelled = coverage(question.fact or question.subject, terms(" ".join(source.names[:2])))
    score += 0.6 * labelled - (0.0 if labelled >= 0.5 else 0.8)
    yield Reading(text, score, source, text, subject_fit=subject)


def _labelled_texts(question: Question, source: Observation) -> Iterator[Reading]:
    """`Latest version: 2.4.1`: the newest of something, told as one value."""
    label = normalise(source.names[0]) if source.names else ""
    is_newest = re.search(r"\b(latest|newest|current|new|next|upcoming|most recent)\b", label)
    if is_newest and coverage(question.fact, terms(label)) >= 0.6:
        yield from _texts(question, source)


_READERS: dict[Asked, Callable[[Question, Observation], Iterator[Reading]]] = {
    Asked.NUMBER: _numbers,
    Asked.STATE: _states,
    Asked.DATE: _dates,
    Asked.TEXT: _texts,
    Asked.NEWEST: _labelled_texts,
}
