"""How closely requests to one host may follow each other."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Manners:
    """What a host is spared: most fetches at once, and seconds between the starts of two."""

    concurrency: int
    delay: float


def reserve(next_start: float, now: float, delay: float) -> tuple[float, float]:
    """Take the host's next free moment: seconds to wait for it, and when the one after it is (same clock as `now`)."""
    start = max(next_start, now)
    return start - now, start + delay
