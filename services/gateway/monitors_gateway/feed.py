"""The event feed: an organization's own events as they happen, each with the position to resume from."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from typing import Any

from nats.aio.msg import Msg

from monitors_contracts.base import Id
from monitors_contracts.envelope import plain_data
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Runtime
from monitors_runtime.tail import follow

from .domain.positions import Position

STREAMS = ("MONITORS", "ALERTS", "PAGES")
# Pages are told of without what is in them, which is large and nobody's who only wants to know how far a check is.
BARE_STREAMS = frozenset({"PAGES"})
WAITING_EVENTS = 256
IDLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event: its CloudEvents type, the place behind it, and what is sent."""

    type: str
    position: Position
    data: str


class Feed:
    """Open feeds of this process, a bounded number for each user."""

    def __init__(self, runtime: Runtime, per_user: int) -> None:
        self._runtime = runtime
        self._per_user = per_user
        self._open: Counter[Id] = Counter()
        self.closing = asyncio.Event()

    def close(self) -> None:
        """End all feeds; their readers come back with the position they have."""
        self.closing.set()

    async def position(self, last_event_id: str | None) -> Position:
        """Where to begin: behind the event the client saw last, or now. Problem: `invalid-event-id`."""
        bus = self._runtime.bus
        found = await asyncio.gather(*(bus.stream_info(stream) for stream in STREAMS))
        ends = Position(*(each.state.last_seq for each in found))
        if not last_event_id:
            return ends
        seen = Position.parse(last_event_id, ends)
        if seen is None:
            raise problem("invalid-event-id", "Invalid Last-Event-ID", 400, "Send back an id of this feed, unchanged.")
        return seen

    @contextlib.contextmanager
    def admit(self, user_id: Id) -> Generator[None, None, None]:
        """Count a feed of this user while it is open. Problem: `too-many-streams`."""
        if self._open[user_id] >= self._per_user:
            raise problem(
                "too-many-streams",
                "Too many open event streams",
                429,
                f"You may have {self._per_user} open at once; close one of the others.",
            )
        self._open[user_id] += 1
        try:
            yield
        finally:
            self._open[user_id] -= 1
            if not self._open[user_id]:
                del self._open[user_id]

    async def read(self, organization_id: Id, begin: Position) -> AsyncGenerator[FeedEvent | None, None]:
        """This organization's events of all streams behind `begin`; None when nothing happened for a second."""
        queue: asyncio.Queue[FeedEvent] = asyncio.Queue(WAITING_EVENTS)
        reached = begin
        putting = asyncio.Lock()

        async def pump(stream: str, after: int) -> None:
            nonlocal reached
            subject = f"evt.*.*.{organization_id}.>"
            bare = stream in BARE_STREAMS
            tail = follow(self._runtime.connection, self._runtime.bus, stream, subject, after, headers_only=bare)
            async with contextlib.aclosing(tail):
                async for sequence, message in tail:
                    # The position of an event says what came before it in the queue, so both move together.
                    async with putting:
                        reached = reached.after(stream, sequence)
                        await queue.put(_event(message, reached, organization_id, bare=bare))

        places = zip(STREAMS, (begin.monitors, begin.alerts, begin.pages), strict=True)
        pumps = [asyncio.create_task(pump(stream, after), name=f"feed {stream}") for stream, after in places]
        try:
            while not self.closing.is_set():
                try:
                    yield await asyncio.wait_for(queue.get(), IDLE_SECONDS)
                except TimeoutError:
                    for task in pumps:
                        if task.done():
                            task.result()
                    yield None
        finally:
            for task in pumps:
                task.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)


def _event(message: Msg, position: Position, organization_id: Id, *, bare: bool) -> FeedEvent:
    headers = message.headers or {}
    kind = headers.get("ce-type", "")
    body = {
        "id": headers.get("ce-id"),
        "type": kind,
        "time": headers.get("ce-time"),
        "correlationId": headers.get("ce-correlationid"),
        "data": _page_ids(headers, organization_id) if bare else json.loads(plain_data(headers, message.data)),
    }
    return FeedEvent(kind, position, json.dumps(body, separators=(",", ":")))


def _page_ids(headers: dict[str, Any], organization_id: Id) -> dict[str, Any]:
    """Whose page it is: a page event is about its monitor, and all that a refresh causes carries the refresh's id."""
    return {
        "organizationId": str(organization_id),
        "monitorId": headers.get("ce-subject"),
        "refreshId": headers.get("ce-correlationid"),
    }
