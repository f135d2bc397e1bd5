"""Why nothing comes, told apart: a series, its sender, our own gateway, or data that is late. Silence ends nothing."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.rules import SeriesCondition
from monitors_evaluator.domain.rules.batches import Batch
from monitors_evaluator.domain.rules.crossings import crossing, fingerprint, summary
from monitors_evaluator.domain.rules.keeping import keep, restore
from monitors_evaluator.domain.rules.standing import of_rule

BEGIN = 1_790_000_000
GONE: dict[str, Any] = {"kind": "absence", "for": "5m"}
HOSTS = ("a1", "a2", "a3")


def ms(at: float) -> int:
    return round((BEGIN + at) * 1000)


def all_of(at: float, *hosts: str) -> list[tuple[str, float, float]]:
    return [(host, at, 1.0) for host in hosts or HOSTS]


def test_a_sender_when_it_falls_silent_then_is_one_alert_that_says_of_how_many_series(court: Any) -> None:
    rule = court.rule(**GONE, annotations={"summary": "{{ labels.host }} is silent"}, labels={"team": "x"})
    judge = court(rule).judge
    subject = court(judge=judge)
    subject.take(*all_of(0), source="agent-7")
    subject.take(("b1", 290, 1), source="other")
    [told] = judge.tick(ms(301), ms(0))
    assert (told.level, told.reason, told.value) == (1, "collector-down", 3)
    assert told.labels == {"source": "agent-7", "zone": "a"}, "with the labels that all of its series have"
    event = crossing(told)
    assert event.labels == {"source": "agent-7", "zone": "a", "team": "x"}
    assert event.summary == "Busy (source=agent-7, zone=a): nothing comes from its sender any more: 3 series are silent"
    state = of_rule(judge, rule.id, ms(302), 10, datetime.now(UTC))
    assert state.counts == {SeriesCondition.FIRING: 3, SeriesCondition.OK: 1}, "each of them is absent"
    assert judge.tick(ms(302), ms(0)) == []

    [back] = judge.take(_of([("a1", 400, 1)], "agent-7"), ms(400))
    assert (back.level, back.reason, back.labels) == (0, "back", told.labels)
    assert fingerprint(back) == fingerprint(told)
    assert summary(back).endswith("it is heard of again")
    subject.take(("b1", 600, 1), source="other")
    assert judge.tick(ms(699), ms(0)) == [], "the others have as long as ever to come"
    found = subject.take(("a1", 699.5, 1), source="agent-7") + subject.tick(701)
    assert found == [("a2", 701, 1, "series-gone"), ("a3", 701, 1, "series-gone")]


def test_a_sender_when_heard_of_by_something_else_then_is_no_longer_down(court: Any) -> None:
    subject = court(court.rule(**GONE))
    subject.take(*all_of(0), source="agent")
    assert [each[3] for each in subject.tick(301)] == ["collector-down"]
    other = _of([("a1", 400, 1)], "agent", "memory")
    [back] = subject.judge.take(other, ms(400))
    assert back.labels["source"] == "agent"
    assert subject.tick(699) == []
    assert len(subject.tick(701)) == 1, "it fell silent again, and its series with it"


def test_series_when_another_sender_takes_over_then_nothing_is_absent_any_more(court: Any) -> None:
    subject = court(court.rule(**GONE))
    subject.take(*all_of(0), source="one")
    [_] = subject.tick(301)
    assert subject.take(*all_of(310, "a1", "a2"), source="two") == [], "a3 is still missed"
    [(_, at, level, reason)] = subject.take(*all_of(320, "a3"), source="two")
    assert (at, level, reason) == (320, 0, "back")
    assert subject.tick(321) == []


def test_one_series_of_a_sender_when_both_fall_silent_then_is_told_as_itself(court: Any) -> None:
    subject = court(court.rule(**GONE))
    subject.take(("a1", 0, 1), source="agent")
    assert subject.tick(301) == [("a1", 301, 1, "collector-down")]
    assert subject.take(("a1", 310, 1), source="agent") == [("a1", 310, 0, "back")]


def test_series_when_they_came_last_one_after_the_other_then_none_is_taken_for_gone_alone(court: Any) -> None:
    """A sender's messages carry some of its series each: the first to be due is no series that is gone."""
    subject = court(court.rule(**GONE))
    for number, host in enumerate(HOSTS):
        subject.take((host, 5.0 * number, 1), source="agent")
    assert [subject.tick(at) for at in (301, 306, 309)] == [[], [], []]
    assert len(subject.tick(311)) == 1


def test_a_series_when_its_sender_sends_seldom_then_is_gone_once_that_is_heard_of(court: Any) -> None:
    subject = court(court.rule(**GONE))
    subject.take(*all_of(0), source="agent")
    subject.take(*all_of(120, "a1", "a2"), source="agent")
    assert subject.tick(310) == [], "nobody knows yet whether its sender is down as well"
    subject.take(*all_of(320, "a1", "a2"), source="agent")
    assert subject.tick(321) == [("a3", 321, 1, "series-gone")]


def test_senders_without_a_name_when_silent_then_each_series_is_told(court: Any) -> None:
    subject = court(court.rule(**GONE))
    subject.take(*all_of(0), source="")
    assert [each[0] for each in subject.tick(301)] == list(HOSTS)


def test_groups_of_a_silent_sender_when_absent_then_are_one_alert_as_well(court: Any) -> None:
    subject = court(court.rule(**GONE, by=["host"]))
    subject.take(*all_of(0), source="agent")
    [told] = subject.judge.tick(ms(301), ms(0))
    assert (told.labels, told.value) == ({"source": "agent"}, 3)


def test_rules_of_a_silent_senders_series_when_together_then_know_each_of_them(court: Any) -> None:
    busy, gone = court.rule(warning=80), court.rule(**GONE)
    both = court.rule(kind="composite", operator="and", rules=[busy.id, gone.id], by=["host"])
    subject = court(busy, gone, both)
    subject.take(("a1", 0, 90), ("a2", 0, 10), source="agent")
    found = subject.tick(301)
    assert ("a1", 301, 1, "crossed") in found
    assert len(found) == 2
    found = subject.take(("a1", 310, 90), source="agent")
    assert sorted(each[3] for each in found) == ["back", "recovered"]


@pytest.mark.parametrize("changed", [{"isActive": False}, {"for": "1m"}, None])
def test_a_rule_when_changed_or_deleted_while_a_sender_is_down_then_one_alert_ends(court: Any, changed: Any) -> None:
    rule = court.rule(**GONE)
    subject = court(rule)
    subject.take(*all_of(0), source="agent")
    [fired] = subject.judge.tick(ms(301), ms(0))
    if changed is None:
        [ended] = subject.judge.put([], [rule], ms(302))
    else:
        [ended] = subject.judge.put([court.rule(rule.id, 2, **(GONE | changed))], [], ms(302))
    assert (ended.level, fingerprint(ended)) == (0, fingerprint(fired))


def test_a_gateway_that_was_away_when_it_is_back_then_silence_counts_from_then_on(court: Any) -> None:
    rule = court.rule(**GONE)
    subject = court(rule)
    subject.take(*all_of(0), source="agent")
    assert subject.tick(3600, taking_since=3500) == []
    state = of_rule(subject.judge, rule.id, ms(3600), 10, datetime.now(UTC), silence_is_ours=True)
    assert {each.data for each in state.series} == {"gateway-down"}
    assert {each.condition for each in state.series} == {SeriesCondition.OK}
    assert len(subject.tick(3801, taking_since=3500)) == 1


def test_why_data_does_not_flow_when_asked_then_is_one_of_four(court: Any) -> None:
    rule = court.rule(warning=80, stale_after=60)
    subject = court(rule)
    subject.take(("a1", 0, 90), ("a2", 0, 90), source="one")
    subject.take(("b1", 0, 90), source="two")
    subject.take(("a2", 100, 90), source="one")
    subject.take(("c1", 0, 90), arrived=100, source="three")

    def data(**more: Any) -> dict[str, str]:
        state = of_rule(subject.judge, rule.id, ms(110), 10, datetime.now(UTC), **more)
        assert {each.condition for each in state.series} == {SeriesCondition.FIRING}, "silence ends nothing"
        return {each.labels["host"]: each.data for each in state.series}

    assert data() == {"a1": "series-gone", "a2": "flowing", "b1": "collector-down", "c1": "late-data"}
    ours = data(silence_is_ours=True)
    assert ours == {"a1": "gateway-down", "a2": "flowing", "b1": "gateway-down", "c1": "late-data"}


kinds: list[dict[str, Any]] = [
    {"warning": 60},
    {"warning": 60, "by": ["zone"], "across": "max"},
    {"kind": "window", "window": "1m", "warning": 60},
    {"kind": "rate", "function": "delta", "window": "1m", "warning": 0.5},
    {"kind": "nOfM", "n": 2, "m": 3, "warning": 60},
]


@pytest.mark.parametrize("fields", kinds)
@given(st.lists(st.integers(1, 100), min_size=1, max_size=8), st.integers(1, 10**6))
def test_what_fires_when_nothing_comes_then_goes_on_however_long(
    court: Any, fields: dict[str, Any], values: list[int], silence: int
) -> None:
    subject = court(court.rule(**fields))
    for number, value in enumerate(values):
        subject.take(("a1", 15.0 * number, value))
    levels = subject.judge.roster.cells["level"].tolist()
    for part in (0.1, 0.5, 1):
        assert subject.tick(15 * len(values) + silence * part) == []
    assert subject.judge.roster.cells["level"].tolist() == levels


@given(
    st.lists(
        st.tuples(st.sampled_from(["one", "two"]), st.sets(st.sampled_from(HOSTS)), st.integers(1, 400)), max_size=12
    ),
    st.integers(0, 12),
)
def test_absences_when_followed_then_each_begins_and_ends_once_and_handing_over_changes_nothing(
    court: Any, messages: list[tuple[str, set[str], int]], handed_over_after: int
) -> None:
    rule = court.rule(**GONE)
    whole, handed = court(rule), court(rule)
    firing: set[str] = set()
    now = 0.0
    for number, (source, hosts, pause) in enumerate(messages):
        if number == handed_over_after:
            kept = keep(handed.judge)
            assert kept.names is not None
            handed = court(judge=restore(kept.names, kept.numbers))
        points = [(host, now, 1.0) for host in sorted(hosts)]
        found = whole.judge.take(_of(points, source), ms(now)) + whole.judge.tick(ms(now + pause), ms(0))
        same = handed.judge.take(_of(points, source), ms(now)) + handed.judge.tick(ms(now + pause), ms(0))
        assert same == found
        for each in found:
            assert (fingerprint(each) in firing) == (each.level == 0)
            (firing.add if each.level else firing.remove)(fingerprint(each))
        now += pause
    absent = whole.judge.roster.cells["level"][: len(whole.judge.roster.keys)].any()
    assert bool(firing) == bool(absent)


def _of(points: list[tuple[str, float, float]], source: str, metric: str = "cpu") -> Batch:
    return Batch(
        [f'{metric}{{host="{host}",zone="{host[0]}"}}' for host, _, _ in points],
        np.ones(len(points), np.int64),
        np.array([ms(at) for _, at, _ in points], np.int64),
        np.array([value for _, _, value in points], np.float64),
        source,
    )
