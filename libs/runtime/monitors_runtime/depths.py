"""How much waits: events committed but not published, and events published but not handled."""

import asyncio
import contextlib
from typing import TYPE_CHECKING

from nats.errors import Error as NatsError

from . import telemetry
from .database import DATABASE_AWAY

if TYPE_CHECKING:
    from .runtime import Runtime

EVERY_SECONDS = 10
WAITING = (
    "SELECT service, count(*) FROM runtime.outbox WHERE service = ANY($1) AND published_at IS NULL GROUP BY service"
)


async def watch(runtime: "Runtime") -> None:
    """Keep the gauges of this process's services up to date, until cancelled."""
    while True:
        with contextlib.suppress(TimeoutError, NatsError, *DATABASE_AWAY):
            await measure(runtime)
        await asyncio.sleep(EVERY_SECONDS)


async def measure(runtime: "Runtime") -> None:
    """Look once."""
    waiting = dict.fromkeys((service.name for service in runtime.services), 0)
    for row in await runtime.pool.fetch(WAITING, list(waiting)):
        waiting[row["service"]] = row["count"]
    for service, count in waiting.items():
        telemetry.OUTBOX_WAITING.labels(service).set(count)
    for service in runtime.services:
        for consumer, _ in service.consumers:
            info = await runtime.bus.consumer_info(consumer.stream, consumer.durable)
            telemetry.CONSUMER_PENDING.labels(consumer.durable).set(
                (info.num_pending or 0) + (info.num_ack_pending or 0)
            )
