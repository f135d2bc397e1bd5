"""Checking a password so that it can't be guessed by trying: after several failures the next try has to wait."""

from datetime import UTC, datetime, timedelta

from monitors_contracts.base import Problem
from monitors_runtime.errors import ProblemError

from ..domain.clients import limited_as
from ..domain.throttling import FREE_PER_ADDRESS, FREE_PER_EMAIL, blocked_until
from ..gateway import Gateway
from ..store import users
from ..store.users import User


async def check_password(
    gateway: Gateway, email: str, password: str, address: str
) -> tuple[User | None, bool, str | None]:
    """The user with this e-mail address, whether this is their password, and a stronger hash of it when one is due.

    A failure is counted. Problem: `too-many-attempts`.
    """
    keys = {f"email:{email}": FREE_PER_EMAIL}
    if limited := limited_as(address, gateway.trusted_proxies):
        keys[f"address:{limited}"] = FREE_PER_ADDRESS
    pool = gateway.runtime.pool
    # Judged, checked and counted within one slot: guesses made at the same time can't all pass the same judgement.
    async with gateway.passwords.slot():
        now = datetime.now(UTC)
        waits = [until for each in await users.failures(pool, keys) if (until := blocked_until(each, now))]
        if waits:
            raise _too_many_attempts(max(waits))
        user = await users.user_by_email(pool, email)
        if not await gateway.passwords.matches(user.password_hash if user else None, password):
            await users.count_failure(pool, list(keys), now)
            return user, False, None
        assert user
        assert user.password_hash
        return user, True, await gateway.passwords.renewed(user.password_hash, password)


def _too_many_attempts(until: datetime) -> ProblemError:
    return ProblemError(
        Problem(
            type="too-many-attempts",
            title="Too many failed sign-ins",
            status=429,
            detail=f"The next try is allowed at {until + timedelta(seconds=1):%Y-%m-%d %H:%M:%S} UTC.",
            retry_at=until,
        )
    )
