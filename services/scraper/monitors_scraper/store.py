"""Pages, snapshots, contents and host statistics in PostgreSQL."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg

from monitors_contracts.base import Id
from monitors_contracts.monitors import MonitorDeleted, MonitorRestored
from monitors_contracts.pages import ContentRef, HostStatistics, PageFetched, Snapshot
from monitors_runtime.database import Connection, Pool, columns

from .domain.pages import Known, Try

NEVER = datetime.max.replace(tzinfo=UTC)
"""When a restored monitor's pages are erased; PostgreSQL's infinity."""
NEVER_OUTDONE = 2**31 - 1
"""The version of a monitor that is gone for good."""

KNOWN = """
SELECT pages.* FROM scraper.pages
JOIN unnest($1::uuid[], $2::uuid[]) AS given (organization_id, monitor_id) USING (organization_id, monitor_id)
"""

SAME_CONTENT = """
SELECT id FROM scraper.snapshots
WHERE organization_id = $1 AND content_hash = $2 AND url = $3 AND monitor_id = $4 ORDER BY id LIMIT 1
"""

# A fetch that took long must not undo a later one's news, nor bring back a monitor that was erased meanwhile.
APPLY_PAGE = """
INSERT INTO scraper.pages
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::uuid[],
    $10::timestamptz[]
) AS given (organization_id, monitor_id)
WHERE NOT EXISTS (
    SELECT FROM scraper.forgotten
    WHERE forgotten.organization_id = given.organization_id AND forgotten.monitor_id = given.monitor_id
      AND forgotten.erase_at IS NULL
)
ORDER BY organization_id, monitor_id
ON CONFLICT (organization_id, monitor_id) DO UPDATE SET
    url = excluded.url, content_hash = excluded.content_hash, content_type = excluded.content_type,
    etag = excluded.etag, last_modified = excluded.last_modified, rendered_by = excluded.rendered_by,
    snapshot_id = excluded.snapshot_id, fetched_at = excluded.fetched_at
WHERE pages.fetched_at < excluded.fetched_at
"""

ADD_CONTENT = """
INSERT INTO scraper.contents (organization_id, content_hash, packed, reference)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::jsonb[])
ON CONFLICT DO NOTHING
"""

ADD_SNAPSHOT = """
INSERT INTO scraper.snapshots
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::text[], $8::text[], $9::jsonb[],
    $10::text[], $11::jsonb[], $12::timestamptz[]
) AS given (id, organization_id, monitor_id)
WHERE NOT EXISTS (
    SELECT FROM scraper.forgotten
    WHERE forgotten.organization_id = given.organization_id AND forgotten.monitor_id = given.monitor_id
      AND forgotten.erase_at IS NULL
)
ON CONFLICT (id) DO NOTHING
"""

SNAPSHOT = """
SELECT snapshots.*, contents.packed, contents.reference, (
    SELECT earlier.id FROM scraper.snapshots AS earlier
    WHERE earlier.organization_id = $1 AND earlier.monitor_id = snapshots.monitor_id AND earlier.id < $2
    ORDER BY earlier.id DESC LIMIT 1
) AS previous_id
FROM scraper.snapshots LEFT JOIN scraper.contents USING (organization_id, content_hash)
WHERE snapshots.organization_id = $1 AND snapshots.id = $2 AND NOT EXISTS (
    SELECT FROM scraper.forgotten
    WHERE forgotten.organization_id = snapshots.organization_id AND forgotten.monitor_id = snapshots.monitor_id
      AND forgotten.erase_at IS DISTINCT FROM 'infinity'
)
"""

# Rows in one order, so that copies that count the same hosts do not wait for each other in a circle.
COUNT_FETCHES = """
INSERT INTO scraper.host_hours (host, hour, outcome, fetches, duration_ms)
SELECT host, date_trunc('hour', now()), outcome, count(*), sum(duration_ms)
FROM unnest($1::text[], $2::text[], $3::float8[]) AS given (host, outcome, duration_ms)
GROUP BY host, outcome ORDER BY host, outcome
ON CONFLICT (host, hour, outcome) DO UPDATE SET
    fetches = host_hours.fetches + excluded.fetches, duration_ms = host_hours.duration_ms + excluded.duration_ms
"""

HOSTS = """
WITH outcomes AS (
    SELECT host, outcome, sum(fetches)::bigint AS fetches, sum(duration_ms) AS duration_ms
    FROM scraper.host_hours WHERE hour > now() - interval '24 hours' AND host <> '' GROUP BY host, outcome
)
SELECT host, sum(fetches)::bigint AS fetches,
       coalesce(sum(fetches) FILTER (WHERE outcome = 'ok'), 0)::bigint AS succeeded,
       coalesce(jsonb_object_agg(outcome, fetches) FILTER (WHERE outcome <> 'ok'), '{}') AS failures,
       sum(duration_ms) / sum(fetches) AS mean_duration_ms
FROM outcomes GROUP BY host
ORDER BY coalesce(sum(fetches) FILTER (WHERE outcome = 'ok'), 0) / sum(fetches), host LIMIT $1
"""

EXPIRE_SNAPSHOTS = """
DELETE FROM scraper.snapshots WHERE fetched_at < now() - $1::interval
  AND NOT EXISTS (SELECT FROM scraper.pages WHERE snapshot_id = snapshots.id)
"""

EXPIRE_CONTENTS = """
DELETE FROM scraper.contents WHERE NOT EXISTS (
    SELECT FROM scraper.snapshots
    WHERE snapshots.organization_id = contents.organization_id AND snapshots.content_hash = contents.content_hash
)
"""

EXPIRE_HOSTS = "DELETE FROM scraper.host_hours WHERE hour < now() - interval '30 days'"

# What a fetch left that ended in the same moment as its monitor.
EXPIRE_FORGOTTEN_PAGES = """
DELETE FROM scraper.pages USING scraper.forgotten
WHERE pages.organization_id = forgotten.organization_id AND pages.monitor_id = forgotten.monitor_id
  AND forgotten.erase_at IS NULL
"""
EXPIRE_FORGOTTEN_SNAPSHOTS = """
DELETE FROM scraper.snapshots USING scraper.forgotten
WHERE snapshots.organization_id = forgotten.organization_id AND snapshots.monitor_id = forgotten.monitor_id
  AND forgotten.erase_at IS NULL
"""

# A deletion or restoration that came late says nothing new.
FORGET = """
INSERT INTO scraper.forgotten (organization_id, monitor_id, version, erase_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (organization_id, monitor_id) DO UPDATE SET version = excluded.version, erase_at = excluded.erase_at
WHERE forgotten.version < excluded.version
"""

ERASE_DUE = """
WITH due AS (
    UPDATE scraper.forgotten SET erase_at = NULL, version = 2147483647 WHERE erase_at <= $1
    RETURNING organization_id, monitor_id
), pages_gone AS (
    DELETE FROM scraper.pages USING due
    WHERE pages.organization_id = due.organization_id AND pages.monitor_id = due.monitor_id
)
DELETE FROM scraper.snapshots USING due
WHERE snapshots.organization_id = due.organization_id AND snapshots.monitor_id = due.monitor_id
"""

FORGET_PAGE = "DELETE FROM scraper.pages WHERE organization_id = $1 AND monitor_id = $2"

FORGET_SNAPSHOTS = "DELETE FROM scraper.snapshots WHERE organization_id = $1 AND monitor_id = $2"

OBJECTS = """
SELECT reference ->> 'name' AS name FROM scraper.contents WHERE organization_id = $1 AND reference IS NOT NULL
UNION SELECT screenshot ->> 'name' FROM scraper.snapshots WHERE organization_id = $1 AND screenshot IS NOT NULL
"""

ERASE = (
    "DELETE FROM scraper.pages WHERE organization_id = $1",
    "DELETE FROM scraper.snapshots WHERE organization_id = $1",
    "DELETE FROM scraper.contents WHERE organization_id = $1",
    "DELETE FROM scraper.forgotten WHERE organization_id = $1",
    "DELETE FROM scraper.targets WHERE organization_id = $1",
)
"""All that is kept of an organization."""


async def known(db: Pool, monitors: Sequence[tuple[Id, Id]]) -> dict[tuple[Id, Id], tuple[Known, Id]]:
    """What these monitors' sources (organization id, monitor id) last answered, and the snapshots that keep it."""
    rows = await db.fetch(KNOWN, [organization for organization, _ in monitors], [monitor for _, monitor in monitors])
    return {(row["organization_id"], row["monitor_id"]): (_known(row), row["snapshot_id"]) for row in rows}


async def same_content(db: Pool, organization_id: Id, monitor_id: Id, content_hash: str, url: str) -> Id | None:
    """The monitor's snapshot that keeps this content of this URL already. Each has its own, to be deleted with it."""
    return await db.fetchval(SAME_CONTENT, organization_id, content_hash, url, monitor_id)


async def apply(db: Connection, event: PageFetched) -> None:
    """Make the state what the event says; what is known already changes nothing."""
    await apply_all(db, [event])


async def apply_all(db: Connection, events: Sequence[PageFetched]) -> None:
    """Make the state what many events say, in their order."""
    latest = {(event.organization_id, event.monitor_id): event for event in sorted(events, key=_when)}
    pages = [
        (
            event.organization_id,
            event.monitor_id,
            event.url,
            event.content_hash,
            event.content_type,
            event.headers.get("etag"),
            event.headers.get("last-modified"),
            event.rendered_by,
            event.snapshot_id,
            event.fetched_at,
        )
        for event in latest.values()
    ]
    await db.execute(APPLY_PAGE, *columns(pages))
    carried = [event for event in events if event.content is not None or event.content_ref is not None]
    if not carried:
        return
    contents = [
        (
            event.organization_id,
            event.content_hash,
            base64.b64decode(event.content) if event.content else None,
            event.content_ref,
        )
        for event in carried
    ]
    await db.execute(ADD_CONTENT, *columns(contents))
    snapshots = [
        (
            event.snapshot_id,
            event.organization_id,
            event.monitor_id,
            event.url,
            event.final_url,
            event.status,
            event.content_type,
            event.content_hash,
            event.headers,
            event.rendered_by,
            event.screenshot_ref,
            event.fetched_at,
        )
        for event in carried
    ]
    await db.execute(ADD_SNAPSHOT, *columns(snapshots))


def _when(event: PageFetched) -> datetime:
    return event.fetched_at


async def snapshot(db: Pool, organization_id: Id, snapshot_id: Id) -> Snapshot | None:
    """A kept page of this organization."""
    row = await db.fetchrow(SNAPSHOT, organization_id, snapshot_id)
    return _snapshot(row) if row else None


async def count_fetches(db: Connection, tries: Sequence[Try]) -> None:
    """Add to the statistics of the hosts that were asked."""
    outcomes = [each.failure.value if each.failure else "ok" for each in tries]
    await db.execute(COUNT_FETCHES, [each.host for each in tries], outcomes, [each.duration_ms for each in tries])


async def hosts(db: Pool, limit: int) -> list[HostStatistics]:
    """Hosts of the last 24 hours, the least reliable first."""
    return [
        HostStatistics.model_validate({**dict(row), "success_rate": row["succeeded"] / row["fetches"]})
        for row in await db.fetch(HOSTS, limit)
    ]


async def expire(db: Pool, age: timedelta) -> None:
    """Forget what is older, but for each monitor's current page."""
    await db.execute(EXPIRE_FORGOTTEN_PAGES)
    await db.execute(EXPIRE_FORGOTTEN_SNAPSHOTS)
    await db.execute(EXPIRE_SNAPSHOTS, age)
    await db.execute(EXPIRE_CONTENTS)
    await db.execute(EXPIRE_HOSTS)


async def forget(db: Connection, event: MonitorDeleted | MonitorRestored) -> None:
    """A deleted monitor's pages wait for their erasure, which a restoration takes back; without a wait they go at once."""
    monitor = (event.organization_id, event.monitor_id)
    if isinstance(event, MonitorRestored):
        await db.execute(FORGET, *monitor, event.monitor.version, NEVER)
    elif event.monitor_version is not None and event.restorable_until is not None:
        await db.execute(FORGET, *monitor, event.monitor_version, event.restorable_until)
    else:
        await db.execute(FORGET, *monitor, NEVER_OUTDONE, None)
        await db.execute(FORGET_PAGE, *monitor)
        await db.execute(FORGET_SNAPSHOTS, *monitor)


async def objects(db: Connection, organization_id: Id) -> list[str]:
    """The names under which the object store keeps what is of this organization."""
    return [row["name"] for row in await db.fetch(OBJECTS, organization_id)]


def _known(row: asyncpg.Record) -> Known:
    return Known(
        url=row["url"],
        content_hash=row["content_hash"],
        content_type=row["content_type"],
        etag=row["etag"],
        last_modified=row["last_modified"],
        rendered_by=row["rendered_by"],
    )


def _snapshot(row: asyncpg.Record) -> Snapshot:
    return Snapshot(
        id=row["id"],
        monitor_id=row["monitor_id"],
        previous_id=row["previous_id"],
        url=row["url"],
        final_url=row["final_url"],
        status=row["status"],
        content_type=row["content_type"],
        content_hash=row["content_hash"],
        headers=row["headers"],
        rendered_by=row["rendered_by"],
        fetched_at=row["fetched_at"],
        content=base64.b64encode(row["packed"]).decode() if row["packed"] is not None else None,
        content_ref=ContentRef.model_validate(row["reference"]) if row["reference"] else None,
        screenshot_ref=ContentRef.model_validate(row["screenshot"]) if row["screenshot"] else None,
    )
