"""From a PageFetched event to the page itself: carried along, kept in the object store, or asked of the scraper."""

import base64

import zstandard
from nats.errors import Error as NatsError

from monitors_contracts.base import Id
from monitors_contracts.pages import ContentRef, GetSnapshot, PageFetched, Snapshot
from monitors_runtime.errors import Permanent, problem
from monitors_runtime.runtime import Runtime

from .domain.extraction import Page

MOST_BYTES = 32 * 1024 * 1024


async def page_of(runtime: Runtime, event: PageFetched) -> Page:
    """The fetched page. Raises ProblemError when its content is kept no longer."""
    if event.content is None and event.content_ref is None:
        return await kept_page(runtime, event.organization_id, event.snapshot_id)
    return await _page(runtime, event)


async def kept_page(runtime: Runtime, organization_id: Id, snapshot_id: Id) -> Page:
    """The page that a snapshot keeps. Raises ProblemError `snapshot-not-found`."""
    snapshot = await runtime.ask(GetSnapshot(organization_id=organization_id, snapshot_id=snapshot_id))
    try:
        return await _page(runtime, snapshot)
    except NatsError as gone:
        raise problem("snapshot-not-found", "The content is past its retention", 404) from gone


async def _page(runtime: Runtime, kept: PageFetched | Snapshot) -> Page:
    if kept.content is not None:
        content = base64.b64decode(kept.content)
    elif kept.content_ref is not None:
        content = await _stored(runtime, kept.content_ref)
    else:
        raise Permanent("a snapshot without content")
    return Page(unpacked(content), kept.content_type, kept.final_url)


def packed(text: str) -> str:
    """A text as messages carry it: UTF-8, Zstandard, base64."""
    return base64.b64encode(zstandard.compress(text.encode())).decode()


def unpacked(packed: bytes) -> str:
    """The text of a packed content. Bounded: what claims to be larger than any page we fetch is refused."""
    try:
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=MOST_BYTES).decode("utf-8", "replace")
    except zstandard.ZstdError as broken:
        raise Permanent(f"content can't be unpacked: {broken}") from broken


async def _stored(runtime: Runtime, reference: ContentRef) -> bytes:
    store = await runtime.bus.object_store(reference.bucket)
    return (await store.get(reference.name)).data or b""
