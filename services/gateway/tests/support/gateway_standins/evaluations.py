"""What the evaluator shows of a monitor's checks: their history, its values, and the pages that were read."""

import base64
from typing import Any

import zstandard

from monitors_contracts import evaluations, monitors, pages, snapshots
from monitors_contracts.base import Id
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service

from .monitors import Monitors
from .scraper import Scraper

SHOWN = '<script>alert(1)</script><p onclick=x()>Price: <a href="place:b1"><mark id="fact">$42</mark></a></p>'


class Evaluations:
    """Pages that the scraper keeps all show the price of a kettle; the one place where none is to be read is `b9`."""

    def __init__(self, service: Service, known_monitors: Monitors, scraper: Scraper) -> None:
        self.asked: list[Any] = []
        self._monitors = known_monitors
        self._scraper = scraper
        service.answer(evaluations.ListEvaluations, self.list_evaluations)
        service.answer(evaluations.GetMonitorValues, self.values)
        service.answer(evaluations.PointMonitor, self.point)
        service.answer(snapshots.ShowSnapshot, self.show_snapshot)
        service.answer(snapshots.CompareSnapshots, self.compare_snapshots)

    async def list_evaluations(self, request: evaluations.ListEvaluations) -> evaluations.EvaluationPage:
        found = self._monitors.find(request.organization_id, request.monitor_id)
        self.asked.append(request)
        mine = [each for each in self._monitors.evaluations.values() if each.monitor_id == found.id]
        return evaluations.EvaluationPage(evaluations=mine[: request.limit], next_cursor=request.cursor)

    async def values(self, request: evaluations.GetMonitorValues) -> evaluations.MonitorValues:
        self._monitors.find(request.organization_id, request.monitor_id)
        self.asked.append(request)
        return evaluations.MonitorValues(unit="USD", times=[1.0, 2.0], values=[42.0, None])

    async def point(self, request: evaluations.PointMonitor) -> evaluations.Pointed:
        found = self._monitors.find(request.organization_id, request.monitor_id)
        self.asked.append(request)
        await self._find_snapshot(found.organization_id, request.snapshot_id)
        if request.place == "b9":
            raise problem("nothing-to-read-there", "Nothing to read there", 422, "No price there.")
        evidence = monitors.Evidence(quote="$52", method="table_cell", snapshot_id=request.snapshot_id)
        reading = monitors.Reading(value=52.0, unit="USD", evidence=evidence, confidence=0.95)
        monitor = None if request.dry_run else found
        return evaluations.Pointed(place=request.place or "c0.2.1", reading=reading, monitor=monitor)

    async def show_snapshot(self, request: snapshots.ShowSnapshot) -> snapshots.ShownSnapshot:
        await self._find_snapshot(request.organization_id, request.snapshot_id)
        self.asked.append(request)
        content = base64.b64encode(zstandard.compress(SHOWN.encode())).decode()
        return snapshots.ShownSnapshot(title="<Kettle>", content=content, is_marked=True)

    async def compare_snapshots(self, request: snapshots.CompareSnapshots) -> snapshots.SnapshotDiff:
        for each in (request.snapshot_id, request.against_id):
            await self._find_snapshot(request.organization_id, each)
        line = snapshots.DiffLine(kind="added", text="South | $49")
        return snapshots.SnapshotDiff(hunks=[[line]], added=1, removed=0)

    async def _find_snapshot(self, organization_id: Id, snapshot_id: Id) -> None:
        await self._scraper.snapshot(pages.GetSnapshot(organization_id=organization_id, snapshot_id=snapshot_id))
