"""How the platform's parts are, since when; and what waits in the outbox."""

from dataclasses import dataclass
from datetime import datetime

from monitors_contracts.platform import PartState, SystemHealthChanged
from monitors_runtime.database import Connection, Pool

# Gateways that see the same change take turns: the second finds it known.
LOCK = "LOCK TABLE gateway.system_parts IN SHARE ROW EXCLUSIVE MODE"
APPLY = """
INSERT INTO gateway.system_parts AS known (part, change_id, state, reason, since) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (part) DO UPDATE SET change_id = $2, state = $3, reason = $4, since = $5 WHERE known.change_id < $2
"""
FIND = "SELECT part, state, since FROM gateway.system_parts"
UNPUBLISHED = "SELECT service, count(*) AS waiting FROM runtime.outbox WHERE published_at IS NULL GROUP BY service"
IS_WAITING = """
SELECT EXISTS (SELECT FROM runtime.outbox WHERE service = $1 AND published_at IS NULL AND subject = $2)
"""


@dataclass(frozen=True, slots=True)
class KnownPart:
    """What was last said about a part."""

    state: PartState
    since: datetime


async def lock(db: Connection) -> None:
    """Nobody else changes parts until the transaction ends."""
    await db.execute(LOCK)


async def apply(db: Connection, event: SystemHealthChanged) -> None:
    """The part is as the event says, unless a later one is known."""
    await db.execute(APPLY, event.part, event.change_id, event.state.value, event.reason, event.changed_at)


async def find(db: Connection | Pool) -> dict[str, KnownPart]:
    """Every part that is known."""
    return {row["part"]: KnownPart(PartState(row["state"]), row["since"]) for row in await db.fetch(FIND)}


async def unpublished(db: Pool) -> dict[str, int]:
    """How many committed events wait to be published, by service; those with none are left out."""
    return {row["service"]: row["waiting"] for row in await db.fetch(UNPUBLISHED)}


async def is_waiting(db: Pool, service: str, subject: str) -> bool:
    """Whether an event with this subject still waits in the service's outbox."""
    return bool(await db.fetchval(IS_WAITING, service, subject))
