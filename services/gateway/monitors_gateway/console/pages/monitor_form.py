"""Making and changing a monitor: a sentence is read, what it means is shown and corrected, then it is saved."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from monitors_runtime.errors import ProblemError

from ...api import monitors as api
from ...api import shapes
from ...api.monitors import CreateMonitorRequest, InterpretRequest, UpdateMonitorRequest
from ...api.refreshes import refresh_monitor
from ...api.shapes import GivenInterpretation, Interpretation
from ...http.pages import PathId
from ..forms import Errors, parse, read, refused
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.monitor_form import (
    Understood,
    corrected_view,
    edit_view,
    interpretation_of,
    new_view,
    told,
    understood_view,
)
from ..views.monitors import welcome
from ..views.parts import Flash

router = APIRouter(prefix="/monitors")

TEMPLATE = "pages/monitors/form.html"


@router.get("/new")
async def new(request: Request, visit: VisitDep, prompt: str = "") -> Response:
    """The empty field; with a sentence, how it is understood."""
    understood, errors = await _read(request, visit, prompt.strip(), "") if prompt.strip() else (None, Errors())
    return await _new(request, visit, prompt, understood, errors, 200)


@router.post("/new")
async def create(request: Request, visit: VisitDep) -> Response:
    """Save it as it was corrected, and check it for the first time."""
    typed = await read(request)
    prompt = typed.get("prompt", "")
    given, errors = interpretation_of(typed)
    if given is not None:
        parsed = parse(CreateMonitorRequest, {"prompt": prompt, "name": typed.get("name"), "interpretation": given})
        errors = parsed.errors
        if parsed.model is not None:
            try:
                made = await api.create_monitor(parsed.model, request, Response(), visit.caller, visit.gateway)
            except ProblemError as problem:
                errors = told(refused(problem, {"no-source-url": "url"}))
            else:
                return await _check(request, visit, made.monitor.id)
    understood = corrected_view(_said(given), typed, errors, formats(request))
    return await _new(request, visit, prompt, understood, errors, 422)


@router.get("/{id}/edit")
async def edit(request: Request, monitor_id: PathId, visit: VisitDep, prompt: str = "") -> Response:
    """What the monitor watches now; with another sentence, what that would mean."""
    found = await api.find_monitor(visit.gateway, visit.caller, monitor_id)
    sentence, errors = prompt.strip() or found.monitor.prompt, Errors()
    understood = understood_view(found.interpretation, found.monitor.name, formats(request))
    if sentence != found.monitor.prompt:
        kept = found.monitor.name if found.monitor.name != found.interpretation.suggested_name else ""
        read_anew, errors = await _read(request, visit, sentence, kept)
        understood = read_anew or understood
    view = edit_view(found.monitor, sentence, understood, errors, root_of(request))
    return await page(request, TEMPLATE, view)


@router.post("/{id}/edit")
async def update(request: Request, monitor_id: PathId, visit: VisitDep) -> Response:
    """Save what was changed."""
    typed = await read(request)
    given, errors = interpretation_of(typed)
    if given is not None:
        sent = {"prompt": typed.get("prompt"), "name": typed.get("name"), "interpretation": given}
        parsed = parse(UpdateMonitorRequest, sent)
        errors = parsed.errors
        if parsed.model is not None:
            try:
                await api.update_monitor(monitor_id, parsed.model, visit.caller, visit.gateway)
            except ProblemError as problem:
                errors = told(refused(problem, {"no-source-url": "url"}))
            else:
                return redirect(request, f"{root_of(request)}/monitors/{monitor_id}", Flash("Saved."))
    found = await api.find_monitor(visit.gateway, visit.caller, monitor_id)
    understood = corrected_view(_said(given), typed, errors, formats(request))
    view = edit_view(found.monitor, typed.get("prompt", ""), understood, errors, root_of(request))
    return await page(request, TEMPLATE, view, 422)


async def _read(request: Request, visit: Visit, sentence: str, name: str) -> tuple[Understood | None, Errors]:
    """How a sentence is understood, or why it is not."""
    parsed = parse(InterpretRequest, {"prompt": sentence})
    if parsed.model is None:
        return None, parsed.errors
    try:
        found = await api.interpret(parsed.model, visit.caller, visit.gateway)
    except ProblemError as problem:
        return None, refused(problem, {"not-understood": "prompt"})
    return understood_view(found.interpretation, name, formats(request)), Errors()


async def _new(
    request: Request, visit: Visit, prompt: str, understood: Understood | None, errors: Errors, status: int
) -> Response:
    root = root_of(request)
    examples = welcome(root, visit.gateway.settings.example_site).examples
    return await page(request, TEMPLATE, new_view(prompt, understood, errors, root, examples), status)


async def _check(request: Request, visit: Visit, monitor_id: PathId) -> Response:
    """To the monitor, where its first check is under way."""
    at = f"{root_of(request)}/monitors/{monitor_id}"
    try:
        begun = await refresh_monitor(monitor_id, request, Response(), visit.caller, visit.gateway, wait=0)
    except ProblemError as problem:
        words = f"Saved, but not checked yet. {problem.problem.detail or problem.problem.title}"
        return redirect(request, at, Flash(words, "warn"))
    return redirect(request, f"{at}?check={begun.evaluation.refresh_id}", Flash("Saved. The first check is under way."))


def _said(given: GivenInterpretation | None) -> Interpretation | None:
    """What the form says, to be shown in words."""
    return shapes.interpretation(shapes.meant(given)) if given else None
