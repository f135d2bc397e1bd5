"""The partitions of the tables of samples: made before they are needed, dropped when they are past."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from monitors_runtime.database import Connection

from ..domain.batches import moment

SPANS = {"head": "hour", "chunks": "day", "minutes": "month", "hours": "month"}
"""How much time a partition of each table holds."""

MAKE = "SELECT metrics.make_partitions($1, $2, $3)"
# Names end in the first hour: `head_2026112114`.
ALL = """
SELECT child.relname AS name, to_timestamp(right(child.relname, 10), 'YYYYMMDDHH24')::timestamp AT TIME ZONE 'UTC' AS begins
FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
WHERE inhparent = ('metrics.' || $1)::regclass ORDER BY child.relname
"""


async def make(db: Connection, table: str, times: Iterable[int]) -> None:
    """Have the partitions of these times (milliseconds)."""
    await db.execute(MAKE, table, SPANS[table], [moment(int(time)) for time in times])


async def existing(db: Connection, table: str) -> list[tuple[str, datetime]]:
    """The table's partitions and when each begins, oldest first."""
    return [(row["name"], row["begins"]) for row in await db.fetch(ALL, table)]


def end(table: str, begins: datetime) -> datetime:
    """When the partition that begins then ends."""
    if SPANS[table] == "month":
        return (begins + timedelta(days=32)).replace(day=1)
    return begins + (timedelta(hours=1) if SPANS[table] == "hour" else timedelta(days=1))


async def drop(db: Connection, name: str) -> None:
    """Drop a partition with all it holds, unless somebody is busy with it for long; then it is tried again later."""
    await db.execute("SET LOCAL lock_timeout = '2s'")
    await db.execute(f"DROP TABLE metrics.{name}")
