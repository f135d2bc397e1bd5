"""What other systems told last of their alerts, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitors_contracts.alerts import AlertView
from monitors_contracts.base import Id
from monitors_runtime.database import Connection, columns

from .domain.receiving import REMEMBERED, Told

# The same told of what still fires, or was ended by hand in the firing that goes on: it ends later now. The same told of what
# is known to be over: nothing. Each is looked up by its key (OFFSET 0 holds the planner to that, and an INSERT that always
# meets its row is an UPDATE that can't do otherwise), so that an answer takes no longer where many alerts are active, and in
# one order, so that two that are told the same at once take turns.
MOVE_ON = """
WITH given AS (
    SELECT * FROM unnest($2::text[], $3::bytea[], $4::timestamptz[], $5::timestamptz[])
        AS given (fingerprint, digest, ends_at, starts_at)
), held AS (
    SELECT given.fingerprint, given.digest, given.ends_at, received.alert_id, received.look_at
    FROM (SELECT * FROM given WHERE ends_at > $6 ORDER BY fingerprint) AS given
    CROSS JOIN LATERAL (
        SELECT alert_id, look_at FROM alerter.received
        WHERE organization_id = $1 AND fingerprint = given.fingerprint AND digest = given.digest AND NOT is_over
        FOR NO KEY UPDATE
    ) AS received
    CROSS JOIN LATERAL (SELECT state, resolved_at FROM alerter.alerts WHERE id = received.alert_id OFFSET 0) AS alerts
    WHERE alerts.state <> 'resolved' OR given.starts_at <= alerts.resolved_at
), moved AS (
    INSERT INTO alerter.received (organization_id, fingerprint, alert_id, digest, heard_at, ends_at, is_over, look_at)
    SELECT $1, fingerprint, alert_id, digest, $6, ends_at, false, least(look_at, ends_at) FROM held
    ON CONFLICT (organization_id, fingerprint) DO UPDATE
    SET ends_at = excluded.ends_at, heard_at = excluded.heard_at, look_at = excluded.look_at
    RETURNING fingerprint
)
SELECT fingerprint FROM moved
UNION ALL
SELECT given.fingerprint FROM given
CROSS JOIN LATERAL (
    SELECT alert_id FROM alerter.received
    WHERE organization_id = $1 AND fingerprint = given.fingerprint AND is_over OFFSET 0
) AS received
CROSS JOIN LATERAL (SELECT resolved_at FROM alerter.alerts WHERE id = received.alert_id OFFSET 0) AS alerts
WHERE given.ends_at <= $6 AND given.starts_at <= alerts.resolved_at
"""

# In one order, so that two that are told the same at once take turns.
_PUT = """
INSERT INTO alerter.received (organization_id, fingerprint, alert_id, digest, heard_at, ends_at, is_over, look_at)
SELECT $1, given.* FROM unnest(
    $2::text[], $3::uuid[], $4::bytea[], $5::timestamptz[], $6::timestamptz[], $7::boolean[], $8::timestamptz[]
) AS given (fingerprint, alert_id, digest, heard_at, ends_at, is_over, look_at)
ORDER BY fingerprint
ON CONFLICT (organization_id, fingerprint) DO UPDATE SET
"""

# The row that was there first stays as it is.
CLAIM = _PUT + "alert_id = received.alert_id RETURNING fingerprint, alert_id, xmax = 0 AS is_new"

REMEMBER = (
    _PUT
    + """
    alert_id = excluded.alert_id, digest = excluded.digest, heard_at = excluded.heard_at, ends_at = excluded.ends_at,
    is_over = excluded.is_over, look_at = excluded.look_at
"""
)

DUE = """
SELECT organization_id, fingerprint, alert_id, ends_at, is_over FROM alerter.received
WHERE look_at <= $1 ORDER BY look_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""

ALERTS = """
SELECT alerts.document::text FROM alerter.alerts
JOIN unnest($1::uuid[], $2::uuid[]) AS given (organization_id, id) USING (organization_id, id)
ORDER BY alerts.id FOR UPDATE OF alerts
"""

LOOK_AGAIN = """
UPDATE alerter.received SET is_over = given.is_over, look_at = given.look_at
FROM unnest($1::uuid[], $2::text[], $3::boolean[], $4::timestamptz[])
    AS given (organization_id, fingerprint, is_over, look_at)
WHERE received.organization_id = given.organization_id AND received.fingerprint = given.fingerprint
"""

FORGET = """
DELETE FROM alerter.received USING unnest($1::uuid[], $2::text[]) AS given (organization_id, fingerprint)
WHERE received.organization_id = given.organization_id AND received.fingerprint = given.fingerprint
"""

# A database that was made anew of events knows what is open, and not when it was last heard of: it gets a while.
ADOPT = """
INSERT INTO alerter.received (organization_id, fingerprint, alert_id, digest, heard_at, ends_at, is_over, look_at)
SELECT organization_id, fingerprint, id, '', $1, greatest((document->>'endsAt')::timestamptz, $2), false, $1
FROM alerter.alerts WHERE state <> 'resolved' AND document->>'endsAt' IS NOT NULL
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Due:
    """An alert that may have ended: whose sender said that it does then, or that it is over."""

    organization_id: Id
    fingerprint: str
    alert_id: Id
    ends_at: datetime
    is_over: bool


async def move_on(db: Connection, organization_id: Id, told: Sequence[Told], now: datetime) -> set[str]:
    """Those of these that are as they were told before, by fingerprint: they end later now, and no more has to be done."""
    rows = [(each.fingerprint, each.digest, each.ends_at, each.alert.starts_at) for each in told]
    return {row["fingerprint"] for row in await db.fetch(MOVE_ON, organization_id, *columns(rows), now)}


async def claim(db: Connection, organization_id: Id, told: Sequence[tuple[Told, Id]]) -> dict[str, Id]:
    """Hold these until the transaction ends, each with an id for its alert; the alert's id of those known before."""
    rows = await db.fetch(CLAIM, organization_id, *columns([_row(each, alert_id) for each, alert_id in told]))
    return {row["fingerprint"]: row["alert_id"] for row in rows if not row["is_new"]}


async def remember(db: Connection, organization_id: Id, told: Sequence[tuple[Told, Id]]) -> None:
    """Put what is told now in place of what was known."""
    await db.execute(REMEMBER, organization_id, *columns([_row(each, alert_id) for each, alert_id in told]))


async def due(db: Connection, now: datetime, limit: int) -> list[Due]:
    """Those to look at by now, which no other copy looks at; held until the transaction ends."""
    return [Due(**dict(row)) for row in await db.fetch(DUE, now, limit)]


async def alerts(db: Connection, ids: Sequence[tuple[Id, Id]]) -> dict[Id, AlertView]:
    """The alerts of these ids (organization, alert), held until the transaction ends."""
    found = [AlertView.model_validate_json(row["document"]) for row in await db.fetch(ALERTS, *columns(ids))]
    return {alert.id: alert for alert in found}


async def look_again(db: Connection, dates: Sequence[tuple[Due, bool, datetime]]) -> None:
    """Whether each is over, and when it is to be looked at next."""
    rows = [(each.organization_id, each.fingerprint, is_over, at) for each, is_over, at in dates]
    await db.execute(LOOK_AGAIN, *columns(rows))


async def forget(db: Connection, gone: Sequence[Due]) -> None:
    """Let go of these."""
    await db.execute(FORGET, *columns([(each.organization_id, each.fingerprint) for each in gone]))


async def adopt(db: Connection, now: datetime, until: datetime) -> None:
    """Watch over what is open and unknown here; what is not heard of until then ends."""
    await db.execute(ADOPT, now, until)


def _row(told: Told, alert_id: Id) -> tuple[str, Id, bytes, datetime, datetime, bool, datetime]:
    look_at = told.heard_at + REMEMBERED if told.is_over else told.ends_at
    return told.fingerprint, alert_id, told.digest, told.heard_at, told.ends_at, told.is_over, look_at
