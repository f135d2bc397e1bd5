"""Whom a step of an escalation policy tells, as the organization's settings are now."""

from datetime import datetime

from monitors_contracts.base import Id
from monitors_contracts.policies import Policy
from monitors_runtime.database import Connection

from .domain.escalation import Targets, escalate
from .oncall import store


async def targets(db: Connection, organization_id: Id, policy_id: Id, step: int, now: datetime) -> Targets:
    """Whom the step that is due tells, and when the next one is due; see `Targets`.

    Ask for step 0 when something begins to fire, then for `next_step` at `next_due` for as long as nobody took it and it
    is not over. The answer depends on nothing else, so one serves all groups that are at this step now. A policy that
    does not exist tells nobody and has no next step.
    """
    policy = await store.get(db, Policy, organization_id, policy_id)
    if policy is None:
        return Targets(step)
    return escalate(policy, step, await store.directory(db, organization_id, now), now)
