"""A history bar: one mark a day, from what was measured on each."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitors_contracts.metrics import MetricGraph

from .parts import Tone

DAYS = 30
DAY = timedelta(days=1)
ByDay = dict[datetime, float]


@dataclass(frozen=True, slots=True)
class Slot:
    """A day, in a colour and in words."""

    tone: Tone
    words: str


def last_days(now: datetime) -> tuple[datetime, ...]:
    """The beginnings of the days that are shown, oldest first; the last is today (UTC)."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return tuple(today - DAY * ago for ago in range(DAYS - 1, -1, -1))


def by_day(graph: MetricGraph, label: str) -> dict[str, ByDay]:
    """The value of each day that has one, by what its line has in this label."""
    days = [datetime.fromtimestamp(time / 1000, UTC) for time in graph.times]
    return {
        line.labels.get(label, ""): {
            day: value for day, value in zip(days, line.values, strict=True) if value is not None
        }
        for line in graph.series
    }


def summed(slots: tuple[Slot, ...]) -> str:
    """The bar for those who don't see it."""
    good, partly, bad = (sum(slot.tone == tone for slot in slots) for tone in ("good", "warn", "bad"))
    return f"The last {DAYS} days: {good} good, {f'{partly} with failures, ' if partly else ''}{bad} bad"
