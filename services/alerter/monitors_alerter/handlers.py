"""One short function a message."""

from monitors_contracts.alerts import AcknowledgeAlert, AlertList, AlertView, GetAlert, ListAlerts, ResolveAlert
from monitors_contracts.base import new_id
from monitors_contracts.monitors import Crossing
from monitors_runtime.consumer import Received
from monitors_runtime.cursor import cursor_id, next_cursor
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import store
from .domain import lifecycle


class Handlers:
    """The alerter's answers to events, commands and queries."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def threshold_crossed(self, tx: Transaction, received: Received[Crossing]) -> None:
        """A threshold was exceeded or cleared."""
        crossing = received.event
        await store.lock(tx.db, crossing.monitor_id)
        alerts = await store.open_alerts(tx.db, crossing.organization_id, crossing.monitor_id)
        past = await store.past(tx.db, crossing.organization_id, crossing.fingerprint)
        await store.note(tx.db, crossing)
        for event in lifecycle.cross(crossing, alerts, past, new_id()):
            await store.apply(tx.db, event)
            tx.publish(event)

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
