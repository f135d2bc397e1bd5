"""Integrations: the list, adding one, and one with what came by it."""

from json import loads
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import Response as Answer

from monitors_contracts.base import Id
from monitors_runtime.errors import ProblemError

from ...api import integrations as api
from ...api.integrations import IntegrationSpec, IntegrationUpdate
from ...http.pages import PathId
from ...incoming.kinds import KNOWN, Kind
from ..forms import Errors, parse, read, refused
from ..render import formats, page, redirect, root_of
from ..session import VisitDep
from ..views.integrations import (
    KINDS,
    integration_view,
    integrations_view,
    labels_of,
    made_view,
    new_integration_view,
)
from ..views.parts import Flash
from .errors import came_from

router = APIRouter(prefix="/integrations")


@router.get("")
async def list_integrations(request: Request, visit: VisitDep) -> Answer:
    """All integrations, and when each was last heard of."""
    found = await api.list_integrations(visit.caller, visit.gateway)
    base = f"{request.url.scheme}://{request.url.netloc}"
    view = integrations_view(found.integrations, root_of(request), base, formats(request))
    return await page(request, "pages/integrations/list.html", view)


@router.get("/new")
async def new_integration(request: Request, visit: VisitDep, kind: str = "grafana") -> Answer:
    """The form to add one."""
    view = new_integration_view(_kind(kind), {}, Errors(), root_of(request))
    return await page(request, "pages/integrations/new.html", view)


@router.post("")
async def add_integration(request: Request, visit: VisitDep) -> Answer:
    """Add one. Its address is shown on the page that answers, and never again."""
    fields = await read(request)
    kind = _kind(fields.get("kind", ""))
    given: dict[str, Any] = {"kind": kind, "name": fields.get("name") or KNOWN[kind].title}
    if kind == "sentry":
        given["secret"] = fields.get("secret")
    errors = Errors()
    try:
        given["labels"] = labels_of(fields.get("labels", ""))
    except ValueError as wrong:
        errors = Errors({"labels": str(wrong)})
    try:
        given["mapping"] = loads(fields["mapping"]) if kind == "generic" and fields.get("mapping") else None
    except (ValueError, RecursionError):
        errors = Errors(errors.fields | {"mapping": "This is no JSON."})
    if not errors.fields:
        parsed = parse(IntegrationSpec, given)
        errors = parsed.errors
        if parsed.model:
            try:
                made = await api.create_integration(
                    parsed.model, _api(request), Response(), visit.caller, visit.gateway
                )
            except ProblemError as error:
                errors = refused(error)
            else:
                return await page(request, "pages/integrations/made.html", made_view(made, root_of(request)))
    view = new_integration_view(kind, fields, errors, root_of(request))
    return await page(request, "pages/integrations/new.html", view, 422)


@router.get("/{id}")
async def integration(request: Request, integration_id: PathId, visit: VisitDep) -> Answer:
    """One integration."""
    found = await api.get_integration(integration_id, visit.caller, visit.gateway)
    return await page(
        request, "pages/integrations/integration.html", integration_view(found, root_of(request), formats(request))
    )


@router.post("/{id}/pause")
async def pause(request: Request, integration_id: PathId, visit: VisitDep) -> Answer:
    """Take nothing by it for now."""
    changed = await api.update_integration(
        integration_id, IntegrationUpdate(is_active=False), visit.caller, visit.gateway
    )
    return _back(request, integration_id, Flash(f"“{changed.integration.name}” is paused. What it sends is refused."))


@router.post("/{id}/resume")
async def resume(request: Request, integration_id: PathId, visit: VisitDep) -> Answer:
    """Take alerts by it again."""
    changed = await api.update_integration(
        integration_id, IntegrationUpdate(is_active=True), visit.caller, visit.gateway
    )
    return _back(request, integration_id, Flash(f"What “{changed.integration.name}” sends is taken again."))


@router.post("/{id}/delete")
async def delete(request: Request, integration_id: PathId, visit: VisitDep) -> Answer:
    """Take its address back."""
    await api.delete_integration(integration_id, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/integrations", Flash("The integration is deleted."))


def _kind(given: str) -> Kind:
    return given if given in KINDS else "grafana"


def _api(request: Request) -> Request:
    """The same request outside the console, whose addresses are those of the API."""
    return Request({**request.scope, "root_path": ""})


def _back(request: Request, integration_id: Id, flash: Flash) -> Answer:
    """To where the button was: the list, or the integration."""
    came = came_from(request)
    lists = (f"{root_of(request)}/integrations", f"{root_of(request)}/integrations/{integration_id}")
    return redirect(request, came if came in lists else lists[1], flash)
