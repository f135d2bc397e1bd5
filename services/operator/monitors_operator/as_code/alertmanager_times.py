"""Alertmanager's time intervals as hours of routes: spans of the week, worked out by the minute.

https://prometheus.io/docs/alerting/latest/configuration/#time_interval
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SUNDAY_FIRST = ("sunday", *DAYS[:-1])
_DAY = 24 * 60

Week: TypeAlias = list[list[tuple[int, int]]]
"""For each day from Monday on the spans of it, in minutes since midnight, in order and apart."""


class NoEquivalent(Exception):
    """Why these times can't be said of a route."""


def active_hours(active: Sequence[dict[str, Any]], mute: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hours in which one of the active intervals lasts (always, without any) and none of the mute ones. Raises NoEquivalent."""
    spans = [span for interval in (*active, *mute) for span in interval.get("time_intervals") or ()]
    zones = {str(span.get("location") or "UTC") for span in spans}
    if len(zones) > 1:
        raise NoEquivalent(f"times of several places ({', '.join(sorted(zones))}) in one route")
    always: Week = [[(0, _DAY)] for _ in DAYS]
    week = _union([_week(span) for each in active for span in each.get("time_intervals") or ()]) if active else always
    muted = _union([_week(span) for each in mute for span in each.get("time_intervals") or ()])
    week = [_without(day, off) for day, off in zip(week, muted, strict=True)]
    if week == always:
        return []
    return _hours(week, zones.pop() if zones else "UTC")


def _week(span: dict[str, Any]) -> Week:
    if dated := [key for key in ("days_of_month", "months", "years") if span.get(key)]:
        raise NoEquivalent(f"{', '.join(dated)}: routes know the hours of a week; see maintenance windows")
    times = [(_minute(each["start_time"]), _minute(each["end_time"])) for each in span.get("times") or ()]
    days = {day for each in span.get("weekdays") or ("monday:sunday",) for day in _days(str(each))}
    return [sorted(times or [(0, _DAY)]) if day in days else [] for day in DAYS]


def _days(text: str) -> list[str]:
    first, _, last = text.lower().partition(":")
    if first == "monday" and last == "sunday":
        return list(DAYS)
    if first not in _SUNDAY_FIRST or (last or first) not in _SUNDAY_FIRST:
        raise NoEquivalent(f"{text!r} are no days of the week")
    return list(_SUNDAY_FIRST[_SUNDAY_FIRST.index(first) : _SUNDAY_FIRST.index(last or first) + 1])


def _minute(clock: str | int) -> int:
    # YAML 1.1 reads 09:30 as a number to the base of 60.
    if isinstance(clock, int):
        return clock
    hours, _, minutes = str(clock).partition(":")
    if not hours.isdecimal() or not minutes.isdecimal():
        raise NoEquivalent(f"{clock!r} is no time of the day")
    return int(hours) * 60 + int(minutes)


def _union(weeks: Sequence[Week]) -> Week:
    return [_joined([span for week in weeks for span in week[day]]) for day in range(len(DAYS))]


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _without(day: list[tuple[int, int]], off: list[tuple[int, int]]) -> list[tuple[int, int]]:
    for begin, stop in off:
        day = [
            rest
            for start, end in day
            for rest in ((start, min(end, begin)), (max(start, stop), end))
            if rest[0] < rest[1]
        ]
    return day


def _hours(week: Week, timezone: str) -> list[dict[str, Any]]:
    """Days with the same spans together."""
    if not any(week):
        raise NoEquivalent("a route that is never active tells nobody: leave it out")
    by_span: dict[tuple[int, int], list[str]] = {}
    for day, spans in zip(DAYS, week, strict=True):
        for span in spans:
            by_span.setdefault(span, []).append(day)
    return [
        {
            **({} if len(days) == len(DAYS) else {"days": days}),
            "start": _clock(start),
            "end": _clock(end),
            "timezone": timezone,
        }
        for (start, end), days in by_span.items()
    ]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
