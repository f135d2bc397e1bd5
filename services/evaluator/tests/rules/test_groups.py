"""Series put together by labels, for every kind that has levels: against what the words say."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.metrics import MetricGraph, MetricLine
from monitors_contracts.rules import RatioRule
from monitors_evaluator.domain.rules.crossings import condition
from monitors_evaluator.domain.rules.keeping import keep, restore
from monitors_evaluator.domain.rules.past import past_of

ACROSS = {"sum": sum, "min": min, "max": max, "count": len, "avg": lambda values: sum(values) / len(values)}
rounds = st.lists(st.tuples(*[st.floats(0, 100)] * 3), min_size=1, max_size=12)
"""Values of `a1`, `a2` and `b1` at times that all of them have."""


def told(rounds: list[tuple[float, ...]], step: float = 15) -> list[list[tuple[str, float, float]]]:
    return [list(zip(("a1", "a2", "b1"), (step * n,) * 3, values, strict=True)) for n, values in enumerate(rounds)]


@given(rounds, st.sampled_from(sorted(ACROSS)), st.integers(1, 3), st.integers(0, 3))
def test_n_of_m_of_a_group_when_judged_then_as_of_one_series_with_the_groups_values(
    court: Any, rounds: list[tuple[float, ...]], across: str, n: int, more: int
) -> None:
    levels: dict[str, Any] = {"warning": 60, "kind": "nOfM", "n": n, "m": n + more}
    grouped, alone = court(court.rule(**levels, by=["zone"], across=across)), court(court.rule(**levels))
    for number, message in enumerate(told(rounds)):
        values = {"a": rounds[number][:2], "b": rounds[number][2:]}
        one = [(zone, 15.0 * number, float(ACROSS[across](each))) for zone, each in values.items()]
        assert sorted(grouped.take(*message)) == sorted(alone.take(*one))


@given(rounds, st.sampled_from(sorted(ACROSS)), st.sampled_from(["avg", "min", "max"]))
def test_windows_of_a_group_when_judged_then_what_each_series_comes_to_is_put_together(
    court: Any, rounds: list[tuple[float, ...]], across: str, function: str
) -> None:
    window: dict[str, Any] = {"kind": "window", "window": "10m", "function": function}
    grouped = court(court.rule(**window, warning=60, by=["zone"], across=across))
    level = 0
    for number, message in enumerate(told(rounds)):
        so_far = [[each[series] for each in rounds[: number + 1]] for series in (0, 1)]
        value = ACROSS[across]([ACROSS[function](values) for values in so_far])
        if abs(value - 60) < 1e-6:
            return  # rounding decides
        found = [each for each in grouped.take(*message) if each[0] == "a"]
        assert [each[2] for each in found] == ([int(value > 60)] if (value > 60) != bool(level) else [])
        level = int(value > 60)


def test_counters_of_a_group_when_one_begins_anew_then_their_rates_add_up(court: Any) -> None:
    subject = court(court.rule(kind="rate", window="5m", by=["zone"], across="sum", warning=25))
    for n in range(40):  # 10 a second each; a2 begins anew after twenty
        assert subject.take(("a1", 15.0 * n, 150.0 * n), ("a2", 15.0 * n, 150.0 * (n % 20))) == []
    [(zone, _, level, _)] = subject.take(*(("a1", 600 + 15.0 * n, 6000 + 600.0 * n) for n in range(20)))
    assert (zone, level) == ("a", 1)


def test_a_series_of_a_group_when_its_window_says_nothing_yet_then_is_not_counted(court: Any) -> None:
    subject = court(court.rule(kind="rate", window="5m", by=[], across="count", op="ge", warning=2))
    assert subject.take(("a1", 0, 1), ("a2", 0, 1)) == [], "of one sample nobody knows a rate"
    assert subject.take(("a1", 15, 2)) == []
    assert subject.take(("a2", 30, 2)) == [("", 30, 1, "crossed")]


def test_a_group_when_compared_with_before_then_with_all_series_that_it_had_then(court: Any) -> None:
    rule = court.rule(kind="ratio", window="1m", offset="1d", by=["zone"], across="sum", warning=2)
    subject = court(rule)
    begin = (1_790_000_000 - 86_400) * 1000
    lines = [
        MetricLine(name="cpu", labels={"host": host, "zone": "a"}, values=[10.0] * 10) for host in ("old1", "old2")
    ]
    times = [begin + minute * 60_000 for minute in range(10)]
    graph = MetricGraph(step_seconds=60, resolution="raw", times=times, series=lines)
    assert isinstance(rule.spec, RatioRule)
    subject.judge.pasts[rule.id] = past_of(rule.spec, [graph], begin, begin + 600_000)
    assert subject.take(("a1", 65, 39)) == [], "39 against twice 10"
    assert subject.take(("a2", 66, 5)) == [("a", 66, 1, "crossed")]
    assert subject.take(("b1", 66, 500)) == [], "nothing is known of b"


def test_the_past_when_its_window_ends_at_a_moment_then_nothing_later_counts(court: Any) -> None:
    rule = court.rule(kind="ratio", window="10m", offset="1d", warning=2)
    begin = 1_790_000_000_000
    values: list[float | None] = [float(minute) for minute in range(60)]
    graph = MetricGraph(
        step_seconds=60,
        resolution="raw",
        times=[begin + 60_000 * minute for minute in range(60)],
        series=[MetricLine(name="cpu", labels={"host": "a"}, values=values)],
    )
    past = past_of(rule.spec, [graph], begin, begin + 3_600_000)
    [at_half] = past.at(['cpu{host="a"}'], np.array([begin + 30 * 60_000], np.int64))
    assert at_half == sum(range(20, 30)) / 10
    assert past.covers(begin + 600_000, begin + 3_600_000)
    assert not past.covers(begin + 599_000, begin + 600_000)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "window", "window": "5m", "warning": 50},
        {"kind": "rate", "function": "delta", "window": "5m", "warning": 0.5},
        {"kind": "nOfM", "n": 2, "m": 3, "warning": 50},
        {"warning": 50},
    ],
)
@given(rounds)
def test_a_group_when_kept_and_read_back_in_between_then_goes_on_the_same(
    court: Any, fields: dict[str, Any], rounds: list[tuple[float, ...]]
) -> None:
    rules = [court.rule(**fields, by=["zone"], across="max"), court.rule(**fields)]
    other = court.rule(kind="window", window="1m", by=["zone"], warning=1)
    whole, handed = court(other, *rules), court(other, *rules)
    for number, message in enumerate(told(rounds)):
        if number == len(rounds) // 2:
            kept = keep(handed.judge)
            assert kept.names is not None
            handed = court(judge=restore(kept.names, kept.numbers))
            for each in (whole, handed):
                each.put(gone=[other], at=15 * number)
        assert handed.take(*message) == whole.take(*message)


def test_groups_when_told_of_then_the_condition_names_them(court: Any) -> None:
    by: dict[str, Any] = {"by": ["zone"], "across": "max", "warning": 5, "window": "5m"}
    conditions = [
        condition(court.rule(**fields), 1)
        for fields in (
            {"kind": "rate", **by},
            {"kind": "ratio", **by},
            {"kind": "nOfM", "n": 2, "m": 3, "by": [], "warning": 5},
        )
    ]
    assert conditions == [
        "max by (zone) (rate(cpu[5m])) > 5",
        "max by (zone) (cpu) against 1d before > 5",
        "2 of 3 sum (cpu) > 5",
    ]


@given(st.lists(st.tuples(st.sampled_from(["a1", "a2", "b1"]), st.integers(0, 30), st.floats(0, 100)), max_size=40))
def test_groups_when_all_comes_in_one_message_then_as_in_many(court: Any, points: list[tuple[str, int, float]]) -> None:
    for fields in ({"warning": 90}, {"kind": "window", "window": "1m", "warning": 50}):
        rule = court.rule(**fields, by=["zone"], across="sum")
        at_once, apart = court(rule), court(rule)
        unique = {(host, at): (host, 15.0 * at, value) for host, at, value in points}
        moments = sorted({at for _, at in unique})
        found = at_once.take(*unique.values(), arrived=600)
        expected = [
            each
            for moment in moments
            for each in apart.take(*(point for (_, at), point in unique.items() if at == moment), arrived=600)
        ]
        assert found == expected


def test_a_message_of_very_many_times_when_judged_then_groups_are_at_some_and_each_sample_is_in_its_window(
    court: Any,
) -> None:
    subject = court(court.rule(kind="window", window="2h", function="count", op="ge", by=[], warning=1200))
    points = [("a1", 3.0 * number, 1.0) for number in range(2400)]
    [(_, at, level, _)] = subject.take(*points, arrived=7200)
    assert level == 1
    assert at >= 7200 * 29 / 30 - 15, "counts are of whole windows"
    assert subject.judge.not_judged == {}
