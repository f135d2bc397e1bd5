"""Who is told what of a group of alerts, now: decided from what is known, each with a word that says why. Pure.

The rules, for each alert of the group and each channel:

- What fires is told once to every channel that its route leads to; again when it gets worse, and while nobody took it.
- While something holds it back, nothing new is told of it; what fires when that ends is told then.
- A channel that was told that an alert fires is told once that it is over, whatever holds it back and wherever the routes
  lead by then.
- What was over before it could be told is told once, as both, unless it was held back from its beginning to its end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import Id
from monitors_contracts.notices import NoticeReason

from .groups import Around, Call, Group, Member, Place, Told, worse
from .notices import Draft, drafts
from .routing import Way, opens_at
from .suppression import Suppression

LOOK_AGAIN = timedelta(seconds=10)
"""When an alert that another one holds back is looked at once more, lest that one ended at this very moment."""

LATER = timedelta(minutes=1)
"""When a repeat that found a channel's limit reached is tried again."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Why an alert was told, or was not: a word of `DECISIONS`."""

    alert_id: Id
    word: str
    channel_id: Id | None = None
    route: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Standing:
    """How an alert stands in its group afterwards. `is_settled`: there is nothing to tell before something changes."""

    is_settled: bool
    was_clear: bool
    word: str


@dataclass
class Outcome:
    """What was decided of a group."""

    group: Group
    notices: list[Draft] = field(default_factory=list[Draft])
    told: dict[Place, Told] = field(default_factory=dict[Place, Told])
    """What channels were told now: what differs from before."""
    standing: dict[Id, Standing] = field(default_factory=dict[Id, Standing])
    """The alerts that stay in the group; the others that were looked at leave it."""
    decisions: list[Decision] = field(default_factory=list[Decision])
    overflow: set[Place] = field(default_factory=set[Place])
    """What goes to channels' digests."""
    due_at: datetime | None = None
    """When news is to be told that can't be told now."""
    again_at: datetime | None = None
    """When something is to be told again, or the next step of the policy is due."""


@dataclass(frozen=True, slots=True)
class _Item:
    """One alert that a channel is to be told of."""

    member: Member
    word: str


def is_untaken(member: Member) -> bool:
    """Whether the alert fires, nobody took it, and nothing holds it back: what is repeated, and what policies run for."""
    return member.belongs and member.alert.state is AlertState.FIRING and member.suppression is None


def step_due(group: Group, way: Way, members: Sequence[Member], now: datetime) -> int | None:
    """The step of the policy to ask for now; None when none is due. `members` are all of the group's."""
    if way.policy_id is None or not any(is_untaken(member) for member in members) or not_yet(group, way, now):
        return None
    if not group.is_escalating:
        return 0
    return group.next_step if group.next_due and group.next_due <= now else None


def not_yet(group: Group, way: Way, now: datetime) -> tuple[str, datetime] | None:
    """What keeps the group's news from being told now, and until when."""
    if opens := opens_at(way.hours, now):
        return "outside-hours", opens
    word, at = "group-wait", group.opened_at + way.wait
    if group.told_at and group.told_at + way.interval > at:
        word, at = "group-interval", group.told_at + way.interval
    return ("limited" if group.digest_of else word, at) if at > now else None


def decide(
    group: Group, way: Way, members: Sequence[Member], around: Around, *, whole: bool, call: Call | None = None
) -> Outcome:
    """Decide for a group. `members` are all of it (`whole`), or those about which something is to be told.

    `call` is the step of the policy that is due. `way` is how alerts are told that belong to the group.
    """
    return _Deciding(group, way, around, whole=whole).all(members, call)


class _Deciding:
    """One decision, as it grows."""

    def __init__(self, group: Group, way: Way, around: Around, *, whole: bool) -> None:
        self._group, self._way, self._around, self._whole = group, way, around, whole
        self._out = Outcome(group)
        self._held = not_yet(group, way, around.now)
        self._news: dict[Id, list[_Item]] = {}
        if way.channels is None:
            self._leads_to = frozenset(each for each, channel in around.channels.items() if channel.is_active)
        else:
            self._leads_to = frozenset(each for each in way.channels if self._is_on(each))
        self._hears = self._leads_to

    def all(self, members: Sequence[Member], call: Call | None) -> Outcome:
        out = self._out
        if self._whole and not any(is_untaken(member) for member in members):
            out.group = replace(out.group, step=0, next_step=None, next_due=None, called={})
        if call:
            self._call(members, call)
        self._hears = self._leads_to | {each for each in out.group.called if self._is_on(each)}
        due: list[datetime] = []
        for member in members:
            due += self._consider(member)
        for channel, items in self._news.items():
            self._tell(channel, items)
        if self._whole:
            self._repeat(members)
        out.due_at = min(due, default=None)
        if not self._whole and self._way.repeat and any(told.state == "firing" for told in out.told.values()):
            out.again_at = self._around.now + self._way.repeat
        self._settle(members)
        if any(draft.reason != "repeated" for draft in out.notices):
            out.group = replace(out.group, told_at=self._around.now)
        return out

    # -- each alert -------------------------------------------------------------------------------------------------

    def _consider(self, member: Member) -> list[datetime]:
        """Collect what is to be told of an alert; when to look again at what can't be told now."""
        waits: list[tuple[str, datetime | None]] = []
        for channel in sorted(self._heard_by(member)):
            word = self._word(member, channel)
            if word is None:
                continue
            if word in ("told", "told-worse", "told-flapping") and member.suppression:
                waits.append((member.suppression.kind, self._until(member, member.suppression)))
            elif word == "channel-off":
                waits.append((word, None))
            elif word in ("channel-gone", "no-end-to-tell"):
                self._told(member, channel, "resolved")
                self._note(member, word, channel)
            elif self._held and not (word == "told-worse" and self._held[0] != "outside-hours"):
                waits.append(self._held)
            else:
                self._news.setdefault(channel, []).append(_Item(member, word))
        return self._stand(member, waits)

    def _until(self, member: Member, suppression: Suppression) -> datetime | None:
        if suppression.until or suppression.inhibitor == member.held_by:
            return suppression.until
        return self._around.now + LOOK_AGAIN

    def _stand(self, member: Member, waits: Sequence[tuple[str, datetime | None]]) -> list[datetime]:
        was_clear = member.was_clear or (not member.is_over and member.suppression is None)
        word = waits[0][0] if waits else ""
        until = min((at for _, at in waits if at), default=None)
        if not waits and member.belongs and not self._group.digest_of:
            word = self._idle_word(member)
        if word and word != member.word:
            self._note(member, word, None, **_why(word, member.suppression, until))
        is_settled = all(each == "channel-off" for each, _ in waits)
        self._out.standing[member.alert.id] = Standing(is_settled, was_clear, word)
        return [until] if until else []

    def _idle_word(self, member: Member) -> str:
        """Why nothing at all is to be told of an alert that nobody was told of."""
        if member.told:
            return ""
        if not member.is_over:
            return "" if self._wanted(member) or self._way.policy_id else "no-channel"
        if self._is_hidden(member):
            return "over-while-held-back"
        if self._wanted(member):
            return ""
        return "over-before-a-step" if self._way.policy_id else "no-channel"

    def _word(self, member: Member, channel: Id) -> str | None:
        """What the channel is to be told of the alert, or why its end is not told; None for nothing."""
        told = self._known(member, channel)
        if told is None or told.state == "owed" or (told.state == "resolved" and not member.is_over):
            if channel not in self._wanted(member) or self._is_hidden(member):
                return None
            return "told-fired-and-over" if member.is_over else "told"
        if told.state == "resolved":
            return None
        if not member.is_over:
            is_worse = worse(member.alert.severity, told.severity) and channel in self._wanted(member)
            if is_worse:
                return "told-worse"
            came = member.alert.flapping_since
            return "told-flapping" if came and told.at < came and channel in self._wanted(member) else None
        if told.group_id != self._group.id and not self._group.digest_of:
            return None
        if channel not in self._around.channels:
            return "channel-gone"
        if member.alert.kind == "change":
            return "no-end-to-tell"
        return "told-over" if self._is_on(channel) else "channel-off"

    def _is_hidden(self, member: Member) -> bool:
        """Whether it was held back from its beginning to its end."""
        return member.is_over and not member.was_clear and member.suppression is not None

    def _wanted(self, member: Member) -> frozenset[Id]:
        """The channels that are to hear of the alert."""
        return self._hears if member.belongs else frozenset()

    def _heard_by(self, member: Member) -> frozenset[Id]:
        """The channels that this group may have to tell something of the alert."""
        if self._group.digest_of:
            return frozenset((self._group.digest_of,))
        wanted = self._wanted(member)
        owed = [channel for channel, told in member.told.items() if told.group_id == self._group.id]
        return wanted.union(owed) if owed else wanted

    def _known(self, member: Member, channel: Id) -> Told | None:
        return self._out.told.get((member.alert.id, channel)) or member.told.get(channel)

    def _is_on(self, channel: Id) -> bool:
        known = self._around.channels.get(channel)
        return known is not None and known.is_active

    # -- telling ----------------------------------------------------------------------------------------------------

    def _call(self, members: Sequence[Member], call: Call) -> None:
        """A step of the policy is due: it tells its channels of all that nobody took."""
        group = self._out.group
        self._out.group = replace(
            group,
            step=call.step,
            next_step=call.next_step,
            next_due=call.next_due,
            called={**group.called, **call.channels},
        )
        items = [_Item(member, "told-by-step") for member in members if is_untaken(member)]
        is_tried_again = not call.channels and group.next_step == call.next_step
        for number, word in () if is_tried_again else call.passed:
            for item in items:
                self._note(item.member, f"passed-{word}", None, step=number)
        for channel, person in call.channels.items():
            if self._is_on(channel):
                self._tell(channel, items, "escalated", step=call.number, person=person)

    def _repeat(self, members: Sequence[Member]) -> None:
        """Tell channels again of what fires and nobody took, when one of them is due: all in one notice."""
        out, now = self._out, self._around.now
        again: list[datetime] = [out.group.next_due] if out.group.next_due else []
        if self._way.repeat:
            open_again = opens_at(self._way.hours, now)
            for channel, items in self._repeatable(members).items():
                due = min(told.at for _, told in items) + self._way.repeat
                if due <= now and open_again is None and self._room(channel) > 0:
                    self._tell(channel, [_Item(member, "told-again") for member, _ in items], "repeated")
                    due = now + self._way.repeat
                again.append(due if due > now else open_again or now + LATER)
        out.again_at = min(again, default=None)

    def _repeatable(self, members: Iterable[Member]) -> dict[Id, list[tuple[Member, Told]]]:
        found: dict[Id, list[tuple[Member, Told]]] = {}
        for member in filter(is_untaken, members):
            for channel in self._wanted(member):
                told = self._known(member, channel)
                if told and told.state == "firing" and told.group_id == self._group.id:
                    found.setdefault(channel, []).append((member, told))
        return found

    def _tell(
        self,
        channel: Id,
        items: Sequence[_Item],
        reason: NoticeReason | None = None,
        step: int | None = None,
        person: str | None = None,
    ) -> None:
        is_digest = self._group.digest_of is not None
        if not is_digest and self._room(channel) <= 0:
            for item in items:
                self._overflow(item.member, channel)
            return
        if reason is None:
            ended = all(item.member.suppression is None and _was_held(item) for item in items)
            flaps = all(item.word == "told-flapping" for item in items)
            reason = "digest" if is_digest else "silence-ended" if ended else "flapping" if flaps else "alerts-changed"
        by_group: dict[Id, list[AlertView]] = {}
        for item in items:
            known = self._known(item.member, channel)
            delivery = self._group.id if is_digest or known is None else known.group_id
            by_group.setdefault(delivery, []).append(item.member.alert)
            self._told(item.member, channel, "resolved" if item.member.is_over else "firing")
            self._note(item.member, item.word, channel, reason=reason, step=step, person=person)
        reasons = {str(item.member.alert.id): item.member.reason for item in items if item.member.reason}
        kind = self._around.channels[channel].kind
        for delivery, alerts in by_group.items():
            whole = Draft(delivery, channel, reason, self._way, tuple(alerts), reasons, step=step, person=person)
            self._out.notices += drafts(whole, kind)

    def _overflow(self, member: Member, channel: Id) -> None:
        place = (member.alert.id, channel)
        if place in self._out.overflow:
            return
        self._out.overflow.add(place)
        known = self._known(member, channel)
        if known is None or known.state == "resolved":
            self._told(member, channel, "owed")
        if known is None or known.state != "owed":
            self._note(member, "limited", channel)

    def _room(self, channel: Id) -> int:
        sent = sum(draft.channel_id == channel for draft in self._out.notices)
        return self._around.room.get(channel, 1) - sent

    def _told(self, member: Member, channel: Id, state: Any) -> None:
        known = self._known(member, channel)
        owner = known.group_id if known and known.state != "resolved" else self._group.id
        self._out.told[member.alert.id, channel] = Told(state, member.alert.severity, owner, self._around.now)

    def _settle(self, members: Sequence[Member]) -> None:
        """Who is done with leaves the group: what is over or belongs elsewhere, and of a digest what it told."""
        for member in members:
            stands = self._out.standing[member.alert.id]
            is_waiting = not stands.is_settled or stands.word == "channel-off"
            is_there = member.belongs and not member.is_over and not self._group.digest_of
            if not (is_waiting or is_there or self._owes(member)):
                del self._out.standing[member.alert.id]

    def _owes(self, member: Member) -> bool:
        """Whether this group has a channel to tell the alert's end. Of what is over, its digest does."""
        return any(
            told is not None
            and told.state != "resolved"
            and told.group_id == self._group.id
            and not (member.is_over and (member.alert.id, channel) in self._out.overflow)
            for channel in {*member.told, *self._heard_by(member)}
            for told in (self._known(member, channel),)
        )

    def _note(self, member: Member, word: str, channel: Id | None, **detail: Any) -> None:
        known = {name: value for name, value in detail.items() if value is not None}
        self._out.decisions.append(Decision(member.alert.id, word, channel, "/".join(self._way.path), known))


def _why(word: str, suppression: Suppression | None, until: datetime | None) -> dict[str, Any]:
    """The details of an alert's waiting."""
    if suppression is None or suppression.kind != word:
        return {"until": until.isoformat() if until else None}
    return {
        "id": str(suppression.id),
        "words": suppression.words,
        "until": suppression.until.isoformat() if suppression.until else None,
        "inhibitor": str(suppression.inhibitor) if suppression.inhibitor else None,
    }


def _was_held(item: _Item) -> bool:
    return item.word == "told" and item.member.word in ("silenced", "maintenance", "inhibited")
