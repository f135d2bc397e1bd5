"""Incidents in PostgreSQL. `apply` is the one way in, live and in replays."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from monitors_contracts.alerts import AlertState
from monitors_contracts.base import Id, id_floor
from monitors_contracts.incidents import (
    DayFigures,
    Figures,
    Incident,
    IncidentAlert,
    IncidentEvent,
    IncidentFigures,
    IncidentHead,
    IncidentStatus,
    IncidentStep,
    ListIncidents,
    Spread,
)
from monitors_runtime.database import Connection, Pool
from monitors_runtime.narrowing import narrowed

from ..domain.correlating import NEWEST, Correlation, Known, Member

MOST_KNOWN = 50
"""Incidents that an alert is compared with: the newest that are open, and as many that were just resolved."""
MOST_LONERS = 100

# Copies of the service take turns over the incidents of an organization: an alert is in one incident at a time.
LOCK = """
SELECT pg_advisory_xact_lock(hashtext('incidents of organization'), hashtext(id))
FROM (SELECT unnest($1::text[]) AS id ORDER BY 1) AS organizations
"""

APPLY = """
INSERT INTO alerter.incidents (
    id, organization_id, number, status, severity, is_merged, opened_at, acknowledged_at, started_at, resolved_at,
    last_alert_at, quiet_since, alert_ids, version, document
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (id) DO UPDATE SET
    status = excluded.status, severity = excluded.severity, is_merged = excluded.is_merged,
    acknowledged_at = excluded.acknowledged_at, started_at = excluded.started_at, resolved_at = excluded.resolved_at,
    last_alert_at = excluded.last_alert_at, quiet_since = excluded.quiet_since, alert_ids = excluded.alert_ids,
    version = excluded.version, document = excluded.document
WHERE incidents.version < excluded.version
"""

ADD_STEP = """
INSERT INTO alerter.incident_steps (organization_id, incident_id, key, document) VALUES ($1, $2, $3, $4)
ON CONFLICT (organization_id, incident_id, key) DO NOTHING
"""

NUMBER = "SELECT coalesce(max(number), 0) + 1 FROM alerter.incidents WHERE organization_id = $1"

GET = "SELECT document::text FROM alerter.incidents WHERE organization_id = $1 AND id = ANY($2::uuid[]) ORDER BY id"
BY_NUMBER = "SELECT document::text FROM alerter.incidents WHERE organization_id = $1 AND number = $2"
OF_ALERTS = """
SELECT document::text FROM alerter.incidents WHERE organization_id = $1 AND alert_ids && $2::uuid[] ORDER BY id
"""

TAKEN = "SELECT unnest(alert_ids) FROM alerter.incidents WHERE organization_id = $1 AND alert_ids && $2::uuid[]"

MEMBERS = """
SELECT id, fingerprint, document->>'name' AS name, document->>'severity' AS severity, state, started_at, resolved_at,
    (document->>'pendingSince')::timestamptz AS pending_since,
    (document->>'acknowledgedAt')::timestamptz AS acknowledged_at, (document->>'acknowledgedBy')::uuid AS acknowledged_by,
    coalesce(document->>'kind', 'state') = 'change' AS is_change, document->'labels' AS labels
FROM alerter.alerts WHERE organization_id = $1
"""
THESE_MEMBERS = f"{MEMBERS} AND id = ANY($2::uuid[])"
RECENT_MEMBERS = f"{MEMBERS} AND id >= $2 ORDER BY id DESC LIMIT $3"

KNOWN = """
SELECT id, number, started_at, last_alert_at, resolved_at, cardinality(alert_ids) AS size,
    alert_ids[greatest(cardinality(alert_ids) - $4 + 1, 1):] AS newest
FROM (
    (
        SELECT * FROM alerter.incidents WHERE organization_id = $1 AND status = 'open' ORDER BY id DESC LIMIT $3
    ) UNION ALL (
        SELECT * FROM alerter.incidents WHERE organization_id = $1 AND status = 'acknowledged' ORDER BY id DESC LIMIT $3
    ) UNION ALL (
        SELECT * FROM alerter.incidents WHERE organization_id = $1 AND resolved_at >= $2 AND NOT is_merged
        ORDER BY resolved_at DESC LIMIT $3
    )
) AS near
WHERE last_alert_at IS NOT NULL AND cardinality(alert_ids) > 0
ORDER BY number
"""

QUIET = """
SELECT organization_id, id FROM alerter.incidents
WHERE status <> 'resolved' AND quiet_since IS NOT NULL AND quiet_since <= $1 ORDER BY quiet_since LIMIT 100
"""

LIST = """
SELECT document::text FROM alerter.incidents
WHERE organization_id = $1 AND status = ANY($4::text[])
  AND id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') {filters}
ORDER BY id DESC LIMIT $3
"""
COUNT = "SELECT status, count(*) FROM alerter.incidents WHERE organization_id = $1 {filters} GROUP BY status"
FOUND_IN = "strpos(lower(concat_ws(chr(10), document->>'title', document->>'impact', '#' || number)), ${}) > 0"

STEPS = """
SELECT document::text FROM alerter.incident_steps
WHERE organization_id = $1 AND incident_id = $2 ORDER BY key DESC LIMIT $3
"""
COUNT_STEPS = "SELECT count(*) FROM alerter.incident_steps WHERE organization_id = $1 AND incident_id = $2"

ALERTS = """
SELECT id, document->>'name' AS name, document->>'summary' AS summary, document->>'severity' AS severity, state,
    started_at, resolved_at
FROM alerter.alerts WHERE organization_id = $1 AND id = ANY($2::uuid[])
ORDER BY started_at DESC, id DESC LIMIT $3
"""
WORDS = """
SELECT joined->>'alertId' AS alert_id, joined->>'words' AS words
FROM alerter.incident_steps, jsonb_array_elements(document->'alerts') AS joined
WHERE organization_id = $1 AND incident_id = $2 AND joined->>'words' <> ''
ORDER BY key
"""

FIGURES = """
SELECT severity, count(*) AS incidents,
    count(detect) AS detect_count, count(acknowledge) AS acknowledge_count, count(resolve) AS resolve_count,
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY detect) AS detect,
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY acknowledge) AS acknowledge,
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY resolve) AS resolve
FROM (
    SELECT severity, extract(epoch FROM opened_at - started_at)::float8 AS detect,
        extract(epoch FROM acknowledged_at - opened_at)::float8 AS acknowledge,
        extract(epoch FROM resolved_at - started_at)::float8 AS resolve
    FROM alerter.incidents
    WHERE organization_id = $1 AND opened_at >= $2 AND opened_at < $3 AND NOT is_merged
) AS took
GROUP BY GROUPING SETS ((severity), ())
"""
DAYS = """
SELECT date_trunc('day', opened_at, 'UTC') AS day, severity, count(*) AS count FROM alerter.incidents
WHERE organization_id = $1 AND opened_at >= $2 AND opened_at < $3 AND NOT is_merged
GROUP BY 1, 2 ORDER BY 1
"""

# An incident that is not over stays, however old; its steps go after it.
EXPIRE = (
    "DELETE FROM alerter.incidents WHERE id < $1 AND status = 'resolved'",
    """
    DELETE FROM alerter.incident_steps
    WHERE incident_id < $1 AND NOT EXISTS (SELECT FROM alerter.incidents WHERE incidents.id = incident_steps.incident_id)
    """,
)
TABLES = ["alerter.incidents", "alerter.incident_steps"]
ERASE = (
    "DELETE FROM alerter.incident_steps WHERE organization_id = $1",
    "DELETE FROM alerter.incidents WHERE organization_id = $1",
)
"""All that is kept of an organization."""


async def lock(db: Connection, organization_ids: Sequence[Id]) -> None:
    """Hold the incidents of these organizations until the transaction ends."""
    await db.execute(LOCK, [str(each) for each in organization_ids])


async def apply(db: Connection, event: IncidentEvent) -> None:
    """Make the state what the event says; what is known already changes nothing."""
    made = event.incident
    await db.execute(
        APPLY,
        made.id,
        made.organization_id,
        made.number,
        made.status,
        made.severity,
        made.merged_into is not None,
        made.opened_at,
        made.acknowledged_at,
        made.started_at,
        made.resolved_at,
        made.last_alert_at,
        made.quiet_since,
        made.alert_ids,
        made.version,
        made,
    )
    await db.execute(ADD_STEP, made.organization_id, made.id, made.version, event.step)


async def next_number(db: Connection, organization_id: Id) -> int:
    """The number of the organization's next incident. Under `lock`."""
    return int(await db.fetchval(NUMBER, organization_id) or 1)


async def these(db: Connection | Pool, organization_id: Id, incident_ids: Sequence[Id]) -> dict[Id, Incident]:
    """Those of these incidents that exist."""
    found = [Incident.model_validate_json(row[0]) for row in await db.fetch(GET, organization_id, incident_ids)]
    return {each.id: each for each in found}


async def by_number(db: Connection | Pool, organization_id: Id, number: int) -> Incident | None:
    """The incident of this number."""
    document = await db.fetchval(BY_NUMBER, organization_id, number)
    return Incident.model_validate_json(document) if document else None


async def of_alerts(db: Connection | Pool, organization_id: Id, alert_ids: Sequence[Id]) -> list[Incident]:
    """The incidents that these alerts are in."""
    return [Incident.model_validate_json(row[0]) for row in await db.fetch(OF_ALERTS, organization_id, alert_ids)]


async def members(db: Connection | Pool, organization_id: Id, alert_ids: Sequence[Id]) -> dict[Id, Member]:
    """These alerts as incidents see them; those that don't exist are missing."""
    return {row["id"]: _member(row) for row in await db.fetch(THESE_MEMBERS, organization_id, alert_ids)}


async def known(db: Connection, organization_id: Id, how: Correlation, now: datetime) -> list[Known]:
    """Incidents that alerts may belong to."""
    rows = await db.fetch(KNOWN, organization_id, now - how.reopen, MOST_KNOWN, NEWEST)
    if not rows:
        return []
    alerts = await members(db, organization_id, [each for row in rows for each in row["newest"]])
    return [
        Known(
            row["id"],
            row["number"],
            row["started_at"],
            row["last_alert_at"],
            row["resolved_at"],
            row["size"],
            tuple(alerts[each] for each in row["newest"] if each in alerts),
        )
        for row in rows
    ]


async def loners(db: Connection, organization_id: Id, since: datetime) -> list[Member]:
    """The newest alerts since then that are in no incident."""
    rows = await db.fetch(RECENT_MEMBERS, organization_id, id_floor(since), MOST_LONERS)
    if not rows:
        return []
    taken = {row[0] for row in await db.fetch(TAKEN, organization_id, [row["id"] for row in rows])}
    return [_member(row) for row in rows if row["id"] not in taken]


async def quiet(db: Pool, since: datetime) -> list[tuple[Id, Id]]:
    """Incidents (organization, id) that are not over though their alerts were since then."""
    return [(row["organization_id"], row["id"]) for row in await db.fetch(QUIET, since)]


async def find(
    db: Pool, asked: ListIncidents, before: Id | None
) -> tuple[list[IncidentHead], dict[IncidentStatus, int]]:
    """Incidents, newest first, and how many there are in each status."""
    statuses = list(dict.fromkeys(asked.statuses or IncidentStatus))
    words = (asked.query or "").replace("\0", "").strip().lower()
    filters: list[tuple[str, Any]] = [
        ("severity = ${}", asked.severity),
        ("alert_ids @> ARRAY[${}::uuid]", asked.alert_id),
        (FOUND_IN, words),
        ("is_merged <> ${}", not words and not asked.alert_id),
    ]
    query, arguments = narrowed(LIST, (asked.organization_id, before, asked.limit, statuses), filters)
    rows = await db.fetch(query, *arguments)
    counted, arguments = narrowed(COUNT, (asked.organization_id,), filters)
    counts = {IncidentStatus(row["status"]): int(row["count"]) for row in await db.fetch(counted, *arguments)}
    return [IncidentHead.model_validate_json(row[0]) for row in rows], counts


async def steps(
    db: Connection | Pool, organization_id: Id, incident_id: Id, limit: int
) -> tuple[list[IncidentStep], int]:
    """The newest steps, oldest first, and how many there are."""
    rows = await db.fetch(STEPS, organization_id, incident_id, limit)
    total = int(await db.fetchval(COUNT_STEPS, organization_id, incident_id) or 0)
    return [IncidentStep.model_validate_json(row[0]) for row in reversed(rows)], total


async def alerts(db: Connection | Pool, incident: Incident, limit: int) -> list[IncidentAlert]:
    """The newest of its alerts, with why they belong to it."""
    if not incident.alert_ids:
        return []
    rows = await db.fetch(ALERTS, incident.organization_id, incident.alert_ids, limit)
    why = {row["alert_id"]: row["words"] for row in await db.fetch(WORDS, incident.organization_id, incident.id)}
    return [
        IncidentAlert(
            alert_id=row["id"],
            name=row["name"],
            summary=row["summary"],
            severity=row["severity"],
            state=row["state"],
            started_at=row["started_at"],
            resolved_at=row["resolved_at"],
            words=why.get(str(row["id"]), ""),
        )
        for row in rows
    ]


async def figures(db: Pool, organization_id: Id, since: datetime, until: datetime) -> IncidentFigures:
    """How long it took, of incidents that opened in the span."""
    found = {row["severity"]: _figures(row) for row in await db.fetch(FIGURES, organization_id, since, until)}
    days: dict[datetime, dict[Any, int]] = {}
    for row in await db.fetch(DAYS, organization_id, since, until):
        days.setdefault(row["day"], {})[row["severity"]] = row["count"]
    return IncidentFigures(
        since=since,
        until=until,
        all=found.pop(None, Figures()),
        by_severity=found,
        days=[DayFigures(day=day, opened=opened) for day, opened in days.items()],
    )


def _figures(row: Any) -> Figures:
    spreads = {name: _spread(row[f"{name}_count"], row[name]) for name in ("detect", "acknowledge", "resolve")}
    return Figures(incidents=row["incidents"], **spreads)


def _spread(count: int, seconds: list[float | None] | None) -> Spread:
    """Of the median and the ninth tenth; clocks that differ make nothing take less than no time."""
    median, p90 = (None if each is None else round(max(each, 0.0), 3) for each in seconds or (None, None))
    return Spread(count=count, median=median, p90=p90)


def _member(row: Any) -> Member:
    return Member(
        alert_id=row["id"],
        fingerprint=row["fingerprint"],
        name=row["name"],
        severity=row["severity"],
        state=AlertState(row["state"]),
        started_at=row["started_at"],
        pending_since=row["pending_since"],
        resolved_at=row["resolved_at"],
        acknowledged_at=row["acknowledged_at"],
        acknowledged_by=row["acknowledged_by"],
        is_change=row["is_change"],
        labels=row["labels"] or {},
    )
