"""What rules would have done, by what is stored: which graphs are asked for, and in which steps."""

import asyncio
from datetime import datetime, timedelta

from monitors_contracts.base import Id
from monitors_contracts.metrics import ListSeries, MetricFunction, MetricGraph, QueryMetrics
from monitors_contracts.rules import CompositeRule, HeartbeatRule, PreviewRule, RatioRule, RulePreview, RuleView
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.runtime import Runtime

from ..domain.rules import previewing
from ..domain.rules.past import past_of
from ..domain.rules.previewing import Stored
from . import store

POINTS = 1440
STEPS = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
SMALLEST_STEP = STEPS[0]
LONGEST = timedelta(days=8)
MOST_POINTS = 1_000_000
"""Points that one preview judges; with more series the steps are longer."""
MOST_AT_ONCE = 50_000
"""Points of one graph, as storage has it."""
MOST_SERIES = 10_000
AT_ONCE = 4


class Previews:
    """Tries rules on what is stored."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._room = asyncio.Semaphore(AT_ONCE)

    async def preview(self, query: PreviewRule) -> RulePreview:
        """What the rule would have done. Problem: `not-previewable`."""
        if query.until <= query.since:
            raise _impossible("A preview begins before it ends: `since` is before `until`.")
        if query.until - query.since > LONGEST:
            raise _impossible("A preview spans up to eight days.")
        if isinstance(query.spec, HeartbeatRule) and query.rule_id is None:
            raise _impossible("A heartbeat that is not there yet had no pings.")
        tried = previewing.view_of(query.spec, query.organization_id, query.since, query.rule_id)
        parts: list[RuleView] = []
        if isinstance(query.spec, CompositeRule):
            known = await store.these(self._runtime.pool, query.organization_id, query.spec.rules)
            specs = {each.id: each.spec for each in known} | query.parts
            parts = [
                previewing.view_of(specs[each], query.organization_id, query.since, each)
                for each in dict.fromkeys(query.spec.rules)
                if each in specs and not isinstance(specs[each], CompositeRule)
            ]
        judged = parts or [tried]
        if isinstance(tried.spec, CompositeRule) and not parts:
            raise _impossible("None of these rules is there.")
        counts = await asyncio.gather(*(self._count(query.organization_id, rule) for rule in judged))
        step = _step(query.until - query.since, sum(counts))
        # One length for all, so that the graphs of all have the same steps.
        length = timedelta(seconds=step * max(1, MOST_AT_ONCE // max(1, *counts)))
        stored = await asyncio.gather(*(self._stored(query, rule, step, length) for rule in judged))
        by_rule = {rule.id: each for rule, each in zip(judged, stored, strict=True)}
        return await asyncio.to_thread(previewing.preview, tried, parts, by_rule, query.since, query.until)

    async def _count(self, organization: Id, rule: RuleView) -> int:
        wanted, _ = previewing.drawn_as(rule.id, rule.spec)
        asked = ListSeries(organization_id=organization, selectors=[wanted], limit=MOST_SERIES)
        return len((await self._runtime.ask(asked, patience=30)).series)

    async def _stored(self, query: PreviewRule, rule: RuleView, step: int, length: timedelta) -> Stored:
        wanted, function = previewing.drawn_as(rule.id, rule.spec)
        graphs = await self._graphs(query.organization_id, wanted, function, query.since, query.until, step, length)
        spec = rule.spec
        if not isinstance(spec, RatioRule):
            return Stored(graphs)
        before = timedelta(seconds=spec.offset)
        since, until = query.since - before - timedelta(seconds=max(spec.window, step)), query.until - before
        past = await self._graphs(query.organization_id, wanted, "avg", since, until, step, length)
        return Stored(graphs, past_of(spec, past, _ms(since), _ms(until)))

    async def _graphs(
        self,
        organization: Id,
        wanted: str,
        function: MetricFunction,
        since: datetime,
        until: datetime,
        step: int,
        length: timedelta,
    ) -> list[MetricGraph]:
        async def graph(begin: datetime) -> MetricGraph:
            asked = QueryMetrics(
                organization_id=organization,
                selector=wanted,
                function=function,
                since=begin,
                until=min(begin + length, until),
                step_seconds=step,
            )
            async with self._room:
                return await self._runtime.ask(asked, patience=30)

        begins = [since - timedelta(seconds=since.timestamp() % step)]
        while begins[-1] + length < until:
            begins.append(begins[-1] + length)
        return list(await asyncio.gather(*map(graph, begins)))


def _step(span: timedelta, series: int) -> int:
    finest = max(SMALLEST_STEP, span.total_seconds() / POINTS, span.total_seconds() * series / MOST_POINTS)
    return next((step for step in STEPS if step >= finest), STEPS[-1])


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _impossible(why: str) -> ProblemError:
    return problem("not-previewable", "Can't be previewed", 422, why)
