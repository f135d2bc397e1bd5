"""What the console is made of, without any I/O."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from monitors_contracts.base import Problem, new_id
from monitors_gateway.api.auth import RegisterRequest
from monitors_gateway.console.formats import Formats, formats_for
from monitors_gateway.console.forms import parse, refused
from monitors_gateway.console.session import ConsoleKeys
from monitors_gateway.console.views.errors import error_view
from monitors_gateway.console.views.parts import spark
from monitors_gateway.console.views.signals import signal
from monitors_runtime.errors import ProblemError

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEYS = ConsoleKeys(SecretStr("a secret for tests that is long enough"))
ENGLISH = Formats(NOW)


def test_a_cookie_names_its_session_and_no_other_secret_signs_it() -> None:
    session_id = new_id()
    cookie = KEYS.cookie(session_id)
    assert KEYS.session_id(cookie) == session_id
    assert ConsoleKeys(SecretStr("another secret, as long as the first")).session_id(cookie) is None


@given(st.text(max_size=200))
def test_a_cookie_that_nobody_signed_names_nobody(cookie: str) -> None:
    assert KEYS.session_id(cookie) is None


def test_a_cookie_changed_in_any_place_names_nobody() -> None:
    cookie = KEYS.cookie(new_id())
    changed = [cookie[:i] + ("A" if cookie[i] != "A" else "B") + cookie[i + 1 :] for i in range(len(cookie) - 1)]
    assert not any(KEYS.session_id(each) for each in changed)


def test_form_tokens_differ_each_time_and_fit_their_session_alone() -> None:
    mine, other = new_id(), new_id()
    first, second = KEYS.csrf(mine), KEYS.csrf(mine)
    assert first != second
    assert KEYS.csrf_matches(mine, first)
    assert KEYS.csrf_matches(mine, second)
    assert not KEYS.csrf_matches(other, first)


@given(st.text(max_size=200))
def test_a_made_up_form_token_fits_nobody(token: str) -> None:
    assert not KEYS.csrf_matches(UUID(int=7), token)


def test_what_is_sealed_comes_back_unchanged_or_not_at_all() -> None:
    sealed = KEYS.seal(b"said once")
    assert KEYS.unseal(sealed) == b"said once"
    assert KEYS.unseal(sealed[:-2] + "xx") is None
    assert KEYS.unseal("") is None


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (1299.0, "USD", "$1,299"),
        (47.5, "USD", "$47.50"),
        (1299.99, "EUR", "€1,299.99"),
        (5000.0, "JPY", "¥5,000"),
        (21.5, "°C", "21.5\N{NARROW NO-BREAK SPACE}°C"),
        (1_250_000.0, None, "1,250,000"),
        (0.1 + 0.2, None, "0.3"),
        (True, None, "yes"),
        (False, None, "no"),
        (None, "USD", "–"),
        ("open", None, "open"),
    ],
)
def test_values_are_written_with_their_units(value: float | bool | str | None, unit: str | None, shown: str) -> None:
    assert ENGLISH.value(value, unit) == shown


def test_long_texts_are_cut() -> None:
    assert len(ENGLISH.value("x" * 5000)) == 240


def test_numbers_follow_the_language_asked_for_and_words_stay_english() -> None:
    german = formats_for("de-DE,de;q=0.9,en;q=0.5", NOW)
    assert german.value(1299.5, "EUR").replace("\xa0", " ") == "€1.299,50" or german.number(1299.5) == "1.299,5"
    assert german.when(NOW - timedelta(minutes=3)).words == "3 minutes ago"


@pytest.mark.parametrize("header", ["", "*", "xx-notalanguage", "en-", ";;;,,,", "a" * 10_000, "\x00"])
def test_a_language_that_nobody_knows_is_english(header: str) -> None:
    assert formats_for(header, NOW).locale == Locale("en", "US")


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(seconds=-2), "just now"),
        (timedelta(seconds=-30), "30 seconds ago"),
        (timedelta(seconds=48), "in 48 seconds"),
        (timedelta(minutes=-5), "5 minutes ago"),
        (timedelta(days=-3), "3 days ago"),
    ],
)
def test_times_are_told_from_now_with_the_exact_time_beside(away: timedelta, words: str) -> None:
    when = ENGLISH.when(NOW + away)
    assert when.words == words
    assert datetime.fromisoformat(when.iso) == NOW + away
    assert when.exact.endswith("UTC")


def test_a_line_goes_through_all_values_within_its_box() -> None:
    line = spark([3.0, 1.0, 2.0], "falling")
    assert line is not None
    points = [tuple(map(float, each.split(","))) for each in line.points.split()]
    assert [x for x, _ in points] == [2, 50, 98]
    assert points[1][1] > points[2][1] > points[0][1]  # SVG grows downwards: the smallest value is lowest
    assert (line.end_x, line.end_y) == points[-1]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12), max_size=60))
def test_a_line_never_leaves_its_box(values: list[float]) -> None:
    line = spark(values, "")
    assert (line is None) == (len(values) < 2)
    for x, y in (map(float, each.split(",")) for each in (line.points if line else "").split()):
        assert 0 <= x <= 100
        assert 0 <= y <= 28


def test_a_form_gives_the_request_or_the_errors_by_field_in_plain_words() -> None:
    good = parse(RegisterRequest, {"email": "ROBIN@example.com", "password": "Correct1horse", "name": "Robin"})
    assert good.model is not None
    assert good.model.email == "robin@example.com"
    bad = parse(RegisterRequest, {"email": "robin", "password": "short", "name": ""})
    assert bad.model is None
    assert set(bad.errors.fields) == {"email", "password", "name"}
    assert bad.errors.of("name") == "Please fill this in."


def test_a_problem_is_told_at_its_fields_or_at_the_form() -> None:
    named = Problem(
        type="invalid-request", title="Invalid", status=422, errors=[{"field": "isActive", "message": "no"}]
    )
    assert refused(ProblemError(named)).of("is_active") == "no"
    whole = Problem(type="email-taken", title="Taken", status=409, detail="Sign in instead.")
    assert refused(ProblemError(whole)).form == "Sign in instead."


def test_an_error_page_says_what_to_do_and_never_what_broke() -> None:
    view = error_view(
        Problem(type="internal-error", title="Internal error", status=500, detail="KeyError"), ENGLISH, "/c"
    )
    assert "try again" in view.words
    assert "KeyError" not in view.words
    late = Problem(type="x", title="Later", status=429, detail="Wait.", retry_at=NOW + timedelta(seconds=40))
    view = error_view(late, ENGLISH, "/c")
    assert view.retry
    assert view.retry.words == "in 40 seconds"


def test_an_event_tells_which_parts_of_a_page_are_out_of_date() -> None:
    ids = {"monitorId": "m1", "alertId": "a1"}
    opened = {"data": {**ids, "alert": {"monitorId": "m1", "name": "Kettle", "summary": "below 50", "occurrences": 1}}}
    told = signal("monitors.alert.triggered.v1", opened)
    assert told["about"] == ["alerts", "monitor.m1", "alert.a1"]
    assert told["say"] == "New alert: Kettle. below 50"
    sent = signal("monitors.notification.sent.v1", {"data": {"notification": ids}})
    assert sent["about"] == ["notifications", "monitor.m1", "alert.a1"]


def test_what_a_rule_did_makes_rules_out_of_date() -> None:
    crossed = signal("monitors.threshold.exceeded.v1", {"data": {"monitorId": "r1", "ruleId": "r1"}})
    assert {"rules", "rule.r1"} <= set(crossed["about"])
    opened = signal("monitors.alert.triggered.v1", {"data": {"alertId": "a1", "alert": {"ruleId": "r1"}}})
    assert opened["about"] == ["alerts", "rules", "rule.r1", "alert.a1"]
    assert signal("monitors.rule.deleted.v1", {"data": {"ruleId": "r1"}})["about"] == ["rules", "rule.r1"]


@pytest.mark.parametrize(
    ("kind", "stage"),
    [
        ("monitors.monitor.refresh-requested.v1", "fetching"),
        ("monitors.page.fetched.v1", "reading"),
        ("monitors.page.fetch-failed.v1", "deciding"),
        ("monitors.monitor.evaluated.v1", "done"),
    ],
)
def test_a_check_tells_how_far_it_has_come(kind: str, stage: str) -> None:
    told = signal(kind, {"correlationId": "r1", "data": {"monitorId": "m1"}})
    assert (told["stage"], told["monitor"], told["check"]) == (stage, "m1", "r1")
    assert "check.r1" in told["about"]


@given(st.text(max_size=50), st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=5), max_size=3))
def test_any_event_can_be_told(kind: str, data: dict[str, str | None]) -> None:
    assert signal(kind, {"data": data})["type"] == kind
