"""Rules in PostgreSQL. `apply` is the one way in: live changes and replays write rules by it alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from monitors_contracts.base import Id
from monitors_contracts.rules import ListRules, RuleCreated, RuleDeleted, RuleEvent, RuleUpdated, RuleView
from monitors_runtime.database import Connection, Pool
from monitors_runtime.narrowing import narrowed

# Changes commit in the order of their revisions: whoever has read up to one misses nothing before it.
IN_ORDER = "SELECT pg_advisory_xact_lock(hashtext('rule revisions'))"

APPLY = """
INSERT INTO evaluator.rules (id, organization_id, version, revision, document)
VALUES ($1, $2, $3, nextval('evaluator.rule_revisions'), $4)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, revision = excluded.revision, document = excluded.document
WHERE rules.organization_id = excluded.organization_id AND rules.version < excluded.version
"""

GET = "SELECT document::text, version FROM evaluator.rules WHERE organization_id = $1 AND id = $2"

THESE = """
SELECT document::text FROM evaluator.rules WHERE organization_id = $1 AND id = ANY($2::uuid[]) AND document IS NOT NULL
"""

MADE_OF = """
SELECT document->>'name' FROM evaluator.rules
WHERE organization_id = $1 AND document IS NOT NULL
    AND document->'spec'->>'kind' = 'composite' AND document->'spec'->'rules' ? $2
ORDER BY id
"""

COUNT = "SELECT count(*) FROM evaluator.rules WHERE organization_id = $1 AND document IS NOT NULL {filters}"

LIST = """
SELECT document::text FROM evaluator.rules
WHERE organization_id = $1 AND document IS NOT NULL AND id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
{filters} ORDER BY id DESC LIMIT $3
"""

CHANGED = """
SELECT id, organization_id, version, revision, document::text FROM evaluator.rules
WHERE revision > $1 ORDER BY revision LIMIT 20000
"""

NEWEST = "SELECT coalesce(max(revision), 0) FROM evaluator.rules"

OF_ORGANIZATIONS = """
SELECT id, organization_id, version, revision, document::text FROM evaluator.rules
WHERE organization_id = ANY($1::uuid[]) AND revision <= $2 AND document IS NOT NULL ORDER BY id
"""

WITH_RULES = """
SELECT DISTINCT organization_id FROM evaluator.rules WHERE document IS NOT NULL
UNION SELECT organization_id FROM evaluator.rule_states
"""

STATE = "SELECT names, numbers, written_at FROM evaluator.rule_states WHERE organization_id = $1"

ERASE = (
    "DELETE FROM evaluator.rules WHERE organization_id = $1",
    "DELETE FROM evaluator.rule_states WHERE organization_id = $1",
)
"""All that is kept of an organization's rules."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A rule that is new, another or gone (`rule` is None then), and the revision that made it so."""

    id: Id
    organization_id: Id
    version: int
    revision: int
    rule: RuleView | None


async def apply(db: Connection, event: RuleEvent) -> None:
    """Make the rule what the event says; what is known already changes nothing."""
    await db.execute(IN_ORDER)
    match event:
        case RuleCreated() | RuleUpdated():
            await db.execute(APPLY, event.rule_id, event.organization_id, event.rule.version, event.rule)
        case RuleDeleted():
            await db.execute(APPLY, event.rule_id, event.organization_id, event.rule_version, None)
        case _:
            raise TypeError(f"{type(event).__name__} says nothing about a rule")


async def get(db: Connection | Pool, organization_id: Id, rule_id: Id, *, for_update: bool = False) -> RuleView | None:
    """One rule of this organization."""
    row = await db.fetchrow(GET + (" FOR UPDATE" if for_update else ""), organization_id, rule_id)
    return RuleView.model_validate_json(row["document"]) if row and row["document"] else None


async def these(db: Connection | Pool, organization_id: Id, rule_ids: Sequence[Id]) -> list[RuleView]:
    """Those of these rules that exist."""
    rows = await db.fetch(THESE, organization_id, list(rule_ids))
    return [RuleView.model_validate_json(row["document"]) for row in rows]


async def made_of(db: Connection, organization_id: Id, rule_id: Id) -> list[str]:
    """The names of the composites that are made of this rule. What composites are made of changes by nobody meanwhile."""
    await db.execute(IN_ORDER)
    return [row[0] for row in await db.fetch(MADE_OF, organization_id, str(rule_id))]


async def parts(db: Connection, organization_id: Id, rule_ids: Sequence[Id]) -> list[RuleView]:
    """Those of these rules that exist; none of them goes before the transaction is over."""
    await db.execute(IN_ORDER)
    return await these(db, organization_id, rule_ids)


async def count(db: Connection | Pool, organization_id: Id) -> int:
    """How many rules an organization has."""
    return await db.fetchval(COUNT.format(filters=""), organization_id) or 0


async def find(db: Pool, asked: ListRules, before: Id | None) -> tuple[list[RuleView], int]:
    """Rules, newest first, and how many match."""
    words = (asked.text or "").replace("\0", "").strip().lower()
    filters: list[tuple[str, Any]] = [
        ("strpos(lower(document->>'name'), ${}) > 0", words),
        ("document->>'name' = ${}", asked.name),
        ("document->'spec'->>'group' = ${}", asked.group),
        ("document->'spec'->>'metric' = ${}", asked.metric),
        ("document->'spec'->>'kind' = ${}", asked.kind),
        ("document->'spec'->>'kind' = 'composite' AND document->'spec'->'rules' ? ${}", asked.part and str(asked.part)),
    ]
    query, arguments = narrowed(LIST, (asked.organization_id, before, asked.limit), filters)
    rows = await db.fetch(query, *arguments)
    query, arguments = narrowed(COUNT, (asked.organization_id,), filters)
    return [RuleView.model_validate_json(row["document"]) for row in rows], await db.fetchval(query, *arguments)


async def changed_since(db: Connection | Pool, revision: int) -> list[Changed]:
    """What changed after this revision, in order."""
    return [_changed(row) for row in await db.fetch(CHANGED, revision)]


async def of_organizations(db: Connection | Pool, organizations: Sequence[Id], revision: int) -> list[Changed]:
    """All rules of these organizations that did not change after this revision."""
    return [_changed(row) for row in await db.fetch(OF_ORGANIZATIONS, list(organizations), revision)]


def _changed(row: Any) -> Changed:
    rule = RuleView.model_validate_json(row["document"]) if row["document"] else None
    return Changed(row["id"], row["organization_id"], row["version"], row["revision"], rule)
