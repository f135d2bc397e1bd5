"""Groups of alerts, their members, and what channels were told of them: the state that telling is decided by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from monitors_contracts.alerts import AlertState, AlertView, Severity
from monitors_contracts.base import Id
from monitors_contracts.notifications import ChannelKind
from monitors_contracts.routing import RateLimit

from .routing import Way
from .suppression import Suppression

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
"""From mild to bad."""

MACHINES: tuple[ChannelKind, ...] = ("webhook", "local")
"""Kinds of channels that no person's attention is behind: they can be told much, and all of it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel was last told of an alert. `owed`: nothing, but its digest will tell it.

    `group_id` is the group that told it: it owes the channel the alert's end.
    """

    state: Literal["owed", "firing", "resolved"]
    severity: Severity
    group_id: Id
    at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """An alert in a group. `belongs`: the routes lead it here still; one that does not stays while its end is owed."""

    alert: AlertView
    told: Mapping[Id, Told] = field(default_factory=dict[Id, Told])
    belongs: bool = True
    suppression: Suppression | None = None
    was_clear: bool = False
    """Whether it ever fired with nothing to hold it back."""
    word: str = ""
    """Why it was not told when it was last looked at; empty when it was."""
    held_by: Id | None = None
    """The alert that inhibited it when it was last looked at."""
    reason: str = ""
    """Why it changed last (`AlertEvent.reason`)."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.alert.state is AlertState.RESOLVED


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts that are told together. A digest is a group of what one channel could not be told because of its limit."""

    id: Id
    organization_id: Id
    key: str
    route: str
    labels: Mapping[str, str]
    opened_at: datetime
    wait: timedelta = timedelta(0)
    every: timedelta = timedelta(0)
    """How long until it is told, and told again, as its route said when something joined it last."""
    told_at: datetime | None = None
    step: int = 0
    """The step of the policy that was reached; 0 before the first."""
    next_step: int | None = None
    next_due: datetime | None = None
    called: Mapping[Id, str | None] = field(default_factory=dict[Id, "str | None"])
    """Channels that the policy's steps told so far, and whose they are: they hear of what else comes to the group."""
    digest_of: Id | None = None

    @property
    def is_escalating(self) -> bool:
        """Whether a policy has begun, and somebody has yet to take what fires."""
        return self.step > 0 or self.next_step is not None


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as telling sees it."""

    kind: ChannelKind
    name: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A step of an escalation policy that is due: whom it tells (channel -> person), and what comes after it.

    `passed` are those whom it could not tell: the number of their step, and why (a word of `PASSED_OVER`).
    """

    step: int
    number: int
    channels: Mapping[Id, str | None]
    next_step: int | None
    next_due: datetime | None
    passed: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Around:
    """What is known beside the group itself."""

    now: datetime
    channels: Mapping[Id, Channel]
    room: Mapping[Id, int]
    """How many more notices each channel may be sent now, by its limit."""


Place: TypeAlias = tuple[Id, Id]
"""An alert and a channel."""

GATHER = timedelta(seconds=5)
"""How long a digest gathers when a channel's limit is reached; the next one comes a limit's span later."""


def limit_of(way: Way, kind: ChannelKind) -> RateLimit:
    """How much a channel may be sent by a route."""
    return way.limit or RateLimit(notices=1000 if kind in MACHINES else 20, per=60)


def digest_key(channel_id: Id) -> str:
    """The key of the group that gathers a channel's digest. No route's name begins so."""
    return f"~digest/{channel_id}"


def digest_way(channel_id: Id, every: timedelta, fallback: tuple[Id, ...]) -> Way:
    """How a channel's digest is told."""
    return Way(
        path=("digest",),
        channels=(channel_id,),
        policy_id=None,
        fallback=fallback,
        group_by=(),
        wait=min(GATHER, every),
        interval=every,
        repeat=timedelta(0),
        limit=None,
        hours=(),
    )


def worse(one: Severity, other: Severity) -> bool:
    """Whether one severity is worse than the other."""
    return SEVERITIES.index(one) > SEVERITIES.index(other)
