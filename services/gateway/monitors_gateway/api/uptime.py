"""Uptime checks: addresses that are asked whether they answer, each with a rule that tells when they do not.

The rule has the check's id. More rules over the same samples (`probe_duration_seconds`, `probe_ssl_earliest_cert_expiry`) are
made like any other.
"""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from monitors_contracts.base import Id, Model
from monitors_contracts.rules import CreateRule, DeleteRule, GetRule, Matcher, NOfMRule, RuleSpec, UpdateRule
from monitors_contracts.uptime import (
    CHECK_LABEL,
    SUCCESS,
    DeleteUptimeCheck,
    GetUptimeCheck,
    ListUptimeChecks,
    PutUptimeCheck,
    UptimeList,
    UptimeSpec,
    UptimeView,
)
from monitors_runtime.errors import ProblemError

from ..gateway import Gateway
from ..http.callers import Caller, CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import PathId
from .audit import audited
from .shapes import Success

router = APIRouter(prefix="/api", tags=["uptime"], route_class=IdempotentRoute)


class UptimeRequest(UptimeSpec):
    """A check, and after how many failures in a row it is told of."""

    failures: int = Field(default=2, ge=1, le=60, description="Failed checks in a row until an alert")


class UptimeReply(Model):
    """The check after the change."""

    success: bool = True
    check: UptimeView


@router.get("/uptime")
async def list_uptime_checks(caller: CallerDep, gateway: GatewayDep) -> UptimeList:
    """The organization's uptime checks, oldest first, each with how it went last."""
    return await gateway.runtime.ask(ListUptimeChecks(organization_id=caller.organization_id))


@router.post("/uptime", status_code=201)
async def create_uptime_check(
    body: UptimeRequest, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> UptimeReply:
    """Ask an address at an interval, and tell when it does not answer as it should."""
    check_id = entity_id(request)
    check = await _put(gateway, caller, check_id, body)
    rule = _rule(check_id, body)
    user = caller.user_id
    await gateway.runtime.ask(
        CreateRule(organization_id=caller.organization_id, rule_id=check_id, user_id=user, spec=rule)
    )
    await audited(gateway, caller, "uptime.create", check_id)
    response.headers["Location"] = f"/api/uptime/{check_id}"
    return UptimeReply(check=check)


@router.get("/uptime/{id}")
async def get_uptime_check(check_id: PathId, caller: CallerDep, gateway: GatewayDep) -> UptimeReply:
    """One check."""
    asked = GetUptimeCheck(organization_id=caller.organization_id, check_id=check_id)
    return UptimeReply(check=await gateway.runtime.ask(asked))


@router.put("/uptime/{id}")
async def replace_uptime_check(
    check_id: PathId, body: UptimeRequest, caller: CallerDep, gateway: GatewayDep
) -> UptimeReply:
    """Make the check what is sent."""
    organization = caller.organization_id
    await gateway.runtime.ask(GetUptimeCheck(organization_id=organization, check_id=check_id))
    check = await _put(gateway, caller, check_id, body)
    rule, user = _rule(check_id, body), caller.user_id
    if await _has_rule(gateway, organization, check_id):
        await gateway.runtime.ask(UpdateRule(organization_id=organization, rule_id=check_id, user_id=user, spec=rule))
    await audited(gateway, caller, "uptime.update", check_id)
    return UptimeReply(check=check)


@router.delete("/uptime/{id}")
async def delete_uptime_check(check_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Ask no more; what its rule fired is resolved."""
    organization = caller.organization_id
    await gateway.runtime.ask(GetUptimeCheck(organization_id=organization, check_id=check_id))
    if await _has_rule(gateway, organization, check_id):
        await gateway.runtime.ask(DeleteRule(organization_id=organization, rule_id=check_id))
    await gateway.runtime.ask(DeleteUptimeCheck(organization_id=organization, check_id=check_id))
    await audited(gateway, caller, "uptime.delete", check_id)
    return Success()


async def _put(gateway: Gateway, caller: Caller, check_id: Id, body: UptimeRequest) -> UptimeView:
    spec = UptimeSpec.model_validate(body.model_dump())
    asked = PutUptimeCheck(organization_id=caller.organization_id, check_id=check_id, spec=spec)
    return await gateway.runtime.ask(asked)


async def _has_rule(gateway: Gateway, organization_id: Id, check_id: Id) -> bool:
    """Whether the rule is still there: people may delete it and keep the check."""
    try:
        await gateway.runtime.ask(GetRule(organization_id=organization_id, rule_id=check_id))
    except ProblemError as refused:
        if refused.problem.status == 404:
            return False
        raise
    return True


def _rule(check_id: Id, body: UptimeRequest) -> RuleSpec:
    return NOfMRule(
        name=body.name,
        kind="nOfM",
        metric=SUCCESS,
        matchers=[Matcher(label=CHECK_LABEL, value=str(check_id))],
        op="lt",
        critical=1,
        n=body.failures,
        m=body.failures,
        annotations={"summary": "{{ name }} does not answer as it should"},
        is_active=body.is_active,
    )
