"""Maintenance windows: planned, changed, taken away, and when they are open."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from monitors_contracts.base import Done, Id
from monitors_contracts.maintenance import (
    CreateWindow,
    DeleteWindow,
    GetWindow,
    ListWindows,
    MaintenanceChanged,
    MaintenanceDeleted,
    MaintenanceWindow,
    Occurrence,
    Occurrences,
    PreviewWindow,
    UpdateWindow,
    WindowList,
    WindowSpec,
    WindowView,
)
from monitors_runtime.database import Connection, Pool
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import changes, held, suppression_store
from .domain import recurrence
from .held import Totals

MOST_WINDOWS = 500
LONGEST_CALENDAR = timedelta(days=400)

Spans: TypeAlias = Callable[[WindowSpec], Sequence[Occurrence]]


class Maintaining:
    """The alerter's answers about maintenance windows."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def create_window(self, command: CreateWindow) -> WindowView:
        """Somebody plans maintenance."""
        await _check(command.spec)
        async with self._service.transaction() as tx:
            known = await suppression_store.window(tx.db, command.organization_id, command.window_id)
            if known is None:
                if await suppression_store.count_windows(tx.db, command.organization_id) >= MOST_WINDOWS:
                    raise problem("window-limit", "Too many windows", 409, f"There are {MOST_WINDOWS} already.")
                known = MaintenanceWindow(
                    id=command.window_id,
                    spec=command.spec,
                    created_by=command.user_id,
                    created_at=tx.now,
                    updated_at=tx.now,
                )
                await self._save(tx, command.organization_id, known)
            return await _view(tx.db, command.organization_id, known, tx.now)

    async def update_window(self, command: UpdateWindow) -> WindowView:
        """Somebody changes a window."""
        await _check(command.spec)
        async with self._service.transaction() as tx:
            known = await suppression_store.hold_window(tx.db, command.organization_id, command.window_id)
            if known is None:
                raise _not_found()
            changed = known.model_copy(
                update={"spec": command.spec, "updated_at": tx.now, "version": known.version + 1}
            )
            await self._save(tx, command.organization_id, changed)
            return await _view(tx.db, command.organization_id, changed, tx.now)

    async def _save(self, tx: Transaction, organization_id: Id, window: MaintenanceWindow) -> None:
        event = MaintenanceChanged(organization_id=organization_id, window_id=window.id, window=window)
        await suppression_store.apply(tx.db, event)
        tx.publish(event)
        await changes.reconsider(tx.db, organization_id)

    async def delete_window(self, command: DeleteWindow) -> Done:
        """Somebody takes a window away."""
        async with self._service.transaction() as tx:
            if await suppression_store.hold_window(tx.db, command.organization_id, command.window_id) is None:
                raise _not_found()
            event = MaintenanceDeleted(organization_id=command.organization_id, window_id=command.window_id)
            await suppression_store.apply(tx.db, event)
            tx.publish(event)
            await changes.reconsider(tx.db, command.organization_id)
        return Done()

    async def get_window(self, query: GetWindow) -> WindowView:
        """One window."""
        pool = self._service.runtime.pool
        known = await suppression_store.window(pool, query.organization_id, query.window_id)
        if known is None:
            raise _not_found()
        return await _view(pool, query.organization_id, known, datetime.now(UTC))

    async def list_windows(self, query: ListWindows) -> WindowList:
        """All windows."""
        pool, now = self._service.runtime.pool, datetime.now(UTC)
        windows = await suppression_store.windows(pool, query.organization_id)
        totals = await held.totals(pool, query.organization_id, [each.id for each in windows])
        spans = _between(query, now)
        return WindowList(windows=[_shown(each, totals, now, spans) for each in windows])

    async def preview_window(self, query: PreviewWindow) -> Occurrences:
        """When a window would be open."""
        await _check(query.spec)
        return Occurrences(occurrences=recurrence.upcoming(query.spec, datetime.now(UTC)))


async def _check(spec: WindowSpec) -> None:
    """Problem: `invalid-recurrence`. In a thread: to be sure of a rule that never comes takes a while."""
    try:
        await asyncio.to_thread(recurrence.check, spec)
    except recurrence.InvalidRecurrence as wrong:
        raise problem("invalid-recurrence", "Invalid recurrence", 422, str(wrong)) from wrong


def _between(query: ListWindows, now: datetime) -> Spans:
    if query.since is None or query.until is None:
        return lambda spec: recurrence.upcoming(spec, now)
    since, until = query.since, min(query.until, query.since + LONGEST_CALENDAR)
    return lambda spec: recurrence.occurrences(spec, since, until)


async def _view(db: Connection | Pool, organization_id: Id, window: MaintenanceWindow, now: datetime) -> WindowView:
    totals = await held.totals(db, organization_id, [window.id])
    return _shown(window, totals, now, lambda spec: recurrence.upcoming(spec, now))


def _shown(window: MaintenanceWindow, totals: Mapping[Id, Totals], now: datetime, spans: Spans) -> WindowView:
    total = totals.get(window.id, Totals())
    return WindowView(
        **dict(window),
        is_open=recurrence.is_open(window.spec, now),
        occurrences=list(spans(window.spec)),
        held=total.held,
        holding=total.holding,
    )


def _not_found() -> ProblemError:
    return problem("window-not-found", "No such window", 404, "There is no window with this id in your organization.")
