"""Manual refreshes: take the quota of all asked for at once, start them, give back what never began, wait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitors_contracts.base import Id, Problem
from monitors_contracts.monitors import Evaluation, GetEvaluations, RefreshAccepted, RefreshItem, RequestRefreshes
from monitors_runtime.errors import ProblemError
from monitors_runtime.runtime import Runtime, Service

from .domain.limits import (
    MINUTE,
    Decision,
    LimitReason,
    RefreshLimits,
    Refusal,
    Usage,
    decide,
    next_allowed,
    next_day,
)
from .settings import GatewaySettings
from .store import quotas
from .verdicts import Verdicts, wait_for

REFRESH = "refresh"
LIMIT_TITLES = {
    LimitReason.MONITOR: "This monitor was refreshed a moment ago",
    LimitReason.DAY: "Today's refreshes are used up",
    LimitReason.ADDRESS: "Too many refreshes from your address",
}
# What the owner of monitors refuses a refresh for; the words are its own.
REFUSED = {
    "monitor-not-found": ("No such monitor", 404),
    "monitor-paused": ("The monitor is paused", 409),
}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for refreshes. `address` is what the client is limited under; None for no such limit."""

    organization_id: Id
    user_id: Id
    address: str | None


@dataclass(frozen=True, slots=True)
class Started:
    """A check under way, and its result when that was waited for."""

    monitor_id: Id
    refresh_id: Id
    at: datetime
    next_allowed: datetime
    evaluation: Evaluation | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of the user's day. `limit` 0 means none."""

    limit: int
    used: int
    resets_at: datetime

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request for refreshes."""

    started: list[Started]
    refused: dict[Id, Problem]
    quota: Quota


class Refreshes:
    """Starts refreshes within the limits, which hold across processes."""

    def __init__(self, runtime: Runtime, service: Service, settings: GatewaySettings, verdicts: Verdicts) -> None:
        self._runtime = runtime
        self._service = service
        self._verdicts = verdicts
        self.limits = RefreshLimits(
            per_minute=settings.refreshes_per_minute,
            per_day=settings.refreshes_per_day,
            per_address=settings.refreshes_per_minute_per_address,
        )

    async def refresh(self, asker: Asker, wanted: Mapping[Id, Id], seconds: float) -> Outcome:
        """Start a check of each monitor (`wanted`: monitor id -> refresh id) and wait up to `seconds` for the verdicts.

        Raises ProblemError when the owner of the monitors can't be asked.
        """
        now = datetime.now(UTC)
        decision, usage = await self._take(asker, list(wanted), now)
        refused = {monitor: _too_early(refusal, self.limits) for monitor, refusal in decision.refused.items()}
        refresh_ids = [wanted[monitor] for monitor in decision.granted]
        evaluations: dict[Id, Evaluation] = {}
        with self._verdicts.expecting(refresh_ids if seconds else []) as waiting:
            for refresh_id, reason in (await self._start(asker, decision.granted, wanted, now)).items():
                monitor = next(each for each in decision.granted if wanted[each] == refresh_id)
                title, status = REFUSED.get(reason, ("The monitor can't be refreshed", 409))
                refused[monitor] = Problem(type=reason, title=title, status=status)
                if future := waiting.pop(refresh_id, None):
                    future.cancel()
            if waiting:

                async def ask(pending: list[Id]) -> list[Evaluation]:
                    return await self.evaluations(asker.organization_id, pending)

                evaluations = await wait_for(waiting, seconds, ask)
        begun = [monitor for monitor in decision.granted if monitor not in refused]
        used = usage.today + len(begun)
        started = [
            Started(
                monitor_id=monitor,
                refresh_id=wanted[monitor],
                at=now,
                next_allowed=next_allowed([*usage.recent.get(monitor, ()), now], used, self.limits, now),
                evaluation=evaluations.get(wanted[monitor]),
            )
            for monitor in begun
        ]
        return Outcome(started, refused, Quota(self.limits.per_day, used, next_day(now)))

    async def evaluations(self, organization_id: Id, refresh_ids: Sequence[Id]) -> list[Evaluation]:
        """The results of refreshes as their owner has them now."""
        asked = GetEvaluations(organization_id=organization_id, refresh_ids=list(refresh_ids))
        return (await self._runtime.ask(asked)).evaluations

    async def quota(self, user_id: Id, now: datetime) -> Quota:
        """What the user has used of the day."""
        return Quota(self.limits.per_day, await quotas.used_today(self._runtime.pool, user_id, now), next_day(now))

    async def _take(self, asker: Asker, monitors: list[Id], now: datetime) -> tuple[Decision, Usage]:
        async with self._service.transaction() as tx:
            recent, today = await quotas.lock_usage(tx.db, asker.organization_id, asker.user_id, monitors, now)
            usage = Usage(recent, today)
            if asker.address and self.limits.per_address:
                by_address, ends = await quotas.take_for_address(tx.db, asker.address, REFRESH, 0, MINUTE, now)
                usage = Usage(recent, today, by_address, ends)
            limits = self.limits if asker.address else RefreshLimits(self.limits.per_minute, self.limits.per_day)
            decision = decide(monitors, usage, limits, now)
            if granted := decision.granted:
                keep = max(1, self.limits.per_minute)
                await quotas.take(tx.db, asker.organization_id, asker.user_id, granted, now, keep)
                if usage.address_window_ends and asker.address:
                    await quotas.take_for_address(tx.db, asker.address, REFRESH, len(granted), MINUTE, now)
            return decision, usage

    async def _start(
        self, asker: Asker, granted: list[Id], wanted: Mapping[Id, Id], taken_at: datetime
    ) -> dict[Id, str]:
        """Ask for the checks; refresh id -> why it was refused. What certainly did not begin gives its quota back."""
        if not granted:
            return {}
        request = RequestRefreshes(
            organization_id=asker.organization_id,
            items=[RefreshItem(monitor_id=monitor, refresh_id=wanted[monitor]) for monitor in granted],
        )
        try:
            answer: RefreshAccepted = await self._runtime.ask(request)
        except ProblemError as failure:
            # After a time-out the checks may well be under way: that quota stays used.
            if failure.problem.status != 504:
                await self._give_back(asker, granted, taken_at)
            raise
        accepted = set(answer.accepted)
        refused = {
            wanted[monitor]: answer.refused.get(str(wanted[monitor]), "refresh-refused")
            for monitor in granted
            if wanted[monitor] not in accepted
        }
        if refused:
            await self._give_back(asker, [each for each in granted if wanted[each] in refused], taken_at)
        return refused

    async def _give_back(self, asker: Asker, monitors: list[Id], taken_at: datetime) -> None:
        async with self._service.transaction() as tx:
            await quotas.give_back(tx.db, asker.organization_id, asker.user_id, monitors, taken_at)


def _too_early(refusal: Refusal, limits: RefreshLimits) -> Problem:
    at = refusal.retry_at.astimezone(UTC)
    shown = (at + timedelta(milliseconds=999)).strftime("%Y-%m-%d %H:%M:%S UTC")
    rule = {
        LimitReason.MONITOR: f"A monitor may be refreshed {_times(limits.per_minute)} a minute",
        LimitReason.DAY: f"You may refresh {_times(limits.per_day)} a day",
        LimitReason.ADDRESS: f"One address may refresh {_times(limits.per_address)} a minute",
    }[refusal.reason]
    return Problem(
        type=refusal.reason,
        title=LIMIT_TITLES[refusal.reason],
        status=429,
        detail=f"{rule}; the next refresh is allowed at {shown}.",
        retry_at=at,
    )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
