"""Where somebody is signed in."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from ...api import account, audit
from ...http.pages import PathId
from ..render import formats, page, redirect, root_of
from ..session import VisitDep
from ..views.parts import Flash
from ..views.sessions import sessions_view

router = APIRouter(prefix="/account/sessions")

ENTRIES = 100


@router.get("")
async def show_sessions(request: Request, visit: VisitDep) -> Response:
    """All sessions, and what happened lately."""
    sessions, lately = await asyncio.gather(
        account.list_sessions(visit.caller, visit.gateway), audit.list_audit(visit.caller, visit.gateway, ENTRIES)
    )
    view = sessions_view(root_of(request), sessions.sessions, lately.entries, formats(request))
    return await page(request, "pages/account/sessions.html", view)


@router.post("/{id}/end")
async def end_session(session_id: PathId, request: Request, visit: VisitDep) -> Response:
    """Sign one out."""
    await account.end_session(session_id, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/account/sessions", Flash("Signed out there."))


@router.post("/end-others")
async def end_others(request: Request, visit: VisitDep) -> Response:
    """Sign out everywhere else."""
    done = await account.end_other_sessions(visit.caller, visit.gateway)
    words = "Signed out there." if done.ended == 1 else f"Signed out in {done.ended} places."
    return redirect(request, f"{root_of(request)}/account/sessions", Flash(words))
