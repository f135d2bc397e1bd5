"""Events that are their own state go straight to the stream: there is no row beside them that an outbox would keep in step.

Who asked is answered when the stream has them on disk. Until then nothing was promised, and sending again is right.
See docs/adr/0006.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from nats.errors import Error as NatsError
from nats.js.api import PubAck

from monitors_contracts.base import Event, new_id
from monitors_contracts.envelope import Envelope

from . import telemetry
from .errors import problem
from .runtime import Runtime

log = structlog.get_logger(__name__)

_TRY_SECONDS = 5
_TRIES = 2


@dataclass(frozen=True, slots=True)
class Sealed:
    """An event as it goes over the wire."""

    subject: str
    stream: str
    headers: dict[str, str]
    data: bytes


def sealed(service: str, event: Event, traceparent: str | None = None) -> Sealed:
    """Make an event ready to be sent, by this service. Takes a while when it is large."""
    identifier = new_id()
    envelope = Envelope(
        event=event,
        id=identifier,
        source=f"/monitors/{service}",
        time=datetime.now(UTC),
        correlation_id=identifier,
        traceparent=traceparent,
    )
    return Sealed(event.subject, event.stream, envelope.headers(), envelope.data())


async def publish(runtime: Runtime, service: str, messages: Sequence[Sealed]) -> None:
    """Return when the stream has all of these for good. Problem: `not-stored` (503), when it does not say so in time.

    What was stored of them before stays; the same messages sent again are dropped by their ids, for as long as the stream's
    window for that.
    """
    left = list(messages)
    for _ in range(_TRIES):
        if not left:
            return
        if runtime.connection.is_connected:
            sent, left = len(left), await _try(runtime, left)
            telemetry.PUBLISHED.labels(service).inc(sent - len(left))
    if left:
        raise problem("not-stored", "Not stored", 503, "The event bus does not answer right now; send it again soon.")


async def _try(runtime: Runtime, messages: list[Sealed]) -> list[Sealed]:
    """Send these once; those that were not acknowledged."""
    waiting: list[asyncio.Future[PubAck]] = []
    try:
        async with asyncio.timeout(_TRY_SECONDS):
            for each in messages:
                waiting.append(  # noqa: PERF401 - when one can't be sent, those before it count
                    await runtime.bus.publish_async(each.subject, each.data, stream=each.stream, headers=each.headers)
                )
            await asyncio.wait(waiting)
    except (TimeoutError, NatsError) as failure:
        log.warning("publish not acknowledged", error=repr(failure)[:300])
    done = {place for place, ack in enumerate(waiting) if _acknowledged(ack)}
    return [each for place, each in enumerate(messages) if place not in done]


def _acknowledged(ack: "asyncio.Future[PubAck]") -> bool:
    if not ack.done():
        ack.cancel()
        return False
    if failure := ack.exception():
        log.warning("publish refused", error=repr(failure)[:300])
        return False
    return True
