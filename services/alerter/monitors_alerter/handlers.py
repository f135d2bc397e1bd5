"""One short function a message."""

from collections.abc import Sequence

from monitors_contracts.alerts import (
    AcknowledgeAlert,
    AlertEvent,
    AlertList,
    AlertView,
    GetAlert,
    ListAlerts,
    ResolveAlert,
)
from monitors_contracts.base import new_id
from monitors_contracts.monitors import Crossing
from monitors_runtime.consumer import Unit, one_each
from monitors_runtime.cursor import cursor_id, next_cursor
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.runtime import Service

from . import store
from .domain import lifecycle


class Handlers:
    """The alerter's answers to events, commands and queries."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def thresholds_crossed(self, units: Sequence[Unit[Crossing, None]]) -> None:
        """Thresholds were exceeded or cleared. Of several crossings of one monitor, each is decided after the one before."""
        for turn in one_each(units, lambda unit: unit.received.event.monitor_id):
            await self._cross(turn)

    async def _cross(self, units: Sequence[Unit[Crossing, None]]) -> None:
        """Decide for different monitors."""
        db, crossings = units[0].tx.db, [unit.received.event for unit in units]
        await store.lock(db, [crossing.monitor_id for crossing in crossings])
        alerts = await store.open_alerts(db, [(each.organization_id, each.monitor_id) for each in crossings])
        past = await store.past(db, [(each.organization_id, each.fingerprint) for each in crossings])
        await store.note(db, crossings)
        events: list[AlertEvent] = []
        for unit, crossing in zip(units, crossings, strict=True):
            known = alerts.get(crossing.monitor_id, [])
            follows = lifecycle.cross(crossing, known, past.get(crossing.fingerprint, lifecycle.Past()), new_id())
            unit.tx.publish(*follows)
            events += follows
        await store.apply_all(db, events)

    async def acknowledge_alert(self, command: AcknowledgeAlert) -> AlertView:
        """Somebody takes an alert."""
        async with self._service.transaction() as tx:
            alert = await store.get(tx.db, command.organization_id, command.alert_id, for_update=True)
            if alert is None:
                raise _not_found()
            try:
                event = lifecycle.acknowledge(alert, command.user_id, command.note, tx.now)
            except ValueError as refused:
                raise problem(
                    str(refused), "Alert is resolved", 409, "A resolved alert can't be acknowledged."
                ) from None
            if event is None:
                return alert
            await store.apply(tx.db, event)
            tx.publish(event)
            return event.alert

    async def resolve_alert(self, command: ResolveAlert) -> AlertView:
        """Somebody ends an alert."""
        async with self._service.transaction() as tx:
            alert = await store.get(tx.db, command.organization_id, command.alert_id, for_update=True)
            if alert is None:
                raise _not_found()
            event = lifecycle.resolve(alert, command.user_id, command.note, tx.now)
            if event is None:
                return alert
            await store.apply(tx.db, event)
            tx.publish(event)
            return event.alert

    async def get_alert(self, query: GetAlert) -> AlertView:
        """One alert."""
        alert = await store.get(self._service.runtime.pool, query.organization_id, query.alert_id)
        if alert is None:
            raise _not_found()
        return alert

    async def list_alerts(self, query: ListAlerts) -> AlertList:
        """A page of alerts."""
        before = cursor_id(query.cursor)
        alerts, total = await store.find(
            self._service.runtime.pool, query.organization_id, query.state, query.monitor_id, before, query.limit
        )
        return AlertList(alerts=alerts, total=total, next_cursor=next_cursor(alerts, query.limit))


def _not_found() -> ProblemError:
    return problem("alert-not-found", "No such alert", 404, "There is no alert with this id in your organization.")
