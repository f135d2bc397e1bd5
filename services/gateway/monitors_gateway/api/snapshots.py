"""Snapshots: the pages that values were read from, as they were."""

import asyncio
from typing import Annotated

import zstandard
from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from monitors_contracts.base import Id, Model
from monitors_contracts.pages import GetSnapshot
from monitors_contracts.snapshots import CompareSnapshots, SnapshotDiff
from monitors_runtime.errors import problem

from ..contents import packed, stored, unpacked
from ..http.callers import CallerDep, GatewayDep
from ..http.pages import PathId
from ..rendering import rendered

router = APIRouter(prefix="/api/snapshots", tags=["snapshots"])

# A foreign page must not run, load or be taken for ours: it is shown as text, in a sandbox.
CONTENT_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": 'inline; filename="snapshot.txt"',
}
PICTURE_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Content-Disposition": 'inline; filename="screenshot.png"',
    "Cache-Control": "private, max-age=86400, immutable",  # a snapshot never changes
}


class SnapshotReply(Model):
    """What is known of a kept page; its content is at `contentUrl`, as a reader sees it at `renderingUrl`.

    `previousId` is the snapshot kept before this one of the same monitor; `screenshotUrl` is null where none was taken.
    """

    id: Id
    monitor_id: Id | None
    previous_id: Id | None
    url: str
    final_url: str
    status: int
    content_type: str
    content_hash: str
    headers: dict[str, str]
    rendered_by: str
    fetched_at: AwareDatetime
    content_url: str
    rendering_url: str
    screenshot_url: str | None


@router.get("/{id}")
async def get_snapshot(snapshot_id: PathId, caller: CallerDep, gateway: GatewayDep) -> SnapshotReply:
    """A kept page's metadata."""
    found = await gateway.runtime.ask(GetSnapshot(organization_id=caller.organization_id, snapshot_id=snapshot_id))
    here = f"/api/snapshots/{snapshot_id}"
    return SnapshotReply(
        id=found.id,
        monitor_id=found.monitor_id,
        previous_id=found.previous_id,
        url=found.url,
        final_url=found.final_url,
        status=found.status,
        content_type=found.content_type,
        content_hash=found.content_hash,
        headers=found.headers,
        rendered_by=found.rendered_by,
        fetched_at=found.fetched_at,
        content_url=f"{here}/content",
        rendering_url=f"{here}/rendering",
        screenshot_url=f"{here}/screenshot" if found.screenshot_ref else None,
    )


@router.get("/{id}/content", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def get_snapshot_content(snapshot_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Response:
    """A kept page's content, always as plain text."""
    found = await gateway.runtime.ask(GetSnapshot(organization_id=caller.organization_id, snapshot_id=snapshot_id))
    content = await packed(gateway.runtime, found)
    try:
        text = await asyncio.to_thread(unpacked, content)
    except (zstandard.ZstdError, ValueError) as broken:
        raise problem("snapshot-unreadable", "The snapshot can't be read", 502) from broken
    return Response(text, media_type="text/plain; charset=utf-8", headers=CONTENT_HEADERS)


@router.get("/{id}/rendering", response_class=Response, responses={200: {"content": {"text/html": {}}}})
async def get_snapshot_rendering(
    snapshot_id: PathId,
    caller: CallerDep,
    gateway: GatewayDep,
    refresh_id: Annotated[Id | None, Query(alias="refreshId", description="Mark the fact that this check read")] = None,
    places: Annotated[bool, Query(description="Make each readable place a link to `#` and its address")] = False,
) -> Response:
    """A kept page as a reader sees it, for a frame: HTML without anything that runs or loads, the fact in `#fact`."""
    link = "#{}".format if places else None
    return await rendered(gateway, caller.organization_id, snapshot_id, refresh_id=refresh_id, link=link)


@router.get("/{id}/screenshot", response_class=Response, responses={200: {"content": {"image/png": {}}}})
async def get_snapshot_screenshot(snapshot_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Response:
    """How the page looked, as PNG, where it was fetched by a browser. Problem: `screenshot-not-found`."""
    found = await gateway.runtime.ask(GetSnapshot(organization_id=caller.organization_id, snapshot_id=snapshot_id))
    if found.screenshot_ref is None:
        detail = "Only pages that need a browser are photographed."
        raise problem("screenshot-not-found", "There is no screenshot of this page", 404, detail)
    return Response(
        await stored(gateway.runtime, found.screenshot_ref), media_type="image/png", headers=PICTURE_HEADERS
    )


@router.get("/{id}/diff")
async def compare_snapshots(
    snapshot_id: PathId,
    caller: CallerDep,
    gateway: GatewayDep,
    against: Annotated[Id, Query(description="The earlier snapshot")],
) -> SnapshotDiff:
    """What a reader sees of this page and not of the earlier one, and the other way round."""
    organization = caller.organization_id
    asked = CompareSnapshots(organization_id=organization, snapshot_id=snapshot_id, against_id=against)
    return await gateway.runtime.ask(asked, patience=20)
