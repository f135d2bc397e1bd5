"""Sentence-and-page cases, offline: interpret, derive a plan, run it on three pages, decide.

Each case holds a page before, the same with irrelevant changes, and the page after. Right is: the expected values are read,
the first two checks are quiet, and the last fires exactly when it should.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from monitors_contracts.base import Value
from monitors_contracts.monitors import ExtractionPlan, Interpretation, Verdict
from monitors_evaluator.domain.extraction import Page, derive_plan, run_plan
from monitors_evaluator.domain.interpretation import NotUnderstood, interpret
from monitors_evaluator.domain.verdict import State, decide

FOLDER = Path(__file__).parents[1] / "data" / "loop_cases"
CASES: list[dict[str, Any]] = [case for file in sorted(FOLDER.glob("*.json")) for case in json.loads(file.read_text())]
LEAST_RIGHT_BY_PROMPT = 0.93


@dataclass(frozen=True)
class Outcome:
    """What three checks read, which of them fired, and by which reasons."""

    values: list[Value]
    fired: list[bool]
    reasons: list[str]


def rendered(case: dict[str, Any], which: str) -> str:
    """The page as a browser shows it: the one script of the cases that writes a price is replaced by what it writes."""
    content = case[which]
    if case["browser"]:
        script = r"<div id='app'>Loading…</div><script>.*?\((\d+\.\d+)\)\.toFixed.*?</script>"
        content = re.sub(script, r"<div id='app'><p class=price>$\1</p></div>", content)
    return content


def check_three_times(case: dict[str, Any], interpretation: Interpretation) -> Outcome:
    state, plan = State(), None
    outcome = Outcome([], [], [])
    for which in ("before", "noise", "after"):
        page = Page(rendered(case, which), case["content_type"], "https://example.com/page")
        read, known = (run_plan(plan, page, interpretation) if plan else None), plan
        if read is None and (derived := derive_plan(page, interpretation, known)) is not None:
            plan = ExtractionPlan.model_validate_json(derived.model_dump_json())
            read = run_plan(plan, page, interpretation)
        decision = decide(interpretation, state, read, rederived=known is not None and plan is not known)
        if decision.needs_confirmation and read is not None:
            decision = decide(interpretation, state, read, pending=read.value)
        state = decision.state
        outcome.values.append(read.value if read else None)
        outcome.fired.append(decision.verdict is Verdict.TRIGGERED)
        outcome.reasons.append(decision.reason)
    return outcome


def same(expected: Any, got: Value) -> bool:
    """Numbers to a thousandth, text by containment either way; null is not judged."""
    if expected is None:
        return True
    if isinstance(expected, (int, float)):
        return isinstance(got, (int, float)) and abs(got - expected) <= 1e-3 * max(1, abs(expected))
    left, right = str(expected).casefold(), str(got).casefold()
    return bool(right) and (left in right or right in left)


def is_right(case: dict[str, Any], outcome: Outcome) -> bool:
    values = same(case["value_before"], outcome.values[0]) and same(case["value_after"], outcome.values[2])
    return values and outcome.fired == [False, False, case["fires"]]


@pytest.mark.parametrize("case", [case for case in CASES if "interpretation" in case], ids=lambda case: case["id"])
def test_case_when_interpretation_is_given_then_values_and_verdicts_are_right(case: dict[str, Any]) -> None:
    outcome = check_three_times(case, Interpretation.model_validate(case["interpretation"]))
    assert is_right(case, outcome), outcome


def test_cases_when_only_the_sentence_is_given_then_nearly_all_are_right_and_none_alarms_falsely() -> None:
    wrong: list[str] = []
    false_alarms: list[str] = []
    for case in CASES:
        try:
            interpretation = interpret(case["prompt"].format(url="https://example.com/page"))
        except NotUnderstood:
            wrong.append(case["id"])
            continue
        outcome = check_three_times(case, interpretation)
        if not is_right(case, outcome):
            wrong.append(case["id"])
        if any(outcome.fired[:2]) or (outcome.fired[2] and not case["fires"]):
            false_alarms.append(case["id"])
    assert false_alarms == []
    assert 1 - len(wrong) / len(CASES) >= LEAST_RIGHT_BY_PROMPT, wrong
