"""Who sends: before a copy of the notifier tries anything of a group to a channel, it claims the two for itself.

A claim is given up in the transaction that writes down what the try came to. Of a copy that dies, it ends by itself.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from monitors_contracts.base import new_id
from monitors_runtime.database import DATABASE_AWAY, Connection, Pool, Writes, columns

from .store import Key

log = structlog.get_logger(__name__)

HOLD = timedelta(seconds=10)
RENEW_SECONDS = 3

TAKE = """
INSERT INTO notifier.claims (channel_id, group_id, holder, until)
SELECT channel_id, group_id, $3, clock_timestamp() + $4::interval
FROM unnest($1::uuid[], $2::uuid[]) AS asked (channel_id, group_id) ORDER BY channel_id, group_id
ON CONFLICT (channel_id, group_id) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE claims.until < clock_timestamp()
RETURNING channel_id, group_id
"""

RENEW = """
UPDATE notifier.claims SET until = clock_timestamp() + $4::interval
FROM unnest($1::uuid[], $2::uuid[]) AS held (channel_id, group_id)
WHERE claims.channel_id = held.channel_id AND claims.group_id = held.group_id AND claims.holder = $3
"""

FREE = """
DELETE FROM notifier.claims USING unnest($1::uuid[], $2::uuid[]) AS held (channel_id, group_id)
WHERE claims.channel_id = held.channel_id AND claims.group_id = held.group_id AND claims.holder = $3
"""

EXPIRE = "DELETE FROM notifier.claims WHERE until < $1"
"""Claims of copies that died."""


class Claims:
    """The claims of one copy."""

    def __init__(self) -> None:
        self._holder = new_id()
        self._held: set[Key] = set()

    async def take(self, db: Connection, keys: Sequence[Key]) -> set[Key]:
        """Claim these; those that no other copy holds."""
        rows = await db.fetch(TAKE, *_columns(keys), self._holder, HOLD)
        free = {(row["channel_id"], row["group_id"]) for row in rows}
        taken = {key for key in keys if (key.channel_id, key.group_id) in free}
        self._held |= taken
        return taken

    def free(self, writes: Writes, keys: Sequence[Key]) -> None:
        """Give these up, once the transaction commits."""
        if keys:
            writes.add(FREE, *_columns(keys), self._holder)

    def forget(self, keys: Sequence[Key]) -> None:
        """These were given up, or may end by themselves."""
        self._held.difference_update(keys)

    async def keep_renewing(self, pool: Pool) -> None:
        """Hold on to what takes long."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            if not self._held:
                continue
            try:
                await pool.execute(RENEW, *_columns(list(self._held)), self._holder, HOLD)
            except DATABASE_AWAY as away:
                log.warning("claims were not renewed", error=repr(away)[:200])


def _columns(keys: Sequence[Key]) -> list[list[object]]:
    return columns([(key.channel_id, key.group_id) for key in keys])
