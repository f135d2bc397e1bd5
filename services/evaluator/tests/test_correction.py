"""What a person may say that is to be watched, and what they are told when it can't be."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.monitors import BY_HAND, Change, Condition, Interpretation, Operator
from monitors_evaluator.domain.correction import corrected, mistakes
from monitors_evaluator.domain.interpretation import NotUnderstood, interpret
from monitors_evaluator.domain.verdict import holds

DATA = Path(__file__).parent / "data"
PROMPTS = [
    case["prompt"].replace("{url}", "https://shop.example/kettle")
    for file in sorted((DATA / "loop_cases").glob("*.json"))
    for case in json.loads(file.read_text("utf-8"))
] + [json.loads(line)["text"] for line in (DATA / "nl_triggers" / "cases.jsonl").read_text("utf-8").splitlines()]
KETTLE: dict[str, Any] = {
    "kind": "state",
    "fact": "price",
    "subject": "copper kettle",
    "fact_type": "number",
    "condition": Condition(op=Operator.LE, value=50.0, unit="USD", strict=True),
    "url": "https://shop.example/kettle",
    "name": "Kettle",
    "confidence": 0.5,
}


def meaning(**changes: Any) -> Interpretation:
    return Interpretation(**(KETTLE | changes))


def wrong(**changes: Any) -> list[str]:
    return [field for field, _ in mistakes(corrected(meaning(**changes)))]


def test_what_we_understood_ourselves_is_never_refused_and_means_the_same():
    understood: list[Interpretation] = []
    for prompt in PROMPTS:
        try:
            understood.append(interpret(prompt))
        except NotUnderstood:
            continue
    assert len(understood) > 300
    for each in understood:
        said = corrected(each)
        assert mistakes(said) == [], each
        assert (said.kind, said.fact, said.condition, said.change) == (
            each.kind,
            each.fact,
            each.condition,
            each.change,
        )


def test_a_correction_says_who_made_it_and_is_sure():
    said = corrected(meaning())
    assert (said.provider, said.confidence, mistakes(said)) == (BY_HAND, 1.0, [])


def test_a_correction_is_tidied_before_it_is_judged():
    condition = Condition(op=Operator.EQ, value="  in\n stock ", unit=" $ ", strict=True)
    said = corrected(
        meaning(fact=" stock \n status", fact_type="string", condition=condition, name=" ", url=" https://a.example/ ")
    )
    assert said.condition == Condition(op=Operator.EQ, value="in stock", unit="USD", strict=False)
    assert (said.fact, said.url) == ("stock status", "https://a.example/")
    assert said.name == "Copper kettle stock status is in stock USD"


def test_a_kind_keeps_only_the_part_it_has_a_use_for():
    assert corrected(meaning(change=Change(direction="increase"))).change is None
    changes = corrected(meaning(kind="change"))
    assert (changes.condition, changes.change) == (None, Change())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"fact": "  "}, "extractedFact"),
        ({"url": "shop.example/kettle"}, "url"),
        ({"url": "ftp://shop.example/kettle"}, "url"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://shop.example:99999/"}, "url"),
        ({"url": "https://[::1/"}, "url"),
        ({"url": "https://shop.example/a b"}, "url"),
        ({"url": "https://shop.example/\x00"}, "url"),
        ({"url": "https://user:secret@shop.example/"}, "url"),
        ({"condition": Condition(op=Operator.LE, value="cheap")}, "condition.value"),
        ({"condition": Condition(op=Operator.LE, value=True)}, "condition.value"),
        ({"condition": Condition(op=Operator.LE, value=float("nan"))}, "condition.value"),
        ({"condition": Condition(op=Operator.CONTAINS, value=5.0)}, "condition.op"),
        ({"condition": Condition(op=Operator.LE, value=5.0, unit="x" * 51)}, "condition.unit"),
        ({"fact_type": "boolean", "condition": Condition(op=Operator.EQ, value="open")}, "condition.value"),
        ({"fact_type": "boolean", "condition": Condition(op=Operator.LE, value=True)}, "condition.op"),
        ({"fact_type": "string", "condition": Condition(op=Operator.EQ, value=" ")}, "condition.value"),
        ({"fact_type": "string", "condition": Condition(op=Operator.EQ, value=5.0)}, "condition.value"),
        ({"fact_type": "string", "condition": Condition(op=Operator.LE, value="soon")}, "condition.value"),
        ({"fact_type": "object", "condition": Condition(op=Operator.CONTAINS, value="x" * 501)}, "condition.value"),
        ({"kind": "change", "fact_type": "string", "change": Change(direction="decrease")}, "change.direction"),
        ({"kind": "change", "fact_type": "string", "change": Change(at_least=5)}, "change.atLeast"),
        ({"kind": "change", "fact_type": "string", "change": Change(at_least_percent=5)}, "change.atLeastPercent"),
    ],
)
def test_what_can_not_be_watched_is_refused_at_its_field(changes: dict[str, Any], field: str):
    assert wrong(**changes) == [field]


@pytest.mark.parametrize(
    "changes",
    [
        {"fact_type": "string", "condition": Condition(op=Operator.LE, value="2027-05-03")},
        {"fact_type": "boolean", "condition": Condition(op=Operator.NE, value=False)},
        {"fact_type": "object", "condition": Condition(op=Operator.CONTAINS, value="kettle")},
        {"kind": "change", "change": Change(direction="decrease", at_least_percent=10)},
        {"url": "http://localhost:8080/kettle?a=b#c"},
    ],
)
def test_what_can_be_watched_is_taken(changes: dict[str, Any]):
    assert wrong(**changes) == []


@given(
    op=st.sampled_from(Operator),
    value=st.floats(-1e9, 1e9) | st.booleans() | st.text(max_size=20),
    kind=st.sampled_from(["number", "string", "boolean", "object"]),
    text=st.text(max_size=600),
)
def test_whatever_is_said_is_taken_as_it_will_be_judged_or_refused_in_plain_words(
    op: Operator, value: Any, kind: Any, text: str
):
    said = corrected(meaning(fact=text[:500], fact_type=kind, condition=Condition(op=op, value=value), name=""))
    assert corrected(said) == said, "tidying what is tidy changes nothing"
    assert len(said.name) <= 100
    found = mistakes(said)
    assert all(message.endswith((".", ":", "open", "49.90", "°C, %.")) for _, message in found)
    if not found and kind == "number":
        assert said.condition
        assert holds(said.condition, 1.0) is not None, "a taken number can be compared with"
