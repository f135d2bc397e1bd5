"""Wiring, and only wiring."""

from pathlib import Path

from monitors_contracts.alerts import (
    AcknowledgeAlert,
    AlertAcknowledged,
    AlertResolved,
    AlertTriggered,
    GetAlert,
    ListAlerts,
    ResolveAlert,
)
from monitors_contracts.monitors import ThresholdCleared, ThresholdExceeded
from monitors_runtime.runtime import Runtime, Service

from . import store
from .handlers import Handlers


def build(runtime: Runtime) -> Service:
    """The alerter, hosted by this runtime."""
    service = runtime.service("alerter", Path(__file__).parent / "migrations")
    handlers = Handlers(service)
    service.consume(ThresholdExceeded, ThresholdCleared, save_all=handlers.thresholds_crossed)
    service.answer(AcknowledgeAlert, handlers.acknowledge_alert)
    service.answer(ResolveAlert, handlers.resolve_alert)
    service.answer(GetAlert, handlers.get_alert)
    service.answer(ListAlerts, handlers.list_alerts)
    service.project(AlertTriggered, AlertAcknowledged, AlertResolved, apply=store.apply, tables=["alerter.alerts"])
    service.expire(store.EXPIRE_ALERTS)
    return service
