"""Routes drawn as a tree, and where an alert would go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from monitors_contracts.base import Id
from monitors_contracts.durations import lasting
from monitors_contracts.matchers import InvalidMatcher, parse_matchers
from monitors_contracts.notifications import ChannelView
from monitors_contracts.policies import Policy
from monitors_contracts.routing import EVERY_ALERT, Destination, Destinations, Hours, Route, Routing

from ..formats import Formats
from .parts import Action, Link

EXAMPLE = "severity=critical, host=db-1"


@dataclass(frozen=True)
class Names:
    """What those whom routes lead to are called."""

    channels: Sequence[ChannelView] = ()
    policies: Sequence[Policy] = ()

    def channel(self, channel_id: Id) -> str:
        """A channel in words."""
        known = next((each for each in self.channels if each.id == channel_id), None)
        if known is None:
            return "a channel that is gone"
        return known.name if known.is_active else f"{known.name} (switched off)"

    def policy(self, policy_id: Id) -> str:
        """A policy in words."""
        known = next((each.name for each in self.policies if each.id == policy_id), None)
        return f"policy {known}" if known else "a policy that is gone"


@dataclass(frozen=True, slots=True)
class Node:
    """One route as it is drawn. `is_taken`: the alert that is tried ends here."""

    name: str
    asks: str
    tells: str
    notes: tuple[str, ...]
    is_taken: bool
    goes_on: bool
    edit: Link
    add: Link
    earlier: Action | None
    delete: Action | None
    children: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Goes:
    """Where the alert that is tried would go by one route."""

    path: str
    tells: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """The alert that is tried: what was typed, what is wrong with it, where it goes."""

    typed: str = ""
    error: str = ""
    goes: tuple[Goes, ...] = ()
    held_by: tuple[str, ...] = ()
    example: str = EXAMPLE


@dataclass(frozen=True, slots=True)
class RoutesView:
    """The page."""

    root: Node
    trial: Trial
    add: Link
    hint: str
    here: str


def labels_of(typed: str) -> dict[str, str]:
    """The labels that were typed: `severity=critical, host=db-1`. Raises ValueError with what is wrong."""
    try:
        found = parse_matchers(typed)
    except (InvalidMatcher, ValueError):
        raise ValueError(f"Write labels with their values: {EXAMPLE}") from None
    if any(each.op != "=" for each in found):
        raise ValueError("An alert has values, no patterns: write label=value.")
    return {each.label: each.value for each in found}


def routes_view(
    routing: Routing, names: Names, trial: Trial, found: Destinations | None, root: str, formats: Formats
) -> RoutesView:
    """The tree, and where the alert that is tried goes."""
    at = f"{root}/routes"
    ends = {each.path[-1] for each in found.destinations} if found else set[str]()
    if found:
        goes = tuple(_goes(each, names, formats) for each in found.destinations)
        trial = replace(trial, goes=goes, held_by=tuple(found.held_by))
    return RoutesView(
        root=_node(routing.root, None, names, ends, at),
        trial=trial,
        add=Link("Add a route", _new(at, routing.root.name), "plus"),
        hint=""
        if routing.version
        else "Every alert goes to every channel, at once. Add a route to send some elsewhere.",
        here=at,
    )


def _node(route: Route, place: int | None, names: Names, ends: set[str], at: str) -> Node:
    """A route; `place` among its siblings, None for the first route, which stays."""
    here = f"{at}/{quote(route.name)}"
    is_root = place is None
    below = f" and {len(route.routes)} below it" if route.routes else ""
    confirm = f"“{route.name}”{below} is gone then; its alerts go where the routes that stay lead."
    return Node(
        name=route.name,
        asks=asks(route) or ("Every alert" if is_root else "Everything that comes here"),
        tells=tells(route, names) or ("All channels" if is_root else "As above"),
        notes=tuple(notes(route)),
        is_taken=route.name in ends,
        goes_on=route.continue_,
        edit=Link("Edit", f"{here}/edit", "pencil"),
        add=Link("Add below", _new(at, route.name), "plus"),
        earlier=Action(f"Ask {route.name} earlier", f"{here}/earlier", "arrow-up") if place else None,
        delete=None
        if is_root
        else Action(f"Delete {route.name}", f"{here}/delete", "trash-2", "danger", confirm=confirm),
        children=tuple(_node(child, number, names, ends, at) for number, child in enumerate(route.routes)),
    )


def _goes(destination: Destination, names: Names, formats: Formats) -> Goes:
    told = [names.channel(each) for each in destination.channels]
    if destination.policy_id:
        told.append(names.policy(destination.policy_id))
    words = list(
        _told_how(destination.group_by, destination.group_wait, destination.group_interval, destination.repeat_interval)
    )
    if destination.open_at:
        words.append(f"waits for its hours, which begin {formats.exact(destination.open_at)}")
    return Goes(" › ".join(destination.path), ", ".join(told) or "Nobody", tuple(words))


def asks(route: Route) -> str:
    """Which alerts a route takes."""
    asked = [f"{each.label} {each.op} {each.value or '(empty)'}" for each in route.matchers]
    if route.severities:
        asked.append(f"severity {' or '.join(route.severities)}")
    return ", ".join(asked)


def tells(route: Route, names: Names) -> str:
    """Whom a route tells; empty when that is as above it."""
    told = [names.channel(each) for each in route.channels or ()]
    if route.policy_id:
        told.append(names.policy(route.policy_id))
    return ", ".join(told) or ("" if route.channels is None else "Nobody")


def notes(route: Route) -> Iterator[str]:
    """How a route tells, where it says so itself."""
    yield from _told_how(route.group_by, route.group_wait, route.group_interval, route.repeat_interval)
    if route.limit:
        yield f"at most {route.limit.notices} messages in {lasting(route.limit.per)} to each channel"
    if route.active_hours:
        yield "only " + "; ".join(hours_words(each) for each in route.active_hours)


def _told_how(
    group_by: Sequence[str] | None, wait: float | None, interval: float | None, repeat: float | None
) -> Iterator[str]:
    if group_by is not None:
        together = f"together by {', '.join(group_by)}" if group_by else "all together"
        yield "each alert alone" if EVERY_ALERT in group_by else together
    if wait:
        yield f"gathers for {lasting(wait)}"
    if interval:
        yield f"changes every {lasting(interval)}"
    if repeat:
        yield f"again every {lasting(repeat)} until somebody takes it"


def hours_words(span: Hours) -> str:
    """One span of hours as it is typed: `monday,tuesday 09:00-18:00 Europe/Berlin`."""
    return " ".join(part for part in (",".join(span.days), f"{span.start}-{span.end}", span.timezone) if part)


def _new(at: str, under: str) -> str:
    return f"{at}/new?under={quote(under)}"
