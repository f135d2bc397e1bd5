"""A standing pull on a durable consumer: one request always open at the server, messages the moment they exist.

nats-py's `fetch(n)` (which FastStream's pull subscribers call) waits for the rest of a batch, or polls one by one; see
docs/adr/0003. This keeps a request open instead, in the manner of the consume() of other clients.
Wire protocol: NATS ADR-37 (simplified JetStream consumers), $JS.API.CONSUMER.MSG.NEXT.
"""

import asyncio
import contextlib
import json
from collections import deque

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

EXPIRES_SECONDS = 30
HEARTBEAT_SECONDS = 3


class StandingPull:
    """Messages of one durable. At most `capacity` are here unhandled or asked for, so that copies share fairly."""

    def __init__(self, connection: Client, stream: str, durable: str, capacity: int) -> None:
        self._connection = connection
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._capacity = capacity
        self._asked = 0
        self._arrived: deque[Msg] = deque()
        self._news = asyncio.Event()
        self._heard_at = 0.0
        self._subscription: Subscription | None = None

    async def open(self) -> None:
        """Begin to listen."""
        self._heard_at = asyncio.get_running_loop().time()
        inbox = self._connection.new_inbox()
        self._subscription = await self._connection.subscribe(inbox, cb=self._take)

    async def close(self) -> None:
        """Stop listening; what is here unhandled is delivered again elsewhere."""
        if self._subscription:
            with contextlib.suppress(NatsError):
                await self._subscription.unsubscribe()

    @property
    def silent_for(self) -> float:
        """Seconds since the server last said anything: over 3 heartbeats means that the consumer is gone."""
        return asyncio.get_running_loop().time() - self._heard_at if self._heard_at else 0.0

    async def next(self, limit: int) -> list[Msg]:
        """What has arrived, at least one message and at most `limit`."""
        while not self._arrived:
            await self._ask()
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                # Not wait_for: Python 3.11's loses a cancellation that arrives together with the news.
                async with asyncio.timeout(HEARTBEAT_SECONDS * 2.5):
                    await self._news.wait()
                continue
            self._asked = 0  # not even a heartbeat: the request was lost with a connection or a server
        taken = [self._arrived.popleft() for _ in range(min(limit, len(self._arrived)))]
        await self._ask()
        return taken

    async def _ask(self) -> None:
        room = self._capacity - self._asked - len(self._arrived)
        if room <= self._capacity // 2:
            return
        request = {
            "batch": room,
            "expires": EXPIRES_SECONDS * 1_000_000_000,
            "idle_heartbeat": HEARTBEAT_SECONDS * 1_000_000_000,
        }
        assert self._subscription
        with contextlib.suppress(NatsError):
            await self._connection.publish(self._subject, json.dumps(request).encode(), self._subscription.subject)
            self._asked += room

    async def _take(self, message: Msg) -> None:
        # What can be acknowledged is a message, whatever its headers say; the server's own words have no reply subject.
        status = (message.headers or {}).get("Status") if not message.reply else None
        if status != "503":  # nobody answers for a consumer that is gone
            self._heard_at = asyncio.get_running_loop().time()
        if message.reply:
            self._asked -= 1
            self._arrived.append(message)
        elif status != "100":  # the request ended: expired, or its consumer or server went away
            unserved = (message.headers or {}).get("Nats-Pending-Messages")
            self._asked = max(0, self._asked - int(unserved)) if unserved else 0
            if status != "408" and not unserved:
                await asyncio.sleep(0.2)
        self._news.set()
