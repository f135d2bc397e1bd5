"""Who judges which shard: leases in the database, shared fairly among the evaluators that are there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitors_contracts.base import Id
from monitors_runtime.database import Connection, Pool, columns

SHARDS = 16
LEASE_SECONDS = 5.0
RENEW_SECONDS = 1.0

HERE = "INSERT INTO evaluator.rule_judges VALUES ($1, now()) ON CONFLICT (id) DO UPDATE SET seen_at = now()"
LEAVE = "DELETE FROM evaluator.rule_judges WHERE id = $1 OR seen_at < now() - interval '1 hour'"
PRESENT = "SELECT count(*) FROM evaluator.rule_judges WHERE seen_at > now() - $1 * interval '1 second'"

RENEW = """
UPDATE evaluator.rule_shards SET expires_at = now() + $4 * interval '1 second'
FROM unnest($2::int[], $3::bigint[]) AS held (shard, epoch)
WHERE rule_shards.shard = held.shard AND rule_shards.epoch = held.epoch AND owner = $1 RETURNING rule_shards.shard
"""

TAKE = """
UPDATE evaluator.rule_shards SET owner = $1, epoch = epoch + 1, expires_at = now() + $3 * interval '1 second'
WHERE shard IN (
    SELECT shard FROM evaluator.rule_shards WHERE expires_at < now() ORDER BY shard LIMIT $2 FOR UPDATE SKIP LOCKED
)
RETURNING shard, epoch, position
"""

RELEASE = """
UPDATE evaluator.rule_shards SET owner = NULL, expires_at = '-infinity'
FROM unnest($2::int[], $3::bigint[]) AS held (shard, epoch)
WHERE rule_shards.shard = held.shard AND rule_shards.epoch = held.epoch AND owner = $1
"""

RELEASE_ALL = "UPDATE evaluator.rule_shards SET owner = NULL, expires_at = '-infinity' WHERE owner = $1"

# Only the owner of this epoch, and only from where it believes the shard to be.
ADVANCE = """
UPDATE evaluator.rule_shards SET position = held.judged
FROM unnest($2::int[], $3::bigint[], $4::bigint[], $5::bigint[]) AS held (shard, epoch, position, judged)
WHERE rule_shards.shard = held.shard AND owner = $1
  AND rule_shards.epoch = held.epoch AND rule_shards.position = held.position
RETURNING rule_shards.shard
"""


class Fenced(Exception):
    """Somebody else owns what we thought was ours: nothing of it may be written, and all is to be read anew."""


@dataclass(slots=True)
class Shard:
    """A shard that is ours: the epoch it is ours in, and the last message judged, in the database and here."""

    number: int
    epoch: int
    committed: int
    judged: int


def shard_of(organization_id: Id) -> int:
    """The shard an organization is judged in."""
    return organization_id.int % SHARDS


class Leases:
    """The shards of one evaluator."""

    def __init__(self, pool: Pool, owner: Id, seconds: float = LEASE_SECONDS) -> None:
        self._pool = pool
        self._owner = owner
        self._seconds = seconds
        self.held: dict[int, Shard] = {}

    async def keep(self) -> None:
        """Keep what is ours. Raises Fenced."""
        await self._pool.execute(HERE, self._owner)
        if not self.held:
            return
        rows = await self._pool.fetch(RENEW, self._owner, *self._columns(list(self.held.values())), self._seconds)
        if {row["shard"] for row in rows} != self.held.keys():
            raise Fenced("a lease ran out")

    async def renew(self) -> list[Shard]:
        """Keep what is ours, let go of more than a fair share, take what is free; what was taken. Raises Fenced."""
        await self.keep()
        judges = max(1, await self._pool.fetchval(PRESENT, self._seconds))
        fair = math.ceil(SHARDS / judges)
        if len(self.held) > fair:
            await self.release(list(self.held.values())[fair:])
        if len(self.held) >= fair:
            return []
        rows = await self._pool.fetch(TAKE, self._owner, fair - len(self.held), self._seconds)
        taken = [Shard(row["shard"], row["epoch"], row["position"], row["position"]) for row in rows]
        self.held |= {shard.number: shard for shard in taken}
        return taken

    async def release(self, shards: Sequence[Shard]) -> None:
        """Somebody else may have these at once."""
        if shards:
            await self._pool.execute(RELEASE, self._owner, *self._columns(shards))
        for shard in shards:
            self.held.pop(shard.number, None)

    async def release_all(self) -> None:
        """Let go of everything that is ours, whether we know of it or not."""
        self.held.clear()
        await self._pool.execute(RELEASE_ALL, self._owner)

    async def leave(self) -> None:
        """Let go of everything, and be counted no more."""
        await self.release_all()
        await self._pool.execute(LEAVE, self._owner)

    async def advance(self, db: Connection) -> None:
        """Write down, in this transaction, how far all our shards are judged. Raises Fenced."""
        rows = [(shard.number, shard.epoch, shard.committed, shard.judged) for shard in self.held.values()]
        if not rows:
            return
        done = await db.fetch(ADVANCE, self._owner, *columns(rows))
        if len(done) != len(rows):
            raise Fenced("another evaluator judges what was ours")

    def advanced(self) -> None:
        """What `advance` wrote has committed."""
        for shard in self.held.values():
            shard.committed = shard.judged

    @staticmethod
    def _columns(shards: Sequence[Shard]) -> tuple[list[int], list[int]]:
        return [shard.number for shard in shards], [shard.epoch for shard in shards]
