"""The inbox of alerts, and one alert."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from monitors_contracts.alerts import AlertList, AlertState, HeldBack, Severity
from monitors_contracts.base import Id
from monitors_contracts.incidents import IncidentHead
from monitors_contracts.matchers import Matcher
from monitors_contracts.pending import PendingList
from monitors_contracts.silences import Holding
from monitors_runtime.errors import ProblemError

from ...api import alerts as api
from ...api import incidents, saved_filters, silences
from ...api.alerts import AssignRequest, BulkReply, BulkRequest, CommentRequest, NoteRequest
from ...api.explanations import Explanation
from ...api.saved_filters import SaveFilter
from ...http.pages import Cursor, PathId
from ..forms import Errors, parse, read, read_list
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.alert import alert_view
from ..views.alerts import TABS, Chosen, alerts_view
from ..views.parts import Flash
from ..views.silences import matchers_for_all
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
    labels: Annotated[str, Query(alias="filter", max_length=2000)] = "",
    origin: Annotated[str, Query(max_length=40)] = "",
    held: str = "",
    assignee: Annotated[str, Query(max_length=200)] = "",
    cursor: Cursor = None,
) -> Response:
    """Alerts by state, severity, words, labels, who has them, what holds them back, and what they are about."""
    chosen: Chosen = state if state in TABS else "open"
    shown = severity if severity in get_args(Severity) else ""
    holder = held if held in get_args(HeldBack) else ""
    saved = (await saved_filters.list_filters(visit.caller, visit.gateway)).filters
    is_pending = chosen == "pending"
    narrowed: dict[str, Any] = {
        "severity": cast(Severity, shown) if shown else None,
        "rule_id": _id(rule),
        "q": q.strip() or None,
    }
    filters = [labels] if labels.strip() else []
    found, ahead, error = AlertList(alerts=[], total=0), None, ""
    try:
        found, ahead = await asyncio.gather(
            api.list_alerts(
                visit.caller,
                visit.gateway,
                state=[chosen] if chosen in api.STATES else None,
                monitor_id=_id(monitor),
                filters=filters,
                origin=origin.strip() or None,
                assignee=assignee.strip() or None,
                held=[cast(HeldBack, holder)] if holder else None,
                limit=1 if is_pending else PER_PAGE,
                cursor=cursor,
                **narrowed,
            ),
            _ahead(
                visit,
                is_shown=is_pending,
                is_of_alerts=bool(monitor or assignee.strip() or holder),
                filters=[*filters, *([str(Matcher(label="origin", value=origin.strip()))] if origin.strip() else [])],
                **narrowed,
            ),
        )
    except ProblemError as wrong:
        if wrong.problem.type != "invalid-filter":
            raise
        error = wrong.problem.detail or wrong.problem.title
    asked = {
        "q": q.strip(),
        "severity": shown,
        "filter": labels.strip(),
        "origin": origin.strip(),
        "held": holder,
        "assignee": assignee.strip(),
        "monitor": str(_id(monitor) or ""),
        "rule": str(_id(rule) or ""),
    }
    if is_pending:
        found = found.model_copy(update={"alerts": [], "next_cursor": None})
    holdings = await _holdings(visit, [each.id for each in found.alerts if each.state is not AlertState.RESOLVED])
    view = alerts_view(found, chosen, asked, root_of(request), formats(request), holdings, saved, error, ahead)
    return await page(request, "pages/alerts/inbox.html", view)


@router.post("/alerts/filters")
async def keep_filters(request: Request, visit: VisitDep) -> Response:
    """Keep the filters of now by a name."""
    fields = await read(request)
    names = ("q", "severity", "filter", "origin", "held", "assignee")
    query = {name: fields[name] for name in names if fields.get(name)}
    if fields.get("state") in saved_filters.KEPT_STATES:
        query["state"] = fields["state"]
    parsed = parse(SaveFilter, {"name": fields.get("name", ""), "query": query})
    back = came_from(request) or f"{root_of(request)}/alerts"
    if parsed.model is None:
        return redirect(request, back, Flash("These filters can't be kept: give them a name.", "bad"))
    await saved_filters.save_filter(parsed.model, request, visit.caller, visit.gateway)
    return redirect(request, back, Flash(f"Kept as “{parsed.model.name}”."))


@router.post("/alerts/filters/{id}/delete")
async def forget_filters(request: Request, filter_id: PathId, visit: VisitDep) -> Response:
    """Forget filters that were kept."""
    await saved_filters.delete_filter(filter_id, visit.caller, visit.gateway)
    return redirect(request, came_from(request) or f"{root_of(request)}/alerts", Flash("Forgotten."))


@router.post("/alerts/change")
async def change_many(request: Request, visit: VisitDep) -> Response:
    """Acknowledge, resolve, give or silence those that were chosen."""
    fields = await read(request)
    ids = [each for text in await read_list(request, "id") if (each := _id(text))]
    back = came_from(request) or f"{root_of(request)}/alerts"
    if not ids:
        return redirect(request, back, NOTHING_CHOSEN)
    body = BulkRequest(ids=ids, note=_note(fields))
    match fields.get("do"):
        case "silence":
            return redirect(request, await _silence(request, visit, ids), None)
        case "assign":
            given = AssignRequest(ids=ids, note=body.note, assignee=_assignee(fields))
            done, what = await api.assign_alerts(given, visit.caller, visit.gateway), _given(given.assignee)
        case "resolve":
            done, what = await api.resolve_alerts(body, visit.caller, visit.gateway), "resolved"
        case _:
            done, what = await api.acknowledge_alerts(body, visit.caller, visit.gateway), "acknowledged"
    return redirect(request, back, _said(done, what))


async def _silence(request: Request, visit: Visit, ids: Sequence[Id]) -> str:
    """The form that silences these, and what is like them; it shows what it would hide before it does."""
    asking = (api.get_alert(each, visit.caller, visit.gateway) for each in ids[:PER_PAGE])
    matchers = matchers_for_all(await asyncio.gather(*asking))
    return f"{root_of(request)}/silences/new?{urlencode({'matchers': matchers})}"


def _given(assignee: str | None) -> str:
    return f"given to {assignee}" if assignee else "with nobody any more"


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


@router.post("/alerts/{id}/assign")
async def assign(request: Request, alert_id: PathId, visit: VisitDep) -> Response:
    """Give it to somebody, or to nobody any more."""
    assignee = _assignee(await read(request))
    done = await api.assign_alerts(AssignRequest(ids=[alert_id], assignee=assignee), visit.caller, visit.gateway)
    return _back(request, alert_id, _said(done, _given(assignee)))


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
    found, held, why, incident = await asyncio.gather(
        api.get_timeline(alert_id, visit.caller, visit.gateway),
        _holdings(visit, [alert_id]),
        _why(visit, alert_id),
        _incident(visit, alert_id),
    )
    known = held.get(alert_id, ())
    view = alert_view(found, typed, errors, root_of(request), formats(request), known, why, incident)
    return await page(request, "pages/alerts/alert.html", view, status)


async def _holdings(visit: Visit, alert_ids: Sequence[Id]) -> Mapping[Id, Sequence[Holding]]:
    """What keeps these alerts from being told; nothing while nobody can say."""
    if not alert_ids:
        return {}
    try:
        return (await silences.list_holdings(list(alert_ids), visit.caller, visit.gateway)).holdings
    except ProblemError:
        return {}


async def _why(visit: Visit, alert_id: Id) -> Explanation | None:
    """Why somebody was told, or was not; None while nobody can say."""
    try:
        return await api.explain_alert(alert_id, visit.caller, visit.gateway)
    except ProblemError:
        return None


async def _ahead(visit: Visit, *, is_shown: bool, is_of_alerts: bool, **narrowed: Any) -> PendingList | None:
    """What is pending, or as long as something else is shown how much; None while nobody can say.

    Nobody has what is pending, nothing holds it back, and no monitor's is: who asks for that asks for alerts (`is_of_alerts`).
    """
    if is_of_alerts:
        return PendingList(alerts=[], total=0)
    try:
        return await api.list_pending(visit.caller, visit.gateway, limit=PER_PAGE if is_shown else 1, **narrowed)
    except ProblemError:
        if is_shown:
            raise
        return None


async def _incident(visit: Visit, alert_id: Id) -> IncidentHead | None:
    """The incident that an alert is in; None while nobody can say."""
    try:
        found = await incidents.list_incidents(visit.caller, visit.gateway, alert_id=alert_id, limit=1)
    except ProblemError:
        return None
    return next(iter(found.incidents), None)


def _back(request: Request, alert_id: Id, flash: Flash | None) -> Response:
    """To where the form was: the inbox as it was narrowed, or the alert."""
    return redirect(request, came_from(request) or f"{root_of(request)}/alerts/{alert_id}", flash)


def _assignee(fields: Mapping[str, str]) -> str | None:
    return fields.get("assignee", "").strip()[:200] or None


def _note(fields: Mapping[str, str]) -> str | None:
    return fields.get("note", "")[:2000] or None


def _id(text: str) -> Id | None:
    try:
        return UUID(text)
    except ValueError:
        return None
