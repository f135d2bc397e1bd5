"""The user's own events as they happen."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, Header
from sse_starlette import EventSourceResponse, ServerSentEvent

from ..domain.positions import Position
from ..gateway import Gateway
from ..http.callers import Caller, CallerDep, GatewayDep, still_good

router = APIRouter(prefix="/api", tags=["events"])

HEARTBEAT_SECONDS = 15
RECONNECT_MILLISECONDS = 2000
EVENT_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": (
            "Server-sent events. `event` is the type (`monitors.alert.triggered.v1`), `data` a JSON object with `id`, "
            "`type`, `time`, `correlationId` and `data`, `id` the position to resume from. A check's stages are told by "
            "`monitors.monitor.refresh-requested.v1`, `monitors.page.fetched.v1` or `monitors.page.fetch-failed.v1` (ids "
            "only, never what is on a page) and `monitors.monitor.evaluated.v1`, all with the refresh's id as "
            "`correlationId`."
        ),
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": (
                    "id: m12.a4.p9\nevent: monitors.monitor.deleted.v1\n"
                    'data: {"id":"019...","type":"monitors.monitor.deleted.v1","time":"2026-11-21T10:00:00+00:00",'
                    '"correlationId":"019...","data":{"organizationId":"019...","monitorId":"019..."}}\n\n'
                ),
            }
        },
    }
}


@router.get("/events", response_class=EventSourceResponse, responses=EVENT_STREAM)
async def stream_events(
    caller: CallerDep,
    gateway: GatewayDep,
    last_event_id: Annotated[str | None, Header(description="The last `id` seen: go on behind it")] = None,
) -> EventSourceResponse:
    """Follow your events. Send `Last-Event-ID` to go on where you were: nothing is missed and nothing comes twice."""
    begin = await gateway.feed.position(last_event_id)
    admission = contextlib.ExitStack()
    admission.enter_context(gateway.feed.admit(caller.user_id))
    return EventSourceResponse(
        _sent(gateway, caller, begin, admission), ping=HEARTBEAT_SECONDS, headers={"Cache-Control": "no-store"}
    )


async def _sent(
    gateway: Gateway, caller: Caller, begin: Position, admission: contextlib.ExitStack
) -> AsyncGenerator[ServerSentEvent, None]:
    """The feed on the wire, until the session or its token ends."""
    with admission:
        # An id without data: a client that loses the connection before the first event resumes from here.
        yield ServerSentEvent(id=str(begin), comment="connected", retry=RECONNECT_MILLISECONDS)
        async with contextlib.aclosing(gateway.feed.read(caller.organization_id, begin)) as events:
            async for event in events:
                if not await still_good(gateway, caller):
                    return
                if event:
                    yield ServerSentEvent(id=str(event.position), event=event.type, data=event.data)
