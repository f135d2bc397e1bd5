"""Signing up, in and out."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import AfterValidator, AwareDatetime, EmailStr, Field, StringConstraints
from pydantic_core import PydanticCustomError

from monitors_contracts.base import Id, Model

from ..auth.flows import SignedIn, Visitor, log_in, log_out, register, rotate
from ..domain.passwords import weakness
from ..http.callers import GatewayDep, PersonDep, address_of
from ..store.sessions import Session
from .shapes import Success

router = APIRouter(prefix="/api/auth", tags=["auth"])


def good_password(password: str) -> str:
    if missing := weakness(password):
        raise PydanticCustomError("weak_password", "{missing}", {"missing": missing})
    return password


Email = Annotated[EmailStr, AfterValidator(str.lower)]
Password = Annotated[str, AfterValidator(good_password)]
CurrentPassword = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
UserName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class RegisterRequest(Model):
    """A new user."""

    email: Email = Field(examples=["robin@example.com"])
    password: Password = Field(
        description="At least 8 characters, with lower case, upper case and a digit", examples=["Correct1horse"]
    )
    name: UserName = Field(examples=["Robin"])


class LoginRequest(Model):
    """A user and their password."""

    email: Email = Field(examples=["robin@example.com"])
    password: CurrentPassword = Field(examples=["Correct1horse"])


class RefreshTokenRequest(Model):
    """A refresh token, which serves once."""

    refresh_token: str = Field(min_length=1, max_length=500)


class UserShape(Model):
    """A user."""

    id: Id
    email: str
    name: str
    is_beta_user: bool
    organization_id: Id


class TokenReply(Model):
    """Signed in: send `token` as a bearer token; get new ones with `refreshToken` when it has expired."""

    success: bool = True
    user: UserShape
    token: str
    expires_at: AwareDatetime
    refresh_token: str


class MeReply(Model):
    """The signed-in user."""

    user: UserShape
    session_id: Id
    expires_at: AwareDatetime


def user_shape(session: Session) -> UserShape:
    """The user of a session."""
    return UserShape(
        id=session.user_id,
        email=session.email,
        name=session.name,
        is_beta_user=session.is_beta_user,
        organization_id=session.organization_id,
    )


def _reply(signed_in: SignedIn) -> TokenReply:
    return TokenReply(
        user=user_shape(signed_in.session),
        token=signed_in.token,
        expires_at=signed_in.expires_at,
        refresh_token=signed_in.refresh_token,
    )


def _visitor(request: Request) -> Visitor:
    return Visitor(address_of(request), request.headers.get("user-agent", ""))


@router.post("/register", status_code=201)
async def register_user(body: RegisterRequest, request: Request, gateway: GatewayDep) -> TokenReply:
    """Register with e-mail address and password, and be signed in."""
    return _reply(await register(gateway, body.email, body.password, body.name, _visitor(request)))


@router.post("/login")
async def login(body: LoginRequest, request: Request, gateway: GatewayDep) -> TokenReply:
    """Sign in. After several failures the next try has to wait, longer each time."""
    return _reply(await log_in(gateway, body.email, body.password, _visitor(request)))


@router.post("/refresh")
async def refresh_tokens(body: RefreshTokenRequest, request: Request, gateway: GatewayDep) -> TokenReply:
    """New tokens for a refresh token. A token that is used twice was copied: it ends its session."""
    return _reply(await rotate(gateway, body.refresh_token, _visitor(request)))


@router.post("/logout")
async def logout(caller: PersonDep, gateway: GatewayDep) -> Success:
    """End this session, at once and everywhere."""
    await log_out(gateway, caller.session, caller.address)
    return Success()


@router.get("/me")
async def me(caller: PersonDep) -> MeReply:
    """Who is signed in."""
    return MeReply(user=user_shape(caller.session), session_id=caller.session.id, expires_at=caller.expires_at)
