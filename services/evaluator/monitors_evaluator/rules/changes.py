"""What happens to a rule: decided, applied and published within a transaction of the caller's."""

from monitors_contracts.base import Id
from monitors_contracts.rules import RuleCreated, RuleDeleted, RuleSpec, RuleUpdated, RuleView
from monitors_runtime.transaction import Transaction

from . import store


async def create(tx: Transaction, organization_id: Id, rule_id: Id, user_id: Id, spec: RuleSpec) -> RuleView:
    """Judge by something new."""
    rule = RuleView(
        id=rule_id,
        organization_id=organization_id,
        user_id=user_id,
        name=spec.name,
        spec=spec,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    event = RuleCreated(organization_id=organization_id, rule_id=rule_id, rule=rule)
    await store.apply(tx.db, event)
    tx.publish(event)
    return rule


async def update(tx: Transaction, known: RuleView, spec: RuleSpec) -> RuleView:
    """Judge by something else. What is so already is no change."""
    if known.spec == spec:
        return known
    changes = {"name": spec.name, "spec": spec, "version": known.version + 1, "updated_at": tx.now}
    rule = known.model_copy(update=changes)
    event = RuleUpdated(organization_id=rule.organization_id, rule_id=rule.id, rule=rule)
    await store.apply(tx.db, event)
    tx.publish(event)
    return rule


async def delete(tx: Transaction, known: RuleView) -> None:
    """Judge by it no more."""
    event = RuleDeleted(organization_id=known.organization_id, rule_id=known.id, rule_version=known.version + 1)
    await store.apply(tx.db, event)
    tx.publish(event)
