"""Heartbeats: jobs that say that they ran, and alerts when they do not. A heartbeat is a rule over its pings."""

import asyncio
import struct
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import AwareDatetime, Field, TypeAdapter

from monitors_contracts.alerts import Severity
from monitors_contracts.base import Id, Model, Problem
from monitors_contracts.measuring import Columns, batches
from monitors_contracts.metrics import MetricDescription
from monitors_contracts.rules import (
    HEARTBEAT_LABEL,
    HEARTBEAT_METRIC,
    STARTED,
    CreateRule,
    DeleteRule,
    GetRule,
    GetRuleStates,
    HeartbeatRule,
    ListRules,
    RuleName,
    RuleSpec,
    RuleState,
    RuleView,
    SeriesCondition,
    UpdateRule,
)
from monitors_contracts.series import series_key
from monitors_contracts.signed import InvalidToken
from monitors_runtime import direct
from monitors_runtime.errors import problem

from ..gateway import Gateway
from ..http.callers import CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import Cursor, Limit, PathId
from ..http.patches import TOLD, spelled
from ..http.problems import Refused
from .audit import audited
from .rules import spec_of
from .shapes import Success

router = APIRouter(prefix="/api", tags=["heartbeats"], route_class=IdempotentRoute)
pings = APIRouter(tags=["heartbeats"])

_DESCRIBED = {
    HEARTBEAT_METRIC: MetricDescription(type="gauge", help="Exit status that a ping told; -1 for a beginning")
}
_METHODS = ["GET", "POST", "HEAD"]
Key = Annotated[str, Path(max_length=100)]


class HeartbeatSpec(Model):
    """What is to be heard of: every `period`, or when `cron` says, `grace` later at most."""

    name: RuleName = Field(examples=["Nightly backup"])
    period: float | str | None = Field(default=None, description="Seconds, or like `1d`", examples=["1d"])
    cron: str | None = Field(default=None, max_length=200, examples=["30 2 * * *"])
    timezone: str = Field(default="UTC", max_length=100, examples=["Europe/Oslo"])
    grace: float | str = Field(default=300.0, description="Seconds, or like `30m`", examples=["30m"])
    severity: Severity = "critical"
    labels: dict[str, str] = Field(default_factory=dict, max_length=30)
    runbook_url: str | None = None
    is_active: bool = True


class Heartbeat(Model):
    """A heartbeat and how it stands: `new`, `up`, `running`, `down` or `paused`."""

    id: Id
    name: str
    status: str
    ping_url: str = Field(description="GET, POST or HEAD it; with `/start`, `/fail` or `/{exit status}` behind")
    period: float | None
    cron: str | None
    timezone: str
    grace: float
    severity: Severity
    labels: dict[str, str]
    runbook_url: str | None
    is_active: bool
    last_ping: AwareDatetime | None
    created_at: AwareDatetime


_TOLD = {field.alias or name for name, field in Heartbeat.model_fields.items()}
_KNOWN = spelled(TypeAdapter(HeartbeatSpec), "The heartbeat would make no sense.", told={*TOLD, *_TOLD, "kind"})


class HeartbeatReply(Model):
    """The heartbeat after the change."""

    success: bool = True
    heartbeat: Heartbeat


class HeartbeatsReply(Model):
    """A page of heartbeats, newest first."""

    heartbeats: list[Heartbeat]
    total: int
    next_cursor: str | None


@router.get("/heartbeats")
async def list_heartbeats(
    request: Request, caller: CallerDep, gateway: GatewayDep, limit: Limit = 50, cursor: Cursor = None
) -> HeartbeatsReply:
    """The organization's heartbeats, newest first."""
    asked = ListRules(organization_id=caller.organization_id, kind="heartbeat", limit=limit, cursor=cursor)
    found = await gateway.runtime.ask(asked)
    return HeartbeatsReply(
        heartbeats=await _shown(gateway, request, found.rules),
        total=found.total,
        next_cursor=found.next_cursor,
    )


@router.post("/heartbeats", status_code=201, dependencies=[_KNOWN])
async def create_heartbeat(
    body: HeartbeatSpec, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> HeartbeatReply:
    """Expect to hear of a job. Its address to ping comes with the answer."""
    rule = await gateway.runtime.ask(
        CreateRule(
            organization_id=caller.organization_id,
            rule_id=entity_id(request),
            user_id=caller.user_id,
            spec=_rule_of(body),
        )
    )
    await audited(gateway, caller, "heartbeat.create", rule.id)
    response.headers["Location"] = f"/api/heartbeats/{rule.id}"
    return await _reply(gateway, request, rule)


@router.get("/heartbeats/{id}")
async def get_heartbeat(
    heartbeat_id: PathId, request: Request, caller: CallerDep, gateway: GatewayDep
) -> HeartbeatReply:
    """One heartbeat."""
    rule = await _heartbeat(gateway, caller.organization_id, heartbeat_id)
    return await _reply(gateway, request, rule)


@router.put("/heartbeats/{id}", dependencies=[_KNOWN])
async def replace_heartbeat(
    heartbeat_id: PathId, body: HeartbeatSpec, request: Request, caller: CallerDep, gateway: GatewayDep
) -> HeartbeatReply:
    """Make the heartbeat what is sent. Its address stays, and what is said of it at its rule alone (texts, group)."""
    rule = await _heartbeat(gateway, caller.organization_id, heartbeat_id)
    told = {name: getattr(rule.spec, name) for name in ("annotations", "group")}
    spec = _rule_of(body).model_copy(update=told)
    rule = await gateway.runtime.ask(
        UpdateRule(organization_id=caller.organization_id, rule_id=rule.id, user_id=caller.user_id, spec=spec)
    )
    await audited(gateway, caller, "heartbeat.update", rule.id)
    return await _reply(gateway, request, rule)


@router.post("/heartbeats/{id}/rotate-key")
async def rotate_heartbeat_key(
    heartbeat_id: PathId, request: Request, caller: CallerDep, gateway: GatewayDep
) -> HeartbeatReply:
    """Give the heartbeat another address to ping. The one it had is refused from now on; nothing else changes."""
    rule = await _heartbeat(gateway, caller.organization_id, heartbeat_id)
    await gateway.ping_keys.rotate(caller.organization_id, rule.id, caller.user_id)
    await audited(gateway, caller, "heartbeat.rotate-key", rule.id)
    return await _reply(gateway, request, rule)


@router.delete("/heartbeats/{id}")
async def delete_heartbeat(heartbeat_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Expect it no more. Pings to its address are answered and mean nothing.

    While a composite rule is made of it: 409 `rule-in-use`.
    """
    rule = await _heartbeat(gateway, caller.organization_id, heartbeat_id)
    await gateway.runtime.ask(DeleteRule(organization_id=caller.organization_id, rule_id=rule.id))
    await audited(gateway, caller, "heartbeat.delete", rule.id)
    return Success()


@pings.api_route("/ping/{key}", methods=_METHODS, response_class=PlainTextResponse, include_in_schema=False)
async def ping(key: Key, gateway: GatewayDep) -> str:
    """All went well."""
    return await _take(gateway, key, 0)


@pings.api_route("/ping/{key}/start", methods=_METHODS, response_class=PlainTextResponse, include_in_schema=False)
async def ping_start(key: Key, gateway: GatewayDep) -> str:
    """It begins, and is to end within the grace time."""
    return await _take(gateway, key, STARTED)


@pings.api_route("/ping/{key}/fail", methods=_METHODS, response_class=PlainTextResponse, include_in_schema=False)
async def ping_fail(key: Key, gateway: GatewayDep) -> str:
    """It failed."""
    return await _take(gateway, key, 1)


@pings.api_route("/ping/{key}/{status}", methods=_METHODS, response_class=PlainTextResponse, include_in_schema=False)
async def ping_status(key: Key, status: Annotated[int, Path(ge=0, le=255)], gateway: GatewayDep) -> str:
    """It ended with this exit status."""
    return await _take(gateway, key, status)


async def _take(gateway: Gateway, key: str, status: float) -> str:
    """Keep the ping for good, then say so."""
    try:
        pinged = await gateway.ping_keys.read(key)
    except InvalidToken:
        raise Refused(Problem(type="heartbeat-not-found", title="No such heartbeat", status=404)) from None
    series = series_key(HEARTBEAT_METRIC, {HEARTBEAT_LABEL: str(pinged.heartbeat_id)})
    now = round(datetime.now(UTC).timestamp() * 1000)
    columns = Columns([series], [1], struct.pack("<q", now), struct.pack("<d", status), _DESCRIBED)
    events = batches(pinged.organization_id, f"heartbeat:{pinged.heartbeat_id}", columns)
    await direct.publish(gateway.runtime, "gateway", [direct.sealed("gateway", event) for event in events])
    return "OK"


async def _heartbeat(gateway: Gateway, organization_id: Id, heartbeat_id: Id) -> RuleView:
    rule = await gateway.runtime.ask(GetRule(organization_id=organization_id, rule_id=heartbeat_id))
    if not isinstance(rule.spec, HeartbeatRule):
        raise problem("heartbeat-not-found", "No such heartbeat", 404, "The rule with this id is no heartbeat.")
    return rule


async def _states(gateway: Gateway, rules: list[RuleView]) -> dict[Id, RuleState]:
    asked = GetRuleStates(organization_id=rules[0].organization_id, rule_ids=[rule.id for rule in rules])
    return {state.rule_id: state for state in (await gateway.runtime.ask(asked)).states}


def _rule_of(body: HeartbeatSpec) -> RuleSpec:
    return spec_of(body.model_dump(exclude_none=True) | {"kind": "heartbeat"})


async def _reply(gateway: Gateway, request: Request, rule: RuleView) -> HeartbeatReply:
    return HeartbeatReply(heartbeat=(await _shown(gateway, request, [rule]))[0])


async def _shown(gateway: Gateway, request: Request, rules: list[RuleView]) -> list[Heartbeat]:
    """Heartbeats with how they stand and where they are pinged."""
    if not rules:
        return []
    states, keys = await asyncio.gather(
        _states(gateway, rules), gateway.ping_keys.keys(rules[0].organization_id, [rule.id for rule in rules])
    )
    return [_heartbeat_of(rule, states.get(rule.id), f"{request.base_url}ping/{keys[rule.id]}") for rule in rules]


def _heartbeat_of(rule: RuleView, state: RuleState | None, ping_url: str) -> Heartbeat:
    spec = rule.spec
    assert isinstance(spec, HeartbeatRule)
    series = state.series[0] if state and state.series else None
    status = "new"
    if not spec.is_active:
        status = "paused"
    elif series and series.condition is SeriesCondition.FIRING:
        status = "down"
    elif series and series.condition is SeriesCondition.PENDING:
        status = "running"
    elif series and series.last_sample:
        status = "up"
    return Heartbeat(
        id=rule.id,
        name=rule.name,
        status=status,
        ping_url=ping_url,
        period=spec.period,
        cron=spec.cron,
        timezone=spec.timezone,
        grace=spec.grace,
        severity=spec.severity,
        labels=spec.labels,
        runbook_url=spec.runbook_url,
        is_active=spec.is_active,
        last_ping=series.last_sample if series else None,
        created_at=rule.created_at,
    )
