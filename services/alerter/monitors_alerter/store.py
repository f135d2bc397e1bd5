"""Alerts in PostgreSQL. `apply` is the one way in: live changes and replays write state by it alone."""

from monitors_contracts.alerts import AlertEvent, AlertState, AlertView
from monitors_contracts.base import Id
from monitors_contracts.monitors import Crossing, ThresholdExceeded
from monitors_runtime.database import Connection, Pool

from .domain.lifecycle import Past

# Copies of the service take turns over one monitor's alerts.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('alerts of monitor'), hashtext($1))"

APPLY = """
INSERT INTO alerter.alerts
    (id, organization_id, monitor_id, fingerprint, state, version, started_at, resolved_at, document)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, version = excluded.version, resolved_at = excluded.resolved_at, document = excluded.document
WHERE alerts.version < excluded.version
"""

# Held, so that somebody who takes or ends the alert at this moment goes before or after.
OPEN_OF_MONITOR = """
SELECT document::text FROM alerter.alerts
WHERE organization_id = $1 AND monitor_id = $2 AND state <> 'resolved' ORDER BY id FOR UPDATE
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

PAST = "SELECT exceeded_at, cleared_at FROM alerter.clearings WHERE organization_id = $1 AND fingerprint = $2"

NOTE = """
INSERT INTO alerter.clearings (organization_id, fingerprint, exceeded_at, cleared_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (organization_id, fingerprint) DO UPDATE SET
    exceeded_at = greatest(clearings.exceeded_at, excluded.exceeded_at),
    cleared_at = greatest(clearings.cleared_at, excluded.cleared_at)
"""


async def lock(db: Connection, monitor_id: Id) -> None:
    """Hold this monitor's alerts until the transaction ends."""
    await db.execute(LOCK, str(monitor_id))


async def apply(db: Connection, event: AlertEvent) -> None:
    """Make the state what the event says; a version known already changes nothing."""
    alert = event.alert
    await db.execute(
        APPLY,
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


async def open_alerts(db: Connection, organization_id: Id, monitor_id: Id) -> list[AlertView]:
    """The monitor's alerts that are not resolved, oldest first."""
    rows = await db.fetch(OPEN_OF_MONITOR, organization_id, monitor_id)
    return [AlertView.model_validate_json(row["document"]) for row in rows]


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


async def past(db: Connection, organization_id: Id, fingerprint: str) -> Past:
    """When this condition was last exceeded and last cleared."""
    row = await db.fetchrow(PAST, organization_id, fingerprint)
    return Past(row["exceeded_at"], row["cleared_at"]) if row else Past()


async def note(db: Connection, crossing: Crossing) -> None:
    """Remember when a condition was crossed. A change has nothing to remember: none is like another."""
    if crossing.kind == "state":
        exceeded = isinstance(crossing, ThresholdExceeded)
        times = (crossing.occurred_at, None) if exceeded else (None, crossing.occurred_at)
        await db.execute(NOTE, crossing.organization_id, crossing.fingerprint, *times)
