"""Several messages into one stream at once: all of them or none, and the server's disk flushed once.

Wire protocol: NATS ADR-50, atomic batch publishing (server 2.12 or later).
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

from nats.aio.client import Client

from monitors_contracts.base import new_id

HEADERS = "nats-batch-"
"""What the headers that make a batch begin with, in small letters. They stay with stored messages."""
FEWEST = 16
"""Of one batch: what a server does for it costs as much as so many messages alone."""
MOST_MESSAGES = 500
"""Of one batch; servers take 1,000."""
MOST_BYTES = 1024 * 1024
"""Of one batch of several messages: the server keeps it in hand until it is whole."""


class Message(Protocol):
    """What has a `subject`, `data` and `headers`, by name: a row of the outbox."""

    def __getitem__(self, name: str, /) -> Any: ...


M = TypeVar("M", bound=Message)


def batches(messages: Sequence[M]) -> Iterator[list[M]]:
    """Messages in order, as many at once as may be."""
    batch: list[M] = []
    size = 0
    for each in messages:
        size += len(each["data"])
        if batch and (len(batch) == MOST_MESSAGES or size > MOST_BYTES):
            yield batch
            batch, size = [], len(each["data"])
        batch.append(each)
    if batch:
        yield batch


async def publish(connection: Client, messages: Sequence[M], patience: float) -> bool:
    """Whether the stream took all of these (subject, data, headers). It took none when one is known to it already.

    Raises TimeoutError and the errors of the connection: then nobody knows.
    """
    batch = str(new_id())
    *rest, last = [
        (each["subject"], each["data"], each["headers"] | {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)})
        for number, each in enumerate(messages, 1)
    ]
    for subject, data, headers in rest:
        await connection.publish(subject, data, headers=headers)
    subject, data, headers = last
    answer = await connection.request(subject, data, patience, headers=headers | {"Nats-Batch-Commit": "1"})
    # A server that knows nothing of batches took the messages one by one, if it did, and counts none.
    return json.loads(answer.data).get("count") == len(messages)
