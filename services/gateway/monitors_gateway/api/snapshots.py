"""Snapshots: the pages that values were read from, as they were."""

import asyncio
import base64
import io

import zstandard
from fastapi import APIRouter, Response
from nats.errors import Error as NatsError
from pydantic import AwareDatetime

from monitors_contracts.base import Id, Model
from monitors_contracts.pages import GetSnapshot, Snapshot
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Runtime

from ..http.callers import CallerDep, GatewayDep
from ..http.pages import PathId

router = APIRouter(prefix="/api/snapshots", tags=["snapshots"])

# A page in a browser is never more; what would unpack to more is not a page.
LARGEST_CONTENT = 32 * 1024 * 1024
# A foreign page must not run, load or be taken for ours: it is shown as text, in a sandbox.
CONTENT_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": 'inline; filename="snapshot.txt"',
}


class SnapshotReply(Model):
    """What is known of a kept page; its content is at `contentUrl`."""

    id: Id
    url: str
    final_url: str
    status: int
    content_type: str
    content_hash: str
    headers: dict[str, str]
    rendered_by: str
    fetched_at: AwareDatetime
    content_url: str


@router.get("/{id}")
async def get_snapshot(snapshot_id: PathId, caller: CallerDep, gateway: GatewayDep) -> SnapshotReply:
    """A kept page's metadata."""
    found = await gateway.runtime.ask(GetSnapshot(organization_id=caller.organization_id, snapshot_id=snapshot_id))
    return SnapshotReply(
        id=found.id,
        url=found.url,
        final_url=found.final_url,
        status=found.status,
        content_type=found.content_type,
        content_hash=found.content_hash,
        headers=found.headers,
        rendered_by=found.rendered_by,
        fetched_at=found.fetched_at,
        content_url=f"/api/snapshots/{snapshot_id}/content",
    )


@router.get("/{id}/content", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def get_snapshot_content(snapshot_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Response:
    """A kept page's content, always as plain text."""
    found = await gateway.runtime.ask(GetSnapshot(organization_id=caller.organization_id, snapshot_id=snapshot_id))
    packed = await _packed(gateway.runtime, found)
    try:
        content = await asyncio.to_thread(_unpacked, packed)
    except (zstandard.ZstdError, ValueError) as broken:
        raise problem("snapshot-unreadable", "The snapshot can't be read", 502) from broken
    return Response(content, media_type="text/plain; charset=utf-8", headers=CONTENT_HEADERS)


async def _packed(runtime: Runtime, found: Snapshot) -> bytes:
    if found.content is not None:
        return base64.b64decode(found.content)
    if found.content_ref is None:
        raise problem("snapshot-not-found", "No content is kept of this page", 404)
    try:
        store = await runtime.bus.object_store(found.content_ref.bucket)
        return (await store.get(found.content_ref.name)).data or b""
    except (NatsError, TimeoutError) as missing:
        raise problem("snapshot-not-found", "The content is past its retention", 404) from missing


def _unpacked(packed: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)) as reader:
        content = reader.read(LARGEST_CONTENT + 1)
    if len(content) > LARGEST_CONTENT:
        raise ValueError("unpacks to more than a page holds")
    return content
