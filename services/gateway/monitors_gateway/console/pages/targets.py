"""Targets, and those who send measurements."""

import asyncio

from fastapi import APIRouter, Request, Response
from fastapi.responses import Response as Answer

from monitors_contracts.targets import TargetChanges, TargetSpec, TargetView
from monitors_runtime.errors import ProblemError

from ...api import senders
from ...api import targets as api
from ...http.pages import PathId
from ..forms import Errors, made_of, parse, read, unchanged
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.parts import Flash
from ..views.targets import fields_of, form_errors, problem_errors, target_form, targets_view
from .errors import came_from

router = APIRouter(prefix="/targets")


@router.get("")
async def list_targets(request: Request, visit: VisitDep) -> Answer:
    """What is scraped, and who sends."""
    found, sending = await asyncio.gather(
        api.list_targets(visit.caller, visit.gateway), senders.list_senders(visit.caller, visit.gateway)
    )
    view = targets_view(found.targets, sending.senders, root_of(request), formats(request))
    return await page(request, "pages/targets/list.html", view)


@router.get("/new")
async def new_target(request: Request, visit: VisitDep) -> Answer:
    """The form to add one."""
    return await _form(request, None, {}, Errors(), 200)


@router.post("")
async def add_target(request: Request, visit: VisitDep) -> Answer:
    """Add one; it is scraped at once."""
    typed = await read(request)
    fields, errors = fields_of(typed)
    parsed = parse(TargetSpec, fields)
    if parsed.model and not errors.fields:
        try:
            added = await api.create_target(parsed.model, request, Response(), visit.caller, visit.gateway)
        except ProblemError as error:
            return await _form(request, None, typed, problem_errors(error), 422)
        return _back(request, f"“{added.target.name}” is added. Its first scrape is under way.")
    told = form_errors(parsed.errors)
    return await _form(request, None, typed, Errors({**told.fields, **errors.fields}, told.form), 422)


@router.get("/{id}/edit")
async def edit_target(request: Request, target_id: PathId, visit: VisitDep) -> Answer:
    """The form of one."""
    known = await api.get_target(target_id, visit.caller, visit.gateway)
    made_of(request, _parts(known))
    return await _form(request, known, {}, Errors(), 200)


@router.post("/{id}")
async def change_target(request: Request, target_id: PathId, visit: VisitDep) -> Answer:
    """Make it what the form says."""
    known = await api.get_target(target_id, visit.caller, visit.gateway)
    typed = await read(request)
    fields, errors = fields_of(typed)
    parsed = parse(TargetSpec, fields)
    if parsed.model and not errors.fields:
        spec = parsed.model
        changes = TargetChanges(
            url=spec.url,
            name=spec.name or known.name,
            interval_seconds=spec.interval_seconds,
            labels=spec.labels,
            headers=spec.headers,
        )
        try:
            await unchanged(request, _parts(known))
            await api.update_target(target_id, changes, visit.caller, visit.gateway)
        except ProblemError as error:
            return await _form(request, known, typed, problem_errors(error), 422)
        return _back(request, "Saved.")
    told = form_errors(parsed.errors)
    return await _form(request, known, typed, Errors({**told.fields, **errors.fields}, told.form), 422)


@router.post("/{id}/pause")
async def pause_target(request: Request, target_id: PathId, visit: VisitDep) -> Answer:
    """Scrape it no more for now."""
    changed = await _activate(visit, target_id, active=False)
    return redirect(request, _list(request), Flash(f"“{changed.name}” is paused."))


@router.post("/{id}/resume")
async def resume_target(request: Request, target_id: PathId, visit: VisitDep) -> Answer:
    """Scrape it again."""
    changed = await _activate(visit, target_id, active=True)
    return redirect(request, _list(request), Flash(f"“{changed.name}” is scraped again."))


@router.post("/{id}/delete")
async def delete_target(request: Request, target_id: PathId, visit: VisitDep) -> Answer:
    """Remove it."""
    await api.delete_target(target_id, visit.caller, visit.gateway)
    return _back(request, "The target is deleted. What it measured stays.")


async def _activate(visit: Visit, target_id: PathId, *, active: bool) -> TargetView:
    changes = TargetChanges(is_active=active)
    return (await api.update_target(target_id, changes, visit.caller, visit.gateway)).target


def _parts(target: TargetView) -> tuple[object, ...]:
    """What the form of one shows."""
    return target.url, target.name, target.interval_seconds, target.labels, target.headers


async def _form(
    request: Request, target: TargetView | None, typed: dict[str, str], errors: Errors, status: int
) -> Answer:
    view = target_form(target, typed, errors, root_of(request))
    return await page(request, "pages/targets/form.html", view, status)


def _back(request: Request, words: str) -> Answer:
    return redirect(request, f"{root_of(request)}/targets", Flash(words))


def _list(request: Request) -> str:
    return came_from(request) or f"{root_of(request)}/targets"
