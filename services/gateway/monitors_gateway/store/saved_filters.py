"""How people like to look at alerts: filters by a name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitors_contracts.base import Id
from monitors_runtime.database import Pool

# One more than may be is never written: the row's place is looked for in the same statement.
SAVE = """
INSERT INTO gateway.saved_filters (id, organization_id, user_id, name, query, saved_at)
SELECT $1, $2, $3, $4, $5, $6
WHERE (SELECT count(*) FROM gateway.saved_filters WHERE organization_id = $2 AND user_id = $3 AND name <> $4) < $7
ON CONFLICT (organization_id, user_id, name) DO UPDATE SET query = excluded.query, saved_at = excluded.saved_at
RETURNING id
"""
LIST = """
SELECT id, name, query, saved_at FROM gateway.saved_filters
WHERE organization_id = $1 AND user_id = $2 ORDER BY lower(name), name
"""
DELETE = """
DELETE FROM gateway.saved_filters WHERE organization_id = $1 AND user_id = $2 AND id = $3 RETURNING name
"""


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """Filters by a name."""

    id: Id
    name: str
    query: dict[str, str]
    saved_at: datetime


async def save(
    pool: Pool, whose: tuple[Id, Id], new_id: Id, name: str, query: Mapping[str, str], now: datetime, most: int
) -> Id | None:
    """Keep filters of this person (organization, user) by a name, in place of those that had it; None beyond `most`."""
    return await pool.fetchval(SAVE, new_id, *whose, name, dict(query), now, most)


async def find(pool: Pool, whose: tuple[Id, Id]) -> list[SavedFilter]:
    """All of this person, by name."""
    return [SavedFilter(**dict(row)) for row in await pool.fetch(LIST, *whose)]


async def delete(pool: Pool, whose: tuple[Id, Id], filter_id: Id) -> str | None:
    """Forget one; its name, or None when there is none."""
    return await pool.fetchval(DELETE, *whose, filter_id)
