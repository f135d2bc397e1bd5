"""One short function a message."""

from collections.abc import Callable, Sequence
from datetime import datetime

from monitors_contracts.alerts import (
    AcknowledgeAlert,
    AcknowledgeAlerts,
    AlertCommented,
    AlertEvent,
    AlertList,
    AlertsChanged,
    AlertState,
    AlertStep,
    AlertTimeline,
    AlertView,
    AssignAlerts,
    CommentAlert,
    FollowLink,
    GetAlert,
    GetAlertTimeline,
    GetLatestAlerts,
    LatestAlerts,
    ListAlerts,
    ResolveAlert,
    ResolveAlerts,
)
from monitors_contracts.base import Id, new_id
from monitors_contracts.monitors import Crossing
from monitors_runtime.consumer import Unit, one_each
from monitors_runtime.cursor import cursor_id, next_cursor
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import store
from .changes import Changes
from .domain import lifecycle, timeline
from .domain.flapping import Flapping

NOT_FOUND = "alert-not-found"

Decide = Callable[[AlertView, datetime], AlertEvent | None]
"""What a person's wish makes of an alert at this time; None when it is so already. Raises ValueError with the reason."""


class Handlers:
    """The alerter's answers to events, commands and queries."""

    def __init__(self, service: Service, changes: Changes, flapping: Flapping | None = None) -> None:
        self._service, self._changes, self._flapping = service, changes, flapping or Flapping()

    async def thresholds_crossed(self, units: Sequence[Unit[Crossing, None]]) -> None:
        """Thresholds were exceeded or cleared. Of several crossings about one thing, each is decided after the one before."""
        for turn in one_each(units, lambda unit: lifecycle.about(unit.received.event)):
            await self._cross(turn)

    async def _cross(self, units: Sequence[Unit[Crossing, None]]) -> None:
        """Decide for different monitors, and different series of rules."""
        db, crossings = units[0].tx.db, [unit.received.event for unit in units]
        await store.lock(db, [lifecycle.about(crossing) for crossing in crossings])
        alerts = await store.open_alerts(db, crossings)
        past = await store.past(db, [(each.organization_id, each.fingerprint) for each in crossings])
        await store.note(db, crossings)
        happened: list[tuple[Transaction, AlertEvent]] = []
        for unit, crossing in zip(units, crossings, strict=True):
            known = alerts.get(lifecycle.about(crossing), [])
            last = past.get(crossing.fingerprint, lifecycle.Past())
            follows = lifecycle.cross(crossing, known, last, new_id(), self._flapping, unit.tx.now)
            happened += [(unit.tx, event) for event in follows]
        await self._changes.save_all(happened)

    async def acknowledge_alert(self, command: AcknowledgeAlert) -> AlertView:
        """Somebody takes an alert."""
        changed = await self.acknowledge_alerts(
            AcknowledgeAlerts(
                organization_id=command.organization_id,
                alert_ids=[command.alert_id],
                user_id=command.user_id,
                note=command.note,
            )
        )
        return _only(changed)

    async def resolve_alert(self, command: ResolveAlert) -> AlertView:
        """Somebody ends an alert."""
        changed = await self.resolve_alerts(
            ResolveAlerts(
                organization_id=command.organization_id,
                alert_ids=[command.alert_id],
                user_id=command.user_id,
                note=command.note,
            )
        )
        return _only(changed)

    async def acknowledge_alerts(self, command: AcknowledgeAlerts) -> AlertsChanged:
        """Somebody takes alerts."""
        return await self._change(
            command.organization_id,
            command.alert_ids,
            lambda alert, now: lifecycle.acknowledge(alert, command.user_id, command.note, now),
        )

    async def resolve_alerts(self, command: ResolveAlerts) -> AlertsChanged:
        """Somebody ends alerts."""
        return await self._change(
            command.organization_id,
            command.alert_ids,
            lambda alert, now: lifecycle.resolve(alert, command.user_id, command.note, now),
        )

    async def assign_alerts(self, command: AssignAlerts) -> AlertsChanged:
        """Somebody is to take care of alerts."""
        return await self._change(
            command.organization_id,
            command.alert_ids,
            lambda alert, now: lifecycle.assign(alert, command.assignee, command.user_id, command.note, now),
        )

    async def follow_link(self, command: FollowLink) -> AlertsChanged:
        """Somebody takes alerts or ends them by a link in a message."""
        decide = lifecycle.acknowledge if command.action == "acknowledge" else lifecycle.resolve

        def decided(alert: AlertView, now: datetime) -> AlertEvent | None:
            if alert.state is AlertState.RESOLVED:  # whatever the link is for, nothing is left to do
                raise ValueError("alert-already-resolved")
            event = decide(alert, None, None, now)
            return event.model_copy(update={"via": command.via}) if event else None

        return await self._change(command.organization_id, command.alert_ids, decided)

    async def _change(self, organization_id: Id, alert_ids: Sequence[Id], decide: Decide) -> AlertsChanged:
        """Decide for each of these alerts; what is decided is done in one transaction."""
        changed: list[AlertView] = []
        refused: dict[str, str] = {}
        events: list[AlertEvent] = []
        async with self._service.transaction() as tx:
            known = await store.hold(tx.db, organization_id, alert_ids)
            for alert_id in dict.fromkeys(alert_ids):
                alert = known.get(alert_id)
                if alert is None:
                    refused[str(alert_id)] = NOT_FOUND
                    continue
                try:
                    event = decide(alert, tx.now)
                except ValueError as why:
                    refused[str(alert_id)] = str(why)
                    continue
                if event:
                    events.append(event)
                changed.append(event.alert if event else alert)
            await self._changes.save(tx, events)
        return AlertsChanged(alerts=changed, refused=refused)

    async def comment_alert(self, command: CommentAlert) -> AlertStep:
        """Somebody says something."""
        async with self._service.transaction() as tx:
            if await store.get(tx.db, command.organization_id, command.alert_id) is None:
                raise _not_found()
            key = str(command.comment_id)
            said = await store.step(tx.db, command.organization_id, command.alert_id, key)
            if said:
                return said
            event = AlertCommented(
                organization_id=command.organization_id,
                alert_id=command.alert_id,
                comment_id=command.comment_id,
                user_id=command.user_id,
                text=command.text,
                occurred_at=tx.now,
            )
            await store.apply(tx.db, event)
            tx.publish(event)
            return timeline.step(event)

    async def get_alert(self, query: GetAlert) -> AlertView:
        """One alert."""
        alert = await store.get(self._service.runtime.pool, query.organization_id, query.alert_id)
        if alert is None:
            raise _not_found()
        return alert

    async def get_timeline(self, query: GetAlertTimeline) -> AlertTimeline:
        """What happened to an alert."""
        alert = await self.get_alert(GetAlert(organization_id=query.organization_id, alert_id=query.alert_id))
        steps, total = await store.steps(self._service.runtime.pool, query.organization_id, query.alert_id, query.limit)
        return AlertTimeline(alert=alert, steps=steps, total=total)

    async def list_alerts(self, query: ListAlerts) -> AlertList:
        """A page of alerts."""
        pool = self._service.runtime.pool
        alerts, counts = await store.find(pool, query, cursor_id(query.cursor))
        return AlertList(
            alerts=alerts,
            total=sum(counts.get(state, 0) for state in store.states_asked_for(query)),
            counts=counts,
            next_cursor=next_cursor(alerts, query.limit),
            held=await store.held_back(pool, [alert.id for alert in alerts]),
        )

    async def latest_alerts(self, query: GetLatestAlerts) -> LatestAlerts:
        """What rules led to last."""
        pool = self._service.runtime.pool
        return LatestAlerts(alerts=await store.latest_of_rules(pool, query.organization_id, query.rule_ids))


def _only(changed: AlertsChanged) -> AlertView:
    """The one alert that was to change. Raises why it was not."""
    if changed.alerts:
        return changed.alerts[0]
    [reason] = changed.refused.values()
    if reason == NOT_FOUND:
        raise _not_found()
    raise problem(reason, "Alert is resolved", 409, "A resolved alert can't be acknowledged.")


def _not_found() -> ProblemError:
    return problem(NOT_FOUND, "No such alert", 404, "There is no alert with this id in your organization.")
