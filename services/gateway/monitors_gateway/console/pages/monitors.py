"""The list of monitors, and what is done to them from there."""

import asyncio
from typing import cast, get_args
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from monitors_contracts.base import Id
from monitors_contracts.collection import MonitorOrder
from monitors_contracts.monitors import MonitorStatus

from ...api import monitors as api
from ...api import usage
from ...api.monitors import UpdateMonitorRequest
from ...api.refreshes import MOST_AT_ONCE, BatchRefreshReply, BatchRefreshRequest, refresh_many
from ...http.pages import Cursor, PathId
from ..forms import read, read_list
from ..render import formats, page, redirect, root_of
from ..session import VisitDep
from ..views.monitors import monitors_view
from ..views.parts import Action, Flash
from .errors import came_from

router = APIRouter()

PER_PAGE = 50
RECENT = 30
LONGEST_SEARCH = 200
NOTHING_CHOSEN = Flash("Select the monitors first, by the boxes on their cards.", "warn")


@router.get("/")
async def list_monitors(
    request: Request,
    visit: VisitDep,
    q: str = "",
    status: str = "",
    sort: str = "",
    cursor: Cursor = None,
) -> Response:
    """All monitors, searched, filtered and sorted."""
    text = q.strip()[:LONGEST_SEARCH]
    chosen = MonitorStatus(status) if status in tuple(MonitorStatus) else None
    order = cast(MonitorOrder, sort) if sort in get_args(MonitorOrder) else "newest"
    found, limits = await asyncio.gather(
        api.find_monitors(
            visit.gateway,
            visit.caller,
            limit=PER_PAGE,
            cursor=cursor,
            text=text or None,
            status=chosen,
            sort=order,
            recent=RECENT,
        ),
        usage.get_usage(visit.caller, visit.gateway),
    )
    asked = {"q": text, "status": chosen or "", "sort": order}
    view = monitors_view(found, limits, asked, root_of(request), visit.gateway.settings.example_site, formats(request))
    return await page(request, "pages/monitors/list.html", view)


@router.post("/monitors/check")
async def check_many(request: Request, visit: VisitDep) -> Response:
    """Check those that were chosen now, or all of them."""
    ids = [each for text in await read_list(request, "id") if (each := _id(text))]
    if (await read(request)).get("do") == "all":
        everything = await api.find_monitors(visit.gateway, visit.caller, limit=500)
        ids = [each.id for each in everything.monitors if each.is_active]
    back = _list(request)
    if not ids:
        return redirect(request, back, NOTHING_CHOSEN)
    body = BatchRefreshRequest(ids=ids[:MOST_AT_ONCE])
    done = await refresh_many(body, Response(), visit.caller, visit.gateway)
    return redirect(request, back, _started(done))


def _started(done: BatchRefreshReply) -> Flash:
    count = len(done.evaluations)
    words = f"{count} {'check' if count == 1 else 'checks'} started."
    if not done.refused:
        return Flash(words, "info")
    reasons = ", ".join(dict.fromkeys(each.problem.title for each in done.refused))
    return Flash(f"{words} {len(done.refused)} could not be checked: {reasons}.", "warn")


@router.post("/monitors/{id}/pause")
async def pause(request: Request, monitor_id: PathId, visit: VisitDep) -> Response:
    """Check it no more for now."""
    changed = await api.update_monitor(monitor_id, UpdateMonitorRequest(is_active=False), visit.caller, visit.gateway)
    undo = Action("Undo", f"{root_of(request)}/monitors/{monitor_id}/resume", "undo-2")
    return _back(request, Flash(f"“{changed.monitor.name}” is paused.", "neutral", undo))


@router.post("/monitors/{id}/resume")
async def resume(request: Request, monitor_id: PathId, visit: VisitDep) -> Response:
    """It can be checked again."""
    changed = await api.update_monitor(monitor_id, UpdateMonitorRequest(is_active=True), visit.caller, visit.gateway)
    return _back(request, Flash(f"“{changed.monitor.name}” can be checked again."))


@router.post("/monitors/{id}/duplicate")
async def duplicate(request: Request, monitor_id: PathId, visit: VisitDep) -> Response:
    """Another one like it, ready to be changed."""
    made = await api.duplicate_monitor(monitor_id, request, Response(), visit.caller, visit.gateway)
    flash = Flash(f"This is “{made.monitor.name}”. Change what is to be different.")
    return redirect(request, f"{root_of(request)}/monitors/{made.monitor.id}/edit", flash)


@router.post("/monitors/{id}/delete")
async def delete(request: Request, monitor_id: PathId, visit: VisitDep) -> Response:
    """Gone at once, with a way back while there is one."""
    name = (await read(request)).get("name", "")[:100]
    gone = await api.delete_monitor(monitor_id, visit.caller, visit.gateway)
    undo = Action("Undo", f"{root_of(request)}/monitors/{monitor_id}/restore", "undo-2")
    words = f"“{name}” is deleted." if name else "The monitor is deleted."
    is_final = gone.restorable_until is None or gone.restorable_until <= formats(request).now
    return redirect(request, _list(request), Flash(words, "neutral", None if is_final else undo))


@router.post("/monitors/{id}/restore")
async def restore(request: Request, monitor_id: PathId, visit: VisitDep) -> Response:
    """Back again."""
    back = await api.restore_monitor(monitor_id, visit.caller, visit.gateway)
    return redirect(request, _list(request), Flash(f"“{back.monitor.name}” is back, with all its facts."))


def _back(request: Request, flash: Flash) -> Response:
    return redirect(request, came_from(request) or root_of(request), flash)


def _list(request: Request) -> str:
    """The list as it was narrowed."""
    root, came = root_of(request), came_from(request) or ""
    return came if came.split("?")[0] in (root, f"{root}/") else root


def _id(text: str) -> Id | None:
    try:
        return UUID(text)
    except ValueError:
        return None
