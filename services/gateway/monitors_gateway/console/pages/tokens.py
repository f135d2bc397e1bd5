"""API tokens."""

from collections.abc import Collection

from fastapi import APIRouter, Request
from starlette.responses import Response

from monitors_runtime.errors import ProblemError

from ...api import tokens
from ...api.tokens import CreateTokenReply, CreateTokenRequest
from ...domain.scopes import Scope
from ...http.pages import PathId
from ..forms import Errors, parse, read, read_list, refused
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.parts import Flash
from ..views.tokens import expires_at, tokens_view

router = APIRouter(prefix="/account/tokens")


@router.get("")
async def show_tokens(request: Request, visit: VisitDep) -> Response:
    """Tokens, and the form for another."""
    return await _tokens(request, visit)


@router.post("")
async def create_token(request: Request, visit: VisitDep) -> Response:
    """Make a token, and show it on the answer itself: nothing of it is kept, not even for a redirect."""
    fields, scopes, now = await read(request), await read_list(request, "scopes"), formats(request).now
    asked = {"name": fields.get("name"), "scopes": scopes, "expires_at": expires_at(fields.get("days", ""), now)}
    parsed = parse(CreateTokenRequest, asked)
    if parsed.model is None:
        at_scopes = {"scopes": "Choose at least one."} if "scopes" in parsed.errors.fields else {}
        errors = Errors(parsed.errors.fields | at_scopes, parsed.errors.form)
        return await _tokens(request, visit, fields, scopes, errors)
    try:
        made = await tokens.create_token(parsed.model, visit.caller, visit.gateway)
    except ProblemError as error:
        return await _tokens(request, visit, fields, scopes, refused(error), error.problem.status)
    return await _tokens(request, visit, made=made, status=201)


@router.post("/{id}/revoke")
async def revoke_token(token_id: PathId, request: Request, visit: VisitDep) -> Response:
    """End a token."""
    await tokens.revoke_token(token_id, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/account/tokens", Flash("The token is revoked."))


async def _tokens(
    request: Request,
    visit: Visit,
    typed: dict[str, str] | None = None,
    chosen: Collection[str] = (Scope.READ,),
    errors: Errors | None = None,
    status: int = 422,
    made: CreateTokenReply | None = None,
) -> Response:
    found = await tokens.list_tokens(visit.caller, visit.gateway)
    api = f"{request.url.scheme}://{request.url.netloc}/api"
    view = tokens_view(
        root_of(request), api, found.tokens, formats(request), typed or {}, chosen, errors or Errors(), made
    )
    return await page(request, "pages/account/tokens.html", view, status if errors or made else 200)
