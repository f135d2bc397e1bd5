"""What is kept of a monitor: its checks over time, and its pages - shown, compared, pointed at."""

import asyncio
from collections.abc import Awaitable, Callable

from monitors_contracts.base import Id
from monitors_contracts.evaluations import (
    EvaluationPage,
    GetMonitorValues,
    ListEvaluations,
    MonitorValues,
    Pointed,
    PointMonitor,
)
from monitors_contracts.monitors import Evidence, Interpretation, MonitorUpdated, MonitorView, Reading
from monitors_contracts.snapshots import CompareSnapshots, DiffLine, ShownSnapshot, ShowSnapshot, SnapshotDiff
from monitors_runtime.cursor import cursor_id, next_cursor
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service

from . import history, store
from .commands import not_found
from .contents import packed
from .domain import definition
from .domain.crossing import clearing
from .domain.extraction import Page
from .domain.extraction.places import place_at, place_saying
from .domain.extraction.pointing import Target, plan_for
from .domain.showing import compare, render

PageOf = Callable[[Id, Id], Awaitable[Page]]


class Kept:
    """Answers about the past of one monitor. `page_of` gives the page that an organization's snapshot keeps."""

    def __init__(self, service: Service, page_of: PageOf) -> None:
        self._service = service
        self._page_of = page_of

    async def list_evaluations(self, query: ListEvaluations) -> EvaluationPage:
        """A page of a monitor's history."""
        await self._monitor(query)
        found = await history.page(
            self._service.runtime.pool,
            query.organization_id,
            query.monitor_id,
            verdict=query.verdict,
            since=query.since,
            until=query.until,
            before=cursor_id(query.cursor),
            limit=query.limit,
        )
        return EvaluationPage(evaluations=found, next_cursor=next_cursor(found, query.limit))

    async def get_monitor_values(self, query: GetMonitorValues) -> MonitorValues:
        """What a monitor's checks read, to be drawn."""
        monitor = await self._monitor(query)
        read = history.numbers if monitor.interpretation.fact_type == "number" else history.changes
        pool = self._service.runtime.pool
        found = await read(pool, query.organization_id, query.monitor_id, query.since, query.until, query.points)
        return found.model_copy(update={"unit": found.unit or monitor.unit})

    async def show_snapshot(self, query: ShowSnapshot) -> ShownSnapshot:
        """A kept page, with the fact marked."""
        evidence = await self._evidence(query)
        page = await self._page_of(query.organization_id, query.snapshot_id)
        shown = await asyncio.to_thread(render, page, evidence, query.with_places, query.place)
        return ShownSnapshot(
            title=shown.title,
            content=packed(shown.html),
            is_marked=shown.is_marked,
            is_truncated=shown.is_truncated,
        )

    async def compare_snapshots(self, query: CompareSnapshots) -> SnapshotDiff:
        """What changed between two kept pages."""
        after, before = await asyncio.gather(
            self._page_of(query.organization_id, query.snapshot_id),
            self._page_of(query.organization_id, query.against_id),
        )
        found = await asyncio.to_thread(compare, before, after)
        return SnapshotDiff(
            hunks=[[DiffLine(kind=kind, text=text) for kind, text in hunk] for hunk in found.hunks],
            added=found.added,
            removed=found.removed,
            is_truncated=found.is_truncated,
        )

    async def point(self, command: PointMonitor) -> Pointed:
        """Read the fact at another place from now on. An alert stays only if what stands there is a ground for it too."""
        monitor = await self._monitor(command)
        page = await self._page_of(command.organization_id, command.snapshot_id)
        address, target = await asyncio.to_thread(_aim, page, monitor.interpretation, command)
        read = target.extraction
        evidence = read.evidence.model_copy(update={"snapshot_id": command.snapshot_id, "url": page.url or None})
        reading = Reading(value=read.value, unit=read.unit, evidence=evidence, confidence=read.confidence)
        if command.dry_run:
            return Pointed(place=address, reading=reading)
        async with self._service.transaction(correlation=command.monitor_id) as tx:
            known = await store.get(tx.db, command.organization_id, command.monitor_id, for_update=True)
            if known is None:
                raise not_found()
            if known.monitor.interpretation != monitor.interpretation:
                raise problem("conflict", "The monitor was edited meanwhile", 409, "Look at it, and point again.")
            pointed = definition.point(known.monitor, target, tx.now)
            if not pointed.condition_met and (
                cleared := clearing(known.monitor, "its fact is read at another place now", pointed.id, tx.now)
            ):
                tx.publish(cleared)
            event = MonitorUpdated(organization_id=pointed.organization_id, monitor_id=pointed.id, monitor=pointed)
            await store.apply(tx.db, event)
            tx.publish(event)
        return Pointed(place=address, reading=reading, monitor=pointed)

    async def _monitor(self, query: ListEvaluations | GetMonitorValues | PointMonitor) -> MonitorView:
        known = await store.get(self._service.runtime.pool, query.organization_id, query.monitor_id)
        if known is None:
            raise not_found()
        return known.monitor

    async def _evidence(self, query: ShowSnapshot) -> Evidence | None:
        if query.refresh_id is None:
            return None
        found = await store.evaluations(self._service.runtime.pool, query.organization_id, [query.refresh_id])
        if not found:
            raise problem("evaluation-not-found", "No such evaluation", 404)
        return found[0].evidence


def _aim(page: Page, interpretation: Interpretation, command: PointMonitor) -> tuple[str, Target]:
    """The place meant, and the plan that reads it. Problems: `no-such-place`, `nothing-to-read-there`."""
    place = place_at(page, command.place) if command.place is not None else place_saying(page, command.text or "")
    if place is None:
        raise problem("no-such-place", "There is no such place on the page", 422, "Choose one that the page shows.")
    target = plan_for(page, interpretation, place)
    if target is None:
        shown = place.text if len(place.text) <= 80 else f"{place.text[:80]}…"
        detail = f"No {interpretation.fact} can be read from “{shown}”. Choose the very piece that states it."
        raise problem("nothing-to-read-there", "Nothing to read there", 422, detail)
    return place.address, target
