"""Delivery: each notice is tried at once, and what was not taken is tried again from the ledger until it is or is given up.

What of one group waits for one channel goes out as one message (`domain.merging`), by one copy of the notifier at a time
(`claims`). A copy that dies between a receiver's answer and the commit leaves the message to be sent once more, under the
same id: at least once on the wire, once in the ledger.
"""

import asyncio
import random
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client import Counter, Histogram

from monitors_contracts.base import Id, new_id
from monitors_contracts.envelope import Envelope
from monitors_contracts.notices import Notice, NoticeIssued
from monitors_contracts.notifications import (
    ChannelKind,
    NotificationEvent,
    NotificationSent,
    NotificationView,
    OutboxMessage,
)
from monitors_runtime.consumer import Received
from monitors_runtime.database import DATABASE_AWAY
from monitors_runtime.loader import Loader
from monitors_runtime.runtime import Service

from . import channel_store, situations, store
from .background import Background
from .channel_store import Channel
from .channels import SendError
from .channels.protocol import Channel as Way
from .claims import HOLD, Claims
from .committing import Committer, Outcome
from .domain import delivery
from .domain.lanes import FIRST_REST, STALLED_AFTER, Lane, Lanes
from .domain.merging import Merged, merge, stand_in
from .domain.messages import Message
from .domain.retry import Failure, GiveUp, RetryPolicy, after_failure
from .letters import Letters
from .situations import Ask, Situation
from .store import Key, Ledger
from .turns import Busy, Turns

log = structlog.get_logger(__name__)

SENT = Counter("monitors_notifications_total", "Tries to deliver a message", ("kind", "outcome"))
SEND_SECONDS = Histogram("monitors_notification_send_seconds", "Time a receiver took", ("kind",))

PATIENCE = 1.0
"""Seconds after which a message that is not out yet is written down as waiting."""
RETRIES_AT_ONCE = 128
MOST_GOING_ON = 1024
"""Tries of notices that go on behind the stream's back. Beyond these, the stream waits for its tries to end."""


@dataclass
class _Message:
    """A message on its way: what it is to tell, its row of the ledger, and the events that are to be written with it."""

    organization_id: Id
    notice: Notice
    row: NotificationView
    is_written: bool
    unseen: frozenset[Id]
    events: list[NotificationEvent] = field(default_factory=list[NotificationEvent])

    def wait(self, until: datetime) -> None:
        """It is to be tried at this time."""
        event = delivery.waiting(self.organization_id, self.row, self.notice, until)
        self.events.append(event)
        self.row, self.is_written = event.notification, True


@dataclass
class _Asked:
    """What a try is made for: a notice that has just come, or nothing but that it is time. `is_kept` is set once the notice
    is in the ledger."""

    notice: Notice | None = None
    cause: Envelope | None = None
    is_kept: asyncio.Event = field(default_factory=asyncio.Event)


class Delivering:
    """Tries notices, and what waits in the ledger."""

    def __init__(self, service: Service, policy: RetryPolicy, letters: Letters) -> None:
        self._service = service
        self._policy = policy
        self._letters = letters
        self._lanes = Lanes()
        self._room: dict[Id, asyncio.Event] = {}
        self._turns = Turns()
        self._claims = Claims()
        self._committer = Committer(service, self._claims)
        self._situations = Loader[Ask, Situation](
            lambda asked: situations.take(service.runtime.pool, self._claims, asked)
        )
        self._ways: dict[ChannelKind, Way] = {}
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._retrying: set[asyncio.Task[None]] = set()
        self._background = Background(MOST_GOING_ON)

    async def start(self, ways: dict[ChannelKind, Way]) -> None:
        """Deliver from now on, by these ways out."""
        self._ways = ways
        pool = self._service.runtime.pool
        await pool.execute(store.ADOPT)
        jobs = {
            "commit": self._committer.run(),
            "renew claims": self._claims.keep_renewing(pool),
            "retry": self._keep_retrying(),
        }
        self._tasks = [asyncio.create_task(job, name=f"deliveries: {name}") for name, job in jobs.items()]

    async def stop(self) -> None:
        """Stop; what is not out is found in the ledger, or delivered by the stream once more."""
        for task in (*self._tasks, *self._retrying):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._retrying, self._background.stop(), return_exceptions=True)

    def wake(self) -> None:
        """Something was committed that is due now."""
        self._wake.set()

    async def deliver(self, received: Received[NoticeIssued]) -> None:
        """Try a notice now. Returns when it is in the ledger: taken, waiting, given up, or told by another message.

        A try that takes long goes on: whoever hangs holds up nobody's notices but its own.
        """
        event, asked = received.event, _Asked(received.event.notice, received.envelope)
        key = Key(event.organization_id, event.notice.channel_id, event.notice.group_id)
        await self._background.run(self._deliver(key, event.notice, asked), enough=asked.is_kept)

    async def _deliver(self, key: Key, notice: Notice, asked: _Asked) -> None:
        try:
            async with self._turns.turn(key, PATIENCE):
                await self._try(key, asked)
        except Busy:
            await self._keep(key, notice, asked)
        except Exception:
            if not asked.is_kept.is_set():
                raise
            log.exception("a message in the ledger was not delivered, and is tried again", channel=str(key.channel_id))

    async def retry_due(self) -> bool:
        """Try what is due, as far as receivers and this process have room. True when there may be more at once."""
        resting = self._lanes.closed(asyncio.get_running_loop().time())
        due = await store.due(self._service.runtime.pool, datetime.now(UTC), resting)
        begun = 0
        for key in dict.fromkeys(due):
            if len(self._retrying) >= RETRIES_AT_ONCE:
                break
            if not self._turns.taken(key):
                task = asyncio.create_task(self._retry(key))
                self._retrying.add(task)
                task.add_done_callback(self._retrying.discard)
                begun += 1
        return begun > 0 and len(due) == store.MOST_DUE

    # -- one try ----------------------------------------------------------------------------------------------------

    async def _try(self, key: Key, asked: _Asked) -> None:
        fresh = asked.notice
        alerts = tuple(alert.id for alert in fresh.alerts) if fresh else ()
        situation = await self._situations.load(Ask(key, fresh.id if fresh else None, alerts))
        if situation is None:
            raise Busy
        try:
            outcome = await self._outcome(key, None if situation.is_known else fresh, situation, asked)
        except BaseException:
            self._claims.forget([key])
            raise
        await self._committer.save(outcome)
        if any(event.notification.next_attempt_at for event in outcome.events):
            self._wake.set()

    async def _outcome(self, key: Key, fresh: Notice | None, situation: Situation, asked: _Asked) -> Outcome:
        """Tell what is to be told now, and what came of it."""
        now = datetime.now(UTC)
        rows = {row.notification.id: row for row in situation.waiting if row.notice}
        notices = [row.notice for row in rows.values() if row.notice] + ([fresh] if fresh else [])
        if not notices:
            return Outcome(key)
        merged = merge(notices, situation.arrived)
        message, events = await self._prepare(key, fresh, rows, merged, situation, now)
        cause = asked.cause
        correlation = None if cause else _first_alert(merged.merged[-1])
        if message:
            message.events[:0] = events
            letters = await self._send(key, message, situation.channel, asked, correlation)
            return Outcome(key, message.events, letters, cause, correlation)
        return Outcome(key, events, cause=cause, correlation=correlation)

    async def _prepare(
        self,
        key: Key,
        fresh: Notice | None,
        rows: dict[Id, Ledger],
        merged: Merged,
        situation: Situation,
        now: datetime,
    ) -> tuple[_Message | None, list[NotificationEvent]]:
        """The message that is to go out, and what becomes of the others."""
        organization, channel = key.organization_id, situation.channel

        def row_of(notice: Notice) -> NotificationView | None:
            """Its row; a new one where there is none yet. None when it can have none, for its channel is gone."""
            if notice.id in rows:
                return rows[notice.id].notification
            return self._begin(notice, channel, now, version=1) if channel else None

        carrier = merged.merged[-1]
        events, by = await self._elsewhere(organization, carrier, merged, now)
        told_by = carrier.id if merged.notice else by or merged.told_by
        for notice in merged.merged if merged.notice is None else merged.merged[:-1]:
            if row := row_of(notice):
                events.append(delivery.superseded(organization, row, told_by))
        if fresh in merged.later and (row := row_of(fresh)):
            events.append(delivery.waiting(organization, row, fresh, now))
        row = row_of(carrier)
        if merged.notice is None or row is None:
            if merged.notice:
                events += await self._stand_ins(organization, merged.notice, merged.unseen, now)
            return None, events
        tries = max(rows[notice.id].notification.attempts if notice.id in rows else 0 for notice in merged.merged)
        row = delivery.telling(row, merged.notice).model_copy(update={"attempts": tries})
        is_written = carrier.id in rows and merged.notice is rows[carrier.id].notice
        return _Message(organization, merged.notice, row, is_written, merged.unseen), events

    async def _send(
        self, key: Key, message: _Message, channel: Channel | None, asked: _Asked, correlation: Id | None
    ) -> list[OutboxMessage]:
        """Try once, unless the receiver rests; adds what follows to the message's events."""
        if channel is None or not channel.is_active:
            await self._failed(message, Failure("channel-switched-off", recoverable=False))
            return []
        lane, clock = self._lanes.of(channel.target.channel_id), asyncio.get_running_loop().time
        if rest := await self._rest(lane, channel.target.channel_id):
            if not message.is_written:
                message.wait(datetime.now(UTC) + timedelta(seconds=rest))
            return []
        letter = self._letters.write(channel, message.notice, message.unseen)
        ticket, reached = lane.begin(clock()), False
        trying = asyncio.create_task(self._ways[channel.target.kind].send(channel.target, letter, message.notice.id))
        kind = channel.target.kind
        try:
            with SEND_SECONDS.labels(kind).time():
                if not (await asyncio.wait({trying}, timeout=PATIENCE))[0]:
                    await self._show_waiting(key, message, asked, correlation)
                answer = await trying
            reached = True
        except SendError as refused:
            reached = not refused.failure.recoverable
            SENT.labels(kind, "recoverable" if refused.failure.recoverable else "refused").inc()
            await self._failed(message, refused.failure)
            return []
        except Exception as broken:
            log.exception("a message could not be sent", notification=str(message.notice.id))
            await self._failed(message, Failure(f"error: {type(broken).__name__}", recoverable=True))
            return []
        finally:
            trying.cancel()
            lane.end(ticket, clock(), reached=reached)
            self._make_room(channel.target.channel_id)
        SENT.labels(kind, "sent").inc()
        now = datetime.now(UTC)
        event = delivery.sent(message.organization_id, message.row, letter.subject, answer.provider_message_id, now)
        message.events.append(event)
        return self._local_copy(channel, letter, event, now)

    async def _rest(self, lane: Lane, channel_id: Id) -> float:
        """Seconds to put a message off; 0 when there is room to try it now. Waits a moment where others move ahead."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + STALLED_AFTER
        while True:
            if rest := lane.rest(clock()):
                return rest
            if not lane.full:
                return 0
            if lane.stalled(clock()) or clock() >= deadline:
                return FIRST_REST
            room = self._room.setdefault(channel_id, asyncio.Event())
            try:
                async with asyncio.timeout_at(deadline):
                    await room.wait()
            except TimeoutError:
                return FIRST_REST

    def _make_room(self, channel_id: Id) -> None:
        if room := self._room.pop(channel_id, None):
            room.set()

    async def _failed(self, message: _Message, failure: Failure) -> None:
        """A try failed: again later, or given up and told to those that stand in."""
        now, notice = datetime.now(UTC), message.notice
        follows = after_failure(
            failure,
            message.row.attempts + 1,
            jitter=random.random(),  # noqa: S311 - spreads load, keeps no secret
            policy=self._policy,
            others_waited=(now - notice.issued_at).total_seconds() if notice.fallback else None,
        )
        if not message.is_written:
            message.wait(now)
        event = delivery.failed(message.organization_id, message.row, failure.reason, follows, now)
        message.events.append(event)
        if isinstance(follows, GiveUp):
            message.events += await self._stand_ins(message.organization_id, notice, message.unseen, now)

    async def _show_waiting(self, key: Key, message: _Message, asked: _Asked, correlation: Id | None) -> None:
        """A try takes long: until it ends, the ledger shows that the message waits."""
        if not message.is_written:
            message.wait(datetime.now(UTC) + HOLD)
        if message.events:
            events, message.events = message.events, []
            outcome = Outcome(key, events, cause=asked.cause, correlation=correlation, ends_claim=False)
            await self._committer.save(outcome)
        asked.is_kept.set()

    def _local_copy(
        self, channel: Channel, letter: Message, event: NotificationSent, now: datetime
    ) -> list[OutboxMessage]:
        if channel.target.kind != "local":
            return []
        return [self._letters.outbox_message(event.notification, channel.target, letter, now)]

    # -- other channels ---------------------------------------------------------------------------------------------

    async def _stand_ins(
        self, organization: Id, notice: Notice, unseen: Collection[Id], now: datetime
    ) -> list[NotificationEvent]:
        """Messages to the channels that stand in for one that can't be reached."""
        news = stand_in(notice, unseen)
        told = {channel: news for channel in notice.fallback if news and channel != notice.channel_id}
        return await self._to_others(organization, notice, told, now)

    async def _elsewhere(
        self, organization: Id, notice: Notice, merged: Merged, now: datetime
    ) -> tuple[list[NotificationEvent], Id | None]:
        """The ends of alerts, to the channels that stood in when they began; and the last of these messages."""
        told = {
            channel: notice.model_copy(
                update={"alerts": list(alerts), "more": {}, "fallback": [], "reason": "alerts-changed"}
            )
            for channel, alerts in merged.elsewhere.items()
        }
        events = await self._to_others(organization, notice, told, now)
        return events, events[-1].notification_id if events else None

    async def _to_others(
        self, organization: Id, instead_of: Notice, told: dict[Id, Notice], now: datetime
    ) -> list[NotificationEvent]:
        if not told:
            return []
        asked = [(organization, channel) for channel in told]
        channels = await channel_store.these_channels(self._service.runtime.pool, asked)
        events: list[NotificationEvent] = []
        for channel_id, notice in told.items():
            channel = channels.get((organization, channel_id))
            if channel is None or not channel.is_active:
                continue
            own = notice.model_copy(update={"id": new_id(), "channel_id": channel_id})
            row = self._begin(own, channel, now, version=1).model_copy(
                update={"fallback_for": instead_of.id, "stands_in_for": instead_of.channel_id}
            )
            events.append(delivery.waiting(organization, row, own, now))
        return events

    # -- the ledger -------------------------------------------------------------------------------------------------

    def _begin(self, notice: Notice, channel: Channel, now: datetime, *, version: int) -> NotificationView:
        """A new row. Version 0 is for a copy without the claim: whatever one with it writes is newer."""
        where = (channel.target.channel_id, channel.target.kind, channel.name)
        return delivery.begin(notice, where, self._letters.subject(notice), now, version)

    async def _keep(self, key: Key, notice: Notice, asked: _Asked) -> None:
        """Another message of the group is on its way, and takes its time: this one waits in the ledger."""
        pool, now = self._service.runtime.pool, datetime.now(UTC)
        if await store.known(pool, [notice.id]):
            return
        channel = await channel_store.channel(pool, key.organization_id, key.channel_id)
        if channel is None:
            return
        row = self._begin(notice, channel, now, version=0)
        event = delivery.waiting(key.organization_id, row, notice, now + timedelta(seconds=PATIENCE))
        await self._committer.save(Outcome(key, [event], cause=asked.cause, ends_claim=False))

    async def _retry(self, key: Key) -> None:
        try:
            async with self._turns.turn(key, PATIENCE):
                await self._try(key, _Asked())
        except (Busy, *DATABASE_AWAY):
            return
        except Exception:
            log.exception("a message was not tried again, going on", channel=str(key.channel_id))

    async def _keep_retrying(self) -> None:
        while True:
            self._wake.clear()
            try:
                more = await self.retry_due()
            except DATABASE_AWAY:
                more = False
            except Exception:
                more = False
                log.exception("messages were not tried again, going on")
            try:
                async with asyncio.timeout(0.02 if more else 0.5):
                    await self._wake.wait()
            except TimeoutError:
                continue


def _first_alert(notice: Notice) -> Id | None:
    return notice.alerts[0].id if notice.alerts else None
