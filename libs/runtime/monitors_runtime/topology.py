"""Streams and durable consumers, brought to what contracts and services declare; one place, at every start."""

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, DiscardPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from monitors_contracts.streams import STREAMS, Stream

from .consumer import ACK_WAIT_SECONDS

CONTENT_BUCKET = "PAGE_CONTENTS"


def stream_config(stream: Stream, replicas: int) -> StreamConfig:
    """The server's form of a declaration."""
    return StreamConfig(
        name=stream.name,
        description=stream.description,
        subjects=list(stream.subjects),
        max_age=stream.max_age.total_seconds(),
        max_bytes=stream.max_bytes,
        max_msg_size=stream.max_message_bytes,
        duplicate_window=stream.duplicate_window.total_seconds(),
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD,
        num_replicas=replicas,
        allow_direct=True,
        allow_atomic=True,
    )


async def apply_streams(bus: JetStreamContext, replicas: int) -> None:
    """Create what is missing, change what differs."""
    for stream in STREAMS:
        wanted = stream_config(stream, replicas)
        try:
            await bus.stream_info(stream.name)
        except NotFoundError:
            await bus.add_stream(wanted)
        else:
            await bus.update_stream(wanted)


async def apply_consumer(bus: JetStreamContext, stream: str, durable: str, subjects: list[str]) -> None:
    """Create the durable or change it; an unchanged one keeps its place in the stream."""
    await bus.add_consumer(
        stream,
        ConsumerConfig(
            durable_name=durable,
            filter_subjects=subjects,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_SECONDS,
            max_deliver=-1,  # our own count ends in the dead letters; the server's would end in silence
            max_ack_pending=2000,
        ),
    )
