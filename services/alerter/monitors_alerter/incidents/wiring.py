"""What the alerter follows and answers about incidents, and what they are made of."""

from collections.abc import Sequence
from datetime import timedelta

from monitors_contracts.alerts import AlertAcknowledged, AlertEvent, AlertResolved, AlertTriggered
from monitors_contracts.incidents import (
    AcknowledgeIncident,
    AddAlerts,
    AddResponder,
    AddTask,
    CompleteTask,
    DescribeIncident,
    DraftPostmortem,
    GetIncident,
    GetIncidentFigures,
    IncidentOpened,
    IncidentResolved,
    IncidentUpdated,
    ListIncidents,
    MergeIncidents,
    OpenIncident,
    PostUpdate,
    RemoveAlert,
    ReopenIncident,
    ResolveIncident,
    SavePostmortem,
    SplitIncident,
)
from monitors_runtime.consumer import SaveAll, Unit
from monitors_runtime.runtime import Service

from ..changes import Changes
from ..domain.correlating import WEIGHTS, Correlation
from ..settings import AlerterSettings
from . import store
from .following import Following
from .handlers import IncidentHandlers

PACE = 0.1
"""Incidents are not looked for with each alert alone: what happens at once is looked at together."""


def wire(service: Service, changes: Changes, settings: AlerterSettings, *also: SaveAll) -> None:
    """Let the service find incidents, and answer about them; what it erases is in `store.ERASE`.

    `also` hear of alerts after that, in the same transaction: a service hears each event once.
    """
    following, handlers = Following(service, correlation(settings)), IncidentHandlers(service, changes)

    async def alerts_changed(units: Sequence[Unit[AlertEvent, None]]) -> None:
        for hear in (following.alerts_changed, *also):
            await hear(units)

    service.consume(AlertTriggered, AlertAcknowledged, AlertResolved, save_all=alerts_changed, pace=PACE)
    service.on_start(following.periodic.start)
    service.on_stop(following.periodic.stop)
    service.answer(OpenIncident, handlers.open_incident)
    service.answer(AcknowledgeIncident, handlers.acknowledge_incident)
    service.answer(ResolveIncident, handlers.resolve_incident)
    service.answer(ReopenIncident, handlers.reopen_incident)
    service.answer(MergeIncidents, handlers.merge_incidents)
    service.answer(SplitIncident, handlers.split_incident)
    service.answer(AddAlerts, handlers.add_alerts)
    service.answer(RemoveAlert, handlers.remove_alert)
    service.answer(DescribeIncident, handlers.describe_incident)
    service.answer(AddResponder, handlers.add_responder)
    service.answer(AddTask, handlers.add_task)
    service.answer(CompleteTask, handlers.complete_task)
    service.answer(PostUpdate, handlers.post_update)
    service.answer(SavePostmortem, handlers.save_postmortem)
    service.answer(ListIncidents, handlers.list_incidents)
    service.answer(GetIncident, handlers.get_incident)
    service.answer(DraftPostmortem, handlers.draft_postmortem)
    service.answer(GetIncidentFigures, handlers.get_figures)
    service.project(IncidentOpened, IncidentUpdated, IncidentResolved, apply=store.apply, tables=store.TABLES)
    service.expire(*store.EXPIRE)


def correlation(settings: AlerterSettings) -> Correlation:
    """How the operator wants alerts correlated."""
    return Correlation(
        weights={**WEIGHTS, **settings.incident_labels},
        window=timedelta(minutes=settings.incident_window_minutes),
        quiet=timedelta(minutes=settings.incident_quiet_minutes),
        reopen=timedelta(minutes=settings.incident_reopen_minutes),
    )
