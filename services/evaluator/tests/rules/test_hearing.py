"""How far silence can be judged while something is always on its way."""

from hypothesis import given
from hypothesis import strategies as st

from monitors_evaluator.domain.rules.hearing import UNWATCHED, Hearing


def test_silence_is_judged_until_now_when_all_that_came_is_judged() -> None:
    hearing = Hearing(1000)
    assert hearing.until(2000, newest=7, judged=7) == 2000
    assert hearing.until(3000, newest=0, judged=7) == 3000, "a stream that was emptied"
    assert hearing.since == 1000


def test_silence_is_judged_until_the_last_moment_that_is_judged_when_something_is_always_on_its_way() -> None:
    hearing = Hearing(0)
    found = [hearing.until(now, newest=now // 10, judged=now // 10 - 1) for now in range(1000, 6000, 1000)]
    assert found == [None, 1000, 2000, 3000, 4000]
    assert hearing.since == 0, "what is on its way interrupts nothing"


def test_silence_is_not_judged_while_what_came_waits() -> None:
    hearing = Hearing(0)
    assert hearing.until(1000, newest=50, judged=3) is None
    assert hearing.until(2000, newest=60, judged=49) is None
    assert hearing.until(3000, newest=90, judged=50) == 1000
    assert hearing.until(4000, newest=90, judged=90) == 4000


def test_silence_counts_anew_when_nothing_could_come() -> None:
    hearing = Hearing(0)
    assert hearing.until(1000, newest=50, judged=3) is None
    hearing.begin(1500)
    assert hearing.until(2000, newest=60, judged=50) is None, "what was noted before does not count"
    assert hearing.since == 1500
    assert hearing.until(2000 + UNWATCHED + 1, newest=60, judged=60) == 2001 + UNWATCHED
    assert hearing.since == 2001 + UNWATCHED, "nobody knows what happened meanwhile"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=60))
def test_nothing_that_came_by_then_is_left_to_judge(steps: list[tuple[int, int]]) -> None:
    """Messages come and are judged at any pace: at each moment that silence is judged until, all that had come is judged."""
    hearing, came, judged = Hearing(0), 0, 0
    came_by: dict[int, int] = {}
    for number, (coming, judging) in enumerate(steps, 1):
        came += coming
        judged = min(came, judged + judging)
        came_by[number] = came
        until = hearing.until(number, came, judged)
        assert until is None or came_by[until] <= judged
