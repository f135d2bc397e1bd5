"""Wiring, and only wiring."""

from pathlib import Path

from monitors_contracts.monitors import MonitorDeleted, MonitorRefreshRequested, MonitorRestored
from monitors_contracts.pages import GetSnapshot, ListHosts, PageFetched
from monitors_contracts.platform import OrganizationDeleted
from monitors_contracts.targets import CreateTarget, DeleteTarget, GetTarget, ListTargets, UpdateTarget
from monitors_contracts.uptime import (
    CreateUptimeCheck,
    DeleteUptimeCheck,
    GetUptimeCheck,
    ListUptimeChecks,
    UpdateUptimeCheck,
    UptimeCheckCreated,
    UptimeCheckDeleted,
    UptimeCheckUpdated,
)
from monitors_runtime.runtime import Runtime, Service

from . import store, uptime_store
from .handlers import Handlers
from .settings import ScraperSettings
from .targets import Targets
from .uptime import Uptime


def build(runtime: Runtime, settings: ScraperSettings) -> Service:
    """The scraper, hosted by this runtime."""
    service = runtime.service("scraper", Path(__file__).parent / "migrations")
    handlers = Handlers(service, settings)
    service.on_start(handlers.start)
    service.on_stop(handlers.stop)
    service.consume(MonitorRefreshRequested, work=handlers.fetch, save_all=handlers.fetched, concurrency=256)
    service.consume(MonitorDeleted, save=handlers.monitor_deleted)
    service.consume(MonitorRestored, save=handlers.monitor_restored)
    service.erase(OrganizationDeleted, *store.ERASE, *uptime_store.ERASE, first=handlers.delete_objects)
    service.answer(GetSnapshot, handlers.get_snapshot)
    service.answer(ListHosts, handlers.list_hosts)
    targets = Targets(service, settings)
    service.on_start(targets.start)
    service.on_stop(targets.stop)
    service.answer(CreateTarget, targets.create)
    service.answer(UpdateTarget, targets.update)
    service.answer(DeleteTarget, targets.delete)
    service.answer(GetTarget, targets.get)
    service.answer(ListTargets, targets.list)
    uptime = Uptime(service, settings)
    service.on_start(uptime.start)
    service.on_stop(uptime.stop)
    service.answer(CreateUptimeCheck, uptime.create)
    service.answer(UpdateUptimeCheck, uptime.update)
    service.answer(DeleteUptimeCheck, uptime.delete)
    service.answer(GetUptimeCheck, uptime.get)
    service.answer(ListUptimeChecks, uptime.list)
    service.project(
        PageFetched,
        apply=store.apply,
        tables=["scraper.pages", "scraper.snapshots", "scraper.contents"],
    )
    service.project(
        UptimeCheckCreated,
        UptimeCheckUpdated,
        UptimeCheckDeleted,
        apply=uptime_store.apply,
        tables=["scraper.uptime_checks", "scraper.uptime_deleted"],
    )
    service.project(MonitorDeleted, MonitorRestored, apply=store.forget, tables=["scraper.forgotten"])
    service.expire_due(store.ERASE_DUE)
    return service
