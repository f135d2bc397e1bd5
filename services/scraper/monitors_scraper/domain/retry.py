"""When a failed request is worth another one."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from monitors_contracts.pages import Failure

from .pages import Obstacle

_PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_PASSING_FAILURE = frozenset({Failure.TIMEOUT, Failure.CONNECTION})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long: waits are seconds and double from `base`; `cap` bounds a `Retry-After` that is waited out."""

    retries: int
    base: float
    cap: float


def wait_before_retry(obstacle: Obstacle, attempt: int, policy: RetryPolicy, jitter: float) -> float | None:
    """Seconds to wait before the next try, or None to give up.

    `attempt` counts from 1; `jitter` in 0..1 spreads callers over half to the whole of the wait. A site that names its own
    time is obeyed when that is short, else it is left alone.
    """
    if attempt > policy.retries or obstacle.script_may_pass:
        return None
    if obstacle.failure not in _PASSING_FAILURE and obstacle.status not in _PASSING_STATUS:
        return None
    if obstacle.retry_after is not None:
        return obstacle.retry_after if obstacle.retry_after <= policy.cap else None
    return policy.base * 2 ** (attempt - 1) * (0.5 + jitter / 2)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from now that a `Retry-After` header asks for (RFC 9110, 10.2.3), at least 0; None when it says nothing."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), 366 * 86400))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at - now).total_seconds()) if at.tzinfo else None
