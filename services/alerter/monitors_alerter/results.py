"""What was decided of many groups, written down in few statements."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitors_contracts.alerts import AlertView
from monitors_contracts.base import Id, new_id
from monitors_contracts.notices import Notice, NoticeIssued
from monitors_runtime.database import Writes
from monitors_runtime.transaction import Transaction

from . import held
from . import telling_store as store
from .domain.groups import Around, Group, Member, Place, Told, digest_key, digest_way, limit_of
from .domain.notices import Draft
from .domain.routing import Way
from .domain.suppression import Suppression
from .domain.telling import Outcome
from .limits import Limits
from .telling_store import Joined, Membership, Opening, Reason

TEST = "test"
"""The origin of alerts by which somebody tries where such alerts go."""
HELD_BACK = ("silenced", "maintenance", "inhibited")


@dataclass
class Results:
    """What is to be written, in an order that all keep so that nobody waits in a circle: groups, digests last, members."""

    limits: Limits
    now: datetime
    openings: dict[tuple[Id, str], Opening] = field(default_factory=dict[tuple[Id, str], Opening])
    kept: list[tuple[Group, datetime | None, datetime | None]] = field(
        default_factory=list[tuple[Group, datetime | None, datetime | None]]
    )
    joining: dict[tuple[str, Id], tuple[Membership, str]] = field(
        default_factory=dict[tuple[str, Id], tuple[Membership, str]]
    )
    """With the route, by the group's key and the alert: whoever was first to open the group gave it its id."""
    members: list[Membership] = field(default_factory=list[Membership])
    leaving: list[tuple[Id, Id]] = field(default_factory=list[tuple[Id, Id]])
    told: dict[Place, tuple[Id, Told]] = field(default_factory=dict[Place, tuple[Id, Told]])
    reasons: list[Reason] = field(default_factory=list[Reason])
    sent: Counter[tuple[Id, Id]] = field(default_factory=Counter[tuple[Id, Id]])
    held: list[tuple[AlertView, list[Suppression]]] = field(default_factory=list[tuple[AlertView, list[Suppression]]])
    unsettled: list[tuple[Id, Id, str, Id]] = field(default_factory=list[tuple[Id, Id, str, Id]])
    """Group, alert, why it changed, correlation: to be looked at again."""
    woken: set[Id] = field(default_factory=set[Id])
    closing: list[Id] = field(default_factory=list[Id])
    """Groups that are held and may be empty now."""
    soonest: datetime | None = None
    """When something of this is due next."""

    def join(self, group: Group, way: Way, member: Membership | None) -> None:
        """An alert comes to a group, which is opened unless it is there; or, without one, a group is to be looked at.

        A policy is begun by whoever looks at all of the group, so that it is stale.
        """
        place, due_at, is_stale = (group.organization_id, group.key), self.now + way.wait, way.policy_id is not None
        before = self.openings.get(place)
        if before is None or is_stale:
            self.openings[place] = Opening(before.group if before else group, due_at, is_stale=is_stale)
        if member:
            self.joining[group.key, member.alert_id] = member, "/".join(way.path)
        self._due(due_at)

    def wake(self, group_id: Id, now: datetime) -> None:
        """A group is to be looked at now."""
        self.woken.add(group_id)
        self._due(now)

    def decided(
        self,
        tx: Transaction,
        way: Way,
        members: list[tuple[Member, Membership]],
        around: Around,
        outcome: Outcome,
    ) -> None:
        """What was decided of these alerts of a group. The group itself is the caller's to keep."""
        group = outcome.group
        standing = outcome.standing
        for member, known in members:
            alert = member.alert
            stands = standing.get(alert.id)
            if stands is None:
                self.leaving.append((group.id, alert.id))
                continue
            inhibitor = member.suppression.inhibitor if member.suppression and stands.word == "inhibited" else None
            self.members.append(
                replace(
                    known,
                    is_settled=stands.is_settled,
                    was_clear=stands.was_clear,
                    word=stands.word,
                    held_by=inhibitor,
                )
            )
            if stands.word in HELD_BACK and member.suppression:
                self.held.append((alert, [member.suppression]))
        for place, told in outcome.told.items():
            self.told[place] = group.organization_id, told
        for each in outcome.decisions:
            self.reasons.append(
                Reason(
                    group.organization_id, each.alert_id, self.now, each.channel_id, each.route, each.word, each.detail
                )
            )
        correlations = {known.alert_id: known.correlation_id for _, known in members}
        for draft in outcome.notices:
            tx.publish(notice_of(draft, group, self.now), correlation=correlations.get(draft.alerts[0].id))
            self.sent[group.organization_id, draft.channel_id] += 1
            self.limits.count(draft.channel_id)
        for alert_id, channel in outcome.overflow:
            self._to_digest(group, way, alert_id, channel, around, correlations.get(alert_id))

    def keep(self, group: Group, due_at: datetime | None, again_at: datetime | None) -> None:
        """How a group that is there stands from now on."""
        self.kept.append((group, due_at, again_at))
        self._due(due_at)

    def open(self, group: Group, due_at: datetime | None, again_at: datetime | None) -> None:
        """A new group, of an alert alone."""
        self.openings[group.organization_id, group.key] = Opening(group, due_at, again_at)
        self._due(due_at)

    def _to_digest(
        self, group: Group, way: Way, alert_id: Id, channel: Id, around: Around, correlation: Id | None
    ) -> None:
        digest_by = digest_way(channel, timedelta(seconds=limit_of(way, around.channels[channel].kind).per), ())
        digest = Group(
            id=new_id(),
            organization_id=group.organization_id,
            key=digest_key(channel),
            route=digest_by.name,
            labels={},
            opened_at=self.now,
            wait=digest_by.wait,
            every=digest_by.interval,
            digest_of=channel,
        )
        member = Membership(
            digest.id, alert_id, group.organization_id, was_clear=True, word="limited", correlation_id=correlation
        )
        self.join(digest, digest_by, member)

    def _joining(self, key: str, member: Membership, route: str, groups: Mapping[tuple[Id, str], Joined]) -> Membership:
        """An alert that joins a group, with why it waits there."""
        group, word = groups[member.organization_id, key], member.word
        if not word and group.due_at and group.due_at > self.now:
            word = "group-interval" if group.told_at else "group-wait"
            detail = {"until": group.due_at.isoformat()}
            self.reasons.append(Reason(member.organization_id, member.alert_id, self.now, None, route, word, detail))
        return replace(member, group_id=group.id, word=word)

    def _due(self, at: datetime | None) -> None:
        if at and (self.soonest is None or at < self.soonest):
            self.soonest = at

    async def write(self, tx: Transaction) -> None:
        """Write all of it down."""
        db = tx.db
        await store.keep_groups(db, self.kept)
        await store.wake(db, self.woken, self.now)
        groups = await store.join_groups(db, list(self.openings.values()))
        joining = [self._joining(key, *joins, groups) for (key, _), joins in self.joining.items()]
        writes = Writes()
        store.join_members(writes, joining)
        store.keep_members(writes, self.members)
        store.keep_told(writes, self.told)
        store.keep_reasons(writes, self.reasons)
        store.issue(writes, self.sent, self.now)
        await writes.send(db)
        await store.unsettle(db, self.unsettled)
        await store.leave(db, self.leaving)
        await store.close_empty(db, self.closing)
        if self.held:
            await held.note(db, self.held, self.now)


def notice_of(draft: Draft, group: Group, now: datetime) -> NoticeIssued:
    """A draft as the event that has it delivered."""
    notice = Notice(
        id=new_id(),
        group_id=draft.group_id,
        channel_id=draft.channel_id,
        reason="test" if draft.alerts and all(alert.origin == TEST for alert in draft.alerts) else draft.reason,
        alerts=list(draft.alerts),
        reasons=dict(draft.reasons),
        more=dict(draft.more),
        group_labels=dict(group.labels),
        route="/".join(draft.way.path),
        fallback=[each for each in draft.way.fallback if each != draft.channel_id],
        step=draft.step,
        person=draft.person,
        issued_at=now,
    )
    return NoticeIssued(organization_id=group.organization_id, notice_id=notice.id, notice=notice)
