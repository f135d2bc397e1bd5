"""How a rule stands, as people are told."""

from datetime import UTC, datetime
from typing import Any

from monitors_contracts.rules import SeriesCondition
from monitors_evaluator.domain.rules.standing import of_rule

BEGIN = 1_790_000_000


def test_series_that_fell_silent_are_counted_and_stay_as_they_were(court: Any) -> None:
    rule = court.rule(warning=80, stale_after=60)
    judged = court(rule)
    judged.take(("a", 0, 90), ("b", 0, 10))
    judged.take(("b", 100, 10))
    state = of_rule(judged.judge, rule.id, (BEGIN + 110) * 1000, 1, datetime.now(UTC))
    assert state.counts == {SeriesCondition.FIRING: 1, SeriesCondition.OK: 1}
    assert state.silent == 1
    [shown] = state.series
    assert (shown.labels["host"], shown.condition, shown.data) == ("a", SeriesCondition.FIRING, "series-gone")


def test_a_rule_that_nobody_judges_stands_for_nothing(court: Any) -> None:
    state = of_rule(court().judge, court.rule(warning=80).id, BEGIN * 1000, 10, datetime.now(UTC))
    assert (state.counts, state.silent, state.series) == ({}, 0, [])
