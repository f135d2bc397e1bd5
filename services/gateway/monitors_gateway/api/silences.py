"""Silences: alerts that nobody is told of for a while; and what is held back, by whatever holds it."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import Field, TypeAdapter

from monitors_contracts.base import Id, Model
from monitors_contracts.matchers import Selection
from monitors_contracts.silences import (
    CreateSilence,
    ExpireSilence,
    GetSilence,
    HeldAlerts,
    Holdings,
    ListHeld,
    ListHoldings,
    ListSilences,
    Matched,
    PreviewMatchers,
    SilenceList,
    SilenceSpec,
    SilenceState,
    SilenceView,
    UpdateSilence,
)

from ..gateway import Gateway
from ..http.callers import Caller, CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import Cursor, Limit, PathId
from ..http.patches import made, merged
from ..store import users
from .audit import audited

router = APIRouter(prefix="/api", tags=["silences"], route_class=IdempotentRoute)

_SPEC: TypeAdapter[SilenceSpec] = TypeAdapter(SilenceSpec)
_SPEC_FIELDS = {"name", "matchers", "starts_at", "ends_at", "comment", "author", "remind"}
Confirm = Annotated[bool, Query(description="Do so however many firing alerts it hides")]
Spec = Annotated[
    SilenceSpec,
    Body(
        openapi_examples={
            "now": {
                "summary": "One host, for two hours",
                "value": {"matchers": 'host="db-1"', "for": "2h", "comment": "Disk is being replaced"},
            },
            "later": {
                "summary": "Between two times",
                "value": {
                    "matchers": [{"label": "service", "op": "=~", "value": "pay|cart"}],
                    "startsAt": "2026-12-01T22:00:00Z",
                    "endsAt": "2026-12-02T02:00:00Z",
                    "comment": "Move to the new rack",
                },
            },
        }
    ),
]


class SilenceReply(Model):
    """The silence after the change."""

    success: bool = True
    silence: SilenceView


class PreviewRequest(Model):
    """Matchers to try."""

    matchers: Selection = Field(examples=['host="db-1", severity!="critical"'])
    limit: int = Field(default=50, ge=0, le=500, description="Most alerts to show")


@router.get("/silences")
async def list_silences(
    caller: CallerDep,
    gateway: GatewayDep,
    state: Annotated[list[SilenceState] | None, Query(description="May repeat; all by default")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Words of the comment, author or matchers")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SilenceList:
    """Silences, newest first, each with how many alerts it held back. `counts` are by state, whichever are asked for."""
    return await gateway.runtime.ask(
        ListSilences(
            organization_id=caller.organization_id,
            states=list(dict.fromkeys(state or ())),
            text=q,
            limit=limit,
            cursor=cursor,
        )
    )


@router.post("/silences", status_code=201)
async def create_silence(
    body: Spec, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep, confirm: Confirm = False
) -> SilenceReply:
    """Silence alerts. One that would hide much answers 409 `silence-too-broad` with the count, unless `confirm` says so."""
    silence = await gateway.runtime.ask(
        CreateSilence(
            organization_id=caller.organization_id,
            silence_id=entity_id(request),
            user_id=caller.user_id,
            spec=await _signed(gateway, caller, body),
            confirm=confirm,
        )
    )
    await audited(gateway, caller, "silence.create", silence.id)
    response.headers["Location"] = f"/api/silences/{silence.id}"
    return SilenceReply(silence=silence)


@router.post("/silences/preview")
async def preview_matchers(body: PreviewRequest, caller: CallerDep, gateway: GatewayDep) -> Matched:
    """Which of the alerts that fire now these matchers choose: for silences, windows and inhibition rules."""
    return await gateway.runtime.ask(
        PreviewMatchers(organization_id=caller.organization_id, matchers=body.matchers, limit=body.limit)
    )


@router.get("/silences/{id}")
async def get_silence(silence_id: PathId, caller: CallerDep, gateway: GatewayDep) -> SilenceView:
    """One silence."""
    return await gateway.runtime.ask(GetSilence(organization_id=caller.organization_id, silence_id=silence_id))


@router.get("/silences/{id}/held")
async def list_held_by_silence(
    silence_id: PathId, caller: CallerDep, gateway: GatewayDep, limit: Limit = 100
) -> HeldAlerts:
    """What a silence hid: open alerts first, then those that it held back last."""
    await get_silence(silence_id, caller, gateway)
    return await held_by(gateway, caller, silence_id, limit)


@router.put("/silences/{id}")
async def replace_silence(
    silence_id: PathId, body: Spec, caller: CallerDep, gateway: GatewayDep, confirm: Confirm = False
) -> SilenceReply:
    """Make the silence what is sent; one that has ended stays as it is."""
    return await _update(gateway, caller, silence_id, body, confirm)


@router.patch("/silences/{id}")
async def update_silence(
    silence_id: PathId,
    body: Annotated[dict[str, Any], Field(examples=[{"endsAt": "2026-12-02T04:00:00Z"}])],
    caller: CallerDep,
    gateway: GatewayDep,
    confirm: Confirm = False,
) -> SilenceReply:
    """Change these fields of the silence (a merge patch, RFC 7396). `for` counts from now, in place of its end."""
    known = await get_silence(silence_id, caller, gateway)
    spec = known.model_dump(mode="json", include=_SPEC_FIELDS)
    fields = merged(_SPEC.validate_python(spec), body | ({"endsAt": None} if "for" in body else {}))
    return await _update(gateway, caller, silence_id, made(_SPEC, fields, "The silence would make no sense."), confirm)


@router.post("/silences/{id}/expire")
async def expire_silence(silence_id: PathId, caller: CallerDep, gateway: GatewayDep) -> SilenceReply:
    """End a silence now; what it holds back is told, if it fires still. Twice is harmless."""
    silence = await gateway.runtime.ask(
        ExpireSilence(organization_id=caller.organization_id, silence_id=silence_id, user_id=caller.user_id)
    )
    await audited(gateway, caller, "silence.expire", silence_id)
    return SilenceReply(silence=silence)


@router.get("/holdings")
async def list_holdings(
    alert_ids: Annotated[list[Id], Query(alias="alertId", min_length=1, max_length=200, description="May repeat")],
    caller: CallerDep,
    gateway: GatewayDep,
) -> Holdings:
    """What keeps these alerts from being told now: silences, maintenance windows, other alerts."""
    return await gateway.runtime.ask(ListHoldings(organization_id=caller.organization_id, alert_ids=alert_ids))


async def held_by(gateway: Gateway, caller: Caller, holder_id: Id, limit: int) -> HeldAlerts:
    """What a silence, a window or an inhibition rule held back."""
    return await gateway.runtime.ask(ListHeld(organization_id=caller.organization_id, holder_id=holder_id, limit=limit))


async def _update(gateway: Gateway, caller: Caller, silence_id: Id, spec: SilenceSpec, confirm: bool) -> SilenceReply:
    silence = await gateway.runtime.ask(
        UpdateSilence(
            organization_id=caller.organization_id,
            silence_id=silence_id,
            user_id=caller.user_id,
            spec=spec,
            confirm=confirm,
        )
    )
    await audited(gateway, caller, "silence.update", silence_id)
    return SilenceReply(silence=silence)


async def _signed(gateway: Gateway, caller: Caller, spec: SilenceSpec) -> SilenceSpec:
    """With the caller's name, where no other is given."""
    if spec.author:
        return spec
    names = await users.names(gateway.runtime.pool, caller.organization_id, [caller.user_id])
    return spec.model_copy(update={"author": names.get(caller.user_id, "")[:200]})
