"""What the pages of monitors show, and what their form means, without any I/O."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitors_contracts.base import Problem, new_id
from monitors_contracts.collection import RecentValue
from monitors_contracts.monitors import Change, Condition, MonitorStatus, Operator, SourceSettings, Verdict
from monitors_contracts.platform import UsageReply
from monitors_gateway.api import shapes
from monitors_gateway.api.monitors import MonitorsReply
from monitors_gateway.api.shapes import GivenInterpretation, Interpretation, Monitor
from monitors_gateway.api.usage import DailyRefreshes, Limited, LimitsReply
from monitors_gateway.console.formats import Formats
from monitors_gateway.console.forms import Errors, refused
from monitors_gateway.console.views.monitor_form import (
    COMPARISONS,
    corrected_view,
    edit_view,
    interpretation_of,
    new_view,
    told,
    understood_view,
)
from monitors_gateway.console.views.monitors import Card, MonitorsView, monitors_view, welcome
from monitors_runtime.errors import ProblemError

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FORMATS = Formats(NOW)
ROOT = "/console"


def monitor(**changes: Any) -> Monitor:
    known: dict[str, Any] = {
        "id": new_id(),
        "name": "Copper kettle",
        "prompt": "Tell me when the kettle at https://shop.example/kettle is below $50",
        "type": "state",
        "is_active": True,
        "last_checked": NOW - timedelta(minutes=3),
        "current_value": 47.5,
        "trigger_count": 1,
        "created_at": NOW,
        "updated_at": NOW,
        "extracted_fact": "price",
        "trigger_condition": "price < 50 USD",
        "fact_type": "number",
        "previous_value": 51.0,
        "unit": "USD",
        "url": "https://www.shop.example/kettle/",
        "source": SourceSettings(),
        "condition_met": True,
        "evaluation_count": 2,
        "last_verdict": Verdict.TRIGGERED,
        "last_reason": "condition-met",
        "last_manual_refresh": None,
        "next_allowed_refresh": None,
        "version": 3,
        "status": MonitorStatus.TRIGGERED,
        "recent_values": [],
    }
    return Monitor(**(known | changes))


def recent(*values: Any, verdict: Verdict = Verdict.QUIET) -> list[RecentValue]:
    return [RecentValue(at=NOW, value=value, verdict=verdict) for value in values]


def listed(*monitors: Monitor, owned: int | None = None, **more: Any) -> MonitorsView:
    count = len(monitors) if owned is None else owned
    found = MonitorsReply(
        monitors=list(monitors), total=len(monitors), owned=count, limit=10, next_cursor=more.pop("cursor", None)
    )
    usage = LimitsReply(
        monitors=Limited(used=count, limit=10, left=10 - count),
        refreshes_today=DailyRefreshes(used=more.pop("checks", 3), limit=50, left=0, resets_at=NOW),
        refreshes_per_minute=1,
        ai=UsageReply(month="2026-11", providers=[]),
    )
    return monitors_view(found, usage, more, ROOT, "", FORMATS)


def card(**changes: Any) -> Card:
    (only,) = listed(monitor(**changes)).cards
    return only


# -- the list -----------------------------------------------------------------------------------------------------------


def test_a_card_tells_value_condition_page_and_when_it_was_checked() -> None:
    shown = card()
    assert (shown.value, shown.was, shown.asks) == ("$47.50", "was $51", "price < 50 USD")
    assert (shown.page, shown.badge.words, shown.badge.tone) == ("shop.example/kettle", "Triggered", "bad")
    assert shown.checked
    assert shown.checked.words == "3 minutes ago"
    assert (shown.allowed, shown.can_check) == (None, True)
    assert card(previous_value=47.5).was == ""


@pytest.mark.parametrize("status", MonitorStatus)
def test_every_status_has_its_own_words(status: MonitorStatus) -> None:
    assert card(status=status).badge.words.lower() == status.value


def test_a_monitor_that_may_not_be_checked_yet_says_when_it_may() -> None:
    shown = card(next_allowed_refresh=NOW + timedelta(seconds=40))
    assert shown.allowed
    assert shown.allowed.words == "in 40 seconds"
    assert card(next_allowed_refresh=NOW - timedelta(seconds=1)).allowed is None


def test_numbers_are_drawn_as_a_line_and_anything_else_as_marks_of_its_checks() -> None:
    number = card(recent_values=recent(64.0, None, 51.0, 47.5))
    assert number.spark
    assert number.spark.words == "From $64 to $47.50 in the last 3 checks"
    assert card(recent_values=recent(64.0)).spark is None
    unsure = recent(1.0, verdict=Verdict.UNCERTAIN)
    assert card(recent_values=[*recent(64.0), *unsure]).spark is None, "what was not sure is not drawn"
    checks = [*recent("closed"), *recent(None, verdict=Verdict.FAILED), *recent("open", verdict=Verdict.TRIGGERED)]
    text = card(current_value="open", unit=None, recent_values=checks)
    assert (text.spark, [each.tone for each in text.checks]) == (None, ["good", "warn", "bad"])
    assert text.checks[2].words.endswith("triggered, read open")
    assert text.checks_words == "The last 3 checks: 1 quiet, 1 failed, 1 triggered"


def test_a_monitor_without_a_value_says_why() -> None:
    assert card(current_value=None, last_checked=None).nothing == "Not checked yet."
    assert "see why" in card(current_value=None).nothing
    assert card(current_value=None).value == ""


def test_a_paused_monitor_can_be_resumed_and_not_checked() -> None:
    shown = card(is_active=False, status=MonitorStatus.PAUSED)
    assert not shown.can_check
    assert [each.words for each in shown.actions] == ["Resume", "Duplicate", "Delete"]
    assert [each.words for each in card().actions] == ["Pause", "Duplicate", "Delete"]


def test_limits_are_shown_and_a_full_list_says_what_to_do() -> None:
    monitors, checks = listed(monitor(), owned=8, checks=50).meters
    assert (monitors.words, monitors.tone, checks.words, checks.tone) == ("8 of 10", "warn", "50 of 50", "bad")
    assert listed(monitor(), owned=9).full == ""
    assert "Delete one" in listed(monitor(), owned=10).full


def test_the_list_says_how_it_was_narrowed_and_leads_on() -> None:
    view = listed(monitor(), owned=7, q="kett & co", status="triggered", sort="name", cursor="abc")
    assert (view.count, view.empty, view.welcome) == ("1 monitor of 7", None, None)
    assert view.more == "/console?q=kett+%26+co&status=triggered&sort=name&cursor=abc"
    plain = listed(monitor(), monitor(), sort="newest", cursor="abc")
    assert (plain.count, plain.more) == ("2 monitors", "/console?cursor=abc")


def test_nothing_found_is_another_thing_than_nothing_there() -> None:
    none_found = listed(owned=3, q="x")
    assert none_found.empty
    assert none_found.welcome is None
    assert none_found.empty.link
    assert none_found.empty.link.href == "/console"
    nothing_there = listed(owned=0)
    assert (nothing_there.empty, bool(nothing_there.welcome)) == (None, True)


def test_examples_are_those_of_the_site_to_try_them_on() -> None:
    own = welcome(ROOT, "http://127.0.0.1:9999").examples
    assert all("http://127.0.0.1:9999/" in each.words for each in own)
    assert own[0].href.startswith("/console/monitors/new?prompt=Tell+me+when")
    assert "%24" in own[0].href, "a dollar is no part of an address"
    assert all("example/" in each.words for each in welcome(ROOT, "").examples)


# -- the form -----------------------------------------------------------------------------------------------------------

STATE = Interpretation(
    type="state",
    extracted_fact="price",
    trigger_condition="price < 50 USD",
    suggested_name="Kettle price below 50 USD",
    subject="copper kettle",
    fact_type="number",
    condition=Condition(op=Operator.LE, value=50.0, unit="USD", strict=True),
    change=None,
    url="https://shop.example/kettle",
    confidence=0.95,
    provider="local",
)


def sent(meaning: Interpretation, name: str = "") -> dict[str, str]:
    """What a browser sends of the form when nothing was changed."""
    view = understood_view(meaning, name, FORMATS)
    shown = {each: getattr(view, each).value for each in FIELDS}
    return shown | {"type": "state" if view.is_state else "change"}


FIELDS = (
    *("name", "fact", "subject", "fact_type", "url", "op", "value", "unit"),
    *("direction", "at_least", "at_least_percent"),
)

states = st.fixed_dictionaries(
    {
        "extracted_fact": st.sampled_from(["price", "<b>fact</b>", "été"]),
        "subject": st.sampled_from(["", "copper kettle"]),
        "condition": st.builds(
            Condition,
            op=st.sampled_from([Operator.LE, Operator.GE]),
            value=st.floats(-1e9, 1e9).map(lambda value: round(value, 4)),
            unit=st.sampled_from([None, "USD", "°C"]),
            strict=st.booleans(),
        ),
    }
)
changes = st.fixed_dictionaries(
    {
        "type": st.just("change"),
        "condition": st.none(),
        "change": st.builds(
            Change,
            direction=st.sampled_from(["any", "increase", "decrease"]),
            at_least=st.sampled_from([None, 5.0, 0.25]),
            at_least_percent=st.sampled_from([None, 10.0]),
        ),
    }
)
interpretations = (states | changes).map(lambda fields: STATE.model_copy(update=fields))


@given(interpretations)
def test_a_form_that_nobody_changed_means_what_was_understood(meaning: Interpretation) -> None:
    said, errors = interpretation_of(sent(meaning))
    assert errors == Errors()
    assert said
    again = shapes.interpretation(shapes.meant(said))
    for field in ("type", "extracted_fact", "subject", "fact_type", "condition", "url"):
        assert getattr(again, field) == getattr(meaning, field), field
    if meaning.type == "change":
        assert again.change == meaning.change


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("49.90", 49.9),
        ("49,90", 49.9),
        ("1,299.50", 1299.5),
        ("1,299", 1299.0),
        ("1 299", 1299.0),
        ("$50", 50.0),
        ("-3", -3.0),
        ("about fifty", "about fifty"),
    ],
)
def test_numbers_are_read_as_people_write_them(typed: str, value: Any) -> None:
    said, _ = interpretation_of(sent(STATE) | {"value": typed})
    assert said
    assert said.condition
    assert said.condition.value == value


@pytest.mark.parametrize(("typed", "value"), [("Yes", True), ("no", False), ("true", True), ("perhaps", "perhaps")])
def test_a_truth_is_said_in_words(typed: str, value: Any) -> None:
    said, _ = interpretation_of(sent(STATE) | {"value": typed, "fact_type": "boolean", "op": "is"})
    assert said
    assert said.condition
    assert said.condition.value == value


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": ""}, "url"),
        ({"value": ""}, "value"),
        ({"value": " "}, "value"),
        ({"op": "nearly"}, "op"),
        ({"type": "maybe"}, "type"),
        ({"fact_type": "colour"}, "fact_type"),
        ({"fact": "x" * 501}, "fact"),
        ({"url": "https://" + "x" * 4100}, "url"),
        ({"type": "change", "direction": "sideways"}, "direction"),
        ({"type": "change", "at_least": "-5"}, "at_least"),
        ({"type": "change", "at_least": "much"}, "at_least"),
        ({"type": "change", "at_least_percent": "-1"}, "at_least_percent"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_in_plain_words(changes: dict[str, str], field: str) -> None:
    said, errors = interpretation_of(sent(STATE) | changes)
    assert (said, set(errors.fields)) == (None, {field})
    assert "Input should" not in errors.of(field) or field in ("op", "type", "fact_type", "direction")


@given(st.dictionaries(st.sampled_from([*FIELDS, "type"]), st.text(max_size=30)))
def test_whatever_is_sent_gives_a_meaning_or_errors(typed: dict[str, str]) -> None:
    said, errors = interpretation_of(typed)
    assert (said is None) == bool(errors.fields)


def test_what_the_api_refuses_is_told_at_the_fields_of_the_form() -> None:
    problem = Problem(
        type="invalid-interpretation",
        title="No",
        status=422,
        errors=[
            {"field": "interpretation.extractedFact", "message": "Say it."},
            {"field": "interpretation.change.atLeastPercent", "message": "Too much."},
            {"field": "source.render", "message": "Unknown."},
        ],
    )
    errors = told(refused(ProblemError(problem)))
    assert (errors.of("fact"), errors.of("at_least_percent"), errors.form) == ("Say it.", "Too much.", "Unknown.")


def test_every_way_to_compare_is_shown_as_it_was_meant() -> None:
    for name, (_, op, strict) in COMPARISONS.items():
        condition = Condition(op=Operator(op), value="open", strict=strict)
        meaning = STATE.model_copy(update={"condition": condition, "fact_type": "string"})
        assert understood_view(meaning, "", FORMATS).op.value == name


def test_a_form_with_mistakes_keeps_what_was_typed() -> None:
    typed = sent(STATE) | {"value": "<script>", "name": "Mine"}
    view = corrected_view(None, typed, Errors({"value": "Give a number."}), FORMATS)
    assert (view.value.value, view.value.error, view.name.value, view.fires) == (
        "<script>",
        "Give a number.",
        "Mine",
        "",
    )


def test_a_new_monitor_begins_with_examples_and_goes_on_without() -> None:
    examples = welcome(ROOT, "").examples
    first = new_view("", None, Errors(), ROOT, examples)
    assert (first.examples, first.prompt.autofocus, first.reading) == (examples, True, "Continue")
    second = new_view("A sentence", understood_view(STATE, "", FORMATS), Errors(), ROOT, examples)
    assert (second.examples, second.prompt.value, second.reading) == ((), "A sentence", "Read it again")
    assert second.understood
    assert (second.understood.what, second.understood.fires) == ("price of copper kettle", "price < 50 USD")
    assert second.understood.sure.startswith("Read by rules, 95")


def test_a_monitor_that_is_edited_keeps_its_name_and_leads_back() -> None:
    kettle = monitor()
    by_hand = STATE.model_copy(update={"provider": "by-hand", "confidence": 1.0})
    view = edit_view(kettle, kettle.prompt, understood_view(by_hand, "My kettle", FORMATS), Errors(), ROOT)
    assert view.understood
    assert (view.understood.name.value, view.understood.sure) == ("My kettle", "Confirmed by you")
    assert (view.back.href, view.save) == (f"/console/monitors/{kettle.id}", f"/console/monitors/{kettle.id}/edit")


def test_a_state_without_a_condition_is_none() -> None:
    with pytest.raises(ValidationError, match="needs a condition"):
        GivenInterpretation(type="state", extracted_fact="price", fact_type="number")
