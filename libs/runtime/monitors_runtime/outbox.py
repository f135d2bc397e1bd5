"""The outbox: events wait in the database until the bus has them for good."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from monitors_contracts.envelope import Envelope
from monitors_contracts.streams import STREAMS

from . import telemetry, together
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
PUBLISH_SECONDS = 10
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

    def __init__(self, pool: Pool, connection: Client, url: str, services: Sequence[str], keep: timedelta) -> None:
        self._pool = pool
        self._connection = connection
        self._bus = connection.jetstream(timeout=PUBLISH_SECONDS, publish_async_max_pending=4000)
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
        """Publish what waits, each stream's messages in their order. True when there may be more."""
        rows = await connection.fetch(WAITING, self._owned, limit)
        if not rows:
            return False
        streams: dict[str, list[asyncpg.Record]] = {}
        for row in rows:
            streams.setdefault(row["stream"], []).append(row)
        done = await asyncio.gather(*(self._publish_to(stream, each) for stream, each in streams.items()))
        stored = [position for positions in done for position in positions]
        await connection.execute(PUBLISHED, stored)
        if len(stored) < len(rows):
            await asyncio.sleep(0.5)
        return len(rows) == limit or len(stored) < len(rows)

    async def _publish_to(self, stream: str, rows: Sequence[asyncpg.Record]) -> list[int]:
        """Publish to one stream; the positions of what it has for good. What follows a failure waits, so that order is kept."""
        stored: list[int] = []
        for batch in together.batches(rows):
            try:
                took_all = len(batch) >= together.FEWEST and await together.publish(
                    self._connection, batch, PUBLISH_SECONDS
                )
                now = len(batch) if took_all else await self._publish_each(stream, batch)
            except (TimeoutError, NatsError) as failure:
                log.warning("publish failed, trying again", stream=stream, error=repr(failure))
                break
            for row in batch[:now]:
                stored.append(row["position"])
                telemetry.PUBLISHED.labels(row["service"]).inc()
            if now < len(batch):
                break
        return stored

    async def _publish_each(self, stream: str, rows: Sequence[asyncpg.Record]) -> int:
        """One by one, pipelined, so that what the stream knows already is passed over by its id; how many it has."""
        acks = [
            await self._bus.publish_async(row["subject"], row["data"], stream=stream, headers=row["headers"])
            for row in rows
        ]
        async with asyncio.timeout(PUBLISH_SECONDS):
            done = await asyncio.gather(*acks, return_exceptions=True)
        for number, (row, ack) in enumerate(zip(rows, done, strict=True)):
            if isinstance(ack, BaseException):
                log.warning("publish failed, trying again", subject=row["subject"], error=repr(ack))
                return number
        return len(rows)
