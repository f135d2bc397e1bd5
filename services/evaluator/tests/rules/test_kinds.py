"""Each kind of rule, and rules that come and go."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.metrics import MetricGraph, MetricLine
from monitors_evaluator.domain.rules.keeping import keep, restore
from monitors_evaluator.domain.rules.past import past_of


def series(
    value: float, begin: float, end: float, step: float = 15, host: str = "a1"
) -> list[tuple[str, float, float]]:
    return [(host, begin + n * step, value) for n in range(int((end - begin) / step))]


def test_a_window_when_its_average_crosses_then_fires_and_one_outlier_does_not(court: Any) -> None:
    subject = court(court.rule(kind="window", window="5m", function="avg", warning=80))
    assert subject.take(*series(50, 0, 300), ("a1", 300, 400)) == []
    [(_, at, level, _)] = subject.take(*series(100, 315, 600))
    assert (at, level) == (390, 1), "14 of 50, one of 400, 6 of 100"


def test_a_sum_or_count_when_the_window_is_not_full_then_says_nothing(court: Any) -> None:
    subject = court(court.rule(kind="window", window="5m", function="count", op="lt", warning=10))
    assert subject.take(*series(1, 0, 290)) == []
    assert subject.take(("a1", 900, 1), ("a1", 915, 1)) == [("a1", 900, 1, "crossed")]


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=60))
def test_the_lowest_and_highest_when_in_a_window_then_are_those_of_its_samples(court: Any, values: list[float]) -> None:
    lowest = court(court.rule(kind="window", window="1h", function="min", op="lt", warning=-50))
    highest = court(court.rule(kind="window", window="1h", function="max", warning=50))
    points = [("a1", 15.0 * n, value) for n, value in enumerate(values)]
    assert bool(lowest.take(*points)) == any(value < -50 for value in values)
    assert bool(highest.take(*points)) == any(value > 50 for value in values)


def test_a_counter_when_it_begins_anew_then_its_rate_goes_on(court: Any) -> None:
    subject = court(court.rule(kind="rate", window="5m", function="rate", warning=11, op="gt"))
    climbing = [("a1", 15.0 * n, 150.0 * n) for n in range(40)]  # 10 a second
    assert subject.take(*climbing) == []
    anew = [("a1", 600 + 15.0 * n, 150.0 * n) for n in range(20)]
    assert subject.take(*anew) == []
    [fired] = subject.take(*(("a1", 900 + 15.0 * n, 3000 + 300.0 * n) for n in range(20)))
    assert fired[2] == 1


def test_a_gauge_when_it_falls_then_its_change_is_negative(court: Any) -> None:
    subject = court(court.rule(kind="rate", window="5m", function="delta", op="lt", warning=-1))
    assert subject.take(*(("a1", 15.0 * n, 1000 - 10.0 * n) for n in range(20))) == []
    [fired] = subject.take(*(("a1", 300 + 15.0 * n, 800 - 100.0 * n) for n in range(20)))
    assert fired[2] == 1


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 5), st.integers(0, 4))
def test_n_of_m_when_as_many_of_the_last_cross_then_fires(court: Any, highs: list[bool], n: int, more: int) -> None:
    m = n + more
    subject = court(court.rule(kind="nOfM", n=n, m=m, warning=80))
    found = subject.take(*(("a1", 15.0 * k, 90 if high else 10) for k, high in enumerate(highs)))
    firing, expected = False, []
    for k in range(len(highs)):
        enough = sum(highs[max(0, k - m + 1) : k + 1]) >= n
        if enough != firing:
            expected.append((15.0 * k, int(enough)))
            firing = enough
    assert [(at, level) for _, at, level, _ in found] == expected


def test_a_group_when_its_series_together_cross_then_fires_once(court: Any) -> None:
    subject = court(court.rule(by=["zone"], across="sum", warning=100))
    assert subject.take(("a1", 0, 60), ("a2", 0, 30), ("b1", 0, 99)) == []
    assert subject.take(("a1", 15, 60), ("a2", 15, 45)) == [("a", 15, 1, "crossed")]
    assert subject.take(("a2", 30, 10)) == [("a", 30, 0, "recovered")], "a1's last value still counts"
    assert subject.take(("a2", 400, 99)) == [], "and is stale after five minutes"


def test_a_group_of_all_when_averaged(court: Any) -> None:
    subject = court(court.rule(by=[], across="avg", op="lt", critical=50))
    assert subject.take(("a1", 0, 90), ("b1", 0, 20)) == []
    assert subject.take(("a1", 15, 70), ("b1", 15, 20)) == [("", 15, 2, "crossed")]


def test_a_series_when_it_is_silent_alone_then_is_gone_and_comes_back(court: Any) -> None:
    subject = court(court.rule(kind="absence", **{"for": "5m"}))
    subject.take(("a1", 0, 1), ("a2", 0, 1))
    subject.take(("a2", 200, 1))
    assert subject.tick(299) == []
    assert subject.tick(301) == [("a1", 301, 1, "series-gone")]
    assert subject.tick(302) == [], "told once"
    assert subject.take(("a1", 250, 1), arrived=310) == [("a1", 301, 0, "back")], "never before it fired"


def test_a_sender_when_all_of_it_is_silent_then_it_is_down(court: Any) -> None:
    subject = court(court.rule(kind="absence", **{"for": "5m"}))
    subject.take(("a1", 0, 1), source="one")
    subject.take(("b1", 300, 1), source="two")
    assert subject.tick(301) == [("a1", 301, 1, "collector-down")]


def test_silence_when_nothing_could_come_in_then_does_not_count(court: Any) -> None:
    subject = court(court.rule(kind="absence", **{"for": "5m"}))
    subject.take(("a1", 0, 1))
    assert subject.tick(3600, taking_since=3500) == []
    assert subject.tick(3801, taking_since=3500) == [("a1", 3801, 1, "collector-down")]


def test_late_data_when_it_still_arrives_then_is_not_absence(court: Any) -> None:
    subject = court(court.rule(kind="absence", **{"for": "5m"}))
    subject.take(("a1", 0, 1), arrived=1000)
    assert subject.tick(1200) == []
    assert subject.judge.silent_because(0, (1_790_000_000 + 1200) * 1000) == "late-data"


def test_all_of_them_when_none_ever_came_then_absent_since_the_rule(court: Any) -> None:
    subject = court(court.rule(kind="absence", by=[], severity="critical", **{"for": "5m"}))
    assert subject.tick(299) == []
    assert subject.tick(300) == [("", 300, 1, "never-seen")]
    assert subject.take(("a1", 310, 1)) == [("", 310, 0, "back")]
    subject.take(("b1", 500, 1))
    assert subject.tick(700) == [], "one of them is enough"


def test_rules_together_when_all_or_any_fire(court: Any) -> None:
    busy, gone = court.rule(warning=80), court.rule(kind="absence", **{"for": "5m"})
    both = court.rule(kind="composite", operator="and", rules=[busy.id, gone.id], by=["zone"])
    either = court.rule(kind="composite", operator="or", rules=[busy.id, gone.id])
    subject = court(busy, gone, both, either)
    found = subject.take(("a1", 0, 90), ("a2", 0, 10), ("b1", 0, 10))
    assert sorted(found) == [("", 0, 1, "crossed"), ("a1", 0, 1, "crossed")]
    subject.take(("a1", 250, 90), ("b1", 250, 10))
    found = subject.tick(400)
    assert ("a2", 400, 1, "series-gone") in found
    assert ("a", 400, 1, "crossed") in found, "a1 is busy and a2 gone, both in zone a"
    assert len(found) == 2
    assert sorted(subject.take(("a2", 410, 10))) == [("a", 410, 0, "recovered"), ("a2", 410, 0, "back")]
    assert sorted(subject.put(gone=[busy], at=420)) == [("", 420, 0, "recovered"), ("a1", 420, 0, "rule-deleted")]


def test_a_rule_when_it_says_something_else_then_goes_on_and_when_it_judges_otherwise_begins_anew(court: Any) -> None:
    rule = court.rule(warning=80)
    subject = court(rule, court.rule(kind="window", window="5m", warning=1000))
    subject.take(("a1", 0, 90))
    said = court.rule(rule.id, 2, warning=80, annotations={"summary": "Busy!"}, severity="info")
    assert subject.put(said) == []
    stricter = court.rule(rule.id, 3, warning=95)
    assert subject.put(stricter, at=5) == [("a1", 5, 0, "rule-changed")]
    assert subject.put(rule, at=6) == [], "an older version changes nothing"
    assert subject.take(("a1", 15, 99)) == [("a1", 15, 1, "crossed")]
    paused = court.rule(rule.id, 4, warning=95, isActive=False)
    assert subject.put(paused, at=20) == [("a1", 20, 0, "rule-paused")]
    assert subject.take(("a1", 30, 99)) == []
    assert subject.put(court.rule(rule.id, 5, warning=95), at=31) == []
    assert subject.take(("a1", 45, 99)) == [("a1", 45, 1, "crossed")]


def test_series_when_rules_select_them_then_only_those_are_judged(court: Any) -> None:
    subject = court(
        court.rule(name="exact", warning=0, matchers=[{"label": "host", "value": "a1"}]),
        court.rule(name="pattern", warning=0, matchers=[{"label": "zone", "op": "=~", "value": "b|c"}]),
        court.rule(
            name="not", warning=0, matchers=[{"label": "host", "op": "!=", "value": "a1"}, {"label": "x", "value": ""}]
        ),
        court.rule(name="other", metric="memory", warning=0),
    )
    found = subject.take(("a1", 0, 1), ("b1", 0, 1))
    assert sorted(found) == [("a1", 0, 1, "crossed"), ("b1", 0, 1, "crossed"), ("b1", 0, 1, "crossed")]
    added = court.rule(name="later", warning=0, matchers=[{"label": "host", "value": "b1"}])
    subject.put(added)
    assert subject.take(("b1", 15, 1)) == [("b1", 15, 1, "crossed")], "a rule finds the series that are known already"


def test_what_was_kept_when_read_back_then_says_the_same_of_every_kind(court: Any) -> None:
    busy = court.rule(warning=80)
    rules = [
        busy,
        court.rule(kind="window", window="5m", warning=80),
        court.rule(kind="nOfM", n=2, m=3, warning=80),
        court.rule(by=["zone"], warning=100),
        court.rule(kind="absence", **{"for": "5m"}),
        court.rule(kind="composite", operator="or", rules=[busy.id]),
    ]
    whole, first = court(*rules), court(*rules)
    before = [("a1", 0.0, 50.0), ("a2", 0.0, 95.0), ("b1", 0.0, 10.0)]
    after = [("a1", 60.0, 99.0), ("a2", 60.0, 70.0)]
    assert first.take(*before) == whole.take(*before)
    kept = keep(first.judge)
    assert kept.names is not None
    second = court(judge=restore(kept.names, kept.numbers))
    assert second.take(*after) == whole.take(*after)
    assert second.tick(400) == whole.tick(400)


def test_a_value_when_it_is_far_from_what_it_was_then_fires_and_an_unknown_past_decides_nothing(court: Any) -> None:
    rule = court.rule(kind="ratio", window="1m", offset="1d", op="gt", warning=2)
    subject = court(rule)
    assert subject.take(("a1", 0, 100)) == []
    assert subject.judge.not_judged == {"no-past": 1}
    begin = (1_790_000_000 - 86_400) * 1000
    graph = MetricGraph(
        step_seconds=60,
        resolution="raw",
        times=[begin + minute * 60_000 for minute in range(10)],
        series=[MetricLine(name="cpu", labels={"host": "a1", "zone": "a"}, values=[10.0] * 10)],
    )
    subject.judge.pasts[rule.id] = past_of(rule.spec, [graph], begin, begin + 600_000)
    assert subject.take(("a1", 65, 19), ("a2", 65, 99)) == []
    [(_, at, level, _)] = subject.take(("a1", 130, 21))
    assert (at, level) == (130, 1)
    assert subject.take(("a1", 5000, 1)) == [], "what it was then is not known: it goes on firing"


def test_series_when_long_unheard_of_then_are_forgotten_unless_they_fire(court: Any) -> None:
    rules = [
        court.rule(warning=80),
        court.rule(by=["zone"], warning=500),
        court.rule(kind="window", window="5m", warning=80),
    ]
    subject = court(*rules, court.rule(kind="absence", by=[], **{"for": "1d"}))
    subject.take(("a1", 0, 10), ("a2", 0, 90), ("b1", 0, 10))
    subject.take(("a1", 90_000, 10))
    before = [key for _, key in subject.judge.roster.keys]
    forgotten = subject.judge.forget((1_790_000_000 + 50_000) * 1000)
    assert forgotten == 3, "b1 twice, and its group"
    after = [key for _, key in subject.judge.roster.keys]
    assert len(before) - len(after) == 3
    assert subject.take(("a2", 90_015, 10)) == [("a2", 90_015, 0, "recovered")] * 2, "what fires is remembered"
    assert subject.take(("b1", 90_030, 90)) == [("b1", 90_030, 1, "crossed")] * 2
