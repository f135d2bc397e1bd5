"""Scrape targets: kept as their organizations want them, and read at their intervals by whichever copy comes first."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from prometheus_client import Counter
from yarl import URL

from monitors_contracts.base import Done, Id
from monitors_contracts.measuring import Columns, batches
from monitors_contracts.metrics import MetricDescription
from monitors_contracts.targets import (
    MASKED,
    CreateTarget,
    DeleteTarget,
    GetTarget,
    ListTargets,
    TargetList,
    TargetView,
    UpdateTarget,
)
from monitors_runtime.database import DATABASE_AWAY, DATABASE_CONFLICT
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.periodic import Periodic
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import target_store as store
from .domain import targets as domain
from .domain.exposition import ACCEPT, Exposition, Unparsable, parse
from .domain.pages import STAYS, Obstructed
from .domain.targets import Reading
from .http import HttpClient, Identity
from .network import Guard
from .settings import ScraperSettings
from .target_store import Target
from .urls import page_url

log = structlog.get_logger(__name__)

SCRAPES = Counter("monitors_target_scrapes_total", "Scrapes of targets, by outcome", ("outcome",))
_LOOK_SECONDS = 0.5
_AT_ONCE = 64


class _Failed(Exception):
    """A scrape that gave nothing; the message is for a person."""


class Targets:
    """The scraper's answers about targets, and the task that reads them."""

    def __init__(self, service: Service, settings: ScraperSettings) -> None:
        self._service = service
        self._settings = settings
        self._guard = Guard(allow_private=settings.allow_private_addresses)
        self._client = HttpClient(settings, self._guard)
        self._told: dict[Id, Mapping[str, MetricDescription]] = {}
        self._scraping: set[asyncio.Task[None]] = set()
        self._clock = Periodic("targets", lambda: self.scrape_due(datetime.now(UTC)), _LOOK_SECONDS)

    async def open(self) -> None:
        """Be able to read targets."""
        await self._client.start()

    async def start(self) -> None:
        """Read targets from now on, each when its time comes."""
        await self.open()
        await self._clock.start()

    async def stop(self) -> None:
        """Read no more."""
        await self._clock.stop()
        for task in self._scraping:
            task.cancel()
        await asyncio.gather(*self._scraping, return_exceptions=True)
        await self._client.close()
        await self._guard.close()

    # -- what is asked of it ------------------------------------------------------------------------------------------

    async def create(self, command: CreateTarget) -> TargetView:
        """Add a target."""
        url, limit = _checked(command.spec.url), self._settings.targets_per_organization
        organization, target = command.organization_id, command.target_id
        async with self._service.transaction() as tx:
            if limit and await store.lock_and_count(tx.db, organization, target) >= limit:
                raise problem(
                    "target-limit", "Too many targets", 409, f"There may be {limit}; remove one to make room."
                )
            await store.add(tx.db, organization, target, command.spec, command.spec.name or url.host or "", tx.now)
            return store.view(await self._find(tx.db, organization, target))

    async def update(self, command: UpdateTarget) -> TargetView:
        """Change a target. What its series are called may change with it, so those it had end."""
        changes = command.changes.model_dump(by_alias=False, exclude_none=True)
        if "url" in changes:
            _checked(changes["url"])
        async with self._service.transaction() as tx:
            target = await self._find(tx.db, command.organization_id, command.target_id, lock=True)
            if "headers" in changes:
                kept = {name: target["headers"].get(name, MASKED) for name in changes["headers"]}
                changes["headers"] = {
                    name: kept[name] if value == MASKED else value for name, value in changes["headers"].items()
                }
            ends = changes.get("is_active") is False or any(
                changes.get(name, target[name]) != target[name] for name in ("url", "name", "labels")
            )
            if ends:
                self._send(tx, target, _ended(target, tx.now))
            return store.view(await store.change(tx.db, target, changes, tx.now, forget=ends))

    async def delete(self, command: DeleteTarget) -> Done:
        """Remove a target."""
        async with self._service.transaction() as tx:
            target = await self._find(tx.db, command.organization_id, command.target_id, lock=True)
            self._send(tx, target, _ended(target, tx.now))
            await store.delete(tx.db, command.organization_id, command.target_id)
        return Done()

    async def get(self, query: GetTarget) -> TargetView:
        """One target."""
        return store.view(await self._find(self._service.runtime.pool, query.organization_id, query.target_id))

    async def list(self, query: ListTargets) -> TargetList:
        """The organization's targets."""
        found = await store.find_all(self._service.runtime.pool, query.organization_id)
        return TargetList(targets=[store.view(each) for each in found])

    async def _find(self, db: Any, organization_id: Id, target_id: Id, *, lock: bool = False) -> Target:
        found = await store.find(db, organization_id, target_id, lock=lock)
        if found is None:
            raise problem("target-not-found", "No such target", 404, "Your organization has no target with this id.")
        return found

    # -- scraping -----------------------------------------------------------------------------------------------------

    async def scrape_due(self, now: datetime) -> None:
        """Begin the scrapes whose time has come."""
        if room := _AT_ONCE - len(self._scraping):
            for target in await store.take_due(self._service.runtime.pool, now, room):
                task = asyncio.create_task(self.scrape(target), name=f"target {target['id']}")
                self._scraping.add(task)
                task.add_done_callback(self._scraping.discard)

    async def scrape(self, target: Target) -> None:
        """Read a target and send what it shows, or that it shows nothing."""
        at, begun = datetime.now(UTC), time.perf_counter()
        reading: Reading | None = None
        error: str | None = None
        try:
            reading = await self._read(target, at)
        except _Failed as failed:
            error = str(failed)
        SCRAPES.labels("failed" if error else "ok").inc()
        try:
            await self._keep(target, at, reading, error, time.perf_counter() - begun)
        except (ProblemError, *DATABASE_AWAY, *DATABASE_CONFLICT) as lost:
            log.warning("a scrape was lost", target=str(target["id"]), error=repr(lost)[:300])

    async def _read(self, target: Target, at: datetime) -> Reading:
        exposition = await self._fetch(target)
        if len(exposition.samples) > self._settings.target_samples:
            raise _Failed(
                f"It shows {len(exposition.samples):,} samples; at most {self._settings.target_samples:,} are read."
            )
        return domain.read(exposition, _labels(target), _milliseconds(at))

    async def _fetch(self, target: Target) -> Exposition:
        budget = min(self._settings.target_timeout, target["interval_seconds"])
        headers = {"Accept": ACCEPT, "X-Prometheus-Scrape-Timeout-Seconds": f"{budget:g}", **target["headers"]}
        identity = Identity(self._settings.agents[0], {}, None)
        try:
            url = page_url(target["url"])
            limit = self._settings.target_bytes
            reply = await self._client.get(url, identity, headers, budget=budget, max_bytes=limit)
        except Obstructed as obstructed:
            raise _Failed(_told(obstructed)) from obstructed
        if reply.status != 200:
            raise _Failed(f"It answers with HTTP status {reply.status}.")
        try:
            return await asyncio.to_thread(parse, reply.body, reply.headers.get("content-type", ""))
        except Unparsable as unparsable:
            raise _Failed(f"It shows {unparsable}") from unparsable

    async def _keep(
        self, target: Target, at: datetime, reading: Reading | None, error: str | None, seconds: float
    ) -> None:
        async with self._service.transaction() as tx:
            known = await store.find(tx.db, target["organization_id"], target["id"], lock=True)
            if known is None or not known["is_active"] or _labels(known) != _labels(target):
                return  # it was changed meanwhile: its old series have ended
            metrics = reading.metrics if reading and reading.metrics != self._told.get(target["id"]) else {}
            previous = store.series_of(known)
            self._send(
                tx, target, domain.report(reading, _labels(target), _milliseconds(at), seconds, previous, metrics)
            )
            counts = (reading.found, reading.refused) if reading else None
            found = reading.samples if reading else ()
            await store.scraped(tx.db, target["id"], at, error, seconds, counts, found)
        if metrics:
            self._told[target["id"]] = metrics

    def _send(self, tx: Transaction, target: Target, columns: Columns) -> None:
        tx.publish(*batches(target["organization_id"], "scrape", columns))


def _checked(text: str) -> URL:
    try:
        return page_url(text)
    except Obstructed as obstructed:
        raise problem("invalid-url", "Invalid address", 422, _told(obstructed)) from obstructed


def _told(obstructed: Obstructed) -> str:
    """Why, without what is said of pages."""
    return obstructed.obstacle.detail.removesuffix(STAYS).strip()


def _labels(target: Target) -> dict[str, str]:
    url = URL(target["url"])
    return domain.identity(target["name"], f"{url.host}:{url.port}", target["labels"])


def _ended(target: Target, now: datetime) -> Columns:
    return domain.ended(store.series_of(target), _labels(target), _milliseconds(now))


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
