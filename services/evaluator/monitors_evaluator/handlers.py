"""One short function a message."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from prometheus_client import Counter

from monitors_contracts.base import Id, new_id
from monitors_contracts.collection import ListMonitors, MonitorList
from monitors_contracts.monitors import (
    Evaluation,
    EvaluationList,
    Fetched,
    GetEvaluations,
    GetMonitor,
    Interpretation,
    InterpretPrompt,
    MonitorDetail,
    MonitorEvaluated,
    MonitorRefreshRequested,
    MonitorView,
    Reading,
    RefreshAccepted,
    RequestRefreshes,
)
from monitors_contracts.pages import Failure, PageFetched, PageFetchFailed
from monitors_contracts.platform import AiUsageRecorded, GetAiUsage, UsageReply
from monitors_runtime.consumer import Received, Unit, one_each
from monitors_runtime.errors import Retryable, problem
from monitors_runtime.runtime import Service

from . import listing, store
from .commands import Commands, not_found
from .contents import kept_page
from .domain import definition
from .domain.crossing import evaluation_of, events_of
from .domain.extraction import Extraction
from .domain.interpretation import NotUnderstood
from .domain.verdict import State, decide
from .kept import Kept
from .providers.assembly import build_chain
from .providers.budget import month_of
from .providers.chain import Asker
from .providers.settings import AiSettings
from .reading import PageRead, Reader

VERDICTS = Counter("monitors_verdicts_total", "Evaluations, by verdict and reason", ("verdict", "reason"))


log = structlog.get_logger(__name__)

OVERDUE_AFTER = timedelta(minutes=15)
"""Longer than any page takes, retries of a message included."""

PageUnit = Unit[PageFetched | PageFetchFailed, PageRead | None]


class Handlers:
    """The evaluator's answers to events, commands and queries."""

    def __init__(self, service: Service, settings: AiSettings) -> None:
        self._service = service
        self._budget_usd = settings.ai_budget_usd_per_month
        self._providers = build_chain(settings, self._spent, self._record_usage, lambda: datetime.now(UTC))
        self._reader = Reader(service.runtime, self._providers)
        self.commands = Commands(service, self._interpret)
        self.kept = Kept(service, partial(kept_page, service.runtime))
        self._sweeping: asyncio.Task[None] | None = None

    # -- pages ------------------------------------------------------------------------------------------------------

    async def read_page(self, received: Received[PageFetched | PageFetchFailed]) -> PageRead | None:
        """Find the fact on the page (no transaction is open)."""
        return await self._reader.read(received.event)

    async def pages_read(self, units: Sequence[PageUnit]) -> None:
        """Decide what pages mean, once a refresh. Of several pages of one monitor, each is decided after the one before."""
        for turn in one_each(units, lambda unit: unit.received.event.monitor_id):
            await self._decide_all(turn)

    async def _decide_all(self, units: Sequence[PageUnit]) -> None:
        """Decide for different monitors."""
        db = units[0].tx.db
        events = [unit.received.event for unit in units]
        monitors = [(event.organization_id, event.monitor_id) for event in events]
        known = await store.get_these(db, monitors, for_update=True)
        pending = await store.pending(db, [(event.organization_id, event.refresh_id) for event in events])
        evaluated: list[tuple[MonitorView, MonitorEvaluated]] = []
        confirmations: list[MonitorRefreshRequested] = []
        for unit, monitor in zip(units, monitors, strict=True):
            if monitor in known and unit.received.event.refresh_id in pending and unit.result is not None:
                follows = self._decide(
                    unit, unit.result, known[monitor].monitor, *pending[unit.received.event.refresh_id]
                )
                if isinstance(follows, MonitorEvaluated):
                    evaluated.append((known[monitor].monitor, follows))
                else:
                    confirmations.append(follows)
        if evaluated:
            await store.apply_evaluated(db, evaluated)
        if confirmations:
            await store.add_pending(db, confirmations)

    def _decide(
        self, unit: PageUnit, read: PageRead, monitor: MonitorView, pending: Evaluation, suspect: Reading | None
    ) -> MonitorEvaluated | MonitorRefreshRequested:
        """The verdict, published; or the second fetch that a surprising value needs before it counts."""
        tx, event = unit.tx, unit.received.event
        if read.defined_at != monitor.updated_at:
            raise Retryable("the monitor was edited while its page was read", delay=0.05)
        decision = decide(
            monitor.interpretation,
            State(monitor.current_value, monitor.condition_met),
            read.outcome,
            pending=suspect.value if suspect else None,
            rederived=read.rederived,
        )
        extraction = read.outcome if isinstance(read.outcome, Extraction) else None
        if decision.needs_confirmation and extraction:
            seen = Reading(
                value=extraction.value,
                unit=extraction.unit,
                evidence=extraction.evidence,
                confidence=extraction.confidence,
            )
            confirmation = definition.refresh(monitor, pending.id, "confirmation", tx.now, seen)
            tx.publish(confirmation)
            return confirmation
        evaluation = evaluation_of(
            pending,
            decision,
            tx.now,
            unit=extraction.unit if extraction else None,
            confidence=extraction.confidence if extraction else 0,
            evidence=extraction.evidence if extraction else None,
            detail=event.detail if isinstance(event, PageFetchFailed) else None,
            processing_time_ms=read.took_ms,
            condition=monitor.interpretation.trigger_condition,
            fetched=_fetched(event),
            new_plan=read.plan is not None,
        )
        evaluated, following = events_of(
            monitor,
            evaluation,
            decision,
            plan=read.plan,
            content_hash=read.content_hash,
            batch_id=new_id(),
            measured_at=event.fetched_at if isinstance(event, PageFetched) else tx.now,
        )
        tx.publish(evaluated, *following)
        VERDICTS.labels(decision.verdict, decision.reason).inc()
        return evaluated

    async def start(self) -> None:
        """Look for checks that got no answer."""
        self._sweeping = asyncio.create_task(self._end_overdue(), name="overdue checks")

    async def stop(self) -> None:
        """Look no more."""
        if self._sweeping:
            self._sweeping.cancel()

    async def _end_overdue(self) -> None:
        while True:
            await asyncio.sleep(60)
            try:
                await self.end_overdue(datetime.now(UTC) - OVERDUE_AFTER)
            except Exception:
                log.exception("overdue checks are looked for again in a minute")

    async def end_overdue(self, before: datetime) -> None:
        """A check whose page is lost for good (its message is a dead letter, say) still gets its verdict: failed."""
        async with self._service.transaction() as tx:
            waiting = await store.overdue(tx.db, before)
            monitors = [(organization, monitor) for organization, monitor, _ in waiting]
            known = await store.get_these(tx.db, monitors, for_update=True) if waiting else {}
            for organization, monitor_id, pending in waiting:
                if (organization, monitor_id) not in known:
                    continue
                monitor = known.pop((organization, monitor_id)).monitor  # its other overdue checks: with the next round
                state = State(monitor.current_value, monitor.condition_met)
                decision = decide(monitor.interpretation, state, Failure.TIMEOUT)
                evaluation = evaluation_of(
                    pending,
                    decision,
                    tx.now,
                    unit=None,
                    confidence=0,
                    evidence=None,
                    detail="The check got no answer and was given up. Check again.",
                    processing_time_ms=0,
                    condition=monitor.interpretation.trigger_condition,
                )
                evaluated, _ = events_of(
                    monitor,
                    evaluation,
                    decision,
                    plan=None,
                    content_hash=None,
                    batch_id=new_id(),
                    measured_at=tx.now,
                )
                await store.apply_evaluated(tx.db, [(monitor, evaluated)])
                tx.publish(evaluated, correlation=pending.id)

    # -- commands ---------------------------------------------------------------------------------------------------

    async def interpret_prompt(self, command: InterpretPrompt) -> Interpretation:
        """What a sentence means."""
        return await self._interpret(command.prompt, Asker(command.organization_id, command.user_id))

    async def request_refreshes(self, command: RequestRefreshes) -> RefreshAccepted:
        """Start checks; once answered, each will have its verdict. A refresh known already is not started again."""
        refused: dict[str, str] = {}
        events: list[MonitorRefreshRequested] = []
        async with self._service.transaction() as tx:
            ids = [item.monitor_id for item in command.items]
            monitors = await store.get_many(tx.db, command.organization_id, ids)
            for item in {item.refresh_id: item for item in command.items}.values():
                monitor = monitors.get(item.monitor_id)
                if monitor is None or not monitor.is_active:
                    refused[str(item.refresh_id)] = "monitor-paused" if monitor else "monitor-not-found"
                    continue
                events.append(definition.refresh(monitor, item.refresh_id, command.cause, tx.now))
            fresh = await store.add_pending(tx.db, events)
            for event in events:
                if event.refresh_id in fresh:
                    tx.publish(event, correlation=event.refresh_id)
        return RefreshAccepted(accepted=[event.refresh_id for event in events], refused=refused)

    # -- queries ----------------------------------------------------------------------------------------------------

    async def list_monitors(self, query: ListMonitors) -> MonitorList:
        """A page of a user's monitors."""
        return await listing.find(self._service.runtime.pool, query)

    async def get_monitor(self, query: GetMonitor) -> MonitorDetail:
        """One monitor with its history."""
        pool = self._service.runtime.pool
        known = await store.get(pool, query.organization_id, query.monitor_id)
        if known is None:
            raise not_found()
        history = await store.history(pool, query.organization_id, query.monitor_id, query.history)
        return MonitorDetail(monitor=known.monitor, evaluations=history)

    async def get_evaluations(self, query: GetEvaluations) -> EvaluationList:
        """What became of refreshes."""
        found = await store.evaluations(self._service.runtime.pool, query.organization_id, query.refresh_ids)
        return EvaluationList(evaluations=found)

    async def get_ai_usage(self, query: GetAiUsage) -> UsageReply:
        """What AI providers cost this month."""
        month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        providers = await store.usage(self._service.runtime.pool, query.organization_id, month)
        return UsageReply(month=month_of(month), providers=providers, budget_usd=self._budget_usd)

    # -- helpers ----------------------------------------------------------------------------------------------------

    async def _interpret(self, prompt: str, asker: Asker) -> Interpretation:
        try:
            return (await self._providers.interpret(prompt, asker)).value
        except NotUnderstood as reason:
            detail = f"{reason}. Try: tell me when the price at https://shop.example/kettle drops below $50"
            raise problem("not-understood", "Not understood", 422, detail) from None

    async def _spent(self, organization_id: Id, month: str) -> float:
        begins = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
        return await store.spent(self._service.runtime.pool, organization_id, begins)

    async def _record_usage(self, usage: AiUsageRecorded) -> None:
        async with self._service.transaction() as tx:
            await store.add_usage(tx.db, usage)
            tx.publish(usage)


def _fetched(event: PageFetched | PageFetchFailed) -> Fetched | None:
    """How the page was come by; None for one that was not."""
    if isinstance(event, PageFetchFailed):
        return None
    return Fetched(
        snapshot_id=event.snapshot_id,
        rendered_by=event.rendered_by,
        status=event.status,
        unchanged=event.unchanged,
        fetched_at=event.fetched_at,
        duration_ms=event.duration_ms,
    )
