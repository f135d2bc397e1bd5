"""The dead-man's switch: while the platform works it asks for an address outside; when it stops, so does that.

Who listens there (healthchecks.io, Uptime Kuma, another such platform) raises the alarm that this one no longer can.
"""

import asyncio
from datetime import UTC, datetime

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout
from prometheus_client import Counter, Gauge

from monitors_contracts.base import new_id
from monitors_contracts.platform import PLATFORM_ID, SystemPulsed
from monitors_runtime.database import DATABASE_AWAY
from monitors_runtime.errors import ProblemError
from monitors_runtime.runtime import Runtime, Service

from .domain.system_health import missing
from .store import system as store
from .system import System

log = structlog.get_logger(__name__)

SIGNALS = Counter("monitors_deadman_signals_total", "Signs of life: sent, withheld, or not taken", ("outcome",))
LAST = Gauge("monitors_deadman_last_sent_timestamp_seconds", "When the last sign of life was taken")

CARRIED_SECONDS = 10.0
"""How long an event may take through database, outbox and bus."""
PATIENCE_SECONDS = 10.0


class DeadMan:
    """Sends a sign of life to `url`, every so many seconds, while the platform works."""

    def __init__(self, runtime: Runtime, service: Service, system: System, url: str, every: float) -> None:
        self._runtime = runtime
        self._service = service
        self._system = system
        self._url = url
        self._every = every

    async def signal_always(self) -> None:
        """Until cancelled."""
        async with ClientSession(timeout=ClientTimeout(total=PATIENCE_SECONDS)) as session:
            while True:
                begun = asyncio.get_running_loop().time()
                outcome = await self.signal(session)
                SIGNALS.labels(outcome).inc()
                await asyncio.sleep(max(self._every - (asyncio.get_running_loop().time() - begun), 0))

    async def signal(self, session: ClientSession) -> str:
        """Give one sign of life, if there is life: `sent`, `withheld`, or `refused` by who should take it."""
        try:
            if why := await self._why_not():
                log.warning("no sign of life is given", reason=why)
                return "withheld"
        except Exception as broken:
            log.warning("no sign of life is given", reason=repr(broken)[:300])
            return "withheld"
        try:
            async with session.get(self._url) as answer:
                if answer.ok:
                    LAST.set_to_current_time()
                    return "sent"
                log.warning("the sign of life was refused", status=answer.status)
        except (ClientError, TimeoutError, OSError) as failure:
            log.warning("the sign of life did not arrive", error=repr(failure)[:300])
        return "refused"

    async def _why_not(self) -> str:
        """Why alerts would not be told now; empty when they would."""
        try:
            if why := missing((await self._system.report()).parts):
                return why
            return "" if await self._is_carried() else "events are not carried from the database to the bus"
        except (ProblemError, TimeoutError, *DATABASE_AWAY) as away:
            return str(away) or type(away).__name__

    async def _is_carried(self) -> bool:
        """Whether an event gets through database, outbox and bus."""
        pulse = SystemPulsed(organization_id=PLATFORM_ID, pulse_id=new_id(), pulsed_at=datetime.now(UTC))
        async with self._service.transaction() as tx:
            tx.publish(pulse)
        try:
            async with asyncio.timeout(CARRIED_SECONDS):
                while await store.is_waiting(self._runtime.pool, self._service.name, pulse.subject):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            return False
        return True
