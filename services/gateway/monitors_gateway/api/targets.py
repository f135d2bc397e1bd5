"""Scrape targets: addresses that show measurements, read at an interval."""

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter

from monitors_contracts.base import Model
from monitors_contracts.targets import (
    CreateTarget,
    DeleteTarget,
    GetTarget,
    ListTargets,
    TargetChanges,
    TargetList,
    TargetSpec,
    TargetView,
    UpdateTarget,
)

from ..http.callers import CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import PathId
from ..http.patches import spelled
from .audit import audited
from .shapes import Success

router = APIRouter(prefix="/api", tags=["targets"], route_class=IdempotentRoute)

_TOLD = {field.alias or name for name, field in TargetView.model_fields.items()}
_NO_SENSE = "The target would make no sense."


class TargetReply(Model):
    """The target after the change."""

    success: bool = True
    target: TargetView


@router.get("/targets")
async def list_targets(caller: CallerDep, gateway: GatewayDep) -> TargetList:
    """The organization's targets, oldest first, each with how its last scrape went."""
    return await gateway.runtime.ask(ListTargets(organization_id=caller.organization_id))


@router.post("/targets", status_code=201, dependencies=[spelled(TypeAdapter(TargetSpec), _NO_SENSE, told=_TOLD)])
async def create_target(
    body: TargetSpec, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> TargetReply:
    """Add a target: Prometheus's text format or OpenMetrics over HTTP. It is scraped at once, then at its interval."""
    organization, target_id = caller.organization_id, entity_id(request)
    target = await gateway.runtime.ask(CreateTarget(organization_id=organization, target_id=target_id, spec=body))
    await audited(gateway, caller, "target.create", target.id)
    response.headers["Location"] = f"/api/targets/{target.id}"
    return TargetReply(target=target)


@router.get("/targets/{id}")
async def get_target(target_id: PathId, caller: CallerDep, gateway: GatewayDep) -> TargetView:
    """A target, and how its last scrape went."""
    return await gateway.runtime.ask(GetTarget(organization_id=caller.organization_id, target_id=target_id))


@router.patch("/targets/{id}", dependencies=[spelled(TypeAdapter(TargetChanges), _NO_SENSE, told=_TOLD)])
async def update_target(target_id: PathId, body: TargetChanges, caller: CallerDep, gateway: GatewayDep) -> TargetReply:
    """Change a target. Headers are replaced as a whole; a value given back as `***` stays what it is."""
    organization = caller.organization_id
    target = await gateway.runtime.ask(UpdateTarget(organization_id=organization, target_id=target_id, changes=body))
    await audited(gateway, caller, "target.update", target_id)
    return TargetReply(target=target)


@router.delete("/targets/{id}")
async def delete_target(target_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Remove a target. Its series end; what was measured stays."""
    await gateway.runtime.ask(DeleteTarget(organization_id=caller.organization_id, target_id=target_id))
    await audited(gateway, caller, "target.delete", target_id)
    return Success()
