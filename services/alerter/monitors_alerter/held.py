"""What silences, windows and inhibition rules held back, in PostgreSQL: which alerts, since when, how many changes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitors_contracts.alerts import AlertView
from monitors_contracts.base import Id
from monitors_contracts.silences import HeldAlert, HeldAlerts
from monitors_runtime.database import Connection, Pool, columns

from .domain.suppression import Suppression

NOTE = """
INSERT INTO alerter.held AS known (organization_id, holder_id, alert_id, since, last, times, alert_version)
SELECT organization_id, holder_id, alert_id, $5, $5, 1, version
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[]) AS given (organization_id, holder_id, alert_id, version)
ON CONFLICT (organization_id, holder_id, alert_id) DO UPDATE SET
    last = excluded.last, times = known.times + 1, alert_version = excluded.alert_version
WHERE known.alert_version < excluded.alert_version
"""

TOTALS = """
SELECT holder_id, count(*) AS held, count(*) FILTER (WHERE alerts.state <> 'resolved') AS holding
FROM alerter.held LEFT JOIN alerter.alerts ON alerts.id = alert_id
WHERE held.organization_id = $1 AND holder_id = ANY($2::uuid[]) GROUP BY holder_id
"""

OF_HOLDER = """
SELECT since, last, times, document::text FROM alerter.held JOIN alerter.alerts ON alerts.id = alert_id
WHERE held.organization_id = $1 AND holder_id = $2
ORDER BY state = 'resolved', last DESC, alert_id LIMIT $3
"""

FIRING = """
SELECT document::text FROM alerter.held JOIN alerter.alerts ON alerts.id = alert_id
WHERE held.organization_id = $1 AND holder_id = $2 AND state = 'firing' ORDER BY alert_id DESC LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Totals:
    """How many alerts something held back so far, and how many of those are open."""

    held: int = 0
    holding: int = 0


async def note(db: Connection, held: Sequence[tuple[AlertView, Sequence[Suppression]]], now: datetime) -> None:
    """Write down that these alerts had something to tell, and what held them back. The same change twice counts once."""
    rows = {
        (each.id, alert.id): (alert.organization_id, each.id, alert.id, alert.version)
        for alert, suppressions in held
        for each in suppressions
    }
    if rows:
        await db.execute(NOTE, *columns([rows[key] for key in sorted(rows)]), now)


async def totals(db: Connection | Pool, organization_id: Id, holders: Sequence[Id]) -> dict[Id, Totals]:
    """How much each of these held back; those that held back nothing are absent."""
    rows = await db.fetch(TOTALS, organization_id, holders)
    return {row["holder_id"]: Totals(row["held"], row["holding"]) for row in rows}


async def of_holder(db: Pool, organization_id: Id, holder_id: Id, limit: int) -> HeldAlerts:
    """What one held back: open alerts first, then those held back last."""
    rows = await db.fetch(OF_HOLDER, organization_id, holder_id, limit)
    held = [
        HeldAlert(
            alert=AlertView.model_validate_json(row["document"]),
            since=row["since"],
            last=row["last"],
            times=row["times"],
        )
        for row in rows
    ]
    known = (await totals(db, organization_id, [holder_id])).get(holder_id, Totals())
    return HeldAlerts(held=held, total=known.held)


async def firing(db: Connection, organization_id: Id, holder_id: Id, limit: int) -> list[AlertView]:
    """Those that one held back and that fire still, taken by nobody, newest first."""
    rows = await db.fetch(FIRING, organization_id, holder_id, limit)
    return [AlertView.model_validate_json(row["document"]) for row in rows]
