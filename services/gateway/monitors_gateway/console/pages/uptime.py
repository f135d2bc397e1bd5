"""Uptime checks: the list with its last days, and the form."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from monitors_contracts.uptime import CHECK_LABEL, SUCCESS, UptimeSpec, UptimeView
from monitors_runtime.errors import ProblemError

from ...api import uptime as api
from ...http.pages import PathId
from ..forms import Errors, made_of, parse, read, refused, unchanged
from ..render import formats, page, redirect, root_of
from ..session import VisitDep
from ..views.parts import Action, Flash
from ..views.uptime import NEW, asked_of, told, typed_of, uptime_form_view, uptimes_view
from .heartbeats import days_of

router = APIRouter(prefix="/uptime")


@router.get("")
async def list_checks(request: Request, visit: VisitDep) -> Response:
    """All checks, how they went, and their last days."""
    found, days = await asyncio.gather(
        api.list_uptime_checks(visit.caller, visit.gateway), days_of(visit, SUCCESS, CHECK_LABEL, "avg")
    )
    view = uptimes_view(found, days, root_of(request), formats(request))
    return await page(request, "pages/heartbeats/uptime.html", view)


@router.get("/new")
async def new(request: Request, visit: VisitDep) -> Response:
    """The form to add one."""
    return await _show(request, NEW, Errors(), None, 200)


@router.post("/new")
async def create(request: Request, visit: VisitDep) -> Response:
    """Ask an address from now on."""
    typed = await read(request)
    parsed = parse(UptimeSpec, asked_of(typed, None))
    errors = told(parsed.errors)
    if parsed.model:
        try:
            made = await api.create_uptime_check(parsed.model, request, Response(), visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = told(refused(problem))
        else:
            flash = Flash(f"“{made.check.spec.name}” is asked from now on.")
            return redirect(request, f"{root_of(request)}/uptime", flash)
    return await _show(request, typed, errors, None, 422)


@router.get("/{id}/edit")
async def edit(request: Request, check_id: PathId, visit: VisitDep) -> Response:
    """The form of one that is there."""
    found = (await api.get_uptime_check(check_id, visit.caller, visit.gateway)).check
    made_of(request, typed_of(found.spec))
    return await _show(request, typed_of(found.spec), Errors(), found, 200)


@router.post("/{id}/edit")
async def update(request: Request, check_id: PathId, visit: VisitDep) -> Response:
    """Save what was changed."""
    found = (await api.get_uptime_check(check_id, visit.caller, visit.gateway)).check
    typed = await read(request)
    parsed = parse(UptimeSpec, asked_of(typed, found.spec))
    errors = told(parsed.errors)
    if parsed.model:
        try:
            await unchanged(request, typed_of(found.spec))
            await api.replace_uptime_check(check_id, parsed.model, visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = told(refused(problem))
        else:
            return redirect(request, f"{root_of(request)}/uptime", Flash("Saved."))
    return await _show(request, typed, errors, found, 422)


@router.post("/{id}/pause")
async def pause(request: Request, check_id: PathId, visit: VisitDep) -> Response:
    """Ask nothing for now."""
    changed = await api.update_uptime_check(check_id, {"isActive": False}, visit.caller, visit.gateway)
    here = f"{root_of(request)}/uptime"
    undo = Action("Undo", f"{here}/{check_id}/resume", "undo-2")
    return redirect(request, here, Flash(f"“{changed.check.spec.name}” is paused.", "neutral", undo))


@router.post("/{id}/resume")
async def resume(request: Request, check_id: PathId, visit: VisitDep) -> Response:
    """Ask again."""
    changed = await api.update_uptime_check(check_id, {"isActive": True}, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/uptime", Flash(f"“{changed.check.spec.name}” is asked again."))


@router.post("/{id}/delete")
async def delete(request: Request, check_id: PathId, visit: VisitDep) -> Response:
    """Ask no more."""
    name = (await read(request)).get("name", "")[:200]
    await api.delete_uptime_check(check_id, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/uptime", Flash(f"“{name}” is deleted." if name else "Deleted."))


async def _show(
    request: Request, typed: Mapping[str, str], errors: Errors, check: UptimeView | None, status: int
) -> Response:
    view = uptime_form_view(typed, errors, root_of(request), check)
    return await page(request, "pages/heartbeats/form.html", view, status)
