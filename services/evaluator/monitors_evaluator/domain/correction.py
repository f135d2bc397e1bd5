"""An interpretation as a person corrected it: made whole, and checked in the words of the form they fill in."""

import math
from collections.abc import Iterator
from urllib.parse import urlsplit

from monitors_contracts.monitors import BY_HAND, Change, Condition, Interpretation, Operator

from .extraction.numbers import CURRENCY_CODES, read_dates, unit_of
from .interpretation.naming import suggested_name

LONGEST = 500
"""Characters of a value that a fact is compared with."""

Mistake = tuple[str, str]
"""A field, as the API names it below `interpretation`, and what is wrong with it."""

_ORDERED = (Operator.LE, Operator.GE)


def corrected(given: Interpretation) -> Interpretation:
    """What the person says, tidied: no part that its kind has no use for, units as they are known, a name."""
    is_state = given.kind == "state"
    condition = _tidied(given.condition) if given.condition and is_state else None
    change = None if is_state else given.change or Change()
    fact, subject = " ".join(given.fact.split()), " ".join(given.subject.split())
    asked = condition or change
    name = " ".join(given.name.split()) or (suggested_name(fact, subject, asked) if asked else fact)
    return given.model_copy(
        update={
            "fact": fact,
            "subject": subject,
            "condition": condition,
            "change": change,
            "url": given.url.strip() if given.url else None,
            "name": name,
            "confidence": 1.0,
            "provider": BY_HAND,
        }
    )


def mistakes(given: Interpretation) -> list[Mistake]:
    """What keeps a tidied interpretation from being watched; empty when it can be. That it names a page is asked elsewhere."""
    return [*_fact(given), *_url(given.url), *_condition(given), *_change(given)]


def _tidied(condition: Condition) -> Condition:
    value = condition.value
    unit = " ".join((condition.unit or "").split())
    currency = unit_of(unit)
    return condition.model_copy(
        update={
            "value": " ".join(value.split()) if isinstance(value, str) else value,
            "unit": currency if currency in CURRENCY_CODES else unit or None,
            "strict": condition.strict and condition.op in _ORDERED,
        }
    )


def _fact(given: Interpretation) -> Iterator[Mistake]:
    if not given.fact:
        yield "extractedFact", "Say what is watched, in a few words: price, registration status."


def _url(url: str | None) -> Iterator[Mistake]:
    if url is None:
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable, parts = False, None
    if not usable or not url.isprintable() or " " in url or parts is None:
        yield "url", "Give the whole address of a page, beginning with http:// or https://."
    elif parts.username is not None or parts.password is not None:
        yield "url", "Take the user name and password out of the address; set a request header in their place."


def _condition(given: Interpretation) -> Iterator[Mistake]:
    condition = given.condition
    if condition is None:
        return
    field, value = "condition.value", condition.value
    ordered = condition.op in _ORDERED
    if given.fact_type == "number":
        if condition.op is Operator.CONTAINS:
            yield "condition.op", "A number is compared by size: below, above or equal."
        elif isinstance(value, (bool, str)) or not math.isfinite(value):
            yield field, "Give a number to compare with: 49.90"
    elif given.fact_type == "boolean":
        if condition.op not in (Operator.EQ, Operator.NE):
            yield "condition.op", "Yes or no can only be equal to a value, or not."
        elif not isinstance(value, bool):
            yield field, "Say yes or no."
    elif not isinstance(value, str) or not value:
        yield field, "Give the words to compare with: open"
    elif len(value) > LONGEST:
        yield field, f"Use at most {LONGEST} characters."
    elif ordered and not any(day for _, _, day in read_dates(value)):
        yield field, "Only numbers and dates are earlier, later, less or more: give a date such as 2027-05-03."
    if len(condition.unit or "") > 50:
        yield "condition.unit", "Use a short unit: USD, °C, %."


def _change(given: Interpretation) -> Iterator[Mistake]:
    change = given.change
    if change is None or given.fact_type == "number":
        return
    if change.direction != "any":
        yield "change.direction", "Only a number rises or falls."
    if change.at_least or change.at_least_percent:
        yield "change.atLeast" if change.at_least else "change.atLeastPercent", "Only a number changes by so much."
