"""Who is on call: the turns of a schedule's layers, one over the other, and overrides over all. Pure; time comes in."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from monitors_contracts.base import Id
from monitors_contracts.oncall import Layer, Override, Restriction, ScheduleSpec

from .wall_clock import moment, wall, zone_of

LOOK_AHEAD = timedelta(days=35)
"""How far the next turn of somebody is looked for."""
A_WEEK_AROUND = timedelta(days=8)
DAY = timedelta(days=1)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LENGTHS = {"daily": DAY, "weekly": 7 * DAY}


@dataclass(frozen=True, slots=True)
class Turn:
    """Who is on call from one moment to another (UTC); nobody, in a gap. `layer` counts from the lowest, 0."""

    starts_at: datetime
    ends_at: datetime
    contact_id: Id | None = None
    layer: int | None = None
    override_id: Id | None = None
    number: int = 0


def turns(schedule: ScheduleSpec, overrides: Sequence[Override], since: datetime, until: datetime) -> list[Turn]:
    """The time from `since` to `until`, without holes and overlaps: each moment is one turn's, or a gap's.

    A hand-over ends a turn even when the same person goes on. Raises UnknownTimezone.
    """
    if until <= since:
        return []
    since, until, zone = since.astimezone(UTC), until.astimezone(UTC), zone_of(schedule.timezone)
    sources = [list(_of_layer(layer, at, zone, since, until)) for at, layer in enumerate(schedule.layers)]
    sources += [[_of_override(each)] for each in sorted(overrides, key=lambda each: each.id)]
    ends = {edge for source in sources for turn in source for edge in (turn.starts_at, turn.ends_at)}
    edges = [since, *sorted(edge for edge in ends if since < edge < until), until]
    found: list[Turn] = []
    for begin, end in pairwise(edges):
        top = next((turn for source in reversed(sources) if (turn := _at(source, begin))), None)
        piece = replace(top, starts_at=begin, ends_at=end) if top else Turn(begin, end)
        if found and _same(found[-1], piece):
            found[-1] = replace(found[-1], ends_at=end)
        else:
            found.append(piece)
    return found


def turn_at(schedule: ScheduleSpec, overrides: Sequence[Override], at: datetime) -> Turn:
    """Who is on call at a moment; the turn begins there. Raises UnknownTimezone."""
    return turns(schedule, overrides, at, at + timedelta(microseconds=1))[0]


def now_and_next(schedule: ScheduleSpec, overrides: Sequence[Override], at: datetime) -> tuple[Turn, Turn | None]:
    """The turn, or gap, that a moment is in, as a whole as far as LOOK_AHEAD around goes, and the next turn of somebody."""
    for reach in (A_WEEK_AROUND, LOOK_AHEAD):
        around = turns(schedule, overrides, at - reach, at + reach)
        position = bisect_right(around, at, key=lambda turn: turn.starts_at) - 1
        following = next((turn for turn in around[position + 1 :] if turn.contact_id), None)
        if position > 0 and following and following is not around[-1]:  # whole, as nothing is cut where looking ended
            break
    return around[position], following


def pieces(schedule: ScheduleSpec, span: timedelta) -> float:
    """Of how many pieces, about, a span of time is made: hand-overs and hours of all layers. What `turns` costs."""
    days = span / DAY
    return sum(span / _length(layer) + days * len(layer.restrictions) for layer in schedule.layers)


def _same(one: Turn, other: Turn) -> bool:
    return (one.contact_id, one.layer, one.override_id, one.number) == (
        other.contact_id,
        other.layer,
        other.override_id,
        other.number,
    )


def _at(source: Sequence[Turn], at: datetime) -> Turn | None:
    position = bisect_right(source, at, key=lambda turn: turn.starts_at) - 1
    return source[position] if position >= 0 and at < source[position].ends_at else None


def _of_override(override: Override) -> Turn:
    return Turn(
        override.starts_at.astimezone(UTC), override.ends_at.astimezone(UTC), override.contact_id, None, override.id
    )


def _of_layer(layer: Layer, position: int, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[Turn]:
    """The layer's turns that reach into the span, in order; whole, but for its restrictions."""
    open_spans = list(_open_spans(layer.restrictions, zone, since, until)) if layer.restrictions else [(since, until)]
    for number, begin, end in _rotation(layer, zone, since, until):
        turn = Turn(begin, end, layer.participants[number % len(layer.participants)], position, None, number)
        if not layer.restrictions:
            yield turn
            continue
        for opens, closes in open_spans:
            if max(begin, opens) < min(end, closes):
                yield replace(turn, starts_at=max(begin, opens), ends_at=min(end, closes))


def _rotation(
    layer: Layer, zone: ZoneInfo, since: datetime, until: datetime
) -> Iterator[tuple[int, datetime, datetime]]:
    """Turns by number from 0 on, and when each begins and ends; those that reach into the span."""
    first = datetime.combine(layer.start, time.fromisoformat(layer.hand_over))
    length = _length(layer)
    grid = first
    if layer.rotation == "weekly":
        grid -= (first.weekday() - _DAYS.index(layer.weekday)) % 7 * DAY
    # One earlier, as the clock may have been set back meanwhile.
    number = max(0, (wall(since, zone) - grid) // length - 1)
    begin = moment(max(first, grid + number * length), zone)
    while begin < until:
        end = moment(grid + (number + 1) * length, zone)
        if end > max(begin, since):
            yield number, begin, end
        number, begin = number + 1, end


def _length(layer: Layer) -> timedelta:
    return _LENGTHS.get(layer.rotation) or timedelta(seconds=layer.length or 0)


def _open_spans(
    restrictions: Sequence[Restriction], zone: ZoneInfo, since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """When restrictions allow somebody to be on call, joined where they touch, in order."""
    spans: list[tuple[datetime, datetime]] = []
    day, last = wall(since, zone).date() - 2 * DAY, wall(until, zone).date()
    while day <= last:
        midnight = datetime.combine(day, time())
        for each in restrictions:
            if not each.days or _DAYS[day.weekday()] in each.days:
                opens, closes = midnight + _time(each.start), midnight + _time(each.end)
                spans.append((moment(opens, zone), moment(closes if closes > opens else closes + DAY, zone)))
        day += DAY
    spans.sort()
    joined = spans[0] if spans else None
    for opens, closes in spans[1:]:
        assert joined
        if opens <= joined[1]:
            joined = (joined[0], max(joined[1], closes))
        else:
            yield joined
            joined = (opens, closes)
    if joined:
        yield joined


def _time(clock: str) -> timedelta:
    hours, minutes = clock.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))
