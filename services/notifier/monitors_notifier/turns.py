"""One at a time for each key, in the order of asking, within one process."""

import asyncio
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


class Busy(Exception):
    """Somebody else is at it, and takes long."""


@dataclass
class _Line:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    length: int = 0


class Turns:
    """`async with turns.turn(key, patience)`: who asked first goes first."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, _Line] = {}

    def taken(self, key: Hashable) -> bool:
        """Whether somebody is at it, or waits."""
        return key in self._lines

    @asynccontextmanager
    async def turn(self, key: Hashable, patience: float) -> AsyncGenerator[None]:
        """Wait for one's turn, up to `patience` seconds. Raises Busy."""
        line = self._lines.setdefault(key, _Line())
        line.length += 1
        try:
            try:
                async with asyncio.timeout(patience):
                    await line.lock.acquire()
            except TimeoutError:
                raise Busy from None
            try:
                yield
            finally:
                line.lock.release()
        finally:
            line.length -= 1
            if not line.length:
                del self._lines[key]
