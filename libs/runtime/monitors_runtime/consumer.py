"""How every event is handled: decoded, done once, committed in groups, retried, or put with the dead letters."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from monitors_contracts.base import Event, Id
from monitors_contracts.catalogue import EVENTS_BY_TYPE
from monitors_contracts.envelope import Envelope, UndecodableMessage, decode

from . import dead_letters, outbox, telemetry
from .database import DATABASE_AWAY, DATABASE_CONFLICT, Pool
from .errors import Permanent, ProblemError, Retryable
from .paced import Paced
from .pull import StandingPull
from .transaction import Transaction

log = structlog.get_logger(__name__)

E = TypeVar("E", bound=Event)
R = TypeVar("R")
T = TypeVar("T")

# Which of these are new, and which organizations are gone.
INBOX = """
WITH fresh AS (
    INSERT INTO runtime.inbox (durable, event_id) SELECT $1, * FROM unnest($2::uuid[])
    ON CONFLICT DO NOTHING RETURNING event_id
)
SELECT ARRAY(SELECT event_id FROM fresh) AS fresh,
    ARRAY(SELECT * FROM runtime.erased_among($3, $4)) AS erased
"""
IN_PROGRESS_SECONDS = 3
ACK_WAIT_SECONDS = 10
SILENT_SECONDS = 15
GROUP = 64


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """An event, the envelope it came in, and how often it has been tried (1 at first)."""

    event: E
    envelope: Envelope
    attempt: int


@dataclass(frozen=True, slots=True)
class Unit(Generic[E, R]):
    """One message of a group: the transaction to publish by, the event, and what `work` made of it."""

    tx: Transaction
    received: Received[E]
    result: R


Work = Callable[[Received[Any]], Awaitable[Any]]
Save = Callable[..., Awaitable[None]]
SaveAll = Callable[[Sequence[Unit[Any, Any]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Item:
    """A message on its way through a consumer, with what `work` made of it."""

    message: Msg
    received: Received[Any]
    result: Any


def one_each(units: Sequence[T], key: Callable[[T], Any]) -> Iterator[list[T]]:
    """A group in turns: in each turn every key comes once, and what has one key keeps its order."""
    waiting = list(units)
    while waiting:
        first = {key(unit): unit for unit in reversed(waiting)}
        yield [unit for unit in waiting if first[key(unit)] is unit]
        waiting = [unit for unit in waiting if first[key(unit)] is not unit]


class Consumer:
    """One durable consumer.

    `save(tx, received)` runs in a transaction shared with the inbox, the outbox and, under load, with other messages; when
    one of a group fails, each is done alone. With `work`, that runs first, without a transaction, up to `concurrency` at
    once (for what takes long: fetching, sending), and `save(tx, received, result)` gets what it returned. On a hot path,
    `save_all(units)` takes the place of `save` and gets the whole group, which shares one connection; groups that are not
    full begin `pace` seconds apart. A message is acknowledged after the commit. `work` alone commits what it does itself,
    and knows what it did before.
    """

    def __init__(
        self,
        *,
        service: str,
        durable: str,
        stream: str,
        save: Save | None,
        save_all: SaveAll | None,
        work: Work | None,
        concurrency: int,
        attempts: int,
        pace: float = 0,
    ) -> None:
        self.service = service
        self.durable = durable
        self.stream = stream
        self._save = save
        self._save_all = save_all
        self._work = work
        self._concurrency = concurrency
        self._attempts = attempts
        self._ready: asyncio.Queue[Item] = asyncio.Queue()
        self._groups = Paced(self._ready, GROUP, pace)
        self._tasks: list[asyncio.Task[None]] = []
        self._working: set[asyncio.Task[None]] = set()
        self._held: dict[str, Msg] = {}

    def start(self, connection: Client, pool: Pool, relay: outbox.Relay) -> None:
        """Consume from now on."""
        self._connection, self._pool, self._relay = connection, pool, relay
        self._pull = StandingPull(connection, self.stream, self.durable, self._concurrency if self._work else GROUP * 2)
        for job in (self._take_messages, self._commit_groups, self._keep_alive):
            self._tasks.append(asyncio.create_task(self._forever(job), name=f"{self.durable}: {job.__name__}"))

    async def stop(self) -> None:
        """Stop; what was not committed is delivered again."""
        for task in [*self._tasks, *self._working]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._working, return_exceptions=True)
        if self._tasks:
            await self._pull.close()
        self._tasks.clear()

    @property
    def healthy(self) -> bool:
        """Whether the consumer still exists at the server and our tasks run."""
        return (
            bool(self._tasks)
            and not any(task.done() for task in self._tasks)
            and self._pull.silent_for < SILENT_SECONDS
        )

    async def _forever(self, job: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await job()
            except asyncio.CancelledError:
                raise
            except Exception as failure:
                log.exception("consumer interrupted, going on", durable=self.durable, error=repr(failure))
                await asyncio.sleep(0.5)

    # -- from message to item ---------------------------------------------------------------------------------------

    async def _take_messages(self) -> None:
        await self._pull.open()
        slots = asyncio.Semaphore(self._concurrency)
        while True:
            if not self._work:
                for message in await self._pull.next(GROUP):
                    if item := await self._decode(message):
                        self._ready.put_nowait(item)
                while self._ready.qsize() > GROUP * 2:
                    await asyncio.sleep(0.005)
                continue
            await slots.acquire()
            [message] = await self._pull.next(1)
            task = asyncio.create_task(self._do_work(message))
            self._working.add(task)
            task.add_done_callback(lambda task: (self._working.discard(task), slots.release()))

    async def _decode(self, message: Msg) -> Item | None:
        self._held[message.reply] = message
        try:
            envelope = decode(message.headers, message.data, EVENTS_BY_TYPE)
        except UndecodableMessage as reason:
            await self._give_up(message, str(reason))
            return None
        return Item(message, Received(envelope.event, envelope, message.metadata.num_delivered), None)

    async def _do_work(self, message: Msg) -> None:
        assert self._work
        item = await self._decode(message)
        if item is None:
            return
        try:
            with telemetry.tracer.start_as_current_span(
                f"{self.durable} work", context=telemetry.parent(message.headers)
            ):
                result = await self._work(item.received)
        except asyncio.CancelledError:
            raise
        except Exception as failure:
            await self._settle_failure(item, failure)
        else:
            if self._save or self._save_all:
                self._ready.put_nowait(Item(message, item.received, result))
            else:
                await self._handled([item])

    async def _keep_alive(self) -> None:
        """Tell the server that what takes long is still being done, so that it is not given to another copy."""
        while True:
            await asyncio.sleep(IN_PROGRESS_SECONDS)
            for message in list(self._held.values()):
                with contextlib.suppress(NatsError):
                    await message.in_progress()

    # -- from item to commit ----------------------------------------------------------------------------------------

    async def _commit_groups(self) -> None:
        while True:
            await self._commit_or_settle(await self._groups.next())

    async def _commit_or_settle(self, group: Sequence[Item]) -> None:
        """Commit, in place however long the database is away, so that order is kept."""
        again = True
        while True:
            try:
                await self._commit(group)
            except Exception as failure:
                if isinstance(failure, DATABASE_AWAY) and (await self._database_is_away() or again):
                    again = False  # it is back by now: once more before the message is blamed
                    continue
                if len(group) == 1:
                    await self._settle_failure(group[0], failure)
                else:  # one of them failed: find it by doing each alone
                    for item in group:
                        await self._commit_or_settle([item])
            return

    async def _commit(self, group: Sequence[Item]) -> None:
        begun = time.perf_counter()
        async with self._pool.acquire() as db, db.transaction():
            ids = {item.received.envelope.id for item in group}
            organizations = {item.received.event.organization_id for item in group}
            begins = await db.fetchrow(INBOX, self.durable, list(ids), self.service, list(organizations))
            assert begins
            fresh, erased = set[Id](begins["fresh"]), set[Id](begins["erased"])
            units: list[Unit[Any, Any]] = []
            for item in group:
                envelope = item.received.envelope
                if envelope.id in fresh and item.received.event.organization_id not in erased:
                    fresh.discard(envelope.id)
                    units.append(Unit(Transaction(self.service, db, envelope), item.received, item.result))
            if self._save_all and units:
                await self._save_all(units)
            elif self._save:
                await self._save_each(units, self._save)
            waiting: list[Envelope] = [envelope for unit in units for envelope in unit.tx.waiting]
            await outbox.save(db, self.service, waiting)
        for unit in units:
            unit.tx.committed()
        if waiting:
            self._relay.wake(self.service)
        telemetry.GROUP_SIZE.labels(self.durable).observe(len(group))
        telemetry.HANDLING.labels(self.durable).observe(time.perf_counter() - begun)
        await self._handled(group)

    async def _handled(self, group: Sequence[Item]) -> None:
        now = datetime.now(UTC)
        telemetry.EVENTS.labels(self.durable, "handled").inc(len(group))
        for item in group:
            telemetry.EVENT_AGE.labels(self.durable).observe((now - item.received.envelope.time).total_seconds())
            await self._settle(item.message.ack, item.message)

    async def _save_each(self, units: Sequence[Unit[Any, Any]], save: Save) -> None:
        for unit in units:
            headers = {"traceparent": unit.received.envelope.traceparent or ""}
            with telemetry.tracer.start_as_current_span(self.durable, context=telemetry.parent(headers)):
                if self._work:
                    await save(unit.tx, unit.received, unit.result)
                else:
                    await save(unit.tx, unit.received)

    async def _database_is_away(self) -> bool:
        """Whether the database does not answer; waits a little when it does not."""
        try:
            async with asyncio.timeout(5):
                await self._pool.fetchval("SELECT 1")
        except DATABASE_AWAY as away:
            log.warning("database is away, waiting", durable=self.durable, error=repr(away)[:200])
            await asyncio.sleep(0.5 + random.random() / 2)  # noqa: S311 - spreads load, keeps no secret
            return True
        return False

    # -- when it fails ----------------------------------------------------------------------------------------------

    async def _settle_failure(self, item: Item, failure: Exception) -> None:
        message, attempt = item.message, item.received.attempt
        if isinstance(failure, Permanent | ProblemError):
            await self._give_up(message, f"{type(failure).__name__}: {failure}")
            return
        if isinstance(failure, DATABASE_CONFLICT):
            delay: float | None = 0.05
        elif isinstance(failure, DATABASE_AWAY) and await self._database_is_away():
            delay = 2.0
        elif attempt >= self._attempts:
            await self._give_up(message, f"gave up after {attempt} tries: {failure!r}"[:2000])
            return
        elif isinstance(failure, Retryable):
            delay = failure.delay
        else:
            delay = None
            log.error("handler failed", durable=self.durable, attempt=attempt, exc_info=failure)
        telemetry.EVENTS.labels(self.durable, "retried").inc()
        pause = backoff(attempt) if delay is None else delay
        await self._settle(lambda: message.nak(delay=pause), message)

    async def _give_up(self, message: Msg, reason: str) -> None:
        """To the dead letters, and only then off the stream's list; an unreachable bus leaves it to be delivered again."""
        log.warning("dead letter", durable=self.durable, subject=message.subject, reason=reason[:300])
        try:
            await dead_letters.put(self._connection.jetstream(), self.durable, message, reason)
        except NatsError as failure:
            log.error("dead letter not stored, trying again", durable=self.durable, error=repr(failure))
            self._held.pop(message.reply, None)
            return
        telemetry.DEAD_LETTERS.labels(self.durable).inc()
        telemetry.EVENTS.labels(self.durable, "dead").inc()
        await self._settle(message.term, message)

    async def _settle(self, settle: Callable[[], Awaitable[None]], message: Msg) -> None:
        self._held.pop(message.reply, None)
        with contextlib.suppress(NatsError):  # a lost answer means a redelivery, and the inbox makes that harmless
            await settle()


def backoff(attempt: int) -> float:
    """Seconds before try `attempt` + 1: 0.5, 1, 2 ... 60, with a fifth of jitter."""
    return min(60.0, 0.25 * 2 ** min(attempt, 10)) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, keeps no secret
