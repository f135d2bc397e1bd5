"""Check now: one monitor or many."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from monitors_contracts.base import Id, Model, Problem, new_id

from ..domain.clients import limited_as
from ..gateway import Gateway
from ..http.callers import Caller, CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import PathId
from ..http.problems import Refused
from ..refreshes import Asker, Outcome, Quota
from . import shapes
from .shapes import Evaluation, RefusedRefresh

router = APIRouter(prefix="/api/monitors", tags=["refreshes"], route_class=IdempotentRoute)

MOST_AT_ONCE = 1000
PENDING: dict[int | str, dict[str, Any]] = {
    202: {"description": "The check is under way; `Location` says where its result will be"}
}
BATCH_PENDING: dict[int | str, dict[str, Any]] = {
    202: {"description": "Checks are under way; ask for each by its `refreshId`"}
}
Wait = Annotated[
    float | None,
    Query(ge=0, le=60, description="Seconds to wait for the verdict; 0 answers at once. The default is a setting"),
]


class RefreshReply(Model):
    """The verdict, or that it is pending."""

    success: bool = True
    evaluation: Evaluation


class BatchRefreshRequest(Model):
    """Monitors to check now. `wait` holds the answer until the verdicts are in, up to the limit."""

    ids: list[Id] = Field(min_length=1, max_length=MOST_AT_ONCE)
    wait: bool = False


class BatchRefreshReply(Model):
    """What was started, with verdicts where they were waited for, and what was not, and why."""

    success: bool = True
    evaluations: list[Evaluation]
    refused: list[RefusedRefresh]


@router.post("/refresh", responses=BATCH_PENDING)
async def refresh_many(
    body: BatchRefreshRequest, response: Response, caller: CallerDep, gateway: GatewayDep
) -> BatchRefreshReply:
    """Check many monitors now. Those over a limit, unknown or paused are refused one by one; the others go on."""
    wanted = {monitor: new_id() for monitor in body.ids}
    seconds = gateway.settings.refresh_wait_seconds if body.wait else 0
    outcome = await _refresh(gateway, caller, wanted, seconds)
    reply = BatchRefreshReply(
        evaluations=[shapes.started(each) for each in outcome.started],
        refused=[RefusedRefresh(monitor_id=monitor, problem=why) for monitor, why in outcome.refused.items()],
    )
    response.headers.update(_limit_headers(outcome.quota))
    if not outcome.started:
        members = reply.model_dump(mode="json", exclude_none=True, include={"evaluations", "refused"})
        raise Refused(_all_refused(list(outcome.refused.values())), _limit_headers(outcome.quota), members)
    if any(each.status == "pending" for each in reply.evaluations):
        response.status_code = 202
    return reply


@router.post("/{id}/refresh", responses=PENDING)
async def refresh_monitor(
    monitor_id: PathId, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep, wait: Wait = None
) -> RefreshReply:
    """Check a monitor now and wait for the verdict. A check that fails is a verdict too: no value, and the reason."""
    seconds = gateway.settings.refresh_wait_seconds if wait is None else wait
    outcome = await _refresh(gateway, caller, {monitor_id: entity_id(request)}, seconds)
    if monitor_id in outcome.refused:
        raise Refused(outcome.refused[monitor_id], _limit_headers(outcome.quota))
    evaluation = shapes.started(outcome.started[0])
    response.headers.update(_limit_headers(outcome.quota))
    if evaluation.status == "pending":
        response.status_code = 202
        response.headers["Location"] = f"/api/monitors/{monitor_id}/evaluations/{evaluation.refresh_id}"
    return RefreshReply(evaluation=evaluation)


async def _refresh(gateway: Gateway, caller: Caller, wanted: Mapping[Id, Id], seconds: float) -> Outcome:
    address = limited_as(caller.address, gateway.trusted_proxies)
    asker = Asker(caller.organization_id, caller.user_id, address)
    return await gateway.refreshes.refresh(asker, wanted, seconds)


def _limit_headers(quota: Quota) -> dict[str, str]:
    """The user's day, as draft-ietf-httpapi-ratelimit-headers had it; nothing without a limit."""
    if not quota.limit:
        return {}
    reset = math.ceil((quota.resets_at - datetime.now(UTC)).total_seconds())
    return {
        "RateLimit-Limit": str(quota.limit),
        "RateLimit-Remaining": str(quota.left),
        "RateLimit-Reset": str(max(0, reset)),
    }


def _all_refused(problems: list[Problem]) -> Problem:
    """One problem for a batch of which nothing was started: waiting helps if it helps any of them, and so long."""
    limited = [each for each in problems if each.retry_at]
    if not limited:
        return problems[0]
    return min(limited, key=lambda each: each.retry_at or datetime.max.replace(tzinfo=UTC))
