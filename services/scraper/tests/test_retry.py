from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.pages import Failure
from monitors_scraper.domain.pages import Obstacle
from monitors_scraper.domain.politeness import reserve
from monitors_scraper.domain.retry import RetryPolicy, parse_retry_after, wait_before_retry

POLICY = RetryPolicy(retries=2, base=0.5, cap=5)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_wait_when_status_may_pass_then_grows(status: int):
    obstacle = Obstacle(Failure.SERVER, "", status)
    assert [wait_before_retry(obstacle, attempt, POLICY, 1) for attempt in (1, 2, 3)] == [0.5, 1.0, None]


@pytest.mark.parametrize("failure", list(Failure))
def test_wait_when_there_is_no_status_then_only_breaks_and_timeouts_are_retried(failure: Failure):
    retried = wait_before_retry(Obstacle(failure, ""), 1, POLICY, 0.5) is not None
    assert retried == (failure in (Failure.TIMEOUT, Failure.CONNECTION))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451, 501])
def test_wait_when_status_will_stay_then_given_up(status: int):
    assert wait_before_retry(Obstacle(Failure.BLOCKED, "", status), 1, POLICY, 0) is None


def test_wait_when_site_names_a_time_then_that_or_none():
    assert wait_before_retry(Obstacle(Failure.BLOCKED, "", 429, retry_after=4), 1, POLICY, 1) == 4
    assert wait_before_retry(Obstacle(Failure.BLOCKED, "", 429, retry_after=6), 1, POLICY, 1) is None


def test_wait_when_a_browser_may_pass_then_not_by_http_again():
    assert wait_before_retry(Obstacle(Failure.BLOCKED, "", 503, script_may_pass=True), 1, POLICY, 1) is None


@given(st.floats(0, 1), st.integers(1, 2))
def test_wait_when_jittered_then_half_to_whole(jitter: float, attempt: int):
    wait = wait_before_retry(Obstacle(Failure.TIMEOUT, ""), attempt, POLICY, jitter)
    assert wait is not None
    assert 0.25 * 2 ** (attempt - 1) <= wait <= 0.5 * 2 ** (attempt - 1)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Sat, 21 Nov 2026 12:01:00 GMT", 60),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0),
        ("9" * 40, 366 * 86400),
        ("-5", None),
        ("soon", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_when_read_then_seconds(value: str | None, seconds: float | None):
    assert parse_retry_after(value, NOW) == seconds


@given(st.text(max_size=60))
def test_retry_after_when_any_text_then_never_an_error(value: str):
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or seconds >= 0


@given(st.lists(st.floats(0, 10), min_size=1, max_size=30), st.floats(0, 5))
def test_reserve_when_asked_again_and_again_then_starts_keep_their_distance(pauses: list[float], delay: float):
    now, next_start, starts = 0.0, 0.0, list[float]()
    for pause in pauses:
        now += pause
        wait, next_start = reserve(next_start, now, delay)
        assert wait >= 0
        starts.append(now + wait)
    assert all(later - earlier >= delay - 1e-6 for earlier, later in pairwise(starts))
    assert starts[0] == pauses[0]
