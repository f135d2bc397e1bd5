"""Maintenance windows: times that come again, in which work is done and nobody is told of its alerts."""

import zoneinfo
from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    NaiveDatetime,
    StringConstraints,
    WithJsonSchema,
)

from .base import Done, Event, Id, Model, TenantRequest
from .durations import AS_DURATION
from .matchers import Selection
from .silences import Comment

WindowName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
WindowLength = Annotated[float, Field(ge=60, le=31 * 86_400, allow_inf_nan=False), AS_DURATION]


def _known_zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}; write a name such as Europe/Berlin or UTC") from None
    return name


TimeZone = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_known_zone)]
"""An IANA name: `Europe/Berlin`."""


def _local(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo:
        raise ValueError("a local time is like 2026-11-22T02:00, without a zone: `timezone` says which clocks")
    return moment


LocalTime = Annotated[
    NaiveDatetime,
    BeforeValidator(_local),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$"}),
]
"""A time as clocks show it: `2026-11-22T02:00`."""


class WindowSpec(Model):
    """When work is done, and on what.

    It opens by the clocks of `timezone`, in summer as in winter, from `startsAt` on. At a time that clocks leave out it opens
    as much later as they are put forward; at one that they show twice, the first time.
    """

    name: WindowName
    matchers: Selection
    starts_at: LocalTime = Field(description="Local time of the first one: `2026-11-22T02:00`")
    timezone: TimeZone = "UTC"
    duration: WindowLength = Field(description="How long each lasts, by a stop-watch")
    rrule: str | None = Field(
        default=None,
        max_length=500,
        description="How it comes again (RFC 5545): `FREQ=WEEKLY;BYDAY=SU`; once when absent",
    )
    comment: Comment = ""
    is_active: bool = True


class Occurrence(Model):
    """One time that a window is open."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime


class MaintenanceWindow(Model):
    """A window, as it was made."""

    id: Id
    spec: WindowSpec
    created_by: Id
    created_at: AwareDatetime
    updated_at: AwareDatetime
    version: int = 1


class WindowView(MaintenanceWindow):
    """A window and when it is open: those occurrences that were asked for, or the one of now and the next ones."""

    is_open: bool
    occurrences: list[Occurrence]
    held: int = Field(default=0, description="How many alerts it has held back so far")
    holding: int = Field(default=0, description="How many of those are open still")


class MaintenanceChanged(Event):
    """A window was made or changed; this is all of it."""

    aggregate, action, stream, entity_field = "maintenance", "changed", "ALERTS", "window_id"
    window_id: Id
    window: MaintenanceWindow


class MaintenanceDeleted(Event):
    """A window is gone."""

    aggregate, action, stream, entity_field = "maintenance", "deleted", "ALERTS", "window_id"
    window_id: Id


class CreateWindow(TenantRequest[WindowView]):
    """Plan maintenance; the id makes asking twice harmless. Problems: `invalid-recurrence`, `window-limit`."""

    service = "alerter"
    window_id: Id
    user_id: Id
    spec: WindowSpec


class UpdateWindow(TenantRequest[WindowView]):
    """Make a window what the spec says. Problems: `window-not-found`, `invalid-recurrence`."""

    service = "alerter"
    window_id: Id
    user_id: Id
    spec: WindowSpec


class DeleteWindow(TenantRequest[Done]):
    """Take a window away; what it holds back now is told, if it fires still. Problem: `window-not-found`."""

    service = "alerter"
    window_id: Id


class GetWindow(TenantRequest[WindowView]):
    """One window. Problem: `window-not-found`."""

    service = "alerter"
    window_id: Id


class WindowList(Model):
    """An organization's windows, by name."""

    windows: list[WindowView]


class ListWindows(TenantRequest[WindowList]):
    """All windows. With `since` and `until` (at most 400 days) each with its occurrences in between."""

    service = "alerter"
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class Occurrences(Model):
    """When a window would be open."""

    occurrences: list[Occurrence]


class PreviewWindow(TenantRequest[Occurrences]):
    """When a window would be open next, five times at most. Saves nothing. Problem: `invalid-recurrence`."""

    service = "alerter"
    spec: WindowSpec
