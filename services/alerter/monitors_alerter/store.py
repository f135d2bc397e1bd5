"""Alerts in PostgreSQL. `apply` is the one way in: live changes and replays write state by it alone."""

from collections.abc import Sequence

from monitors_contracts.alerts import AlertEvent, AlertState, AlertView
from monitors_contracts.base import Id
from monitors_contracts.monitors import Crossing, ThresholdExceeded
from monitors_runtime.database import Connection, Pool, columns

from .domain.lifecycle import Past

# Copies of the service take turns over one monitor's alerts.
LOCK = """
SELECT pg_advisory_xact_lock(hashtext('alerts of monitor'), hashtext(id))
FROM (SELECT unnest($1::text[]) AS id ORDER BY 1) AS monitors
"""

APPLY = """
INSERT INTO alerter.alerts
    (id, organization_id, monitor_id, fingerprint, state, version, started_at, resolved_at, document)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::timestamptz[], $8::timestamptz[],
    $9::jsonb[]
)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, version = excluded.version, resolved_at = excluded.resolved_at, document = excluded.document
WHERE alerts.version < excluded.version
"""

# Held, so that somebody who takes or ends the alert at this moment goes before or after.
OPEN_OF_MONITORS = """
SELECT monitor_id, document::text FROM alerter.alerts
JOIN unnest($1::uuid[], $2::uuid[]) AS given (organization_id, monitor_id) USING (organization_id, monitor_id)
WHERE state <> 'resolved' ORDER BY id FOR UPDATE OF alerts
"""

GET = "SELECT document::text FROM alerter.alerts WHERE organization_id = $1 AND id = $2"

LIST = """
SELECT document::text FROM alerter.alerts
WHERE organization_id = $1 AND ($2::text IS NULL OR state = $2) AND ($3::uuid IS NULL OR monitor_id = $3)
  AND ($4::uuid IS NULL OR id < $4)
ORDER BY id DESC LIMIT $5
"""

COUNT = """
SELECT count(*) FROM alerter.alerts
WHERE organization_id = $1 AND ($2::text IS NULL OR state = $2) AND ($3::uuid IS NULL OR monitor_id = $3)
"""

# An alert that is still open stays, however old.
EXPIRE_ALERTS = "DELETE FROM alerter.alerts WHERE id < $1 AND state = 'resolved'"

PAST = """
SELECT fingerprint, exceeded_at, cleared_at FROM alerter.clearings
JOIN unnest($1::uuid[], $2::text[]) AS given (organization_id, fingerprint) USING (organization_id, fingerprint)
"""

NOTE = """
INSERT INTO alerter.clearings (organization_id, fingerprint, exceeded_at, cleared_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[])
ON CONFLICT (organization_id, fingerprint) DO UPDATE SET
    exceeded_at = greatest(clearings.exceeded_at, excluded.exceeded_at),
    cleared_at = greatest(clearings.cleared_at, excluded.cleared_at)
"""


async def lock(db: Connection, monitors: Sequence[Id]) -> None:
    """Hold the alerts of these monitors until the transaction ends."""
    await db.execute(LOCK, [str(monitor) for monitor in monitors])


async def apply(db: Connection, event: AlertEvent) -> None:
    """Make the state what the event says; a version known already changes nothing."""
    await apply_all(db, [event])


async def apply_all(db: Connection, events: Sequence[AlertEvent]) -> None:
    """Make the state what events say; of several about one alert the last."""
    alerts = {event.alert_id: event.alert for event in sorted(events, key=lambda event: event.alert.version)}
    if not alerts:
        return
    # An alert that ends makes room for the next of its fingerprint, so the resolved go first.
    ordered = sorted(alerts.values(), key=lambda alert: (alert.state is not AlertState.RESOLVED, alert.id))
    rows = [
        (
            alert.id,
            alert.organization_id,
            alert.monitor_id,
            alert.fingerprint,
            alert.state,
            alert.version,
            alert.started_at,
            alert.resolved_at,
            alert,
        )
        for alert in ordered
    ]
    await db.execute(APPLY, *columns(rows))


async def open_alerts(db: Connection, monitors: Sequence[tuple[Id, Id]]) -> dict[Id, list[AlertView]]:
    """Alerts that are not resolved, oldest first, by monitor; `monitors` are (organization id, monitor id)."""
    found: dict[Id, list[AlertView]] = {}
    for row in await db.fetch(OPEN_OF_MONITORS, *columns(monitors)):
        found.setdefault(row["monitor_id"], []).append(AlertView.model_validate_json(row["document"]))
    return found


async def get(
    db: Connection | Pool, organization_id: Id, alert_id: Id, *, for_update: bool = False
) -> AlertView | None:
    """One alert of this organization."""
    document = await db.fetchval(GET + (" FOR UPDATE" if for_update else ""), organization_id, alert_id)
    return AlertView.model_validate_json(document) if document else None


async def find(
    db: Pool, organization_id: Id, state: AlertState | None, monitor_id: Id | None, before: Id | None, limit: int
) -> tuple[list[AlertView], int]:
    """Alerts, newest first, and how many match in all."""
    rows = await db.fetch(LIST, organization_id, state, monitor_id, before, limit)
    total = await db.fetchval(COUNT, organization_id, state, monitor_id)
    return [AlertView.model_validate_json(row["document"]) for row in rows], total


async def past(db: Connection, conditions: Sequence[tuple[Id, str]]) -> dict[str, Past]:
    """When these conditions (organization id, fingerprint) were last exceeded and last cleared, by fingerprint."""
    rows = await db.fetch(PAST, *columns(conditions))
    return {row["fingerprint"]: Past(row["exceeded_at"], row["cleared_at"]) for row in rows}


async def note(db: Connection, crossings: Sequence[Crossing]) -> None:
    """Remember when conditions were crossed. A change has nothing to remember: none is like another."""
    rows = [
        (
            crossing.organization_id,
            crossing.fingerprint,
            *(
                (crossing.occurred_at, None)
                if isinstance(crossing, ThresholdExceeded)
                else (None, crossing.occurred_at)
            ),
        )
        for crossing in crossings
        if crossing.kind == "state"
    ]
    if rows:
        await db.execute(NOTE, *columns(rows))
