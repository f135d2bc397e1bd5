"""Who sends measurements."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from monitors_contracts.base import Id, Model

from ..http.callers import CallerDep, GatewayDep
from ..store import senders as store
from ..store.senders import KnownSender

router = APIRouter(prefix="/api/metrics", tags=["metrics"])


class SenderShape(Model):
    """Somebody who sends measurements by one way: an API token, or a user who signed in."""

    id: Id = Field(description="The token's or the user's")
    name: str = Field(examples=["Collector in the cellar"])
    kind: str = Field(description="`token`, `user`, or `revoked` for a token that is no more")
    way: str = Field(description="`json`, `remote-write` or `otlp`")
    first_at: AwareDatetime
    last_at: AwareDatetime = Field(description="When samples last came, to a few seconds")
    accepted: int
    refused: int
    last_refusal: str | None = Field(description="Why most of the last samples that were refused were")


class SendersReply(Model):
    """Those who have sent, the latest first."""

    senders: list[SenderShape]


@router.get("/senders")
async def list_senders(
    caller: CallerDep, gateway: GatewayDep, limit: Annotated[int, Query(ge=1, le=1000)] = 200
) -> SendersReply:
    """Who has sent measurements to the organization, the latest first. Targets, which are scraped, are not among them."""
    found = await store.find(gateway.runtime.pool, caller.organization_id, limit)
    return SendersReply(senders=[_shape(each) for each in found])


def _shape(known: KnownSender) -> SenderShape:
    kind = "revoked" if known.name is None else "token" if known.is_token else "user"
    return SenderShape(
        id=known.sender_id,
        name=known.name or "A token that was revoked",
        kind=kind,
        way=known.way,
        first_at=known.first_at,
        last_at=known.last_at,
        accepted=known.accepted,
        refused=known.refused,
        last_refusal=known.last_refusal,
    )
