"""Routing: which alerts are told where, together with which others, how soon and how often again."""

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from .base import Event, Id, Model, TenantRequest
from .durations import AS_DURATION
from .matchers import Matcher, Matchers
from .metrics import LabelName

RouteName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$")]
Wait = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False), AS_DURATION]
Repeat = Annotated[float, Field(ge=0, le=31 * 86_400, allow_inf_nan=False), AS_DURATION]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
EVERY_ALERT = "..."
"""In `group_by`: each alert is a group of its own, as in Alertmanager."""


class Hours(Model):
    """Times of the week, in a time zone; always, when neither days nor times are given.

    A span that ends before it begins goes past midnight.
    """

    days: list[Weekday] = Field(default_factory=list[Weekday], max_length=7, description="All when empty")
    start: Clock = "00:00"
    end: Clock = "24:00"
    timezone: str = Field(default="UTC", max_length=100, description="An IANA name: `Europe/Berlin`")


class RateLimit(Model):
    """At most so many notices in a span of time to each channel; what is beyond comes together in a digest.

    Critical alerts stand first in it, and all by name as far as a notice holds them.
    """

    notices: int = Field(ge=1, le=100_000)
    per: Annotated[float, Field(ge=1, le=86_400), AS_DURATION] = 60


class Route(Model):
    """One branch. What is null is as the route above has it.

    An alert goes down to the deepest routes that match it; of siblings the first that does, and the next ones too while
    `continue` is set. A matching route with neither channels nor policy of its own uses those above.
    """

    name: RouteName
    matchers: Matchers = Field(
        default_factory=list[Matcher], max_length=30, description='A list, or as text: `service="pay", env!="dev"`'
    )
    severities: list[Literal["info", "warning", "critical"]] = Field(
        default_factory=list[Literal["info", "warning", "critical"]], description="Only these; all when empty"
    )
    channels: list[Id] | None = Field(default=None, max_length=50, description="At the root null means all channels")
    policy_id: Id | None = Field(default=None, description="An escalation policy to run while nobody takes the alert")
    fallback: list[Id] | None = Field(default=None, max_length=10, description="Channels when one can't be reached")
    continue_: bool = Field(default=False, alias="continue")
    group_by: list[LabelName] | None = Field(default=None, max_length=20, description='`["..."]`: each alert alone')
    group_wait: Wait | None = Field(default=None, description="How long a new group gathers before it is told")
    group_interval: Wait | None = Field(default=None, description="How long until changes of a group are told")
    repeat_interval: Repeat | None = Field(default=None, description="Told again while nobody took it; 0 for never")
    limit: RateLimit | None = None
    active_hours: list[Hours] | None = Field(default=None, max_length=20, description="Only then; else it waits")
    routes: list["Route"] = Field(default_factory=list["Route"], max_length=200)


def _bounded(root: Route) -> Route:
    names: set[str] = set()
    waiting = [(root, 1)]
    while waiting:
        route, depth = waiting.pop()
        if depth > 10:
            raise ValueError("routes are nested deeper than 10")
        if route.name in names:
            raise ValueError(f"two routes are called {route.name!r}")
        names.add(route.name)
        if len(names) > 1000:
            raise ValueError("more than 1000 routes")
        waiting += [(child, depth + 1) for child in route.routes]
    return root


RouteTree = Annotated[Route, AfterValidator(_bounded)]
"""The route that all alerts begin at, with those below it: no two of a name."""


class Routing(Model):
    """An organization's tree. `version` 0 is the one that everybody begins with: all alerts to all channels, each at once."""

    root: RouteTree
    version: int = 0
    updated_at: AwareDatetime | None = None
    updated_by: Id | None = None


DEFAULT_ROUTE = Route(name="root", group_by=[EVERY_ALERT], group_wait=0, group_interval=0, repeat_interval=0)
"""What holds where no route says otherwise."""


class RoutingChanged(Event):
    """The tree was saved; this is all of it."""

    aggregate, action, stream, entity_field = "routing", "changed", "ALERTS", "organization_id"
    routing: Routing


class GetRouting(TenantRequest[Routing]):
    """The tree."""

    service = "alerter"


class SaveRouting(TenantRequest[Routing]):
    """Put another tree in place of the one there is. Problems: `invalid-routing`, `routing-changed` (another version now)."""

    service = "alerter"
    user_id: Id
    root: RouteTree
    expected_version: int | None = None


class Destination(Model):
    """Where an alert would go by one branch, and how."""

    path: list[str] = Field(description="Names of the routes from the root on")
    channels: list[Id]
    policy_id: Id | None = None
    group_by: list[str]
    group_wait: float
    group_interval: float
    repeat_interval: float
    open_at: AwareDatetime | None = Field(default=None, description="When its hours begin; null while they last")


class Destinations(Model):
    """Where an alert with these labels would go now."""

    destinations: list[Destination]
    held_by: list[str] = Field(default_factory=list[str], description="What would keep it from being told, in words")


class ChannelUsers(Model):
    """What names a channel, in words."""

    users: list[str] = Field(description="`route 'root'`, `contact 'Robin'`, `policy 'Night'`")


class GetChannelUsers(TenantRequest[ChannelUsers]):
    """What would reach nobody, or fewer, without this channel: the routes, contacts and policies that name it."""

    service = "alerter"
    channel_id: Id


class TestRouting(TenantRequest[Destinations]):
    """Where would an alert with these labels go? `root` tries a tree that is not saved."""

    __test__ = False  # no test, whatever its name

    service = "alerter"
    labels: dict[LabelName, str] = Field(max_length=100)
    root: RouteTree | None = None
    at: AwareDatetime | None = None
