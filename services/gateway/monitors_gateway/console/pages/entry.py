"""Signing up, in and out, and the choice of light or dark."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from monitors_runtime.errors import ProblemError

from ...api.auth import LoginRequest, RegisterRequest
from ...auth.flows import SignedIn, Visitor, log_in, log_out, register
from ...http.callers import address_of, gateway_of
from ..forms import Errors, parse, read, refused
from ..render import THEME_COOKIE, THEMES, formats, page, redirect, root_of
from ..session import (
    VisitDep,
    cookie_path,
    find_caller,
    forget_session_cookie,
    local_path,
    set_session_cookie,
)
from ..views.entry import EntryView, login_view, signup_view
from ..views.parts import Flash
from .errors import came_from

router = APIRouter()


@router.get("/login")
async def show_login(request: Request) -> Response:
    """The sign-in form."""
    return await _form(request, login_view)


@router.post("/login")
async def login(request: Request) -> Response:
    """Sign in, and go where one was going."""
    fields = await read(request)
    parsed = parse(LoginRequest, fields)
    asked = parsed.model
    if asked is None:
        return await _form(request, login_view, fields, parsed.errors)
    return await _enter(
        request, login_view, fields, lambda visitor: log_in(gateway_of(request), asked.email, asked.password, visitor)
    )


@router.get("/signup")
async def show_signup(request: Request) -> Response:
    """The sign-up form."""
    return await _form(request, signup_view)


@router.post("/signup")
async def signup(request: Request) -> Response:
    """Create an account, signed in."""
    fields = await read(request)
    parsed = parse(RegisterRequest, fields)
    asked = parsed.model
    if asked is None:
        return await _form(request, signup_view, fields, parsed.errors)
    return await _enter(
        request,
        signup_view,
        fields,
        lambda visitor: register(gateway_of(request), asked.email, asked.password, asked.name, visitor),
    )


@router.post("/logout")
async def logout(request: Request, visit: VisitDep) -> Response:
    """End this session."""
    await log_out(visit.gateway, visit.caller.session, visit.caller.address)
    response = redirect(request, f"{root_of(request)}/login", Flash("You are signed out."))
    forget_session_cookie(response, request)
    return response


@router.post("/theme")
async def choose_theme(request: Request) -> Response:
    """Light, dark, or as the system has it; kept in this browser."""
    chosen = (await read(request)).get("theme", "")
    response = redirect(request, came_from(request) or root_of(request) or "/")
    if chosen in THEMES:
        response.set_cookie(
            THEME_COOKIE, chosen, max_age=365 * 86400, path=cookie_path(request), httponly=True, samesite="lax"
        )
    return response


AT_FIELDS = {"email-taken": "email"}
Show = Callable[[str, dict[str, str], Errors, str, str], EntryView]


NOTICES = {
    "ended": "You were signed out, because your session ended. Sign in to go on where you were.",
    "next": "Sign in to go on where you were.",
}


async def _form(
    request: Request,
    show: Show,
    fields: dict[str, str] | None = None,
    errors: Errors | None = None,
    status: int = 422,
    retry: datetime | None = None,
) -> Response:
    onward = local_path(request, (fields or {}).get("next") or request.query_params.get("next"))
    if fields is None and await find_caller(request):
        return redirect(request, onward or root_of(request) or "/")
    query = f"?next={quote(onward, safe='')}" if onward else ""
    view = show(root_of(request), fields or {}, errors or Errors(), onward or "", query)
    if errors is None:
        view = replace(view, notice=NOTICES.get(request.query_params.get("because") or ("next" if onward else ""), ""))
    view = replace(view, retry=formats(request).maybe_when(retry))
    return await page(request, "pages/entry.html", view, status if errors else 200)


async def _enter(
    request: Request, show: Show, fields: dict[str, str], enter: Callable[[Visitor], Awaitable[SignedIn]]
) -> Response:
    """Open a session, or show the form again with the reason why not."""
    visitor = Visitor(address_of(request), request.headers.get("user-agent", ""))
    try:
        signed_in = await enter(visitor)
    except ProblemError as error:
        problem = error.problem
        errors = Errors(form=problem.title) if problem.retry_at else refused(error, AT_FIELDS)
        return await _form(request, show, fields, errors, problem.status, problem.retry_at)
    response = redirect(request, local_path(request, fields.get("next")) or root_of(request) or "/")
    set_session_cookie(response, request, signed_in.session.id)
    return response
