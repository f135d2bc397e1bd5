"""Uptime checks: kept as their organizations want them, and asked at their intervals by whichever copy comes first."""

import asyncio
from datetime import UTC, datetime

import structlog
from prometheus_client import Counter

from monitors_contracts.base import Done, Id
from monitors_contracts.measuring import batches
from monitors_contracts.uptime import (
    CreateUptimeCheck,
    DeleteUptimeCheck,
    GetUptimeCheck,
    ListUptimeChecks,
    UpdateUptimeCheck,
    UptimeCheckCreated,
    UptimeCheckDeleted,
    UptimeCheckUpdated,
    UptimeEvent,
    UptimeList,
    UptimeView,
)
from monitors_runtime.database import DATABASE_AWAY, DATABASE_CONFLICT, Connection, Pool
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.periodic import Periodic
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import uptime_store as store
from .domain import uptime as domain
from .probes import Probes
from .settings import ScraperSettings
from .uptime_store import Check

log = structlog.get_logger(__name__)

CHECKS = Counter("monitors_uptime_checks_total", "Uptime checks, by outcome", ("outcome",))
_LOOK_SECONDS = 0.5
_AT_ONCE = 64


class Uptime:
    """The scraper's answers about uptime checks, and the task that asks."""

    def __init__(self, service: Service, settings: ScraperSettings, probes: Probes | None = None) -> None:
        self._service = service
        self._settings = settings
        self.probes = probes or Probes(settings)
        self._asking: set[asyncio.Task[None]] = set()
        self._clock = Periodic("uptime checks", lambda: self.check_due(datetime.now(UTC)), _LOOK_SECONDS)

    async def start(self) -> None:
        """Ask from now on, each check when its time comes."""
        await self.probes.open()
        await self._clock.start()

    async def stop(self) -> None:
        """Ask no more."""
        await self._clock.stop()
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        await self.probes.close()

    # -- what is asked of it ------------------------------------------------------------------------------------------

    async def create(self, command: CreateUptimeCheck) -> UptimeView:
        """Add a check. Its rule is made of the same event, so that there is never one without the other for long."""
        organization, limit = command.organization_id, self._settings.uptime_checks_per_organization
        async with self._service.transaction(correlation=command.check_id) as tx:
            if known := await store.find(tx.db, organization, command.check_id):
                return known.view
            self.probes.check(command.spec)
            if await store.lock_and_count(tx.db, organization, command.check_id) >= (limit or float("inf")):
                raise problem("check-limit", "Too many checks", 409, f"There may be {limit}; remove one to make room.")
            event = UptimeCheckCreated(
                organization_id=organization,
                check_id=command.check_id,
                check_version=1,
                user_id=command.user_id,
                spec=command.spec,
                changed_at=tx.now,
            )
            await self._say(tx, event)
            return (await self._find(tx.db, organization, command.check_id)).view

    async def update(self, command: UpdateUptimeCheck) -> UptimeView:
        """Change a check. What is so already is no change."""
        async with self._service.transaction(correlation=command.check_id) as tx:
            known = (await self._find(tx.db, command.organization_id, command.check_id, lock=True)).view
            if command.expected_version is not None and known.version != command.expected_version:
                raise problem(
                    "check-changed", "The check was changed meanwhile", 409, "Read it again and then change it."
                )
            if known.spec == command.spec:
                return known
            self.probes.check(command.spec)
            event = UptimeCheckUpdated(
                organization_id=command.organization_id,
                check_id=command.check_id,
                check_version=known.version + 1,
                user_id=command.user_id,
                spec=command.spec,
                changed_at=tx.now,
            )
            await self._say(tx, event)
            return (await self._find(tx.db, command.organization_id, command.check_id)).view

    async def delete(self, command: DeleteUptimeCheck) -> Done:
        """Remove a check, and with it its rule."""
        async with self._service.transaction(correlation=command.check_id) as tx:
            known = (await self._find(tx.db, command.organization_id, command.check_id, lock=True)).view
            event = UptimeCheckDeleted(
                organization_id=command.organization_id, check_id=known.id, check_version=known.version + 1
            )
            await self._say(tx, event)
        return Done()

    async def get(self, query: GetUptimeCheck) -> UptimeView:
        """One check."""
        return (await self._find(self._service.runtime.pool, query.organization_id, query.check_id)).view

    async def list(self, query: ListUptimeChecks) -> UptimeList:
        """The organization's checks."""
        return UptimeList(checks=await store.find_all(self._service.runtime.pool, query.organization_id))

    async def _say(self, tx: Transaction, event: UptimeEvent) -> None:
        await store.apply(tx.db, event)
        tx.publish(event)

    async def _find(self, db: Connection | Pool, organization_id: Id, check_id: Id, *, lock: bool = False) -> Check:
        found = await store.find(db, organization_id, check_id, lock=lock)
        if found is None:
            raise problem(
                "check-not-found", "No such check", 404, "Your organization has no uptime check with this id."
            )
        return found

    # -- asking -------------------------------------------------------------------------------------------------------

    async def check_due(self, now: datetime) -> None:
        """Begin the checks whose time has come."""
        if room := _AT_ONCE - len(self._asking):
            for check in await store.take_due(self._service.runtime.pool, now, room):
                task = asyncio.create_task(self.check(check), name=f"uptime check {check.view.id}")
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)

    async def check(self, check: Check) -> None:
        """Ask, and send what was seen."""
        outcome = await self.probes.ask(check.view.spec)
        CHECKS.labels("up" if outcome.is_up else "down").inc()
        try:
            async with self._service.transaction() as tx:
                if await store.checked(tx.db, check, outcome):
                    measured = domain.samples(check.view.id, check.view.spec, outcome)
                    tx.publish(*batches(check.organization_id, f"uptime:{check.view.id}", measured))
        except (ProblemError, *DATABASE_AWAY, *DATABASE_CONFLICT) as lost:
            log.warning("a check was lost", check=str(check.view.id), error=repr(lost)[:300])
