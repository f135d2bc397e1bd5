"""The tree of routes, made ready: which ways an alert with these labels is told, and when their hours are. Pure."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitors_contracts.base import Id
from monitors_contracts.matchers import InvalidMatcher, Matcher, check, matches
from monitors_contracts.routing import DEFAULT_ROUTE, EVERY_ALERT, Hours, RateLimit, Route, Weekday

from .choosing import Chooser
from .wall_clock import UnknownTimezone, moment, wall, zone_of

_DAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class InvalidRouting(ValueError):
    """A tree that can't be used; the text says which route, and why."""


@dataclass(frozen=True, slots=True)
class Way:
    """How the alerts of one route are told. Nothing is left open: what the route does not say is as above it."""

    path: tuple[str, ...]
    channels: tuple[Id, ...] | None
    """None: all channels of the organization."""
    policy_id: Id | None
    fallback: tuple[Id, ...]
    group_by: tuple[str, ...]
    wait: timedelta
    interval: timedelta
    repeat: timedelta
    """Zero for never."""
    limit: RateLimit | None
    hours: tuple[Hours, ...]

    @property
    def name(self) -> str:
        """The route's own name, which no other route of the tree has."""
        return self.path[-1]

    @property
    def is_alone(self) -> bool:
        """Whether each alert is a group of its own."""
        return EVERY_ALERT in self.group_by

    def group_labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """What an alert's group has in common."""
        return {} if self.is_alone else {name: labels.get(name, "") for name in self.group_by}

    def group_key(self, labels: Mapping[str, str], alert_id: Id) -> str:
        """The same for all alerts of a group, within the organization."""
        if self.is_alone:
            return f"{self.name}/{alert_id}"
        shared = json.dumps(self.group_labels(labels), sort_keys=True)
        return f"{self.name}/{hashlib.sha256(shared.encode()).hexdigest()[:32]}"


class Tree:
    """An organization's routes. Made once, and asked for every alert."""

    def __init__(self, root: Route) -> None:
        self._root = _Node(root, _way(root, None))
        self._named = {way.name: way for way in self._root.all()}

    def ways(self, labels: Mapping[str, str]) -> list[Way]:
        """Where an alert with these labels goes: always at least one way, that of the root."""
        return self._root.ways(labels)

    def way(self, name: str) -> Way:
        """The way of a route; the root's, when there is no such route any more."""
        return self._named.get(name) or self._root.way


class _Node:
    """A route with its branches, found by index where their matchers name values."""

    def __init__(self, route: Route, way: Way) -> None:
        self.way = way
        self._always: list[tuple[int, tuple[Matcher, ...]]] = []
        self._children = [_Node(child, _way(child, way)) for child in route.routes]
        self._goes_on = [child.continue_ for child in route.routes]
        chosen: list[tuple[Sequence[Matcher], int]] = []
        for place, child in enumerate(route.routes):
            matchers = _matchers(child)
            if any(not matches(matcher, {}) for matcher in matchers):
                chosen.append((matchers, place))
            else:
                self._always.append((place, tuple(matchers)))
        self._chosen = Chooser(chosen)

    def ways(self, labels: Mapping[str, str]) -> list[Way]:
        found: list[Way] = []
        for place in self._matching(labels):
            found += self._children[place].ways(labels)
            if not self._goes_on[place]:
                break
        return found or [self.way]

    def all(self) -> Iterator[Way]:
        """The ways of this route and of those below it."""
        yield self.way
        for child in self._children:
            yield from child.all()

    def _matching(self, labels: Mapping[str, str]) -> list[int]:
        places = self._chosen.find(labels)
        if self._always:
            places += [
                place for place, matchers in self._always if all(matches(matcher, labels) for matcher in matchers)
            ]
            places.sort()
        return places


def _matchers(route: Route) -> list[Matcher]:
    if not route.severities:
        return list(route.matchers)
    return [*route.matchers, Matcher(label="severity", op="=~", value="|".join(route.severities))]


def _way(route: Route, above: Way | None) -> Way:
    inherited = above or Way(
        path=(),
        channels=None,
        policy_id=None,
        fallback=(),
        group_by=tuple(DEFAULT_ROUTE.group_by or ()),
        wait=timedelta(0),
        interval=timedelta(0),
        repeat=timedelta(0),
        limit=None,
        hours=(),
    )
    way = replace(
        inherited,
        path=(*inherited.path, route.name),
        fallback=inherited.fallback if route.fallback is None else tuple(route.fallback),
        group_by=inherited.group_by if route.group_by is None else tuple(route.group_by),
        wait=_span(route.group_wait, inherited.wait),
        interval=_span(route.group_interval, inherited.interval),
        repeat=_span(route.repeat_interval, inherited.repeat),
        limit=route.limit or inherited.limit,
        hours=inherited.hours if route.active_hours is None else tuple(route.active_hours),
    )
    if route.channels is None and route.policy_id is None:
        return way
    channels = None if above is None else ()
    if route.channels is not None:
        channels = tuple(dict.fromkeys(route.channels))
    return replace(way, channels=channels, policy_id=route.policy_id)


def _span(seconds: float | None, inherited: timedelta) -> timedelta:
    return inherited if seconds is None else timedelta(seconds=seconds)


def opens_at(hours: Sequence[Hours], now: datetime) -> datetime | None:
    """When these hours begin; None while they last, and where there are none."""
    begins: list[datetime] = []
    for span in hours:
        zone = zone_of(span.timezone)
        today = wall(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
        for day in (today + timedelta(days=offset) for offset in range(-1, 9)):
            if span.days and _DAYS[day.weekday()] not in span.days:
                continue
            length = _clock(span.end) - _clock(span.start)
            if length <= timedelta(0):
                length += timedelta(days=1)
            begin = day + _clock(span.start)
            start, end = moment(begin, zone), moment(begin + length, zone)
            if start <= now < end:
                return None
            if start > now and start < end:
                begins.append(start)
    return min(begins, default=None)


def _clock(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def channels_of(root: Route) -> set[Id]:
    """All channels that a tree names."""
    named = {*(root.channels or ()), *(root.fallback or ())}
    return named.union(*(channels_of(each) for each in root.routes))


def validate(root: Route, channels: Collection[Id], policies: Collection[Id]) -> None:
    """Raises InvalidRouting for a tree that can't be used by the organization that has these channels and policies."""
    if root.matchers or root.severities or root.continue_:
        raise InvalidRouting(f"{root.name}: the first route takes every alert; put matchers into a route below it")
    waiting = [root]
    while waiting:
        route = waiting.pop()
        waiting += route.routes
        try:
            check(route.matchers)
            for span in route.active_hours or ():
                zone_of(span.timezone)
        except (InvalidMatcher, UnknownTimezone) as wrong:
            raise InvalidRouting(f"{route.name}: {wrong}") from wrong
        for channel in (*(route.channels or ()), *(route.fallback or ())):
            if channel not in channels:
                raise InvalidRouting(f"{route.name}: there is no channel {channel}")
        if route.policy_id and route.policy_id not in policies:
            raise InvalidRouting(f"{route.name}: there is no escalation policy {route.policy_id}")
