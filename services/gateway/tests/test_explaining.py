"""Every way a check can end is explained in plain words, from its evaluation alone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from monitors_contracts.base import new_id
from monitors_contracts.monitors import Evaluation, Evidence, Fetched, Verdict
from monitors_contracts.pages import Failure
from monitors_gateway.domain.explaining import REASONS, explain

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def ended(verdict: Verdict | None, reason: str, **more: Any) -> Evaluation:
    given: dict[str, Any] = {
        "value": 48.5,
        "unit": "USD",
        "previous_value": 60.0,
        "change_amount": -11.5,
        "change_percentage": -19.17,
        "confidence": 0.95,
        "evidence": Evidence(quote="Price:  $48.50", method="text"),
        "fetched": Fetched(snapshot_id=new_id(), rendered_by="http", status=200, fetched_at=NOW, duration_ms=87.4),
        "condition": "price < 50 USD",
        "detail": "Now true: price < 50 USD; read 48.5 USD.",
        "evaluated_at": NOW,
    }
    return Evaluation(
        id=new_id(), monitor_id=new_id(), requested_at=NOW, verdict=verdict, reason=reason, **(given | more)
    )


def texts(evaluation: Evaluation) -> dict[str, str]:
    return {step.step: step.text for step in explain(evaluation)}


def test_explain_when_it_fired_then_each_step_names_what_was_seen() -> None:
    told = texts(ended(Verdict.TRIGGERED, "condition-met", confirmed=True))
    assert list(told) == ["fetch", "find", "compare", "condition", "verdict", "alert"]
    assert told["fetch"] == "The page was fetched over HTTP in 87 ms (status 200)."
    assert told["find"] == "Found 48.5 USD in the text, 95% sure: “Price: $48.50”."
    assert told["compare"] == "The value before was 60 USD: a change of -11.5 (-19.2 %)."
    assert told["condition"] == "price < 50 USD is true of 48.5 USD."
    assert told["verdict"] == "Triggered: the condition became true. A second look showed the same."
    assert told["alert"].startswith("An alert was sent")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("still-met", "told when this became true"),
        ("not-met", "the condition is not true"),
        ("condition-cleared", "The alert ended"),
        ("first-value", "nothing yet to compare"),
        ("unchanged", "nothing changed"),
        ("nothing-new", "nothing new"),
        ("other-direction", "the other way"),
        ("small-change", "smaller than the one asked for"),
    ],
)
def test_explain_when_quiet_then_says_why_nobody_was_told(reason: str, words: str) -> None:
    steps = explain(ended(Verdict.QUIET, reason))
    assert all(step.ok for step in steps)
    assert words in steps[-1].text


@pytest.mark.parametrize("reason", ["fact-not-found", "low-confidence", "not-comparable", "not-confirmed"])
def test_explain_when_uncertain_then_nothing_is_concluded(reason: str) -> None:
    more: dict[str, Any] = {"evidence": None, "value": None} if reason == "fact-not-found" else {}
    told = {step.step: step for step in explain(ended(Verdict.UNCERTAIN, reason, detail="Because.", **more))}
    assert not told["verdict"].ok
    assert "Nothing is concluded" in told["verdict"].text
    assert told["alert"].text == "No alert: what is not sure never fires."
    assert told["find"].ok is (reason in ("not-comparable", "not-confirmed"))


@pytest.mark.parametrize("failure", list(Failure))
def test_explain_when_the_page_failed_then_says_so_and_that_nothing_is_forgotten(failure: Failure) -> None:
    failed = ended(Verdict.FAILED, failure.value, evidence=None, fetched=None, value=None, detail="It did not work.")
    told = texts(failed)
    assert told["fetch"] == "It did not work."
    assert REASONS[failure.value][1:] in told["verdict"]
    assert "never fires" in told["alert"]


def test_explain_when_pending_then_there_is_nothing_yet_to_tell() -> None:
    assert explain(ended(None, "", status="pending")) == []


def test_explain_when_the_page_is_long_or_new_then_the_words_stay_short_and_say_so() -> None:
    fetched = Fetched(
        snapshot_id=new_id(), rendered_by="browser", status=200, unchanged=True, fetched_at=NOW, duration_ms=1234
    )
    told = texts(
        ended(
            Verdict.QUIET,
            "unchanged",
            value="x" * 500,
            fetched=fetched,
            new_plan=True,
            previous_value=None,
            change_amount=None,
        )
    )
    assert told["fetch"] == "The page was fetched in a browser in 1,234 ms (status 200), the same as the time before."
    assert "searched anew" in told["find"]
    assert len(told["find"]) < 250
    assert told["compare"] == "There was no value before."
