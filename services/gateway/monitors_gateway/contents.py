"""Contents as services keep and send them: packed by Zstandard, in a message or in the object store."""

import base64
import io

import zstandard
from nats.errors import Error as NatsError

from monitors_contracts.pages import ContentRef, Snapshot
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Runtime

# A page in a browser is never more; what would unpack to more is not a page.
LARGEST_CONTENT = 32 * 1024 * 1024


async def packed(runtime: Runtime, found: Snapshot) -> bytes:
    """A snapshot's content as it is kept. Problem: `snapshot-not-found`."""
    if found.content is not None:
        return base64.b64decode(found.content)
    if found.content_ref is None:
        raise problem("snapshot-not-found", "No content is kept of this page", 404)
    return await stored(runtime, found.content_ref)


async def stored(runtime: Runtime, reference: ContentRef) -> bytes:
    """What the object store keeps. Problem: `snapshot-not-found`."""
    try:
        store = await runtime.bus.object_store(reference.bucket)
        return (await store.get(reference.name)).data or b""
    except (NatsError, TimeoutError) as missing:
        raise problem("snapshot-not-found", "The content is past its retention", 404) from missing


def unpacked(content: bytes) -> bytes:
    """Raises ZstdError or ValueError for what is no packed page."""
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content)) as reader:
        text = reader.read(LARGEST_CONTENT + 1)
    if len(text) > LARGEST_CONTENT:
        raise ValueError("unpacks to more than a page holds")
    return text
