"""The console, wired: an application of its own below `/console`, with its own errors, headers and files."""

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from opentelemetry import trace
from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitors_contracts.base import Problem
from monitors_runtime.database import DATABASE_AWAY
from monitors_runtime.errors import ProblemError

from ..gateway import Gateway
from ..http.problems import KNOWN
from . import assets, live
from .pages import (
    account,
    alerts,
    channels,
    contacts,
    entry,
    errors,
    explore,
    heartbeats,
    incidents,
    inhibitions,
    integrations,
    maintenance,
    messages,
    monitor,
    monitor_form,
    monitors,
    on_call,
    policies,
    routes,
    rule,
    rule_form,
    rules,
    schedule_form,
    sessions,
    silences,
    status_pages,
    styleguide,
    system,
    targets,
    tokens,
    uptime,
)
from .render import PATH
from .session import ConsoleKeys, SignedOut, check_origin

log = structlog.get_logger(__name__)

ROUTERS = (
    *(entry.router, live.router, styleguide.router),
    *(monitors.router, monitor_form.router, monitor.router),
    *(sessions.router, tokens.router, account.router),
    *(incidents.router, alerts.router, channels.router, messages.router, integrations.router),
    *(schedule_form.router, on_call.router, policies.router, contacts.router, routes.router),
    *(silences.router, maintenance.router, inhibitions.router, status_pages.router),
    *(explore.router, targets.router, system.router),
    *(rules.router, rule_form.router, rule.router, heartbeats.router, uptime.router),
)


class AtItsRoot:
    """Lets the console answer at its own path, which a mount knows only with a slash behind."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            scope["path"] = f"{PATH}/"
        await self._app(scope, receive, send)


class WithoutNul:
    """Takes NUL out of addresses: an odd query is still a page, and services refuse what they can't look for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["query_string"] = scope["query_string"].replace(b"%00", b"")
        await self._app(scope, receive, send)


class LastNet:
    """Answers what nobody foresaw with a page, and logs it as the API does; what fails even then is left to the edge."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as failure:
            if started or scope["type"] != "http":
                raise
            log.exception("request failed", method=scope["method"])
            trace.get_current_span().record_exception(failure)
            await (await errors.unforeseen(Request(scope)))(scope, receive, send)


def install(app: FastAPI, gateway: Gateway, secret: SecretStr) -> None:
    """Serve the console below `/console` of `app`."""
    console = FastAPI(
        title="Monitors! console",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(check_origin)],
    )
    console.state.gateway = gateway
    console.state.keys = ConsoleKeys(secret)
    for router in ROUTERS:
        console.include_router(router)
    console.mount(f"/static/{assets.VERSION}", assets.serve, name="console-static")
    _answer_errors(console)
    console.add_middleware(LastNet)
    console.add_middleware(WithoutNul)
    console.add_middleware(GZipMiddleware, minimum_size=800)
    app.mount(PATH, console)
    app.add_route("/", _home, include_in_schema=False)
    app.add_middleware(AtItsRoot)


async def _home(_: Request) -> Response:
    return RedirectResponse(PATH)


def _answer_errors(console: FastAPI) -> None:
    async def signed_out(request: Request, error: Exception) -> Response:
        assert isinstance(error, SignedOut)
        return errors.sign_in_first(request, error)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)
        return await errors.failed(request, error.problem)

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind, title = KNOWN.get(error.status_code, ("http-error", "This can't be done"))
        return await errors.failed(request, Problem(type=kind, title=title, status=error.status_code))

    async def invalid(request: Request, _: Exception) -> Response:
        # A path or query of ours holds ids and known words alone: whoever typed another finds nothing there.
        return await errors.failed(request, Problem(type="not-found", title="Not found", status=404))

    async def away(request: Request, _: Exception) -> Response:
        return errors.unavailable(request)

    console.add_exception_handler(SignedOut, signed_out)
    console.add_exception_handler(ProblemError, refused)
    console.add_exception_handler(HTTPException, http_error)
    console.add_exception_handler(RequestValidationError, invalid)
    for kind in DATABASE_AWAY:
        console.add_exception_handler(kind, away)
