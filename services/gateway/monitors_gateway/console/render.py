"""Rendering: one template, one view model, inside the shell."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from monitors_contracts.alerts import AlertState, ListAlerts
from monitors_runtime.errors import ProblemError

from ..http.callers import Caller, gateway_of
from . import assets
from .formats import Formats, formats_for
from .forms import made_of_before
from .session import cookie_path, find_caller, keys_of
from .views.parts import Action, Flash
from .views.shell import Shell, shell

PATH = "/console"
HERE = Path(__file__).parent
FLASH_COOKIE = "monitors_flash"
THEME_COOKIE = "monitors_theme"
THEMES = ("auto", "light", "dark")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # Within the console a form that fails leads back to where it was.
    "Referrer-Policy": "same-origin",
}


environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# Components that are imported see no page, only this.
cast(dict[str, Any], environment.globals)["icons"] = f"{PATH}/static/{assets.VERSION}/vendor/icons.svg"


def formats(request: Request) -> Formats:
    """How this request's person writes numbers and times, at this moment."""
    return formats_for(request.headers.get("accept-language", ""), datetime.now(UTC))


async def page(request: Request, template: str, view: Any, status: int = 200) -> Response:
    """A page of the console, for whoever is signed in. `view` is all that the template sees, beside the shell."""
    caller: Caller | None = getattr(request.state, "caller", None) or await find_caller(request)
    frame = await _shell(request, caller)
    made_of = getattr(request.state, "made_of", None) or await made_of_before(request)
    body = environment.get_template(template).render(view=view, shell=frame, made_of=made_of)
    response = HTMLResponse(body, status, HEADERS)
    if frame.flash:
        response.delete_cookie(FLASH_COOKIE, path=cookie_path(request))
    return response


def redirect(request: Request, path: str, flash: Flash | None = None) -> Response:
    """To another page (a path as it is used, with the root), saying something there."""
    if request.headers.get("hx-request") and path.split("?")[0] != urlsplit(request.headers.get("referer", "")).path:
        # Another page has files of its own: the browser is to go there itself, rather than to take a piece of it.
        response: Response = Response(status_code=204, headers=HEADERS | {"HX-Redirect": path})
    else:
        response = RedirectResponse(path, 303, HEADERS)
    if flash:
        sealed = keys_of(request).seal(json.dumps(asdict(flash)).encode())
        response.set_cookie(
            FLASH_COOKIE,
            sealed,
            max_age=60,
            path=cookie_path(request),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
    return response


def root_of(request: Request) -> str:
    """The path the console lives under."""
    return request.scope.get("root_path", "")


async def _shell(request: Request, caller: Caller | None) -> Shell:
    theme = request.cookies.get(THEME_COOKIE, "auto")
    root = root_of(request)
    return shell(
        root,
        f"{root}/static/{assets.VERSION}",
        theme if theme in THEMES else "auto",
        request.url.path.removeprefix(root),
        caller,
        keys_of(request).csrf(caller.session.id) if caller else "",
        _flash(request),
        await _open_alerts(request, caller) if caller else 0,
        getattr(request.state, "position", ""),
    )


async def _open_alerts(request: Request, caller: Caller) -> int:
    """How many alerts ask for attention; a page is shown even when nobody can say."""
    asked = ListAlerts(organization_id=caller.organization_id, state=AlertState.FIRING, limit=1)
    try:
        return (await gateway_of(request).runtime.ask(asked, patience=2)).total
    except ProblemError:
        return 0


def _flash(request: Request) -> Flash | None:
    content = keys_of(request).unseal(request.cookies.get(FLASH_COOKIE, ""))
    if not content:
        return None
    kept = json.loads(content)
    undo = Action(**kept["undo"]) if kept["undo"] else None
    return Flash(kept["words"], kept["tone"], undo)
