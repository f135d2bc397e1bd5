"""Looks at the platform's parts: when somebody asks, and at an interval to say what has changed."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from monitors_contracts.base import new_id
from monitors_contracts.platform import PLATFORM_ID, PartState, SystemHealthChanged
from monitors_contracts.topology import CONSUMERS, SERVICES, Durable
from monitors_runtime import dead_letters, presence
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.periodic import Periodic
from monitors_runtime.runtime import Runtime, Service

from .domain.system_health import Part, Queue, Seen, news, parts
from .store import system as store

log = structlog.get_logger(__name__)

FRESH_SECONDS = 3.0
"""An answer this young serves whoever asks next: looking costs the bus a dozen requests."""
PATIENCE_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of the platform, and when."""

    at: datetime
    seen: Seen
    parts: list[Part]
    since: dict[str, datetime]
    dead_letters: int


class System:
    """One a process."""

    def __init__(self, runtime: Runtime, service: Service, look_seconds: float) -> None:
        self._runtime = runtime
        self._service = service
        self._last: Look | None = None
        self._told: list[Part] = []
        self._looking = asyncio.Lock()
        self.periodic = Periodic("platform health", self._tell_news, look_seconds)

    async def report(self) -> Look:
        """How the platform is now, to a few seconds. Problem: `service-unavailable`, when the bus can't be asked."""
        async with self._looking:
            if self._last is None or (datetime.now(UTC) - self._last.at).total_seconds() > FRESH_SECONDS:
                self._last = await self._look()
            return self._last

    async def _tell_news(self) -> None:
        """Say what has changed since the last time."""
        with contextlib.suppress(ProblemError):  # what can't be seen is no news; who asks is told that it can't be seen
            now = (await self.report()).parts
            await self.tell(self._told, now)
            self._told = now

    async def tell(self, before: list[Part], now: list[Part]) -> None:
        """Keep and publish what is news in these two looks; of several gateways one does."""
        if not news(before, now, await self._known()):
            return
        async with self._service.transaction() as tx:
            await store.lock(tx.db)
            known = {name: part.state for name, part in (await store.find(tx.db)).items()}
            for part in news(before, now, known):
                event = SystemHealthChanged(
                    organization_id=PLATFORM_ID,
                    change_id=new_id(),
                    part=part.name,
                    state=part.state,
                    before=known.get(part.name),
                    reason=part.reason,
                    changed_at=tx.now,
                )
                await store.apply(tx.db, event)
                tx.publish(event)
                tell = log.info if part.state is PartState.UP else log.warning
                tell("health changed", part=part.name, state=part.state.value, reason=part.reason)

    async def _known(self) -> dict[str, PartState]:
        return {name: part.state for name, part in (await store.find(self._runtime.pool)).items()}

    async def _look(self) -> Look:
        clock, runtime = asyncio.get_running_loop().time, self._runtime
        begun = clock()
        known = await store.find(runtime.pool)
        database = clock() - begun
        try:
            begun = clock()
            await runtime.connection.flush(2)
            bus = clock() - begun
            processes, queues, unpublished, letters = await asyncio.gather(
                presence.ask(runtime.connection, SERVICES, PATIENCE_SECONDS),
                self._queues(),
                store.unpublished(runtime.pool),
                runtime.bus.stream_info(dead_letters.STREAM),
            )
        except (NatsError, JetStreamError, TimeoutError) as away:
            raise problem("service-unavailable", "Service unavailable", 503, "The bus does not answer.") from away
        seen = Seen(processes, queues, unpublished, database, bus)
        found = parts(seen, SERVICES)
        since = {each.name: kept.since for each in found if (kept := known.get(each.name)) and kept.state is each.state}
        return Look(datetime.now(UTC), seen, found, since, letters.state.messages)

    async def _queues(self) -> list[Queue]:
        found = await asyncio.gather(*(self._queue(each) for each in CONSUMERS))
        return [each for each in found if each]

    async def _queue(self, durable: Durable) -> Queue | None:
        """A queue as it is; None for one that no service has made yet."""
        try:
            info = await self._runtime.bus.consumer_info(durable.stream, durable.name)
        except NotFoundError:
            return None
        return Queue(durable.service, durable.name, (info.num_pending or 0) + (info.num_ack_pending or 0))
