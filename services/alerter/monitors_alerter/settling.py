"""Watches alerts that come and go, and lets them be what they are once they are steady."""

import asyncio
from datetime import datetime

import structlog

from monitors_contracts.alerts import AlertView
from monitors_runtime.database import DATABASE_AWAY, DATABASE_CONFLICT, Connection
from monitors_runtime.runtime import Service

from .changes import Changes
from .domain import lifecycle
from .domain.flapping import Flapping

log = structlog.get_logger(__name__)

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
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Watch from now on."""
        self._watch = asyncio.create_task(self._watch_always(), name="alerts that come and go")

    async def stop(self) -> None:
        """Watch no more."""
        if self._watch:
            self._watch.cancel()

    async def look(self) -> int:
        """Let those be that are steady by now; how many."""
        async with self._service.transaction() as tx:
            found = await _steady(tx.db, tx.now - self._flapping.steady)
            await self._changes.save(tx, [lifecycle.settle(alert, *last, tx.now) for alert, last in found])
        return len(found)

    async def _watch_always(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                while await self.look() == _AT_ONCE:
                    pass
            except (TimeoutError, *DATABASE_AWAY, *DATABASE_CONFLICT) as failure:
                log.warning("could not look for alerts that are steady, trying again", error=repr(failure)[:300])
            except Exception:
                log.exception("could not look for alerts that are steady, trying again")


async def _steady(db: Connection, until: datetime) -> list[tuple[AlertView, tuple[datetime | None, datetime | None]]]:
    """Alerts that came and went, and whose conditions were crossed last by then: with the last of each."""
    return [
        (AlertView.model_validate_json(row["document"]), (row["exceeded_at"], row["cleared_at"]))
        for row in await db.fetch(STEADY, until, _AT_ONCE)
    ]
