"""Which sessions are good: a short memory, and a word to every gateway process when one is revoked."""

import asyncio
import contextlib
from datetime import timedelta
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from monitors_contracts.base import Id
from monitors_runtime.database import Pool

from ..store import sessions as store
from ..store.sessions import Session

REVOKED_SUBJECT = "gateway.session-revoked"
# Bounds how long a revocation can go unnoticed when the word about it was lost with a connection.
REMEMBERED_SECONDS = 2.0
REMEMBERED_AT_MOST = 20_000


class Sessions:
    """Looks sessions up, and remembers revoked ones as long as an access token of theirs could be shown."""

    def __init__(self, access_token_life: timedelta) -> None:
        self._token_seconds = access_token_life.total_seconds()
        self._known: dict[Id, tuple[Session, float]] = {}
        self._revoked: dict[Id, float] = {}

    async def listen(self, pool: Pool, connection: Client) -> None:
        """Begin: from now on other processes' revocations are heard."""
        self._pool = pool
        self._connection = connection
        self._clock = asyncio.get_running_loop().time
        await connection.subscribe(REVOKED_SUBJECT, cb=self._hear)

    async def find(self, session_id: Id) -> Session | None:
        """The session, unless it was revoked or has expired."""
        if session_id in self._revoked:
            return None
        known = self._known.get(session_id)
        if known and self._clock() - known[1] < REMEMBERED_SECONDS:
            return known[0]
        asked_at = self._clock()
        session = await store.active_session(self._pool, session_id)
        if session is None or session_id in self._revoked:
            self._known.pop(session_id, None)
            return None
        if len(self._known) >= REMEMBERED_AT_MOST:
            self._known.clear()
        self._known[session_id] = (session, asked_at)
        return session

    async def announce_revoked(self, session_id: Id) -> None:
        """A session was revoked and that is committed: refuse it here now, and elsewhere as soon as they hear."""
        self._forget(session_id)
        with contextlib.suppress(NatsError):
            await self._connection.publish(REVOKED_SUBJECT, session_id.bytes)
            await self._connection.flush(1)

    async def _hear(self, message: Msg) -> None:
        with contextlib.suppress(ValueError):
            self._forget(UUID(bytes=message.data))

    def _forget(self, session_id: Id) -> None:
        now = self._clock()
        self._known.pop(session_id, None)
        self._revoked[session_id] = now + self._token_seconds
        for old in [each for each, until in self._revoked.items() if until < now]:
            del self._revoked[old]
