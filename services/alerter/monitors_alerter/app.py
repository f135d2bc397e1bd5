"""Wiring, and only wiring."""

from datetime import timedelta
from pathlib import Path

from monitors_contracts.alerts import (
    AcknowledgeAlert,
    AcknowledgeAlerts,
    AlertAcknowledged,
    AlertAssigned,
    AlertCommented,
    AlertResolved,
    AlertTriggered,
    AssignAlerts,
    CommentAlert,
    FollowLink,
    GetAlert,
    GetAlertTimeline,
    GetLatestAlerts,
    ListAlerts,
    ResolveAlert,
    ResolveAlerts,
)
from monitors_contracts.decisions import ExplainAlert
from monitors_contracts.monitors import ThresholdCleared, ThresholdExceeded
from monitors_contracts.notifications import ChannelChanged, ChannelDeleted
from monitors_contracts.platform import OrganizationDeleted
from monitors_contracts.receiving import ListActiveAlerts, ReceiveAlerts
from monitors_contracts.routing import GetRouting, RoutingChanged, SaveRouting, TestRouting
from monitors_runtime.runtime import Runtime, Service

from . import routing_store, store, suppression_store, telling_store
from .changes import Changes
from .domain.flapping import Flapping
from .explaining import Explaining
from .handlers import Handlers
from .incidents import store as incidents
from .incidents.wiring import wire as wire_incidents
from .oncall import store as oncall
from .oncall.wiring import wire as wire_oncall
from .receiving import Receiving
from .routes import Routes
from .settings import AlerterSettings
from .settling import Settling
from .status_pages import store as status_pages
from .status_pages.wiring import wire as wire_status_pages
from .suppression_wiring import wire as wire_suppression


def build(runtime: Runtime, settings: AlerterSettings) -> Service:
    """The alerter, hosted by this runtime."""
    service = runtime.service("alerter", Path(__file__).parent / "migrations")
    changes = Changes(service)
    flapping = Flapping(
        settings.flap_changes, timedelta(minutes=settings.flap_minutes), timedelta(minutes=settings.flap_steady_minutes)
    )
    handlers, routes, settling = (
        Handlers(service, changes, flapping),
        Routes(service),
        Settling(service, changes, flapping),
    )
    service.consume(ThresholdExceeded, ThresholdCleared, save_all=handlers.thresholds_crossed)
    service.consume(ChannelChanged, ChannelDeleted, save_all=routes.channels_changed)
    service.erase(
        OrganizationDeleted,
        *telling_store.ERASE,
        *store.ERASE,
        *suppression_store.ERASE,
        *oncall.ERASE,
        *incidents.ERASE,
        *status_pages.ERASE,
    )
    service.on_start(changes.flushing.start)
    service.on_stop(changes.flushing.stop)
    service.on_start(settling.periodic.start)
    service.on_stop(settling.periodic.stop)
    service.answer(AcknowledgeAlert, handlers.acknowledge_alert)
    service.answer(ResolveAlert, handlers.resolve_alert)
    service.answer(AcknowledgeAlerts, handlers.acknowledge_alerts)
    service.answer(ResolveAlerts, handlers.resolve_alerts)
    service.answer(AssignAlerts, handlers.assign_alerts)
    service.answer(FollowLink, handlers.follow_link)
    service.answer(CommentAlert, handlers.comment_alert)
    service.answer(GetAlert, handlers.get_alert)
    service.answer(GetAlertTimeline, handlers.get_timeline)
    service.answer(ListAlerts, handlers.list_alerts)
    service.answer(GetLatestAlerts, handlers.latest_alerts)
    service.answer(ExplainAlert, Explaining(service).explain)
    service.answer(GetRouting, routes.get)
    service.answer(SaveRouting, routes.save)
    service.answer(TestRouting, routes.test)
    receiving = Receiving(service, changes, flapping)
    service.on_start(receiving.adopt)
    service.on_start(receiving.periodic.start)
    service.on_stop(receiving.periodic.stop)
    service.answer(ReceiveAlerts, receiving.receive)
    service.answer(ListActiveAlerts, receiving.list_active)
    service.project(
        AlertTriggered,
        AlertAcknowledged,
        AlertAssigned,
        AlertResolved,
        AlertCommented,
        apply=store.apply,
        tables=["alerter.alerts", "alerter.timeline"],
    )
    service.project(
        RoutingChanged,
        ChannelChanged,
        ChannelDeleted,
        apply=routing_store.apply,
        tables=["alerter.routing", "alerter.channels"],
    )
    service.expire(store.EXPIRE_ALERTS, store.EXPIRE_TIMELINE, *telling_store.EXPIRE)
    service.expire_due(telling_store.EXPIRE_ISSUED, store.EXPIRE_CLEARINGS)
    wire_suppression(service, settings)
    wire_oncall(service)
    wire_incidents(service, changes, settings, wire_status_pages(service).alerts_changed)
    return service
