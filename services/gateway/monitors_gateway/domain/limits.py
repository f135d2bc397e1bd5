"""Who may refresh what, and when else: pure functions of what was used and the time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

MINUTE = timedelta(minutes=1)


class LimitReason(StrEnum):
    """Which limit was met; the words are problem types."""

    MONITOR = "refresh-limit-monitor"
    DAY = "refresh-limit-day"
    ADDRESS = "refresh-limit-address"


@dataclass(frozen=True, slots=True)
class RefreshLimits:
    """Refreshes a monitor may have in any minute, a user on one day (UTC), a client address in one minute. 0: no limit."""

    per_minute: int
    per_day: int
    per_address: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used: when each monitor was refreshed lately, the user's day, the client address's current minute."""

    recent: Mapping[UUID, Sequence[datetime]]
    today: int
    by_address: int = 0
    address_window_ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Not now: by which limit, and when it would be allowed."""

    reason: LimitReason
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """Which of the monitors asked for may be refreshed now, in the order asked."""

    granted: list[UUID] = field(default_factory=list)
    refused: dict[UUID, Refusal] = field(default_factory=dict)


def decide(asked: Sequence[UUID], usage: Usage, limits: RefreshLimits, now: datetime) -> Decision:
    """Grant in the order asked until a limit is met."""
    decision = Decision()
    for monitor in asked:
        free_at = monitor_free_at(usage.recent.get(monitor, ()), limits.per_minute, now)
        granted = len(decision.granted)
        if free_at > now:
            decision.refused[monitor] = Refusal(LimitReason.MONITOR, free_at)
        elif limits.per_day and usage.today + granted >= limits.per_day:
            decision.refused[monitor] = Refusal(LimitReason.DAY, next_day(now))
        elif limits.per_address and usage.by_address + granted >= limits.per_address:
            decision.refused[monitor] = Refusal(LimitReason.ADDRESS, usage.address_window_ends or now + MINUTE)
        else:
            decision.granted.append(monitor)
    return decision


def monitor_free_at(recent: Sequence[datetime], per_minute: int, now: datetime) -> datetime:
    """When this monitor may be refreshed next; `now` when that is now."""
    within = sorted(moment for moment in recent if now - moment < MINUTE)
    return within[-per_minute] + MINUTE if per_minute and len(within) >= per_minute else now


def next_allowed(recent: Sequence[datetime], used_today: int, limits: RefreshLimits, now: datetime) -> datetime:
    """When a refresh of this monitor by this user is allowed again, by both limits."""
    free_at = monitor_free_at(recent, limits.per_minute, now)
    day_is_used_up = limits.per_day and used_today >= limits.per_day
    return max(free_at, next_day(now)) if day_is_used_up else free_at


def next_day(now: datetime) -> datetime:
    """The coming midnight, UTC."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
