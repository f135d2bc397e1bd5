"""Judging samples as they arrive: the stream followed, rules judged, state and transitions committed with the position.

What one evaluator does at a time is one group: messages that are here, in the stream's order. Transitions are committed at
once, together with the state they come from and the place in the stream; without any, state and place are written down now
and then. Whoever goes on from there judges the same messages to the same transitions, so none is missed or doubled.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from prometheus_client import Counter, Gauge, Histogram

from monitors_contracts.base import Id, new_id
from monitors_contracts.catalogue import EVENTS_BY_TYPE
from monitors_contracts.envelope import UndecodableMessage, decode
from monitors_contracts.metrics import MetricBatchCollected, MetricCollected
from monitors_contracts.rules import RuleView, TakesMeasurements
from monitors_runtime import erasure
from monitors_runtime.database import DATABASE_AWAY, DATABASE_CONFLICT
from monitors_runtime.errors import ProblemError
from monitors_runtime.runtime import Service
from monitors_runtime.tail import follow

from ..domain.rules.batches import Batch, batch_of
from ..domain.rules.crossings import crossing
from ..domain.rules.hearing import Hearing
from ..domain.rules.judging import Judge
from ..domain.rules.transitions import Transition
from . import states, store
from .leases import RENEW_SECONDS, Fenced, Leases, shard_of
from .recalling import Recalling
from .settings import RuleSettings
from .states import Judged

log = structlog.get_logger(__name__)

STREAM = "METRICS"
SUBJECTS = "evt.metric.>"
MOST_WAITING = 128
LOOK_SECONDS = 0.25
GROUP_SECONDS = 0.1
TICK_SECONDS = 1.0
FORGET_SECONDS = 3600.0
AT_ONCE = 500
"""A batch of more samples than these is judged beside the loop."""

JUDGED = Histogram("monitors_rules_judging_seconds", "Time the judging of one message took")
DELAY = Histogram(
    "monitors_rules_delay_seconds",
    "From a measurement in the stream to its transition in the outbox",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
)
TRANSITIONS = Counter("monitors_rules_transitions_total", "Rules that fired or ended", ("reason",))
NOT_JUDGED = Counter("monitors_rules_not_judged_total", "Samples of judged series that decided nothing", ("reason",))
CELLS = Gauge("monitors_rules_series", "Series that rules judge here, counted once a rule")


class Judging:
    """One evaluator's part in judging. Copies share the organizations and take over from each other."""

    def __init__(self, service: Service, settings: RuleSettings) -> None:
        self._service = service
        self._settings = settings
        self._runtime = service.runtime
        self._task: asyncio.Task[None] | None = None
        self._leases: Leases
        self._judged: dict[Id, Judged] = {}
        self._revision = 0
        self._inbox: asyncio.Queue[tuple[int, Msg]] = asyncio.Queue(MOST_WAITING)
        self._reader: asyncio.Task[None] | None = None
        self._last = 0
        self._hearing = Hearing(_now())
        self._held: tuple[int, Msg] | None = None
        self._recalling = Recalling(service.runtime)

    async def start(self) -> None:
        """Judge from now on."""
        self._leases = Leases(self._runtime.pool, new_id())
        self._task = asyncio.create_task(self._run(), name="rules")

    async def stop(self) -> None:
        """Leave it to the others, at once."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            with contextlib.suppress(asyncpg.PostgresError, *DATABASE_AWAY):
                await self._leases.leave()

    async def _run(self) -> None:
        while True:
            try:
                await self._judge_ours()
            except Fenced as lost:
                log.warning("rules are judged elsewhere, reading anew", reason=str(lost))
            except (TimeoutError, NatsError, asyncpg.PostgresError, *DATABASE_AWAY, *DATABASE_CONFLICT) as away:
                log.warning("rules interrupted, going on from what is committed", error=repr(away)[:300])
            except Exception:
                log.exception("rules interrupted, going on from what is committed")
            finally:
                await self._stop_reading()
                self._judged.clear()
            await asyncio.sleep(0.5)

    async def _judge_ours(self) -> None:
        """Own, read, judge, commit; until something goes wrong, after which all begins from what is committed."""
        clock = asyncio.get_running_loop().time
        await self._leases.release_all()
        self._revision = await self._runtime.pool.fetchval(store.NEWEST)
        self._hearing.begin(_now())
        renewed_at = ticked_at = written_at = float("-inf")
        forgot_at = clock()
        while True:
            now = clock()
            if now >= renewed_at + RENEW_SECONDS:
                renewed_at = now
                await self._share()
            if now >= forgot_at + FORGET_SECONDS:
                forgot_at = now
                self._forget()
            # Rules are looked for between a message's arrival and its judging: whoever was told that a rule is there may
            # send, and is judged by it.
            message, self._held = self._held or await self._next(), None
            here, until = self._inbox.qsize(), clock() + GROUP_SECONDS
            found = await self._rules_changed()
            arrived: datetime | None = None
            while message:
                judged = await self._judge(*message)
                if judged is None:  # what it is compared with is not there yet
                    self._held = message
                    await asyncio.sleep(LOOK_SECONDS)
                    break
                found += judged
                arrived = message[1].metadata.timestamp
                await asyncio.sleep(0)
                here -= 1
                message = None if here < 0 or clock() > until else self._inbox.get_nowait()
            if clock() >= ticked_at + TICK_SECONDS:
                ticked_at = clock()
                found += await self._tick()
            is_due = clock() >= written_at + self._settings.rule_checkpoint_seconds
            if found or (is_due and self._has_news()):
                written_at = clock()
                await self._commit(found)
                if found and arrived:
                    DELAY.observe((datetime.now(UTC) - arrived).total_seconds())

    # -- which organizations are ours -------------------------------------------------------------------------------

    async def _share(self) -> None:
        """Renew what is ours; begin with what is newly ours where its last owner wrote down to have been."""
        before = set(self._leases.held)
        taken = await self._leases.renew()
        if before - self._leases.held.keys():
            self._judged = {org: each for org, each in self._judged.items() if shard_of(org) in self._leases.held}
        if not taken:
            return
        numbers = [shard.number for shard in taken]
        pool = self._runtime.pool
        self._judged |= await states.read(pool, numbers, self._settings.rule_series_limit)
        ruled = {row[0] for row in await pool.fetch(store.WITH_RULES)}
        mine = [organization for organization in ruled if shard_of(organization) in numbers]
        rules: dict[Id, list[RuleView]] = {organization: [] for organization in mine}
        for each in await store.of_organizations(pool, mine, self._revision):
            if each.rule:
                rules[each.organization_id].append(each.rule)
        found: list[Transition] = []
        for organization, views in rules.items():
            ids = {view.id for view in views}
            gone = [rule for rule in self._of(organization).judge.roster.rules if rule.id not in ids]
            found += self._put(organization, views, gone)
        await self._read_from(min(shard.judged for shard in self._leases.held.values()))
        self._hearing.begin(_now())
        if found:
            await self._commit(found)
        CELLS.set(sum(len(each.judge.roster.keys) for each in self._judged.values()))

    async def _rules_changed(self) -> list[Transition]:
        changed = await store.changed_since(self._runtime.pool, self._revision)
        found: list[Transition] = []
        by_organization: dict[Id, list[store.Changed]] = {}
        for each in changed:
            self._revision = each.revision
            if shard_of(each.organization_id) in self._leases.held:
                by_organization.setdefault(each.organization_id, []).append(each)
        for organization, several in by_organization.items():
            last = {each.id: each for each in several}
            known = {rule.id: rule for rule in self._of(organization).judge.roster.rules}
            gone = [known[each.id] for each in last.values() if each.rule is None and each.id in known]
            found += self._put(organization, [each.rule for each in last.values() if each.rule], gone)
        return found

    def _put(self, organization: Id, rules: list[RuleView], gone: list[RuleView]) -> list[Transition]:
        judged = self._of(organization)
        before = judged.judge.names_version
        found = judged.judge.put(rules, gone, _now())
        judged.changed |= judged.judge.names_version != before
        return found

    def _of(self, organization: Id) -> Judged:
        known = self._judged.get(organization)
        if known is None:
            known = self._judged[organization] = Judged(organization, Judge(self._settings.rule_series_limit))
        return known

    # -- the stream -------------------------------------------------------------------------------------------------

    async def _read_from(self, after: int) -> None:
        await self._stop_reading()
        if (await self._runtime.bus.stream_info(STREAM)).state.last_seq < after:
            log.warning("the stream of measurements was made anew, judging from its beginning", position=after)
            after = 0
            for shard in self._leases.held.values():
                shard.judged = 0
        self._last = after
        messages = follow(self._runtime.connection, self._runtime.bus, STREAM, SUBJECTS, after)
        self._reader = asyncio.create_task(self._read(messages), name="rules reader")

    async def _read(self, messages: AsyncGenerator[tuple[int, Msg], None]) -> None:
        async with contextlib.aclosing(messages):
            async for each in messages:
                await self._inbox.put(each)

    async def _stop_reading(self) -> None:
        if self._reader:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            self._reader = None
        self._held = None
        while not self._inbox.empty():
            self._inbox.get_nowait()

    async def _next(self) -> tuple[int, Msg] | None:
        """The next message; waits a little for one."""
        if self._reader and self._reader.done():
            raise ConnectionError("the stream is not read any more")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                return await self._inbox.get()
        return None

    async def _judge(self, sequence: int, message: Msg) -> list[Transition] | None:
        """What a message leads to; None when it can't be judged yet."""
        organization = UUID(message.subject.split(".")[3])
        number = shard_of(organization)
        judged, shard = self._judged.get(organization), self._leases.held.get(number)
        arrived = round(message.metadata.timestamp.timestamp() * 1000)
        batches: list[Batch] = []
        if shard is not None and sequence > shard.judged and judged is not None and judged.judge.roster.rules:
            batches = _batches(message)
            if not await self._recalling.recall(organization, judged.judge, batches, arrived):
                return None
        self._last = sequence
        for each in self._leases.held.values():
            each.judged = max(each.judged, sequence)
        return await self._take(organization, judged, batches, arrived, sequence) if judged and batches else []

    async def _take(
        self, organization: Id, judged: Judged, batches: list[Batch], arrived: int, sequence: int
    ) -> list[Transition]:
        judge, found = judged.judge, list[Transition]()
        try:
            with JUDGED.time():
                for batch in batches:
                    if len(batch.times) <= AT_ONCE:
                        found += judge.take(batch, arrived)
                    else:
                        found += await self._ours_meanwhile(asyncio.to_thread(judge.take, batch, arrived))
        except (Fenced, asyncpg.PostgresError, *DATABASE_AWAY):
            raise
        except Exception:  # judged again, it would fail again, and hold up everybody's rules
            log.exception("measurements could not be judged", organization=str(organization), sequence=sequence)
            NOT_JUDGED.labels("failed").inc()
        judged.changed = True
        for reason, count in judge.not_judged.items():
            NOT_JUDGED.labels(reason).inc(count)
        judge.not_judged.clear()
        if judge.roster.refused_series:
            log.warning(
                "rules judge too many series", organization=str(organization), refused=judge.roster.refused_series
            )
            NOT_JUDGED.labels("series-limit").inc(judge.roster.refused_series)
            judge.roster.refused_series = 0
        return found

    async def _ours_meanwhile(self, work: Coroutine[Any, Any, list[Transition]]) -> list[Transition]:
        """What long work comes to, during which our shards stay ours. Raises Fenced when they did not."""
        task = asyncio.create_task(work)
        while not (await asyncio.wait([task], timeout=RENEW_SECONDS))[0]:
            await self._leases.keep()
        return task.result()

    # -- time passes ------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        """Series that are not heard of for a long time are none any more, and make room for others."""
        before = _now() - round(self._settings.rule_forget_days * 86_400_000)
        for each in self._judged.values():
            each.changed |= bool(each.judge.forget(before))

    async def _tick(self) -> list[Transition]:
        """What did not come is absent, as far as all that came was judged and more could come."""
        waiting = [each for each in self._judged.values() if each.judge.waits_for_absence]
        if not waiting:
            return []
        now = _now()
        try:
            newest = await self._newest()
        except (ProblemError, NatsError, TimeoutError) as away:
            if not (isinstance(away, ProblemError) and away.problem.status == 504):  # late, and so not known to be away
                self._hearing.begin(_now())
            return []
        until = self._hearing.until(now, newest, self._last)
        if until is None:
            return []
        found: list[Transition] = []
        for each in waiting:
            absent = each.judge.tick(until, self._hearing.since)
            each.changed |= bool(absent)
            found += absent
        return found

    async def _newest(self) -> int:
        """The place of the newest message, of a stream that can take more. Raises when nothing can come in."""
        state = (await self._runtime.bus.stream_info(STREAM)).state
        await self._runtime.ask(TakesMeasurements(), patience=1)
        return state.last_seq if state.messages else 0

    # -- to the database --------------------------------------------------------------------------------------------

    def _has_news(self) -> bool:
        return any(shard.judged > shard.committed for shard in self._leases.held.values()) or any(
            each.changed for each in self._judged.values()
        )

    async def _commit(self, found: list[Transition]) -> None:
        """State, transitions and places in the stream, together."""
        changed = [each for each in self._judged.values() if each.changed]
        async with self._service.transaction() as tx:
            await self._leases.advance(tx.db)
            organizations = {each.organization_id for each in changed} | {each.rule.organization_id for each in found}
            erased = (
                await erasure.erased_among(tx.db, self._service.name, organizations) if organizations else set[Id]()
            )
            written = await states.write(tx.db, [each for each in changed if each.organization_id not in erased])
            for each in found:
                if each.rule.organization_id not in erased:
                    tx.publish(crossing(each))
        self._leases.advanced()
        states.kept(written)
        for organization in erased:
            self._judged.pop(organization, None)
        for each in found:
            TRANSITIONS.labels(each.reason).inc()


def _batches(message: Msg) -> list[Batch]:
    try:
        event = decode(message.headers, message.data, EVENTS_BY_TYPE).event
    except UndecodableMessage:
        return []  # its own consumer puts it with the dead letters
    return batch_of(event) if isinstance(event, MetricBatchCollected | MetricCollected) else []


def _now() -> int:
    return round(datetime.now(UTC).timestamp() * 1000)
