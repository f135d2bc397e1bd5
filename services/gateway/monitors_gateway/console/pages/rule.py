"""One rule, and what it judged over the last day."""

import asyncio
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from monitors_contracts.alerts import AlertView
from monitors_contracts.base import Id
from monitors_contracts.rules import CompositeRule, RuleSpec, RuleState
from monitors_runtime.errors import ProblemError

from ...api import alerts, rules
from ...api.rules import PREVIEW_SPAN
from ...http.pages import PathId
from ..render import formats, page, root_of
from ..session import Visit, VisitDep
from ..views.lines import Drawn
from ..views.rule import MOST_SERIES, Past, rule_view
from ..views.rule_words import expression
from .explore import find_promql

router = APIRouter(prefix="/rules")

MOST_POINTS = 40_000
FINEST_STEP = 60
ALERTS = 200


@router.get("/{id}")
async def show_rule(request: Request, rule_id: PathId, visit: VisitDep) -> Response:
    """The rule, its series and its history."""
    rule = await rules.find_rule(visit.gateway, visit.caller, rule_id)
    until = datetime.now(UTC)
    state, fired = await asyncio.gather(_state(visit, rule_id), _alerts(visit, rule_id))
    names, lines = await asyncio.gather(
        names_of(visit, rule.spec), judged(visit, rule.spec, until, sum(state.counts.values()) if state else 1)
    )
    past = Past(lines, until - PREVIEW_SPAN, until)
    view = rule_view(rule, state, fired, past, names, root_of(request), formats(request))
    return await page(request, "pages/rules/rule.html", view)


async def judged(visit: Visit, spec: RuleSpec, until: datetime, series: int) -> Drawn | None:
    """What the rule judges over the day before, of about so many series; None when that can't be drawn."""
    query = expression(spec)
    if not query:
        return None
    step = max(FINEST_STEP, round(PREVIEW_SPAN.total_seconds()) * max(series, 1) // MOST_POINTS)
    try:
        return await find_promql(visit, query, until - PREVIEW_SPAN, until, step)
    except ProblemError:
        return None


async def names_of(visit: Visit, spec: RuleSpec) -> dict[Id, str]:
    """The rules that a composite is made of, by name; those that are gone are absent."""
    if not isinstance(spec, CompositeRule):
        return {}
    found = await asyncio.gather(
        *(rules.find_rule(visit.gateway, visit.caller, each) for each in spec.rules), return_exceptions=True
    )
    return {each.id: each.name for each in found if isinstance(each, rules.Rule)}


async def _state(visit: Visit, rule_id: Id) -> RuleState | None:
    try:
        return await rules.get_rule_state(rule_id, visit.caller, visit.gateway, limit=MOST_SERIES)
    except ProblemError:
        return None


async def _alerts(visit: Visit, rule_id: Id) -> list[AlertView]:
    """What it led to; nothing while nobody can say."""
    try:
        return (await alerts.list_alerts(visit.caller, visit.gateway, rule_id=rule_id, limit=ALERTS)).alerts
    except ProblemError:
        return []
