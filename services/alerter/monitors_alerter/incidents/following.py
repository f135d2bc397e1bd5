"""Alerts become incidents: what happened to alerts is followed here, out of the way of those who are told."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from monitors_contracts.alerts import AlertEvent, AlertTriggered
from monitors_contracts.base import Id, new_id
from monitors_contracts.incidents import Incident, IncidentEvent
from monitors_runtime.consumer import Unit
from monitors_runtime.periodic import Periodic
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from ..domain import incidents
from ..domain.correlating import Correlation, Placed, may_belong, place
from . import store

EVERY_SECONDS = 5
UNCHANGED = ("refreshed", "crossed-again")
"""Reasons of events that say nothing new of an incident's alerts."""


class Following:
    """Follows alerts, and ends incidents whose alerts are over. Copies share the work."""

    def __init__(self, service: Service, how: Correlation) -> None:
        self._service, self._how = service, how
        self.periodic = Periodic("incidents that are over", lambda: self.settle(datetime.now(UTC)), EVERY_SECONDS)

    async def alerts_changed(self, units: Sequence[Unit[AlertEvent, None]]) -> None:
        """Alerts fired, were taken, or are over."""
        told = [unit for unit in units if unit.received.event.reason not in UNCHANGED]
        organizations = sorted({unit.received.event.organization_id for unit in told})
        if organizations:
            await store.lock(told[0].tx.db, organizations)
        for organization in organizations:
            await self._follow(organization, [u for u in told if u.received.event.organization_id == organization])

    async def _follow(self, organization: Id, units: Sequence[Unit[AlertEvent, None]]) -> None:
        """What happened to alerts of one organization, in order."""
        db = units[0].tx.db
        events: list[AlertEvent] = [unit.received.event for unit in units]
        alerts = {unit.received.event.alert_id: unit.tx for unit in units}
        known = {each.id: each for each in await store.of_alerts(db, organization, list(alerts))}
        taken = {alert for each in known.values() for alert in each.alert_ids}
        fired = [each.alert_id for each in events if isinstance(each, AlertTriggered)]
        new = [each for each in dict.fromkeys(fired) if each not in taken]
        placed = await self._place(units[0].tx, organization, new)
        known |= await store.these(db, organization, [each.incident_id for each in placed if not each.is_new])
        named = {*alerts, *(alert for each in known.values() for alert in each.alert_ids)}
        named |= {joining.alert_id for each in placed for joining in each.joined}
        members = await store.members(db, organization, list(named))
        for each in placed:
            tx = alerts[each.joined[-1].alert_id]
            if each.is_new:
                number = await store.next_number(db, organization)
                event = incidents.opened(each.incident_id, organization, number, each.joined, members, tx.now)
            else:
                event = incidents.joined(known[each.incident_id], each.joined, members, tx.now)
            known[each.incident_id] = await _do(tx, event) or known[each.incident_id]
        later = {each.alert_id for each in events if not isinstance(each, AlertTriggered)} | (alerts.keys() - set(new))
        for each in known.values():
            changed = [alert for alert in each.alert_ids if alert in later]
            if changed:
                tx = alerts[changed[-1]]
                await _do(tx, incidents.refreshed(each, members, changed, tx.now))

    async def _place(self, tx: Transaction, organization: Id, alert_ids: Sequence[Id]) -> list[Placed]:
        found = await store.members(tx.db, organization, alert_ids) if alert_ids else {}
        alerts = [found[each] for each in alert_ids if each in found and may_belong(found[each], self._how)]
        if not alerts:
            return []
        known = await store.known(tx.db, organization, self._how, tx.now)
        loners = await store.loners(tx.db, organization, tx.now - self._how.window)
        given = {each.alert_id for each in alerts}
        others = [each for each in loners if each.alert_id not in given and may_belong(each, self._how)]
        # Elsewhere, since many against many takes a while that those who are told don't wait for.
        return await asyncio.to_thread(place, alerts, known, others, self._how, new_id)

    async def settle(self, now: datetime) -> None:
        """End what is over by now. What another copy ended meanwhile is left as it is."""
        for organization, incident_id in await store.quiet(self._service.runtime.pool, now - self._how.quiet):
            async with self._service.transaction() as tx:
                await store.lock(tx.db, [organization])
                for incident in (await store.these(tx.db, organization, [incident_id])).values():
                    await _do(tx, incidents.settled(incident, self._how.quiet, now))


async def _do(tx: Transaction, event: IncidentEvent | None) -> Incident | None:
    if event is None:
        return None
    await store.apply(tx.db, event)
    tx.publish(event)
    return event.incident
