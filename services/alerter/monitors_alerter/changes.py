"""Alerts change here and nowhere else: what happened is published, written down and told, in one transaction."""

from collections.abc import Sequence

from monitors_contracts.alerts import AlertAcknowledged, AlertAssigned, AlertEvent, AlertResolved, AlertTriggered
from monitors_contracts.base import Id
from monitors_runtime.database import Connection
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import store, telling_store
from .circumstances import versions_of
from .flushing import Flushing
from .telling import Change, Telling


class Changes:
    """What everything that changes alerts goes through. The alerts' rows are held by then, or new."""

    def __init__(self, service: Service) -> None:
        self.telling = Telling()
        self.flushing = Flushing(service, self.telling)

    async def save(self, tx: Transaction, events: Sequence[AlertEvent]) -> None:
        """These happened to alerts."""
        await self.save_all([(tx, event) for event in events])

    async def save_all(self, happened: Sequence[tuple[Transaction, AlertEvent]]) -> None:
        """These happened to alerts, each by a transaction of its own over the same connection."""
        if not happened:
            return
        changes: list[Change] = []
        for tx, event in happened:
            tx.publish(event)
            if _tells(event):
                changes.append(Change(tx, event, tx.waiting[-1].correlation_id))
        tx = happened[0][0]
        events = [event for _, event in happened]
        versions = await versions_of(tx.db, [event.organization_id for event in events])
        await store.apply_all(tx.db, events, versions)
        due = await self.telling.changed(changes, versions) if changes else None
        taken = [event.alert_id for event in events if isinstance(event, AlertAcknowledged)]
        if taken:
            await tx.db.execute(telling_store.WAKE_ESCALATING, taken, tx.now)
        if due:
            tx.when_committed(lambda: self.flushing.wake(due))


def _tells(event: AlertEvent) -> bool:
    """Whether there may be something to tell: not when somebody takes or gets it, nor when it was only heard of again."""
    if isinstance(event, AlertTriggered):
        return event.notify
    if isinstance(event, AlertResolved) and not event.alert.origin and event.alert.rule_id is None:
        return False  # a web monitor's alert from before ends were told
    return not isinstance(event, AlertAcknowledged | AlertAssigned)


async def reconsider(db: Connection, organization_id: Id) -> None:
    """What holds alerts back changed, or a policy or schedule: look again at what was held back.

    In the transaction that changes it. Whoever tells alerts of this organization now is waited for.
    """
    await db.execute("SELECT alerter.change_settings($1)", organization_id)
    await db.execute(telling_store.WAKE_HELD, organization_id)


async def reroute(db: Connection, organization_id: Id) -> None:
    """Routes or channels changed: look again at where everything goes that fires. After `routing_store.apply`."""
    await db.execute(telling_store.WAKE_ALL, organization_id)
