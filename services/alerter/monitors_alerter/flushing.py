"""Looks at groups when they are due: woken by what happens here, and every half second for what happens elsewhere."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import structlog

from monitors_contracts.base import Id
from monitors_runtime.database import DATABASE_AWAY, DATABASE_CONFLICT
from monitors_runtime.runtime import Service

from . import telling_store as store
from .telling import AT_ONCE, Telling

log = structlog.get_logger(__name__)

IDLE_SECONDS = 0.5
PUT_OFF = timedelta(minutes=1)


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

    async def flush(self, only: Id | None = None) -> int:
        """Look at what is due now; how many groups that were. When one of them fails, each is looked at alone."""
        try:
            async with self._service.transaction() as tx:
                looked, due = await self._telling.flush(tx, only)
        except (TimeoutError, *DATABASE_AWAY, *DATABASE_CONFLICT):
            raise
        except Exception:
            if only:
                raise
            log.exception("groups that are due were not looked at together, looking at each alone")
            return await self._one_by_one()
        if due:
            self.wake(due)
        return looked

    async def _one_by_one(self) -> int:
        """Find the group that fails: it is put off, so that it keeps no other from being told."""
        pool, looked = self._service.runtime.pool, 0
        for row in await pool.fetch(store.DUE, datetime.now(UTC), AT_ONCE):
            try:
                looked += await self.flush(row["id"])
            except (TimeoutError, *DATABASE_AWAY, *DATABASE_CONFLICT):
                raise
            except Exception:
                log.exception("a group was not told, trying again later", group=str(row["id"]))
                await pool.execute(store.PUT_OFF, row["id"], datetime.now(UTC) + PUT_OFF)
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
                log.exception("groups that are due were not looked at, going on")
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
