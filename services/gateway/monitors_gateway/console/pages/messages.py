"""Messages: the delivery ledger, and the mails of the local outbox."""

import asyncio
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from monitors_contracts.base import Id
from monitors_contracts.notifications import DeliveryState

from ...api import channels, notifications
from ...http.pages import Cursor, PathId
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.deliveries import deliveries_view
from ..views.outbox import Part, framed, outbox_view
from ..views.parts import Flash
from .errors import came_from

router = APIRouter()

PER_PAGE = 50
# A mail is somebody else's page: alone in its frame, without scripts, forms, cookies or anything from elsewhere.
MAIL_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
    ),
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
}


@router.get("/notifications")
async def deliveries(
    request: Request,
    visit: VisitDep,
    state: str = "",
    channel: str = "",
    alert: str = "",
    monitor: str = "",
    cursor: Cursor = None,
) -> Response:
    """All messages, newest first."""
    chosen = DeliveryState(state) if state in tuple(DeliveryState) else None
    narrowed = {"channel": _id(channel), "alert": _id(alert), "monitor": _id(monitor)}
    found, known = await asyncio.gather(
        notifications.list_notifications(
            visit.caller,
            visit.gateway,
            monitor_id=narrowed["monitor"],
            alert_id=narrowed["alert"],
            channel_id=narrowed["channel"],
            state=chosen,
            limit=PER_PAGE,
            cursor=cursor,
        ),
        channels.list_channels(visit.caller, visit.gateway),
    )
    asked = {"state": chosen.value if chosen else ""} | {name: str(each or "") for name, each in narrowed.items()}
    view = deliveries_view(
        found.notifications, found.total, found.next_cursor, known.channels, asked, root_of(request), formats(request)
    )
    return await page(request, "pages/messages/deliveries.html", view)


@router.post("/notifications/{id}/retry")
async def retry(request: Request, notification_id: PathId, visit: VisitDep) -> Response:
    """Try once more what was given up."""
    await notifications.retry_notification(notification_id, visit.caller, visit.gateway)
    back = came_from(request) or f"{root_of(request)}/notifications"
    return redirect(request, back, Flash("It is tried again now.", "info"))


@router.get("/outbox")
async def outbox(request: Request, visit: VisitDep, cursor: Cursor = None) -> Response:
    """The mails of the local outbox."""
    return await _outbox(request, visit, None, "html", cursor)


@router.get("/outbox/{id}")
async def mail(
    request: Request, message_id: PathId, visit: VisitDep, part: Part = "html", cursor: Cursor = None
) -> Response:
    """A mail, beside the others."""
    return await _outbox(request, visit, message_id, part, cursor)


@router.get("/outbox/{id}/html")
async def mail_html(message_id: PathId, visit: VisitDep) -> Response:
    """A mail's page, for its frame."""
    found = await notifications.get_outbox_message(message_id, visit.caller, visit.gateway)
    return HTMLResponse(framed(found.html), headers=MAIL_HEADERS)


async def _outbox(
    request: Request, visit: Visit, message_id: Id | None, part: Literal["html", "text"], cursor: str | None
) -> Response:
    opened = await notifications.get_outbox_message(message_id, visit.caller, visit.gateway) if message_id else None
    found = await notifications.list_outbox(visit.caller, visit.gateway, limit=PER_PAGE, cursor=cursor)
    view = outbox_view(found.messages, found.total, found.next_cursor, opened, part, root_of(request), formats(request))
    return await page(request, "pages/messages/outbox.html", view)


def _id(text: str) -> Id | None:
    try:
        return UUID(text)
    except ValueError:
        return None
