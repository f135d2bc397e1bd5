"""On call: who can be reached and how, whose turn it is when, and who stands in for whom."""

import datetime as dates
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from .base import Done, Event, Id, Model, TenantRequest
from .durations import AS_DURATION
from .routing import Clock, Weekday
from .times import Plannable

ContactName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
ScheduleName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
LayerName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Rotation: TypeAlias = Literal["daily", "weekly", "custom"]
ShiftLength = Annotated[float, Field(ge=3600, le=366 * 86_400, multiple_of=60, allow_inf_nan=False), AS_DURATION]
LONGEST_SPAN = dates.timedelta(days=366)
"""The longest time that shifts are told of at once, and that somebody stands in."""


class ContactSpec(Model):
    """A person who can be on call, and the channels that reach them. All channels are told."""

    name: ContactName
    channels: list[Id] = Field(min_length=1, max_length=10)


class Contact(ContactSpec):
    """A contact as its organization sees it."""

    id: Id
    version: int = Field(default=1, description="Grows with every change")
    created_at: AwareDatetime
    updated_at: AwareDatetime


class Restriction(Model):
    """Times of the week in the schedule's time zone. A span that ends where it begins, or before, goes past midnight."""

    days: list[Weekday] = Field(default_factory=list[Weekday], max_length=7, description="All when empty")
    start: TimeOfDay = "00:00"
    end: Clock = "24:00"


class Layer(Model):
    """People who take turns. Hand-overs are by the clocks of the schedule's time zone, whatever daylight saving does.

    The first one's turn begins on the day of `start` at `handOver`. In a weekly rotation the next takes over on the next
    `weekday`; in a custom one after `length`, counted on the clock: 12 hours after 08:00 it is 20:00.
    """

    name: LayerName = "Rotation"
    participants: list[Id] = Field(min_length=1, max_length=50, description="Contacts, in the order of their turns")
    rotation: Rotation = "weekly"
    length: ShiftLength | None = Field(default=None, description="`custom` alone: how long a turn is")
    hand_over: TimeOfDay = "09:00"
    weekday: Weekday = Field(default="monday", description="`weekly`: when the next takes over")
    start: dates.date
    restrictions: list[Restriction] = Field(
        default_factory=list[Restriction], max_length=20, description="On call only then; always when empty"
    )

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if (self.length is not None) != (self.rotation == "custom"):
            raise ValueError("a custom rotation has a length, and no other has")
        return self


class ScheduleSpec(Model):
    """Whose turn it is. A later layer lies over the ones before it where it has somebody; overrides lie over all."""

    name: ScheduleName
    timezone: str = Field(default="UTC", max_length=100, description="An IANA name: `Europe/Berlin`")
    layers: list[Layer] = Field(min_length=1, max_length=20)


class Schedule(ScheduleSpec):
    """A schedule as its organization sees it."""

    id: Id
    calendar_id: Id | None = Field(default=None, description="Which calendar link is good; none when there is none")
    version: int = Field(default=1, description="Grows with every change")
    created_at: AwareDatetime
    updated_at: AwareDatetime


class OverrideSpec(Model):
    """Somebody is on call in a span of time, whoever's turn it is. Of overrides that overlap, the one made last counts."""

    contact_id: Id
    starts_at: Plannable
    ends_at: Plannable
    note: str = Field(default="", max_length=500)

    @model_validator(mode="after")
    def _is_a_span(self) -> Self:
        if not dates.timedelta(0) < self.ends_at - self.starts_at <= LONGEST_SPAN:
            raise ValueError("an override ends after it starts, and within 366 days")
        return self


class Override(OverrideSpec):
    """An override as its organization sees it."""

    # Not narrowed: what was kept before times were bounded is read still.
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    id: Id
    schedule_id: Id
    created_at: AwareDatetime


class Shift(Model):
    """Who is on call from one moment to another, or that nobody is (`contactId` is null): a gap."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    contact_id: Id | None = None
    name: str | None = Field(default=None, description="The contact's")
    layer: str | None = Field(default=None, description="The layer whose turn it is; null in an override and a gap")
    override_id: Id | None = None


class OnCall(Model):
    """Who is on call at a moment, and whose turn is next, as far as five weeks ahead."""

    schedule_id: Id
    schedule: str
    timezone: str
    at: AwareDatetime
    now: Shift
    ends_in_sight: bool = Field(default=True, description="False when it goes on longer; `now.endsAt` is a cut then")
    next: Shift | None = Field(default=None, description="The next turn of somebody; null when there is none soon")


# -- events ---------------------------------------------------------------------------------------------------------


class ContactChanged(Event):
    """A contact was added, or is another one now; this is all of it."""

    aggregate, action, stream, entity_field = "contact", "changed", "ALERTS", "contact_id"
    contact_id: Id
    contact: Contact


class ContactDeleted(Event):
    """A contact is gone."""

    aggregate, action, stream, entity_field = "contact", "deleted", "ALERTS", "contact_id"
    contact_id: Id
    contact_version: int = Field(ge=1)


class ScheduleChanged(Event):
    """A schedule was added, or is another one now; this is all of it, but for its overrides."""

    aggregate, action, stream, entity_field = "schedule", "changed", "ALERTS", "schedule_id"
    schedule_id: Id
    schedule: Schedule


class ScheduleDeleted(Event):
    """A schedule is gone, its overrides with it."""

    aggregate, action, stream, entity_field = "schedule", "deleted", "ALERTS", "schedule_id"
    schedule_id: Id
    schedule_version: int = Field(ge=1)


class ScheduleOverridden(Event):
    """Somebody stands in."""

    aggregate, action, stream, entity_field = "schedule", "overridden", "ALERTS", "schedule_id"
    schedule_id: Id
    override: Override


class OverrideRemoved(Event):
    """The turns are again as the layers say."""

    aggregate, action, stream, entity_field = "schedule", "override-removed", "ALERTS", "schedule_id"
    schedule_id: Id
    override: Override


# -- commands and queries (answered by the alerter) -----------------------------------------------------------------


class ContactList(Model):
    """All contacts of an organization, by name."""

    contacts: list[Contact]


class ScheduleList(Model):
    """All schedules of an organization, by name."""

    schedules: list[Schedule]


class OverrideList(Model):
    """Overrides of a schedule that are not over, the next to begin first."""

    overrides: list[Override]


class OnCallList(Model):
    """Who is on call, by schedule."""

    on_call: list[OnCall]


class ShiftList(Model):
    """Shifts and gaps from one moment to another: each begins where the one before ends."""

    schedule: Schedule
    shifts: list[Shift]


class SaveContact(TenantRequest[Contact]):
    """Add a contact (`isNew`; asking twice makes one), or make it what the spec says.

    Problems: `contact-not-found`, `name-taken`, `unknown-channel`, `contact-limit`.
    """

    service = "alerter"
    contact_id: Id
    spec: ContactSpec
    is_new: bool = False


class DeleteContact(TenantRequest[Done]):
    """Remove a contact. Problems: `contact-not-found`, `contact-in-use`."""

    service = "alerter"
    contact_id: Id


class ListContacts(TenantRequest[ContactList]):
    """The organization's contacts."""

    service = "alerter"


class SaveSchedule(TenantRequest[Schedule]):
    """Add a schedule (`isNew`; asking twice makes one), or make it what the spec says.

    Problems: `schedule-not-found`, `name-taken`, `unknown-timezone`, `invalid-start`, `unknown-contact`,
    `schedule-limit`.
    """

    service = "alerter"
    schedule_id: Id
    spec: ScheduleSpec
    is_new: bool = False


class DeleteSchedule(TenantRequest[Done]):
    """Remove a schedule and its overrides. Problems: `schedule-not-found`, `schedule-in-use`."""

    service = "alerter"
    schedule_id: Id


class GetSchedule(TenantRequest[Schedule]):
    """A schedule. Problem: `schedule-not-found`."""

    service = "alerter"
    schedule_id: Id


class ListSchedules(TenantRequest[ScheduleList]):
    """The organization's schedules."""

    service = "alerter"


class AddOverride(TenantRequest[Override]):
    """Let somebody stand in; the id makes asking twice harmless.

    Problems: `schedule-not-found`, `unknown-contact`, `override-is-past`, `override-limit`.
    """

    service = "alerter"
    schedule_id: Id
    override_id: Id
    spec: OverrideSpec


class RemoveOverride(TenantRequest[Done]):
    """Let the turns be as the layers say. Problem: `override-not-found`."""

    service = "alerter"
    schedule_id: Id
    override_id: Id


class ListOverrides(TenantRequest[OverrideList]):
    """Overrides that are not over. Problem: `schedule-not-found`."""

    service = "alerter"
    schedule_id: Id


class GetOnCall(TenantRequest[OnCallList]):
    """Who is on call: by one schedule, or by each there is. Problem: `schedule-not-found`."""

    service = "alerter"
    schedule_id: Id | None = None
    at: AwareDatetime | None = Field(default=None, description="Now when absent")


class GetShifts(TenantRequest[ShiftList]):
    """Shifts and gaps from one moment to another, at most 366 days later. Problems: `schedule-not-found`, `invalid-span`."""

    service = "alerter"
    schedule_id: Id
    since: AwareDatetime
    until: AwareDatetime


class LinkCalendar(TenantRequest[Schedule]):
    """Make a calendar link good for a schedule, and the one before it worthless; null for none at all.

    Problem: `schedule-not-found`.
    """

    service = "alerter"
    schedule_id: Id
    calendar_id: Id | None = None
