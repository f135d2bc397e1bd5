"""Erasing an organization: its rows go, and nothing that comes later brings one back.

A service declares by `Service.erase` what it keeps. From then on its consumers drop events of that organization, its
transactions refuse to commit events of it, and replays pass it over.
"""

from collections.abc import Collection

from monitors_contracts.base import Id

from .database import Connection
from .errors import ProblemError, problem

AMONG = "SELECT * FROM runtime.erased_among($1, $2)"
ANYWHERE = "SELECT DISTINCT organization_id FROM runtime.erased"
ERASE = "SELECT runtime.erase($1, $2)"
DELETE_SECONDS = 600


async def erased_among(db: Connection, service: str, organizations: Collection[Id]) -> set[Id]:
    """Which of these are gone; the others stay until the transaction ends."""
    rows = await db.fetch(AMONG, service, list(organizations))
    return {row[0] for row in rows}


async def refuse_erased(db: Connection, service: str, organizations: Collection[Id]) -> None:
    """Let nothing be written for an organization that is gone. Problem: `organization-deleted`."""
    if organizations and await erased_among(db, service, organizations):
        raise erased()


def erased() -> ProblemError:
    """What is said to who writes for an organization that is gone."""
    return problem("organization-deleted", "The account was deleted", 410, "Nothing can be added to it any more.")


async def erased_anywhere(db: Connection) -> set[Id]:
    """Organizations that some service has erased."""
    return {row[0] for row in await db.fetch(ANYWHERE)}


async def erase(db: Connection, service: str, organization: Id, statements: Collection[str]) -> None:
    """Mark the organization as gone, then delete what these statements find of it ($1)."""
    await db.execute(ERASE, service, organization)
    for statement in statements:
        await db.execute(statement, organization, timeout=DELETE_SECONDS)
