"""Work that goes on when whoever asked for it has seen enough of it."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Background:
    """Work under way. Of more than `most` at once, whoever asks waits for the end."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, work: Coroutine[Any, Any, None], enough: asyncio.Event) -> None:
        """Return when the work is done, or `enough` of it is, from where it goes on. Raises what it raises until then."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        seen = asyncio.create_task(enough.wait())
        try:
            await asyncio.wait((task, seen), return_when=asyncio.FIRST_COMPLETED)
            if task.done() or len(self._tasks) > self._most:
                await task
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            seen.cancel()

    async def stop(self) -> None:
        """End what goes on."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
