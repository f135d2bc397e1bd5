"""Which sessions are good."""

from datetime import timedelta
from uuid import UUID

from nats.aio.client import Client

from monitors_contracts.base import Id
from monitors_runtime.database import Pool

from ..store import sessions as store
from ..store.sessions import Session
from .remembered import Remembered

REVOKED_SUBJECT = "gateway.session-revoked"


class Sessions:
    """Looks sessions up, and remembers revoked ones as long as an access token of theirs could be shown."""

    def __init__(self, access_token_life: timedelta) -> None:
        self._remembered = Remembered(REVOKED_SUBJECT, access_token_life.total_seconds(), _look_up)

    async def listen(self, pool: Pool, connection: Client) -> None:
        """Begin: from now on other processes' revocations are heard."""
        await self._remembered.listen(pool, connection)

    async def find(self, session_id: Id) -> Session | None:
        """The session, unless it was revoked or has expired."""
        return await self._remembered.find(session_id.bytes)

    async def announce_revoked(self, *session_ids: Id) -> None:
        """These sessions were revoked and that is committed: refuse them here now, and elsewhere as soon as they hear."""
        await self._remembered.announce_revoked(*(each.bytes for each in session_ids))

    def forget_user(self, user_id: Id) -> None:
        """The user's name or address changed: look their sessions up anew."""
        self._remembered.forget(lambda session: session.user_id == user_id)


async def _look_up(pool: Pool, key: bytes) -> Session | None:
    return await store.active_session(pool, UUID(bytes=key))
