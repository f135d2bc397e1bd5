"""Whether the stream of measurements holds so much that storage has not seen that it might soon lose some of it.

A full stream lets go of its oldest messages, seen or not. Before it comes to that, nothing more is taken in.
"""

import asyncio
import contextlib

import structlog
from nats.errors import Error as NatsError

from monitors_contracts.metrics import MetricBatchCollected
from monitors_contracts.streams import STREAMS
from monitors_contracts.topology import consumers_of
from monitors_runtime.runtime import Runtime

log = structlog.get_logger(__name__)

EVERY_SECONDS = 5
_SAFE_SHARE = 0.8
[_STREAM] = [stream for stream in STREAMS if stream.name == MetricBatchCollected.stream]
[_STORAGE] = [durable.name for durable in consumers_of(MetricBatchCollected) if durable.service == "metrics"]


def endangered(messages: int, size: int, unread: int, most: int) -> bool:
    """Whether what is unread fills too much of a stream that has this many messages and bytes, and at most `most` bytes."""
    return messages > 0 and size * min(1.0, unread / messages) > _SAFE_SHARE * most


class Backlog:
    """`full` says that no more should be taken in."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.full = False

    async def watch(self) -> None:
        """Look now and then, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError, NatsError):
                await self.look()
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Look once."""
        bus = self._runtime.bus
        state = (await bus.stream_info(_STREAM.name)).state
        storage = await bus.consumer_info(_STREAM.name, _STORAGE)
        unread = (storage.num_pending or 0) + (storage.num_ack_pending or 0)
        full = endangered(state.messages, state.bytes, unread, _STREAM.max_bytes)
        if full != self.full:
            log.warning(
                "storage is behind: no measurements are taken" if full else "storage has caught up", unread=unread
            )
        self.full = full
