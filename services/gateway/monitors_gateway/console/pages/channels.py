"""Channels: the list, adding one, and one with its deliveries."""

from typing import cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import Response as Answer

from monitors_contracts.base import Id
from monitors_contracts.notifications import ChannelKind, ChannelSpec, ChannelView
from monitors_runtime.errors import ProblemError, problem

from ...api import channels as api
from ...api import notifications
from ...api.channels import UpdateChannelRequest
from ...http.pages import PathId
from ..forms import Errors, parse, read
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.channels import KINDS, added_view, channel_errors, channel_view, channels_view, new_channel_view
from ..views.deliveries import error_words
from ..views.parts import Flash
from .errors import came_from

router = APIRouter(prefix="/channels")

PER_PAGE = 25


@router.get("")
async def list_channels(request: Request, visit: VisitDep) -> Answer:
    """All channels, and how the last message to each ended."""
    found = await api.list_channels(visit.caller, visit.gateway)
    view = channels_view(found.channels, root_of(request), formats(request))
    return await page(request, "pages/channels/list.html", view)


@router.get("/new")
async def new_channel(request: Request, visit: VisitDep, kind: str = "email") -> Answer:
    """The form to add one."""
    chosen: ChannelKind = kind if kind in KINDS else "email"
    return await page(request, "pages/channels/new.html", new_channel_view(chosen, {}, Errors(), root_of(request)))


@router.post("")
async def add_channel(request: Request, visit: VisitDep) -> Answer:
    """Add one. A webhook's secret is shown on the page that answers, and never again."""
    fields = await read(request)
    kind = cast(ChannelKind, fields.get("kind")) if fields.get("kind") in KINDS else "email"
    parsed = parse(
        ChannelSpec, {**{name: fields.get(name) for name in ("name", "url", "address", "secret")}, "kind": kind}
    )
    errors = parsed.errors
    if parsed.model:
        try:
            added = await api.create_channel(parsed.model, request, Response(), visit.caller, visit.gateway)
        except ProblemError as error:
            errors = channel_errors(error)
        else:
            if added.channel.secret:
                view = added_view(added.channel, root_of(request))
                return await page(request, "pages/channels/added.html", view)
            flash = Flash(f"“{added.channel.name}” is added. Send a test to see that it works.")
            return redirect(request, f"{root_of(request)}/channels/{added.channel.id}", flash)
    view = new_channel_view(kind, fields, errors, root_of(request))
    return await page(request, "pages/channels/new.html", view, 422)


@router.get("/{id}")
async def channel(request: Request, channel_id: PathId, visit: VisitDep) -> Answer:
    """One channel with its deliveries."""
    return await _show(request, channel_id, visit, None, Errors(), 200)


@router.post("/{id}/rename")
async def rename(request: Request, channel_id: PathId, visit: VisitDep) -> Answer:
    """Give it another name."""
    typed = (await read(request)).get("name", "")
    parsed = parse(UpdateChannelRequest, {"name": typed})
    if parsed.model is None or parsed.model.name is None:
        errors = parsed.errors if parsed.errors.fields else Errors({"name": "Please fill this in."})
        return await _show(request, channel_id, visit, typed, errors, 422)
    await api.update_channel(channel_id, parsed.model, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/channels/{channel_id}", Flash("Renamed."))


@router.post("/{id}/pause")
async def pause(request: Request, channel_id: PathId, visit: VisitDep) -> Answer:
    """Send nothing to it for now."""
    changed = await api.update_channel(channel_id, UpdateChannelRequest(is_active=False), visit.caller, visit.gateway)
    return _back(request, channel_id, Flash(f"“{changed.channel.name}” is paused. It gets no messages."))


@router.post("/{id}/resume")
async def resume(request: Request, channel_id: PathId, visit: VisitDep) -> Answer:
    """Send to it again."""
    changed = await api.update_channel(channel_id, UpdateChannelRequest(is_active=True), visit.caller, visit.gateway)
    return _back(request, channel_id, Flash(f"“{changed.channel.name}” gets messages again."))


@router.post("/{id}/test")
async def send_test(request: Request, channel_id: PathId, visit: VisitDep) -> Answer:
    """Send a test message, and say what came of it."""
    reply = await api.test_channel(channel_id, visit.caller, visit.gateway)
    sent = reply.notification
    if reply.success:
        flash = Flash(f"The test arrived at “{sent.channel_name}”.")
    else:
        flash = Flash(f"The test to “{sent.channel_name}” failed. {error_words(sent.error)}", "bad")
    return _back(request, channel_id, flash)


@router.post("/{id}/delete")
async def delete(request: Request, channel_id: PathId, visit: VisitDep) -> Answer:
    """Remove it."""
    await api.delete_channel(channel_id, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/channels", Flash("The channel is deleted."))


async def _show(
    request: Request, channel_id: Id, visit: Visit, typed: str | None, errors: Errors, status: int
) -> Answer:
    found = await _find(channel_id, visit)
    sent = await notifications.list_notifications(visit.caller, visit.gateway, channel_id=channel_id, limit=PER_PAGE)
    view = channel_view(found, sent.notifications, typed, errors, root_of(request), formats(request))
    return await page(request, "pages/channels/channel.html", view, status)


async def _find(channel_id: Id, visit: Visit) -> ChannelView:
    channels = (await api.list_channels(visit.caller, visit.gateway)).channels
    found = next((each for each in channels if each.id == channel_id), None)
    if found is None:
        raise problem("channel-not-found", "No such channel", 404)
    return found


def _back(request: Request, channel_id: Id, flash: Flash) -> Answer:
    """To where the button was: the list, or the channel."""
    came = came_from(request)
    lists = (f"{root_of(request)}/channels", f"{root_of(request)}/channels/{channel_id}")
    return redirect(request, came if came in lists else lists[1], flash)
