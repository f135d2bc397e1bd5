"""A circuit breaker as a pure state machine: a provider that keeps failing is left alone for a while, then tried once.

The pattern is of Nygard, "Release It!" (2007): closed -> open -> half-open -> closed or open again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """`threshold` failures in a row open the breaker for `cooldown`; no provider can ask for more than `longest`."""

    threshold: int = 3
    cooldown: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Breaker:
    """Closed while `open_until` is None. `trial_until` is set while one trial request is on its way."""

    failures: int = 0
    open_until: datetime | None = None
    trial_until: datetime | None = None

    def state(self, now: datetime) -> Literal["closed", "open", "half-open"]:
        """Where the breaker stands at this time."""
        if self.open_until is None:
            return "closed"
        return "open" if now < self.open_until else "half-open"


def admit(breaker: Breaker, now: datetime, policy: BreakerPolicy) -> tuple[Breaker, bool]:
    """May a request go out? Half-open lets one through; a trial that is not heard of for a cooldown is given up."""
    state = breaker.state(now)
    if state != "half-open":
        return breaker, state == "closed"
    if breaker.trial_until is not None and now < breaker.trial_until:
        return breaker, False
    return Breaker(breaker.failures, breaker.open_until, now + policy.cooldown), True


def succeeded(breaker: Breaker, now: datetime) -> Breaker:
    """The provider answered. An answer to a request sent before the breaker opened does not close it."""
    return breaker if breaker.state(now) == "open" else Breaker()


def failed(breaker: Breaker, now: datetime, policy: BreakerPolicy, retry_after: float | None = None) -> Breaker:
    """The provider could not be used. When it said for how many seconds, it is believed at once."""
    failures = breaker.failures + 1
    if retry_after is None and breaker.open_until is None and failures < policy.threshold:
        return Breaker(failures)
    longest = policy.longest.total_seconds()
    pause = policy.cooldown if retry_after is None else timedelta(seconds=min(max(0.0, retry_after), longest))
    until = now + pause
    return Breaker(failures, max(until, breaker.open_until or until))
