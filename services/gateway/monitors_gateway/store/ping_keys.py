"""How often the keys of ping addresses were rotated."""

from collections.abc import Sequence

from monitors_contracts.base import Id
from monitors_contracts.platform import PingKeyRotated
from monitors_runtime.database import Connection, Pool

# Two who rotate one key at once take turns.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('gateway.ping_keys'), hashtext($1::text))"
APPLY = """
INSERT INTO gateway.ping_keys AS known (heartbeat_id, organization_id, generation) VALUES ($1, $2, $3)
ON CONFLICT (heartbeat_id) DO UPDATE SET generation = $3
WHERE known.organization_id = $2 AND known.generation < $3
"""
GENERATIONS = """
SELECT heartbeat_id, generation FROM gateway.ping_keys WHERE organization_id = $1 AND heartbeat_id = ANY($2::uuid[])
"""


async def lock(db: Connection, heartbeat_id: Id) -> None:
    """Nobody else rotates this key until the transaction ends."""
    await db.execute(LOCK, str(heartbeat_id))


async def apply(db: Connection, event: PingKeyRotated) -> None:
    """The key is of this generation, unless a later one is known."""
    await db.execute(APPLY, event.heartbeat_id, event.organization_id, event.generation)


async def generations(db: Connection | Pool, organization_id: Id, heartbeats: Sequence[Id]) -> dict[Id, int]:
    """The generations of these keys; those that were never rotated are absent."""
    rows = await db.fetch(GENERATIONS, organization_id, list(heartbeats))
    return {row["heartbeat_id"]: row["generation"] for row in rows}
