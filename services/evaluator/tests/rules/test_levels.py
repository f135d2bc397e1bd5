"""Levels, hold, recovery: against a judge that goes through one series sample by sample."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_evaluator.domain.rules.batches import Batch
from monitors_evaluator.domain.rules.keeping import keep, restore

HOSTS = ("a1", "a2", "b1")
points = st.lists(
    st.tuples(
        st.sampled_from(HOSTS), st.integers(0, 40).map(lambda n: n * 15.0), st.sampled_from([0.0, 65, 75, 85, 99, -5])
    ),
    max_size=40,
    unique_by=lambda point: point[:2],
)
rules = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["gt", "ge", "lt"]),
        "for": st.sampled_from([0, 15, 60]),
        "recoverFor": st.sampled_from([0, 30]),
        "staleAfter": st.sampled_from([40, 300]),
    }
).map(
    lambda rule: (
        rule
        | ({"warning": 20, "critical": 10} if rule["op"] == "lt" else {"warning": 80, "critical": 95, "recovery": 70})
    )
)


def one_by_one(rule: dict[str, Any], samples: list[tuple[float, float]]) -> list[tuple[float, int]]:
    """When one series changes its level and to which, as the rule's words say."""
    sign = -1 if rule["op"] == "lt" else 1
    is_beyond = (lambda v, level: v >= level) if rule["op"] == "ge" else (lambda v, level: sign * v > sign * level)
    level = 0
    last: float | None = None
    back: float | None = None
    held: dict[int, float | None] = {1: None, 2: None}
    found: list[tuple[float, int]] = []
    for at, value in samples:
        gap = last is not None and at - last > rule["staleAfter"]
        for number, name in ((1, "warning"), (2, "critical")):
            if not is_beyond(value, rule[name]):
                held[number] = None
            elif held[number] is None or gap:
                held[number] = at
        if is_beyond(value, rule.get("recovery", rule["warning"])):
            back = None
        elif back is None or gap:
            back = at
        reached = max(
            (number for number, begun in held.items() if begun is not None and at - begun >= rule["for"]), default=0
        )
        before = level
        if level == 0:
            level = reached
        elif back is not None and at - back >= rule["recoverFor"]:
            level = 0
        else:
            level = max(level, reached)
        if level != before:
            found.append((at, level))
        last = at
    return found


@given(rules, points)
def test_many_series_at_once_when_judged_by_vector_then_as_one_by_one(court: Any, rule: Any, points: Any) -> None:
    for each_alone in (False, True):
        subject = court(court.rule(**rule))
        messages = [[point] for point in sorted(points, key=lambda point: point[1])] if each_alone else [points]
        found = [told for message in messages for told in subject.take(*message)]
        for host in HOSTS:
            samples = sorted((at, value) for name, at, value in points if name == host)
            assert [(at, level) for name, at, level, _ in found if name == host] == one_by_one(rule, samples)


@given(rules, st.lists(points, max_size=5), st.randoms(use_true_random=False))
def test_messages_when_doubled_and_shuffled_within_then_give_the_same(
    court: Any, rule: Any, messages: Any, random: Any
) -> None:
    rule_view = court.rule(**rule)
    plain, shaken = court(rule_view), court(rule_view)
    for number, message in enumerate(messages):
        later = [(host, at + 700 * number, value) for host, at, value in message]
        expected = plain.take(*later)
        mixed = later * 2
        random.shuffle(mixed)
        assert shaken.take(*mixed) == expected
        assert shaken.take(*later) == [], "the same message again decides nothing"


@given(rules, st.lists(points, max_size=5), st.integers(0, 5))
def test_another_judge_when_it_goes_on_from_what_was_kept_then_misses_and_doubles_nothing(
    court: Any, rule: Any, messages: Any, handed_over_after: int
) -> None:
    rule_view = court.rule(**rule)
    alone, first = court(rule_view), court(rule_view)
    for number, message in enumerate(messages):
        later = [(host, at + 700 * number, value) for host, at, value in message]
        if number == handed_over_after:
            kept = keep(first.judge)
            assert kept.names is not None
            first = court(judge=restore(kept.names, kept.numbers))
        assert first.take(*later) == alone.take(*later)


@given(rules, st.lists(points, max_size=6))
def test_transitions_when_followed_then_alternate(court: Any, rule: Any, messages: Any) -> None:
    subject, levels = court(court.rule(**rule)), dict.fromkeys(HOSTS, 0)
    for message in messages:
        for host, _, level, _ in subject.take(*message):
            assert (levels[host], level) in {(0, 1), (0, 2), (1, 2), (1, 0), (2, 0)}
            levels[host] = level


def test_a_firing_series_when_its_data_stops_then_goes_on_firing(court: Any) -> None:
    subject = court(court.rule(warning=80))
    assert subject.take(("a1", 0, 90)) == [("a1", 0, 1, "crossed")]
    for hour in range(1, 50):
        assert subject.tick(hour * 3600) == []
    assert subject.take(("a1", 200_000, 90)) == []
    assert subject.take(("a1", 200_015, 10)) == [("a1", 200_015, 0, "recovered")]


def test_a_hold_when_the_data_had_a_gap_then_begins_anew(court: Any) -> None:
    subject = court(court.rule(warning=80, **{"for": "1m", "staleAfter": "5m"}))
    assert subject.take(("a1", 0, 90)) == []
    assert subject.take(("a1", 3600, 90)) == [], "nobody knows what was in between"
    assert subject.take(("a1", 3660, 90)) == [("a1", 3660, 1, "crossed")]


def test_a_late_sample_when_it_shows_the_hold_was_interrupted_then_it_begins_anew(court: Any) -> None:
    subject = court(court.rule(warning=80, **{"for": "1m"}))
    subject.take(("a1", 0, 90), ("a1", 45, 90))
    assert subject.take(("a1", 30, 10), arrived=46) == []
    assert subject.take(("a1", 60, 90)) == [], "it was not above for a minute"
    assert subject.take(("a1", 105, 90)) == [("a1", 105, 1, "crossed")]


@pytest.mark.parametrize(("value", "fires"), [(float("nan"), False), (float("inf"), True), (float("-inf"), False)])
def test_what_is_no_plain_number_when_it_comes(court: Any, value: float, fires: bool) -> None:
    subject = court(court.rule(warning=80))
    assert bool(subject.take(("a1", 0, value))) is fires
    assert subject.judge.not_judged == ({"nan": 1} if value != value else {})


def test_a_clock_far_ahead_when_it_sends_then_does_not_make_the_truth_late(court: Any) -> None:
    subject = court(court.rule(warning=80))
    assert subject.take(("a1", 90_000, 99), arrived=0) == []
    assert subject.take(("a1", 15, 90)) == [("a1", 15, 1, "crossed")]
    assert subject.judge.not_judged == {"ahead": 1}


@pytest.mark.parametrize(("op", "at", "beside"), [("eq", 5, 6), ("ne", 6, 5)])
def test_a_value_when_it_is_or_is_not_the_level(court: Any, op: str, at: float, beside: float) -> None:
    subject = court(court.rule(op=op, critical=5))
    assert subject.take(("a1", 0, beside)) == []
    assert subject.take(("a1", 1, at)) == [("a1", 1, 2, "crossed")]
    assert subject.take(("a1", 2, beside)) == [("a1", 2, 0, "recovered")]


def test_what_is_no_series_or_of_no_time_when_it_comes_then_the_rest_is_judged(court: Any) -> None:
    subject = court(court.rule(warning=80))
    moment = 1_790_000_000_000
    names = ["", 'cpu{host="a1"', "cpu{", 'cpu{host="old"}', 'cpu{host="a1"}']
    times = np.array([moment, moment, moment, -(2**62), moment])
    batch = Batch(names, np.ones(5, np.int64), times, np.full(5, 90.0))
    found = subject.judge.take(batch, moment)
    assert [each.labels for each in found] == [{"host": "a1"}]
