"""Silences: the list, one with what it hid, and the form that shows what it would hide."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import Response as Answer

from monitors_contracts.base import Id
from monitors_contracts.silences import SilenceSpec, SilenceState, SilenceView
from monitors_runtime.errors import ProblemError

from ...api import alerts as alerts_api
from ...api import silences as api
from ...api.silences import PreviewRequest
from ...http.pages import Cursor, PathId
from ..forms import Errors, made_of, parse, read, refused, unchanged
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.parts import Flash
from ..views.silences import (
    MOST_SHOWN,
    MatchedView,
    form_errors,
    matched_view,
    matchers_for,
    prolonged,
    silence_form,
    silence_view,
    silences_view,
    spec_of,
)

router = APIRouter(prefix="/silences")

PER_PAGE = 50
LONGEST_PROLONGING = 24 * 7


@router.get("")
async def list_silences(
    request: Request, visit: VisitDep, state: str = "active", q: str = "", cursor: Cursor = None
) -> Answer:
    """Silences in one state."""
    chosen = SilenceState(state) if state in {each.value for each in SilenceState} else SilenceState.ACTIVE
    words = q.strip()[:200]
    found = await api.list_silences(
        visit.caller, visit.gateway, state=[chosen], q=words or None, limit=PER_PAGE, cursor=cursor
    )
    view = silences_view(found, chosen, words, root_of(request), formats(request))
    return await page(request, "pages/silences/list.html", view)


@router.get("/new")
async def new_silence(request: Request, visit: VisitDep, matchers: str = "", alert: str = "") -> Answer:
    """The form; with the matchers of the address, or those of an alert."""
    typed = {"matchers": matchers[:4000]} if matchers else {}
    if alert_id := _id(alert):
        typed = {"matchers": matchers_for(await alerts_api.get_alert(alert_id, visit.caller, visit.gateway))}
    return await _form(request, visit, None, typed, Errors(), 200)


@router.post("/new")
async def add_silence(request: Request, visit: VisitDep) -> Answer:
    """Silence; or show what it would hide."""
    typed = await read(request)
    if typed.get("do") == "preview":
        return await _form(request, visit, None, typed, Errors(), 200)
    parsed = parse(SilenceSpec, spec_of(typed, None))
    errors = parsed.errors
    if parsed.model:
        try:
            made = await api.create_silence(
                parsed.model, request, Response(), visit.caller, visit.gateway, confirm=bool(typed.get("confirm"))
            )
        except ProblemError as problem:
            errors = refused(problem)
        else:
            until = formats(request).exact(made.silence.ends_at)
            return redirect(
                request, f"{root_of(request)}/silences/{made.silence.id}", Flash(f"Silenced until {until}.")
            )
    return await _form(request, visit, None, typed, errors, 422)


@router.get("/{id}")
async def silence(request: Request, silence_id: PathId, visit: VisitDep) -> Answer:
    """One silence and what it hid."""
    known = await api.get_silence(silence_id, visit.caller, visit.gateway)
    held = await api.list_held_by_silence(silence_id, visit.caller, visit.gateway)
    return await page(
        request, "pages/silences/silence.html", silence_view(known, held, root_of(request), formats(request))
    )


@router.get("/{id}/edit")
async def edit_silence(request: Request, silence_id: PathId, visit: VisitDep) -> Answer:
    """The form of one."""
    known = await api.get_silence(silence_id, visit.caller, visit.gateway)
    made_of(request, _parts(known))
    return await _form(request, visit, known, {}, Errors(), 200)


@router.post("/{id}/edit")
async def change_silence(request: Request, silence_id: PathId, visit: VisitDep) -> Answer:
    """Make it what the form says; or show what it would hide."""
    known = await api.get_silence(silence_id, visit.caller, visit.gateway)
    typed = await read(request)
    if typed.get("do") == "preview":
        return await _form(request, visit, known, typed, Errors(), 200)
    parsed = parse(SilenceSpec, spec_of(typed, known))
    errors = parsed.errors
    if parsed.model:
        try:
            confirm = bool(typed.get("confirm"))
            await unchanged(request, _parts(known))
            await api.replace_silence(silence_id, parsed.model, visit.caller, visit.gateway, confirm=confirm)
        except ProblemError as problem:
            errors = refused(problem)
        else:
            return redirect(request, f"{root_of(request)}/silences/{silence_id}", Flash("Saved."))
    return await _form(request, visit, known, typed, errors, 422)


@router.post("/{id}/expire")
async def expire_silence(request: Request, silence_id: PathId, visit: VisitDep) -> Answer:
    """End it now."""
    await api.expire_silence(silence_id, visit.caller, visit.gateway)
    words = "The silence has ended. What fires still is told now."
    return redirect(request, f"{root_of(request)}/silences/{silence_id}", Flash(words))


@router.post("/{id}/prolong")
async def prolong_silence(request: Request, silence_id: PathId, visit: VisitDep) -> Answer:
    """Let it last some hours more."""
    typed = (await read(request)).get("hours", "")
    hours = min(int(typed), LONGEST_PROLONGING) if typed.isdecimal() and len(typed) < 5 else 1
    known = await api.get_silence(silence_id, visit.caller, visit.gateway)
    changed = await api.update_silence(silence_id, prolonged(known, hours), visit.caller, visit.gateway)
    until = formats(request).exact(changed.silence.ends_at)
    return redirect(request, f"{root_of(request)}/silences/{silence_id}", Flash(f"It lasts until {until}."))


def _parts(silence: SilenceView) -> tuple[object, ...]:
    """What the form of one shows."""
    return silence.matchers, silence.ends_at, silence.comment, silence.remind


async def _form(
    request: Request, visit: Visit, known: SilenceView | None, typed: dict[str, str], errors: Errors, status: int
) -> Answer:
    matchers = typed.get("matchers", "") or (spec_matchers(known) if known and "matchers" not in typed else "")
    matched = await previewed(request, visit, matchers)
    view = silence_form(known, typed, form_errors(errors), matched, root_of(request))
    return await page(request, "pages/silences/form.html", view, status)


def spec_matchers(known: SilenceView) -> str:
    """The matchers of a silence, as they are typed."""
    return ", ".join(str(each) for each in known.matchers)


async def previewed(request: Request, visit: Visit, matchers: str) -> MatchedView:
    """What matchers choose now, or what is missing to say so."""
    if not matchers:
        return MatchedView(missing="Say which labels, and what it would hide now is shown here.")
    parsed = parse(PreviewRequest, {"matchers": matchers, "limit": MOST_SHOWN})
    if parsed.model is None:
        return MatchedView(missing=parsed.errors.of("matchers") or parsed.errors.form)
    try:
        found = await api.preview_matchers(parsed.model, visit.caller, visit.gateway)
    except ProblemError as problem:
        return MatchedView(missing=problem.problem.detail or problem.problem.title)
    return matched_view(found, root_of(request), formats(request))


def _id(text: str) -> Id | None:
    try:
        return UUID(text)
    except ValueError:
        return None
