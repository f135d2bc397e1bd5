"""What is looked at again and again, for as long as a process runs."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from .database import DATABASE_AWAY, DATABASE_CONFLICT

log = structlog.get_logger(__name__)


class Periodic:
    """`look` at once, and then every so many seconds; again at once where it says that there may be more.

    A database that is away is waited for, and whatever else goes wrong is logged: the looking goes on. `what` names it in
    logs.
    """

    def __init__(self, what: str, look: Callable[[], Awaitable[bool | None]], seconds: float) -> None:
        self._what, self._look, self._seconds = what, look, seconds
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look from now on."""
        self._task = asyncio.create_task(self._run(), name=self._what)

    async def stop(self) -> None:
        """Look no more; a look that was begun has ended when this returns."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    def wake(self) -> None:
        """There is something to see: look now."""
        self._wake.set()

    async def _run(self) -> None:
        while True:
            try:
                while await self._look():
                    pass
            except (TimeoutError, *DATABASE_AWAY, *DATABASE_CONFLICT) as failure:
                log.warning("interrupted, trying again", what=self._what, error=repr(failure)[:300])
            except Exception:
                log.exception("interrupted, trying again", what=self._what)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await self._wake.wait()
            self._wake.clear()
