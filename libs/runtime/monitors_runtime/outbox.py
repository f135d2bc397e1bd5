"""The outbox: events wait in the database until the bus has them for good."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from nats.js import JetStreamContext

from monitors_contracts.envelope import Envelope
from monitors_contracts.streams import STREAMS

from . import telemetry
from .database import Connection, Pool, Writes, connect_alone
from .erasure import erased
from .errors import Permanent

log = structlog.get_logger(__name__)

INSERT = """
INSERT INTO runtime.outbox (service, subject, stream, headers, data)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::jsonb[], $5::bytea[])
"""
INSERT_UNLESS_ERASED = "WITH saved AS (" + INSERT + ") SELECT * FROM runtime.erased_among($1, $6)"  # noqa: S608 - two constants
# One relay a service, so that order is kept; the row lock of a publishing relay is not needed on top.
WAITING = """
SELECT position, service, subject, stream, headers, data FROM runtime.outbox
WHERE service = ANY($1) AND published_at IS NULL ORDER BY position LIMIT $2
"""
PUBLISHED = "UPDATE runtime.outbox SET published_at = now() WHERE position = ANY($1)"
UNPUBLISHED = "SELECT headers, data FROM runtime.outbox WHERE published_at IS NULL ORDER BY position"
PURGE = "DELETE FROM runtime.outbox WHERE published_at < now() - $1::interval"
WAKE = "outbox_waiting"
STOP_SECONDS = 2
_HEADER_BYTES = 8192
_MOST_BYTES = {stream.name: stream.max_message_bytes - _HEADER_BYTES for stream in STREAMS}


async def save(db: Connection, service: str, envelopes: Sequence[Envelope]) -> None:
    """Put events into the outbox, as part of the caller's transaction. Their organizations are known to be there.

    Raises Permanent for one that its stream would never take: nothing could be published after it.
    """
    writes = Writes()
    add(writes, service, envelopes)
    await writes.send(db)


def add(writes: Writes, service: str, envelopes: Sequence[Envelope]) -> None:
    """The same, along with other writes."""
    if envelopes:
        writes.add(INSERT, *_columns(service, envelopes))


async def save_unless_erased(db: Connection, service: str, envelopes: Sequence[Envelope]) -> None:
    """The same, and refuses events of an organization that is gone. Problem: `organization-deleted`."""
    if envelopes:
        organizations = list({envelope.event.organization_id for envelope in envelopes})
        if await db.fetch(INSERT_UNLESS_ERASED, *_columns(service, envelopes), organizations):
            raise erased()


def _columns(service: str, envelopes: Sequence[Envelope]) -> tuple[Any, ...]:
    data = [envelope.data() for envelope in envelopes]
    for envelope, packed in zip(envelopes, data, strict=True):
        if len(packed) > _MOST_BYTES[envelope.event.stream]:
            raise Permanent(f"{envelope.event.type_name()} of {len(packed)} bytes is too large for its stream")
    return (
        service,
        [envelope.event.subject for envelope in envelopes],
        [envelope.event.stream for envelope in envelopes],
        [envelope.headers() for envelope in envelopes],
        data,
    )


class Relay:
    """Publishes the outbox of some services, in order. Copies compete by advisory lock; one publishes, the rest wait."""

    def __init__(self, pool: Pool, bus: JetStreamContext, url: str, services: Sequence[str], keep: timedelta) -> None:
        self._pool = pool
        self._bus = bus
        self._url = url
        self._services = list(services)
        self._keep = keep
        self._wake = asyncio.Event()
        self._owned: list[str] = []
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._asking: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Publish from now on."""
        self._task = asyncio.create_task(self._run(), name="outbox relay")

    async def stop(self) -> None:
        """Publish what is committed, unless that takes long; then stop."""
        if self._task:
            self._stopping = True
            self._wake.set()
            await asyncio.wait([self._task], timeout=STOP_SECONDS)
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def wake(self, service: str) -> None:
        """Something was committed. Wakes the relay here, or the copy that has the lock."""
        if service in self._owned:
            self._wake.set()
        else:
            task = asyncio.create_task(self._wake_elsewhere())
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _wake_elsewhere(self) -> None:
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await self._pool.execute("SELECT pg_notify($1, '')", WAKE)

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._relay_while_connected()
            except asyncio.CancelledError:
                raise
            except Exception as failure:
                log.warning("outbox relay interrupted, trying again", error=repr(failure)[:300])
                await asyncio.sleep(0.5)

    async def _relay_while_connected(self) -> None:
        # What it writes is that something is published. Should that be lost with the machine, it is published once more, and
        # the bus drops the copy by its id; so that it need not wait for the disk.
        connection = await connect_alone(self._url, synchronous_commit="off")
        try:
            await connection.add_listener(WAKE, lambda *_: self._wake.set())
            purge_at = asyncio.get_running_loop().time() + 30
            while True:
                last = self._stopping
                await self._own(connection)
                while self._owned and await self._publish_some(connection):
                    pass
                if last:
                    return
                if asyncio.get_running_loop().time() > purge_at:
                    purge_at += 30
                    await connection.execute(PURGE, self._keep)
                # Without the lock, look for it now and then; with it, a lost wake-up costs this much at most.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await self._wake.wait()
                self._wake.clear()
                if connection.is_closed():
                    raise ConnectionError("database connection closed")
        finally:
            self._owned = []
            with contextlib.suppress(Exception):
                await connection.close(timeout=1)

    async def _own(self, connection: Connection) -> None:
        for service in self._services:
            if service not in self._owned and await connection.fetchval(
                "SELECT pg_try_advisory_lock(hashtext('outbox relay'), hashtext($1))", service
            ):
                self._owned.append(service)

    async def _publish_some(self, connection: Connection, limit: int = 500) -> bool:
        """Publish one batch, pipelined. True when there may be more."""
        rows = await connection.fetch(WAITING, self._owned, limit)
        if not rows:
            return False
        acks = [
            await self._bus.publish_async(row["subject"], row["data"], stream=row["stream"], headers=row["headers"])
            for row in rows
        ]
        async with asyncio.timeout(10):
            done = await asyncio.gather(*acks, return_exceptions=True)
        stored: list[int] = []
        for row, ack in zip(rows, done, strict=True):
            if isinstance(ack, BaseException):
                log.warning("publish failed, trying again", subject=row["subject"], error=repr(ack))
                break  # what follows waits, so that order is kept; the message id drops what did arrive
            stored.append(row["position"])
            telemetry.PUBLISHED.labels(row["service"]).inc()
        await connection.execute(PUBLISHED, stored)
        if len(stored) < len(rows):
            await asyncio.sleep(0.5)
        return len(rows) == limit or len(stored) < len(rows)
