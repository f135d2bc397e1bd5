"""Wiring, and only wiring."""

from datetime import timedelta
from pathlib import Path

from monitors_contracts.metrics import (
    DescribeMetrics,
    FindUnknownSeries,
    GetMetrics,
    GetSeriesUsage,
    ListLabels,
    ListSeries,
    MetricBatchCollected,
    MetricCollected,
    QueryMetrics,
    QueryProm,
)
from monitors_contracts.platform import OrganizationDeleted
from monitors_runtime.runtime import Runtime, Service

from . import store
from .handlers import Handlers
from .maintenance import Maintenance
from .prometheus import Prometheus
from .queries import Queries
from .settings import MetricsSettings
from .store.writing import Writer


def build(runtime: Runtime, settings: MetricsSettings) -> Service:
    """The metrics service, hosted by this runtime."""
    service = runtime.service("metrics", Path(__file__).parent / "migrations")
    writer = Writer(settings)
    storage = store.PostgresStorage(runtime)
    handlers, queries = Handlers(writer), Queries(storage, settings)
    prometheus = Prometheus(storage, timedelta(days=settings.metrics_raw_days))
    maintenance = Maintenance(service, settings)
    service.on_start(maintenance.periodic.start)
    service.on_stop(maintenance.periodic.stop)
    service.consume(MetricCollected, save_all=handlers.metrics_collected)
    service.consume(MetricBatchCollected, save_all=handlers.metrics_collected)
    service.erase(OrganizationDeleted, *store.ERASE)
    service.answer(GetMetrics, queries.get_metrics)
    service.answer(QueryMetrics, queries.query_metrics)
    service.answer(QueryProm, prometheus.query)
    service.answer(ListSeries, queries.list_series)
    service.answer(ListLabels, queries.list_labels)
    service.answer(DescribeMetrics, queries.describe_metrics)
    service.answer(GetSeriesUsage, queries.get_series_usage)
    service.answer(FindUnknownSeries, queries.find_unknown_series)
    tables = [f"metrics.{table}" for table in store.TABLES]
    service.project(MetricCollected, MetricBatchCollected, apply=writer.apply, tables=tables)
    return service
