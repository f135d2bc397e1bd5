"""Incidents: the list with its figures, one with all that people do with it, and its post-mortem."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import Response as Answer
from pydantic import BaseModel

from monitors_contracts.base import Id

from ...api import incidents as api
from ...api.incidents import (
    DescribeRequest,
    IncidentNote,
    MergeRequest,
    OpenRequest,
    PostmortemRequest,
    ResponderRequest,
    SplitRequest,
    TaskRequest,
    UpdateRequest,
)
from ...http.pages import Cursor, PathId
from ..forms import Errors, parse, read, read_list
from ..render import formats, page, redirect, root_of
from ..session import VisitDep
from ..views.incident import incident_view, postmortem_view
from ..views.incidents import DAYS, TABS, Chosen, incident_form, incidents_view
from ..views.parts import Flash
from .errors import came_from

router = APIRouter(prefix="/incidents")

M = TypeVar("M", bound=BaseModel)
PER_PAGE = 50
NOTHING_CHOSEN = Flash("Select them first, by the boxes before them.", "warn")


@router.get("")
async def list_incidents(
    request: Request,
    visit: VisitDep,
    status: str = "open",
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: Cursor = None,
) -> Answer:
    """Incidents by status and words, with figures of late."""
    chosen: Chosen = status if status in TABS else "open"
    found = await api.list_incidents(
        visit.caller,
        visit.gateway,
        status=list(TABS[chosen][1]),
        q=q.strip() or None,
        limit=PER_PAGE,
        cursor=cursor,
    )
    now = datetime.now(UTC)
    figures = await api.get_incident_figures(visit.caller, visit.gateway, now - timedelta(days=DAYS), now)
    view = incidents_view(found, figures, chosen, q.strip(), root_of(request), formats(request))
    return await page(request, "pages/incidents/list.html", view)


@router.get("/new")
async def new_incident(request: Request, visit: VisitDep) -> Answer:
    """The form that opens one."""
    return await page(request, "pages/incidents/form.html", incident_form({}, Errors(), root_of(request)))


@router.post("/new")
async def add_incident(request: Request, visit: VisitDep) -> Answer:
    """Open one by hand."""
    typed = await read(request)
    parsed = parse(OpenRequest, typed)
    if parsed.model is None:
        view = incident_form(typed, parsed.errors, root_of(request))
        return await page(request, "pages/incidents/form.html", view, 422)
    made = await api.open_incident(parsed.model, request, Response(), visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/incidents/{made.incident.id}", Flash("Opened."))


@router.post("/merge")
async def merge(request: Request, visit: VisitDep) -> Answer:
    """Make those that were chosen one: the oldest takes the alerts of the others."""
    ids = sorted(await _chosen(request))
    if len(ids) < 2:
        flash = Flash("Select two incidents or more, by the boxes before them.", "warn")
        return redirect(request, came_from(request) or f"{root_of(request)}/incidents", flash)
    merged = await api.merge_incidents(ids[0], MergeRequest(incidents=ids[1:][:50]), visit.caller, visit.gateway)
    words = f"Merged into #{merged.incident.number}."
    return redirect(request, f"{root_of(request)}/incidents/{merged.incident.id}", Flash(words))


@router.get("/{id}")
async def incident(request: Request, incident_id: PathId, visit: VisitDep) -> Answer:
    """One incident."""
    found = await api.get_incident(incident_id, visit.caller, visit.gateway)
    return await page(
        request, "pages/incidents/incident.html", incident_view(found, root_of(request), formats(request))
    )


@router.post("/{id}/acknowledge")
async def acknowledge(request: Request, incident_id: PathId, visit: VisitDep) -> Answer:
    """Take it, and its alerts."""
    await api.acknowledge_incident(incident_id, visit.caller, visit.gateway, IncidentNote())
    return _back(request, incident_id, "Acknowledged, with its alerts. It is yours now.")


@router.post("/{id}/resolve")
async def resolve(request: Request, incident_id: PathId, visit: VisitDep) -> Answer:
    """Say that it is over."""
    await api.resolve_incident(incident_id, visit.caller, visit.gateway, IncidentNote())
    return _back(request, incident_id, "Resolved.")


@router.post("/{id}/reopen")
async def reopen(request: Request, incident_id: PathId, visit: VisitDep) -> Answer:
    """Say that it is not over."""
    await api.reopen_incident(incident_id, visit.caller, visit.gateway, IncidentNote())
    return _back(request, incident_id, "Open again.")


@router.post("/{id}/split")
async def split(request: Request, incident_id: PathId, visit: VisitDep) -> Answer:
    """Make the alerts that were chosen an incident of their own."""
    ids = await _chosen(request)
    if not ids:
        return redirect(request, f"{root_of(request)}/incidents/{incident_id}", NOTHING_CHOSEN)
    apart = await api.split_incident(
        incident_id, SplitRequest(alerts=ids), request, Response(), visit.caller, visit.gateway
    )
    words = Flash(f"Split off as #{apart.incident.number}.")
    return redirect(request, f"{root_of(request)}/incidents/{apart.incident.id}", words)


@router.post("/{id}/tasks")
async def add_task(request: Request, incident_id: PathId, visit: VisitDep) -> Answer:
    """Say what is to be done."""
    body, wrong = _read(TaskRequest, await read(request))
    if body is None:
        return _back(request, incident_id, wrong, refused=True)
    await api.add_task(incident_id, body, request, visit.caller, visit.gateway)
    return _back(request, incident_id, "Task added.")


@router.post("/{id}/tasks/{taskId}/complete")
async def complete_task(
    request: Request, incident_id: PathId, task_id: Annotated[Id, Path(alias="taskId")], visit: VisitDep
) -> Answer:
    """Say that it is done."""
    await api.complete_task(incident_id, task_id, visit.caller, visit.gateway)
    return _back(request, incident_id, "Done.")


@router.post("/{id}/updates")
async def post_update(request: Request, incident_id: PathId, visit: VisitDep) -> Answer:
    """Tell those who wait."""
    fields = await read(request)
    body, wrong = _read(UpdateRequest, {"text": fields.get("text", ""), "isPublic": fields.get("public") == "yes"})
    if body is None:
        return _back(request, incident_id, wrong, refused=True)
    await api.post_update(incident_id, body, request, visit.caller, visit.gateway)
    return _back(request, incident_id, "Posted.")


@router.post("/{id}/describe")
async def describe(request: Request, incident_id: PathId, visit: VisitDep) -> Answer:
    """Say what it is, and who works on it."""
    fields = await read(request)
    body, wrong = _read(DescribeRequest, fields)
    name, wrong_name = _read(ResponderRequest, {"name": fields.get("responder", "")})
    if body is None or (name is None and fields.get("responder")):
        return _back(request, incident_id, wrong or wrong_name, refused=True)
    emptied = {"impact": ""} if not fields.get("impact") else {}
    await api.describe_incident(incident_id, body.model_copy(update=emptied), visit.caller, visit.gateway)
    if name:
        await api.add_responder(incident_id, name, visit.caller, visit.gateway)
    return _back(request, incident_id, "Saved.")


@router.get("/{id}/postmortem")
async def postmortem(request: Request, incident_id: PathId, visit: VisitDep) -> Answer:
    """What was learnt; begun from the timeline where nothing is saved."""
    found = await api.get_incident(incident_id, visit.caller, visit.gateway)
    text, is_draft = found.incident.postmortem, not found.incident.postmortem
    if is_draft:
        text = (await api.draft_postmortem(incident_id, visit.caller, visit.gateway)).text
    view = postmortem_view(found, text, is_draft, Errors(), root_of(request))
    return await page(request, "pages/incidents/postmortem.html", view)


@router.post("/{id}/postmortem")
async def save_postmortem(request: Request, incident_id: PathId, visit: VisitDep) -> Answer:
    """Keep it."""
    # Browsers send line ends as two characters, which count for the limit.
    text = (await read(request)).get("text", "").replace("\r\n", "\n")
    parsed = parse(PostmortemRequest, {"text": text})
    if text and parsed.model is None:
        found = await api.get_incident(incident_id, visit.caller, visit.gateway)
        view = postmortem_view(found, text, False, parsed.errors, root_of(request))
        return await page(request, "pages/incidents/postmortem.html", view, 422)
    await api.save_postmortem(incident_id, parsed.model or PostmortemRequest(text=""), visit.caller, visit.gateway)
    return _back(request, incident_id, "Saved.")


def _read(model: type[M], fields: Mapping[str, object]) -> tuple[M | None, str]:
    """What a small form says, or what is wrong with it."""
    parsed = parse(model, fields)
    return parsed.model, parsed.errors.form or next(iter(parsed.errors.fields.values()), "")


def _back(request: Request, incident_id: Id, words: str, *, refused: bool = False) -> Answer:
    tone = Flash(words, "bad") if refused else Flash(words)
    return redirect(request, f"{root_of(request)}/incidents/{incident_id}", tone)


async def _chosen(request: Request) -> list[Id]:
    return [each for text in await read_list(request, "id") if (each := _id(text))]


def _id(text: str) -> Id | None:
    try:
        return UUID(text)
    except ValueError:
        return None
