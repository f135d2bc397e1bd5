"""Which ping addresses are good: every key names its heartbeat by itself; only whether it was rotated is looked up."""

import asyncio
from collections.abc import Sequence

import structlog

from monitors_contracts.base import Id
from monitors_contracts.platform import PingKeyRotated
from monitors_contracts.signed import InvalidToken
from monitors_runtime.database import DATABASE_AWAY, Pool
from monitors_runtime.runtime import Runtime, Service

from .auth.remembered import Remembered
from .domain.ping_keys import Pinged, make_key, read_key, unpacked
from .store import ping_keys as store

log = structlog.get_logger(__name__)

ROTATED_SUBJECT = "gateway.ping-key-rotated"
REFUSE_SECONDS = 60
PATIENCE_SECONDS = 1.0


class PingKeys:
    """One a process."""

    def __init__(self, runtime: Runtime, service: Service) -> None:
        self._runtime = runtime
        self._service = service
        self._good: Remembered[Pinged] = Remembered(ROTATED_SUBJECT, REFUSE_SECONDS, _look_up)

    async def listen(self) -> None:
        """Begin: from now on other processes' rotations are heard."""
        await self._good.listen(self._runtime.pool, self._runtime.connection)

    async def read(self, key: str) -> Pinged:
        """What the key names. Raises InvalidToken.

        While the database is away, keys are believed by their signatures alone: a ping that is lost wakes somebody, one more by
        an old address harms nobody.
        """
        pinged = read_key(key, self._secret)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                good = await self._good.find(pinged.packed())
        except (TimeoutError, *DATABASE_AWAY) as away:
            log.warning("database is away, a ping's key is believed", error=repr(away)[:200])
            return pinged
        if good is None:
            raise InvalidToken("it was rotated")
        return pinged

    async def keys(self, organization_id: Id, heartbeats: Sequence[Id]) -> dict[Id, str]:
        """The good key of each of these heartbeats."""
        found = await store.generations(self._runtime.pool, organization_id, heartbeats)
        return {each: make_key(Pinged(organization_id, each, found.get(each, 0)), self._secret) for each in heartbeats}

    async def rotate(self, organization_id: Id, heartbeat_id: Id, user_id: Id) -> None:
        """Make another key; the ones before are refused, here at once and elsewhere as soon as it is heard."""
        async with self._service.transaction(correlation=heartbeat_id) as tx:
            await store.lock(tx.db, heartbeat_id)
            known = (await store.generations(tx.db, organization_id, [heartbeat_id])).get(heartbeat_id, 0)
            event = PingKeyRotated(
                organization_id=organization_id,
                heartbeat_id=heartbeat_id,
                user_id=user_id,
                generation=known + 1,
                rotated_at=tx.now,
            )
            await store.apply(tx.db, event)
            tx.publish(event)
        await self._good.announce_revoked(Pinged(organization_id, heartbeat_id, known).packed())

    @property
    def _secret(self) -> str:
        key = self._runtime.settings.secret_key
        assert key  # the gateway refused to be made without one
        return key.get_secret_value()


async def _look_up(pool: Pool, packed: bytes) -> Pinged | None:
    pinged = unpacked(packed)
    found = await store.generations(pool, pinged.organization_id, [pinged.heartbeat_id])
    return pinged if found.get(pinged.heartbeat_id, 0) == pinged.generation else None
