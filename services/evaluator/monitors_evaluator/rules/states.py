"""How the rules of organizations stand, in PostgreSQL: read when a shard is taken, written with its position."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from monitors_contracts.base import Id
from monitors_runtime.database import Connection, Pool, columns

from ..domain.rules.judging import Judge
from ..domain.rules.keeping import keep, restore
from .leases import shard_of

OF_SHARDS = "SELECT organization_id, names, numbers FROM evaluator.rule_states WHERE shard = ANY($1::int[])"

PUT = """
INSERT INTO evaluator.rule_states (organization_id, shard, names, numbers, written_at)
SELECT given.*, now() FROM unnest($1::uuid[], $2::int[], $3::bytea[], $4::bytea[]) AS given
ON CONFLICT (organization_id) DO UPDATE SET
    names = excluded.names, numbers = excluded.numbers, written_at = excluded.written_at
"""

PUT_NUMBERS = """
UPDATE evaluator.rule_states SET numbers = given.numbers, written_at = now()
FROM unnest($1::uuid[], $2::bytea[]) AS given (organization_id, numbers)
WHERE rule_states.organization_id = given.organization_id
"""


@dataclass(slots=True)
class Judged:
    """An organization's judge, and what of it the database does not have yet."""

    organization_id: Id
    judge: Judge
    names_kept: object = None
    changed: bool = False


async def read(db: Pool, shards: Sequence[int], most_cells: int) -> dict[Id, Judged]:
    """The judges of all organizations in these shards, as they were written last."""
    found: dict[Id, Judged] = {}
    for row in await db.fetch(OF_SHARDS, list(shards)):
        judge = await asyncio.to_thread(restore, row["names"], row["numbers"], most_cells)
        found[row["organization_id"]] = Judged(row["organization_id"], judge, judge.names_version)
    return found


async def write(db: Connection, judged: Sequence[Judged]) -> list[tuple[Judged, object]]:
    """Write what changed, in this transaction; what `kept` is to be told once it has committed."""
    whole: list[tuple[Id, int, bytes, bytes]] = []
    numbers: list[tuple[Id, bytes]] = []
    for each in judged:
        kept = keep(each.judge, with_names=each.names_kept != each.judge.names_version)
        if kept.names is None:
            numbers.append((each.organization_id, kept.numbers))
        else:
            shard = shard_of(each.organization_id)
            whole.append((each.organization_id, shard, kept.names, kept.numbers))
    if whole:
        await db.execute(PUT, *columns(whole))
    if numbers:
        await db.execute(PUT_NUMBERS, *columns(numbers))
    return [(each, each.judge.names_version) for each in judged]


def kept(written: Sequence[tuple[Judged, object]]) -> None:
    """What `write` wrote has committed."""
    for each, version in written:
        each.names_kept, each.changed = version, False
