"""Channels: where messages go."""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from monitors_contracts.base import Model
from monitors_contracts.notifications import (
    ChannelList,
    ChannelName,
    ChannelSpec,
    ChannelView,
    CreateChannel,
    DeleteChannel,
    ListChannels,
    SendTestMessage,
    UpdateChannel,
)
from monitors_contracts.routing import GetChannelUsers
from monitors_runtime.errors import problem

from ..http.callers import CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import PathId
from . import shapes
from .audit import audited
from .shapes import Notification, Success

router = APIRouter(prefix="/api", tags=["channels"], route_class=IdempotentRoute)

MOST_NAMED = 10
"""Users of a channel that a refusal names; it counts the others."""


class UpdateChannelRequest(Model):
    """What is to change."""

    name: ChannelName | None = Field(default=None, examples=["On-call"])
    is_active: bool | None = Field(default=None, examples=[False])


class ChannelReply(Model):
    """The channel after the change."""

    success: bool = True
    channel: ChannelView


class TestReply(Model):
    """What came of the test message."""

    success: bool
    notification: Notification


@router.get("/channels")
async def list_channels(caller: CallerDep, gateway: GatewayDep) -> ChannelList:
    """The organization's channels, oldest first, each with the newest message to it."""
    return await gateway.runtime.ask(ListChannels(organization_id=caller.organization_id))


@router.post("/channels", status_code=201)
async def create_channel(
    body: ChannelSpec, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> ChannelReply:
    """Add a channel. A webhook's secret is shown now and never again."""
    channel = await gateway.runtime.ask(
        CreateChannel(organization_id=caller.organization_id, channel_id=entity_id(request), spec=body)
    )
    await audited(gateway, caller, "channel.create", channel.id)
    response.headers["Location"] = f"/api/channels/{channel.id}"
    return ChannelReply(channel=channel)


@router.patch("/channels/{id}")
async def update_channel(
    channel_id: PathId, body: UpdateChannelRequest, caller: CallerDep, gateway: GatewayDep
) -> ChannelReply:
    """Rename, pause or resume a channel."""
    channel = await gateway.runtime.ask(
        UpdateChannel(
            organization_id=caller.organization_id, channel_id=channel_id, name=body.name, is_active=body.is_active
        )
    )
    await audited(gateway, caller, "channel.update", channel_id)
    return ChannelReply(channel=channel)


@router.delete("/channels/{id}")
async def delete_channel(channel_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Remove a channel that no route, contact or policy names; else `channel-in-use` says which do."""
    asked = GetChannelUsers(organization_id=caller.organization_id, channel_id=channel_id)
    if users := (await gateway.runtime.ask(asked)).users:
        named = ", ".join(users[:MOST_NAMED]) + (f" and {more} more" if (more := len(users) - MOST_NAMED) > 0 else "")
        raise problem("channel-in-use", "It is in use", 409, f"The channel is used by {named}.")
    await gateway.runtime.ask(DeleteChannel(organization_id=caller.organization_id, channel_id=channel_id))
    await audited(gateway, caller, "channel.delete", channel_id)
    return Success()


@router.post("/channels/{id}/test")
async def test_channel(channel_id: PathId, caller: CallerDep, gateway: GatewayDep) -> TestReply:
    """Send a test message now and say what came of it."""
    asked = SendTestMessage(organization_id=caller.organization_id, channel_id=channel_id)
    sent = await gateway.runtime.ask(asked, patience=30)
    return TestReply(success=sent.error is None, notification=shapes.notification(sent))
