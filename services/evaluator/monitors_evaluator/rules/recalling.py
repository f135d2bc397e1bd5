"""What series were before, read from storage when a message is about to be judged that is to be compared with it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog

from monitors_contracts.base import Id
from monitors_contracts.metrics import QueryMetrics
from monitors_contracts.rules import RatioRule, selector
from monitors_runtime.errors import ProblemError
from monitors_runtime.runtime import Runtime

from ..domain.rules.batches import Batch, span_of
from ..domain.rules.judging import AHEAD_MS, Judge
from ..domain.rules.past import Past, past_of

log = structlog.get_logger(__name__)

BEYOND_WINDOWS = 2
SHORTEST_BEYOND_MS = 60_000
"""So much more than what is needed is read, so that not every message asks."""
LONGEST_MS = 3_600_000
"""Of a message whose samples span more, the oldest are compared with nothing."""
STEPS = 4
"""A window is read as so many parts, if there are not too many series for it."""
AT_ONCE = 8
PATIENT_SECONDS = 10.0
"""So long a storage that is away is waited for; meanwhile nothing here is judged."""
AGAIN_SECONDS = 5.0


class Recalling:
    """Reads what is needed, and says when it is there."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._away_since: float | None = None
        self._not_before: dict[Id, float] = {}

    async def recall(self, organization: Id, judge: Judge, batches: Sequence[Batch], arrived: int) -> bool:
        """Make known what these samples are compared with; False when storage is away and worth waiting for."""
        rules = judge.comparing
        if not rules:
            return True
        clock = asyncio.get_running_loop().time
        missing: list[tuple[Id, RatioRule, int, int]] = []
        for rule in rules:
            spec = rule.spec
            assert isinstance(spec, RatioRule)
            span = span_of(batches, (spec.metric,), arrived + AHEAD_MS)
            if span is None or clock() < self._not_before.get(rule.id, 0):
                continue
            offset = round(spec.offset * 1000)
            first, last = max(span[0], span[1] - LONGEST_MS) - offset, span[1] - offset
            past = judge.pasts.get(rule.id)
            if past is None or not past.covers(first, last):
                missing.append((rule.id, spec, first, last))
        limit = asyncio.Semaphore(AT_ONCE)

        async def read(rule_id: Id, spec: RatioRule, first: int, last: int) -> bool:
            async with limit:
                try:
                    judge.pasts[rule_id] = await self._read(organization, spec, first, last)
                except ProblemError as refused:
                    self._not_before[rule_id] = clock() + AGAIN_SECONDS
                    log.warning("the past is not known right now", rule=str(rule_id), error=str(refused)[:200])
                    return refused.problem.status < 500
                self._not_before.pop(rule_id, None)
                return True

        if all(await asyncio.gather(*(read(*each) for each in missing))):
            if missing:
                self._away_since = None
            return True
        if self._away_since is None:
            self._away_since = clock()
        if clock() - self._away_since > PATIENT_SECONDS:
            return True
        for rule_id, *_ in missing:
            self._not_before.pop(rule_id, None)
        return False

    async def _read(self, organization: Id, spec: RatioRule, first: int, last: int) -> Past:
        since, window = first - round(spec.window * 1000), round(spec.window)
        until = last + max(BEYOND_WINDOWS * window * 1000, SHORTEST_BEYOND_MS)
        try:
            return await self._read_in_steps(organization, spec, since, until, max(1, window // STEPS))
        except ProblemError as refused:
            if refused.problem.status != 422:
                raise
        # Too many points, or so long ago that only minutes are kept.
        return await self._read_in_steps(organization, spec, since, until, -(-window // 60) * 60)

    async def _read_in_steps(self, organization: Id, spec: RatioRule, since: int, until: int, step: int) -> Past:
        asked = QueryMetrics(
            organization_id=organization,
            selector=selector(spec),
            function="avg",
            since=_moment(since),
            until=_moment(until),
            step_seconds=step,
        )
        return past_of(spec, [await self._runtime.ask(asked, patience=2)], since, until)


def _moment(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
