"""Rebuilding a service's state from its own events.

Live changes and replays write state by the same `apply` functions, and an event applied before changes nothing; so state
rebuilt from the stream equals the live one, twice is the same as once, and nobody is notified: applying publishes nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nats.js import JetStreamContext

from monitors_contracts.base import Event
from monitors_contracts.catalogue import EVENTS_BY_TYPE
from monitors_contracts.envelope import UndecodableMessage, decode

from . import erasure, history, outbox
from .database import Connection, Pool

Apply = Callable[[Connection, Any], Awaitable[None]]


@dataclass(frozen=True)
class Projection:
    """Tables that are made of events of one stream, and how one event is put into them."""

    events: tuple[type[Event], ...]
    apply: Apply
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Replayed:
    """What a replay did."""

    events: int
    unreadable: int


async def replay(
    pool: Pool,
    bus: JetStreamContext,
    projections: list[Projection],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    from_empty: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Replayed:
    """Apply the stream's events once more. `from_empty` forgets the tables first, in the same transaction as the rebuild.

    Events of organizations that were erased are passed over.
    Tables that are forgotten are locked: live changes wait for the end of the rebuild.
    """
    count = unreadable = 0
    unpublished: list[Event] = []
    async with pool.acquire() as db, db.transaction():
        erased = await erasure.erased_anywhere(db)
        if from_empty:
            tables = [table for projection in projections for table in projection.tables]
            await db.execute(f"TRUNCATE {', '.join(tables)}")
            if until is None:
                unpublished = await _unpublished(db)
        for projection in projections:
            subjects = [f"evt.{event.aggregate}.{event.action}.>" for event in projection.events]
            stream = projection.events[0].stream
            async for message in history.read(bus, stream, subjects, since=since, until=until):
                try:
                    envelope = decode(message.headers, message.data, EVENTS_BY_TYPE)
                except UndecodableMessage:
                    unreadable += 1
                    continue
                if envelope.event.organization_id in erased:
                    continue
                await projection.apply(db, envelope.event)
                count += 1
                progress(count)
        for event in unpublished:
            for projection in projections:
                if isinstance(event, projection.events) and event.organization_id not in erased:
                    await projection.apply(db, event)
    return Replayed(count, unreadable)


async def _unpublished(db: Connection) -> list[Event]:
    """Events whose changes were forgotten with the rest, but which the bus may not have yet."""
    rows = await db.fetch(outbox.UNPUBLISHED)
    return [decode(row["headers"], row["data"], EVENTS_BY_TYPE).event for row in rows]
