"""The list of rules, and what is done to them from there."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from monitors_contracts.base import Id
from monitors_runtime.errors import ProblemError

from ...api import rules as api
from ...api.rules import Rule, RuleStanding
from ...http.pages import Cursor, PathId
from ..forms import read
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.parts import Action, Flash
from ..views.rule_words import KIND_NAMES
from ..views.rules import MOST_BY_STATE, STATES, rules_view
from .errors import came_from

router = APIRouter(prefix="/rules")

PER_PAGE = 50


@router.get("")
async def list_rules(
    request: Request,
    visit: VisitDep,
    q: Annotated[str, Query(max_length=200)] = "",
    state: str = "",
    kind: str = "",
    cursor: Cursor = None,
) -> Response:
    """All rules, searched and filtered."""
    asked = {"q": q.strip(), "state": state if state in STATES else "", "kind": kind if kind in KIND_NAMES else ""}
    found = await api.list_rules(
        visit.caller,
        visit.gateway,
        text=asked["q"] or None,
        kind=asked["kind"] or None,
        limit=MOST_BY_STATE if asked["state"] else PER_PAGE,
        cursor=None if asked["state"] else cursor,
    )
    known = await standings(visit, [each.id for each in found.rules])
    view = rules_view(found, known, asked, root_of(request), formats(request))
    return await page(request, "pages/rules/list.html", view)


@router.post("/{id}/pause")
async def pause(request: Request, rule_id: PathId, visit: VisitDep) -> Response:
    """Judge by it no more for now; what it fired is resolved."""
    rule = await _activate(visit, rule_id, is_active=False)
    undo = Action("Undo", f"{root_of(request)}/rules/{rule_id}/resume", "undo-2")
    return _back(request, Flash(f"“{rule.name}” is paused.", "neutral", undo))


@router.post("/{id}/resume")
async def resume(request: Request, rule_id: PathId, visit: VisitDep) -> Response:
    """Judge by it again."""
    rule = await _activate(visit, rule_id, is_active=True)
    return _back(request, Flash(f"“{rule.name}” judges again."))


@router.post("/{id}/delete")
async def delete(request: Request, rule_id: PathId, visit: VisitDep) -> Response:
    """Gone, and what it fired with it."""
    name = (await read(request)).get("name", "")[:200]
    await api.delete_rule(rule_id, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/rules", Flash(f"“{name}” is deleted." if name else "Deleted."))


async def standings(visit: Visit, rule_ids: list[Id]) -> dict[Id, RuleStanding] | None:
    """How these rules stand; None while nobody can say."""
    if not rule_ids:
        return {}
    try:
        found = await api.get_rule_states(rule_ids, visit.caller, visit.gateway)
    except ProblemError:
        return None
    return {each.state.rule_id: each for each in found.standings}


async def _activate(visit: Visit, rule_id: Id, *, is_active: bool) -> Rule:
    return (await api.update_rule(rule_id, {"isActive": is_active}, visit.caller, visit.gateway)).rule


def _back(request: Request, flash: Flash) -> Response:
    return redirect(request, came_from(request) or f"{root_of(request)}/rules", flash)
