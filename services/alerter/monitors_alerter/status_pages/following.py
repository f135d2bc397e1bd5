"""Components follow alerts and maintenance windows; pages repeat what incidents say in public."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from prometheus_client import Counter

from monitors_contracts.alerts import AlertEvent
from monitors_contracts.base import Id, new_id
from monitors_contracts.incidents import Incident, IncidentEvent, IncidentResolved, IncidentStatus, StakeholderUpdate
from monitors_contracts.status_pages import Stage, StatusPage, StatusUpdate, StatusUpdatePosted, StatusUpdateRemoved
from monitors_runtime.consumer import Received, Unit
from monitors_runtime.database import Connection, Pool
from monitors_runtime.periodic import Periodic
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from ..domain import recurrence, status_pages
from ..domain.status_pages import Firing
from . import store

CHANGES = Counter("monitors_status_component_changes_total", "Components of status pages that changed", ("status",))
UPDATES = Counter("monitors_status_updates_total", "Updates posted on status pages", ("by",))

EVERY_SECONDS = 10
UNCHANGED = ("refreshed", "crossed-again")
"""Reasons of events that change nothing of how a component does."""


class Following:
    """Keeps components as alerts and windows say. Copies share the work."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.periodic = Periodic("maintenance on status pages", lambda: self.settle(datetime.now(UTC)), EVERY_SECONDS)

    async def alerts_changed(self, units: Sequence[Unit[AlertEvent, None]]) -> None:
        """Alerts fired or are over."""
        told = [unit for unit in units if unit.received.event.reason not in UNCHANGED]
        txs = {unit.received.event.organization_id: unit.tx for unit in told}
        pages = await store.hold_all(told[0].tx.db, sorted(txs)) if told else []
        firing: dict[Id, list[Firing]] = {}
        for page in pages:
            organization, tx = page.organization_id, txs[page.organization_id]
            if organization not in firing:
                firing[organization] = await store.firing(tx.db, organization)
            await assess(tx, page, firing=firing[organization])

    async def incident_changed(self, tx: Transaction, received: Received[IncidentEvent]) -> None:
        """Somebody said something about an incident, or it is over."""
        event = received.event
        incident = event.incident
        if isinstance(event, IncidentResolved):
            await self._over(tx, incident)
        elif event.step.kind == "update-posted" and incident.updates and incident.updates[-1].is_public:
            await self._said(tx, incident, incident.updates[-1])

    async def _said(self, tx: Transaction, incident: Incident, said: StakeholderUpdate) -> None:
        alerts = await store.these_alerts(tx.db, incident.organization_id, incident.alert_ids)
        stage: Stage = "resolved" if incident.status is IncidentStatus.RESOLVED else "investigating"
        for page in await store.pages(tx.db, incident.organization_id):
            keys = status_pages.concerned(page.spec, alerts)
            if keys is not None:
                # The incident's own title was not made for everybody.
                title = ", ".join(status_pages.names_of(page.spec, keys))[:200] or "Incident"
                await post(tx, page, _update(tx, incident, title, said.text, stage, keys, said.posted_by), "incident")

    async def _over(self, tx: Transaction, incident: Incident) -> None:
        """What was told of in public ends in public."""
        told = await store.thread(tx.db, incident.organization_id, incident.id)
        for page in await store.pages(tx.db, incident.organization_id) if told else ():
            before = told.get(page.id)
            if before and before[-1].stage != "resolved":
                text = "It is a part of another incident." if incident.merged_into else "This is resolved."
                stage: Stage = "notice" if incident.merged_into else "resolved"
                update = _update(tx, incident, before[0].title, text, stage, before[-1].components, None)
                await post(tx, page, update, "incident")

    async def settle(self, now: datetime) -> None:
        """Follow windows that opened or ended by now."""
        pool = self._service.runtime.pool
        for organization, page_id in await store.with_windows(pool):
            page = await store.page(pool, organization, page_id)
            if page and await _changes(pool, page, now):
                async with self._service.transaction() as tx:
                    held = await store.hold(tx.db, organization, page_id)
                    if held:
                        await assess(tx, held)


async def _changes(pool: Pool, page: StatusPage, now: datetime) -> bool:
    firing = await store.firing(pool, page.organization_id)
    return bool(status_pages.assessed(page, firing, await open_windows(pool, page, now), now))


async def open_windows(db: Connection | Pool, page: StatusPage, now: datetime) -> Collection[Id]:
    """The windows of a page's components that are open now."""
    named = list({each for component in page.spec.components for each in component.windows})
    known = await store.windows(db, page.organization_id, named)
    return {each.id for each in known if recurrence.is_open(each.spec, now)}


async def assess(
    tx: Transaction, page: StatusPage, *, firing: Sequence[Firing] | None = None, by_hand: str | None = None
) -> StatusPage:
    """Make components what alerts, windows and people say; the page after that. The page is held."""
    known = await store.firing(tx.db, page.organization_id) if firing is None else firing
    for event in status_pages.assessed(page, known, await open_windows(tx.db, page, tx.now), tx.now, by_hand):
        await store.apply(tx.db, event)
        tx.publish(event)
        CHANGES.labels(event.change.status).inc()
        page = event.page
    return page


async def post(tx: Transaction, page: StatusPage, update: StatusUpdate, by: str) -> None:
    """Say something on a page."""
    names = status_pages.names_of(page.spec, update.components)
    event = StatusUpdatePosted(
        organization_id=page.organization_id,
        page_id=page.id,
        page_name=page.spec.name,
        component_names=names,
        slug=page.spec.slug if page.spec.visibility == "public" else None,
        link=page.link,
        update=update,
    )
    await store.apply(tx.db, event)
    tx.publish(event)
    UPDATES.labels(by).inc()


async def remove(tx: Transaction, page: StatusPage, update_id: Id) -> None:
    """Take an update from its page."""
    event = StatusUpdateRemoved(organization_id=page.organization_id, page_id=page.id, update_id=update_id)
    await store.apply(tx.db, event)
    tx.publish(event)


def _update(
    tx: Transaction,
    incident: Incident,
    title: str,
    text: str,
    stage: Stage,
    components: Sequence[str],
    posted_by: Id | None,
) -> StatusUpdate:
    return StatusUpdate(
        id=new_id(),
        thread_id=incident.id,
        title=title,
        text=text,
        stage=stage,
        components=list(components),
        incident_id=incident.id,
        posted_at=tx.now,
        posted_by=posted_by,
    )
