"""Conditions that come and go: when they do, and when they are steady again. Pure.

While it comes and goes, an alert stays open: each return is one more time of the same alert, and none of its ends is one.
So whoever was told that it fires is told once that it comes and goes, and once that it is over, when it stays away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Flapping:
    """What counts as coming and going: so many changes, of firing and of being over, within a while; 0 changes: nothing."""

    changes: int = 8
    within: timedelta = timedelta(minutes=30)
    steady: timedelta = timedelta(minutes=10)
    """How long it has to stay as it is until it is taken for steady."""

    def comes_and_goes(self, ends: Sequence[datetime], now: datetime) -> bool:
        """Whether a condition that was over at these times does: before each end it fired."""
        recent = sum(now - self.within < end <= now for end in set(ends))
        return 0 < self.changes <= 2 * recent


NEVER = Flapping(changes=0)
"""Nothing counts as coming and going."""


def stays_away(exceeded_at: datetime | None, cleared_at: datetime | None) -> bool:
    """Whether a condition that was last exceeded and last cleared then is over, rather than firing."""
    return cleared_at is not None and (exceeded_at is None or cleared_at >= exceeded_at)
