"""Rules of uptime checks: each comes, changes and goes with its check, whose id it has."""

from monitors_contracts.uptime import UptimeCheckCreated, UptimeCheckDeleted, UptimeCheckUpdated
from monitors_runtime.consumer import Received
from monitors_runtime.transaction import Transaction

from ..domain.rules.of_checks import changed_rule, rule_of
from . import changes, store

UptimeHeard = Received[UptimeCheckCreated] | Received[UptimeCheckUpdated] | Received[UptimeCheckDeleted]


async def check_heard(tx: Transaction, received: UptimeHeard) -> None:
    """A check is new, another or gone. A rule that somebody deleted stays away."""
    event = received.event
    known = await store.get(tx.db, event.organization_id, event.check_id, for_update=True)
    match event:
        case UptimeCheckCreated() if known is None:
            rule = rule_of(event.check_id, event.spec)
            await changes.create(tx, event.organization_id, event.check_id, event.user_id, rule)
        case UptimeCheckUpdated() if known:
            await changes.update(tx, known, changed_rule(known.spec, event.check_id, event.spec))
        case UptimeCheckDeleted() if known:
            await changes.delete(tx, known)
        case _:
            pass
