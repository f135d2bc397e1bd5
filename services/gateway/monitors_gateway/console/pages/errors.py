"""What a person sees when something can't be done: what happened, and what to do next."""

from urllib.parse import urlencode, urlsplit

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from monitors_contracts.base import Problem

from .. import render
from ..render import environment, formats, redirect, root_of
from ..session import SAFE_METHODS, SignedOut, forget_session_cookie, local_path
from ..views.errors import NOT_FOUND, ErrorView, error_view
from ..views.parts import Flash, Link


async def failed(request: Request, problem: Problem) -> Response:
    """A problem: on a page of its own, or, when a form failed, as a word on the page the form was on."""
    view = error_view(problem, formats(request), root_of(request))
    back = came_from(request)
    if request.method not in SAFE_METHODS and back:
        return redirect(request, back, Flash(f"{view.title}. {view.words}", "bad"))
    return await render.page(request, "pages/error.html", view, problem.status)


async def unforeseen(request: Request) -> Response:
    """We failed: what it was stays in the log, under the id that the page tells."""
    words = (
        f"Something went wrong on our side. It was logged as request {request.state.request_id}; try again in a moment."
    )
    home = Link("To your monitors", root_of(request) or "/", "radar")
    return await render.page(request, "pages/error.html", ErrorView(500, "Internal error", words, home), 500)


def unavailable(request: Request) -> Response:
    """The database is away: nobody's page can be made, so this one needs nothing."""
    view = ErrorView(
        503, "Back in a moment", "The platform is starting or out of reach. This page tries again by itself."
    )
    body = environment.get_template("pages/unavailable.html").render(view=view, root=root_of(request))
    return HTMLResponse(body, 503, render.HEADERS | {"Retry-After": "3", "Refresh": "3"})


def sign_in_first(request: Request, signed_out: SignedOut) -> Response:
    """To the sign-in, and from there back to where one was going."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = wanted if request.method in SAFE_METHODS else came_from(request)
    because = {"because": signed_out.because} if signed_out.because else {}
    onward = {"next": back} if back and back != root_of(request) else {}
    query = urlencode(because | onward)
    login = f"{root_of(request)}/login" + (f"?{query}" if query else "")
    if "x-live" in request.headers or "text/event-stream" in request.headers.get("accept", ""):
        response: Response = Response(status_code=401, headers=render.HEADERS)
    else:
        response = redirect(request, login)
        if request.headers.get("hx-request"):
            response.status_code = 401
            response.headers["HX-Redirect"] = login
    forget_session_cookie(response, request)
    return response


async def not_found(request: Request) -> Response:
    """There is no such page."""
    return await render.page(request, "pages/error.html", NOT_FOUND, 404)


def came_from(request: Request) -> str | None:
    """The console's page that a form was on, by the Referer."""
    referer = urlsplit(request.headers.get("referer", ""))
    if referer.netloc != request.headers.get("host"):
        return None
    return local_path(request, referer.path + (f"?{referer.query}" if referer.query else ""))
