"""Who calls, and what a route needs to serve them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from monitors_contracts.base import Id, Problem

from ..auth.tokens import InvalidToken
from ..gateway import Gateway
from ..store.sessions import Session
from .problems import Refused

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="The `token` of register, login or refresh")


@dataclass(frozen=True, slots=True)
class Caller:
    """The signed-in user behind a request."""

    session: Session
    expires_at: datetime
    address: str

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
    """The caller by their bearer token. Raises a 401 problem."""
    known: Any = getattr(request.state, "caller", None)
    if known is not None:
        return known
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _unauthenticated("Send the header `Authorization: Bearer <token>`.", "Bearer")
    gateway = gateway_of(request)
    try:
        claims = gateway.tokens.read(token.strip(), datetime.now(UTC))
    except InvalidToken as invalid:
        raise _unauthenticated(f"Sorry, {invalid}. Sign in again or refresh it.") from invalid
    session = await gateway.sessions.find(claims.session_id)
    if session is None:
        raise _unauthenticated("This session has ended. Sign in again.")
    caller = Caller(session, claims.expires_at, address_of(request))
    request.state.caller = caller
    return caller


def address_of(request: Request) -> str:
    """The client's address."""
    return cast(str, request.state.client)


async def _caller(
    request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None
) -> Caller:
    return await authenticate(request)


async def _gateway(request: Request) -> Gateway:
    return gateway_of(request)  # a plain function would cost each request a hop to a thread


def _unauthenticated(detail: str, challenge: str = 'Bearer error="invalid_token"') -> Refused:
    problem = Problem(type="unauthenticated", title="Sign in first", status=401, detail=detail)
    return Refused(problem, {"WWW-Authenticate": challenge})


CallerDep = Annotated[Caller, Depends(_caller)]
GatewayDep = Annotated[Gateway, Depends(_gateway)]
