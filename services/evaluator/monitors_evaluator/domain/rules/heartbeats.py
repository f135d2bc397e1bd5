"""Heartbeats: when the next ping is due, and what a ping says."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from monitors_contracts.rules import STARTED, HeartbeatRule

from .levels import NEVER


class InvalidSchedule(ValueError):
    """A cron expression or time zone is none."""


def check(spec: HeartbeatRule) -> None:
    """Raises InvalidSchedule, in words for a person."""
    try:
        zone = ZoneInfo(spec.timezone)
    except (KeyError, ValueError, OSError) as wrong:
        raise InvalidSchedule(f"{spec.timezone!r} is no time zone") from wrong
    if spec.cron is None:
        return
    try:
        next(CronSim(spec.cron, datetime(2026, 1, 1, tzinfo=zone)))
    except (CronSimError, StopIteration) as wrong:
        raise InvalidSchedule(f"{spec.cron!r} is no cron expression that ever comes: {wrong}") from wrong


def is_good(status: float) -> bool:
    """Whether a ping says that all went well."""
    return status == 0


def begins(status: float) -> bool:
    """Whether a ping says that something began."""
    return status == STARTED


def due(spec: HeartbeatRule, last: int, begun: int) -> int:
    """Until when (ms) the next good ping has to come.

    `last` is when the last one came, or when waiting began; `begun` is when something began that has not ended, or NEVER.
    """
    if spec.period is not None:
        expected = last + round(spec.period * 1000)
    else:
        assert spec.cron
        after = datetime.fromtimestamp(last / 1000, UTC).astimezone(ZoneInfo(spec.timezone))
        expected = round(next(CronSim(spec.cron, after)).timestamp() * 1000)
    if begun != NEVER:
        expected = min(expected, begun)
    return expected + round(spec.grace * 1000)
