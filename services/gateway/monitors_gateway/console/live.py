"""Live pages: a word to the browser about what has changed; it fetches what it shows anew."""

import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from ..api.events import HEARTBEAT_SECONDS, RECONNECT_MILLISECONDS
from ..domain.positions import Position
from ..gateway import Gateway
from ..http.callers import Caller
from .session import VisitDep
from .views.signals import signal

router = APIRouter()


@router.get("/events")
async def stream_signals(
    visit: VisitDep,
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """What happens to the signed-in person's monitors and alerts, from where the browser was."""
    gateway, caller = visit.gateway, visit.caller
    begin = await gateway.feed.position(last_event_id or after)
    admission = contextlib.ExitStack()
    admission.enter_context(gateway.feed.admit(caller.user_id))
    return EventSourceResponse(
        _sent(gateway, caller, begin, admission), ping=HEARTBEAT_SECONDS, headers={"Cache-Control": "no-store"}
    )


async def _sent(
    gateway: Gateway, caller: Caller, begin: Position, admission: contextlib.ExitStack
) -> AsyncGenerator[ServerSentEvent, None]:
    with admission:
        yield ServerSentEvent(id=str(begin), event="connected", data=str(begin), retry=RECONNECT_MILLISECONDS)
        async with contextlib.aclosing(gateway.feed.read(caller.organization_id, begin)) as events:
            async for event in events:
                if await gateway.sessions.find(caller.session.id) is None:
                    yield ServerSentEvent(event="signed-out", data="")
                    return
                if event:
                    told = json.dumps(signal(event.type, json.loads(event.data)), separators=(",", ":"))
                    yield ServerSentEvent(id=str(event.position), event="signal", data=told)
