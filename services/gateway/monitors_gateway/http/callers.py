"""Who calls, and what a route needs to serve them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from monitors_contracts.base import Id, Problem

from ..auth import api_tokens
from ..auth.tokens import InvalidToken
from ..domain.api_tokens import PREFIX
from ..domain.scopes import needed
from ..gateway import Gateway
from ..store.api_tokens import ApiToken
from ..store.sessions import Session
from .problems import Refused

_bearer = HTTPBearer(
    auto_error=False, description="The `token` of register, login or refresh, or an API token (`mon_...`)"
)


NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Caller:
    """The user behind a request, signed in or by an API token of theirs (`session` then has the token's id)."""

    session: Session
    expires_at: datetime
    address: str
    token: ApiToken | None = None

    @property
    def user_id(self) -> Id:
        return self.session.user_id

    @property
    def organization_id(self) -> Id:
        return self.session.organization_id


def gateway_of(request: Request) -> Gateway:
    """The gateway that serves this request."""
    return cast(Gateway, request.app.state.gateway)


async def authenticate(request: Request) -> Caller:
    """The caller by their bearer token, whatever it allows. Raises a 401 problem."""
    known: Any = getattr(request.state, "caller", None)
    if known is not None:
        return known
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _unauthenticated("Send the header `Authorization: Bearer <token>`.", "Bearer")
    caller = await by_token(request, token.strip())
    request.state.caller = caller
    return caller


async def by_token(request: Request, token: str) -> Caller:
    """The caller with this token, of either kind. Raises a 401 problem."""
    by = _by_api_token if token.startswith(PREFIX) else _by_access_token
    return await by(gateway_of(request), token, address_of(request))


async def _by_access_token(gateway: Gateway, token: str, address: str) -> Caller:
    try:
        claims = gateway.tokens.read(token, datetime.now(UTC))
    except InvalidToken as invalid:
        raise _unauthenticated(f"Sorry, {invalid}. Sign in again or refresh it.") from invalid
    session = await gateway.sessions.find(claims.session_id)
    if session is None:
        raise _unauthenticated("This session has ended. Sign in again.")
    return Caller(session, claims.expires_at, address)


async def _by_api_token(gateway: Gateway, text: str, address: str) -> Caller:
    token = await api_tokens.find(gateway, text)
    if token is None or (token.expires_at and token.expires_at <= datetime.now(UTC)):
        raise _unauthenticated("This API token is not valid, was revoked or has expired.")
    return Caller(token.session, token.expires_at or NEVER, address, token)


async def still_good(gateway: Gateway, caller: Caller) -> bool:
    """Whether what the caller signed in with still holds, for answers that go on for long."""
    if datetime.now(UTC) >= caller.expires_at:
        return False
    if caller.token:
        return await gateway.api_tokens.find(caller.token.hash) is not None
    return await gateway.sessions.find(caller.session.id) is not None


def address_of(request: Request) -> str:
    """The client's address."""
    return cast(str, request.state.client)


async def with_scopes(
    request: Request,
    declared: SecurityScopes,
    _: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
) -> Caller:
    """The caller, when they may do this: people may do everything of theirs, an API token what its scopes say.

    Reading needs `read` and anything else `write`, unless the route declares what it needs:
    `Annotated[Caller, Security(with_scopes, scopes=[Scope.METRICS_WRITE])]`. Raises a 401 or 403 problem.
    """
    caller = await authenticate(request)
    if caller.token and (missing := needed(declared.scopes, request.method) - caller.token.scopes):
        raise _out_of_scope(sorted(missing), caller.token.scopes)
    return caller


async def _person(
    request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None
) -> Caller:
    """The caller, who signed in. An API token is refused: it must not make another, or take the account over."""
    caller = await authenticate(request)
    if caller.token:
        detail = "An API token can't be used here. Sign in with e-mail address and password."
        raise Refused(Problem(type="sign-in-needed", title="Sign in for this", status=403, detail=detail))
    return caller


async def _gateway(request: Request) -> Gateway:
    return gateway_of(request)  # a plain function would cost each request a hop to a thread


def _unauthenticated(detail: str, challenge: str = 'Bearer error="invalid_token"') -> Refused:
    problem = Problem(type="unauthenticated", title="Sign in first", status=401, detail=detail)
    return Refused(problem, {"WWW-Authenticate": challenge})


def _out_of_scope(missing: list[str], held: Collection[str]) -> Refused:
    named = " and ".join(f"`{each}`" for each in missing)
    problem = Problem(
        type="insufficient-scope",
        title="The API token does not allow this",
        status=403,
        detail=f"It needs the scope {named}; this token has {', '.join(sorted(held))}.",
    )
    challenge = f'Bearer error="insufficient_scope", scope="{" ".join(missing)}"'
    return Refused(problem, {"WWW-Authenticate": challenge})


CallerDep = Annotated[Caller, Security(with_scopes)]
PersonDep = Annotated[Caller, Depends(_person)]
GatewayDep = Annotated[Gateway, Depends(_gateway)]
