"""One's own account: profile, password, sessions, and leaving."""

from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, Field

from monitors_contracts.base import Id, Model

from ..auth import account
from ..domain.user_agents import described
from ..http.callers import GatewayDep, PersonDep
from ..http.pages import PathId
from ..store import sessions as store
from ..store.sessions import ListedSession
from .auth import CurrentPassword, Email, Password, UserName, UserShape, user_shape
from .shapes import Success

router = APIRouter(prefix="/api/auth", tags=["account"])


class UpdateProfileRequest(Model):
    """What is to change. A new e-mail address needs the current password."""

    name: UserName | None = Field(default=None, examples=["Robin"])
    email: Email | None = Field(default=None, examples=["robin@example.org"])
    current_password: CurrentPassword | None = Field(default=None, examples=["Correct1horse"])


class ChangePasswordRequest(Model):
    """The password so far, and the one from now on."""

    current_password: CurrentPassword = Field(examples=["Correct1horse"])
    new_password: Password = Field(
        description="At least 8 characters, with lower case, upper case and a digit", examples=["Correct2horses"]
    )


class DeleteAccountRequest(Model):
    """The password, and the word that says it is meant."""

    password: CurrentPassword = Field(examples=["Correct1horse"])
    confirm: Literal["delete"]


class ProfileReply(Model):
    """The user after the change."""

    success: bool = True
    user: UserShape


class EndedReply(Model):
    """How many sessions were ended."""

    success: bool = True
    ended: int


class SessionShape(Model):
    """A sign-in. `lastUsedAt` is right to the minute; `address` is where it was opened from."""

    id: Id
    current: bool = Field(description="Whether this request was made in it")
    created_at: AwareDatetime
    last_used_at: AwareDatetime
    expires_at: AwareDatetime
    address: str
    client: str = Field(description="In readable words", examples=["Firefox on Linux"])
    user_agent: str


class SessionsReply(Model):
    """The sessions that are still good, the last used first."""

    sessions: list[SessionShape]


@router.patch("/me")
async def update_me(body: UpdateProfileRequest, caller: PersonDep, gateway: GatewayDep) -> ProfileReply:
    """Change name or e-mail address."""
    session = await account.update_profile(gateway, caller, body.name, body.email, body.current_password)
    return ProfileReply(user=user_shape(session))


@router.delete("/me")
async def delete_me(body: DeleteAccountRequest, caller: PersonDep, gateway: GatewayDep) -> Success:
    """Delete the account with everything in it, for good. Sessions and API tokens end at once.

    Monitors, checks, pages, alerts, channels, messages and measurements are erased within moments. What stays: entries of
    the audit log, and events in the platform's streams, each until its retention ends; backups the operator keeps.
    """
    await account.delete_account(gateway, caller, body.password)
    return Success()


@router.post("/password")
async def change_password(body: ChangePasswordRequest, caller: PersonDep, gateway: GatewayDep) -> EndedReply:
    """Change the password. Every other session ends; API tokens go on."""
    return EndedReply(ended=await account.change_password(gateway, caller, body.current_password, body.new_password))


@router.get("/sessions")
async def list_sessions(caller: PersonDep, gateway: GatewayDep) -> SessionsReply:
    """Where you are signed in."""
    found = await store.find(gateway.runtime.pool, caller.user_id, datetime.now(UTC))
    return SessionsReply(sessions=[_shape(each, caller.session.id) for each in found])


@router.delete("/sessions")
async def end_other_sessions(caller: PersonDep, gateway: GatewayDep) -> EndedReply:
    """Sign out everywhere else."""
    return EndedReply(ended=await account.end_other_sessions(gateway, caller))


@router.delete("/sessions/{id}")
async def end_session(session_id: PathId, caller: PersonDep, gateway: GatewayDep) -> Success:
    """Sign one session out, at once and everywhere."""
    await account.end_session(gateway, caller, session_id)
    return Success()


def _shape(session: ListedSession, current: Id) -> SessionShape:
    return SessionShape(
        id=session.id,
        current=session.id == current,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
        address=session.ip,
        client=described(session.user_agent),
        user_agent=session.user_agent,
    )
