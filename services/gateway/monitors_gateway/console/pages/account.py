"""The account: profile and password, what is used of limits, export, leaving."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from monitors_contracts.collection import ListMonitors
from monitors_runtime.errors import ProblemError

from ...api import account, export, usage
from ...api.account import ChangePasswordRequest, DeleteAccountRequest, UpdateProfileRequest
from ..forms import Errors, parse, read, refused
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep, forget_session_cookie
from ..views.account import Failed, Part, profile_view
from ..views.account_data import data_view
from ..views.parts import Flash
from ..views.usage import usage_view

router = APIRouter(prefix="/account")

AT_FIELDS = {"wrong-password": "current_password", "email-taken": "email"}


@router.get("")
async def show_profile(request: Request, visit: VisitDep) -> Response:
    """Name, address and password."""
    return await _profile(request, visit)


@router.post("/name")
async def save_name(request: Request, visit: VisitDep) -> Response:
    """Another name."""
    return await _update(request, visit, "name", "Your name is saved.")


@router.post("/email")
async def save_email(request: Request, visit: VisitDep) -> Response:
    """Another address."""
    return await _update(request, visit, "email", "Your address is changed. Sign in with the new one from now on.")


@router.post("/password")
async def save_password(request: Request, visit: VisitDep) -> Response:
    """Another password."""
    fields = await read(request)
    parsed = parse(ChangePasswordRequest, fields)
    if parsed.model is None:
        return await _profile(request, visit, Failed("password", fields, parsed.errors))
    try:
        done = await account.change_password(parsed.model, visit.caller, visit.gateway)
    except ProblemError as error:
        return await _profile(
            request, visit, Failed("password", fields, refused(error, AT_FIELDS)), error.problem.status
        )
    ended = f" Other sessions ended: {done.ended}." if done.ended else ""
    return redirect(request, f"{root_of(request)}/account", Flash(f"Your password is changed.{ended}"))


@router.get("/usage")
async def show_usage(request: Request, visit: VisitDep) -> Response:
    """What is used of each limit."""
    found = await usage.get_usage(visit.caller, visit.gateway)
    return await page(request, "pages/account/usage.html", usage_view(root_of(request), found, formats(request)))


@router.get("/data")
async def show_data(request: Request, visit: VisitDep) -> Response:
    """Export and leaving."""
    return await _data(request, visit)


@router.get("/export")
async def download(visit: VisitDep) -> Response:
    """Everything, as a zip archive."""
    return await export.export(visit.caller, visit.gateway)


@router.post("/delete")
async def delete(request: Request, visit: VisitDep) -> Response:
    """Delete the account."""
    fields = await read(request)
    confirm = fields.get("confirm", "").strip("“”\"'").lower()
    parsed = parse(DeleteAccountRequest, {"password": fields.get("password", ""), "confirm": confirm})
    if parsed.model is None:
        confirm_error = {"confirm": "Type the word delete."} if "confirm" in parsed.errors.fields else {}
        return await _data(request, visit, Errors(parsed.errors.fields | confirm_error))
    try:
        await account.delete_me(parsed.model, visit.caller, visit.gateway)
    except ProblemError as error:
        return await _data(request, visit, refused(error, {"wrong-password": "password"}), error.problem.status)
    words = "Your account is deleted, and everything in it. Thank you for having been here."
    response = redirect(request, f"{root_of(request)}/login", Flash(words))
    forget_session_cookie(response, request)
    return response


async def _update(request: Request, visit: Visit, part: Part, words: str) -> Response:
    fields = await read(request)
    parsed = parse(UpdateProfileRequest, fields)
    errors = parsed.errors if parsed.model is None or fields.get(part) else Errors({part: "Please fill this in."})
    if parsed.model is None or errors.fields:
        return await _profile(request, visit, Failed(part, fields, errors))
    try:
        await account.update_me(parsed.model, visit.caller, visit.gateway)
    except ProblemError as error:
        return await _profile(request, visit, Failed(part, fields, refused(error, AT_FIELDS)), error.problem.status)
    return redirect(request, f"{root_of(request)}/account", Flash(words))


async def _profile(request: Request, visit: Visit, failed: Failed | None = None, status: int = 422) -> Response:
    view = profile_view(root_of(request), visit.caller.session, failed)
    return await page(request, "pages/account/profile.html", view, status if failed else 200)


async def _data(request: Request, visit: Visit, errors: Errors | None = None, status: int = 422) -> Response:
    caller = visit.caller
    asked = ListMonitors(organization_id=caller.organization_id, user_id=caller.user_id, limit=1)
    owned = (await visit.gateway.runtime.ask(asked)).owned
    view = data_view(root_of(request), caller.session.email, owned, errors)
    return await page(request, "pages/account/data.html", view, status if errors else 200)
