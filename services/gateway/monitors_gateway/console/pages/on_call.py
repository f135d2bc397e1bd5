"""On call: who is on now, the calendar of a schedule, and who stands in."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from monitors_contracts.base import Id
from monitors_contracts.oncall import OverrideSpec
from monitors_runtime.errors import ProblemError

from ...api import contacts
from ...api import schedules as api
from ...api.schedules import ScheduleShape
from ...http.pages import PathId
from ..forms import Errors, parse, read, refused
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.on_call import Span, calendar_view, now_cards, on_call_view, override_spec, span_of
from ..views.parts import Flash
from .errors import came_from

router = APIRouter(prefix="/on-call")


@router.get("")
async def on_call(
    request: Request,
    visit: VisitDep,
    schedule: Id | None = None,
    span: Annotated[Span, Query(alias="view")] = "week",
    day: date | None = None,
) -> Response:
    """Who is on now; below, the turns of one schedule."""
    return await _show(request, visit, schedule, span, day, {}, Errors(), 200)


@router.get("/{id}/stand-in")
@router.get("/{id}/overrides")
async def on_call_by(request: Request, schedule_id: PathId, visit: VisitDep) -> Response:
    """The same, at the address of a form that was sent back: the page asks for itself again there."""
    return await _show(request, visit, schedule_id, "week", None, {}, Errors(), 200)


@router.post("/{id}/stand-in")
async def stand_in(request: Request, schedule_id: PathId, visit: VisitDep) -> Response:
    """Somebody takes over for some hours, from now on."""
    typed = await read(request)
    now = datetime.now(UTC)
    hours = typed.get("hours", "")
    ends = now + timedelta(hours=int(hours)) if hours.isdecimal() and len(hours) < 5 else None
    fields = {"contact_id": typed.get("contact_id"), "starts_at": now, "ends_at": ends}
    return await _override(request, schedule_id, visit, fields, {})


@router.post("/{id}/overrides")
async def add_override(request: Request, schedule_id: PathId, visit: VisitDep) -> Response:
    """Somebody takes over from one time to another."""
    typed = await read(request)
    found = await api.get_schedule(schedule_id, request, visit.caller, visit.gateway)
    fields = override_spec(typed, ZoneInfo(found.schedule.timezone))
    return await _override(request, schedule_id, visit, fields, typed)


@router.post("/{id}/overrides/{overrideId}/remove")
async def remove_override(
    request: Request, schedule_id: PathId, override_id: api.OverrideId, visit: VisitDep
) -> Response:
    """The turns are as the layers say."""
    await api.remove_override(schedule_id, override_id, visit.caller, visit.gateway)
    return _back(request, schedule_id, "The override is removed.")


@router.post("/{id}/calendar")
async def link_calendar(request: Request, schedule_id: PathId, visit: VisitDep) -> Response:
    """A link for calendar programs."""
    await api.link_calendar(schedule_id, request, visit.caller, visit.gateway)
    return _back(request, schedule_id, "The calendar link is made. Whoever has it can read the turns.")


@router.post("/{id}/calendar/revoke")
async def revoke_calendar(request: Request, schedule_id: PathId, visit: VisitDep) -> Response:
    """No link any more."""
    await api.unlink_calendar(schedule_id, request, visit.caller, visit.gateway)
    return _back(request, schedule_id, "The calendar link is revoked.")


@router.post("/{id}/delete")
async def delete_schedule(request: Request, schedule_id: PathId, visit: VisitDep) -> Response:
    """Remove a schedule."""
    await api.delete_schedule(schedule_id, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/on-call", Flash("The schedule is deleted."))


async def _override(
    request: Request, schedule_id: Id, visit: Visit, fields: Mapping[str, object], typed: dict[str, str]
) -> Response:
    parsed = parse(OverrideSpec, fields)
    errors = parsed.errors
    if parsed.model:
        try:
            await api.add_override(schedule_id, parsed.model, request, visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = refused(problem, {"override-is-past": "ends_at", "unknown-contact": "contact_id"})
        else:
            return _back(request, schedule_id, "Somebody stands in: the calendar shows it.")
    return await _show(request, visit, schedule_id, "week", None, typed, errors, 422)


async def _show(
    request: Request,
    visit: Visit,
    schedule_id: Id | None,
    span: Span,
    day: date | None,
    typed: dict[str, str],
    errors: Errors,
    status: int,
) -> Response:
    caller, gateway, root, written = visit.caller, visit.gateway, root_of(request), formats(request)
    now, known, people = await asyncio.gather(
        api.get_on_call(caller, gateway),
        api.list_schedules(request, caller, gateway),
        contacts.list_contacts(caller, gateway),
    )
    shown = _chosen(known.schedules, schedule_id)
    calendar = None
    if shown:
        zone = ZoneInfo(shown.timezone)
        at = day if day and 2000 < day.year < 2199 else written.now.astimezone(zone).date()
        begin, end = span_of(span, at, zone)
        found, overrides = await asyncio.gather(
            api.get_shifts(shown.id, caller, gateway, since=begin, until=end),
            api.list_overrides(shown.id, caller, gateway),
        )
        calendar = calendar_view(
            shown, found.shifts, overrides.overrides, people.contacts, span, at, typed, errors, root, written
        )
    cards = now_cards(now.on_call, people.contacts, root, written)
    view = on_call_view(cards, known.schedules, shown.id if shown else None, calendar, people.contacts, root)
    return await page(request, "pages/on_call/on_call.html", view, status)


def _chosen(known: list[ScheduleShape], schedule_id: Id | None) -> ScheduleShape | None:
    return next((each for each in known if each.id == schedule_id), known[0] if known else None)


def _back(request: Request, schedule_id: Id, words: str) -> Response:
    return redirect(request, came_from(request) or f"{root_of(request)}/on-call?schedule={schedule_id}", Flash(words))
