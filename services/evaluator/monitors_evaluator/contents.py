"""From a PageFetched event to the page itself: carried along, kept in the object store, or asked of the scraper."""

import base64

import zstandard

from monitors_contracts.pages import ContentRef, GetSnapshot, PageFetched
from monitors_runtime.errors import Permanent
from monitors_runtime.runtime import Runtime

from .domain.extraction import Page

MOST_BYTES = 32 * 1024 * 1024


async def page_of(runtime: Runtime, event: PageFetched) -> Page:
    """The fetched page. Raises ProblemError when its content is kept no longer."""
    if event.content is not None:
        return Page(unpacked(base64.b64decode(event.content)), event.content_type, event.final_url)
    if event.content_ref is not None:
        return Page(unpacked(await _stored(runtime, event.content_ref)), event.content_type, event.final_url)
    snapshot = await runtime.ask(GetSnapshot(organization_id=event.organization_id, snapshot_id=event.snapshot_id))
    if snapshot.content is not None:
        return Page(unpacked(base64.b64decode(snapshot.content)), snapshot.content_type, snapshot.final_url)
    if snapshot.content_ref is not None:
        return Page(unpacked(await _stored(runtime, snapshot.content_ref)), snapshot.content_type, snapshot.final_url)
    raise Permanent("a snapshot without content")


def unpacked(packed: bytes) -> str:
    """The text of a packed content. Bounded: what claims to be larger than any page we fetch is refused."""
    try:
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=MOST_BYTES).decode("utf-8", "replace")
    except zstandard.ZstdError as broken:
        raise Permanent(f"content can't be unpacked: {broken}") from broken


async def _stored(runtime: Runtime, reference: ContentRef) -> bytes:
    store = await runtime.bus.object_store(reference.bucket)
    return (await store.get(reference.name)).data or b""
