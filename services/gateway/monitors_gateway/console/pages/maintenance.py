"""Maintenance windows: the calendar of a month, one with what it hid, and the form that shows when it would be open."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import Response as Answer

from monitors_contracts.maintenance import Occurrence, WindowSpec, WindowView
from monitors_runtime.errors import ProblemError

from ...api import maintenance as api
from ...http.pages import PathId
from ..forms import Errors, made_of, parse, read, refused, unchanged
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.maintenance import maintenance_view, month_of, span_of, spec_of, typed_of, window_form
from ..views.parts import Flash
from ..views.window import window_view
from .errors import came_from
from .silences import previewed

router = APIRouter(prefix="/maintenance")

BY_PROBLEM = {"invalid-recurrence": "rrule"}


@router.get("")
async def calendar(request: Request, visit: VisitDep, month: str = "") -> Answer:
    """A month, and all windows."""
    shown = month_of(month, datetime.now(UTC))
    since, until = span_of(shown)
    found, coming = await asyncio.gather(
        api.list_windows(visit.caller, visit.gateway, since, until), api.list_windows(visit.caller, visit.gateway)
    )
    view = maintenance_view(found.windows, coming.windows, shown, root_of(request), formats(request))
    return await page(request, "pages/maintenance/calendar.html", view)


@router.get("/new")
async def new_window(request: Request, visit: VisitDep, matchers: str = "") -> Answer:
    """The form."""
    return await _form(request, visit, None, {"matchers": matchers[:4000]} if matchers else {}, Errors(), 200)


@router.post("/new")
async def add_window(request: Request, visit: VisitDep) -> Answer:
    """Plan it; or show when it would be open."""
    typed = await read(request)
    if typed.get("do") == "preview":
        return await _form(request, visit, None, typed, Errors(), 200)
    parsed = parse(WindowSpec, spec_of(typed, None))
    errors = parsed.errors
    if parsed.model:
        try:
            made = await api.create_window(parsed.model, request, Response(), visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = refused(problem, BY_PROBLEM)
        else:
            flash = Flash(f"“{made.window.spec.name}” is planned.")
            return redirect(request, f"{root_of(request)}/maintenance/{made.window.id}", flash)
    return await _form(request, visit, None, typed, errors, 422)


@router.get("/{id}")
async def window(request: Request, window_id: PathId, visit: VisitDep) -> Answer:
    """One window, when it is open, and what it hid."""
    known = await api.get_window(window_id, visit.caller, visit.gateway)
    held = await api.list_held_by_window(window_id, visit.caller, visit.gateway)
    view = window_view(known, held, root_of(request), formats(request))
    return await page(request, "pages/maintenance/window.html", view)


@router.get("/{id}/edit")
async def edit_window(request: Request, window_id: PathId, visit: VisitDep) -> Answer:
    """The form of one."""
    known = await api.get_window(window_id, visit.caller, visit.gateway)
    made_of(request, known.spec)
    return await _form(request, visit, known, typed_of(known.spec), Errors(), 200)


@router.post("/{id}/edit")
async def change_window(request: Request, window_id: PathId, visit: VisitDep) -> Answer:
    """Make it what the form says; or show when it would be open."""
    known = await api.get_window(window_id, visit.caller, visit.gateway)
    typed = await read(request)
    if typed.get("do") == "preview":
        return await _form(request, visit, known, typed, Errors(), 200)
    parsed = parse(WindowSpec, spec_of(typed, known.spec))
    errors = parsed.errors
    if parsed.model:
        try:
            await unchanged(request, known.spec)
            await api.replace_window(window_id, parsed.model, visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = refused(problem, BY_PROBLEM)
        else:
            return redirect(request, f"{root_of(request)}/maintenance/{window_id}", Flash("Saved."))
    return await _form(request, visit, known, typed, errors, 422)


@router.post("/{id}/pause")
async def pause_window(request: Request, window_id: PathId, visit: VisitDep) -> Answer:
    """It holds back nothing for now."""
    return await _switch(request, window_id, visit, active=False)


@router.post("/{id}/resume")
async def resume_window(request: Request, window_id: PathId, visit: VisitDep) -> Answer:
    """It holds back again."""
    return await _switch(request, window_id, visit, active=True)


@router.post("/{id}/delete")
async def delete_window(request: Request, window_id: PathId, visit: VisitDep) -> Answer:
    """Take it away."""
    await api.delete_window(window_id, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/maintenance", Flash("The window is deleted."))


async def _switch(request: Request, window_id: PathId, visit: Visit, *, active: bool) -> Answer:
    changed = await api.update_window(window_id, {"isActive": active}, visit.caller, visit.gateway)
    words = "holds back again when it is open." if active else "is paused."
    back = came_from(request) or f"{root_of(request)}/maintenance"
    return redirect(request, back, Flash(f"“{changed.window.spec.name}” {words}"))


async def _form(
    request: Request, visit: Visit, known: WindowView | None, typed: dict[str, str], errors: Errors, status: int
) -> Answer:
    (openings, wrong), matched = await asyncio.gather(
        _openings(visit, known, typed), previewed(request, visit, typed.get("matchers", ""))
    )
    view = window_form(known, typed, errors, openings, wrong, matched, root_of(request))
    return await page(request, "pages/maintenance/form.html", view, status)


async def _openings(visit: Visit, known: WindowView | None, typed: dict[str, str]) -> tuple[Sequence[Occurrence], str]:
    """When it would be open, or why it never is; nothing while too little is typed."""
    fields = spec_of({"name": "A window", **{name: value for name, value in typed.items() if value}}, None)
    fields["matchers"] = 'preview="yes"'
    parsed = parse(WindowSpec, fields)
    if parsed.model is None:
        return (), ""
    try:
        return (await api.preview_window(parsed.model, visit.caller, visit.gateway)).occurrences, ""
    except ProblemError as problem:
        return (), problem.problem.detail or problem.problem.title
