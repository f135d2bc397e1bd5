"""When to try again: the one stage that owns retrying. Channels only say whether a failure is recoverable, and why."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a receiver is tried. Times in seconds; the defaults make 32 tries over about an hour.

    Waits grow by a quarter, so that a receiver that comes back hears of it after a quarter of the time it was away. Where
    other channels may stand in, they do after `patience` seconds.
    """

    attempts: int = 32
    first_wait: float = 1
    factor: float = 1.25
    longest_wait: float = 3600
    spread: float = 0.2
    patience: float = 120


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
    """Do not try again. `reason`: the failure's own, after `gave-up-after-<n>-tries: ` or `others-stand-in-...: `."""

    reason: str


def after_failure(
    failure: Failure,
    attempts: int,
    *,
    jitter: float = 0.5,
    policy: RetryPolicy = RetryPolicy(),
    others_waited: float | None = None,
) -> Wait | GiveUp:
    """What follows the failed try number `attempts` (1 is the first).

    `others_waited`: for how many seconds channels that may stand in have waited; None when there are none.

    `jitter` is a random number in [0, 1) that spreads the wait by `policy.spread` to either side, so that receivers
    that failed together do not come back together. A receiver's own wish is kept, up to the longest wait.
    """
    if not failure.recoverable:
        return GiveUp(failure.reason)
    if attempts >= policy.attempts:
        return GiveUp(f"gave-up-after-{attempts}-tries: {failure.reason}")
    if others_waited is not None and others_waited >= policy.patience:
        return GiveUp(f"others-stand-in-after-{attempts}-tries: {failure.reason}")
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
