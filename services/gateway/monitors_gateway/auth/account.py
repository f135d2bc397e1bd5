"""What users change about themselves: profile, password, sessions, and that they leave."""

from monitors_contracts.base import Id, JsonValue, Problem
from monitors_contracts.platform import OrganizationDeleted, UserUpdated
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.transaction import Transaction

from ..gateway import Gateway
from ..http.callers import Caller
from ..store import api_tokens, sessions, users
from ..store.sessions import Session
from .guessing import check_password


async def update_profile(
    gateway: Gateway, caller: Caller, name: str | None, email: str | None, current_password: str | None
) -> Session:
    """Change name and e-mail address; the session as it is then. Problems: `wrong-password`, `email-taken`."""
    session = caller.session
    name, email = name or session.name, email or session.email
    if email != session.email:
        if current_password is None:
            raise _password_needed()
        await _prove(gateway, caller, current_password)
    if (name, email) == (session.name, session.email):
        return session
    async with gateway.service.transaction() as tx:
        if not await users.update_user(tx.db, session.user_id, name, email, tx.now):
            raise problem("email-taken", "E-mail address taken", 409, "Another account has this address.")
        tx.publish(
            UserUpdated(
                organization_id=session.organization_id,
                user_id=session.user_id,
                email=email,
                previous_email=session.email,
                name=name,
                updated_at=tx.now,
            )
        )
        changed: list[JsonValue] = [
            field for field, new in (("name", name), ("email", email)) if new != getattr(session, field)
        ]
        await _audit(gateway, tx, "account.update", caller, session.user_id, {"changed": changed})
    gateway.sessions.forget_user(session.user_id)
    return Session(session.id, session.user_id, session.organization_id, email, name, is_beta_user=session.is_beta_user)


async def change_password(gateway: Gateway, caller: Caller, current_password: str, new_password: str) -> int:
    """A new password, which ends every other session; how many. Problem: `wrong-password`."""
    session = caller.session
    await _prove(gateway, caller, current_password)
    async with gateway.passwords.slot():
        password_hash = await gateway.passwords.hash(new_password)
    async with gateway.service.transaction() as tx:
        await users.set_password(tx.db, session.user_id, password_hash, tx.now)
        ended = await sessions.revoke_others(tx.db, session.user_id, session.id, "password-changed", tx.now)
        await _audit(gateway, tx, "account.password", caller, session.user_id, {"endedSessions": len(ended)})
    await gateway.sessions.announce_revoked(*ended)
    return len(ended)


async def end_session(gateway: Gateway, caller: Caller, session_id: Id) -> None:
    """End one session of the user, in every process. Problem: `session-not-found`."""
    async with gateway.service.transaction() as tx:
        if not await sessions.revoke_own(tx.db, caller.user_id, session_id, tx.now):
            raise problem("session-not-found", "No such session", 404, "You have no session with this id.")
        await _audit(gateway, tx, "session.end", caller, session_id)
    await gateway.sessions.announce_revoked(session_id)


async def end_other_sessions(gateway: Gateway, caller: Caller) -> int:
    """End all sessions but the one asking; how many."""
    async with gateway.service.transaction() as tx:
        ended = await sessions.revoke_others(tx.db, caller.user_id, caller.session.id, "by-hand", tx.now)
        await _audit(gateway, tx, "session.end-others", caller, caller.user_id, {"endedSessions": len(ended)})
    await gateway.sessions.announce_revoked(*ended)
    return len(ended)


async def delete_account(gateway: Gateway, caller: Caller, password: str) -> None:
    """Delete the user and their personal organization, and have every service erase it. Problem: `wrong-password`."""
    user_id = caller.user_id
    await _prove(gateway, caller, password)
    async with gateway.service.transaction() as tx:
        ended = await sessions.ids_of_user(tx.db, user_id)
        revoked = await api_tokens.hashes(tx.db, user_id)
        organizations = await users.delete_user(tx.db, user_id)
        if organizations is None:
            return
        for organization in organizations:
            await users.forget_organization(tx.db, organization)
            tx.publish(OrganizationDeleted(organization_id=organization, user_id=user_id, deleted_at=tx.now))
        await _audit(gateway, tx, "account.delete", caller, user_id)
    await gateway.sessions.announce_revoked(*ended)
    await gateway.api_tokens.announce_revoked(*revoked)


async def _prove(gateway: Gateway, caller: Caller, password: str) -> None:
    """Go on when it is the user's password. Problems: `wrong-password`, `too-many-attempts`."""
    email = caller.session.email
    _, right, _ = await check_password(gateway, email, password, caller.address)
    if not right:
        raise problem("wrong-password", "Wrong password", 403, "This is not your current password.")
    await users.forget_failures(gateway.runtime.pool, f"email:{email}")


def _password_needed() -> ProblemError:
    detail = "Your current password is needed to change the e-mail address."
    return ProblemError(
        Problem(
            type="invalid-request",
            title="Invalid request",
            status=422,
            detail=detail,
            errors=[{"field": "currentPassword", "message": detail}],
        )
    )


async def _audit(
    gateway: Gateway,
    tx: Transaction,
    what: str,
    caller: Caller,
    target: Id,
    data: dict[str, JsonValue] | None = None,
) -> None:
    await gateway.audit(
        tx,
        what,
        organization_id=caller.organization_id,
        user_id=caller.user_id,
        address=caller.address,
        target=target,
        data=data,
    )
