"""The evaluator's monitors and their checks. A monitor's name says how its checks end: see `_begin`."""

import asyncio
from datetime import UTC, datetime, timedelta

from monitors_contracts import collection, monitors, platform
from monitors_contracts.base import Id
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service

from .later import Later


def interpretation(prompt: str) -> monitors.Interpretation:
    condition = monitors.Condition(op=monitors.Operator.LE, value=50, unit="USD", strict=True)
    return monitors.Interpretation(
        kind="state",
        fact="price",
        fact_type="number",
        condition=condition,
        url="https://shop.example/kettle",
        name=prompt[:20],
        confidence=0.9,
    )


class Monitors:
    """Made, listed, changed, deleted and checked as the evaluator does, without reading any page."""

    def __init__(self, service: Service) -> None:
        self.known: dict[Id, monitors.MonitorView] = {}
        self.evaluations: dict[Id, monitors.Evaluation] = {}
        self.deleted: dict[Id, tuple[monitors.MonitorView, datetime]] = {}
        self.creations: list[Id] = []
        self.listings: list[collection.ListMonitors] = []
        self.delay = 0.0
        """Seconds that a creation takes."""
        self._service = service
        self._later = Later()
        service.answer(monitors.CreateMonitor, self.create)
        service.answer(collection.ListMonitors, self.list_monitors)
        service.answer(monitors.GetMonitor, self.get)
        service.answer(monitors.UpdateMonitor, self.update)
        service.answer(collection.DeleteMonitor, self.delete)
        service.answer(collection.RestoreMonitor, self.restore)
        service.answer(collection.DuplicateMonitor, self.duplicate)
        service.answer(monitors.InterpretPrompt, self.interpret)
        service.answer(monitors.RequestRefreshes, self.refresh)
        service.answer(monitors.GetEvaluations, self.get_evaluations)
        service.answer(platform.GetAiUsage, self.usage)

    async def create(self, request: monitors.CreateMonitor) -> monitors.MonitorView:
        await asyncio.sleep(self.delay)
        self.creations.append(request.monitor_id)
        if "nowhere" in request.prompt:
            raise problem("no-source-url", "No address", 422)
        self._has_room(request.user_id, request.limit)
        now = datetime.now(UTC)
        meaning = request.interpretation or interpretation(request.prompt)
        if meaning.url and not meaning.url.startswith("http"):
            refused = problem("invalid-interpretation", "Invalid interpretation", 422, "The address is none.")
            refused.problem = refused.problem.model_copy(
                update={"errors": [{"field": "interpretation.extractedFact", "message": "Say it."}]}
            )
            raise refused
        view = monitors.MonitorView(
            id=request.monitor_id,
            organization_id=request.organization_id,
            user_id=request.user_id,
            name=request.name or meaning.name,
            prompt=request.prompt,
            interpretation=meaning,
            source=request.source,
            created_at=now,
            updated_at=now,
        )
        self.known[view.id] = view
        async with self._service.transaction() as tx:
            tx.publish(monitors.MonitorCreated(organization_id=view.organization_id, monitor_id=view.id, monitor=view))
        return view

    def _has_room(self, user_id: Id, limit: int) -> None:
        mine = [each for each in self.known.values() if each.user_id == user_id]
        if limit and len(mine) >= limit:
            raise problem("monitor-limit", "Monitor limit", 409, "Delete one first.")

    async def list_monitors(self, request: collection.ListMonitors) -> collection.MonitorList:
        self.listings.append(request)
        mine = [each for each in self.known.values() if each.user_id == request.user_id]
        found = [
            each
            for each in mine
            if (request.text or "").casefold() in each.name.casefold() and request.status in (None, each.status)
        ]
        recent = {
            each.id: [
                collection.RecentValue(at=check.requested_at, value=check.value, verdict=check.verdict)
                for check in self.evaluations.values()
                if check.monitor_id == each.id and check.status == "done"
            ][-request.recent :]
            for each in found
            if request.recent
        }
        return collection.MonitorList(
            monitors=found[: request.limit], total=len(found), owned=len(mine), recent_values=recent
        )

    async def get(self, request: monitors.GetMonitor) -> monitors.MonitorDetail:
        found = self.find(request.organization_id, request.monitor_id)
        checks = [each for each in self.evaluations.values() if each.monitor_id == found.id]
        return monitors.MonitorDetail(monitor=found, evaluations=checks[: request.history])

    async def update(self, request: monitors.UpdateMonitor) -> monitors.MonitorView:
        found = self.find(request.organization_id, request.monitor_id)
        changes = request.model_dump(include={"name", "is_active", "prompt"}, exclude_none=True, by_alias=False)
        if request.interpretation:
            changes["interpretation"] = request.interpretation
        self.known[found.id] = found.model_copy(update=changes)
        return self.known[found.id]

    async def delete(self, request: collection.DeleteMonitor) -> collection.MonitorGone:
        gone = self.find(request.organization_id, request.monitor_id)
        del self.known[gone.id]
        until = datetime.now(UTC) + timedelta(minutes=request.restorable_minutes)
        self.deleted[gone.id] = gone, until
        return collection.MonitorGone(restorable_until=until)

    async def restore(self, request: collection.RestoreMonitor) -> monitors.MonitorView:
        gone, until = self.deleted.get(request.monitor_id, (None, None))
        if gone is None or until is None or gone.organization_id != request.organization_id:
            return self.find(request.organization_id, request.monitor_id)
        if until <= datetime.now(UTC):
            raise problem("monitor-erased", "Too late", 410)
        self._has_room(gone.user_id, request.limit)
        self.known[gone.id], _ = self.deleted.pop(gone.id)
        return gone

    async def duplicate(self, request: collection.DuplicateMonitor) -> monitors.MonitorView:
        found = self.find(request.organization_id, request.monitor_id)
        self._has_room(request.user_id, request.limit)
        copy = found.model_copy(update={"id": request.copy_id, "name": f"{found.name} (copy)"})
        self.known[copy.id] = copy
        return copy

    async def interpret(self, request: monitors.InterpretPrompt) -> monitors.Interpretation:
        return interpretation(request.prompt)

    async def refresh(self, request: monitors.RequestRefreshes) -> monitors.RefreshAccepted:
        accepted: list[Id] = []
        refused: dict[str, str] = {}
        for item in request.items:
            found = self.known.get(item.monitor_id)
            if found is None or found.organization_id != request.organization_id:
                refused[str(item.refresh_id)] = "monitor-not-found"
            elif not found.is_active:
                refused[str(item.refresh_id)] = "monitor-paused"
            else:
                accepted.append(item.refresh_id)
                self._begin(found, item.refresh_id)
        return monitors.RefreshAccepted(accepted=accepted, refused=refused)

    def _begin(self, monitor: monitors.MonitorView, refresh_id: Id) -> None:
        now = datetime.now(UTC)
        pending = monitors.Evaluation(id=refresh_id, monitor_id=monitor.id, status="pending", requested_at=now)
        self.evaluations[refresh_id] = pending
        if monitor.name == "slow":
            return
        ends = {
            "fails": {"verdict": "failed", "reason": "captcha", "detail": "The page asks for a captcha."},
            "triggers": {"verdict": "triggered", "reason": "condition-met", "value": 42.0},
        }.get(monitor.name, {"verdict": "quiet", "reason": "not-met", "value": 99.0})
        done = monitors.Evaluation.model_validate(
            pending.model_dump(by_alias=False) | {"status": "done", "evaluated_at": now, "confidence": 0.9} | ends
        )
        self._later.soon(self._end(monitor, done, told=monitor.name != "untold"))

    async def _end(self, monitor: monitors.MonitorView, done: monitors.Evaluation, told: bool) -> None:
        self.evaluations[done.id] = done
        if told:
            async with self._service.transaction(correlation=done.id) as tx:
                tx.publish(
                    monitors.MonitorEvaluated(
                        organization_id=monitor.organization_id,
                        monitor_id=monitor.id,
                        monitor_name=monitor.name,
                        evaluation=done,
                        monitor_version=1,
                    )
                )

    async def get_evaluations(self, request: monitors.GetEvaluations) -> monitors.EvaluationList:
        found = [self.evaluations[each] for each in request.refresh_ids if each in self.evaluations]
        mine = [each for each in found if self.known[each.monitor_id].organization_id == request.organization_id]
        return monitors.EvaluationList(evaluations=mine)

    def find(self, organization_id: Id, monitor_id: Id) -> monitors.MonitorView:
        found = self.known.get(monitor_id)
        if found is None or found.organization_id != organization_id:
            raise problem("monitor-not-found", "No such monitor", 404)
        return found

    async def usage(self, request: platform.GetAiUsage) -> platform.UsageReply:
        return platform.UsageReply(month="2026-11", providers=[])
