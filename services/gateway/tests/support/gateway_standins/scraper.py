"""The scraper's targets, uptime checks, and pages it keeps."""

import base64
from datetime import UTC, datetime
from typing import Any

import zstandard

from monitors_contracts import pages, rules, targets, uptime
from monitors_contracts.base import Done, Id, new_id
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service

from .later import Later
from .rules import Rules

PAGE = "<html><script>alert(1)</script>Price: 42</html>"
SCREENSHOT = b"\x89PNG a picture"


class Scraper:
    """Nothing is fetched: a page that is kept is one that a test added, and all are the same."""

    def __init__(self, service: Service, known_rules: Rules) -> None:
        self.targets: dict[Id, tuple[Id, targets.TargetView]] = {}
        self.checks: dict[Id, tuple[Id, uptime.UptimeView]] = {}
        self.snapshots: dict[Id, Id] = {}
        self.screenshots: dict[Id, pages.ContentRef] = {}
        self._service = service
        self._rules = known_rules
        self._later = Later()
        service.answer(targets.CreateTarget, self.create_target)
        service.answer(targets.ListTargets, self.list_targets)
        service.answer(targets.GetTarget, self.one_target)
        service.answer(targets.UpdateTarget, self.change_target)
        service.answer(targets.DeleteTarget, self.delete_target)
        for kind in (uptime.CreateUptimeCheck, uptime.UpdateUptimeCheck):
            service.answer(kind, self.put_check)
        service.answer(uptime.GetUptimeCheck, self.one_check)
        service.answer(uptime.DeleteUptimeCheck, self.delete_check)
        service.answer(uptime.ListUptimeChecks, self.list_checks)
        service.answer(pages.GetSnapshot, self.snapshot)

    async def create_target(self, request: targets.CreateTarget) -> targets.TargetView:
        spec = request.spec
        view = targets.TargetView(
            id=request.target_id,
            url=spec.url,
            name=spec.name or "node",
            interval_seconds=spec.interval_seconds,
            labels=spec.labels,
            headers=dict.fromkeys(spec.headers, targets.MASKED),
            is_active=spec.is_active,
            created_at=datetime.now(UTC),
        )
        self.targets[view.id] = (request.organization_id, view)
        return view

    async def one_target(self, request: Any) -> targets.TargetView:
        owner, view = self.targets.get(request.target_id, (None, None))
        if view is None or owner != request.organization_id:
            raise problem("target-not-found", "No such target", 404)
        return view

    async def change_target(self, request: targets.UpdateTarget) -> targets.TargetView:
        view = await self.one_target(request)
        changed = view.model_copy(update=request.changes.model_dump(exclude_none=True, exclude={"headers"}))
        self.targets[view.id] = (request.organization_id, changed)
        return changed

    async def list_targets(self, request: targets.ListTargets) -> targets.TargetList:
        mine = [view for owner, view in self.targets.values() if owner == request.organization_id]
        return targets.TargetList(targets=mine)

    async def delete_target(self, request: targets.DeleteTarget) -> Done:
        del self.targets[(await self.one_target(request)).id]
        return Done()

    async def put_check(self, request: uptime.CreateUptimeCheck | uptime.UpdateUptimeCheck) -> uptime.UptimeView:
        """Its rule comes a moment later, as it does in the evaluator."""
        if isinstance(request, uptime.UpdateUptimeCheck):
            await self.one_check(request)
        view = uptime.UptimeView(id=request.check_id, spec=request.spec, created_at=datetime.now(UTC))
        self.checks[view.id] = (request.organization_id, view)
        spec = rules.AbsenceRule(name=view.spec.name, kind="absence", metric=uptime.SUCCESS)
        if isinstance(request, uptime.CreateUptimeCheck):
            made = rules.CreateRule(
                organization_id=request.organization_id, rule_id=view.id, user_id=request.user_id, spec=spec
            )
            self._later.soon(self._rules.create_rule(made))
        return view

    async def one_check(self, request: Any) -> uptime.UptimeView:
        owner, view = self.checks.get(request.check_id, (None, None))
        if view is None or owner != request.organization_id:
            raise problem("check-not-found", "No such check", 404)
        return view

    async def delete_check(self, request: uptime.DeleteUptimeCheck) -> Done:
        del self.checks[(await self.one_check(request)).id]
        return Done()

    async def list_checks(self, request: uptime.ListUptimeChecks) -> uptime.UptimeList:
        mine = [view for owner, view in self.checks.values() if owner == request.organization_id]
        return uptime.UptimeList(checks=mine)

    def add_snapshot(self, organization_id: Id) -> Id:
        snapshot_id = new_id()
        self.snapshots[snapshot_id] = organization_id
        return snapshot_id

    async def add_screenshot(self, snapshot_id: Id) -> Id:
        bus = self._service.runtime.bus
        store = await bus.create_object_store("pictures")
        await store.put(str(snapshot_id), SCREENSHOT)
        self.screenshots[snapshot_id] = pages.ContentRef(bucket="pictures", name=str(snapshot_id), size=len(SCREENSHOT))
        return snapshot_id

    async def snapshot(self, request: pages.GetSnapshot) -> pages.Snapshot:
        if self.snapshots.get(request.snapshot_id) != request.organization_id:
            raise problem("snapshot-not-found", "No such snapshot", 404)
        return pages.Snapshot(
            id=request.snapshot_id,
            url="https://shop.example/kettle",
            final_url="https://shop.example/kettle",
            status=200,
            content_type="text/html",
            content_hash="0" * 64,
            headers={},
            rendered_by="http",
            fetched_at=datetime.now(UTC),
            screenshot_ref=self.screenshots.get(request.snapshot_id),
            content=base64.b64encode(zstandard.compress(PAGE.encode())).decode(),
        )

    async def publish_page(self, organization_id: Id, monitor_id: Id, refresh_id: Id, *, failed: bool = False) -> None:
        whose: dict[str, Any] = {
            "organization_id": organization_id,
            "monitor_id": monitor_id,
            "refresh_id": refresh_id,
        }
        now = datetime.now(UTC)
        page = (
            pages.PageFetchFailed(
                **whose,
                url="https://shop.example/kettle",
                failure=pages.Failure.TIMEOUT,
                detail="No answer.",
                failed_at=now,
            )
            if failed
            else pages.PageFetched(
                **whose,
                url="https://shop.example/kettle",
                final_url="https://shop.example/kettle",
                status=200,
                content_type="text/html",
                content_hash="0" * 64,
                content=base64.b64encode(PAGE.encode()).decode(),
                snapshot_id=new_id(),
                fetched_at=now,
                duration_ms=12,
            )
        )
        async with self._service.transaction(correlation=refresh_id) as tx:
            tx.publish(page)
