"""A graph is what a plain loop over the samples says it is, whatever it is made of."""

import itertools
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitors_contracts.base import new_id
from monitors_contracts.metrics import MetricBatchCollected, QueryMetrics
from monitors_metrics.domain import graph
from monitors_metrics.domain.samples import HOUR, MINUTE, STALE
from monitors_metrics.domain.selectors import InvalidQuery
from monitors_metrics.store import closing
from monitors_runtime.errors import ProblemError

Make = Callable[..., MetricBatchCollected]
Pairs = list[tuple[int, float]]
FUNCTIONS = ("avg", "min", "max", "sum", "count", "last", "rate", "increase", "percentile")


def naive(series: list[Pairs], grid: graph.Grid, function: str, percentile: float = 95) -> list[float | None]:
    """One line of all series."""
    line: list[float | None] = []
    for number in range(grid.steps):
        begin, end = grid.first + number * grid.step, grid.first + (number + 1) * grid.step
        inside = [[(at, value) for at, value in pairs if begin <= at < end] for pairs in series]
        present = [pairs for pairs in inside if pairs]
        values = [value for pairs in present for _, value in pairs]
        if not values:
            line.append(None)
            continue
        grown = sum(_grown(pairs, begin, end) for pairs in series)
        line.append(
            {
                "avg": sum(values) / len(values),
                "min": min(values),
                "max": max(values),
                "sum": sum(values),
                "count": float(len(values)),
                "last": sum(pairs[-1][1] for pairs in present) / len(present),
                "increase": grown,
                "rate": grown / (grid.step / 1000),
                "percentile": float(np.percentile(values, percentile)),
            }[function]
        )
    return line


def _grown(pairs: Pairs, begin: int, end: int) -> float:
    """What a counter grew by, from the sample before the step on."""
    total = 0.0
    for (_, before), (at, value) in itertools.pairwise(pairs):
        if begin <= at < end:
            total += value - before if value >= before else value
    return total


@st.composite
def _series(draw: st.DrawFn) -> list[Pairs]:
    gaps = st.lists(st.sampled_from([1000, 15_000, MINUTE, 10 * MINUTE]), min_size=1, max_size=25)
    values = st.integers(0, 400).map(lambda n: n / 4)
    every: list[Pairs] = []
    for _ in range(draw(st.integers(1, 3))):
        times = np.cumsum(draw(gaps)) - 30 * MINUTE
        every.append([(int(time), draw(values)) for time in times])
    return every


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(series=_series(), step=st.sampled_from([15, 60, 300, 3600, 7200]), closed=st.booleans())
async def test_a_graph_is_what_a_plain_loop_says(
    metrics: Any, batch: Make, series: list[Pairs], step: int, closed: bool
) -> None:
    metrics.organization = new_id()
    series = [[(metrics.start + at, value) for at, value in pairs] for pairs in series]
    await metrics.take(
        batch(metrics.organization, {f'm{{i="{number}",g="x"}}': pairs for number, pairs in enumerate(series)})
    )
    if closed:
        await closing.close_hours(metrics.pool, metrics.hour + timedelta(hours=9), timedelta(0))
    since, until = metrics.hour - timedelta(hours=1), metrics.hour + timedelta(hours=4)
    grid = graph.grid_of(int(since.timestamp()) * 1000, int(until.timestamp()) * 1000, step * 1000)
    for function in FUNCTIONS:
        asked: Any = {"organization_id": metrics.organization, "selector": "m", "function": function, "percentile": 70}
        query = QueryMetrics(**asked, since=since, until=until, step_seconds=step, by=["g"])
        reply = await metrics.queries.query_metrics(query)
        [line] = reply.series
        assert (line.name, line.labels) == ("m", {"g": "x"})
        assert reply.times == grid.times().tolist()
        for ours, theirs in zip(line.values, naive(series, grid, function, 70), strict=True):
            assert (ours is None) == (theirs is None), function
            assert ours is None or math.isclose(ours, theirs or 0, rel_tol=1e-9, abs_tol=1e-9), function


async def test_without_groups_every_series_is_a_line_and_empty_ones_are_none(metrics: Any, batch: Make) -> None:
    start = metrics.start
    series = {'m{i="a"}': [(start, 1.0)], 'm{i="b"}': [(start, STALE)], 'm{i="c"}': [(start - HOUR, 1.0)]}
    await metrics.take(batch(metrics.organization, series | {'m{i="d"}': [(start, math.inf)]}))
    reply = await metrics.queries.query_metrics(_query(metrics))
    assert [(line.labels, line.values) for line in reply.series] == [({"i": "a"}, [1.0])]


def _query(metrics: Any, **more: Any) -> QueryMetrics:
    said: dict[str, Any] = {"selector": "m", "step_seconds": 3600}
    since = metrics.hour
    times = {"since": since, "until": since + timedelta(hours=1)}
    return QueryMetrics(organization_id=metrics.organization, **(said | times | more))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"selector": "sum(m)"}, "a selector is expected"),
        ({"selector": "m offset 5m"}, "a selector is expected"),
        ({"selector": "m["}, "parse error"),
        ({"selector": 'm{a=~"("}'}, "parse error"),
        ({"until": datetime(2020, 1, 1, tzinfo=UTC)}, "must be after"),
        ({"since": datetime(2020, 1, 1, tzinfo=UTC), "step_seconds": 1}, "more than a graph may have"),
        ({"since": datetime(2026, 1, 1, tzinfo=UTC), "step_seconds": 601}, "kept for 30 days"),
        ({"since": datetime(2026, 1, 1, tzinfo=UTC), "function": "percentile"}, "percentiles need samples"),
    ],
    ids=str,
)
async def test_what_can_not_be_answered_says_why(metrics: Any, said: dict[str, Any], why: str) -> None:
    with pytest.raises(ProblemError, match=why):
        await metrics.queries.query_metrics(_query(metrics, **said))


async def test_a_graph_of_too_many_points_says_what_to_do(metrics: Any, batch: Make) -> None:
    series = {f'm{{i="{number}"}}': [(metrics.start, 1.0)] for number in range(20)}
    await metrics.take(batch(metrics.organization, series))
    with pytest.raises(ProblemError, match="20 lines of 3,600 steps are more points"):
        await metrics.queries.query_metrics(_query(metrics, step_seconds=1))
    assert len((await metrics.queries.query_metrics(_query(metrics, step_seconds=1, by=[]))).times) == 3600


@pytest.mark.parametrize(
    ("step", "hours", "function", "made_of"),
    [
        (15, 24, "avg", "raw"),
        (300, 24, "avg", "raw"),
        (300, 72, "avg", "1m"),
        (90, 72, "avg", "raw"),
        (3600, 24, "avg", "1h"),
        (86_400, 24 * 300, "max", "1h"),
        (60, 24 * 40, "avg", "1m"),
        (3600, 24 * 20, "percentile", "raw"),
    ],
)
def test_a_graph_is_made_of_the_coarsest_that_gives_the_same(
    step: int, hours: int, function: Any, made_of: str
) -> None:
    now = 1_795_248_000_000
    since = now - hours * HOUR
    grid = graph.Grid(since - since % (step * 1000), max(1, hours * 3600 // step), step * 1000)
    assert graph.resolution_of(grid, function, now, timedelta(days=30)) == made_of


def test_what_is_kept_no_more_in_detail_can_not_be_drawn_in_detail() -> None:
    now = 1_795_248_000_000
    with pytest.raises(InvalidQuery, match="whole minutes"):
        graph.resolution_of(graph.Grid(now - 40 * 24 * HOUR, 10, 15_000), "avg", now, timedelta(days=30))
