"""Deriving a plan from a page, and running it: by meaning, verified, and silent rather than wrong."""

from dataclasses import dataclass, replace

from monitors_contracts.base import Value
from monitors_contracts.monitors import Evidence, ExtractionPlan, Interpretation

from .methods import STRUCTURED, Locator, again, contains, is_named_on, named_readings, newest, section, template
from .page import Page
from .question import Asked, Question, question_of
from .readings import Reading
from .words import normalise

_LEAST_SCORE = 1.1
_LEAST_SUBJECT = 0.5
_CLOSE = 0.25
UNSURE = 0.35


@dataclass(frozen=True, slots=True)
class Extraction:
    """A fact read off a page: its value in `unit`, where it was read, and how sure that is (0 to 1)."""

    value: Value
    unit: str | None
    evidence: Evidence
    confidence: float


def derive_plan(
    page: Page, interpretation: Interpretation, previous: ExtractionPlan | None = None
) -> ExtractionPlan | None:
    """Find the fact on the page, and how to find it again; None when it is not there or another thing may be meant.

    The plan is verified: running it on the same page gives the value it was derived from. `previous` is the plan that does not
    match any more: when it found its subject by name, the new one has to as well.
    """
    try:
        if page.is_wall:
            return None
        question = question_of(interpretation)
        for plan, value in _candidates(page, question):
            if previous is not None and plan.locator.get("unnamed") and not previous.locator.get("unnamed"):
                continue
            read = _run(plan, page, question)
            if read is not None and read.value == value:
                return plan
    except (RecursionError, ValueError, OverflowError):
        return None
    return None


def run_plan(plan: ExtractionPlan, page: Page, interpretation: Interpretation) -> Extraction | None:
    """Read the fact where the plan says it stands; None when it is not there any more (then derive anew)."""
    try:
        return None if page.is_wall else _run(plan, page, question_of(interpretation))
    except (RecursionError, ValueError, OverflowError):
        return None


def _candidates(page: Page, question: Question) -> list[tuple[ExtractionPlan, Value]]:
    """The plans worth verifying, the best first."""
    match question.asked:
        case Asked.CONTAINS:
            held = contains(page, question)
            return [(ExtractionPlan(method="contains", locator=held[2]), held[0])] if held else []
        case Asked.SECTION:
            return _section_plans(page, question)
        case Asked.NEWEST:
            listed = newest(page, question)
            lists = [(ExtractionPlan(method="newest", locator=listed[1]), listed[0])] if listed else []
            labelled = _named_plans(page, question) if page.data is None or not lists else []
            return labelled + lists
        case _:
            plans = _named_plans(page, question)
            return plans or (_section_plans(page, question, named=True) if question.asked is Asked.TEXT else [])


def _section_plans(page: Page, question: Question, named: bool = False) -> list[tuple[ExtractionPlan, Value]]:
    found = section(page, question)
    if found is None or (named and not found[2]["heading"]):
        return []
    return [(ExtractionPlan(method="section", locator=found[2]), found[0])]


def _named_plans(page: Page, question: Question) -> list[tuple[ExtractionPlan, Value]]:
    unnamed = not is_named_on(page, question)
    if unnamed:
        question = replace(question, subject=frozenset())
    pool = sorted(
        ((reading, method) for method, readings in named_readings(page, question).items() for reading in readings[:8]),
        key=lambda pair: -pair[0].score,
    )
    if not pool:
        return []
    plans: list[tuple[ExtractionPlan, Value]] = []
    for at, (reading, method) in enumerate(pool[:6]):
        if reading.score < _LEAST_SCORE:
            break
        if reading.subject_fit < _LEAST_SUBJECT:
            continue
        rivals = [other for other, _ in pool[at + 1 :] if not _same_value(other.value, reading.value)]
        if unnamed and any(
            rival is not reading and rival.source.group == reading.source.group and rival.score > reading.score - 1.0
            for rival, _ in pool
        ):
            continue
        margin = reading.score - rivals[0].score if rivals else 2.0
        if margin < 0.02 and rivals:
            break
        plans.append((plan_of(reading, method, margin, unnamed), reading.value))
    return plans


def _same_value(left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return normalise(left) == normalise(right)
    return left == right


def plan_of(reading: Reading, method: str, margin: float, unnamed: bool = False) -> ExtractionPlan:
    """How to find this reading again; `margin` is by how much it is better than the next one."""
    locator = {**reading.source.locator, **reading.hints}
    if method == "text":
        locator["template"] = " ".join(sorted(template(reading.source.text)))
        if reading.source.weight < 0.5:
            locator["margin"] = "yes"
    if unnamed:
        locator["unnamed"] = "yes"
    sure = min(0.97, 0.3 + 0.13 * min(reading.score, 4.0) + 0.15 * min(margin, 1.0))
    if margin < _CLOSE:
        sure = min(sure, 0.55)
    return ExtractionPlan(method=method, locator={**locator, "score": round(reading.score, 3), "sure": round(sure, 3)})


def _run(plan: ExtractionPlan, page: Page, question: Question) -> Extraction | None:
    locator = plan.locator
    match plan.method:
        case "contains":
            held = contains(page, question, locator)
            return _extraction(held[0], None, held[1], plan.method, "main text", 0.85) if held else None
        case "section":
            part = section(page, question, locator)
            return (
                _extraction(part[0], None, part[1], plan.method, str(part[2]["heading"]) or "main text", 0.8)
                if part
                else None
            )
        case "newest":
            listed = newest(page, question, locator)
            return (
                _extraction(listed[0], None, listed[0][:300], plan.method, str(locator.get("list")), 0.9)
                if listed
                else None
            )
        case _:
            return _run_named(plan.method, page, question, locator)


def _run_named(method: str, page: Page, question: Question, locator: Locator) -> Extraction | None:
    if locator.get("unnamed"):
        question = replace(question, subject=frozenset())
    readings = again(method, page, question, locator)
    if not readings:
        return None
    best = readings[0]
    score, sure = locator.get("score"), locator.get("sure")
    known = float(score) if isinstance(score, (int, float)) else 0.0
    confidence = float(sure) if isinstance(sure, (int, float)) else UNSURE
    if best.score < known - (1.0 if method not in STRUCTURED else 1.5):
        return None
    close = [
        other for other in readings[1:] if other.score > best.score - 0.02 and not _same_value(other.value, best.value)
    ]
    if close and best.hints == close[0].hints:
        return None
    return _extraction(best.value, best.unit, best.quote, method, where(method, locator), confidence)


def where(method: str, locator: Locator) -> str:
    """The place in words a person can follow."""
    match method:
        case "table_cell":
            column = f", column “{locator['column']}”" if locator.get("column") else ""
            return f"row “{locator.get('row')}”{column}"
        case "json_path" | "embedded_json":
            return str(locator.get("path"))
        case "product":
            return str(locator.get("place") or "product")
        case _:
            label, heading = locator.get("label"), locator.get("heading")
            return " › ".join(str(part) for part in (heading, label, locator.get("shape")) if part)


def _extraction(value: Value, unit: str | None, quote: str, method: str, where: str, confidence: float) -> Extraction:
    return Extraction(value, unit, Evidence(quote=quote[:1000], method=method, locator=where[:1000]), confidence)
