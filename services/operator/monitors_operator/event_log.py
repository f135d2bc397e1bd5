"""Reading and searching the platform's events where they are kept."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from monitors_contracts.base import Event, id_time
from monitors_contracts.catalogue import EVENTS
from monitors_runtime import history
from monitors_runtime.traces import Stored, correlated, stored, with_data

from .errors import BadInput, Failed

CLOCKS_APART = timedelta(seconds=1)
"""An id is made a moment before its event is stored, maybe on another machine."""
STREAMS = tuple(dict.fromkeys(kind.stream for kind in EVENTS))


# -- which events ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """Events by type, organization and entity; None for any."""

    kinds: tuple[type[Event], ...] = EVENTS
    organization: str | None = None
    entity: str | None = None

    def subjects(self) -> dict[str, list[str]]:
        """The subjects to read, by stream."""
        found: dict[str, list[str]] = {}
        for kind in self.kinds:
            subject = f"evt.{kind.aggregate}.{kind.action}.{self.organization or '*'}.{self.entity or '*'}"
            found.setdefault(kind.stream, []).append(subject)
        return found


def kinds_named(name: str | None) -> tuple[type[Event], ...]:
    """Event types by any name: `AlertTriggered`, `alert.triggered`, `alert`, the CloudEvents type. Raises BadInput."""
    if name is None:
        return EVENTS
    wanted = name.lower().removesuffix(".*")
    found = tuple(
        kind
        for kind in EVENTS
        if wanted in (kind.__name__.lower(), kind.type_name(), kind.aggregate, f"{kind.aggregate}.{kind.action}")
    )
    if not found:
        known = ", ".join(sorted({kind.aggregate for kind in EVENTS}))
        raise BadInput(f"there is no event type {name!r}: say one like alert.triggered, or all of {known}")
    return found


def identifier(text: str) -> UUID:
    """An id of ours. Raises BadInput."""
    try:
        found = UUID(text)
    except ValueError:
        raise BadInput(f"{text!r} is no id") from None
    if found.version != 7:
        raise BadInput(f"{text!r} is no id of this platform (they are UUIDs of version 7)")
    return found


# -- reading ---------------------------------------------------------------------------------------------------------


async def read(
    bus: JetStreamContext,
    wanted: Wanted,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    headers_only: bool = False,
) -> AsyncGenerator[Stored]:
    """The events wanted, one stream after the other, each in its order."""
    for stream, subjects in wanted.subjects().items():
        async for message in history.read(bus, stream, subjects, since=since, until=until, headers_only=headers_only):
            yield stored(stream, message.metadata.sequence.stream, message)


async def latest(
    bus: JetStreamContext, wanted: Wanted, since: datetime, until: datetime | None, most: int
) -> list[Stored]:
    """The newest events wanted, oldest first; `most` 0 for all."""
    kept: list[Stored] = []
    for stream, subjects in wanted.subjects().items():
        newest: deque[Stored] = deque(maxlen=most or None)
        async for message in history.read(bus, stream, subjects, since=since, until=until):
            newest.append(stored(stream, message.metadata.sequence.stream, message))
        kept += newest
    kept.sort(key=lambda event: (event.time, event.stream, event.sequence))
    return kept[-most:] if most else kept


async def listen(connection: Client, wanted: Wanted) -> asyncio.Queue[Stored]:
    """The events wanted from now on, as they are published; where each is kept is not known then."""
    queue: asyncio.Queue[Stored] = asyncio.Queue()

    async def put(message: Msg) -> None:
        queue.put_nowait(stored("", 0, message))

    for subjects in wanted.subjects().values():
        for subject in subjects:
            await connection.subscribe(subject, cb=put)
    return queue


async def find(bus: JetStreamContext, event_id: UUID) -> Stored | None:
    """The event with this id. The id tells when it was made, so only what came after is looked through."""
    async for event in read(bus, Wanted(), since=id_time(event_id) - CLOCKS_APART, headers_only=True):
        if event.id == str(event_id):
            return await with_data(bus, event)
    return None


# -- what belongs together -------------------------------------------------------------------------------------------


async def trace(bus: JetStreamContext, reference: UUID) -> list[Stored]:
    """Everything one check caused: by the refresh's id, or that of an event, an alert, a notification or a monitor (its
    latest refresh). Raises Failed when nothing is kept of it.
    """
    begin = await _begin(bus, reference)
    if begin is None:
        raise Failed(f"no event, refresh, alert or monitor {reference} in the streams (events are kept up to a year)")
    correlation, organization = UUID(begin.correlation), begin.subject.split(".")[3]
    since = min(id_time(correlation) - CLOCKS_APART, begin.time - CLOCKS_APART)
    places = Wanted(organization=organization).subjects().items()
    found, _ = await correlated(bus, places, str(correlation), since=since)
    return found


async def _begin(bus: JetStreamContext, reference: UUID) -> Stored | None:
    """One event of the trace meant."""
    for stream, subject in (
        ("MONITORS", f"evt.monitor.refresh-requested.*.{reference}"),
        ("ALERTS", f"evt.alert.triggered.*.{reference}"),
        ("ALERTS", f"evt.notification.*.*.{reference}"),
        ("MONITORS", f"evt.monitor.*.*.{reference}"),
    ):
        try:
            raw = await bus.get_last_msg(stream, subject)
        except NotFoundError:
            continue
        return Stored(stream, raw.seq or 0, raw.subject or "", dict(raw.headers or {}), None)
    async for event in read(bus, Wanted(), since=id_time(reference) - CLOCKS_APART, headers_only=True):
        if str(reference) in (event.correlation, event.id):
            return event
    return None
