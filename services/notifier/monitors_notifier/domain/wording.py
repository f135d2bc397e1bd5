"""Facts as a person reads them. What comes from pages and names is hostile: one line, no control characters, bounded."""

from datetime import UTC, datetime

from monitors_contracts.base import Value

_JOINERS = "\u200c\u200d"  # scripts and emoji need them


def plain(text: str, limit: int = 300) -> str:
    """`text` on one line of at most `limit` characters, without control, direction-changing or invisible characters."""
    if len(text) <= limit and text.isprintable():
        return " ".join(text.split())
    seen = text[: limit * 8]
    visible = "".join(character if character.isprintable() or character in _JOINERS else " " for character in seen)
    line = " ".join(visible.split())
    return line if len(line) <= limit and len(seen) == len(text) else line[: limit - 1].rstrip() + "…"


def value(fact: Value, unit: str | None = None) -> str:
    """A fact with its unit: `1,449 USD`, `yes`, `in stock`; `nothing` when there is none."""
    match fact:
        case None:
            return "nothing"
        case bool():
            return "yes" if fact else "no"
        case float() | int():
            return f"{fact:,.12g} {plain(unit, 20)}" if unit else f"{fact:,.12g}"
        case str():
            return plain(fact) or "(empty)"


def change(amount: float | None, percent: float | None, unit: str | None = None) -> str:
    """How much it changed: `−150 USD (−9.4 %)`; empty when unknown or none."""
    if not amount:
        return ""
    shown = f"{amount:+,.12g}" + (f" {plain(unit, 20)}" if unit else "")
    if percent:
        shown += f" ({percent:+,.1f} %)" if abs(percent) >= 0.1 else f" ({percent:+.1g} %)"
    return shown.replace("-", "−")


def moment(at: datetime) -> str:
    """A time in UTC: `21 November 2026, 16:37 UTC`."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y, %H:%M} UTC"


def span(seconds: float) -> str:
    """A length of time, roughly: `15 minutes`, `2 hours`, `3 days`."""
    size, unit = next(
        ((size, unit) for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")) if seconds >= size),
        (1, "second"),
    )
    count = int(max(seconds, 0) // size)
    return f"{count} {unit}" + ("" if count == 1 else "s")
