"""Checks: what they found over time, and why each ended as it did."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from monitors_contracts import monitors as contracts
from monitors_contracts.base import Id, Model
from monitors_contracts.evaluations import GetMonitorValues, ListEvaluations, MonitorValues
from monitors_contracts.monitors import Verdict
from monitors_runtime.errors import problem

from ..domain.explaining import StepName, explain
from ..domain.limits import next_allowed
from ..gateway import Gateway
from ..http.callers import Caller, CallerDep, GatewayDep
from ..http.pages import Cursor, Limit, PathId
from ..store import quotas
from ..traces import trace_of
from . import shapes
from .shapes import Evaluation, Moment, TraceNode

router = APIRouter(prefix="/api/monitors", tags=["refreshes"])

RefreshId = Annotated[Id, Path(alias="refreshId")]
Since = Annotated[Moment | None, Query(description="Asked for at this moment or later")]
Until = Annotated[Moment | None, Query(description="Asked for before this moment")]


class EvaluationsReply(Model):
    """A page of a monitor's checks, newest first."""

    evaluations: list[Evaluation]
    next_cursor: str | None


class ExplanationStep(Model):
    """One thing the check did, in plain words; `ok` is false where it could not go on as it should."""

    step: StepName
    text: str
    ok: bool


class EvaluationReply(Model):
    """The verdict of a check, or that it is pending, and why it came to it."""

    success: Literal[True] = True
    evaluation: Evaluation
    explanation: list[ExplanationStep]


class TraceReply(Model):
    """All events that one check caused, each under the one it follows from. `truncated` when some may be missing."""

    correlation_id: Id
    events: list[TraceNode]
    truncated: bool


@router.get("/{id}/evaluations")
async def list_evaluations(
    monitor_id: PathId,
    caller: CallerDep,
    gateway: GatewayDep,
    verdict: Verdict | None = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> EvaluationsReply:
    """A monitor's history, however long, newest first."""
    asked = ListEvaluations(
        organization_id=caller.organization_id,
        monitor_id=monitor_id,
        verdict=verdict,
        since=since,
        until=until,
        limit=limit,
        cursor=cursor,
    )
    found = await gateway.runtime.ask(asked)
    allowed = await _next_allowed(gateway, caller, monitor_id)
    return EvaluationsReply(
        evaluations=[shapes.evaluation(each, allowed) for each in found.evaluations], next_cursor=found.next_cursor
    )


@router.get("/{id}/values")
async def get_values(
    monitor_id: PathId,
    caller: CallerDep,
    gateway: GatewayDep,
    since: Since = None,
    until: Until = None,
    points: Annotated[int, Query(ge=10, le=5000, description="Most numbers to answer")] = 500,
) -> MonitorValues:
    """What was read over time, light enough to draw: every low and high of a long history is kept."""
    asked = GetMonitorValues(
        organization_id=caller.organization_id, monitor_id=monitor_id, since=since, until=until, points=points
    )
    return await gateway.runtime.ask(asked)


@router.get("/{id}/evaluations/{refreshId}")
async def get_evaluation(
    monitor_id: PathId, refresh_id: RefreshId, caller: CallerDep, gateway: GatewayDep
) -> EvaluationReply:
    """The result of a refresh, pending or done, and why it ended so."""
    found = await _evaluation(gateway, caller, monitor_id, refresh_id)
    allowed = await _next_allowed(gateway, caller, monitor_id)
    steps = [ExplanationStep(step=each.step, text=each.text, ok=each.ok) for each in explain(found)]
    return EvaluationReply(evaluation=shapes.evaluation(found, allowed), explanation=steps)


@router.get("/{id}/evaluations/{refreshId}/trace")
async def get_trace(monitor_id: PathId, refresh_id: RefreshId, caller: CallerDep, gateway: GatewayDep) -> TraceReply:
    """The events that one check caused across all services, with times, as a tree."""
    found = await _evaluation(gateway, caller, monitor_id, refresh_id)
    trees, is_whole = await trace_of(gateway.runtime.bus, caller.organization_id, found)
    return TraceReply(
        correlation_id=refresh_id, events=[shapes.trace_node(tree) for tree in trees], truncated=not is_whole
    )


async def _evaluation(gateway: Gateway, caller: Caller, monitor_id: Id, refresh_id: Id) -> contracts.Evaluation:
    found = await gateway.refreshes.evaluations(caller.organization_id, [refresh_id])
    evaluation = next((each for each in found if each.id == refresh_id and each.monitor_id == monitor_id), None)
    if evaluation is None:
        raise problem("evaluation-not-found", "No such evaluation", 404)
    return evaluation


async def _next_allowed(gateway: Gateway, caller: Caller, monitor_id: Id) -> datetime:
    now = datetime.now(UTC)
    pool = gateway.runtime.pool
    recent, used = await quotas.usage(pool, caller.organization_id, caller.user_id, [monitor_id], now)
    return next_allowed(recent.get(monitor_id, []), used, gateway.refreshes.limits, now)
