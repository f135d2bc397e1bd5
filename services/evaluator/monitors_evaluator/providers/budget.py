"""How much an organization may spend on AI in a month (UTC)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from monitors_contracts.base import Id

Spent = Callable[[Id, str], Awaitable[float]]
"""USD spent by an organization in a month (`2026-11`), everything recorded so far included."""


def month_of(now: datetime) -> str:
    """The budget's month: `2026-11`. `now` is in UTC."""
    return f"{now:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `limit_usd` a month; None for no limit.

    Checked before a request, whose cost is known only after it: the limit may be passed by what is under way at that
    moment, fractions of a cent a request.
    """

    limit_usd: float | None
    spent: Spent

    async def allows(self, organization_id: Id, now: datetime) -> bool:
        """Is anything left this month?"""
        return self.limit_usd is None or await self.spent(organization_id, month_of(now)) < self.limit_usd
