"""Takes in the alerts of other systems, and ends those that are not heard of again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from monitors_contracts.alerts import AlertEvent, AlertResolved, AlertState, AlertView
from monitors_contracts.base import Id, new_id
from monitors_contracts.receiving import ActiveAlerts, AlertsReceived, ListActiveAlerts, ReceiveAlerts
from monitors_runtime.consumer import one_each
from monitors_runtime.periodic import Periodic
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import active
from . import received_store as store
from .changes import Changes
from .domain import receiving
from .domain.flapping import Flapping
from .domain.receiving import REMEMBERED, Told
from .gathering import Gathering
from .store import Crossed, note_all, past

LOOK_SECONDS = 1.0
_AT_ONCE = 500
_MOST = 1000
"""Alerts that are taken in by one transaction."""
_ADOPTED = timedelta(minutes=5)


class Receiving:
    """The alerter's answer to other systems, and its watch over what they no longer tell. One a process."""

    def __init__(self, service: Service, changes: Changes, flapping: Flapping | None = None) -> None:
        self._flapping = flapping or Flapping()
        self._service = service
        self._changes = changes
        self.periodic = Periodic("alerts of other systems", self._look_on, LOOK_SECONDS)
        self._gathering = Gathering[ReceiveAlerts, AlertsReceived](self._receive, lambda each: len(each.alerts), _MOST)

    async def adopt(self) -> None:
        """Watch over what is open and not watched yet, as after a database was made anew of events."""
        async with self._service.transaction() as tx:
            await store.adopt(tx.db, tx.now, tx.now + _ADOPTED)

    async def receive(self, command: ReceiveAlerts) -> AlertsReceived:
        """Another system tells its alerts. What follows is kept for good when this returns."""
        return await self._gathering.save((command.organization_id, command.origin), command)

    async def _receive(self, commands: Sequence[ReceiveAlerts]) -> list[AlertsReceived]:
        """What one sender tells, in order, in one transaction."""
        organization_id, origin = commands[0].organization_id, commands[0].origin
        opened, resolved = Counter[int](), Counter[int]()
        async with self._service.transaction() as tx:
            told = [
                (place, receiving.told(origin, each, command.resolve_after, tx.now))
                for place, command in enumerate(commands)
                for each in command.alerts
            ]
            for turn in one_each(told, lambda each: each[1].fingerprint):
                follows = await self._hear(tx, organization_id, origin, [each for _, each in turn])
                await self._changes.save(tx, follows)
                places = {each.fingerprint: place for place, each in turn}
                for event in follows:
                    place = places[event.alert.fingerprint]
                    opened[place] += event.reason == "received"
                    resolved[place] += isinstance(event, AlertResolved)
        return [
            AlertsReceived(received=len(command.alerts), opened=opened[place], resolved=resolved[place])
            for place, command in enumerate(commands)
        ]

    async def _hear(self, tx: Transaction, organization_id: Id, origin: str, told: Sequence[Told]) -> list[AlertEvent]:
        """Different alerts. Most are told again as they were, so that these are dealt with first."""
        unchanged = await store.move_on(tx.db, organization_id, told, tx.now)
        news = [(each, new_id()) for each in told if each.fingerprint not in unchanged]
        if not news:
            return []
        claimed = await store.claim(tx.db, organization_id, news)
        known = await store.alerts(tx.db, [(organization_id, each) for each in claimed.values()]) if claimed else {}
        asked = [(organization_id, each.fingerprint) for each, _ in news if _may_come_or_go(each, claimed, known)]
        pasts = await past(tx.db, asked) if asked else {}
        events: list[AlertEvent] = []
        again: list[tuple[Told, Id]] = []
        crossed: list[Crossed] = []
        for each, alert_id in news:
            before = claimed.get(each.fingerprint)
            last = known.get(before) if before else None
            before_now = pasts.get(each.fingerprint, receiving.NO_PAST)
            follows = receiving.hear(each, last, organization_id, origin, alert_id, before_now, self._flapping)
            events += follows
            if moments := receiving.noted(each, last, before_now, follows):
                crossed.append((organization_id, each.fingerprint, *moments))
            if before:
                again.append((each, follows[-1].alert_id if follows else before))
        if again:
            await store.remember(tx.db, organization_id, again)
        await note_all(tx.db, crossed)
        return events

    async def _end(self, tx: Transaction, late: Sequence[tuple[AlertView, datetime]]) -> None:
        """These were not heard of until then."""
        if not late:
            return
        pasts = await past(tx.db, [(alert.organization_id, alert.fingerprint) for alert, _ in late])
        events: list[AlertEvent] = []
        for alert, ends_at in late:
            before = pasts.get(alert.fingerprint, receiving.NO_PAST)
            events += receiving.timed_out(alert, ends_at, before, self._flapping, tx.now)
        await self._changes.save(tx, events)
        await note_all(tx.db, [(alert.organization_id, alert.fingerprint, None, ends_at) for alert, ends_at in late])

    async def list_active(self, query: ListActiveAlerts) -> ActiveAlerts:
        """Alerts that are not over."""
        async with self._service.runtime.pool.acquire() as db, db.transaction():
            return await active.find(db, query, datetime.now(UTC))

    async def look(self) -> int:
        """End what was not heard of in time, and forget what is long over; how many were looked at."""
        async with self._service.transaction() as tx:
            due = await store.due(tx.db, tx.now, _AT_ONCE)
            over = [each for each in due if each.is_over]
            late = [each for each in due if not each.is_over and each.ends_at <= tx.now]
            dates = [(each, False, each.ends_at) for each in due if not each.is_over and each.ends_at > tx.now]
            ids = [(each.organization_id, each.alert_id) for each in (*over, *late)]
            known = await store.alerts(tx.db, ids) if ids else {}
            open_ones = {alert.id for alert in known.values() if alert.state is not AlertState.RESOLVED}
            # What comes and goes is open while it is over.
            if gone := [each for each in over if each.alert_id not in open_ones]:
                await store.forget(tx.db, gone)
            await self._end(tx, [(known[each.alert_id], each.ends_at) for each in late if each.alert_id in open_ones])
            dates += [(each, True, tx.now + REMEMBERED) for each in (*over, *late) if each not in gone]
            if dates:
                await store.look_again(tx.db, dates)
        return len(due)

    async def _look_on(self) -> bool:
        """Look; whether there may be more."""
        return await self.look() == _AT_ONCE


def _may_come_or_go(told: Told, claimed: Mapping[str, Id], known: Mapping[Id, AlertView]) -> bool:
    """Whether it matters when it came and went before."""
    alert_id = claimed.get(told.fingerprint)
    alert = known.get(alert_id) if alert_id else None
    return told.is_over or (alert is not None and alert.flapping_since is not None)
