"""Messages that no try could handle: kept with the reason, listed, shown, retried, dropped."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import APIError, NotFoundError

from . import history, together

STREAM = "DEAD_LETTERS"
# A dead letter must always fit (the bus takes 64 KiB of headers); a message that is larger keeps its head here, and is
# found whole by its place in the stream.
MOST_BYTES = 900_000
MOST_HEADER_BYTES = 40_000
NO_SUCH_MESSAGE = 10043
_SENDABLE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,150}")


@dataclass(frozen=True)
class DeadLetter:
    """One message given up: by which consumer, why, and where it came from."""

    id: int
    durable: str
    reason: str
    subject: str
    stream: str
    sequence: int
    deliveries: int
    died_at: datetime
    event_type: str
    size: int
    data: bytes = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)


async def put(bus: JetStreamContext, durable: str, message: Msg, reason: str) -> None:
    """Store a message with its reason; storing the same one twice keeps one."""
    origin = message.metadata
    headers = _original(message.headers or {}) | {
        "Nats-Msg-Id": f"{durable}:{origin.stream}:{origin.sequence.stream}",
        "dlq-durable": durable,
        "dlq-reason": " ".join(reason.split())[:2000],
        "dlq-subject": message.subject,
        "dlq-stream": origin.stream,
        "dlq-sequence": str(origin.sequence.stream),
        "dlq-deliveries": str(origin.num_delivered),
        "dlq-size": str(len(message.data)),
    }
    await bus.publish(f"dlq.{durable}", message.data[:MOST_BYTES], timeout=5, stream=STREAM, headers=headers)


async def every(bus: JetStreamContext, durable: str | None = None) -> AsyncIterator[DeadLetter]:
    """All dead letters, oldest first."""
    async for message in history.read(bus, STREAM, [f"dlq.{durable or '*'}"]):
        headers = dict(message.headers or {})
        yield _letter(message.metadata.sequence.stream, message.metadata.timestamp, message.data, headers)


async def get(bus: JetStreamContext, identifier: int) -> DeadLetter | None:
    """One dead letter, or None."""
    try:
        raw = await bus.get_msg(STREAM, seq=identifier)
    except NotFoundError:
        return None
    headers = dict(raw.headers or {})
    return _letter(identifier, raw.time or datetime.now(UTC), raw.data or b"", headers)


async def retry(bus: JetStreamContext, letter: DeadLetter) -> None:
    """Hand the message to its consumers once more, under a new message id, and drop the letter.

    Consumers that did handle it know the event's id and change nothing. Raises NotFoundError for a large message that its
    stream keeps no longer.
    """
    headers = {
        name.removeprefix("original-"): value for name, value in letter.headers.items() if name.startswith("original-")
    }
    headers["Nats-Msg-Id"] = f"retry:{letter.id}:{headers.get('ce-id', '')}"
    data = letter.data
    if len(data) < letter.size:
        data = (await bus.get_msg(letter.stream, seq=letter.sequence)).data or b""
    await bus.publish(letter.subject, data, stream=letter.stream, headers=headers, timeout=5)
    await drop(bus, letter.id)


async def drop(bus: JetStreamContext, identifier: int) -> bool:
    """Delete one dead letter; False when there is none."""
    try:
        return await bus.delete_msg(STREAM, identifier)
    except APIError as refused:
        if refused.err_code == NO_SUCH_MESSAGE:
            return False
        raise


def _original(headers: Mapping[str, str]) -> dict[str, str]:
    """The message's own headers, as many as fit and can be sent, those of the envelope first. It is of no batch any more."""
    kept: dict[str, str] = {}
    room = MOST_HEADER_BYTES
    for name, value in sorted(headers.items(), key=lambda header: not header[0].startswith("ce-")):
        if name.lower().startswith(together.HEADERS):
            continue
        room -= len(f"original-{name}: {value}".encode("utf-8", "replace")) + 2
        if room >= 0 and _SENDABLE.fullmatch(name):
            kept[f"original-{name}"] = value
    return kept


def _letter(identifier: int, when: datetime, data: bytes, headers: dict[str, str]) -> DeadLetter:
    return DeadLetter(
        id=identifier,
        durable=headers.get("dlq-durable", ""),
        reason=headers.get("dlq-reason", ""),
        subject=headers.get("dlq-subject", ""),
        stream=headers.get("dlq-stream", ""),
        sequence=int(headers.get("dlq-sequence", 0)),
        deliveries=int(headers.get("dlq-deliveries", 0)),
        died_at=when,
        event_type=headers.get("original-ce-type", ""),
        size=int(headers.get("dlq-size", len(data))),
        data=data,
        headers=headers,
    )
