"""Which credentials are good: a short memory, and a word to every gateway process when one is revoked."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from monitors_runtime.database import Pool

V = TypeVar("V")

# Bounds how long a revocation can go unnoticed when the word about it was lost with a connection.
REMEMBERED_SECONDS = 2.0
REMEMBERED_AT_MOST = 20_000


class Remembered(Generic[V]):
    """Looks credentials up by their keys. Revoked ones are refused for `refuse_seconds`, whatever a look-up says."""

    def __init__(
        self, subject: str, refuse_seconds: float, look_up: Callable[[Pool, bytes], Awaitable[V | None]]
    ) -> None:
        self._subject = subject
        self._refuse_seconds = refuse_seconds
        self._look_up = look_up
        self._known: dict[bytes, tuple[V, float]] = {}
        self._revoked: dict[bytes, float] = {}

    async def listen(self, pool: Pool, connection: Client) -> None:
        """Begin: from now on other processes' revocations are heard."""
        self._pool = pool
        self._connection = connection
        self._clock = asyncio.get_running_loop().time
        await connection.subscribe(self._subject, cb=self._hear)

    async def find(self, key: bytes) -> V | None:
        """What the key stands for, unless it was revoked or has expired."""
        if key in self._revoked:
            return None
        known = self._known.get(key)
        if known and self._clock() - known[1] < REMEMBERED_SECONDS:
            return known[0]
        asked_at = self._clock()
        found = await self._look_up(self._pool, key)
        if found is None or key in self._revoked:
            self._known.pop(key, None)
            return None
        if len(self._known) >= REMEMBERED_AT_MOST:
            self._known.clear()
        self._known[key] = (found, asked_at)
        return found

    def forget(self, which: Callable[[V], bool]) -> None:
        """Look these up anew in this process; the others do within two seconds."""
        for key in [key for key, (value, _) in self._known.items() if which(value)]:
            del self._known[key]

    async def announce_revoked(self, *keys: bytes) -> None:
        """These were revoked and that is committed: refuse them here now, and elsewhere as soon as they hear."""
        for key in keys:
            self._refuse(key)
        with contextlib.suppress(NatsError):
            for key in keys:
                await self._connection.publish(self._subject, key)
            await self._connection.flush(1)

    async def _hear(self, message: Msg) -> None:
        self._refuse(message.data)

    def _refuse(self, key: bytes) -> None:
        now = self._clock()
        self._known.pop(key, None)
        self._revoked[key] = now + self._refuse_seconds
        for old in [each for each, until in self._revoked.items() if until < now]:
            del self._revoked[old]
