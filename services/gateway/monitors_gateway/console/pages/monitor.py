"""One monitor: its page, its checks, and the pages that were read."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from monitors_contracts.alerts import AlertView
from monitors_contracts.base import Id
from monitors_contracts.evaluations import MonitorValues
from monitors_contracts.monitors import Verdict
from monitors_runtime.errors import ProblemError, problem

from ...api import alerts, evaluations, extraction, refreshes, snapshots
from ...api.evaluations import EvaluationReply, RefreshId, TraceReply
from ...api.extraction import PointRequest
from ...api.monitors import find_monitor
from ...api.shapes import Evaluation
from ...api.snapshots import SnapshotReply
from ...http.pages import Cursor, PathId
from ...http.problems import Refused
from ...rendering import rendered
from ..forms import parse, read
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.checks import check_view
from ..views.evidence import EvidenceView, earlier_snapshot, evidence_view, snapshot_id
from ..views.monitor import SPANS, TABLE_ROWS, Asked, monitor_view
from ..views.parts import Flash
from ..views.pointing import point_view
from ..views.standing import verdict_badge

router = APIRouter()

LATEST = 25
PER_PAGE = 25
ALERTS = 8
CHANGES = 30
Show = Annotated[str, Query(max_length=20)]
Place = Annotated[str, Query(max_length=100)]


@router.get("/monitors/{id}")
async def monitor(
    request: Request,
    monitor_id: PathId,
    visit: VisitDep,
    span: str = "all",
    verdict: str = "",
    show: Show = "page",
    cursor: Cursor = None,
) -> Response:
    """What a monitor says now, why, since when, and what it led to."""
    asked = Asked(span if span in SPANS else "all", Verdict(verdict) if verdict in set(Verdict) else None, show)
    caller, gateway = visit.caller, visit.gateway
    found, newest, values, crossed = await asyncio.gather(
        find_monitor(gateway, caller, monitor_id),
        evaluations.list_evaluations(monitor_id, caller, gateway, limit=LATEST),
        _values(visit, monitor_id, asked.span, points=max(TABLE_ROWS, CHANGES)),
        _alerts(visit, monitor_id),
    )
    listed = newest
    if cursor or asked.verdict:
        listed = await evaluations.list_evaluations(
            monitor_id, caller, gateway, verdict=asked.verdict, limit=PER_PAGE, cursor=cursor
        )
    latest = next((each for each in newest.evaluations if each.status == "done"), None)
    seen = next((each for each in newest.evaluations if snapshot_id(each)), None)
    here = f"{root_of(request)}/monitors/{monitor_id}"
    explained, evidence = await asyncio.gather(
        _explained(visit, monitor_id, latest), _evidence(request, visit, seen, newest.evaluations, asked.show, here)
    )
    view = monitor_view(found, listed, explained, evidence, values, crossed, asked, root_of(request), formats(request))
    return await page(request, "pages/monitors/monitor.html", view)


@router.get("/monitors/{id}/values")
async def values(monitor_id: PathId, visit: VisitDep, span: str = "all") -> Response:
    """The numbers of the chart."""
    found = await _values(visit, monitor_id, span if span in SPANS else "all", points=600)
    return JSONResponse(found.model_dump(mode="json"), headers={"Cache-Control": "private, no-store"})


@router.post("/monitors/{id}/check")
async def check(request: Request, monitor_id: PathId, visit: VisitDep) -> Response:
    """Check now. A script is answered at once and follows the stages; a form waits for the verdict."""
    follows = "application/json" in request.headers.get("accept", "")
    here = f"{root_of(request)}/monitors/{monitor_id}"
    try:
        reply = await refreshes.refresh_monitor(
            monitor_id, request, Response(), visit.caller, visit.gateway, wait=0 if follows else None
        )
    except Refused as refused:
        words = refused.problem.detail or refused.problem.title
        if follows:
            return JSONResponse({"words": words}, refused.problem.status)
        return redirect(request, here, Flash(words, "bad"))
    if follows:
        return JSONResponse({"check": str(reply.evaluation.refresh_id)})
    return redirect(request, here, _told(reply.evaluation))


def _told(ended: Evaluation) -> Flash:
    if ended.status == "pending":
        return Flash("The check takes long. This page shows its verdict when it is there.", "info")
    badge = verdict_badge(ended.verdict)
    return Flash(f"{badge.words}. {ended.detail}", badge.tone)


@router.get("/monitors/{id}/checks/{refreshId}")
async def one_check(
    request: Request, monitor_id: PathId, refresh_id: RefreshId, visit: VisitDep, show: Show = "page"
) -> Response:
    """One check in full: why it ended so, what it saw, and all it caused."""
    caller, gateway = visit.caller, visit.gateway
    found, known, newest, trace = await asyncio.gather(
        evaluations.get_evaluation(monitor_id, refresh_id, caller, gateway),
        find_monitor(gateway, caller, monitor_id),
        evaluations.list_evaluations(monitor_id, caller, gateway, limit=LATEST, until=None),
        _trace(visit, monitor_id, refresh_id),
    )
    up_to = [each for each in newest.evaluations if each.refresh_id <= refresh_id]
    root = root_of(request)
    here = f"{root}/monitors/{monitor_id}"
    evidence = await _evidence(request, visit, found.evaluation, up_to, show, f"{here}/checks/{refresh_id}")
    view = check_view(known.monitor.name, here, monitor_id, found, evidence, trace, formats(request))
    return await page(request, "pages/monitors/check.html", view)


# -- kept pages -------------------------------------------------------------------------------------------------------


@router.get("/snapshots/{id}/page")
async def snapshot_page(snapshot: PathId, visit: VisitDep, check: Id | None = None) -> Response:
    """A kept page for a sandboxed frame, with the fact of a check marked."""
    return await rendered(visit.gateway, visit.caller.organization_id, snapshot, refresh_id=check)


@router.get("/snapshots/{id}/picture")
async def snapshot_picture(snapshot: PathId, visit: VisitDep) -> Response:
    """How a kept page looked."""
    return await snapshots.get_snapshot_screenshot(snapshot, visit.caller, visit.gateway)


# -- pointing ---------------------------------------------------------------------------------------------------------


@router.get("/monitors/{id}/point")
async def point(
    request: Request, monitor_id: PathId, visit: VisitDep, snapshot: Id | None = None, place: Place = ""
) -> Response:
    """Choose the place on the page where the fact is to be read."""
    caller, gateway = visit.caller, visit.gateway
    found = await find_monitor(gateway, caller, monitor_id)
    if snapshot is None:
        newest = await evaluations.list_evaluations(monitor_id, caller, gateway, limit=LATEST)
        snapshot = next((kept for each in newest.evaluations if (kept := snapshot_id(each))), None)
    kept = await _snapshot(visit, snapshot)
    tried = None
    if kept and place:
        try:
            asked = PointRequest(snapshot_id=kept.id, place=place, dry_run=True)
            tried = (await extraction.point_monitor(monitor_id, asked, caller, gateway)).reading
        except ProblemError as nothing:
            tried = nothing
    view = point_view(found.monitor, kept, place, tried, root_of(request), formats(request))
    return await page(request, "pages/monitors/point.html", view)


@router.get("/monitors/{id}/point/page")
async def point_page(
    request: Request, monitor_id: PathId, visit: VisitDep, snapshot: Id, place: Place = ""
) -> Response:
    """The kept page in its frame, every readable place a link of ours to the preview."""
    here = f"{root_of(request)}/monitors/{monitor_id}/point?snapshot={snapshot}&place="
    return await rendered(
        visit.gateway, visit.caller.organization_id, snapshot, place=place or None, link=lambda at: here + at
    )


@router.post("/monitors/{id}/point")
async def use_place(request: Request, monitor_id: PathId, visit: VisitDep) -> Response:
    """Read the fact there from now on."""
    fields = await read(request)
    asked = parse(PointRequest, {"snapshot_id": fields.get("snapshot"), "place": fields.get("place")}).model
    if asked is None:
        raise problem("invalid-place", "No such place", 422, "Click a piece of the page to say where the fact stands.")
    await extraction.point_monitor(monitor_id, asked, visit.caller, visit.gateway)
    here = f"{root_of(request)}/monitors/{monitor_id}"
    return redirect(request, here, Flash("Saved. The next check reads the fact there."))


# -- parts ------------------------------------------------------------------------------------------------------------


async def _values(visit: Visit, monitor_id: Id, span: str, points: int) -> MonitorValues:
    length = SPANS[span]
    since = datetime.now(UTC) - length if length else None
    return await evaluations.get_values(monitor_id, visit.caller, visit.gateway, since=since, points=points)


async def _alerts(visit: Visit, monitor_id: Id) -> list[AlertView]:
    """What the monitor led to; nothing while nobody can say."""
    try:
        return (await alerts.list_alerts(visit.caller, visit.gateway, monitor_id=monitor_id, limit=ALERTS)).alerts
    except ProblemError:
        return []


async def _explained(visit: Visit, monitor_id: Id, latest: Evaluation | None) -> EvaluationReply | None:
    if latest is None:
        return None
    return await evaluations.get_evaluation(monitor_id, latest.refresh_id, visit.caller, visit.gateway)


async def _trace(visit: Visit, monitor_id: Id, refresh_id: Id) -> TraceReply | None:
    try:
        async with asyncio.timeout(3):
            return await evaluations.get_trace(monitor_id, refresh_id, visit.caller, visit.gateway)
    except TimeoutError:
        return None


async def _snapshot(visit: Visit, kept: Id | None) -> SnapshotReply | None:
    """What is known of a kept page; None for one that is kept no longer."""
    if kept is None:
        return None
    try:
        return await snapshots.get_snapshot(kept, visit.caller, visit.gateway)
    except ProblemError:
        return None


async def _evidence(
    request: Request, visit: Visit, check: Evaluation | None, checks: list[Evaluation], show: str, here: str
) -> EvidenceView | None:
    """What a check saw; `checks` are it and those before, newest first."""
    if check is None or snapshot_id(check) is None:
        return None
    shown = await _snapshot(visit, snapshot_id(check))
    before = await _snapshot(visit, earlier_snapshot(checks, shown)) if shown else None
    diff = None
    if shown and before and show == "changes":
        diff = await snapshots.compare_snapshots(shown.id, visit.caller, visit.gateway, against=before.id)
    return evidence_view(check, shown, before, diff, show, here, root_of(request), formats(request))
