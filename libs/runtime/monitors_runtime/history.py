"""Reading a stream's past: for replays, traces, event listings and dead letters."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

BATCH = 500
PATIENCE_SECONDS = 10


async def read(
    bus: JetStreamContext,
    stream: str,
    subjects: Sequence[str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    headers_only: bool = False,
) -> AsyncIterator[Msg]:
    """Messages stored from `since` (inclusive) to `until` (exclusive), or to what is the end now, oldest first."""
    config = ConsumerConfig(
        filter_subjects=list(subjects),
        deliver_policy=DeliverPolicy.BY_START_TIME if since else DeliverPolicy.ALL,
        opt_start_time=since.astimezone(UTC) if since else None,
        ack_policy=AckPolicy.NONE,
        headers_only=headers_only or None,
        inactive_threshold=60,
        mem_storage=True,
        num_replicas=1,
    )
    consumer = await bus.add_consumer(stream, config)
    waiting = consumer.num_pending or 0
    subscription = await bus.pull_subscribe_bind(consumer.name, stream)
    try:
        while waiting > 0:
            try:
                messages = await subscription.fetch(min(waiting, BATCH), timeout=PATIENCE_SECONDS)
            except nats.errors.TimeoutError:
                if (await bus.consumer_info(stream, consumer.name)).num_pending:
                    raise
                return  # what was counted has been deleted since
            for message in messages:
                waiting -= 1
                if until and message.metadata.timestamp >= until:
                    return
                yield message
    finally:
        with contextlib.suppress(nats.errors.Error):
            await subscription.unsubscribe()
            await bus.delete_consumer(stream, consumer.name)
