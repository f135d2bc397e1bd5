"""What a user has used of their limits."""

import asyncio
from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import AwareDatetime

from monitors_contracts.base import Model
from monitors_contracts.collection import ListMonitors
from monitors_contracts.platform import GetAiUsage, UsageReply

from ..http.callers import CallerDep, GatewayDep

router = APIRouter(prefix="/api", tags=["usage"])


class Limited(Model):
    """How much of a limit is used. `limit` and `left` are null where there is none."""

    used: int
    limit: int | None
    left: int | None


class DailyRefreshes(Limited):
    """Today's refreshes (UTC)."""

    resets_at: AwareDatetime


class LimitsReply(Model):
    """The user's limits, and what AI providers cost this month."""

    monitors: Limited
    refreshes_today: DailyRefreshes
    refreshes_per_minute: int | None
    ai: UsageReply


@router.get("/usage")
async def get_usage(caller: CallerDep, gateway: GatewayDep) -> LimitsReply:
    """What is used of each limit, and what is left."""
    ask = gateway.runtime.ask
    organization_id, user_id = caller.organization_id, caller.user_id
    monitors, ai, quota = await asyncio.gather(
        ask(ListMonitors(organization_id=organization_id, user_id=user_id, limit=1)),
        ask(GetAiUsage(organization_id=organization_id)),
        gateway.refreshes.quota(user_id, datetime.now(UTC)),
    )
    most = gateway.settings.monitors_per_user
    return LimitsReply(
        monitors=Limited(used=monitors.total, limit=most or None, left=max(0, most - monitors.total) if most else None),
        refreshes_today=DailyRefreshes(
            used=quota.used,
            limit=quota.limit or None,
            left=quota.left if quota.limit else None,
            resets_at=quota.resets_at,
        ),
        refreshes_per_minute=gateway.refreshes.limits.per_minute or None,
        ai=ai,
    )
