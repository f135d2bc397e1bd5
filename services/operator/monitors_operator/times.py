"""Times as people type them: `10m`, `2h`, `1d`, or ISO 8601."""

import re
from datetime import UTC, datetime, timedelta

from .errors import BadInput

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|w)", re.IGNORECASE)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> datetime:
    """The moment meant, in UTC: an age before `now`, or a date or time (UTC when it names no zone). Raises BadInput."""
    text = text.strip()
    try:
        if match := _AGE.fullmatch(text):
            return now - timedelta(**{_UNITS[match[2].lower()]: float(match[1])})
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(f"{text!r} is no time: write an age (10m, 2h, 1d) or ISO 8601 (2026-11-21T10:00)") from None


def span(milliseconds: float) -> str:
    """A duration for a person: `0.4 ms`, `12 ms`, `3.2 s`, `2 min 5 s`."""
    if milliseconds < 9.95:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def ago(then: datetime, now: datetime) -> str:
    """How long ago, roughly: `just now`, `5 min ago`, `3 h ago`, `2 d ago`."""
    seconds = (now - then).total_seconds()
    if seconds < 60:
        return "just now"
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return "just now"
