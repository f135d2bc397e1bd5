"""Silences by Alertmanager's API v2: what amtool and Alertmanager's other clients make, list and end."""

from fastapi import APIRouter, Depends, Response
from pydantic import TypeAdapter, ValidationError

from monitors_contracts.base import Id, new_id
from monitors_contracts.matchers import Matcher, match_all
from monitors_contracts.silences import (
    CreateSilence,
    ExpireSilence,
    GetSilence,
    ListSilences,
    SilenceSpec,
    SilenceState,
    SilenceView,
    UpdateSilence,
)
from monitors_runtime.errors import problem

from ..domain.wording import message_of
from ..gateway import Gateway
from ..http.alertmanager import AlertmanagerRoute, basic_too
from ..http.callers import CallerDep, GatewayDep
from .alertmanager import RESPONSES, Filter, in_our_words, matchers_of
from .alertmanager_shapes import GettableSilence, PostableSilence, SilencePosted
from .audit import audited

router = APIRouter(
    prefix="/api/v2",
    tags=["alertmanager"],
    route_class=AlertmanagerRoute,
    dependencies=[Depends(basic_too)],
    responses=RESPONSES,
)
_ID: TypeAdapter[Id] = TypeAdapter(Id)
"""Alertmanager's own ids are of another version, and so are never of a silence here."""
_LASTING = [SilenceState.PENDING, SilenceState.ACTIVE]


@router.get("/silences")
async def get_silences(
    caller: CallerDep,
    gateway: GatewayDep,
    filters: Filter = [],  # noqa: B006 - FastAPI copies it
) -> list[GettableSilence]:
    """Silences that last or are to come, and the newest that have ended."""
    matchers = matchers_of(filters)
    found = await _all(gateway, caller.organization_id, _LASTING)
    ended = ListSilences(organization_id=caller.organization_id, states=[SilenceState.EXPIRED], limit=200)
    found += (await gateway.runtime.ask(ended)).silences
    return [GettableSilence.of(each) for each in found if _is_about(each, matchers)]


@router.post("/silences")
async def post_silence(body: PostableSilence, caller: CallerDep, gateway: GatewayDep) -> SilencePosted:
    """Make a silence, or change the one with this id. Nobody is asked whether it is too broad: these clients can't be."""
    spec = _spec(body)
    organization_id, user_id = caller.organization_id, caller.user_id
    if body.id:
        silence = await gateway.runtime.ask(
            UpdateSilence(
                organization_id=organization_id, silence_id=_id(body.id), user_id=user_id, spec=spec, confirm=True
            )
        )
    else:
        silence = await gateway.runtime.ask(
            CreateSilence(
                organization_id=organization_id, silence_id=new_id(), user_id=user_id, spec=spec, confirm=True
            )
        )
    await audited(gateway, caller, "silence.update" if body.id else "silence.create", silence.id)
    return SilencePosted(silenceID=silence.id)


@router.get("/silence/{id}")
async def get_silence(id: str, caller: CallerDep, gateway: GatewayDep) -> GettableSilence:  # noqa: A002
    """One silence."""
    asked = GetSilence(organization_id=caller.organization_id, silence_id=_id(id))
    return GettableSilence.of(await gateway.runtime.ask(asked))


@router.delete("/silence/{id}", response_class=Response)
async def delete_silence(id: str, caller: CallerDep, gateway: GatewayDep) -> Response:  # noqa: A002
    """End a silence now."""
    silence_id = _id(id)
    await gateway.runtime.ask(
        ExpireSilence(organization_id=caller.organization_id, silence_id=silence_id, user_id=caller.user_id)
    )
    await audited(gateway, caller, "silence.expire", silence_id)
    return Response()


def _spec(body: PostableSilence) -> SilenceSpec:
    """What is asked for. Raises a problem."""
    try:
        return SilenceSpec(
            matchers=[in_our_words(each.ours()) for each in body.matchers],
            starts_at=body.starts_at,
            ends_at=body.ends_at,
            comment=body.comment,
            author=body.created_by,
        )
    except ValidationError as wrong:
        said = "; ".join(message_of(each) for each in wrong.errors(include_url=False, include_input=False))
        raise problem("invalid-silence", "Invalid silence", 400, f"invalid silence: {said}"[:1000]) from wrong


def _id(given: str) -> Id:
    try:
        return _ID.validate_python(given)
    except ValidationError as wrong:
        raise problem("silence-not-found", "No such silence", 404, "silence not found") from wrong


async def _all(gateway: Gateway, organization_id: Id, states: list[SilenceState]) -> list[SilenceView]:
    asked = ListSilences(organization_id=organization_id, states=states, limit=500)
    found: list[SilenceView] = []
    while True:
        page = await gateway.runtime.ask(asked)
        found += page.silences
        if page.next_cursor is None:
            return found
        asked = asked.model_copy(update={"cursor": page.next_cursor})


def _is_about(silence: SilenceView, matchers: list[Matcher]) -> bool:
    """Whether the silence's own matchers have these values, as Alertmanager filters silences."""
    return match_all(matchers, {each.label: each.value for each in silence.matchers})
