"""The circuit breaker, as a state machine in time."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitors_evaluator.providers.breaker import Breaker, BreakerPolicy, admit, failed, succeeded

NOW = datetime(2026, 11, 21, tzinfo=UTC)
POLICY = BreakerPolicy(threshold=3, cooldown=timedelta(seconds=30), longest=timedelta(minutes=10))


def seconds(number: float) -> datetime:
    return NOW + timedelta(seconds=number)


def opened_at(now: datetime) -> Breaker:
    breaker = Breaker()
    for _ in range(POLICY.threshold):
        breaker = failed(breaker, now, POLICY)
    return breaker


def test_breaker_when_failures_stay_under_threshold_then_stays_closed() -> None:
    breaker = failed(failed(Breaker(), NOW, POLICY), NOW, POLICY)
    assert admit(breaker, NOW, POLICY) == (breaker, True)


def test_breaker_when_a_success_comes_between_then_failures_count_anew() -> None:
    breaker = Breaker()
    for _ in range(10):
        breaker = succeeded(failed(failed(breaker, NOW, POLICY), NOW, POLICY), NOW)
    assert breaker == Breaker()


def test_breaker_when_threshold_is_reached_then_opens_for_the_cooldown() -> None:
    breaker = opened_at(NOW)
    assert breaker.state(seconds(29.9)) == "open"
    assert not admit(breaker, seconds(29.9), POLICY)[1]
    assert breaker.state(seconds(30)) == "half-open"


def test_breaker_when_half_open_then_admits_one_trial_only() -> None:
    breaker, first = admit(opened_at(NOW), seconds(30), POLICY)
    breaker, second = admit(breaker, seconds(31), POLICY)
    assert (first, second) == (True, False)


def test_breaker_when_the_trial_is_never_heard_of_then_admits_another() -> None:
    breaker, _ = admit(opened_at(NOW), seconds(30), POLICY)
    assert admit(breaker, seconds(60), POLICY)[1]


def test_breaker_when_the_trial_succeeds_then_closes_and_when_it_fails_then_opens_again() -> None:
    breaker, _ = admit(opened_at(NOW), seconds(30), POLICY)
    assert succeeded(breaker, seconds(31)) == Breaker()
    again = failed(breaker, seconds(31), POLICY)
    assert again.state(seconds(60)) == "open"
    assert again.state(seconds(61)) == "half-open"


def test_breaker_when_told_when_to_come_back_then_opens_at_once_and_no_longer_than_the_longest() -> None:
    assert failed(Breaker(), NOW, POLICY, retry_after=5).state(seconds(4)) == "open"
    assert failed(Breaker(), NOW, POLICY, retry_after=5).state(seconds(5)) == "half-open"
    assert failed(Breaker(), NOW, POLICY, retry_after=1e300).state(seconds(600)) == "half-open"


def test_breaker_when_a_late_success_comes_while_open_then_stays_open() -> None:
    breaker = opened_at(NOW)
    assert succeeded(breaker, seconds(1)) == breaker


steps = st.lists(
    st.tuples(
        st.sampled_from(["admit", "success", "failure", "failure-with-pause"]),
        st.floats(min_value=0, max_value=100, allow_nan=False),
    ),
    max_size=60,
)


@given(steps)
def test_breaker_in_any_history_keeps_its_promises(history: list[tuple[str, float]]) -> None:
    breaker, now, in_a_row = Breaker(), NOW, 0
    for what, passed in history:
        now += timedelta(seconds=passed)
        before = breaker
        match what:
            case "admit":
                state = before.state(now)
                breaker, admitted = admit(before, now, POLICY)
                assert admitted if state == "closed" else not (admitted and state == "open")
                if admitted and state == "half-open":
                    assert not admit(breaker, now, POLICY)[1]
            case "success":
                breaker = succeeded(before, now)
                in_a_row = in_a_row if before.state(now) == "open" else 0
            case _:
                breaker = failed(before, now, POLICY, retry_after=5 if what == "failure-with-pause" else None)
                in_a_row += 1
                if in_a_row >= POLICY.threshold or what == "failure-with-pause":
                    assert breaker.state(now) == "open"
        # Whatever happened, nobody is shut out for longer than the longest pause, and time alone leads to a trial.
        assert breaker.state(now + POLICY.longest) in ("closed", "half-open")
        assert admit(breaker, now + POLICY.longest + POLICY.cooldown, POLICY)[1]
        if breaker.state(now) == "closed":
            assert breaker.failures < POLICY.threshold
