"""Schedules: whose turn it is, who stands in, and a calendar of it."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, Field

from monitors_contracts.base import Id, Model, Problem, new_id
from monitors_contracts.oncall import (
    AddOverride,
    DeleteSchedule,
    GetOnCall,
    GetSchedule,
    GetShifts,
    LinkCalendar,
    ListOverrides,
    ListSchedules,
    OnCall,
    OnCallList,
    Override,
    OverrideList,
    OverrideSpec,
    RemoveOverride,
    SaveSchedule,
    Schedule,
    ScheduleSpec,
    Shift,
)
from monitors_contracts.signed import InvalidToken
from monitors_contracts.times import Plannable

from ..domain.calendar_links import CalendarLink, make_token, read_token
from ..domain.calendars import calendar_of, span_of
from ..gateway import Gateway
from ..http.callers import Caller, CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import PathId
from ..http.problems import Refused
from .audit import audited
from .shapes import Success

router = APIRouter(prefix="/api", tags=["on-call"], route_class=IdempotentRoute)
calendars = APIRouter(tags=["on-call"])

WEEK = timedelta(days=7)
At = Annotated[Plannable | None, Query(description="Now when absent")]
OverrideId = Annotated[Id, Path(alias="overrideId")]
Token = Annotated[str, Path(max_length=200)]


class ScheduleShape(ScheduleSpec):
    """A schedule, as it was sent, and its calendar link when it has one."""

    id: Id
    calendar_url: str | None = Field(default=None, description="For calendar programs; whoever has it can read it")
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime

    @classmethod
    def of(cls, schedule: Schedule, caller: Caller, gateway: Gateway, base_url: str) -> Self:
        """The schedule for its organization."""
        url = None
        if schedule.calendar_id:
            link = CalendarLink(caller.organization_id, schedule.id, schedule.calendar_id)
            url = f"{base_url}calendar/{make_token(link, _secret(gateway))}.ics"
        return cls(**schedule.model_dump(exclude={"calendar_id"}), calendar_url=url)


class SchedulesReply(Model):
    """All schedules, by name."""

    schedules: list[ScheduleShape]


class ScheduleReply(Model):
    """The schedule after the change."""

    success: bool = True
    schedule: ScheduleShape


class OverrideReply(Model):
    """The override that was added."""

    success: bool = True
    override: Override


class ShiftsReply(Model):
    """Turns and gaps, each beginning where the one before ends; a gap has no `contactId`."""

    schedule_id: Id
    timezone: str
    shifts: list[Shift]


@router.get("/on-call")
async def get_on_call(caller: CallerDep, gateway: GatewayDep, at: At = None) -> OnCallList:
    """Who is on call by each schedule, and who is next."""
    return await gateway.runtime.ask(GetOnCall(organization_id=caller.organization_id, at=at))


@router.get("/schedules")
async def list_schedules(request: Request, caller: CallerDep, gateway: GatewayDep) -> SchedulesReply:
    """The organization's schedules, by name."""
    found = await gateway.runtime.ask(ListSchedules(organization_id=caller.organization_id))
    base = str(request.base_url)
    return SchedulesReply(schedules=[ScheduleShape.of(each, caller, gateway, base) for each in found.schedules])


@router.post("/schedules", status_code=201)
async def create_schedule(
    body: ScheduleSpec, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> ScheduleReply:
    """Add a schedule: layers of people who take turns."""
    schedule = await gateway.runtime.ask(
        SaveSchedule(organization_id=caller.organization_id, schedule_id=entity_id(request), spec=body, is_new=True)
    )
    await audited(gateway, caller, "schedule.create", schedule.id)
    response.headers["Location"] = f"/api/schedules/{schedule.id}"
    return _reply(schedule, request, caller, gateway)


@router.get("/schedules/{id}")
async def get_schedule(schedule_id: PathId, request: Request, caller: CallerDep, gateway: GatewayDep) -> ScheduleReply:
    """One schedule."""
    asked = GetSchedule(organization_id=caller.organization_id, schedule_id=schedule_id)
    return _reply(await gateway.runtime.ask(asked), request, caller, gateway)


@router.put("/schedules/{id}")
async def replace_schedule(
    schedule_id: PathId, body: ScheduleSpec, request: Request, caller: CallerDep, gateway: GatewayDep
) -> ScheduleReply:
    """Make the schedule what is sent. Overrides and the calendar link stay."""
    schedule = await gateway.runtime.ask(
        SaveSchedule(organization_id=caller.organization_id, schedule_id=schedule_id, spec=body)
    )
    await audited(gateway, caller, "schedule.update", schedule_id)
    return _reply(schedule, request, caller, gateway)


@router.delete("/schedules/{id}")
async def delete_schedule(schedule_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Remove a schedule that no policy names, with its overrides."""
    await gateway.runtime.ask(DeleteSchedule(organization_id=caller.organization_id, schedule_id=schedule_id))
    await audited(gateway, caller, "schedule.delete", schedule_id)
    return Success()


@router.get("/schedules/{id}/on-call")
async def get_schedule_on_call(schedule_id: PathId, caller: CallerDep, gateway: GatewayDep, at: At = None) -> OnCall:
    """Who is on call by this schedule, and who is next."""
    asked = GetOnCall(organization_id=caller.organization_id, schedule_id=schedule_id, at=at)
    [found] = (await gateway.runtime.ask(asked)).on_call
    return found


@router.get("/schedules/{id}/shifts")
async def get_shifts(
    schedule_id: PathId,
    caller: CallerDep,
    gateway: GatewayDep,
    since: Annotated[Plannable | None, Query(alias="from", description="Now when absent")] = None,
    until: Annotated[Plannable | None, Query(alias="to", description="A week later when absent")] = None,
) -> ShiftsReply:
    """Who is on call from one moment to another, overrides and gaps included."""
    begin = since or datetime.now(UTC)
    found = await gateway.runtime.ask(
        GetShifts(
            organization_id=caller.organization_id, schedule_id=schedule_id, since=begin, until=until or begin + WEEK
        )
    )
    return ShiftsReply(schedule_id=schedule_id, timezone=found.schedule.timezone, shifts=found.shifts)


@router.get("/schedules/{id}/overrides")
async def list_overrides(schedule_id: PathId, caller: CallerDep, gateway: GatewayDep) -> OverrideList:
    """Overrides that are not over, the next to begin first."""
    return await gateway.runtime.ask(ListOverrides(organization_id=caller.organization_id, schedule_id=schedule_id))


@router.post("/schedules/{id}/overrides", status_code=201)
async def add_override(
    schedule_id: PathId, body: OverrideSpec, request: Request, caller: CallerDep, gateway: GatewayDep
) -> OverrideReply:
    """Let somebody stand in, whoever's turn it is."""
    override = await gateway.runtime.ask(
        AddOverride(
            organization_id=caller.organization_id, schedule_id=schedule_id, override_id=entity_id(request), spec=body
        )
    )
    await audited(gateway, caller, "schedule.override", schedule_id)
    return OverrideReply(override=override)


@router.delete("/schedules/{id}/overrides/{overrideId}")
async def remove_override(
    schedule_id: PathId, override_id: OverrideId, caller: CallerDep, gateway: GatewayDep
) -> Success:
    """Let the turns be as the layers say."""
    await gateway.runtime.ask(
        RemoveOverride(organization_id=caller.organization_id, schedule_id=schedule_id, override_id=override_id)
    )
    await audited(gateway, caller, "schedule.override-removed", schedule_id)
    return Success()


@router.post("/schedules/{id}/calendar")
async def link_calendar(schedule_id: PathId, request: Request, caller: CallerDep, gateway: GatewayDep) -> ScheduleReply:
    """Make a calendar link. The one before it shows nothing any more."""
    link = LinkCalendar(organization_id=caller.organization_id, schedule_id=schedule_id, calendar_id=new_id())
    schedule = await gateway.runtime.ask(link)
    await audited(gateway, caller, "schedule.calendar-link", schedule_id)
    return _reply(schedule, request, caller, gateway)


@router.delete("/schedules/{id}/calendar")
async def unlink_calendar(
    schedule_id: PathId, request: Request, caller: CallerDep, gateway: GatewayDep
) -> ScheduleReply:
    """Revoke the calendar link."""
    schedule = await gateway.runtime.ask(LinkCalendar(organization_id=caller.organization_id, schedule_id=schedule_id))
    await audited(gateway, caller, "schedule.calendar-unlink", schedule_id)
    return _reply(schedule, request, caller, gateway)


@calendars.head("/calendar/{token}.ics", include_in_schema=False)
@calendars.get("/calendar/{token}.ics", include_in_schema=False)
async def calendar(token: Token, gateway: GatewayDep) -> Response:
    """The schedule's turns for a calendar program: of the last week and the next three months."""
    gone = Refused(Problem(type="calendar-not-found", title="There is no such calendar", status=404))
    try:
        link = read_token(token, _secret(gateway))
    except InvalidToken:
        raise gone from None
    now = datetime.now(UTC)
    since, until = span_of(now)
    listed = await gateway.runtime.ask(
        GetShifts(
            organization_id=link.organization_id,
            schedule_id=link.schedule_id,
            since=since,
            until=until,
        )
    )
    if listed.schedule.calendar_id != link.calendar_id:
        raise gone
    headers = {"Content-Disposition": 'inline; filename="on-call.ics"', "Cache-Control": "private, max-age=300"}
    return Response(calendar_of(listed, now), media_type="text/calendar", headers=headers)


def _reply(schedule: Schedule, request: Request, caller: Caller, gateway: Gateway) -> ScheduleReply:
    return ScheduleReply(schedule=ScheduleShape.of(schedule, caller, gateway, str(request.base_url)))


def _secret(gateway: Gateway) -> str:
    key = gateway.runtime.settings.secret_key
    assert key  # the gateway refused to be made without one
    return key.get_secret_value()
