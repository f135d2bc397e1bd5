"""Heartbeats: jobs that are heard of, or not."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.rules import STARTED, HeartbeatRule
from monitors_evaluator.domain.rules import heartbeats
from monitors_evaluator.domain.rules.batches import Batch
from monitors_evaluator.domain.rules.levels import NEVER

BEGIN = 1_790_000_000


class Job:
    """A job that pings once an hour; times are seconds after the beginning."""

    def __init__(self, court: Any, **fields: Any) -> None:
        self.rule = court.rule(kind="heartbeat", **({"period": "1h", "grace": "5m"} | fields))
        self.court = court(self.rule)

    def ping(self, at: float, status: float = 0) -> list[tuple[int, str]]:
        moment = round((BEGIN + at) * 1000)
        name = f'heartbeat{{heartbeat_id="{self.rule.id}"}}'
        batch = Batch([name], np.ones(1, np.int64), np.array([moment]), np.array([float(status)]))
        return [(each.level, each.reason) for each in self.court.judge.take(batch, moment)]

    def tick(self, at: float, taking_since: float = 0) -> list[tuple[int, str]]:
        return [(level, reason) for _, _, level, reason in self.court.tick(at, taking_since)]


def test_a_job_when_it_does_not_ping_in_time_then_fires_and_its_ping_ends_it(court: Any) -> None:
    job = Job(court)
    assert job.tick(3899) == []
    assert job.tick(3900) == [(1, "not-pinged")]
    assert job.tick(9000) == [], "told once"
    assert job.ping(9001) == [(0, "back")]
    assert job.tick(9001 + 3899) == []
    assert job.tick(9001 + 3900) == [(1, "not-pinged")]


def test_a_job_when_it_fails_then_fires_at_once(court: Any) -> None:
    job = Job(court)
    assert job.ping(10, 3) == [(1, "failed")]
    assert job.ping(20, 1) == []
    assert job.ping(30, 0) == [(0, "back")]
    assert job.ping(25, 1) == [], "a late ping says nothing about now"


def test_a_job_when_it_begins_and_does_not_end_then_fires_after_the_grace(court: Any) -> None:
    job = Job(court)
    assert job.ping(100, STARTED) == []
    assert job.tick(399) == []
    assert job.tick(400) == [(1, "not-finished")]
    assert job.ping(500) == [(0, "back")]
    job.ping(1000, STARTED)
    assert job.ping(1000) == [], "within the same millisecond"
    assert job.tick(1301) == []


def test_pings_when_they_could_not_come_in_then_are_not_missed(court: Any) -> None:
    job = Job(court)
    assert job.tick(7200, taking_since=7000) == []
    assert job.tick(7300, taking_since=7000) == [(1, "not-pinged")]


def test_a_cron_when_the_clocks_change_then_is_due_by_the_clock_on_the_wall() -> None:
    spec = HeartbeatRule(name="x", kind="heartbeat", cron="30 2 * * *", timezone="Europe/Oslo", grace=60)
    last = datetime(2026, 10, 24, 0, 31, tzinfo=UTC)  # 02:31 in summer
    until = heartbeats.due(spec, round(last.timestamp() * 1000), NEVER)
    assert datetime.fromtimestamp(until / 1000, UTC) == datetime(2026, 10, 25, 0, 31, tzinfo=UTC)
    until = heartbeats.due(spec, until, NEVER)
    assert datetime.fromtimestamp(until / 1000, UTC) == datetime(2026, 10, 26, 1, 31, tzinfo=UTC), "winter"


@pytest.mark.parametrize(
    "fields", [{"cron": "nonsense"}, {"cron": "0 0 31 2 *"}, {"period": 60, "timezone": "Mars/Crater"}]
)
def test_a_schedule_when_it_is_none_then_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(heartbeats.InvalidSchedule):
        heartbeats.check(HeartbeatRule(name="x", kind="heartbeat", **fields))


@given(st.lists(st.tuples(st.integers(1, 20_000), st.sampled_from([0, 1, STARTED])), max_size=20))
def test_firing_and_ending_when_followed_then_alternate(court: Any, steps: list[tuple[int, float]]) -> None:
    job, now, level = Job(court), 0.0, 0
    for pause, status in steps:
        now += pause
        for found, _ in [*job.tick(now), *job.ping(now, status)]:
            assert found != level
            level = found
