"""Clocks on walls: when a place's clock shows a time, whatever daylight saving does to it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


class UnknownTimezone(ValueError):
    """A name that is no time zone."""


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its IANA name. Raises UnknownTimezone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as wrong:
        raise UnknownTimezone(f"{name!r} is no time zone; write it like Europe/Berlin or UTC") from wrong


def wall(at: datetime, zone: ZoneInfo) -> datetime:
    """What the clock shows at a moment (naive)."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def moment(shown: datetime, zone: ZoneInfo) -> datetime:
    """The first moment (UTC) at which the clock shows this (naive) time.

    A time that is skipped is the moment of the leap; one that comes twice, its first coming. So what is later on the
    clock is never earlier in time.
    """
    first = shown.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if wall(first, zone) == shown:
        return first
    # In a leap forward the earlier offset (fold 0) leads behind the leap, and the later one (fold 1) before it: PEP 495.
    before, after = shown.replace(tzinfo=zone, fold=1).astimezone(UTC), first
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        before, after = (middle, after) if wall(middle, zone) < shown else (before, middle)
    return after
