"""What samples are compared with is read before they are judged, and a storage that is away is waited for, not for ever."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from monitors_contracts.base import new_id
from monitors_contracts.metrics import MetricGraph, MetricLine, QueryMetrics
from monitors_evaluator.domain.rules.batches import Batch
from monitors_evaluator.domain.rules.judging import Judge
from monitors_evaluator.rules import recalling
from monitors_evaluator.rules.recalling import Recalling
from monitors_runtime.errors import problem

NOW = 1_790_000_000_000
DAY = 86_400_000


class Storage:
    """Says 10 of `cpu` whenever it is asked; or that it is away, or that it is too much."""

    def __init__(self) -> None:
        self.asked: list[QueryMetrics] = []
        self.status = 200
        self.most_steps = 10_000

    async def ask(self, asked: QueryMetrics, patience: float = 0) -> MetricGraph:
        self.asked.append(asked)
        since, until, step = asked.since.timestamp() * 1000, asked.until.timestamp() * 1000, asked.step_seconds * 1000
        times = list(range(round(since) // step * step, round(until), step))
        if self.status != 200:
            raise problem("service-unavailable", "Away", self.status)
        if len(times) > self.most_steps:
            raise problem("invalid-query", "Too many", 422)
        line = MetricLine(name="cpu", labels={"host": "a"}, values=[10.0] * len(times))
        return MetricGraph(step_seconds=asked.step_seconds, resolution="raw", times=times, series=[line])


@pytest.fixture
def storage() -> Storage:
    return Storage()


@pytest.fixture
def recall(storage: Storage, court: Any) -> Any:
    """Recall for samples of `cpu` at these times before now (ms), to a judge with one rule that compares with a day before."""
    judge, organization = Judge(), new_id()
    judge.put([court.rule(kind="ratio", window="4m", offset="1d", warning=2)], [], NOW)
    recaller = Recalling(SimpleNamespace(ask=storage.ask))  # pyright: ignore[reportArgumentType] - all that it asks of one

    async def recall(*before: int, metric: str = "cpu") -> bool:
        times = np.array([NOW - each for each in before], np.int64)
        batch = Batch([f'{metric}{{host="a"}}'], np.array([len(before)]), times, np.full(len(before), 30.0))
        if not await recaller.recall(organization, judge, [batch], NOW):
            return False
        recall.found = judge.take(batch, NOW)  # pyright: ignore[reportFunctionMemberAccess] - to look at
        return True

    recall.judge = judge  # pyright: ignore[reportFunctionMemberAccess] - to look at
    return recall


async def test_the_first_sample_when_it_comes_then_its_past_is_there_and_is_not_read_again_soon(
    recall: Any, storage: Storage
) -> None:
    assert await recall(60_000)
    assert [each.value for each in recall.found] == [3.0]
    assert recall.judge.not_judged == {}
    assert await recall(0)
    assert len(storage.asked) == 1
    assert await recall(3_000_000, metric="memory")
    assert len(storage.asked) == 1, "another metric is compared with nothing"


async def test_samples_when_kept_for_long_by_their_sender_then_are_compared_with_their_own_past(
    recall: Any, storage: Storage
) -> None:
    assert await recall(10 * 3_600_000)
    assert [each.at for each in recall.found] == [NOW - 10 * 3_600_000]
    assert await recall(0)
    [first, second] = storage.asked
    assert first.since.timestamp() * 1000 == NOW - 10 * 3_600_000 - DAY - 240_000
    assert second.until > first.until
    assert recall.judge.not_judged == {}


async def test_a_storage_when_it_is_away_then_is_waited_for(
    recall: Any, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.status = 503
    assert not await recall(60_000)
    assert not await recall(60_000)
    storage.status = 200
    assert await recall(60_000)
    assert [each.value for each in recall.found] == [3.0]

    storage.status = 503
    monkeypatch.setattr(recalling, "PATIENT_SECONDS", -1.0)
    assert await recall(3_000_000), "not for ever"
    asked = len(storage.asked)
    assert await recall(3_000_000 - 1)
    assert len(storage.asked) == asked, "nor is it asked with every message then"


async def test_a_past_when_it_is_too_much_then_is_read_in_longer_steps(recall: Any, storage: Storage) -> None:
    storage.most_steps = 5
    assert await recall(60_000)
    assert [each.step_seconds for each in storage.asked] == [60, 240]
    assert [each.value for each in recall.found] == [3.0]
    storage.most_steps = 0
    assert await recall(3_000_000), "what can't be answered is not waited for"


async def test_a_rule_when_it_compares_with_another_time_then_the_past_is_read_anew(
    recall: Any, storage: Storage, court: Any
) -> None:
    assert await recall(60_000)
    [rule] = recall.judge.roster.rules
    spec = rule.spec.model_copy(update={"offset": 7 * 86_400.0})
    recall.judge.put([rule.model_copy(update={"spec": spec, "version": 2})], [], NOW)
    assert await recall(0)
    assert storage.asked[-1].until < storage.asked[0].since
