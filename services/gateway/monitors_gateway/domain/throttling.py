"""How failed sign-ins slow down the next ones: free at first, then a delay that doubles."""

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_DELAY = timedelta(seconds=2)
LONGEST_DELAY = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
FREE_PER_EMAIL = 5
FREE_PER_ADDRESS = 30


@dataclass(frozen=True, slots=True)
class Failures:
    """Sign-ins that failed in a row, for one e-mail address or from one client address."""

    count: int
    last_at: datetime
    free: int


def blocked_until(failures: Failures, now: datetime) -> datetime | None:
    """When the next try is allowed; None when that is now."""
    if failures.count < failures.free or now - failures.last_at >= FORGOTTEN_AFTER:
        return None
    doublings = min(failures.count - failures.free, 20)
    until = failures.last_at + min(FIRST_DELAY * 2**doublings, LONGEST_DELAY)
    return until if until > now else None
