"""Watches alerts that come and go, and lets them be what they are once they are steady."""

from datetime import datetime

from monitors_contracts.alerts import AlertView
from monitors_runtime.database import Connection
from monitors_runtime.periodic import Periodic
from monitors_runtime.runtime import Service

from .changes import Changes
from .domain import lifecycle
from .domain.flapping import Flapping

LOOK_SECONDS = 5.0
_AT_ONCE = 200

# Whoever hears of a crossing holds the alert, and then writes when its condition was crossed: both are held here as they
# are now, or passed over.
STEADY = """
SELECT alerts.document::text, exceeded_at, cleared_at FROM alerter.alerts
JOIN alerter.clearings USING (organization_id, fingerprint)
WHERE state <> 'resolved' AND document->>'flappingSince' IS NOT NULL AND greatest(exceeded_at, cleared_at) <= $1
ORDER BY alerts.id LIMIT $2 FOR UPDATE SKIP LOCKED
"""


class Settling:
    """The alerter's watch over what comes and goes. One a process."""

    def __init__(self, service: Service, changes: Changes, flapping: Flapping) -> None:
        self._service, self._changes, self._flapping = service, changes, flapping
        self.periodic = Periodic("alerts that come and go", self.look, LOOK_SECONDS)

    async def look(self) -> bool:
        """Let those be that are steady by now, so many at once; whether there may be more."""
        async with self._service.transaction() as tx:
            found = await _steady(tx.db, tx.now - self._flapping.steady)
            await self._changes.save(tx, [lifecycle.settle(alert, *last, tx.now) for alert, last in found])
        return len(found) == _AT_ONCE


async def _steady(db: Connection, until: datetime) -> list[tuple[AlertView, tuple[datetime | None, datetime | None]]]:
    """Alerts that came and went, and whose conditions were crossed last by then: with the last of each."""
    return [
        (AlertView.model_validate_json(row["document"]), (row["exceeded_at"], row["cleared_at"]))
        for row in await db.fetch(STEADY, until, _AT_ONCE)
    ]
