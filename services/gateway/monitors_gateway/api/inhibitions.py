"""Inhibition rules: while one alert lasts, nobody is told of others that follow from it."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from pydantic import Field, TypeAdapter

from monitors_contracts.base import Model
from monitors_contracts.inhibition import (
    CreateInhibition,
    DeleteInhibition,
    GetInhibition,
    InhibitionList,
    InhibitionSpec,
    InhibitionView,
    ListInhibitions,
    UpdateInhibition,
)
from monitors_contracts.silences import HeldAlerts

from ..http.callers import CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import Limit, PathId
from ..http.patches import made, merged
from .audit import audited
from .shapes import Success
from .silences import held_by

router = APIRouter(prefix="/api", tags=["silences"], route_class=IdempotentRoute)

_SPEC: TypeAdapter[InhibitionSpec] = TypeAdapter(InhibitionSpec)
Spec = Annotated[
    InhibitionSpec,
    Body(
        openapi_examples={
            "host": {
                "summary": "A host that is down explains the rest",
                "value": {
                    "name": "Host down",
                    "source": 'alertname="HostDown"',
                    "target": 'host!=""',
                    "equal": ["host"],
                },
            }
        }
    ),
]


class InhibitionReply(Model):
    """The rule after the change."""

    success: bool = True
    inhibition: InhibitionView


@router.get("/inhibitions")
async def list_inhibitions(caller: CallerDep, gateway: GatewayDep) -> InhibitionList:
    """The organization's inhibition rules by name, each with how many alerts it held back."""
    return await gateway.runtime.ask(ListInhibitions(organization_id=caller.organization_id))


@router.post("/inhibitions", status_code=201)
async def create_inhibition(
    body: Spec, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> InhibitionReply:
    """Hold alerts back while others last, from now on."""
    rule = await gateway.runtime.ask(
        CreateInhibition(
            organization_id=caller.organization_id,
            inhibition_id=entity_id(request),
            user_id=caller.user_id,
            spec=body,
        )
    )
    await audited(gateway, caller, "inhibition.create", rule.id)
    response.headers["Location"] = f"/api/inhibitions/{rule.id}"
    return InhibitionReply(inhibition=rule)


@router.get("/inhibitions/{id}")
async def get_inhibition(inhibition_id: PathId, caller: CallerDep, gateway: GatewayDep) -> InhibitionView:
    """One rule."""
    return await gateway.runtime.ask(GetInhibition(organization_id=caller.organization_id, inhibition_id=inhibition_id))


@router.get("/inhibitions/{id}/held")
async def list_held_by_inhibition(
    inhibition_id: PathId, caller: CallerDep, gateway: GatewayDep, limit: Limit = 100
) -> HeldAlerts:
    """What a rule hid: open alerts first, then those that it held back last."""
    await get_inhibition(inhibition_id, caller, gateway)
    return await held_by(gateway, caller, inhibition_id, limit)


@router.put("/inhibitions/{id}")
async def replace_inhibition(
    inhibition_id: PathId, body: Spec, caller: CallerDep, gateway: GatewayDep
) -> InhibitionReply:
    """Make the rule what is sent."""
    rule = await gateway.runtime.ask(
        UpdateInhibition(
            organization_id=caller.organization_id, inhibition_id=inhibition_id, user_id=caller.user_id, spec=body
        )
    )
    await audited(gateway, caller, "inhibition.update", inhibition_id)
    return InhibitionReply(inhibition=rule)


@router.patch("/inhibitions/{id}")
async def update_inhibition(
    inhibition_id: PathId,
    body: Annotated[dict[str, Any], Field(examples=[{"isActive": False}])],
    caller: CallerDep,
    gateway: GatewayDep,
) -> InhibitionReply:
    """Change these fields of the rule (a merge patch, RFC 7396): null takes a field away."""
    known = await get_inhibition(inhibition_id, caller, gateway)
    spec = made(_SPEC, merged(known.spec, body), "The rule would make no sense.")
    return await replace_inhibition(inhibition_id, spec, caller, gateway)


@router.delete("/inhibitions/{id}")
async def delete_inhibition(inhibition_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Take a rule away; what it holds back now is told, if it fires still."""
    await gateway.runtime.ask(DeleteInhibition(organization_id=caller.organization_id, inhibition_id=inhibition_id))
    await audited(gateway, caller, "inhibition.delete", inhibition_id)
    return Success()
