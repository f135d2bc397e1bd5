"""Silences: made, changed, ended and asked for; what silences, windows and inhibition hold back, and held back."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from monitors_contracts.alerts import Severity
from monitors_contracts.base import Id
from monitors_contracts.matchers import Matcher
from monitors_contracts.silences import (
    CreateSilence,
    ExpireSilence,
    GetSilence,
    HeldAlerts,
    Holding,
    Holdings,
    ListHeld,
    ListHoldings,
    ListSilences,
    Matched,
    PreviewMatchers,
    Silence,
    SilenceChanged,
    SilenceList,
    SilenceView,
    UpdateSilence,
)
from monitors_runtime.cursor import cursor_id, next_cursor
from monitors_runtime.database import Connection, Pool
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import changes, held, store, suppressing, suppression_store
from .domain import silencing
from .domain.silencing import Caution, SilenceOver
from .held import Totals
from .open_labels import count_open, open_labels
from .settings import AlerterSettings

MOST_SILENCES = 10_000
"""Of an organization, that have not ended."""


class Silencing:
    """The alerter's answers about silences, and about what is held back."""

    def __init__(self, service: Service, settings: AlerterSettings) -> None:
        self._service = service
        self._caution = Caution(settings.silence_confirm_share, settings.silence_confirm_least)

    async def create_silence(self, command: CreateSilence) -> SilenceView:
        """Somebody silences alerts."""
        async with self._service.transaction() as tx:
            known = await suppression_store.hold_silence(tx.db, command.organization_id, command.silence_id)
            if known is None:
                if await suppression_store.count_lasting(tx.db, command.organization_id, tx.now) >= MOST_SILENCES:
                    raise problem("silence-limit", "Too many silences", 409, f"{MOST_SILENCES} silences last already.")
                try:
                    known = silencing.make(command.spec, command.silence_id, command.user_id, tx.now)
                except SilenceOver as over:
                    raise _over(over) from over
                await self._save(tx, command.organization_id, known, command.confirm)
            return await _view(tx.db, command.organization_id, known, tx.now)

    async def update_silence(self, command: UpdateSilence) -> SilenceView:
        """Somebody changes a silence."""
        async with self._service.transaction() as tx:
            known = await _held(tx.db, command.organization_id, command.silence_id)
            try:
                changed = silencing.change(known, command.spec, tx.now)
            except SilenceOver as over:
                kind = "silence-expired" if known.ends_at <= tx.now else "silence-over"
                raise _over(over, kind) from over
            is_wider = changed.matchers != known.matchers
            await self._save(tx, command.organization_id, changed, command.confirm or not is_wider)
            return await _view(tx.db, command.organization_id, changed, tx.now)

    async def expire_silence(self, command: ExpireSilence) -> SilenceView:
        """Somebody ends a silence."""
        async with self._service.transaction() as tx:
            known = await _held(tx.db, command.organization_id, command.silence_id)
            if ended := silencing.expire(known, command.user_id, tx.now):
                await self._save(tx, command.organization_id, ended, confirmed=True)
            return await _view(tx.db, command.organization_id, ended or known, tx.now)

    async def _save(self, tx: Transaction, organization_id: Id, silence: Silence, confirmed: bool) -> None:
        if not confirmed:
            matched = await self._matched(tx.db, organization_id, silence.matchers, limit=0)
            if matched.too_broad:
                detail = f"{matched.too_broad} Send it with `confirm=true` to do so."
                raise problem("silence-too-broad", "Hides much", 409, detail)
        event = SilenceChanged(organization_id=organization_id, silence_id=silence.id, silence=silence)
        await suppression_store.apply(tx.db, event)
        tx.publish(event)
        await changes.reconsider(tx.db, organization_id)

    async def get_silence(self, query: GetSilence) -> SilenceView:
        """One silence."""
        pool = self._service.runtime.pool
        known = await suppression_store.silence(pool, query.organization_id, query.silence_id)
        if known is None:
            raise _not_found()
        return await _view(pool, query.organization_id, known, datetime.now(UTC))

    async def list_silences(self, query: ListSilences) -> SilenceList:
        """A page of silences."""
        pool, now = self._service.runtime.pool, datetime.now(UTC)
        found, counts = await suppression_store.find_silences(pool, query, cursor_id(query.cursor), now)
        totals = await held.totals(pool, query.organization_id, [each.id for each in found])
        return SilenceList(
            silences=[_shown(each, totals, now) for each in found],
            total=sum(counts.get(each, 0) for each in query.states or counts),
            counts=counts,
            next_cursor=next_cursor(found, query.limit),
        )

    async def preview_matchers(self, query: PreviewMatchers) -> Matched:
        """What matchers choose now."""
        async with self._service.runtime.pool.acquire() as db, db.transaction(readonly=True):
            return await self._matched(db, query.organization_id, query.matchers, query.limit)

    async def _matched(self, db: Connection, organization_id: Id, matchers: Sequence[Matcher], limit: int) -> Matched:
        severities, shown = Counter[Severity](), list[Id]()
        async for alert in open_labels(db, organization_id, matchers):
            severities[alert.severity] += 1
            if len(shown) < limit:
                shown.append(alert.alert_id)
        matched, total = severities.total(), await count_open(db, organization_id)
        return Matched(
            open=total,
            matched=matched,
            by_severity=severities,
            alerts=await store.these(db, organization_id, shown) if shown else [],
            too_broad=silencing.too_broad(matchers, matched, total, self._caution),
        )

    async def list_held(self, query: ListHeld) -> HeldAlerts:
        """What something held back."""
        return await held.of_holder(self._service.runtime.pool, query.organization_id, query.holder_id, query.limit)

    async def list_holdings(self, query: ListHoldings) -> Holdings:
        """What holds alerts back."""
        pool = self._service.runtime.pool
        alerts = [
            each for each in await store.these(pool, query.organization_id, query.alert_ids) if not each.resolved_at
        ]
        found = await suppressing.suppressions(pool, query.organization_id, alerts, datetime.now(UTC))
        return Holdings(
            holdings={
                alert_id: [
                    Holding(kind=each.kind, id=each.id, words=each.words, until=each.until, inhibitor=each.inhibitor)
                    for each in suppressions
                ]
                for alert_id, suppressions in found.items()
            }
        )


async def _held(db: Connection, organization_id: Id, silence_id: Id) -> Silence:
    """A silence that nobody else changes until the transaction ends."""
    known = await suppression_store.hold_silence(db, organization_id, silence_id)
    if known is None:
        raise _not_found()
    return known


async def _view(db: Connection | Pool, organization_id: Id, silence: Silence, now: datetime) -> SilenceView:
    return _shown(silence, await held.totals(db, organization_id, [silence.id]), now)


def _shown(silence: Silence, totals: Mapping[Id, Totals], now: datetime) -> SilenceView:
    total = totals.get(silence.id, Totals())
    return SilenceView(**dict(silence), state=silencing.state(silence, now), held=total.held, holding=total.holding)


def _over(why: SilenceOver, kind: str = "silence-over") -> ProblemError:
    return problem(kind, "Silence is over", 409 if kind == "silence-expired" else 422, str(why))


def _not_found() -> ProblemError:
    return problem(
        "silence-not-found", "No such silence", 404, "There is no silence with this id in your organization."
    )
