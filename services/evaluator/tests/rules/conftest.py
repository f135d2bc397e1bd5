"""Rules judged on a clock of the test's own: times are seconds after a beginning."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from monitors_contracts.base import Id, new_id
from monitors_contracts.rules import RuleSpec, RuleView
from monitors_contracts.series import series_key
from monitors_evaluator.domain.rules.batches import Batch
from monitors_evaluator.domain.rules.judging import Judge
from monitors_evaluator.domain.rules.transitions import Transition

BEGIN = 1_790_000_000
SPEC: TypeAdapter[RuleSpec] = TypeAdapter(RuleSpec)
Point = tuple[str, float, float]
"""A host, seconds after the beginning, and a value of its `cpu`."""


class Court:
    """A judge, in the words of the tests."""

    organization = new_id()

    def __init__(self, *rules: RuleView, judge: Judge | None = None) -> None:
        self.judge = judge or Judge()
        if rules:
            self.put(*rules)

    @classmethod
    def rule(cls, rule_id: Id | None = None, version: int = 1, **fields: Any) -> RuleView:
        spec = SPEC.validate_python({"name": "Busy", "metric": "cpu", "kind": "threshold"} | fields)
        moment = datetime.fromtimestamp(BEGIN, UTC)
        return RuleView(
            id=rule_id or new_id(),
            organization_id=cls.organization,
            user_id=cls.organization,
            name=spec.name,
            spec=spec,
            version=version,
            created_at=moment,
            updated_at=moment,
        )

    def put(self, *rules: RuleView, gone: Sequence[RuleView] = (), at: float = 0) -> list[tuple[Any, ...]]:
        return [told(each) for each in self.judge.put(rules, gone, ms(at))]

    def take(self, *points: Point, source: str = "agent", arrived: float | None = None) -> list[tuple[Any, ...]]:
        """One message, which arrives with its newest sample."""
        return [told(each) for each in self.judge.take(*message(*points, source=source, arrived=arrived))]

    def fired_by(self, *points: Point) -> Transition:
        """The one transition that a message leads to."""
        [fired] = self.judge.take(*message(*points))
        return fired

    def tick(self, at: float, taking_since: float = 0) -> list[tuple[Any, ...]]:
        return [told(each) for each in self.judge.tick(ms(at), ms(taking_since))]


def message(*points: Point, source: str = "agent", arrived: float | None = None) -> tuple[Batch, int]:
    """One message and when it arrives (ms): with its newest sample, where nothing else is said."""
    moment = max((at for _, at, _ in points), default=0) if arrived is None else arrived
    return batch_of(points, source), ms(moment)


def batch_of(points: Iterable[Point], source: str = "agent") -> Batch:
    points = list(points)
    return Batch(
        [series_key("cpu", {"host": host, "zone": host[0]}) for host, _, _ in points],
        np.ones(len(points), np.int64),
        np.array([ms(at) for _, at, _ in points], np.int64),
        np.array([value for _, _, value in points], np.float64),
        source,
    )


def ms(at: float) -> int:
    return round((BEGIN + at) * 1000)


def told(each: Transition) -> tuple[Any, ...]:
    """Where, when (seconds after the beginning), to which level, and why."""
    labels = each.labels
    return labels.get("host") or labels.get("zone") or "", each.at / 1000 - BEGIN, each.level, each.reason


@pytest.fixture(scope="session")
def court() -> type[Court]:
    return Court
