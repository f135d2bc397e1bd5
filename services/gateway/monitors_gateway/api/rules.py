"""Rules: what measurements are judged by."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import AwareDatetime, Field, TypeAdapter

from monitors_contracts.alerts import AlertView, GetLatestAlerts
from monitors_contracts.base import Id, Model
from monitors_contracts.rules import (
    CreateRule,
    DeleteRule,
    GetRule,
    GetRuleState,
    GetRuleStates,
    ListRules,
    PreviewRule,
    RulePreview,
    RuleSpec,
    RuleState,
    RuleView,
    UpdateRule,
)

from ..gateway import Gateway
from ..http.callers import Caller, CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import Cursor, Limit, PathId, tagged
from ..http.patches import made, merged, spelled
from .audit import audited
from .shapes import Moment, Success

router = APIRouter(prefix="/api", tags=["rules"], route_class=IdempotentRoute)

_SPEC: TypeAdapter[RuleSpec] = TypeAdapter(RuleSpec)
_NO_SENSE = "The rule would make no sense."
_KNOWN = spelled(_SPEC, _NO_SENSE, kinds=True)
PREVIEW_SPAN = timedelta(days=1)

Spec = Annotated[
    RuleSpec,
    Body(
        openapi_examples={
            "threshold": {
                "summary": "Above a level for five minutes",
                "value": {
                    "name": "CPU busy",
                    "kind": "threshold",
                    "metric": "cpu_percent",
                    "op": "gt",
                    "warning": 80,
                    "critical": 95,
                    "for": "5m",
                    "severity": "warning",
                },
            },
            "absence": {
                "summary": "Nothing for ten minutes",
                "value": {"name": "Backup missing", "kind": "absence", "metric": "backup_finished", "for": "10m"},
            },
        }
    ),
]


class Rule(Model):
    """A rule: what it says (`spec`, as it was sent), and since when."""

    id: Id
    name: str
    kind: str
    is_active: bool
    spec: RuleSpec
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime

    @classmethod
    def of(cls, view: RuleView) -> Self:
        """The rule for its organization."""
        return cls(
            id=view.id,
            name=view.name,
            kind=view.spec.kind,
            is_active=view.spec.is_active,
            spec=view.spec,
            version=view.version,
            created_at=view.created_at,
            updated_at=view.updated_at,
        )


class RuleReply(Model):
    """The rule after the change."""

    success: bool = True
    rule: Rule


class RulesReply(Model):
    """A page of rules, newest first."""

    rules: list[Rule]
    total: int
    next_cursor: str | None


class RuleStanding(Model):
    """How a rule stands, and the alert it opened last."""

    state: RuleState
    latest_alert: AlertView | None


class RuleStandings(Model):
    """How rules stand. Rules that do not exist, or that nobody has judged yet, are absent."""

    standings: list[RuleStanding]


class PreviewRequest(Model):
    """A rule to try; by default over the last day."""

    rule: RuleSpec
    rule_id: Id | None = Field(default=None, description="The rule that is being changed, if there is one")
    parts: dict[Id, RuleSpec] = Field(
        default_factory=dict, max_length=20, description="Of a composite's rules those that are not saved, by id"
    )
    since: Moment | None = None
    until: Moment | None = None


@router.get("/rules")
async def list_rules(
    caller: CallerDep,
    gateway: GatewayDep,
    text: Annotated[str | None, Query(max_length=200, description="Stands in the name")] = None,
    name: Annotated[str | None, Query(max_length=200, description="Exactly this name")] = None,
    group: Annotated[str | None, Query(max_length=200)] = None,
    metric: Annotated[str | None, Query(max_length=200)] = None,
    kind: Annotated[str | None, Query(max_length=50)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> RulesReply:
    """The organization's rules, newest first."""
    found = await gateway.runtime.ask(
        ListRules(
            organization_id=caller.organization_id,
            text=text,
            name=name,
            group=group,
            metric=metric,
            kind=kind,
            limit=limit,
            cursor=cursor,
        )
    )
    return RulesReply(rules=[Rule.of(each) for each in found.rules], total=found.total, next_cursor=found.next_cursor)


@router.post("/rules", status_code=201, dependencies=[_KNOWN])
async def create_rule(
    body: Spec, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> RuleReply:
    """Judge measurements by a new rule, from now on."""
    rule = await gateway.runtime.ask(
        CreateRule(
            organization_id=caller.organization_id, rule_id=entity_id(request), user_id=caller.user_id, spec=body
        )
    )
    await audited(gateway, caller, "rule.create", rule.id)
    response.headers["Location"] = f"/api/rules/{rule.id}"
    return RuleReply(rule=Rule.of(rule))


@router.post("/rules/preview")
async def preview_rule(body: PreviewRequest, caller: CallerDep, gateway: GatewayDep) -> RulePreview:
    """What a rule would have done with the samples of the last day, before it is saved."""
    until = body.until or datetime.now(UTC)
    since = body.since or until - PREVIEW_SPAN
    asked = PreviewRule(
        organization_id=caller.organization_id,
        spec=body.rule,
        rule_id=body.rule_id,
        parts=body.parts,
        since=since,
        until=until,
    )
    return await gateway.runtime.ask(asked, patience=40)


@router.get("/rules/states")
async def get_rule_states(
    rule_ids: Annotated[list[Id], Query(alias="id", min_length=1, max_length=500, description="May repeat")],
    caller: CallerDep,
    gateway: GatewayDep,
) -> RuleStandings:
    """How several rules stand: how many of their series are in which state, and what they led to last."""
    organization_id = caller.organization_id
    found, latest = await asyncio.gather(
        gateway.runtime.ask(GetRuleStates(organization_id=organization_id, rule_ids=rule_ids)),
        gateway.runtime.ask(GetLatestAlerts(organization_id=organization_id, rule_ids=rule_ids)),
    )
    alerts = {alert.rule_id: alert for alert in latest.alerts}
    return RuleStandings(
        standings=[RuleStanding(state=each, latest_alert=alerts.get(each.rule_id)) for each in found.states]
    )


@router.get("/rules/{id}", response_model=RuleReply)
async def get_rule(rule_id: PathId, request: Request, caller: CallerDep, gateway: GatewayDep) -> Response:
    """One rule."""
    return tagged(request, RuleReply(rule=await find_rule(gateway, caller, rule_id)))


async def find_rule(gateway: Gateway, caller: Caller, rule_id: Id) -> Rule:
    """One rule. Problem: `rule-not-found`."""
    return Rule.of(await gateway.runtime.ask(GetRule(organization_id=caller.organization_id, rule_id=rule_id)))


@router.get("/rules/{id}/state")
async def get_rule_state(
    rule_id: PathId,
    caller: CallerDep,
    gateway: GatewayDep,
    limit: Annotated[int, Query(ge=1, le=10_000, description="Most series")] = 1000,
) -> RuleState:
    """How each series of the rule stands, firing ones first."""
    return await gateway.runtime.ask(GetRuleState(organization_id=caller.organization_id, rule_id=rule_id, limit=limit))


@router.put("/rules/{id}", dependencies=[_KNOWN])
async def replace_rule(rule_id: PathId, body: Spec, caller: CallerDep, gateway: GatewayDep) -> RuleReply:
    """Make the rule what is sent."""
    rule = await gateway.runtime.ask(
        UpdateRule(organization_id=caller.organization_id, rule_id=rule_id, user_id=caller.user_id, spec=body)
    )
    await audited(gateway, caller, "rule.update", rule_id)
    return RuleReply(rule=Rule.of(rule))


@router.patch("/rules/{id}")
async def update_rule(
    rule_id: PathId,
    body: Annotated[dict[str, Any], Field(examples=[{"isActive": False}])],
    caller: CallerDep,
    gateway: GatewayDep,
) -> RuleReply:
    """Change these fields of the rule (a merge patch, RFC 7396): null takes a field away."""
    known = await gateway.runtime.ask(GetRule(organization_id=caller.organization_id, rule_id=rule_id))
    rule = await gateway.runtime.ask(
        UpdateRule(
            organization_id=caller.organization_id,
            rule_id=rule_id,
            user_id=caller.user_id,
            spec=spec_of(merged(known.spec, body), body),
            expected_version=known.version,
        )
    )
    await audited(gateway, caller, "rule.update", rule_id)
    return RuleReply(rule=Rule.of(rule))


@router.delete("/rules/{id}")
async def delete_rule(rule_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Judge by the rule no more; what it fired is resolved. While a composite is made of it: 409 `rule-in-use`."""
    await gateway.runtime.ask(DeleteRule(organization_id=caller.organization_id, rule_id=rule_id))
    await audited(gateway, caller, "rule.delete", rule_id)
    return Success()


def spec_of(fields: dict[str, Any], given: Iterable[str] = ()) -> RuleSpec:
    """The rule that these fields make, of which those were `given`. Problem: `invalid-request`."""
    why = "The heartbeat would make no sense." if fields.get("kind") == "heartbeat" else _NO_SENSE
    return made(_SPEC, fields, why, kinds=True, given=given)
