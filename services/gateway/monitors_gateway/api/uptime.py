"""Uptime checks: addresses that are asked whether they answer, each with a rule that tells when they do not.

The rule has the check's id, and comes, changes and goes with it. More rules over the same samples (`probe_duration_seconds`,
`probe_ssl_earliest_cert_expiry`) are made like any other.
"""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter

from monitors_contracts.base import Id, Model
from monitors_contracts.rules import GetRule, ListRules
from monitors_contracts.uptime import (
    CreateUptimeCheck,
    DeleteUptimeCheck,
    GetUptimeCheck,
    ListUptimeChecks,
    UpdateUptimeCheck,
    UptimeList,
    UptimeSpec,
    UptimeView,
)
from monitors_runtime.errors import ProblemError, problem

from ..gateway import Gateway
from ..http.callers import Caller, CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import PathId
from ..http.patches import made, merged, spelled
from .audit import audited
from .shapes import Success

router = APIRouter(prefix="/api", tags=["uptime"], route_class=IdempotentRoute)

_SPEC = TypeAdapter(UptimeSpec)
_NO_SENSE = "The check would make no sense."
_KNOWN = spelled(_SPEC, _NO_SENSE)
_RULE_PATIENCE = 3.0
_RULE_EVERY = 0.05


class UptimeReply(Model):
    """The check after the change."""

    success: bool = True
    check: UptimeView


@router.get("/uptime")
async def list_uptime_checks(caller: CallerDep, gateway: GatewayDep) -> UptimeList:
    """The organization's uptime checks, oldest first, each with how it went last."""
    return await gateway.runtime.ask(ListUptimeChecks(organization_id=caller.organization_id))


@router.post("/uptime", status_code=201, dependencies=[_KNOWN])
async def create_uptime_check(
    body: UptimeSpec, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> UptimeReply:
    """Ask an address at an interval, and tell when it does not answer as it should."""
    check_id = entity_id(request)
    check = await gateway.runtime.ask(
        CreateUptimeCheck(organization_id=caller.organization_id, check_id=check_id, user_id=caller.user_id, spec=body)
    )
    await _rule_is_there(gateway, caller.organization_id, check_id)
    await audited(gateway, caller, "uptime.create", check_id)
    response.headers["Location"] = f"/api/uptime/{check_id}"
    return UptimeReply(check=check)


@router.get("/uptime/{id}")
async def get_uptime_check(check_id: PathId, caller: CallerDep, gateway: GatewayDep) -> UptimeReply:
    """One check."""
    return UptimeReply(check=await _find(gateway, caller, check_id))


@router.put("/uptime/{id}", dependencies=[_KNOWN])
async def replace_uptime_check(
    check_id: PathId, body: UptimeSpec, caller: CallerDep, gateway: GatewayDep
) -> UptimeReply:
    """Make the check what is sent."""
    return await _change(gateway, caller, check_id, body)


@router.patch("/uptime/{id}")
async def update_uptime_check(
    check_id: PathId,
    body: Annotated[dict[str, Any], Field(examples=[{"isActive": False}])],
    caller: CallerDep,
    gateway: GatewayDep,
) -> UptimeReply:
    """Change these fields of the check (a merge patch, RFC 7396): null takes a field away. `isActive` pauses and resumes."""
    known = await _find(gateway, caller, check_id)
    spec = made(_SPEC, merged(known.spec, body), _NO_SENSE, given=body)
    return await _change(gateway, caller, check_id, spec, known.version)


@router.delete("/uptime/{id}")
async def delete_uptime_check(check_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Ask no more; what its rule fired is resolved. While a composite is made of its rule: 409 `rule-in-use`."""
    await _rule_is_free(gateway, caller, check_id)
    await gateway.runtime.ask(DeleteUptimeCheck(organization_id=caller.organization_id, check_id=check_id))
    await audited(gateway, caller, "uptime.delete", check_id)
    return Success()


async def _find(gateway: Gateway, caller: Caller, check_id: Id) -> UptimeView:
    return await gateway.runtime.ask(GetUptimeCheck(organization_id=caller.organization_id, check_id=check_id))


async def _change(
    gateway: Gateway, caller: Caller, check_id: Id, spec: UptimeSpec, version: int | None = None
) -> UptimeReply:
    check = await gateway.runtime.ask(
        UpdateUptimeCheck(
            organization_id=caller.organization_id,
            check_id=check_id,
            user_id=caller.user_id,
            spec=spec,
            expected_version=version,
        )
    )
    await audited(gateway, caller, "uptime.update", check_id)
    return UptimeReply(check=check)


async def _rule_is_free(gateway: Gateway, caller: Caller, check_id: Id) -> None:
    """The check's rule goes with it, which a composite would wait for in vain. Problem: `rule-in-use`."""
    asked = ListRules(organization_id=caller.organization_id, part=check_id, limit=10)
    found = await gateway.runtime.ask(asked)
    if found.rules:
        named = ", ".join(repr(rule.name) for rule in found.rules)
        why = f"Composite rules are made of the check: {named}. Delete them first, or make them of other rules."
        raise problem("rule-in-use", "The check's rule is in use", 409, why)


async def _rule_is_there(gateway: Gateway, organization_id: Id, check_id: Id) -> None:
    """Wait for the rule that the new check's event leads to, so that whoever made the check can go on to it.

    It comes in any case: when it takes long, they are not kept waiting.
    """
    try:
        async with asyncio.timeout(_RULE_PATIENCE):
            while True:
                try:
                    await gateway.runtime.ask(GetRule(organization_id=organization_id, rule_id=check_id))
                except ProblemError as away:
                    if away.problem.status != 404:
                        return
                else:
                    return
                await asyncio.sleep(_RULE_EVERY)
    except TimeoutError:
        return
