"""What a check means: fire, clear, stay quiet, or ask again - a pure function of what was known and what was read.

A state monitor fires when its condition becomes true and re-arms when it is false again; a change monitor fires when its fact
changes. A page that failed, or a reading that is missing or unsure, changes nothing that is known.
"""

import math
import re
from dataclasses import dataclass, replace
from typing import Literal

from monitors_contracts.base import Value
from monitors_contracts.monitors import Change, ChangeType, Condition, Interpretation, Operator, Verdict
from monitors_contracts.pages import Failure

from .extraction import Extraction
from .extraction.lists import added
from .extraction.numbers import CURRENCY_CODES, read_dates, read_numbers
from .extraction.question import Asked, question_of
from .extraction.words import normalise

CONFIDENCE_FLOOR = 0.4
"""A reading less sure than this decides nothing."""

_SURPRISING_SHARE = 0.5
_SAME_SHARE = 0.01

_FAILURES: dict[Failure, str] = {
    Failure.DNS: "The site's name could not be found.",
    Failure.TLS: "The site's certificate is not valid.",
    Failure.CONNECTION: "The site could not be reached.",
    Failure.TIMEOUT: "The site took too long to answer.",
    Failure.BLOCKED: "The site refused to show the page to us.",
    Failure.CAPTCHA: "The site asked for proof of being human.",
    Failure.NOT_FOUND: "The page does not exist any more.",
    Failure.CLIENT_ERROR: "The site refused the request.",
    Failure.SERVER: "The site had an error of its own.",
    Failure.TOO_LARGE: "The page is too large to read.",
    Failure.ROBOTS: "The site asks not to be read by programs.",
    Failure.REFUSED_ADDRESS: "The address is not a public one.",
    Failure.UNSUPPORTED: "The page is of a kind that cannot be read.",
    Failure.EMPTY: "The page was empty.",
    Failure.REDIRECTS: "The site led in circles.",
}


@dataclass(frozen=True, slots=True)
class State:
    """What a monitor knows: the last sure value, and whether its condition was met by it (None before the first)."""

    value: Value = None
    condition_met: bool | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """How a check ended and why: a stable reason word, a sentence for a person, and what is known from now on.

    `crossing` tells whether the condition was crossed just now; `needs_confirmation` asks for a second fetch first.
    """

    verdict: Verdict
    reason: str
    detail: str
    state: State
    value: Value = None
    previous_value: Value = None
    crossing: Literal["exceeded", "cleared"] | None = None
    needs_confirmation: bool = False
    confirmed: bool = False
    change_type: ChangeType | None = None
    change_amount: float | None = None
    change_percentage: float | None = None

    @property
    def condition_met(self) -> bool | None:
        """The last known truth of the condition."""
        return self.state.condition_met


def decide(
    interpretation: Interpretation,
    state: State,
    outcome: Extraction | Failure | None,
    *,
    pending: Value = None,
    rederived: bool = False,
) -> Decision:
    """Decide one check. `outcome` is the reading, why there was no page, or None when the fact was not on the page.

    `pending` is the surprising value that this check is to confirm; `rederived` says that the fact was found by a new plan.
    """
    if isinstance(outcome, Failure):
        return Decision(Verdict.FAILED, outcome.value, _FAILURES[outcome], state, previous_value=state.value)
    if outcome is None or outcome.value is None:
        detail = f"{_sentence(interpretation.fact)} was not found on the page; nothing is concluded from that."
        return Decision(Verdict.UNCERTAIN, "fact-not-found", detail, state, previous_value=state.value)
    value = outcome.value
    if outcome.confidence < CONFIDENCE_FLOOR or (isinstance(value, float) and not math.isfinite(value)):
        detail = f"Read {_shown(value, outcome.unit)}, but not surely enough to conclude anything."
        return Decision(Verdict.UNCERTAIN, "low-confidence", detail, state, value, state.value)
    decision = _judge(interpretation, state, value, outcome.unit)
    if decision.verdict is Verdict.UNCERTAIN:
        return decision
    if pending is not None:
        if not _confirms(pending, value):
            detail = f"First read {_shown(pending)}, then {_shown(value)}; neither is concluded from."
            return Decision(Verdict.UNCERTAIN, "not-confirmed", detail, state, value, state.value)
        return replace(decision, confirmed=True)
    if decision.crossing is not None and _is_surprising(state.value, value, rederived):
        detail = (
            f"{_shown(state.value)} became {_shown(value)}: unexpected, so the page is fetched again before telling."
        )
        return Decision(
            Verdict.UNCERTAIN, "needs-confirmation", detail, state, value, state.value, needs_confirmation=True
        )
    return decision


def _judge(interpretation: Interpretation, state: State, value: Value, unit: str | None) -> Decision:
    kind, amount, percentage = _change(state.value, value)
    if interpretation.condition is not None and interpretation.kind == "state":
        decision = _judge_state(interpretation, interpretation.condition, state, value, unit)
    else:
        decision = _judge_change(interpretation, state, value, kind, amount, percentage)
    return replace(decision, change_type=kind, change_amount=amount, change_percentage=percentage)


def _judge_state(
    interpretation: Interpretation, condition: Condition, state: State, value: Value, unit: str | None
) -> Decision:
    met = holds(condition, value, unit)
    wanted, read = interpretation.trigger_condition, _shown(value, unit)
    if met is None:
        detail = f"Read {read}, which cannot be compared with “{wanted}”."
        return Decision(Verdict.UNCERTAIN, "not-comparable", detail, state, value, state.value)
    known = State(value, met)
    if met and state.condition_met:
        return Decision(Verdict.QUIET, "still-met", f"Still true: {wanted}; read {read}.", known, value, state.value)
    if met:
        detail = f"Now true: {wanted}; read {read}."
        return Decision(Verdict.TRIGGERED, "condition-met", detail, known, value, state.value, "exceeded")
    if state.condition_met:
        detail = f"No longer true: {wanted}; read {read}."
        return Decision(Verdict.QUIET, "condition-cleared", detail, known, value, state.value, "cleared")
    return Decision(Verdict.QUIET, "not-met", f"Not true: {wanted}; read {read}.", known, value, state.value)


def _judge_change(
    interpretation: Interpretation,
    state: State,
    value: Value,
    kind: ChangeType,
    amount: float | None,
    percentage: float | None,
) -> Decision:
    change = interpretation.change or Change()
    before, known, read = state.value, State(value), _shown(value)

    def quiet(reason: str, detail: str) -> Decision:
        return Decision(Verdict.QUIET, reason, detail, known, value, before)

    if kind == "new":
        return quiet("first-value", f"First read: {read}.")
    if kind == "stable":
        return quiet("unchanged", f"Still {read}.")
    if question_of(interpretation).asked is Asked.NEWEST and isinstance(value, str) and isinstance(before, str):
        fresh = added(before.splitlines(), value.splitlines())
        if not fresh:
            return quiet("nothing-new", "Something is gone or moved, but nothing is new.")
        read = "; ".join(fresh[:3])
    if amount is not None:
        if change.direction not in ("any", kind):
            return quiet("other-direction", f"{_shown(before)} became {read}; only a change the other way is told.")
        if _is_less(abs(amount), change.at_least) or _is_less(abs(percentage or math.inf), change.at_least_percent):
            return quiet("small-change", f"{_shown(before)} became {read}, less than the change asked for.")
    detail = f"{_shown(before)} became {read}."
    return Decision(Verdict.TRIGGERED, "changed", detail, known, value, before, "exceeded")


def _is_less(size: float, least: float | None) -> bool:
    """True below the least change asked for; 26.40 is ten percent over 24 although floats say a trifle less."""
    return least is not None and size < least * (1 - 1e-9)


def _change(before: Value, after: Value) -> tuple[ChangeType, float | None, float | None]:
    """The kind of change, its amount, and its percentage of the value before (None from zero)."""
    if before is None:
        return "new", None, None
    if _is_number(before) and _is_number(after):
        amount = float(after or 0) - float(before or 0)
        if math.isclose(float(after or 0), float(before or 0), rel_tol=1e-9, abs_tol=1e-12):
            return "stable", 0.0, 0.0
        percentage = 100 * amount / abs(float(before)) if before else None
        return ("increase" if amount > 0 else "decrease"), amount, percentage
    return ("stable" if _same(before, after) else "changed"), None, None


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return normalise(left) == normalise(right)
    return type(left) is type(right) and left == right


def _confirms(first: Value, second: Value) -> bool:
    """True when a second fetch shows the same; a number that ticks may differ by a hundredth."""
    if _is_number(first) and _is_number(second):
        return math.isclose(float(first or 0), float(second or 0), rel_tol=_SAME_SHARE, abs_tol=1e-12)
    return _same(first, second)


def _is_surprising(before: Value, after: Value, rederived: bool) -> bool:
    if before is None:
        return False
    if _is_number(before) and _is_number(after):
        old, new = float(before), float(after or 0)
        return abs(new - old) > _SURPRISING_SHARE * abs(old) or (rederived and new != old)
    return type(before) is not type(after) or (rederived and not _same(before, after))


# -- conditions -----------------------------------------------------------------------------------------------------

# Units of one quantity: its name, how many base units one is, and where its zero lies in base units.
_MEASURES: dict[str, tuple[str, float, float]] = {
    "km/h": ("speed", 1.0, 0.0), "mph": ("speed", 1.609344, 0.0), "m/s": ("speed", 3.6, 0.0), "kn": ("speed", 1.852, 0.0),
    "mm": ("length", 0.001, 0.0), "cm": ("length", 0.01, 0.0), "m": ("length", 1.0, 0.0), "km": ("length", 1000.0, 0.0),
    "in": ("length", 0.0254, 0.0), "ft": ("length", 0.3048, 0.0), "mi": ("length", 1609.344, 0.0),
    "ms": ("time", 0.001, 0.0), "s": ("time", 1.0, 0.0), "min": ("time", 60.0, 0.0), "h": ("time", 3600.0, 0.0),
    "d": ("time", 86400.0, 0.0), "°C": ("temperature", 1.0, 0.0), "°F": ("temperature", 5 / 9, -160 / 9),
    "kg": ("mass", 1.0, 0.0), "g": ("mass", 0.001, 0.0), "lb": ("mass", 0.45359237, 0.0),
}  # fmt: skip
_DOLLARS = frozenset(("USD", "AUD", "CAD", "NZD", "SGD", "HKD"))


def holds(condition: Condition, value: Value, unit: str | None = None) -> bool | None:
    """Whether a value (in `unit`) meets a condition; None when the two cannot be compared."""
    wanted = condition.value
    match condition.op:
        case Operator.EQ:
            return _equals(wanted, value, unit, condition.unit)
        case Operator.NE:
            equal = _equals(wanted, value, unit, condition.unit)
            return None if equal is None else not equal
        case Operator.CONTAINS:
            if isinstance(value, bool):
                return value
            return normalise(str(wanted)) in normalise(str(value)) if value is not None else None
        case Operator.LE | Operator.GE:
            pair = _comparable(wanted, value, unit, condition.unit)
            if pair is None:
                return None
            limit, given = pair
            if condition.op is Operator.LE:
                return given < limit if condition.strict else given <= limit
            return given > limit if condition.strict else given >= limit


def _equals(wanted: Value, value: Value, unit: str | None, wanted_unit: str | None) -> bool | None:
    if isinstance(wanted, bool) and isinstance(value, bool):
        return wanted is value
    if isinstance(wanted, str) and isinstance(value, str):
        return normalise(wanted) == normalise(value)
    if isinstance(value, bool) and isinstance(wanted, str):
        return value
    pair = _comparable(wanted, value, unit, wanted_unit)
    return None if pair is None else math.isclose(pair[0], pair[1], rel_tol=1e-9, abs_tol=1e-9)


def _comparable(wanted: Value, value: Value, unit: str | None, wanted_unit: str | None) -> tuple[float, float] | None:
    """Limit and value as numbers of one unit (days for dates)."""
    if isinstance(wanted, bool) or isinstance(value, bool) or value is None:
        return None
    if isinstance(wanted, str):
        days = [next((day for _, _, day in read_dates(text) if day), None) for text in (wanted, str(value))]
        return (float(days[0].toordinal()), float(days[1].toordinal())) if days[0] and days[1] else None
    if isinstance(value, str):
        numbers = read_numbers(value)
        if len(numbers) != 1 or re.search(r"[^\W\d_]{4,}", value):
            return None
        value, unit = numbers[0].value, numbers[0].unit or unit
    given = _in_unit(float(value), unit, wanted_unit)
    return None if given is None else (float(wanted or 0), given)


def _in_unit(value: float, unit: str | None, wanted: str | None) -> float | None:
    if unit is None or wanted is None or unit == wanted:
        return value
    if unit in CURRENCY_CODES or wanted in CURRENCY_CODES:
        return (
            value if {unit, wanted} <= _DOLLARS or unit not in CURRENCY_CODES or wanted not in CURRENCY_CODES else None
        )
    if unit in _MEASURES and wanted in _MEASURES:
        (quantity, scale, zero), (other, wanted_scale, wanted_zero) = _MEASURES[unit], _MEASURES[wanted]
        return (value * scale + zero - wanted_zero) / wanted_scale if quantity == other else None
    return value


def _shown(value: Value, unit: str | None = None) -> str:
    """A value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{value:,.10g} {unit}" if unit else f"{value:,.10g}"
    text = " / ".join((value or "nothing").splitlines())
    return f"“{text[:120]}…”" if len(text) > 120 else f"“{text}”"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
