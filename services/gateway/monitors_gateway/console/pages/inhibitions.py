"""Inhibition rules: the list, one with what it hid, and the form that shows what each side chooses."""

import asyncio

from fastapi import APIRouter, Request, Response
from fastapi.responses import Response as Answer

from monitors_contracts.inhibition import InhibitionSpec, InhibitionView
from monitors_runtime.errors import ProblemError

from ...api import inhibitions as api
from ...http.pages import PathId
from ..forms import Errors, made_of, parse, read, refused, unchanged
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.inhibitions import inhibition_form, inhibition_view, inhibitions_view, spec_of, typed_of
from ..views.parts import Flash
from .errors import came_from
from .silences import previewed

router = APIRouter(prefix="/inhibitions")


@router.get("")
async def list_rules(request: Request, visit: VisitDep) -> Answer:
    """All rules."""
    found = await api.list_inhibitions(visit.caller, visit.gateway)
    view = inhibitions_view(found.rules, root_of(request), formats(request))
    return await page(request, "pages/inhibitions/list.html", view)


@router.get("/new")
async def new_rule(request: Request, visit: VisitDep) -> Answer:
    """The form."""
    return await _form(request, visit, None, {}, Errors(), 200)


@router.post("/new")
async def add_rule(request: Request, visit: VisitDep) -> Answer:
    """Add it; or show what each side chooses."""
    typed = await read(request)
    if typed.get("do") == "preview":
        return await _form(request, visit, None, typed, Errors(), 200)
    parsed = parse(InhibitionSpec, spec_of(typed, None))
    errors = parsed.errors
    if parsed.model:
        try:
            made = await api.create_inhibition(parsed.model, request, Response(), visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = refused(problem)
        else:
            flash = Flash(f"“{made.inhibition.spec.name}” holds alerts back from now on.")
            return redirect(request, f"{root_of(request)}/inhibitions/{made.inhibition.id}", flash)
    return await _form(request, visit, None, typed, errors, 422)


@router.get("/{id}")
async def rule(request: Request, inhibition_id: PathId, visit: VisitDep) -> Answer:
    """One rule and what it hid."""
    known = await api.get_inhibition(inhibition_id, visit.caller, visit.gateway)
    held = await api.list_held_by_inhibition(inhibition_id, visit.caller, visit.gateway)
    view = inhibition_view(known, held, root_of(request), formats(request))
    return await page(request, "pages/inhibitions/rule.html", view)


@router.get("/{id}/edit")
async def edit_rule(request: Request, inhibition_id: PathId, visit: VisitDep) -> Answer:
    """The form of one."""
    known = await api.get_inhibition(inhibition_id, visit.caller, visit.gateway)
    made_of(request, known.spec)
    return await _form(request, visit, known, typed_of(known.spec), Errors(), 200)


@router.post("/{id}/edit")
async def change_rule(request: Request, inhibition_id: PathId, visit: VisitDep) -> Answer:
    """Make it what the form says; or show what each side chooses."""
    known = await api.get_inhibition(inhibition_id, visit.caller, visit.gateway)
    typed = await read(request)
    if typed.get("do") == "preview":
        return await _form(request, visit, known, typed, Errors(), 200)
    parsed = parse(InhibitionSpec, spec_of(typed, known.spec))
    errors = parsed.errors
    if parsed.model:
        try:
            await unchanged(request, known.spec)
            await api.replace_inhibition(inhibition_id, parsed.model, visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = refused(problem)
        else:
            return redirect(request, f"{root_of(request)}/inhibitions/{inhibition_id}", Flash("Saved."))
    return await _form(request, visit, known, typed, errors, 422)


@router.post("/{id}/pause")
async def pause_rule(request: Request, inhibition_id: PathId, visit: VisitDep) -> Answer:
    """It holds back nothing for now."""
    return await _switch(request, inhibition_id, visit, active=False)


@router.post("/{id}/resume")
async def resume_rule(request: Request, inhibition_id: PathId, visit: VisitDep) -> Answer:
    """It holds back again."""
    return await _switch(request, inhibition_id, visit, active=True)


@router.post("/{id}/delete")
async def delete_rule(request: Request, inhibition_id: PathId, visit: VisitDep) -> Answer:
    """Take it away."""
    await api.delete_inhibition(inhibition_id, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/inhibitions", Flash("The rule is deleted."))


async def _switch(request: Request, inhibition_id: PathId, visit: Visit, *, active: bool) -> Answer:
    changed = await api.update_inhibition(inhibition_id, {"isActive": active}, visit.caller, visit.gateway)
    words = "holds alerts back again." if active else "is paused."
    back = came_from(request) or f"{root_of(request)}/inhibitions"
    return redirect(request, back, Flash(f"“{changed.inhibition.spec.name}” {words}"))


async def _form(
    request: Request, visit: Visit, known: InhibitionView | None, typed: dict[str, str], errors: Errors, status: int
) -> Answer:
    source, target = await asyncio.gather(
        *(previewed(request, visit, typed.get(side, "")) for side in ("source", "target"))
    )
    view = inhibition_form(known, typed, errors, source, target, root_of(request))
    return await page(request, "pages/inhibitions/form.html", view, status)
