"""Following a stream from a place in it, without gaps and without doubles, for as long as somebody reads."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from monitors_contracts.base import new_id

from .pull import StandingPull

BATCH = 64
QUIET_SECONDS = 5.0
# The server forgets the consumer of a reader that vanished.
FORGET_SECONDS = 60.0


async def follow(
    connection: Client, bus: JetStreamContext, stream: str, subject: str, after: int, *, headers_only: bool = False
) -> AsyncGenerator[tuple[int, Msg], None]:
    """Messages on `subject` behind the sequence `after`, with their sequences, old ones first, then as they come.

    With `headers_only` what they carry stays at the server. The consumer behind it lives in the server's memory; when it
    is lost (restart, gap after a reconnect) another one goes on from the last message given. Never ends by itself.
    """
    last = after
    while True:
        consumer = f"tail-{new_id().hex}"
        pull = StandingPull(connection, stream, consumer, BATCH)
        try:
            await bus.add_consumer(
                stream,
                ConsumerConfig(
                    name=consumer,
                    filter_subject=subject,
                    deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                    opt_start_seq=last + 1,
                    ack_policy=AckPolicy.NONE,
                    headers_only=headers_only or None,
                    inactive_threshold=FORGET_SECONDS,
                    mem_storage=True,
                    num_replicas=1,
                ),
            )
            await pull.open()
            async for message in _unbroken(bus, pull, stream, consumer):
                last = message.metadata.sequence.stream
                yield last, message
        except (NatsError, TimeoutError):
            await asyncio.sleep(0.5)
        finally:
            await pull.close()
            with contextlib.suppress(NatsError, TimeoutError):
                await bus.delete_consumer(stream, consumer)


async def _unbroken(bus: JetStreamContext, pull: StandingPull, stream: str, consumer: str) -> AsyncGenerator[Msg, None]:
    """The consumer's messages, until one is missing or the consumer is gone."""
    expected = 1
    while True:
        try:
            messages = await asyncio.wait_for(pull.next(BATCH), QUIET_SECONDS)
        except TimeoutError:
            try:
                await bus.consumer_info(stream, consumer)
            except NotFoundError:
                return
            continue
        for message in messages:
            if message.metadata.sequence.consumer != expected:
                return
            expected += 1
            yield message
