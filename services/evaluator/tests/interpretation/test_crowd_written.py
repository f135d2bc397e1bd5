"""Sentences written by a crowd for thingpedia (BSD-3, see the licence beside the data): kind, operator and number."""

import json
from pathlib import Path

from monitors_evaluator.domain.interpretation import NotUnderstood, interpret, to_record

CASES = Path(__file__).parent.parent / "data" / "nl_triggers" / "cases.jsonl"


def test_crowd_written_sentences_are_nearly_all_understood() -> None:
    cases = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    wrong = [case["text"] for case in cases if not _right(case)]
    assert len(cases) == 150
    assert len(wrong) <= 0.05 * len(cases), wrong


def _right(case: dict[str, object]) -> bool:
    try:
        said = to_record(str(case["id"]), interpret(str(case["text"])))
    except NotUnderstood:
        return False
    kind = "state" if case["kind"] == "condition" else "change"
    return said["kind"] == kind and (
        case["kind"] == "change" or (said["op"], said["value"]) == (case["op"], case["value"])
    )
