"""Who is told what, when: alerts as they change, and groups as they fall due.

An alert that is a group of its own and that nothing makes wait is told in the transaction that changes it. Every other
joins its groups there, and `flush` tells them when they are due. Two alerters never tell the same twice: who decides of an
alert holds its row, and a group that somebody looks at is passed over by others. Whoever dies commits nothing.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from asyncpg import Record

from monitors_contracts.alerts import AlertEvent, AlertState, AlertView
from monitors_contracts.base import Id, new_id
from monitors_runtime.database import Connection
from monitors_runtime.transaction import Transaction

from . import circumstances, escalating, suppressing
from . import telling_store as store
from .circumstances import Circumstances
from .domain.escalation import Targets
from .domain.groups import Around, Call, Group, Member, Told, digest_way, limit_of
from .domain.labels import labels_of
from .domain.routing import Way
from .domain.suppression import Suppression
from .domain.telling import decide, step_due
from .limits import Limits
from .results import Results
from .telling_store import Membership

AT_ONCE = 200
"""Groups that are looked at in one transaction."""

ALERTS_AT_ONCE = 1000
"""Alerts of several groups that are looked at in one transaction. One group is looked at whole, however many it has."""

SOON = timedelta(milliseconds=50)
"""When an alert is looked at again that somebody was changing."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to an alert, and the transaction that says so."""

    tx: Transaction
    event: AlertEvent
    correlation: Id


class Telling:
    """One a process: what it keeps in memory are counts that limits are judged by."""

    def __init__(self) -> None:
        self._limits = Limits()

    async def changed(self, changes: Sequence[Change], versions: Mapping[Id, int]) -> datetime | None:
        """Tell of alerts that changed, all in one database transaction. Their rows are held; when something is due next.

        Of several changes of one alert the last counts. `versions` of the settings of their organizations.
        """
        latest = {change.event.alert_id: change for change in changes}
        opened = {change.event.alert_id for change in changes if change.event.alert.version == 1}
        return await _Changed(self._limits, latest, opened).tell(versions)

    async def flush(self, tx: Transaction, only: Id | None = None) -> tuple[int, datetime | None]:
        """Look at groups that are due, or at this one if it is: how many, and when something of them is due next."""
        return await _Flush(self._limits, tx).tell(only)


def _known_around(known: Circumstances, limits: Limits, way: Way, now: datetime) -> Around:
    room = {each: limits.room(each, limit_of(way, channel.kind)) for each, channel in known.channels.items()}
    return Around(now, known.channels, room)


async def _read_limits(
    db: Connection, limits: Limits, ways: Iterable[tuple[Circumstances, Way]], now: datetime
) -> None:
    wanted = {
        (each, limit.per): limit
        for known, way in ways
        for each, channel in known.channels.items()
        for limit in (limit_of(way, channel.kind),)
    }
    await limits.read(db, ((each, limit) for (each, _), limit in wanted.items()), now)


async def _held_back(
    db: Connection, alerts: Iterable[AlertView], now: datetime, versions: Mapping[Id, int]
) -> dict[Id, Suppression]:
    """What holds each of these alerts back, for as long as it may be known."""
    by_organization: dict[Id, list[AlertView]] = {}
    for alert in alerts:
        by_organization.setdefault(alert.organization_id, []).append(alert)
    held = await suppressing.suppressions_of_many(db, by_organization, now, versions)
    return {alert_id: each[0] for alert_id, each in held.items() if each}


class _Changed:
    """Alerts that changed in one database transaction."""

    def __init__(self, limits: Limits, changes: Mapping[Id, Change], opened: set[Id]) -> None:
        self._changes, self._opened = changes, opened
        self._tx = next(iter(changes.values())).tx
        self._results = Results(limits, self._tx.now)
        self._limits, self._db, self._now = limits, self._tx.db, self._tx.now
        self._places: dict[Id, dict[str, Record]] = {}
        self._told: dict[Id, dict[Id, Told]] = {}
        self._held: dict[Id, Suppression] = {}
        self._arounds: dict[tuple[Id, str], Around] = {}

    async def tell(self, versions: Mapping[Id, int]) -> datetime | None:
        alerts = [change.event.alert for change in self._changes.values()]
        known = await circumstances.these(self._db, [alert.organization_id for alert in alerts], versions)
        labels = {alert.id: labels_of(alert) for alert in alerts}
        ways = {alert.id: known[alert.organization_id].tree.ways(labels[alert.id]) for alert in alerts}
        self._held = await _held_back(self._db, alerts, self._now, versions)
        await self._read_places([alert.id for alert in alerts if alert.id not in self._opened])
        pairs = {
            (alert.organization_id, way.name): (known[alert.organization_id], way)
            for alert in alerts
            for way in ways[alert.id]
        }
        await _read_limits(self._db, self._limits, pairs.values(), self._now)
        for alert in alerts:
            self._place(alert, labels[alert.id], ways[alert.id], known[alert.organization_id])
        over = [alert.id for alert in alerts if alert.state is AlertState.RESOLVED]
        if over:
            await self._db.execute(store.WAKE_INHIBITED, over, self._now)
        await self._results.write(self._tx)
        return self._results.soonest

    async def _read_places(self, alert_ids: Sequence[Id]) -> None:
        if alert_ids:
            for row in await self._db.fetch(store.MEMBERSHIPS, alert_ids):
                self._places.setdefault(row["alert_id"], {})[row["key"]] = row
            self._told = await store.told_of(self._db, alert_ids)

    def _place(self, alert: AlertView, labels: Mapping[str, str], ways: Sequence[Way], known: Circumstances) -> None:
        here = {way.group_key(labels, alert.id): way for way in ways}
        places = self._places.get(alert.id, {})
        for key, row in places.items():
            if key not in here and row["digest_of"] is None:
                self._look_again(alert, row, None)
        for key, way in here.items():
            row = places.get(key)
            if way.is_alone and way.policy_id is None and not way.wait and not way.interval:
                self._decide(alert, key, way, row, known)
            elif row is None:
                group = _group(alert, key, way, labels, self._now)
                self._results.join(group, way, self._membership(alert, group.id))
            else:
                self._look_again(alert, row, way)

    def _decide(self, alert: AlertView, key: str, way: Way, row: Record | None, known: Circumstances) -> None:
        """Tell now, for the group is this alert alone."""
        group = store.group_of(row) if row else _group(alert, key, way, {}, self._now)
        told = self._told.setdefault(alert.id, {})
        member = Member(
            alert,
            dict(told),
            suppression=self._held.get(alert.id),
            was_clear=bool(row and row["was_clear"]),
            word=row["word"] if row else "",
            held_by=row["held_by"] if row else None,
            reason=self._changes[alert.id].event.reason,
        )
        around = self._around(alert.organization_id, way, known)
        outcome = decide(group, way, [member], around, whole=True)
        told |= {channel: each for (_, channel), each in outcome.told.items()}
        membership = self._membership(alert, group.id)
        self._results.decided(self._changes[alert.id].tx, way, [(member, membership)], around, outcome)
        due_at = _sooner(outcome.due_at, outcome.again_at)
        if row is not None and not outcome.standing:
            self._results.closing.append(group.id)
        elif row is not None:
            self._results.keep(outcome.group, due_at, outcome.again_at)
        elif outcome.standing:
            self._results.open(outcome.group, due_at, outcome.again_at)

    def _around(self, organization_id: Id, way: Way, known: Circumstances) -> Around:
        """The same for a whole batch, but where a limit comes near."""
        place = (organization_id, way.name)
        made = self._arounds.get(place)
        if made is None or min(made.room.values(), default=0) <= len(self._changes):
            made = self._arounds[place] = _known_around(known, self._limits, way, self._now)
        return made

    def _look_again(self, alert: AlertView, row: Record, way: Way | None) -> None:
        """Have a group looked at that the alert is in: in its own time, or now when it got worse or belongs elsewhere."""
        change = self._changes[alert.id]
        self._results.unsettled.append((row["id"], alert.id, change.event.reason, change.correlation))
        if way is None or change.event.reason == "severity-raised":
            self._results.wake(row["id"], self._now)
        if way is not None:
            self._results.join(_renewed(row, way, self._now), way, None)

    def _membership(self, alert: AlertView, group_id: Id) -> Membership:
        change = self._changes[alert.id]
        return Membership(
            group_id,
            alert.id,
            alert.organization_id,
            was_clear=alert.state is not AlertState.RESOLVED and alert.id not in self._held,
            reason=change.event.reason,
            correlation_id=change.correlation,
        )


class _Flush:
    """Groups that are due, in one database transaction."""

    def __init__(self, limits: Limits, tx: Transaction) -> None:
        self._limits, self._tx, self._db, self._now = limits, tx, tx.db, tx.now
        self._results = Results(limits, tx.now)
        self._steps: dict[tuple[Id, Id, int], Targets] = {}

    async def tell(self, only: Id | None) -> tuple[int, datetime | None]:
        if only:
            due = await self._db.fetch(store.THIS_IF_DUE, self._now, only)
        else:
            due = await self._db.fetch(store.DUE, self._now, AT_ONCE)
        if not due:
            return 0, await store.next_due(self._db)
        organizations = [row["organization_id"] for row in due]
        versions = await circumstances.versions_of(self._db, organizations)
        known = await circumstances.these(self._db, organizations, versions)
        rows = await self._hold(due)
        members = await self._members(rows)
        alerts = await store.hold_alerts(self._db, [each["alert_id"] for each in _all(members)])
        told = await store.told_of(self._db, list(alerts))
        held = await _held_back(self._db, alerts.values(), self._now, versions)
        ways = {each.id: known[each.organization_id].tree.ways(labels_of(each)) for each in alerts.values()}
        groups = [
            _Looked(row, store.group_of(row), known[row["organization_id"]], members.get(row["id"], []), self._now)
            for row in rows
        ]
        for group in groups:
            group.read(alerts, told, held, ways)
        await _read_limits(self._db, self._limits, ((group.known, group.way) for group in groups), self._now)
        for group in groups:
            await self._decide(group, told)
            if group.is_stale:
                self._join_others(group, ways)
        await self._results.write(self._tx)
        return len(rows), self._results.soonest

    async def _hold(self, due: Sequence[Record]) -> Sequence[Record]:
        """Those that are due first and that nobody else looks at, as many as may be looked at together."""
        while due:
            together = _as_many_as_may_be(due)
            if rows := await self._db.fetch(store.HOLD_DUE, [row["id"] for row in together], self._now):
                return rows
            due = due[len(together) :]
        return []

    async def _members(self, rows: Sequence[Record]) -> dict[Id, list[Record]]:
        whole = [row["id"] for row in rows if _is_whole(row, self._now)]
        parts = [row["id"] for row in rows if not _is_whole(row, self._now)]
        found: dict[Id, list[Record]] = {}
        for row in await self._db.fetch(store.MEMBERS, whole, parts):
            found.setdefault(row["group_id"], []).append(row)
        return found

    async def _decide(self, looked: "_Looked", told: dict[Id, dict[Id, Told]]) -> None:
        now, group, way = self._now, looked.group, looked.way
        # Another group of this transaction may have told a channel of the same alert.
        members = [(replace(each, told=dict(told.get(each.alert.id, {}))), known) for each, known in looked.members]
        call = await self._call(looked, [each for each, _ in members]) if looked.is_whole else None
        around = _known_around(looked.known, self._limits, way, now)
        outcome = decide(group, way, [each for each, _ in members], around, whole=looked.is_whole, call=call)
        for (alert_id, channel), each in outcome.told.items():
            told.setdefault(alert_id, {})[channel] = each
        self._results.decided(self._tx, way, members, around, outcome)
        again_at = outcome.again_at if looked.is_whole else _sooner(looked.again_at, outcome.again_at)
        soon = now + SOON if looked.is_short else None
        self._results.keep(outcome.group, _sooner(outcome.due_at, again_at, soon), again_at)
        if len(outcome.standing) < len(members) or not members:
            self._results.closing.append(group.id)

    async def _call(self, looked: "_Looked", members: Sequence[Member]) -> Call | None:
        """Ask for the step of the policy that is due."""
        group, way = looked.group, looked.way
        step = step_due(group, way, members, self._now)
        if step is None or way.policy_id is None:
            return None
        place = (group.organization_id, way.policy_id, step)
        if place not in self._steps:  # the same for all groups that are at this step now
            self._steps[place] = await escalating.targets(self._db, *place, self._now)
        found = self._steps[place]
        channels = {target.channel_id: target.person for target in found.told}
        passed = tuple(dict.fromkeys((each.step, each.word) for each in found.passed))
        return Call(found.step, found.number, channels, found.next_step, found.next_due, passed)

    def _join_others(self, looked: "_Looked", ways: Mapping[Id, Sequence[Way]]) -> None:
        """The settings changed: the group's alerts may belong to other groups now."""
        if looked.group.digest_of:
            return
        for member, known in looked.members:
            alert, labels = member.alert, labels_of(member.alert)
            if member.is_over and member.told:
                continue
            for way in ways[alert.id]:
                key = way.group_key(labels, alert.id)
                if key != looked.group.key:
                    other = _group(alert, key, way, labels, self._now)
                    new = replace(known, group_id=other.id, was_clear=member.was_clear, word=member.word)
                    self._results.join(other, way, new)


class _Looked:
    """A group that is due, with what is known of it."""

    def __init__(self, row: Record, group: Group, known: Circumstances, rows: Sequence[Record], now: datetime) -> None:
        self.group, self.known, self._rows = group, known, rows
        self.is_whole, self.is_stale, self.again_at = _is_whole(row, now), row["is_stale"], row["again_at"]
        self.is_short = False
        """Whether somebody was changing one of its alerts."""
        self.members: list[tuple[Member, Membership]] = []
        self.way = known.tree.way(group.route)

    def read(
        self,
        alerts: Mapping[Id, AlertView],
        told: Mapping[Id, Mapping[Id, Told]],
        held: Mapping[Id, Suppression],
        ways: Mapping[Id, Sequence[Way]],
    ) -> None:
        """Take what belongs to this group."""
        fallback: dict[Id, None] = {}
        for row in self._rows:
            alert = alerts.get(row["alert_id"])
            if alert is None:
                self.is_short = True
                continue
            labels = labels_of(alert)
            found = next((way for way in ways[alert.id] if way.group_key(labels, alert.id) == self.group.key), None)
            for way in ways[alert.id]:
                fallback |= dict.fromkeys(way.fallback)
            member = Member(
                alert,
                told.get(alert.id, {}),
                belongs=found is not None or self.group.digest_of is not None,
                suppression=held.get(alert.id),
                was_clear=row["was_clear"],
                word=row["word"],
                held_by=row["held_by"],
                reason=row["reason"],
            )
            known = Membership(
                self.group.id,
                alert.id,
                alert.organization_id,
                reason=row["reason"],
                correlation_id=row["correlation_id"],
            )
            self.members.append((member, known))
        if self.group.digest_of:
            self.way = digest_way(self.group.digest_of, self.group.every, tuple(fallback))


def _is_whole(row: Record, now: datetime) -> bool:
    """Whether all of a group's alerts are to be looked at, not only those about which something is to be told."""
    return row["is_stale"] or (row["again_at"] is not None and row["again_at"] <= now)


def _as_many_as_may_be(due: Sequence[Record]) -> Sequence[Record]:
    alerts = itertools.accumulate(row["alerts"] for row in due)
    return due[: max(1, sum(so_far <= ALERTS_AT_ONCE for so_far in alerts))]


def _all(members: Mapping[Id, Sequence[Record]]) -> Iterable[Record]:
    return (row for rows in members.values() for row in rows)


def _group(alert: AlertView, key: str, way: Way, labels: Mapping[str, str], now: datetime) -> Group:
    return Group(
        id=new_id(),
        organization_id=alert.organization_id,
        key=key,
        route=way.name,
        labels=way.group_labels(labels),
        opened_at=now,
        wait=way.wait,
        every=way.interval,
    )


def _renewed(row: Record, way: Way, now: datetime) -> Group:
    """A group that is there, as it is joined once more."""
    return replace(store.group_of(row), opened_at=now, wait=way.wait, every=way.interval)


def _sooner(*times: datetime | None) -> datetime | None:
    return min((each for each in times if each), default=None)
