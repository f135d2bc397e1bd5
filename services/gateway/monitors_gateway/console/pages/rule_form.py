"""Making and changing a rule: its kind is chosen, its fields are filled in, and what it would have done is shown."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from monitors_contracts.base import Id
from monitors_contracts.series import series_key
from monitors_runtime.errors import ProblemError

from ...api import metrics_query, rules
from ...api.rules import PREVIEW_SPAN, PreviewRequest, Rule
from ...http.pages import PathId
from ..forms import Errors, made_of, read, read_list, refused, unchanged
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.explore import MOST_METRICS
from ..views.parts import Flash
from ..views.rule_form import Offers, rule_form_view
from ..views.rule_preview import PreviewView, missing, preview_view
from ..views.rule_typed import Typed, prefilled, rows_of, rule_of, told, typed_of
from ..views.rule_words import KINDS, watches
from ..views.rules import edit_of
from .rule import judged, names_of

router = APIRouter(prefix="/rules")

TEMPLATE = "pages/rules/form.html"
NAMELESS = "New rule"
"""What a rule is tried under that has no name yet."""
MOST_PARTS = 500


@router.get("/new")
async def new(request: Request, visit: VisitDep, like: str = "") -> Response:
    """An empty form; filled by the address, or `like` a rule that is there."""
    typed = prefilled(request.query_params.multi_items())
    if (rule_id := id_of(like)) and "kind" not in request.query_params:
        model = await rules.find_rule(visit.gateway, visit.caller, rule_id)
        known = typed_of(model.spec)
        typed = replace(known, texts={**known.texts, "name": f"{model.name} (copy)"[:200]})
    return await _show(request, visit, typed, Errors(), None, 200)


@router.post("/new")
async def create(request: Request, visit: VisitDep) -> Response:
    """Save it; or show what it would have done."""
    typed = await _typed(request)
    if await _is_preview(request):
        return await _show(request, visit, typed, Errors(), None, 200)
    spec, errors = rule_of(typed)
    if spec is not None:
        try:
            made = await rules.create_rule(spec, request, Response(), visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = told(refused(problem))
        else:
            flash = Flash(f"“{made.rule.name}” judges from now on.")
            return redirect(request, f"{root_of(request)}/rules/{made.rule.id}", flash)
    return await _show(request, visit, typed, errors, None, 422)


@router.get("/{id}/edit")
async def edit(request: Request, rule_id: PathId, visit: VisitDep) -> Response:
    """The form of a rule that is there; with a `kind` in the address, as that kind."""
    rule = await rules.find_rule(visit.gateway, visit.caller, rule_id)
    if rule.kind not in KINDS:
        return redirect(request, edit_of(rule.id, rule.kind, root_of(request)))
    made_of(request, typed_of(rule.spec))
    filled = "kind" in request.query_params
    typed = prefilled(request.query_params.multi_items()) if filled else typed_of(rule.spec)
    return await _show(request, visit, typed, Errors(), rule, 200)


@router.post("/{id}/edit")
async def update(request: Request, rule_id: PathId, visit: VisitDep) -> Response:
    """Save what was changed; or show what it would have done."""
    rule = await rules.find_rule(visit.gateway, visit.caller, rule_id)
    typed = await _typed(request)
    if await _is_preview(request):
        return await _show(request, visit, typed, Errors(), rule, 200)
    spec, errors = rule_of(typed, rule.spec)
    if spec is not None:
        try:
            await unchanged(request, typed_of(rule.spec))
            await rules.replace_rule(rule_id, spec, visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = told(refused(problem))
        else:
            return redirect(request, f"{root_of(request)}/rules/{rule_id}", Flash("Saved."))
    return await _show(request, visit, typed, errors, rule, 422)


def id_of(text: str) -> Id | None:
    """The id that a text is."""
    try:
        return UUID(text)
    except ValueError:
        return None


async def _typed(request: Request) -> Typed:
    texts = await read(request)
    kind = texts.get("kind", "")
    rows = [await read_list(request, name) for name in ("label", "match", "value")]
    return Typed(
        kind if kind in KINDS else "threshold",
        texts,
        rows_of(*([each.replace("\0", "") for each in part] for part in rows)),
        tuple(await read_list(request, "rule")),
    )


async def _is_preview(request: Request) -> bool:
    return (await read(request)).get("do") == "preview"


async def _show(
    request: Request, visit: Visit, typed: Typed, errors: Errors, rule: Rule | None, status: int
) -> Response:
    offers, preview = await asyncio.gather(_offers(visit, typed), _preview(request, visit, typed, rule))
    view = rule_form_view(typed, offers, errors, preview, root_of(request), rule)
    return await page(request, TEMPLATE, view, status)


async def _preview(request: Request, visit: Visit, typed: Typed, rule: Rule | None) -> PreviewView:
    """What the rule would have done over the last day, or what is missing to say so."""
    named = replace(typed, texts={**typed.texts, "name": typed.of("name") or NAMELESS})
    spec, errors = rule_of(named, rule.spec if rule else None)
    if spec is None:
        return PreviewView(missing=missing(typed, errors))
    until = datetime.now(UTC)
    asked = PreviewRequest(rule=spec, rule_id=rule.id if rule else None, since=until - PREVIEW_SPAN, until=until)
    names = await names_of(visit, spec)
    try:
        tried = await rules.preview_rule(asked, visit.caller, visit.gateway)
    except ProblemError as problem:
        words = watches(spec, formats(request), names)
        return PreviewView(words, problem.problem.detail or problem.problem.title)
    drawn = await judged(visit, spec, until, tried.series)
    return preview_view(spec, tried, drawn, formats(request), names)


async def _offers(visit: Visit, typed: Typed) -> Offers:
    """What there is to choose from; nothing while nobody can say."""
    try:
        if typed.kind == "composite":
            found = await rules.list_rules(visit.caller, visit.gateway, limit=MOST_PARTS)
            return Offers(rules=found.rules)
        match = [series_key(typed.of("metric")[:200], {})] if typed.of("metric") else None
        names, about, labels = await asyncio.gather(
            metrics_query.list_label_values("__name__", visit.caller, visit.gateway, limit=MOST_METRICS),
            metrics_query.describe_metrics(visit.caller, visit.gateway),
            metrics_query.list_labels(visit.caller, visit.gateway, match),
        )
    except ProblemError:
        return Offers()
    return Offers(names.names, about.metrics, [name for name in labels.names if name != "__name__"])
