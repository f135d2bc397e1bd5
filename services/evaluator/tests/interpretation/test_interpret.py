"""What holds for every text, and the shape of the answer."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitors_contracts.monitors import Interpretation
from monitors_evaluator.domain.interpretation import NotUnderstood, interpret, to_record
from monitors_evaluator.domain.interpretation import vocabulary as words

_PIECES = st.sampled_from(
    ["tell me", "when", "if", "the price", "of the lamp", "drops", "below", "$1,500", "20%", "is", "not", "open", "says", '"',
     "changes", "by", "in stock", "https://shop.example/a", "and", ",", "new", "post", "fifty", "or", "(", "it", "watch",
     *words.TRIGGERS[:5], "-5°C", "\u202e", "\ud800", "’", "0" * 25, "more than", "one"]
)  # fmt: skip


@settings(deadline=None)
@given(st.one_of(st.text(max_size=600), st.lists(_PIECES, max_size=40).map(" ".join)))
@example("")
@example("tell me when " * 200)
@example("a" * 5000)
@example("," * 2000)
@example("1" * 2000)
@example(" new" * 500)
@example("İ drops below 5")
@example("watch ' .")
def test_any_text_gives_an_interpretation_or_not_understood(text: str) -> None:
    try:
        said = interpret(text)
    except NotUnderstood:
        return
    assert Interpretation.model_validate_json(said.model_dump_json()) == said
    assert said.provider == "local"
    assert 1 <= len(said.fact.split()) <= 6
    assert said == interpret(text)


@pytest.mark.parametrize("text", ["", "hello there", "...", "asdf jkl", "the quick brown fox"])
def test_text_that_asks_for_nothing_is_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstood, match="what to watch"):
        interpret(text)


def test_address_alone_watches_the_page_with_little_confidence() -> None:
    said = interpret("https://agency.example/notices")
    assert (said.kind, said.url, said.fact) == ("change", "https://agency.example/notices", "page content")
    assert said.confidence < 0.6


def test_unclear_sentences_are_less_sure_than_clear_ones() -> None:
    clear = interpret("tell me when the price of the lamp at shop.example/lamp is below $20")
    unclear = interpret("tell me about the lamp")
    assert clear.confidence > 0.9 > 0.6 > unclear.confidence


def test_name_is_short_and_holds_no_address() -> None:
    said = interpret(f"tell me when the {'very ' * 60}long thing at https://shop.example/lamp costs less than $20")
    assert len(said.name) <= 100
    assert "shop.example" not in said.name


def test_record_of_a_condition() -> None:
    said = interpret("tell me when the desk lamp at https://shop.example/lamp costs less than $20")
    assert to_record("7", said) == {
        "id": "7",
        "kind": "state",
        "fact": "price",
        "subject": "desk lamp",
        "factType": "number",
        "op": "le",
        "value": 20.0,
        "unit": "USD",
        "url": "https://shop.example/lamp",
        "name": "Desk lamp price below 20 USD",
        "confidence": 0.95,
    }


def test_record_of_a_change_has_no_condition() -> None:
    record = to_record("8", interpret("tell me if the terms at https://shop.example/terms change"))
    assert (record["kind"], record["op"], record["value"], record["unit"]) == ("change", None, None, None)


def test_interpreting_takes_milliseconds() -> None:
    prompt = "Let me know when the copper kettle at https://shop.example/kettle costs less than $60"
    interpret(prompt)
    started = time.process_time()
    for _ in range(50):
        interpret(prompt)
    assert (time.process_time() - started) / 50 < 0.005
