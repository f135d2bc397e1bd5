"""The form of a schedule."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from monitors_contracts.oncall import ScheduleSpec
from monitors_runtime.errors import ProblemError

from ...api import contacts
from ...api import schedules as api
from ...api.schedules import ScheduleShape
from ...http.pages import PathId
from ..forms import Errors, made_of, message_of, read, refused, unchanged
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.parts import Flash
from ..views.schedule_form import asked_of, field_of, schedule_form_view, typed_of

router = APIRouter(prefix="/on-call")
BY_PROBLEM = {
    "name-taken": "name",
    "unknown-timezone": "timezone",
    "invalid-start": "0-start",
    "unknown-contact": "0-person-0",
}


@router.get("/new")
async def new(request: Request, visit: VisitDep) -> Response:
    """The form to add one."""
    return await _show(request, visit, None, {}, Errors(), 200)


@router.post("/new")
async def create(request: Request, visit: VisitDep) -> Response:
    """Add a schedule."""
    typed = await read(request)
    spec, errors = _parsed(typed)
    if spec:
        try:
            made = await api.create_schedule(spec, request, Response(), visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = refused(problem, BY_PROBLEM)
        else:
            flash = Flash(f"“{made.schedule.name}” is added: this is who is on call.")
            return redirect(request, f"{root_of(request)}/on-call?schedule={made.schedule.id}", flash)
    return await _show(request, visit, None, typed, errors, 422)


@router.get("/{id}/edit")
async def edit(request: Request, schedule_id: PathId, visit: VisitDep) -> Response:
    """The form of one that is there."""
    found = (await api.get_schedule(schedule_id, request, visit.caller, visit.gateway)).schedule
    made_of(request, typed_of(found))
    return await _show(request, visit, found, typed_of(found), Errors(), 200)


@router.post("/{id}/edit")
async def update(request: Request, schedule_id: PathId, visit: VisitDep) -> Response:
    """Save what was changed."""
    found = (await api.get_schedule(schedule_id, request, visit.caller, visit.gateway)).schedule
    typed = await read(request)
    spec, errors = _parsed(typed)
    if spec:
        try:
            await unchanged(request, typed_of(found))
            await api.replace_schedule(schedule_id, spec, request, visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = refused(problem, BY_PROBLEM)
        else:
            return redirect(request, f"{root_of(request)}/on-call?schedule={schedule_id}", Flash("Saved."))
    return await _show(request, visit, found, typed, errors, 422)


def _parsed(typed: dict[str, str]) -> tuple[ScheduleSpec | None, Errors]:
    """The schedule that was typed, or what is wrong with it, each at its field."""
    asked, wrong = asked_of(typed)
    try:
        spec = ScheduleSpec.model_validate(asked)
    except ValidationError as invalid:
        told = {field_of(each["loc"], typed): message_of(each) for each in invalid.errors()}
        return None, Errors(told | wrong)
    return (None, Errors(wrong)) if wrong else (spec, Errors())


async def _show(
    request: Request,
    visit: Visit,
    schedule: ScheduleShape | None,
    typed: dict[str, str],
    errors: Errors,
    status: int,
) -> Response:
    people = (await contacts.list_contacts(visit.caller, visit.gateway)).contacts
    view = schedule_form_view(schedule, typed, people, errors, formats(request).now.date(), root_of(request))
    return await page(request, "pages/on_call/schedule.html", view, status)
