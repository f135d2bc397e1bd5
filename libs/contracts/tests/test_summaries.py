"""One line on what an event says."""

from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.catalogue import EVENTS
from monitors_contracts.summaries import clean, short_type, shown_value, summary

json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
KNOWN_FIELDS = st.sampled_from(
    [
        "evaluation",
        "alert",
        "notification",
        "urls",
        "plan",
        "value",
        "unit",
        "durationMs",
        "monitor",
        "samples",
        "cause",
    ]
)


def test_short_type_is_what_people_call_it() -> None:
    assert short_type("monitors.alert.triggered.v1") == "alert.triggered"
    assert short_type("other") == "other"


def test_summary_of_an_evaluation_says_verdict_reason_and_value() -> None:
    data = {"evaluation": {"verdict": "triggered", "reason": "condition-met", "value": 47.5, "unit": "USD"}}

    assert summary("monitors.monitor.evaluated.v1", data) == "triggered (condition-met), value 47.5 USD"


def test_summary_of_a_failed_fetch_says_why() -> None:
    data = {"failure": "dns", "detail": "The host does not exist."}

    assert summary("monitors.page.fetch-failed.v1", data) == "dns: The host does not exist."


@given(st.sampled_from(EVENTS), st.dictionaries(KNOWN_FIELDS, json_values) | json_values)
def test_summary_of_any_data_is_one_line(kind: type, data: object) -> None:
    line = summary(kind.type_name(), data)  # type: ignore[attr-defined]

    assert len(line) <= 140
    assert line == clean(line)


def test_clean_takes_away_what_steers_a_terminal() -> None:
    assert clean("\x1b[31mred\x07\nnext\u202eline") == "[31mred next line"


def test_shown_value_is_for_people() -> None:
    assert [shown_value(value, "USD") for value in (1299.5, True, "Out of stock", None, 64.0)] == [
        "1,299.5 USD",
        "yes",
        "Out of stock",
        "-",
        "64 USD",
    ]
