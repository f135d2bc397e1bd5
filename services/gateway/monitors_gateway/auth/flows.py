"""Signing up, in and out: the flows behind `/api/auth`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitors_contracts.base import Problem, new_id
from monitors_contracts.platform import UserRegistered
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.transaction import Transaction

from ..domain.clients import limited_as
from ..gateway import Gateway
from ..store import quotas, sessions, users
from ..store.sessions import Session
from ..store.users import User
from .guessing import check_password
from .tokens import new_refresh_token, token_hash

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where somebody comes from who is not signed in yet."""

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session and the tokens to use it with."""

    session: Session
    token: str
    expires_at: datetime
    refresh_token: str


async def register(gateway: Gateway, email: str, password: str, name: str, visitor: Visitor) -> SignedIn:
    """A new user with a personal organization, signed in. Problems: `email-taken`, `too-many-registrations`."""
    async with gateway.passwords.slot():
        password_hash = await gateway.passwords.hash(password)
    user = User(new_id(), new_id(), email, name, password_hash, is_beta_user=False)
    async with gateway.service.transaction() as tx:
        await _count_registration(gateway, tx, visitor)
        if not await users.insert_user(tx.db, user, tx.now):
            detail = "This address has an account. Sign in, or use another one."
            raise problem("email-taken", "E-mail address taken", 409, detail)
        tx.publish(
            UserRegistered(
                organization_id=user.organization_id,
                user_id=user.id,
                email=email,
                name=name,
                registered_at=tx.now,
            )
        )
        await _audit(gateway, tx, "auth.register", user, visitor)
        return await _open_session(gateway, tx, user, visitor)


async def log_in(gateway: Gateway, email: str, password: str, visitor: Visitor) -> SignedIn:
    """Open a session. Problems: `wrong-credentials`, `too-many-attempts`."""
    user, right, renewed = await check_password(gateway, email, password, visitor.address)
    if user is None or not right:
        if user:
            async with gateway.service.transaction() as tx:
                await _audit(gateway, tx, "auth.login-failed", user, visitor)
        raise problem(
            "wrong-credentials", "Wrong e-mail address or password", 401, "Check both; upper and lower case differ."
        )
    async with gateway.service.transaction() as tx:
        await users.forget_failures(tx.db, f"email:{email}")
        await users.record_login(tx.db, user.id, tx.now, renewed)
        await _audit(gateway, tx, "auth.login", user, visitor)
        return await _open_session(gateway, tx, user, visitor)


async def rotate(gateway: Gateway, refresh_token: str, visitor: Visitor) -> SignedIn:
    """New tokens for an unused refresh token. Problem: `invalid-refresh-token`, which also ends the session of a used one."""
    presented = token_hash(refresh_token)
    reused: Session | None = None
    async with gateway.service.transaction() as tx:
        found = await sessions.lock_token(tx.db, presented, tx.now)
        if found and not found[1]:
            session = found[0]
            await sessions.use_token(tx.db, session.id, presented, tx.now, _session_end(gateway, tx.now))
            return await _issue(gateway, tx, session)
        if found:
            reused = found[0]
            await sessions.revoke(tx.db, reused.id, "refresh-token-reused", tx.now)
            await gateway.audit(
                tx,
                "auth.refresh-token-reused",
                organization_id=reused.organization_id,
                user_id=reused.user_id,
                address=visitor.address,
                target=reused.id,
            )
    if reused:
        await gateway.sessions.announce_revoked(reused.id)
    raise problem("invalid-refresh-token", "Invalid refresh token", 401, "Sign in again.")


async def log_out(gateway: Gateway, session: Session, address: str) -> None:
    """End a session, in every process."""
    async with gateway.service.transaction() as tx:
        await sessions.revoke(tx.db, session.id, "logout", tx.now)
        await gateway.audit(
            tx,
            "auth.logout",
            organization_id=session.organization_id,
            user_id=session.user_id,
            address=address,
            target=session.id,
        )
    await gateway.sessions.announce_revoked(session.id)


async def _count_registration(gateway: Gateway, tx: Transaction, visitor: Visitor) -> None:
    limit = gateway.settings.registrations_per_hour_per_address
    address = limited_as(visitor.address, gateway.trusted_proxies)
    if not limit or not address:
        return
    used, ends = await quotas.take_for_address(tx.db, address, "register", 1, HOUR, tx.now)
    if used > limit:
        raise ProblemError(
            Problem(
                type="too-many-registrations",
                title="Too many registrations from your address",
                status=429,
                detail=f"One address may register {limit} users an hour.",
                retry_at=ends,
            )
        )


async def _open_session(gateway: Gateway, tx: Transaction, user: User, visitor: Visitor) -> SignedIn:
    session = Session(new_id(), user.id, user.organization_id, user.email, user.name, user.is_beta_user)
    await sessions.insert_session(
        tx.db,
        session,
        ip=visitor.address,
        user_agent=visitor.user_agent,
        now=tx.now,
        expires_at=_session_end(gateway, tx.now),
    )
    return await _issue(gateway, tx, session)


async def _issue(gateway: Gateway, tx: Transaction, session: Session) -> SignedIn:
    refresh_token = new_refresh_token()
    await sessions.insert_token(tx.db, session.id, token_hash(refresh_token), tx.now)
    token, expires_at = gateway.tokens.issue(session.id, session.user_id, session.organization_id, tx.now)
    return SignedIn(session, token, expires_at, refresh_token)


async def _audit(gateway: Gateway, tx: Transaction, what: str, user: User, visitor: Visitor) -> None:
    await gateway.audit(
        tx, what, organization_id=user.organization_id, user_id=user.id, address=visitor.address, target=user.id
    )


def _session_end(gateway: Gateway, now: datetime) -> datetime:
    return now + timedelta(days=gateway.settings.session_days)
