"""The inbox of alerts, and one alert."""

from collections.abc import Mapping
from typing import Annotated, cast, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from monitors_contracts.alerts import Severity
from monitors_contracts.base import Id

from ...api import alerts as api
from ...api.alerts import BulkReply, BulkRequest, CommentRequest, NoteRequest
from ...http.pages import Cursor, PathId
from ..forms import Errors, parse, read, read_list
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.alert import alert_view
from ..views.alerts import TABS, Chosen, alerts_view
from ..views.parts import Flash
from .errors import came_from

router = APIRouter()

PER_PAGE = 50
NOTHING_CHOSEN = Flash("Select the alerts first, by the boxes before them.", "warn")


@router.get("/alerts")
async def inbox(
    request: Request,
    visit: VisitDep,
    state: str = "open",
    q: Annotated[str, Query(max_length=200)] = "",
    severity: str = "",
    monitor: str = "",
    rule: str = "",
    cursor: Cursor = None,
) -> Response:
    """Alerts by state, severity, words, and what they are about."""
    chosen: Chosen = state if state in TABS else "open"
    shown = severity if severity in get_args(Severity) else ""
    found = await api.list_alerts(
        visit.caller,
        visit.gateway,
        state=None if chosen == "all" else [chosen],
        severity=cast(Severity, shown) if shown else None,
        monitor_id=_id(monitor),
        rule_id=_id(rule),
        q=q.strip() or None,
        limit=PER_PAGE,
        cursor=cursor,
    )
    asked = {"q": q.strip(), "severity": shown, "monitor": str(_id(monitor) or ""), "rule": str(_id(rule) or "")}
    view = alerts_view(found, chosen, asked, root_of(request), formats(request))
    return await page(request, "pages/alerts/inbox.html", view)


@router.post("/alerts/change")
async def change_many(request: Request, visit: VisitDep) -> Response:
    """Acknowledge or resolve those that were chosen."""
    fields = await read(request)
    ids = [each for text in await read_list(request, "id") if (each := _id(text))]
    back = came_from(request) or f"{root_of(request)}/alerts"
    if not ids:
        return redirect(request, back, NOTHING_CHOSEN)
    resolving = fields.get("do") == "resolve"
    change = api.resolve_alerts if resolving else api.acknowledge_alerts
    done = await change(BulkRequest(ids=ids, note=_note(fields)), visit.caller, visit.gateway)
    return redirect(request, back, _said(done, "resolved" if resolving else "acknowledged"))


def _said(done: BulkReply, what: str) -> Flash:
    count = len(done.alerts)
    words = f"{count} {'alert' if count == 1 else 'alerts'} {what}."
    if not done.refused:
        return Flash(words)
    reasons = ", ".join(dict.fromkeys(each.problem.title.lower() for each in done.refused))
    return Flash(f"{words} {len(done.refused)} stayed as they were: {reasons}.", "warn")


@router.get("/alerts/{id}")
async def alert(request: Request, alert_id: PathId, visit: VisitDep) -> Response:
    """One alert and its story."""
    return await _show(request, alert_id, visit, "", Errors(), 200)


@router.post("/alerts/{id}/acknowledge")
async def acknowledge(request: Request, alert_id: PathId, visit: VisitDep) -> Response:
    """Say that you have it."""
    note = NoteRequest(note=_note(await read(request)))
    await api.acknowledge_alert(alert_id, visit.caller, visit.gateway, note)
    return _back(request, alert_id, Flash("Acknowledged. It is yours now."))


@router.post("/alerts/{id}/resolve")
async def resolve(request: Request, alert_id: PathId, visit: VisitDep) -> Response:
    """End it by hand."""
    note = NoteRequest(note=_note(await read(request)))
    await api.resolve_alert(alert_id, visit.caller, visit.gateway, note)
    return _back(request, alert_id, Flash("Resolved."))


@router.post("/alerts/{id}/note")
async def note(request: Request, alert_id: PathId, visit: VisitDep) -> Response:
    """A comment; or, by the button that was pressed, the note of an acknowledgement or an end."""
    fields = await read(request)
    text = fields.get("text", "")
    if len(text) > 2000:
        errors = Errors({"text": "This is too long: at most 2000 characters."})
        return await _show(request, alert_id, visit, text, errors, 422)
    match fields.get("do"):
        case "acknowledge":
            await api.acknowledge_alert(alert_id, visit.caller, visit.gateway, NoteRequest(note=text or None))
            return _back(request, alert_id, Flash("Acknowledged. It is yours now."))
        case "resolve":
            await api.resolve_alert(alert_id, visit.caller, visit.gateway, NoteRequest(note=text or None))
            return _back(request, alert_id, Flash("Resolved."))
        case _:
            parsed = parse(CommentRequest, {"text": text})
            if parsed.model is None:
                return await _show(request, alert_id, visit, text, parsed.errors, 422)
            await api.comment_alert(alert_id, parsed.model, request, visit.caller, visit.gateway)
            return _back(request, alert_id, None)


async def _show(request: Request, alert_id: Id, visit: Visit, typed: str, errors: Errors, status: int) -> Response:
    found = await api.get_timeline(alert_id, visit.caller, visit.gateway)
    view = alert_view(found, typed, errors, root_of(request), formats(request))
    return await page(request, "pages/alerts/alert.html", view, status)


def _back(request: Request, alert_id: Id, flash: Flash | None) -> Response:
    """To where the form was: the inbox as it was narrowed, or the alert."""
    return redirect(request, came_from(request) or f"{root_of(request)}/alerts/{alert_id}", flash)


def _note(fields: Mapping[str, str]) -> str | None:
    return fields.get("note", "")[:2000] or None


def _id(text: str) -> Id | None:
    try:
        return UUID(text)
    except ValueError:
        return None
