"""One short function a message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prometheus_client import Counter, Histogram

from monitors_contracts.base import Id, new_id
from monitors_contracts.monitors import MonitorDeleted, MonitorRefreshRequested, MonitorRestored
from monitors_contracts.pages import (
    ContentRef,
    GetSnapshot,
    HostList,
    ListHosts,
    PageFetched,
    PageFetchFailed,
    Snapshot,
)
from monitors_runtime.consumer import Received, Unit
from monitors_runtime.database import Connection
from monitors_runtime.errors import problem
from monitors_runtime.loader import Loader
from monitors_runtime.periodic import Periodic
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import store
from .contents import Contents
from .domain.pages import FetchedPage, FetchFailed, FetchRequest, Known, Try
from .fetcher import Fetcher
from .settings import ScraperSettings

FETCHES = Counter("monitors_fetches_total", "Fetches, by way and outcome", ("rendered_by", "outcome"))
FETCH_SECONDS = Histogram("monitors_fetch_seconds", "Time of a fetch, retries included", ("rendered_by",))
EXPIRE_EVERY_SECONDS = 6 * 3600
KEPT_HEADERS = ("etag", "last-modified", "content-type", "content-language", "date", "server", "cache-control", "age")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a refresh's fetch came to, as the event that tells of it."""

    event: PageFetched | PageFetchFailed
    tries: tuple[Try, ...]


class Handlers:
    """The scraper's answers to events and queries."""

    def __init__(self, service: Service, settings: ScraperSettings) -> None:
        self._service = service
        self._settings = settings
        self._fetcher = Fetcher(settings)
        self._contents = Contents(service.runtime, settings.snapshot_days)
        self._known = Loader[tuple[Id, Id], tuple[Known, Id]](
            lambda monitors: store.known(service.runtime.pool, monitors)
        )
        self._expiry = Periodic(
            "snapshot expiry",
            lambda: store.expire(service.runtime.pool, timedelta(days=settings.snapshot_days)),
            EXPIRE_EVERY_SECONDS,
        )

    async def start(self) -> None:
        """Open sessions; begin to expire old snapshots."""
        await self._fetcher.start()
        await self._expiry.start()

    async def stop(self) -> None:
        """Close sessions and browser."""
        await self._expiry.stop()
        await self._fetcher.close()

    async def fetch(self, received: Received[MonitorRefreshRequested]) -> Fetched:
        """Fetch the page (no transaction is open)."""
        event = received.event
        known = await self._known.load((event.organization_id, event.monitor_id))
        request = FetchRequest(
            urls=tuple(event.urls),
            render=event.source.render,
            headers=event.source.headers,
            known=known[0] if known else None,
        )
        result = await self._fetcher.fetch(request)
        if isinstance(result, FetchFailed):
            FETCHES.labels("http", result.failure).inc()
            return Fetched(_failed(event, result), result.tries)
        FETCHES.labels(result.rendered_by, "unchanged" if result.not_modified else "ok").inc()
        FETCH_SECONDS.labels(result.rendered_by).observe(result.duration_ms / 1000)
        if result.not_modified and known:
            return Fetched(_fetched(event, result, known[1]), result.tries)
        return Fetched(await self._keep(event, result), result.tries)

    async def fetched(self, units: Sequence[Unit[MonitorRefreshRequested, Fetched]]) -> None:
        """Tell what the fetches came to."""
        db = units[0].tx.db
        pages = [unit.result.event for unit in units if isinstance(unit.result.event, PageFetched)]
        if pages:
            await store.apply_all(db, pages)
        tries = [each for unit in units for each in unit.result.tries]
        if tries:
            await store.count_fetches(db, tries)
        for unit in units:
            unit.tx.publish(unit.result.event)

    async def monitor_deleted(self, tx: Transaction, received: Received[MonitorDeleted]) -> None:
        """A deleted monitor's pages are kept until it can't be brought back."""
        await store.forget(tx.db, received.event)

    async def monitor_restored(self, tx: Transaction, received: Received[MonitorRestored]) -> None:
        """A monitor that is back keeps its pages."""
        await store.forget(tx.db, received.event)

    async def delete_objects(self, db: Connection, organization_id: Id) -> None:
        """Delete what the object store keeps of an organization."""
        if names := await store.objects(db, organization_id):
            await self._contents.delete(names)

    async def get_snapshot(self, query: GetSnapshot) -> Snapshot:
        """A kept page."""
        snapshot = await store.snapshot(self._service.runtime.pool, query.organization_id, query.snapshot_id)
        if snapshot is None:
            detail = "There is no snapshot with this id in your organization, or it is past its retention."
            raise problem("snapshot-not-found", "No such snapshot", 404, detail)
        return snapshot

    async def list_hosts(self, query: ListHosts) -> HostList:
        """How hosts answer."""
        return HostList(hosts=await store.hosts(self._service.runtime.pool, query.limit))

    async def _keep(self, event: MonitorRefreshRequested, page: FetchedPage) -> PageFetched:
        organization, monitor = event.organization_id, event.monitor_id
        pool = self._service.runtime.pool
        kept = await store.same_content(pool, organization, monitor, page.content_hash, page.url)
        content, reference = await self._contents.pack(organization, page.content_hash, page.content or "")
        snapshot_id = kept or new_id()
        screenshot: ContentRef | None = None
        if page.screenshot:
            screenshot = await self._contents.put(f"{organization}/{snapshot_id}.png", page.screenshot)
        told = _fetched(event, page, snapshot_id)
        return told.model_copy(
            update={"unchanged": False, "content": content, "content_ref": reference, "screenshot_ref": screenshot}
        )


def _fetched(event: MonitorRefreshRequested, page: FetchedPage, snapshot_id: Id) -> PageFetched:
    headers = {name: page.headers[name][:500] for name in KEPT_HEADERS if name in page.headers}
    validators = {"etag": page.etag, "last-modified": page.last_modified}
    return PageFetched(
        organization_id=event.organization_id,
        monitor_id=event.monitor_id,
        refresh_id=event.refresh_id,
        cause=event.cause,
        url=page.url,
        final_url=page.final_url,
        status=page.status,
        content_type=page.content_type,
        headers=headers | {name: value[:500] for name, value in validators.items() if value},
        content_hash=page.content_hash,
        unchanged=True,
        snapshot_id=snapshot_id,
        rendered_by=page.rendered_by,
        fetched_at=datetime.now(UTC),
        duration_ms=page.duration_ms,
    )


def _failed(event: MonitorRefreshRequested, result: FetchFailed) -> PageFetchFailed:
    return PageFetchFailed(
        organization_id=event.organization_id,
        monitor_id=event.monitor_id,
        refresh_id=event.refresh_id,
        cause=event.cause,
        url=result.url,
        failure=result.failure,
        detail=result.detail,
        status=result.status,
        attempts=result.attempts,
        failed_at=datetime.now(UTC),
    )
