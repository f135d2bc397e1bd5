"""Uptime checks: kept as their organizations want them, and asked at their intervals by whichever copy comes first."""

import asyncio
import contextlib
import ssl
import time
from datetime import UTC, datetime

import structlog
from prometheus_client import Counter
from yarl import URL

from monitors_contracts.base import Done, Id
from monitors_contracts.measuring import batches
from monitors_contracts.uptime import (
    DeleteUptimeCheck,
    GetUptimeCheck,
    ListUptimeChecks,
    PutUptimeCheck,
    UptimeList,
    UptimeOutcome,
    UptimeSpec,
    UptimeView,
)
from monitors_runtime.database import DATABASE_AWAY, DATABASE_CONFLICT, Connection, Pool
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.guarded_http import RefusedAddress
from monitors_runtime.runtime import Service

from . import uptime_store as store
from .domain import uptime as domain
from .domain.pages import STAYS, Obstructed
from .http import HttpClient, Identity
from .network import Guard
from .settings import ScraperSettings
from .uptime_store import Check
from .urls import page_url

log = structlog.get_logger(__name__)

CHECKS = Counter("monitors_uptime_checks_total", "Uptime checks, by outcome", ("outcome",))
_LOOK_SECONDS = 0.5
_AT_ONCE = 64
_LARGEST = 1_000_000


class Uptime:
    """The scraper's answers about uptime checks, and the task that asks."""

    def __init__(self, service: Service, settings: ScraperSettings) -> None:
        self._service = service
        self._settings = settings
        self._guard = Guard(allow_private=settings.allow_private_addresses)
        self._client = HttpClient(settings, self._guard)
        self._asking: set[asyncio.Task[None]] = set()
        self._clock: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Be able to ask."""
        await self._client.start()

    async def start(self) -> None:
        """Ask from now on, each check when its time comes."""
        await self.open()
        self._clock = asyncio.create_task(self._run(), name="uptime checks")

    async def stop(self) -> None:
        """Ask no more."""
        tasks = [task for task in (self._clock, *self._asking) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.close()
        await self._guard.close()

    # -- what is asked of it ------------------------------------------------------------------------------------------

    async def put(self, command: PutUptimeCheck) -> UptimeView:
        """Add or change a check."""
        if command.spec.url is not None:
            try:
                page_url(command.spec.url)
            except Obstructed as obstructed:
                raise problem("invalid-url", "Invalid address", 422, _told(obstructed)) from obstructed
        organization, limit = command.organization_id, self._settings.uptime_checks_per_organization
        async with self._service.transaction() as tx:
            if limit and await store.lock_and_count(tx.db, organization, command.check_id) >= limit:
                raise problem("check-limit", "Too many checks", 409, f"There may be {limit}; remove one to make room.")
            await store.put(tx.db, organization, command.check_id, command.spec, tx.now)
            return (await self._find(tx.db, organization, command.check_id)).view

    async def delete(self, command: DeleteUptimeCheck) -> Done:
        """Remove a check."""
        async with self._service.transaction() as tx:
            if not await store.delete(tx.db, command.organization_id, command.check_id):
                raise _not_found()
        return Done()

    async def get(self, query: GetUptimeCheck) -> UptimeView:
        """One check."""
        return (await self._find(self._service.runtime.pool, query.organization_id, query.check_id)).view

    async def list(self, query: ListUptimeChecks) -> UptimeList:
        """The organization's checks."""
        return UptimeList(checks=await store.find_all(self._service.runtime.pool, query.organization_id))

    async def _find(self, db: Connection | Pool, organization_id: Id, check_id: Id) -> Check:
        found = await store.find(db, organization_id, check_id)
        if found is None:
            raise _not_found()
        return found

    # -- asking -------------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            try:
                await self.check_due(datetime.now(UTC))
            except DATABASE_AWAY as away:
                log.warning("database is away, nothing is checked", error=repr(away)[:200])
            await asyncio.sleep(_LOOK_SECONDS)

    async def check_due(self, now: datetime) -> None:
        """Begin the checks whose time has come."""
        if room := _AT_ONCE - len(self._asking):
            for check in await store.take_due(self._service.runtime.pool, now, room):
                task = asyncio.create_task(self.check(check), name=f"uptime check {check.view.id}")
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)

    async def check(self, check: Check) -> None:
        """Ask, and send what was seen."""
        outcome = await self._ask(check.view.spec)
        CHECKS.labels("up" if outcome.is_up else "down").inc()
        try:
            async with self._service.transaction() as tx:
                if await store.checked(tx.db, check, outcome):
                    measured = domain.samples(check.view.id, check.view.spec, outcome)
                    tx.publish(*batches(check.organization_id, f"uptime:{check.view.id}", measured))
        except (ProblemError, *DATABASE_AWAY, *DATABASE_CONFLICT) as lost:
            log.warning("a check was lost", check=str(check.view.id), error=repr(lost)[:300])

    async def _ask(self, spec: UptimeSpec) -> UptimeOutcome:
        at, begun = datetime.now(UTC), time.perf_counter()
        status: int | None = None
        expires: datetime | None = None
        error: str | None = None
        try:
            async with asyncio.timeout(spec.timeout_seconds):
                match spec.kind:
                    case "http":
                        reply = await self._get(spec)
                        status = reply[0]
                        expires = await self.tls_expiry(spec)
                        domain.expect_answer(spec, *reply)
                    case "tcp":
                        await self._connect(spec)
                    case "dns":
                        found = await self._guard.resolve(spec.host or "")
                        domain.expect_addresses(spec, [each["host"] for each in found])
        except TimeoutError:
            error = f"It did not answer within {spec.timeout_seconds:g} s."
        except Obstructed as obstructed:
            error = _told(obstructed)
        except domain.Unexpected as unexpected:
            error = str(unexpected)
        except RefusedAddress:
            error = "The address lies inside a private network, which is not asked."
        except OSError as failure:
            error = f"It can't be reached: {failure.strerror or type(failure).__name__}."
        seconds = time.perf_counter() - begun
        return UptimeOutcome(
            is_up=error is None, at=at, seconds=seconds, error=error, status=status, tls_expires_at=expires
        )

    async def _get(self, spec: UptimeSpec) -> tuple[int, bytes]:
        identity = Identity(self._settings.agents[0], {}, None)
        reply = await self._client.get(
            page_url(spec.url or ""), identity, {}, budget=spec.timeout_seconds, max_bytes=_LARGEST
        )
        return reply.status, reply.body

    async def _connect(self, spec: UptimeSpec) -> None:
        _, writer = await self._guard.connect(spec.host or "", spec.port or 0, spec.timeout_seconds)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def tls_expiry(self, spec: UptimeSpec) -> datetime | None:
        """When the certificate of the check's own address expires; None without TLS, or when it is not told."""
        url = URL(spec.url or "")
        if url.scheme != "https" or url.host is None:
            return None
        try:
            _, writer = await self._guard.connect(url.host, url.port or 443, spec.timeout_seconds)
            try:
                await writer.start_tls(ssl.create_default_context(), server_hostname=url.host)
                certificate = writer.get_extra_info("peercert") or {}
            finally:
                writer.close()
        except OSError:
            return None
        expires = certificate.get("notAfter")
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(expires), UTC) if expires else None


def _not_found() -> ProblemError:
    return problem("check-not-found", "No such check", 404, "Your organization has no uptime check with this id.")


def _told(obstructed: Obstructed) -> str:
    """Why, without what is said of pages."""
    return obstructed.obstacle.detail.removesuffix(STAYS).strip()
