"""Samples that arrive out of order across messages: of each series the newest so far decides, and what is older nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

kinds: list[dict[str, Any]] = [
    {"warning": 60, "critical": 80, "recovery": 40},
    {"warning": 60, "by": ["zone"], "across": "max"},
    {"kind": "window", "window": "2m", "warning": 60},
    {"kind": "window", "window": "2m", "function": "max", "warning": 60, "by": ["zone"], "across": "avg"},
    {"kind": "rate", "window": "2m", "warning": 0.5},
    {"kind": "nOfM", "n": 2, "m": 3, "warning": 60},
    {"kind": "nOfM", "n": 2, "m": 3, "warning": 60, "by": [], "across": "sum"},
]
arrivals = st.lists(
    st.tuples(st.sampled_from(["a1", "b1"]), st.integers(0, 20).map(lambda n: n * 15.0), st.floats(0, 100)),
    max_size=25,
)
"""One message after the other: of a host, of a time that may be before the last one's, a value."""


def in_time(arrivals: list[tuple[str, float, float]], by_host: bool) -> list[tuple[str, float, float]]:
    """Those that are newer than all before: of their host, or of all."""
    newest: dict[str, float] = {}
    found: list[tuple[str, float, float]] = []
    for host, at, value in arrivals:
        whose = host if by_host else ""
        if at > newest.get(whose, -1):
            newest[whose] = at
            found.append((host, at, value))
    return found


@pytest.mark.parametrize("fields", [each for each in kinds if each.get("by") != []])
@given(arrivals)
def test_samples_when_they_come_late_then_all_is_as_if_they_had_not_come(
    court: Any, fields: dict[str, Any], arrivals: list[tuple[str, float, float]]
) -> None:
    mixed, clean = court(court.rule(**fields)), court(court.rule(**fields))
    found = [each for point in arrivals for each in mixed.take(point, arrived=400)]
    expected = [each for point in in_time(arrivals, by_host=True) for each in clean.take(point, arrived=400)]
    assert found == expected
    late = len(arrivals) - len(in_time(arrivals, by_host=True))
    again = sum(
        any(at == other for whose, other, _ in arrivals[:number] if whose == host) and _is_newest(arrivals, number)
        for number, (host, at, _) in enumerate(arrivals)
    )
    assert mixed.judge.not_judged.get("late", 0) == late - again, "and they are counted"


def _is_newest(arrivals: list[tuple[str, float, float]], number: int) -> bool:
    host, at, _ = arrivals[number]
    return at == max(other for whose, other, _ in arrivals[:number] if whose == host)


@pytest.mark.parametrize("fields", kinds)
@given(arrivals)
def test_transitions_when_samples_come_in_any_order_then_go_on_in_time(
    court: Any, fields: dict[str, Any], arrivals: list[tuple[str, float, float]]
) -> None:
    subject = court(court.rule(**fields))
    last: dict[str, float] = {}
    for point in arrivals:
        for where, at, _, _ in subject.take(point, arrived=400):
            assert at > last.get(where, -1)
            last[where] = at


@given(arrivals, st.sampled_from([15, 60, 120]))
def test_a_hold_when_late_samples_come_then_never_fires_sooner(
    court: Any, arrivals: list[tuple[str, float, float]], hold: int
) -> None:
    """A late sample that was not beyond begins the hold anew: it may fire later for it, or not at all."""
    rule = court.rule(warning=60, **{"for": hold})
    mixed, clean = court(rule), court(rule)
    found = [each for point in arrivals for each in mixed.take(point, arrived=400)]
    expected = [each for point in in_time(arrivals, by_host=True) for each in clean.take(point, arrived=400)]
    for host in ("a1", "b1"):
        first, sooner = ([at for where, at, level, _ in each if where == host and level] for each in (found, expected))
        if first:
            assert sooner
            assert first[0] >= sooner[0]


def test_a_groups_late_sample_when_newer_than_its_series_then_counts_from_the_next_on(court: Any) -> None:
    """Two senders, one of them behind: the group is judged in the time of the one ahead, with what the other said last."""
    subject = court(court.rule(by=[], across="sum", warning=100))
    assert subject.take(("a1", 60, 50)) == []
    assert subject.take(("b1", 45, 90)) == [], "45 was before what was judged"
    assert subject.take(("a1", 75, 50)) == [("", 75, 1, "crossed")]
    assert subject.take(("b1", 60, 10)) == []
    assert subject.take(("b1", 90, 10)) == [("", 90, 0, "recovered")]


def test_two_values_of_one_instant_when_in_one_message_then_the_larger_counts_as_in_storage(court: Any) -> None:
    for points in ([("a1", 0, 10), ("a1", 0, 90)], [("a1", 0, 90), ("a1", 0, 10)]):
        for fields in ({"warning": 80}, {"warning": 80, "by": ["zone"]}):
            assert [each[2] for each in court(court.rule(**fields)).take(*points)] == [1]
