"""What tries came to is written down: the ledger, the events and the end of the claim in one commit, of many tries at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from monitors_contracts.base import Id
from monitors_contracts.envelope import Envelope
from monitors_contracts.notifications import NotificationEvent, OutboxMessage
from monitors_runtime import outbox
from monitors_runtime.database import DATABASE_AWAY, DATABASE_CONFLICT, Writes
from monitors_runtime.erasure import erased_among
from monitors_runtime.paced import Paced
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import store
from .claims import Claims
from .store import Key

log = structlog.get_logger(__name__)

GROUP = 64
PACE = 0.02
"""Seconds from one commit to the next, unless so many wait: the messages are out by then, and nobody is kept waiting."""


@dataclass(frozen=True)
class Outcome:
    """What follows from a try, or from there being none. `ends_claim`: the claim on `key` ends with it.

    `cause` is what the try was made for, where that was an event; else the events belong to what `correlation` began.
    """

    key: Key
    events: Sequence[NotificationEvent] = ()
    outbox: Sequence[OutboxMessage] = ()
    cause: Envelope | None = None
    correlation: Id | None = None
    ends_claim: bool = True


@dataclass(frozen=True)
class _Waiting:
    outcome: Outcome
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Committer:
    """Commits outcomes in the order they came, several together when they come fast."""

    def __init__(self, service: Service, claims: Claims) -> None:
        self._service = service
        self._claims = claims
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue()

    async def save(self, outcome: Outcome) -> None:
        """Return once it is committed, however long the database is away. Raises why it can never be."""
        waiting = _Waiting(outcome)
        self._waiting.put_nowait(waiting)
        await waiting.done

    async def run(self) -> None:
        """Commit until cancelled."""
        groups = Paced(self._waiting, GROUP, PACE)
        while True:
            await self._settle(await groups.next())

    async def _settle(self, group: Sequence[_Waiting]) -> None:
        while True:
            try:
                await self._commit([each.outcome for each in group])
            except (*DATABASE_AWAY, *DATABASE_CONFLICT) as away:
                log.warning("what tries came to is not written yet, trying again", error=repr(away)[:200])
                await asyncio.sleep(0.5)
                continue
            except Exception as failure:
                if len(group) > 1:  # one of them can't be written: find it by writing each alone
                    for each in group:
                        await self._settle([each])
                elif not group[0].done.done():
                    self._claims.forget([group[0].outcome.key])
                    group[0].done.set_exception(failure)
            else:
                for each in group:
                    if not each.done.done():
                        each.done.set_result(None)
            return

    async def _commit(self, outcomes: Sequence[Outcome]) -> None:
        name, ended = self._service.name, [each.key for each in outcomes if each.ends_claim]
        async with self._service.runtime.pool.acquire() as db, db.transaction():
            erased = await erased_among(db, name, {each.key.organization_id for each in outcomes})
            kept = [each for each in outcomes if each.key.organization_id not in erased]
            waiting: list[Envelope] = []
            for each in kept:
                transaction = Transaction(name, db, each.cause, each.correlation)
                transaction.publish(*each.events)
                waiting += transaction.waiting
            writes = Writes()
            letters = [(each.key.organization_id, message) for each in kept for message in each.outbox]
            store.add_outbox_messages(writes, letters)
            await store.write_all(db, writes, [event for each in kept for event in each.events])
            self._claims.free(writes, ended)
            outbox.add(writes, name, waiting)
            await writes.send(db)
        self._claims.forget(ended)
        if waiting:
            self._service.runtime.relay.wake(name)
