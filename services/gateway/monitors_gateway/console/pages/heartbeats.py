"""Heartbeats: the list with its addresses to ping, and the form."""

from collections.abc import Mapping
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from monitors_contracts.metrics import MetricFunction, MetricGraph
from monitors_contracts.rules import HEARTBEAT_LABEL, HEARTBEAT_METRIC
from monitors_runtime.errors import ProblemError

from ...api import heartbeats as api
from ...api import metrics_query, rules
from ...api.heartbeats import Heartbeat, HeartbeatSpec
from ...http.pages import Cursor, PathId
from ..forms import Errors, made_of, parse, read, refused, unchanged
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.days import DAY, ByDay, by_day, last_days
from ..views.heartbeats import NEW, asked_of, heartbeat_form_view, heartbeats_view, told, typed_of
from ..views.parts import Action, Flash

router = APIRouter(prefix="/heartbeats")

PER_PAGE = 50


@router.get("")
async def list_heartbeats(request: Request, visit: VisitDep, cursor: Cursor = None) -> Response:
    """All heartbeats, how they stand, and their last days."""
    found = await api.list_heartbeats(request, visit.caller, visit.gateway, limit=PER_PAGE, cursor=cursor)
    pings = await days_of(visit, HEARTBEAT_METRIC, HEARTBEAT_LABEL, "max") if found.heartbeats else {}
    view = heartbeats_view(found, pings, root_of(request), formats(request))
    return await page(request, "pages/heartbeats/list.html", view)


@router.get("/new")
async def new(request: Request, visit: VisitDep) -> Response:
    """The form to add one."""
    return await _show(request, NEW, Errors(), None, 200)


@router.post("/new")
async def create(request: Request, visit: VisitDep) -> Response:
    """Expect to hear of a job."""
    typed = await read(request)
    parsed = parse(HeartbeatSpec, asked_of(typed, None))
    errors = parsed.errors
    if parsed.model:
        try:
            made = await api.create_heartbeat(parsed.model, request, Response(), visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = told(refused(problem))
        else:
            flash = Flash(f"“{made.heartbeat.name}” is expected. Let the job ping its address.")
            return redirect(request, f"{root_of(request)}/heartbeats", flash)
    return await _show(request, typed, errors, None, 422)


@router.get("/{id}/edit")
async def edit(request: Request, heartbeat_id: PathId, visit: VisitDep) -> Response:
    """The form of one that is there."""
    found = (await api.get_heartbeat(heartbeat_id, request, visit.caller, visit.gateway)).heartbeat
    made_of(request, typed_of(found))
    return await _show(request, typed_of(found), Errors(), found, 200)


@router.post("/{id}/edit")
async def update(request: Request, heartbeat_id: PathId, visit: VisitDep) -> Response:
    """Save what was changed."""
    found = (await api.get_heartbeat(heartbeat_id, request, visit.caller, visit.gateway)).heartbeat
    typed = await read(request)
    parsed = parse(HeartbeatSpec, asked_of(typed, found))
    errors = parsed.errors
    if parsed.model:
        try:
            await unchanged(request, typed_of(found))
            await api.replace_heartbeat(heartbeat_id, parsed.model, request, visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = told(refused(problem))
        else:
            return redirect(request, f"{root_of(request)}/heartbeats", Flash("Saved."))
    return await _show(request, typed, errors, found, 422)


@router.post("/{id}/pause")
async def pause(request: Request, heartbeat_id: PathId, visit: VisitDep) -> Response:
    """Expect nothing for now."""
    changed = await rules.update_rule(heartbeat_id, {"isActive": False}, visit.caller, visit.gateway)
    here = f"{root_of(request)}/heartbeats"
    undo = Action("Undo", f"{here}/{heartbeat_id}/resume", "undo-2")
    return redirect(request, here, Flash(f"“{changed.rule.name}” is paused.", "neutral", undo))


@router.post("/{id}/resume")
async def resume(request: Request, heartbeat_id: PathId, visit: VisitDep) -> Response:
    """Expect it again."""
    changed = await rules.update_rule(heartbeat_id, {"isActive": True}, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/heartbeats", Flash(f"“{changed.rule.name}” is expected again."))


@router.post("/{id}/rotate-key")
async def rotate_key(request: Request, heartbeat_id: PathId, visit: VisitDep) -> Response:
    """Give it another address to ping."""
    changed = await api.rotate_heartbeat_key(heartbeat_id, request, visit.caller, visit.gateway)
    flash = Flash(f"“{changed.heartbeat.name}” has a new address. The one before is refused from now on.")
    return redirect(request, f"{root_of(request)}/heartbeats", flash)


@router.post("/{id}/delete")
async def delete(request: Request, heartbeat_id: PathId, visit: VisitDep) -> Response:
    """Expect it no more."""
    name = (await read(request)).get("name", "")[:200]
    await api.delete_heartbeat(heartbeat_id, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/heartbeats", Flash(f"“{name}” is deleted." if name else "Deleted."))


async def _show(
    request: Request, typed: Mapping[str, str], errors: Errors, heartbeat: Heartbeat | None, status: int
) -> Response:
    view = heartbeat_form_view(typed, errors, root_of(request), heartbeat)
    return await page(request, "pages/heartbeats/form.html", view, status)


async def days_of(visit: Visit, metric: str, label: str, function: MetricFunction) -> dict[str, ByDay]:
    """What a metric came to on each of the last days, by the values of a label; nothing while nobody can say."""
    until = datetime.now(UTC)
    try:
        found = await metrics_query.query_metrics(
            metric,
            visit.caller,
            visit.gateway,
            function=function,
            by=[label],
            since=last_days(until)[0],
            until=until,
            step=int(DAY.total_seconds()),
        )
    except ProblemError:
        return {}
    return by_day(MetricGraph.model_validate_json(bytes(found.body)), label)
