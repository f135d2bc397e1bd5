"""Escalation policies: who is told next while nobody takes an alert."""

from fastapi import APIRouter, Request, Response

from monitors_contracts.base import Model
from monitors_contracts.policies import (
    DeletePolicy,
    ListPolicies,
    Policy,
    PolicyList,
    PolicyPreview,
    PolicyPreviews,
    PolicySpec,
    PreviewPolicies,
    SavePolicy,
)

from ..http.callers import CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import PathId
from .audit import audited
from .shapes import Success

router = APIRouter(prefix="/api", tags=["on-call"], route_class=IdempotentRoute)


class PolicyReply(Model):
    """The policy after the change."""

    success: bool = True
    policy: Policy


@router.get("/policies")
async def list_policies(caller: CallerDep, gateway: GatewayDep) -> PolicyList:
    """The organization's escalation policies, by name."""
    return await gateway.runtime.ask(ListPolicies(organization_id=caller.organization_id))


@router.post("/policies", status_code=201)
async def create_policy(
    body: PolicySpec, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> PolicyReply:
    """Add a policy. Routes name it by its id."""
    policy = await gateway.runtime.ask(
        SavePolicy(organization_id=caller.organization_id, policy_id=entity_id(request), spec=body, is_new=True)
    )
    await audited(gateway, caller, "policy.create", policy.id)
    response.headers["Location"] = f"/api/policies/{policy.id}"
    return PolicyReply(policy=policy)


@router.get("/policies/steps")
async def preview_policies(caller: CallerDep, gateway: GatewayDep) -> PolicyPreviews:
    """Whom each step of each policy would tell now, and whom not and why."""
    return await gateway.runtime.ask(PreviewPolicies(organization_id=caller.organization_id))


@router.get("/policies/{id}")
async def get_policy(policy_id: PathId, caller: CallerDep, gateway: GatewayDep) -> PolicyPreview:
    """One policy, and whom each of its steps would tell now."""
    asked = PreviewPolicies(organization_id=caller.organization_id, policy_id=policy_id)
    [found] = (await gateway.runtime.ask(asked)).previews
    return found


@router.put("/policies/{id}")
async def replace_policy(policy_id: PathId, body: PolicySpec, caller: CallerDep, gateway: GatewayDep) -> PolicyReply:
    """Make the policy what is sent. What escalates by it goes on with the step that is due."""
    policy = await gateway.runtime.ask(
        SavePolicy(organization_id=caller.organization_id, policy_id=policy_id, spec=body)
    )
    await audited(gateway, caller, "policy.update", policy_id)
    return PolicyReply(policy=policy)


@router.delete("/policies/{id}")
async def delete_policy(policy_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Remove a policy that no route names."""
    await gateway.runtime.ask(DeletePolicy(organization_id=caller.organization_id, policy_id=policy_id))
    await audited(gateway, caller, "policy.delete", policy_id)
    return Success()
