"""Groups of what comes: at once what comes seldom, together what comes often."""

import asyncio
import contextlib
from typing import Generic, TypeVar

T = TypeVar("T")


class Paced(Generic[T]):
    """Takes what is put into `queue` in groups of at most `most`, which begin `seconds` apart unless they are full."""

    def __init__(self, queue: asyncio.Queue[T], most: int, seconds: float) -> None:
        self._queue, self._most, self._seconds = queue, most, seconds
        self._next_at = 0.0

    async def next(self) -> list[T]:
        """At least one. Cancelled while it waits for more, it loses what it has taken."""
        group = [await self._queue.get()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._next_at):
                while len(group) < self._most:
                    group.append(await self._queue.get())
        self._next_at = asyncio.get_running_loop().time() + self._seconds
        return group
