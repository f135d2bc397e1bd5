"""Keeping what callers changed."""

from monitors_contracts.base import Id

from ..gateway import Gateway
from ..http.callers import Caller


async def audited(gateway: Gateway, caller: Caller, what: str, target: Id) -> None:
    """Keep that this caller did `what` (a stable word: `monitor.create`) to `target`."""
    async with gateway.service.transaction() as tx:
        await gateway.audit(
            tx,
            what,
            organization_id=caller.organization_id,
            user_id=caller.user_id,
            address=caller.address,
            target=target,
        )
