"""What is promised of telling, held against random courses of events, weeks of them in seconds."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from monitors_alerter.domain.groups import (
    GATHER,
    Around,
    Call,
    Channel,
    Group,
    Member,
    Told,
    digest_key,
    digest_way,
    limit_of,
)
from monitors_alerter.domain.labels import labels_of
from monitors_alerter.domain.routing import Tree, Way
from monitors_alerter.domain.suppression import Suppression
from monitors_alerter.domain.telling import Outcome, decide, step_due
from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import Id, new_id
from monitors_contracts.matchers import Matcher
from monitors_contracts.routing import Hours, RateLimit, Route

BEGIN = datetime(2026, 10, 20, 12, tzinfo=UTC)
ORGANIZATION, POLICY = new_id(), new_id()
BASE, OTHER, PAGER = sorted((new_id(), new_id(), new_id()))
HOSTS = ("a", "b", "c")
SECOND = timedelta(seconds=1)


def matching(host: str) -> list[Matcher]:
    return [Matcher(label="host", value=host)]


TREES = (
    Route(name="root"),
    Route(name="root", group_by=[], group_wait=30, group_interval=300, repeat_interval=3600),
    Route(name="root", channels=[BASE], group_by=["host"], group_wait=10, repeat_interval=1800),
    Route(
        name="root",
        channels=[BASE],
        routes=[
            Route.model_validate(
                {
                    "name": "copy",
                    "matchers": matching("a"),
                    "channels": [OTHER, BASE],
                    "groupBy": ["host"],
                    "continue": True,
                }
            ),
            Route(name="rest", group_wait=60),
        ],
    ),
    Route(name="root", channels=[BASE], group_by=["severity"], limit=RateLimit(notices=2, per=60)),
    Route(name="root", channels=[BASE], limit=RateLimit(notices=1, per=300), repeat_interval=600),
    Route(name="root", channels=[BASE], policy_id=POLICY, group_by=["host"], group_wait=5),
    Route(
        name="root",
        channels=[BASE, OTHER],
        active_hours=[Hours(days=["monday", "friday"], start="08:00", end="18:00", timezone="Europe/Berlin")],
    ),
)


@dataclass
class Row:
    """A group as it is stored."""

    group: Group
    due_at: datetime | None
    again_at: datetime | None = None
    is_stale: bool = False


@dataclass
class Place:
    """A member as it is stored."""

    is_settled: bool = False
    was_clear: bool = False
    word: str = ""
    held_by: Id | None = None


@dataclass(frozen=True)
class Sent:
    """What a channel was told of an alert."""

    at: datetime
    channel: Id
    alert: AlertView
    reason: str
    was_held: bool


@dataclass
class House:
    """Telling with its tables as dictionaries."""

    now: datetime = BEGIN
    tree: Tree = field(default_factory=lambda: Tree(TREES[0]))
    channels: dict[Id, Channel] = field(default_factory=dict[Id, Channel])
    alerts: dict[Id, AlertView] = field(default_factory=dict[Id, AlertView])
    silences: dict[str, datetime] = field(default_factory=dict[str, datetime])
    inhibits: bool = False
    groups: dict[str, Row] = field(default_factory=dict[str, Row])
    members: dict[tuple[str, Id], Place] = field(default_factory=dict[tuple[str, Id], Place])
    told: dict[tuple[Id, Id], Told] = field(default_factory=dict[tuple[Id, Id], Told])
    sent: list[Sent] = field(default_factory=list[Sent])
    issued: list[tuple[datetime, Id]] = field(default_factory=list[tuple[datetime, Id]])
    words: dict[Id, list[str]] = field(default_factory=dict[Id, list[str]])

    def suppression(self, alert: AlertView) -> Suppression | None:
        host = alert.labels["host"]
        if (until := self.silences.get(host)) and until > self.now:
            return Suppression("silenced", ORGANIZATION, "silenced", until)
        by = next((each for each in self.alerts.values() if each.labels["host"] == "a" and open_(each)), None)
        if self.inhibits and by and host == "b":
            return Suppression("inhibited", ORGANIZATION, "held back", None, by.id)
        return None

    def around(self, way: Way) -> Around:
        room: dict[Id, int] = {}
        for channel, known in self.channels.items():
            limit = limit_of(way, known.kind)
            since = self.now - timedelta(seconds=limit.per)
            room[channel] = limit.notices - sum(at > since and to == channel for at, to in self.issued)
        return Around(self.now, dict(self.channels), room)

    def told_of(self, alert_id: Id) -> dict[Id, Told]:
        return {channel: each for (alert, channel), each in self.told.items() if alert == alert_id}

    # As telling does when an alert changes.

    def change(self, alert: AlertView, *, is_urgent: bool = False) -> None:
        self.alerts[alert.id] = alert
        labels = labels_of(alert)
        here = {way.group_key(labels, alert.id): way for way in self.tree.ways(labels)}
        for key, alert_id in list(self.members):
            if alert_id == alert.id and key not in here and self.groups[key].group.digest_of is None:
                self.members[key, alert_id].is_settled = False
                self.wake(key, self.now)
        for key, way in here.items():
            if way.is_alone and not way.policy_id and not way.wait and not way.interval:
                self.join(key, way, alert, self.now)
                self.look(key, [alert.id], whole=True)
                continue
            self.join(key, way, alert, self.now + way.wait, is_stale=way.policy_id is not None)
            self.members[key, alert.id].is_settled = False
            if is_urgent:
                self.wake(key, self.now)
        if not open_(alert):
            for (key, _), place in list(self.members.items()):
                if place.held_by == alert.id:
                    self.wake(key, self.now)

    def join(self, key: str, way: Way, alert: AlertView, due: datetime, *, is_stale: bool = False) -> None:
        row = self.groups.get(key)
        if row is None:
            group = Group(
                new_id(),
                ORGANIZATION,
                key,
                way.name,
                way.group_labels(labels_of(alert)),
                self.now,
                way.wait,
                way.interval,
            )
            self.groups[key] = Row(group, due, is_stale=is_stale)
        else:
            told_at, opened_at = row.group.told_at, row.group.opened_at
            self.wake(key, max(self.now, told_at + way.interval if told_at else opened_at + way.wait))
            row.is_stale |= is_stale
        is_clear = open_(alert) and self.suppression(alert) is None
        self.members.setdefault((key, alert.id), Place(was_clear=is_clear))

    def wake(self, key: str, due: datetime) -> None:
        row = self.groups[key]
        row.due_at = min(row.due_at or due, due)

    # As telling does when a group is due.

    def flush(self) -> None:
        while due := [key for key, row in self.groups.items() if row.due_at and row.due_at <= self.now]:
            for key in sorted(due):
                row = self.groups[key]
                whole = row.is_stale or bool(row.again_at and row.again_at <= self.now)
                alert_ids = [
                    alert_id
                    for (group, alert_id), place in self.members.items()
                    if group == key and (whole or not place.is_settled)
                ]
                is_stale = row.is_stale
                places = {alert_id: replace(self.members[key, alert_id]) for alert_id in alert_ids}
                self.look(key, alert_ids, whole=whole)
                if is_stale and row.group.digest_of is None:
                    self.join_others(key, places)

    def join_others(self, key: str, places: dict[Id, Place]) -> None:
        for alert_id, place in places.items():
            alert, labels = self.alerts[alert_id], labels_of(self.alerts[alert_id])
            if not open_(alert) and self.told_of(alert_id):
                continue
            for way in self.tree.ways(labels):
                other = way.group_key(labels, alert_id)
                if other != key and (other, alert_id) not in self.members:
                    self.join(other, way, alert, self.now + way.wait, is_stale=way.policy_id is not None)
                    self.members[other, alert_id] = Place(was_clear=place.was_clear, word=place.word)

    def look(self, key: str, alert_ids: list[Id], *, whole: bool) -> None:
        row = self.groups[key]
        group = row.group
        way = self.tree.way(group.route)
        if group.digest_of:
            way = digest_way(group.digest_of, group.every, ())
        members = [self.member(key, alert_id) for alert_id in alert_ids]
        call = None
        if whole and (step := step_due(group, way, members, self.now)) is not None:
            call = Call(step + 1, step + 1, {PAGER: None}, step + 1, self.now + timedelta(minutes=5))
            if step == 2:
                call = replace(call, next_step=None, next_due=None)
        outcome = decide(group, way, members, self.around(way), whole=whole, call=call)
        self.keep(row, key, way, members, outcome, whole=whole)

    def member(self, key: str, alert_id: Id) -> Member:
        alert, place = self.alerts[alert_id], self.members[key, alert_id]
        labels = labels_of(alert)
        belongs = key in {way.group_key(labels, alert_id) for way in self.tree.ways(labels)}
        return Member(
            alert,
            self.told_of(alert_id),
            belongs or self.groups[key].group.digest_of is not None,
            self.suppression(alert),
            place.was_clear,
            place.word,
            place.held_by,
        )

    def keep(self, row: Row, key: str, way: Way, members: list[Member], outcome: Outcome, *, whole: bool) -> None:
        for member in members:
            stands = outcome.standing.get(member.alert.id)
            if stands is None:
                del self.members[key, member.alert.id]
                continue
            inhibitor = member.suppression.inhibitor if member.suppression and stands.word == "inhibited" else None
            self.members[key, member.alert.id] = Place(stands.is_settled, stands.was_clear, stands.word, inhibitor)
        self.told |= outcome.told
        for decision in outcome.decisions:
            self.words.setdefault(decision.alert_id, []).append(decision.word)
        for draft in outcome.notices:
            self.issued.append((self.now, draft.channel_id))
            for alert in draft.alerts:
                held = self.suppression(alert) is not None
                self.sent.append(Sent(self.now, draft.channel_id, alert, draft.reason, held))
        again = [outcome.again_at] if whole else [row.again_at, outcome.again_at]
        row.again_at = min((each for each in again if each), default=None)
        row.due_at = min((each for each in (outcome.due_at, row.again_at) if each), default=None)
        row.group, row.is_stale = outcome.group, False
        for alert_id, channel in outcome.overflow:
            self.to_digest(channel, alert_id, timedelta(seconds=limit_of(way, self.channels[channel].kind).per))
        if row.group.digest_of is None and not any(group == key for group, _ in self.members):
            del self.groups[key]

    def to_digest(self, channel: Id, alert_id: Id, every: timedelta) -> None:
        key, wait = digest_key(channel), min(GATHER, every)
        row = self.groups.get(key)
        if row is None:
            group = Group(
                new_id(), ORGANIZATION, key, "digest", {}, self.now, wait=wait, every=every, digest_of=channel
            )
            self.groups[key] = Row(group, self.now + wait)
        else:
            if row.due_at is None:
                row.group = replace(row.group, opened_at=self.now)
            told_at = row.group.told_at
            self.wake(key, max(self.now + wait, told_at + every if told_at else row.group.opened_at + wait))
        self.members.setdefault((key, alert_id), Place(was_clear=True))

    def reroute(self) -> None:
        for row in self.groups.values():
            row.due_at, row.is_stale = self.now, True

    def reconsider(self) -> None:
        for (key, _), place in self.members.items():
            if place.word in ("silenced", "maintenance", "inhibited"):
                self.groups[key].due_at = self.now

    def advance(self, span: timedelta) -> None:
        until = self.now + span
        while due := min(
            (row.due_at for row in self.groups.values() if row.due_at and row.due_at <= until), default=None
        ):
            self.now = max(due, self.now)
            self.flush()
        self.now = until


def open_(alert: AlertView) -> bool:
    return alert.state is not AlertState.RESOLVED


class Telling(RuleBasedStateMachine):
    """Alerts, people and settings at random; BASE is in every tree, and always there."""

    def __init__(self) -> None:
        super().__init__()
        self.house = House(channels={BASE: Channel("webhook", "base", True), PAGER: Channel("email", "pager", True)})
        self.clear: set[Id] = set()
        self.checked = 0

    def after(self) -> None:
        self.house.flush()
        self.clear |= {
            alert.id for alert in self.house.alerts.values() if open_(alert) and self.house.suppression(alert) is None
        }

    def open_on(self, host: str) -> AlertView | None:
        return next((each for each in self.house.alerts.values() if each.labels["host"] == host and open_(each)), None)

    @rule(host=st.sampled_from(HOSTS), severity=st.sampled_from(("info", "warning", "critical")), change=st.booleans())
    def fire(self, host: str, severity: Any, change: bool) -> None:
        known = self.open_on(host)
        if known:
            order = ("info", "warning", "critical")
            if order.index(severity) > order.index(known.severity):
                worse = known.model_copy(update={"severity": severity, "version": known.version + 1})
                self.house.change(worse, is_urgent=True)
        else:
            self.house.change(
                AlertView(
                    id=new_id(),
                    organization_id=ORGANIZATION,
                    fingerprint=host,
                    state=AlertState.FIRING,
                    severity=severity,
                    name="Disk",
                    summary="full",
                    condition="used > 90",
                    labels={"host": host},
                    started_at=self.house.now,
                    kind="change" if change and host == "c" else "state",
                )
            )
        self.after()

    @rule(host=st.sampled_from(HOSTS))
    def resolve(self, host: str) -> None:
        if alert := self.open_on(host):
            over = {"state": AlertState.RESOLVED, "resolved_at": self.house.now, "version": alert.version + 1}
            self.house.change(alert.model_copy(update=over))
        self.after()

    @rule(host=st.sampled_from(HOSTS), steady=st.booleans())
    def flap(self, host: str, steady: bool) -> None:
        alert = self.open_on(host)
        if alert and alert.kind == "state":
            since = None if steady else alert.flapping_since or self.house.now
            changed = alert.model_copy(update={"flapping_since": since, "version": alert.version + 1})
            if steady:
                self.house.alerts[alert.id] = changed
            else:
                self.house.change(changed)
        self.after()

    @rule(host=st.sampled_from(HOSTS))
    def acknowledge(self, host: str) -> None:
        if alert := self.open_on(host):
            self.house.alerts[alert.id] = alert.model_copy(update={"state": AlertState.ACKNOWLEDGED})
            for key, alert_id in self.house.members:
                row = self.house.groups[key]
                if alert_id == alert.id and row.group.is_escalating:
                    row.due_at, row.is_stale = self.house.now, True
        self.after()

    @rule(host=st.sampled_from(HOSTS), minutes=st.integers(1, 600))
    def silence(self, host: str, minutes: int) -> None:
        self.house.silences[host] = self.house.now + timedelta(minutes=minutes)
        self.after()

    @rule(host=st.sampled_from(HOSTS))
    def end_silence(self, host: str) -> None:
        self.house.silences.pop(host, None)
        self.house.reconsider()
        self.after()

    @rule()
    def inhibit(self) -> None:
        self.house.inhibits = not self.house.inhibits
        self.house.reconsider()
        self.after()

    @rule(tree=st.sampled_from(TREES))
    def route(self, tree: Route) -> None:
        self.house.tree = Tree(tree)
        self.house.reroute()
        self.after()

    @rule(kind=st.sampled_from(("email", "webhook")))
    def add_channel(self, kind: Any) -> None:
        self.house.channels.setdefault(OTHER, Channel(kind, "other", True))
        self.house.reroute()
        self.after()

    @rule()
    def switch_channel(self) -> None:
        if known := self.house.channels.get(OTHER):
            self.house.channels[OTHER] = replace(known, is_active=not known.is_active)
            self.house.reroute()
        self.after()

    @precondition(lambda self: OTHER in self.house.channels)
    @rule()
    def remove_channel(self) -> None:
        del self.house.channels[OTHER]
        self.house.reroute()
        self.after()
        # A channel that is gone never comes back; what it was told has no end.
        self.house.sent = [each for each in self.house.sent if each.channel != OTHER]
        self.house.told = {place: each for place, each in self.house.told.items() if place[1] != OTHER}

    @rule(span=st.sampled_from((1, 5, 20, 60, 600, 7200, 86_400, 300_000)))
    def wait(self, span: int) -> None:
        before = {alert.id for alert in self.house.alerts.values() if open_(alert)}
        self.house.advance(span * SECOND)
        self.after()
        # What was held back by a silence that ended on the way was clear then.
        self.clear |= {each for each in before if self.house.suppression(self.house.alerts[each]) is None}

    @invariant()
    def nothing_is_told_wrong(self) -> None:
        for each in self.house.sent[self.checked :]:
            before = [
                old
                for old in self.house.sent[: self.house.sent.index(each)]
                if (old.channel, old.alert.id) == (each.channel, each.alert.id)
            ]
            states = [(not open_(old.alert), old.alert.severity, old.alert.flapping_since) for old in before]
            is_over = each.alert.state is AlertState.RESOLVED
            assert not any(over for over, *_ in states), "nothing is told of what was told to be over"
            if is_over:
                continue
            again = each.reason in ("repeated", "escalated")
            assert again or (False, each.alert.severity, each.alert.flapping_since) not in states, "told twice"
            assert not each.was_held, "told while held back"
        self.checked = len(self.house.sent)

    def teardown(self) -> None:
        house = self.house
        if OTHER in house.channels:
            house.channels[OTHER] = replace(house.channels[OTHER], is_active=True)
        house.tree = Tree(TREES[0])
        house.reroute()
        self.after()
        for host in HOSTS:
            self.resolve(host)
        house.silences.clear()
        house.inhibits = False
        house.reconsider()
        self.after()
        self.wait(1_000_000)
        self.nothing_is_told_wrong()
        ends = Counter((each.channel, each.alert.id) for each in house.sent if not open_(each.alert))
        for each in house.sent:
            if open_(each.alert) and each.alert.kind == "state":
                assert ends[each.channel, each.alert.id] == 1, house.words[each.alert.id]
        told = {each.alert.id for each in house.sent if each.channel != OTHER}
        assert self.clear <= told, [house.words[each] for each in self.clear - told]
        assert not house.members, house.words
        assert all(row.group.digest_of for row in house.groups.values())


Telling.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestTelling = Telling.TestCase
