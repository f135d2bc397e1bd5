"""Looks at groups when they are due: woken by what happens here, and every half second for what happens elsewhere."""

import asyncio
import contextlib
from datetime import UTC, datetime

import structlog

from monitors_runtime.database import DATABASE_AWAY, DATABASE_CONFLICT
from monitors_runtime.runtime import Service

from .telling import Telling

log = structlog.get_logger(__name__)

IDLE_SECONDS = 0.5


class Flushing:
    """The loop. Copies share the work; see `telling`."""

    def __init__(self, service: Service, telling: Telling) -> None:
        self._service, self._telling = service, telling
        self._woken = asyncio.Event()
        self._next: datetime | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look from now on."""
        self._task = asyncio.create_task(self._run(), name="groups of alerts")

    async def stop(self) -> None:
        """Look no more. What was not committed is done by whoever looks next."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def wake(self, due: datetime) -> None:
        """Something is due then."""
        if self._next is None or due < self._next:
            self._next = due
            self._woken.set()

    async def flush(self) -> int:
        """Look at what is due now; how many groups that were."""
        async with self._service.transaction() as tx:
            looked, due = await self._telling.flush(tx)
        if due:
            self.wake(due)
        return looked

    async def _run(self) -> None:
        while True:
            self._next = None
            try:
                while await self.flush():
                    pass
            except (TimeoutError, *DATABASE_AWAY, *DATABASE_CONFLICT) as failure:
                log.warning("groups that are due were not looked at, trying again", error=repr(failure)[:300])
            except Exception:
                log.exception("groups that are due were not looked at, trying again")
            await self._sleep()

    async def _sleep(self) -> None:
        while True:
            self._woken.clear()
            pause = IDLE_SECONDS
            if self._next:
                pause = min(pause, max((self._next - datetime.now(UTC)).total_seconds(), 0))
            try:
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            except TimeoutError:
                return
