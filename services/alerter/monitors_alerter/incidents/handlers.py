"""What people do with incidents and ask of them: one short function a message."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import NoReturn

from monitors_contracts.alerts import AlertState
from monitors_contracts.base import Id
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
    Incident,
    IncidentDetail,
    IncidentEvent,
    IncidentFigures,
    IncidentList,
    IncidentStatus,
    Joining,
    ListIncidents,
    MergeIncidents,
    OpenIncident,
    PostmortemDraft,
    PostUpdate,
    RemoveAlert,
    ReopenIncident,
    ResolveIncident,
    SavePostmortem,
    SplitIncident,
)
from monitors_runtime.cursor import cursor_id, next_cursor
from monitors_runtime.database import Connection, Pool
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from .. import store as alert_store
from ..changes import Changes
from ..domain import incidents, lifecycle, postmortem
from ..domain.incidents import Refused
from . import store

SHOWN = 200
LONGEST_SPAN = timedelta(days=366)

PROBLEMS = {
    "incident-not-found": ("No such incident", 404, "There is no incident with this id in your organization."),
    "incident-resolved": ("Incident is resolved", 409, "A resolved incident can't be acknowledged; reopen it first."),
    "incident-merged": ("Incident was merged", 409, "Its alerts are in another incident: see `mergedInto`."),
    "incident-full": ("Incident is full", 409, "An incident has at most 1,000 alerts, and 100 tasks and updates each."),
    "alert-not-in-incident": ("Alert is not in the incident", 422, "Name alerts of this incident."),
    "incident-itself": ("It is one already", 422, "An incident can't be merged into itself."),
    "nothing-left": ("Nothing would be left", 422, "Leave the incident at least one of its alerts."),
    "alert-not-found": ("No such alert", 404, "There is no alert with this id in your organization."),
    "task-not-found": ("No such task", 404, "The incident has no task with this id."),
    "invalid-span": ("Invalid span", 422, "A span ends after it begins, within 366 days."),
}

Decide = Callable[[Transaction, Incident], IncidentEvent | None]


class IncidentHandlers:
    """The alerter's answers about incidents."""

    def __init__(self, service: Service, changes: Changes) -> None:
        self._service, self._changes = service, changes

    # -- life -------------------------------------------------------------------------------------------------------

    async def open_incident(self, command: OpenIncident) -> IncidentDetail:
        """Somebody opens one."""

        async def do(tx: Transaction) -> Incident:
            organization, ids = command.organization_id, list(dict.fromkeys(command.alert_ids))
            known = await store.these(tx.db, organization, [command.incident_id])
            if known:
                return known[command.incident_id]
            await _check_alerts(tx.db, organization, ids)
            await self._take_out(tx, organization, ids, command.user_id, command.incident_id)
            event = incidents.opened(
                command.incident_id,
                organization,
                await store.next_number(tx.db, organization),
                [Joining(alert_id=each) for each in ids],
                await store.members(tx.db, organization, ids),
                tx.now,
                by=command.user_id,
                title=command.title,
                severity=command.severity,
                impact=command.impact,
            )
            return await _do(tx, event)

        return await self._in_turn(command.organization_id, do)

    async def acknowledge_incident(self, command: AcknowledgeIncident) -> IncidentDetail:
        """Somebody takes an incident, and its firing alerts with it."""

        async def do(tx: Transaction) -> Incident:
            organization = command.organization_id
            incident = await _existing(tx.db, organization, command.incident_id)
            held = await alert_store.hold(tx.db, organization, incident.alert_ids)
            firing = [each for each in held.values() if each.state is AlertState.FIRING]
            taken = [lifecycle.acknowledge(each, command.user_id, command.note, tx.now) for each in firing]
            await self._changes.save(tx, [each for each in taken if each])
            members = await store.members(tx.db, organization, incident.alert_ids)
            event = incidents.acknowledged(incident, members, command.user_id, command.note, tx.now)
            return await _do(tx, event) if event else incident

        return await self._in_turn(command.organization_id, do)

    async def resolve_incident(self, command: ResolveIncident) -> IncidentDetail:
        """Somebody says that it is over."""
        return await self._change(
            command, lambda tx, known: incidents.resolved(known, command.user_id, command.note, tx.now)
        )

    async def reopen_incident(self, command: ReopenIncident) -> IncidentDetail:
        """Somebody says that it is not over."""
        return await self._change(
            command, lambda tx, known: incidents.reopened(known, command.user_id, command.note, tx.now)
        )

    # -- alerts -----------------------------------------------------------------------------------------------------

    async def merge_incidents(self, command: MergeIncidents) -> IncidentDetail:
        """Somebody says that incidents are one."""

        async def do(tx: Transaction) -> Incident:
            organization, others = command.organization_id, list(dict.fromkeys(command.others))
            known = await store.these(tx.db, organization, [command.incident_id, *others])
            if len(known) < len({command.incident_id, *others}):
                refuse("incident-not-found")
            incident = known[command.incident_id]
            # Asked again: what is here already is not moved again.
            away = [known[each] for each in others if known[each].merged_into != incident.id]
            ids = [alert for each in known.values() for alert in each.alert_ids]
            members = await store.members(tx.db, organization, ids)
            for event in incidents.merged(incident, away, members, command.user_id, tx.now):
                await _do(tx, event)
            return (await store.these(tx.db, organization, [incident.id]))[incident.id]

        return await self._in_turn(command.organization_id, do)

    async def split_incident(self, command: SplitIncident) -> IncidentDetail:
        """Somebody says that some alerts are an incident of their own."""

        async def do(tx: Transaction) -> Incident:
            organization, ids = command.organization_id, list(dict.fromkeys(command.alert_ids))
            known = await store.these(tx.db, organization, [command.incident_id, command.new_id])
            if command.new_id in known:
                return known[command.new_id]
            incident = await _existing(tx.db, organization, command.incident_id)
            members = await store.members(tx.db, organization, incident.alert_ids)
            user = command.user_id
            await _do(tx, incidents.split(incident, ids, members, tx.now, user, command.new_id))
            event = incidents.opened(
                command.new_id,
                organization,
                await store.next_number(tx.db, organization),
                [Joining(alert_id=each, words=f"split from #{incident.number}") for each in ids],
                members,
                tx.now,
                by=user,
                title=command.title,
                split_from=incident.id,
            )
            return await _do(tx, event)

        return await self._in_turn(command.organization_id, do)

    async def add_alerts(self, command: AddAlerts) -> IncidentDetail:
        """Somebody says that alerts belong here."""

        async def do(tx: Transaction) -> Incident:
            organization = command.organization_id
            incident = await _existing(tx.db, organization, command.incident_id)
            if incident.merged_into:
                refuse("incident-merged")
            ids = [each for each in dict.fromkeys(command.alert_ids) if each not in set(incident.alert_ids)]
            await _check_alerts(tx.db, organization, ids)
            await self._take_out(tx, organization, ids, command.user_id, incident.id)
            members = await store.members(tx.db, organization, [*incident.alert_ids, *ids])
            joining = [Joining(alert_id=each) for each in ids]
            event = incidents.joined(incident, joining, members, tx.now, command.user_id)
            return await _do(tx, event) if event else incident

        return await self._in_turn(command.organization_id, do)

    async def remove_alert(self, command: RemoveAlert) -> IncidentDetail:
        """Somebody says that an alert does not belong here."""

        async def do(tx: Transaction) -> Incident:
            incident = await _existing(tx.db, command.organization_id, command.incident_id)
            members = await store.members(tx.db, command.organization_id, incident.alert_ids)
            return await _do(tx, incidents.removed(incident, [command.alert_id], members, tx.now, command.user_id))

        return await self._in_turn(command.organization_id, do)

    async def _take_out(self, tx: Transaction, organization: Id, alert_ids: Sequence[Id], by: Id, to: Id) -> None:
        """Alerts leave the incidents they are in."""
        owners = await store.of_alerts(tx.db, organization, alert_ids) if alert_ids else []
        named = {*alert_ids, *(alert for each in owners for alert in each.alert_ids)}
        members = await store.members(tx.db, organization, list(named)) if owners else {}
        for each in owners:
            leaving = [alert for alert in each.alert_ids if alert in set(alert_ids)]
            await _do(tx, incidents.removed(each, leaving, members, tx.now, by, to=to))

    # -- what people say --------------------------------------------------------------------------------------------

    async def describe_incident(self, command: DescribeIncident) -> IncidentDetail:
        """Somebody says what it is."""
        return await self._change(
            command,
            lambda tx, known: incidents.described(
                known,
                command.user_id,
                tx.now,
                title=command.title,
                severity=command.severity,
                impact=command.impact,
                commander=command.commander,
            ),
        )

    async def add_responder(self, command: AddResponder) -> IncidentDetail:
        """Somebody works on it."""
        return await self._change(
            command, lambda tx, known: incidents.responder_added(known, command.name, command.user_id, tx.now)
        )

    async def add_task(self, command: AddTask) -> IncidentDetail:
        """Something is to be done."""
        return await self._change(
            command,
            lambda tx, known: incidents.task_added(
                known, command.task_id, command.text, command.assignee, command.user_id, tx.now
            ),
        )

    async def complete_task(self, command: CompleteTask) -> IncidentDetail:
        """It is done."""
        return await self._change(
            command, lambda tx, known: incidents.task_completed(known, command.task_id, command.user_id, tx.now)
        )

    async def post_update(self, command: PostUpdate) -> IncidentDetail:
        """Those who wait are told."""
        return await self._change(
            command,
            lambda tx, known: incidents.update_posted(
                known, command.update_id, command.text, command.user_id, tx.now, is_public=command.is_public
            ),
        )

    async def save_postmortem(self, command: SavePostmortem) -> IncidentDetail:
        """What was learnt is kept."""
        return await self._change(
            command, lambda tx, known: incidents.postmortem_saved(known, command.text, command.user_id, tx.now)
        )

    # -- questions --------------------------------------------------------------------------------------------------

    async def list_incidents(self, query: ListIncidents) -> IncidentList:
        """A page of incidents."""
        found, counts = await store.find(self._service.runtime.pool, query, cursor_id(query.cursor))
        total = sum(counts.get(each, 0) for each in set(query.statuses or IncidentStatus))
        return IncidentList(incidents=found, total=total, counts=counts, next_cursor=next_cursor(found, query.limit))

    async def get_incident(self, query: GetIncident) -> IncidentDetail:
        """One incident."""
        pool = self._service.runtime.pool
        if query.number and not query.incident_id:
            incident = await store.by_number(pool, query.organization_id, query.number)
        else:
            known = await store.these(pool, query.organization_id, [query.incident_id] if query.incident_id else [])
            incident = next(iter(known.values()), None)
        if incident is None:
            refuse("incident-not-found")
        return await _detail(pool, incident, query.limit)

    async def draft_postmortem(self, query: DraftPostmortem) -> PostmortemDraft:
        """A post-mortem to begin with."""
        pool = self._service.runtime.pool
        incident = await _existing(pool, query.organization_id, query.incident_id)
        shown = await _detail(pool, incident, SHOWN)
        return PostmortemDraft(text=postmortem.draft(shown.incident, shown.alerts, shown.steps))

    async def get_figures(self, query: GetIncidentFigures) -> IncidentFigures:
        """How long it took."""
        if not timedelta(0) < query.until - query.since <= LONGEST_SPAN:
            refuse("invalid-span")
        return await store.figures(self._service.runtime.pool, query.organization_id, query.since, query.until)

    async def _change(
        self,
        command: ResolveIncident
        | ReopenIncident
        | DescribeIncident
        | AddResponder
        | AddTask
        | CompleteTask
        | PostUpdate
        | SavePostmortem,
        decide: Decide,
    ) -> IncidentDetail:
        """Decide for one incident."""

        async def do(tx: Transaction) -> Incident:
            incident = await _existing(tx.db, command.organization_id, command.incident_id)
            event = decide(tx, incident)
            return await _do(tx, event) if event else incident

        return await self._in_turn(command.organization_id, do)

    async def _in_turn(self, organization: Id, do: Callable[[Transaction], Awaitable[Incident]]) -> IncidentDetail:
        """Nobody else changes the organization's incidents meanwhile. What is refused becomes a problem."""
        async with self._service.transaction() as tx:
            await store.lock(tx.db, [organization])
            try:
                incident = await do(tx)
            except Refused as why:
                refuse(str(why))
            return await _detail(tx.db, incident, SHOWN)


async def _do(tx: Transaction, event: IncidentEvent) -> Incident:
    await store.apply(tx.db, event)
    tx.publish(event)
    return event.incident


async def _existing(db: Connection | Pool, organization: Id, incident_id: Id) -> Incident:
    known = await store.these(db, organization, [incident_id])
    if not known:
        refuse("incident-not-found")
    return known[incident_id]


async def _check_alerts(db: Connection, organization: Id, alert_ids: Sequence[Id]) -> None:
    if alert_ids and len(await store.members(db, organization, alert_ids)) < len(alert_ids):
        refuse("alert-not-found")


async def _detail(db: Connection | Pool, incident: Incident, limit: int) -> IncidentDetail:
    steps, total = await store.steps(db, incident.organization_id, incident.id, limit)
    alerts = await store.alerts(db, incident, limit)
    return IncidentDetail(incident=incident, alerts=alerts, steps=steps, total_steps=total)


def refuse(word: str) -> NoReturn:
    """Raise the problem of this word."""
    title, status, detail = PROBLEMS[word]
    raise problem(word, title, status, detail)
