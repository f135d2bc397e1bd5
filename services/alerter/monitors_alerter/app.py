"""Wiring, and only wiring."""

from pathlib import Path

from monitors_contracts.alerts import (
    AcknowledgeAlert,
    AcknowledgeAlerts,
    AlertAcknowledged,
    AlertCommented,
    AlertResolved,
    AlertTriggered,
    CommentAlert,
    GetAlert,
    GetAlertTimeline,
    GetLatestAlerts,
    ListAlerts,
    ResolveAlert,
    ResolveAlerts,
)
from monitors_contracts.monitors import ThresholdCleared, ThresholdExceeded
from monitors_contracts.platform import OrganizationDeleted
from monitors_runtime.runtime import Runtime, Service

from . import store
from .handlers import Handlers


def build(runtime: Runtime) -> Service:
    """The alerter, hosted by this runtime."""
    service = runtime.service("alerter", Path(__file__).parent / "migrations")
    handlers = Handlers(service)
    service.consume(ThresholdExceeded, ThresholdCleared, save_all=handlers.thresholds_crossed)
    service.erase(OrganizationDeleted, *store.ERASE)
    service.answer(AcknowledgeAlert, handlers.acknowledge_alert)
    service.answer(ResolveAlert, handlers.resolve_alert)
    service.answer(AcknowledgeAlerts, handlers.acknowledge_alerts)
    service.answer(ResolveAlerts, handlers.resolve_alerts)
    service.answer(CommentAlert, handlers.comment_alert)
    service.answer(GetAlert, handlers.get_alert)
    service.answer(GetAlertTimeline, handlers.get_timeline)
    service.answer(ListAlerts, handlers.list_alerts)
    service.answer(GetLatestAlerts, handlers.latest_alerts)
    service.project(
        AlertTriggered,
        AlertAcknowledged,
        AlertResolved,
        AlertCommented,
        apply=store.apply,
        tables=["alerter.alerts", "alerter.timeline"],
    )
    service.expire(store.EXPIRE_ALERTS, store.EXPIRE_TIMELINE)
    return service
