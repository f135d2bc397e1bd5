"""Integrations: where other systems send their alerts, each with an address of its own."""

import os
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from monitors_contracts.base import Id, JsonValue, Model, new_id
from monitors_contracts.durations import AS_DURATION
from monitors_contracts.metrics import LabelName
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.transaction import Transaction

from ..auth.tokens import token_hash
from ..gateway import Gateway
from ..http.callers import Caller, CallerDep, GatewayDep
from ..http.pages import PathId
from ..incoming.generic import Mapping
from ..incoming.kinds import KNOWN, Kind
from ..store import integrations as store
from ..store.integrations import Integration
from .shapes import Success

# Not one of the routes that honour Idempotency-Key: their answers are kept, and this one holds a secret.
router = APIRouter(prefix="/api/integrations", tags=["integrations"])

MOST = 100
DAY = 86_400
RESOLVE_AFTER = 31 * DAY
"""Seconds: a webhook tells the end of an alert itself, and what still fires is told once."""
_KEY_BYTES = 24

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Labels = Annotated[dict[LabelName, Annotated[str, Field(min_length=1, max_length=500)]], Field(max_length=20)]
Secret = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
ResolveAfter = Annotated[int, Field(ge=60, le=RESOLVE_AFTER), AS_DURATION]


class IntegrationSpec(Model):
    """Who sends, and what to add to what is sent."""

    kind: Kind = Field(description=", ".join(f"`{kind}`: {known.title}" for kind, known in KNOWN.items()))
    name: Name = Field(examples=["Grafana of the shop"])
    labels: Labels = Field(
        default_factory=dict,
        description="Labels for its alerts that have none of this name",
        examples=[{"team": "shop"}],
    )
    secret: Secret | None = Field(default=None, description="`sentry`: the client secret that it signs with")
    mapping: Mapping | None = Field(default=None, description="`generic`: where the parts of an alert are")
    resolve_after: ResolveAfter | None = Field(
        default=None, description="An alert that is not told again for so long is over; 31 days when null"
    )
    is_active: bool = True

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "IntegrationSpec":
        if self.mapping and self.kind != "generic":
            raise ValueError("only a generic integration has a mapping")
        if self.secret and self.kind != "sentry":
            raise ValueError("only a Sentry integration has a secret")
        return self


class IntegrationUpdate(Model):
    """What to change; what is left out stays."""

    name: Name | None = None
    labels: Labels | None = None
    secret: Secret | None = Field(default=None, description="An empty one takes the signature out")
    mapping: Mapping | None = None
    resolve_after: ResolveAfter | None = None
    is_active: bool | None = None


class IntegrationShape(Model):
    """An integration and what came of it. The counts are of all time."""

    id: Id
    kind: Kind
    name: str
    labels: dict[str, str]
    mapping: Mapping | None
    is_signed: bool = Field(description="Whether only what its sender signed is taken")
    resolve_after: int
    is_active: bool
    hint: str = Field(description="How its address ends, to tell it by", examples=["…x7Qd"])
    setup: str = Field(description="Where its address goes, in words")
    example: str = Field(description="A body to try it with, or to give its sender")
    created_at: AwareDatetime
    last_received_at: AwareDatetime | None
    alerts: int = Field(description="How many alerts were taken, each time one was told")
    refused: int = Field(description="How many requests could not be taken")
    last_refusal: str | None = Field(description="Why the last of those could not")
    last_refused_at: AwareDatetime | None


class IntegrationsReply(Model):
    """All integrations, newest first."""

    integrations: list[IntegrationShape]


class IntegrationReply(Model):
    """The integration after the change."""

    success: bool = True
    integration: IntegrationShape


class IntegrationMade(IntegrationReply):
    """The new integration, and its address, which is shown this once."""

    url: str = Field(description="POST alerts here. Who has it can send alerts, and nothing else")


@router.get("")
async def list_integrations(caller: CallerDep, gateway: GatewayDep) -> IntegrationsReply:
    """Where other systems send their alerts."""
    found = await store.find(gateway.runtime.pool, caller.organization_id)
    return IntegrationsReply(integrations=[shape(each) for each in found])


@router.post("", status_code=201)
async def create_integration(
    body: IntegrationSpec, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> IntegrationMade:
    """Make an address for another system's alerts. It is shown now and never again; only a hash of its key is kept."""
    key = urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()
    async with gateway.service.transaction() as tx:
        if await store.lock_and_count(tx.db, caller.organization_id) >= MOST:
            detail = f"There are {MOST} integrations, the most there may be; delete one to make room."
            raise problem("integration-limit", "Too many integrations", 409, detail)
        made = Integration(
            id=new_id(),
            organization_id=caller.organization_id,
            kind=body.kind,
            name=body.name,
            key_ending=key[-4:],
            secret=body.secret or None,
            labels=body.labels,
            mapping=_kept(body.mapping),
            resolve_after=body.resolve_after,
            is_active=body.is_active,
            created_at=tx.now,
        )
        await store.insert(tx.db, made, token_hash(key))
        await _audit(gateway, tx, caller, "integration.create", made)
    response.headers["Location"] = f"/api/integrations/{made.id}"
    return IntegrationMade(integration=shape(made), url=f"{request.base_url}api/hooks/{made.kind}/{key}")


@router.get("/{id}")
async def get_integration(integration_id: PathId, caller: CallerDep, gateway: GatewayDep) -> IntegrationShape:
    """One integration."""
    found = await store.get(gateway.runtime.pool, caller.organization_id, integration_id)
    if found is None:
        raise _not_found()
    return shape(found)


@router.patch("/{id}")
async def update_integration(
    integration_id: PathId, body: IntegrationUpdate, caller: CallerDep, gateway: GatewayDep
) -> IntegrationReply:
    """Change an integration; its address stays. Other labels make other alerts of those that are told from then on."""
    async with gateway.service.transaction() as tx:
        known = await store.get(tx.db, caller.organization_id, integration_id)
        if known is None:
            raise _not_found()
        if (body.mapping and known.kind != "generic") or (body.secret and known.kind != "sentry"):
            raise problem("invalid-request", "Invalid request", 422, f"That is nothing for {KNOWN_TITLES[known.kind]}.")
        changes: dict[str, Any] = {
            name: getattr(body, name)
            for name in ("name", "labels", "resolve_after", "is_active")
            if getattr(body, name) is not None
        }
        if body.secret is not None:
            changes["secret"] = body.secret or None
        if body.mapping is not None:
            changes["mapping"] = _kept(body.mapping)
        changed = replace(known, **changes)
        await store.update(tx.db, changed)
        await _audit(gateway, tx, caller, "integration.update", changed)
    return IntegrationReply(integration=shape(changed))


@router.delete("/{id}")
async def delete_integration(integration_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Take the address back, at once. Alerts that came by it stay, and end by themselves or by hand."""
    async with gateway.service.transaction() as tx:
        known = await store.get(tx.db, caller.organization_id, integration_id)
        if known is None:
            raise _not_found()
        await store.delete(tx.db, caller.organization_id, integration_id)
        await _audit(gateway, tx, caller, "integration.delete", known)
    return Success()


KNOWN_TITLES: dict[str, str] = {kind: known.title for kind, known in KNOWN.items()}


def shape(integration: Integration) -> IntegrationShape:
    """An integration as it is shown."""
    kind: Any = integration.kind
    known = KNOWN[kind]
    return IntegrationShape(
        id=integration.id,
        kind=kind,
        name=integration.name,
        labels=integration.labels,
        mapping=Mapping.model_validate(integration.mapping) if integration.mapping else None,
        is_signed=bool(integration.secret) or kind == "cloudwatch",
        resolve_after=integration.resolve_after or RESOLVE_AFTER,
        is_active=integration.is_active,
        hint=f"…{integration.key_ending}",
        setup=known.setup,
        example=known.example,
        created_at=integration.created_at,
        last_received_at=integration.last_at,
        alerts=integration.alerts,
        refused=integration.refused,
        last_refusal=integration.last_refusal,
        last_refused_at=integration.last_refused_at,
    )


def _kept(mapping: Mapping | None) -> dict[str, Any] | None:
    return mapping.model_dump(mode="json", by_alias=True) if mapping else None


async def _audit(gateway: Gateway, tx: Transaction, caller: Caller, what: str, integration: Integration) -> None:
    data: dict[str, JsonValue] = {"name": integration.name, "kind": integration.kind}
    if caller.token:
        data["apiToken"] = str(caller.session.id)
    await gateway.audit(
        tx,
        what,
        organization_id=caller.organization_id,
        user_id=caller.user_id,
        address=caller.address,
        target=integration.id,
        data=data,
    )


def _not_found() -> ProblemError:
    detail = "There is no integration with this id in your organization."
    return problem("integration-not-found", "No such integration", 404, detail)
