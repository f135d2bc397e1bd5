"""API tokens: what programs sign in with."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints
from pydantic_core import PydanticCustomError

from monitors_contracts.base import Id, Model
from monitors_contracts.times import Plannable

from ..auth import api_tokens
from ..domain.api_tokens import PATTERN, PREFIX
from ..domain.scopes import Scope
from ..http.callers import GatewayDep, PersonDep
from ..http.pages import PathId
from ..store import api_tokens as store
from ..store.api_tokens import ListedToken
from .shapes import Success

# Not one of the routes that honour Idempotency-Key: their answers are kept, and this one holds a secret. A token made twice
# is seen in the list as never used.
router = APIRouter(prefix="/api/tokens", tags=["tokens"])

TokenName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


def _in_the_future(moment: datetime) -> datetime:
    if moment <= datetime.now(UTC):
        raise PydanticCustomError("past", "must be in the future")
    return moment


class CreateTokenRequest(Model):
    """What the token is for, and what it may do."""

    name: TokenName = Field(examples=["Collector in the cellar"])
    scopes: set[Scope] = Field(
        min_length=1,
        description="; ".join(f"`{scope}`: {scope.meaning.lower()}" for scope in Scope),
        examples=[["read", "write"]],
    )
    expires_at: Annotated[Plannable, AfterValidator(_in_the_future)] | None = Field(
        default=None, description="Null for no end", examples=["2099-01-01T00:00:00Z"]
    )


class TokenShape(Model):
    """An API token. `lastUsedAt` is right to the minute."""

    id: Id
    name: str
    scopes: list[Scope]
    hint: str = Field(description="How the token begins and ends, to tell it by", examples=["mon_…x7Qd"])
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    last_used_at: AwareDatetime | None


class TokensReply(Model):
    """The user's API tokens, newest first; expired ones too, until they are revoked."""

    tokens: list[TokenShape]


class CreateTokenReply(Model):
    """The new token, shown this once: send it as `Authorization: Bearer`."""

    success: bool = True
    token: str = Field(pattern=PATTERN)
    details: TokenShape


@router.get("")
async def list_tokens(caller: PersonDep, gateway: GatewayDep) -> TokensReply:
    """The API tokens there are."""
    found = await store.find(gateway.runtime.pool, caller.user_id)
    return TokensReply(tokens=[_shape(each) for each in found])


@router.post("", status_code=201)
async def create_token(body: CreateTokenRequest, caller: PersonDep, gateway: GatewayDep) -> CreateTokenReply:
    """Make an API token. It is shown now and never again; only its hash is kept."""
    token, made = await api_tokens.create(
        gateway, caller.session, body.name, body.scopes, body.expires_at, caller.address
    )
    return CreateTokenReply(token=token, details=_shape(made))


@router.delete("/{id}")
async def revoke_token(token_id: PathId, caller: PersonDep, gateway: GatewayDep) -> Success:
    """Revoke an API token, at once and everywhere."""
    await api_tokens.revoke(gateway, caller.session, token_id, caller.address)
    return Success()


def _shape(token: ListedToken) -> TokenShape:
    return TokenShape(
        id=token.id,
        name=token.name,
        scopes=[Scope(each) for each in token.scopes],
        hint=f"{PREFIX}…{token.ending}",
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )
