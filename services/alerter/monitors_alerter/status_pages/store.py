"""Status pages in PostgreSQL. `apply` is the one way in, live and in replays."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from monitors_contracts.alert_labels import labels_from
from monitors_contracts.base import Id
from monitors_contracts.maintenance import MaintenanceWindow
from monitors_contracts.status_pages import (
    ComponentChange,
    ComponentStatusChanged,
    StatusPage,
    StatusPageChanged,
    StatusPageDeleted,
    StatusUpdate,
    StatusUpdatePosted,
    StatusUpdateRemoved,
)
from monitors_runtime.database import Connection, Pool

from ..domain.status_pages import Firing

Changed: TypeAlias = (
    StatusPageChanged | ComponentStatusChanged | StatusPageDeleted | StatusUpdatePosted | StatusUpdateRemoved
)
MOST_CHANGES = 20_000
MOST_UPDATES = 200

APPLY_PAGE = """
INSERT INTO alerter.status_pages (id, organization_id, slug, is_public, has_windows, version, document)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO UPDATE SET
    slug = excluded.slug, is_public = excluded.is_public, has_windows = excluded.has_windows,
    version = excluded.version, document = excluded.document
WHERE status_pages.version < excluded.version AND status_pages.document IS NOT NULL
"""
DELETE_PAGE = """
INSERT INTO alerter.status_pages (id, organization_id, slug, is_public, has_windows, version)
VALUES ($1, $2, '', false, false, 0)
ON CONFLICT (id) DO UPDATE SET slug = '', is_public = false, has_windows = false, version = 0, document = NULL
"""
DELETE_PARTS = (
    "DELETE FROM alerter.component_changes WHERE organization_id = $1 AND page_id = $2",
    "DELETE FROM alerter.status_updates WHERE organization_id = $1 AND page_id = $2",
)
_UNLESS_GONE = "WHERE NOT EXISTS (SELECT FROM alerter.status_pages WHERE id = $1 AND document IS NULL)"
ADD_CHANGE = f"""
INSERT INTO alerter.component_changes (page_id, organization_id, version, at, document)
SELECT $1, $2, $3, $4, $5 {_UNLESS_GONE}
ON CONFLICT (page_id, version) DO NOTHING
"""
ADD_UPDATE = f"""
INSERT INTO alerter.status_updates (page_id, organization_id, id, thread_id, posted_at, document)
SELECT $1, $2, $3, $4, $5, $6 {_UNLESS_GONE}
ON CONFLICT (id) DO NOTHING
"""
REMOVE_UPDATE = f"""
INSERT INTO alerter.status_updates (page_id, organization_id, id)
SELECT $1, $2, $3 {_UNLESS_GONE}
ON CONFLICT (id) DO UPDATE SET thread_id = NULL, posted_at = NULL, document = NULL
"""

GET = "SELECT document::text FROM alerter.status_pages WHERE organization_id = $1 AND id = $2 {held}"
BY_SLUG = "SELECT document::text FROM alerter.status_pages WHERE slug = $1 AND is_public AND document IS NOT NULL"
ALL = """
SELECT document::text FROM alerter.status_pages WHERE organization_id = $1 AND document IS NOT NULL
ORDER BY document->'spec'->>'name', id
"""
HOLD_ALL = """
SELECT document::text FROM alerter.status_pages WHERE organization_id = ANY($1) AND document IS NOT NULL
ORDER BY id FOR UPDATE
"""
WITH_WINDOWS = (
    "SELECT organization_id, id FROM alerter.status_pages WHERE has_windows AND document IS NOT NULL ORDER BY id"
)
CHANGES = """
SELECT document::text FROM (
    SELECT at, version, document FROM alerter.component_changes
    WHERE organization_id = $1 AND page_id = $2 AND at >= $3 ORDER BY at DESC, version DESC LIMIT $4
) AS newest ORDER BY at, version
"""
UPDATES = """
SELECT document::text FROM alerter.status_updates
WHERE organization_id = $1 AND page_id = $2 AND id < coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  AND document IS NOT NULL
ORDER BY id DESC LIMIT $4
"""
UPDATE = "SELECT document::text FROM alerter.status_updates WHERE organization_id = $1 AND page_id = $2 AND id = $3"
OF_THREAD = """
SELECT page_id, document::text FROM alerter.status_updates
WHERE organization_id = $1 AND thread_id = $2 AND document IS NOT NULL ORDER BY id
"""

# Alerts of what happens once, and has no end, say nothing of how a component does.
_FIRING = """
SELECT document->>'name' AS name, coalesce(document->>'origin', '') AS origin, coalesce(document->>'group', '') AS group,
    severity, document->'labels' AS labels
FROM alerter.alerts WHERE organization_id = $1
"""
FIRING = f"{_FIRING} AND state <> 'resolved' AND coalesce(document->>'kind', 'state') = 'state'"
THESE_ALERTS = f"{_FIRING} AND id = ANY($2::uuid[])"
WINDOWS = """
SELECT document::text FROM alerter.maintenance_windows
WHERE organization_id = $1 AND id = ANY($2::uuid[]) AND document IS NOT NULL
"""

EXPIRE = (
    "DELETE FROM alerter.status_updates WHERE id < $1",
    "DELETE FROM alerter.status_pages WHERE id < $1 AND document IS NULL",
)
# Each change says what was before it, so that nothing older is needed than is shown.
EXPIRE_DUE = "DELETE FROM alerter.component_changes WHERE at < $1::timestamptz - interval '100 days'"
_TABLES = ("status_pages", "component_changes", "status_updates")
TABLES = [f"alerter.{table}" for table in _TABLES]
_ERASE = "DELETE FROM alerter.{table} WHERE organization_id = $1"
ERASE = tuple(_ERASE.format(table=table) for table in _TABLES)
"""All that is kept of an organization."""


async def apply(db: Connection, event: Changed) -> None:
    """Make the state what the event says; what is known already changes nothing."""
    ids = (event.page_id, event.organization_id)
    match event:
        case StatusPageChanged(page=page):
            await _apply_page(db, page)
        case ComponentStatusChanged(page=page, change=change):
            await _apply_page(db, page)
            await db.execute(ADD_CHANGE, *ids, page.version, change.at, change)
        case StatusPageDeleted():
            await db.execute(DELETE_PAGE, *ids)
            for statement in DELETE_PARTS:
                await db.execute(statement, event.organization_id, event.page_id)
        case StatusUpdatePosted(update=update):
            await db.execute(ADD_UPDATE, *ids, update.id, update.thread_id, update.posted_at, update)
        case StatusUpdateRemoved():
            await db.execute(REMOVE_UPDATE, *ids, event.update_id)


async def _apply_page(db: Connection, page: StatusPage) -> None:
    spec = page.spec
    is_public, has_windows = spec.visibility == "public", any(each.windows for each in spec.components)
    row = (page.id, page.organization_id, spec.slug, is_public, has_windows, page.version, page)
    await db.execute(APPLY_PAGE, *row)


async def page(db: Connection | Pool, organization_id: Id, page_id: Id) -> StatusPage | None:
    """One page."""
    return _page(await db.fetchval(GET.format(held=""), organization_id, page_id))


async def hold(db: Connection, organization_id: Id, page_id: Id) -> StatusPage | None:
    """One page, held until the transaction ends."""
    return _page(await db.fetchval(GET.format(held="FOR UPDATE"), organization_id, page_id))


async def by_slug(db: Connection | Pool, slug: str) -> StatusPage | None:
    """The public page of this name, whosoever it is."""
    return _page(await db.fetchval(BY_SLUG, slug))


def _page(document: str | None) -> StatusPage | None:
    return StatusPage.model_validate_json(document) if document else None


async def pages(db: Connection | Pool, organization_id: Id) -> list[StatusPage]:
    """All pages, by name."""
    return [StatusPage.model_validate_json(row[0]) for row in await db.fetch(ALL, organization_id)]


async def hold_all(db: Connection, organization_ids: Sequence[Id]) -> list[StatusPage]:
    """All pages of these organizations, held until the transaction ends."""
    return [StatusPage.model_validate_json(row[0]) for row in await db.fetch(HOLD_ALL, organization_ids)]


async def with_windows(db: Pool) -> list[tuple[Id, Id]]:
    """Pages with maintenance on them: organization, page."""
    return [(row["organization_id"], row["id"]) for row in await db.fetch(WITH_WINDOWS)]


async def changes(
    db: Connection | Pool, organization_id: Id, page_id: Id, since: datetime
) -> dict[str, list[ComponentChange]]:
    """How a page's components did since then, oldest first, by their keys."""
    found: dict[str, list[ComponentChange]] = {}
    for row in await db.fetch(CHANGES, organization_id, page_id, since, MOST_CHANGES):
        change = ComponentChange.model_validate_json(row[0])
        found.setdefault(change.key, []).append(change)
    return found


async def updates(
    db: Connection | Pool, organization_id: Id, page_id: Id, *, before: Id | None = None, limit: int = MOST_UPDATES
) -> list[StatusUpdate]:
    """What was said on a page, newest first."""
    rows = await db.fetch(UPDATES, organization_id, page_id, before, limit)
    return [StatusUpdate.model_validate_json(row[0]) for row in rows]


async def update(db: Connection | Pool, organization_id: Id, page_id: Id, update_id: Id) -> StatusUpdate | None:
    """One update."""
    document = await db.fetchval(UPDATE, organization_id, page_id, update_id)
    return StatusUpdate.model_validate_json(document) if document else None


async def thread(db: Connection | Pool, organization_id: Id, thread_id: Id) -> dict[Id, list[StatusUpdate]]:
    """What was said of one thing, oldest first, by page."""
    found: dict[Id, list[StatusUpdate]] = {}
    for row in await db.fetch(OF_THREAD, organization_id, thread_id):
        found.setdefault(row["page_id"], []).append(StatusUpdate.model_validate_json(row["document"]))
    return found


async def firing(db: Connection | Pool, organization_id: Id) -> list[Firing]:
    """All alerts that are not over."""
    return [_firing(row) for row in await db.fetch(FIRING, organization_id)]


async def these_alerts(db: Connection, organization_id: Id, alert_ids: Sequence[Id]) -> list[Firing]:
    """These alerts, over or not."""
    return [_firing(row) for row in await db.fetch(THESE_ALERTS, organization_id, alert_ids)]


def _firing(row: Any) -> Firing:
    labels = labels_from(row["name"], row["origin"], row["group"], row["severity"], row["labels"] or {})
    return Firing(row["severity"], labels)


async def windows(db: Connection | Pool, organization_id: Id, ids: Sequence[Id]) -> list[MaintenanceWindow]:
    """Those of these maintenance windows that exist."""
    if not ids:
        return []
    rows = await db.fetch(WINDOWS, organization_id, ids)
    return [MaintenanceWindow.model_validate_json(row[0]) for row in rows]
