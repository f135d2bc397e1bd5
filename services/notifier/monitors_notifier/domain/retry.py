"""When to try again: the one stage that owns retrying. Channels only say whether a failure is recoverable, and why."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a receiver is tried. Times in seconds; the defaults make 8 tries over about an hour."""

    attempts: int = 8
    first_wait: float = 30
    factor: float = 2
    longest_wait: float = 3600
    spread: float = 0.2


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a try failed. `retry_after`: seconds the receiver asked for."""

    reason: str
    recoverable: bool
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not try again. `reason` is the failure's own, or `gave-up-after-<n>-tries: <last reason>`."""

    reason: str


def after_failure(
    failure: Failure, attempts: int, *, jitter: float = 0.5, policy: RetryPolicy = RetryPolicy()
) -> Wait | GiveUp:
    """What follows the failed try number `attempts` (1 is the first).

    `jitter` is a random number in [0, 1) that spreads the wait by `policy.spread` to either side, so that receivers
    that failed together do not come back together. A receiver's own wish is kept, up to the longest wait.
    """
    if not failure.recoverable:
        return GiveUp(failure.reason)
    if attempts >= policy.attempts:
        return GiveUp(f"gave-up-after-{attempts}-tries: {failure.reason}")
    exponent = min(attempts - 1, 60)
    computed = policy.first_wait * policy.factor**exponent * (1 + policy.spread * (2 * jitter - 1))
    return Wait(min(max(computed, failure.retry_after or 0), policy.longest_wait))


def retry_after(header: str | None, now: datetime) -> float | None:
    """The seconds a Retry-After header asks for (RFC 9110, 10.2.3: seconds or a date), None when it says nothing."""
    if not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((aware - now).total_seconds(), 0.0)
