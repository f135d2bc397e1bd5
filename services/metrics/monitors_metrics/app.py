"""Wiring, and only wiring."""

from pathlib import Path

from monitors_contracts.metrics import GetMetrics, MetricCollected
from monitors_contracts.platform import OrganizationDeleted
from monitors_runtime.runtime import Runtime, Service

from . import store
from .handlers import Handlers


def build(runtime: Runtime) -> Service:
    """The metrics service, hosted by this runtime."""
    service = runtime.service("metrics", Path(__file__).parent / "migrations")
    handlers = Handlers(service)
    service.consume(MetricCollected, save_all=handlers.metrics_collected)
    service.erase(OrganizationDeleted, *store.ERASE)
    service.answer(GetMetrics, handlers.get_metrics)
    service.project(MetricCollected, apply=store.apply, tables=["metrics.samples", "metrics.series"])
    return service
