"""What people do with monitors: one short function a command."""

from collections.abc import Awaitable, Callable

from monitors_contracts.base import Id, JsonValue, Problem
from monitors_contracts.collection import DeleteMonitor, DuplicateMonitor, MonitorGone, RestoreMonitor
from monitors_contracts.monitors import (
    CreateMonitor,
    Interpretation,
    MonitorCreated,
    MonitorRestored,
    MonitorUpdated,
    MonitorView,
    UpdateMonitor,
)
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import store
from .domain import definition
from .domain.correction import corrected, mistakes
from .domain.crossing import clearing
from .providers.chain import Asker

Interpret = Callable[[str, Asker], Awaitable[Interpretation]]


class Commands:
    """Monitors are made, changed, copied, deleted and brought back. `interpret` says what a sentence means."""

    def __init__(self, service: Service, interpret: Interpret) -> None:
        self._service = service
        self._interpret = interpret

    async def create(self, command: CreateMonitor) -> MonitorView:
        """Watch something new."""
        if known := await self._made_before(command.organization_id, command.monitor_id):
            return known
        interpretation = await self._meaning(command)
        async with self._service.transaction(correlation=command.monitor_id) as tx:
            await _has_room(tx, command.organization_id, command.user_id, command.limit)
            return await _add(tx, definition.create(command, interpretation, tx.now))

    async def duplicate(self, command: DuplicateMonitor) -> MonitorView:
        """Watch the same once more."""
        if known := await self._made_before(command.organization_id, command.copy_id):
            return known
        async with self._service.transaction(correlation=command.copy_id) as tx:
            original = await store.get(tx.db, command.organization_id, command.monitor_id)
            if original is None:
                raise not_found()
            await _has_room(tx, command.organization_id, command.user_id, command.limit)
            return await _add(tx, definition.duplicate(original.monitor, command, tx.now))

    async def update(self, command: UpdateMonitor) -> MonitorView:
        """Change what is watched, or how."""
        interpretation = None
        if command.prompt is not None or command.interpretation is not None:
            interpretation = await self._meaning(command)
        async with self._service.transaction(correlation=command.monitor_id) as tx:
            known = await store.get(tx.db, command.organization_id, command.monitor_id, for_update=True)
            if known is None:
                raise not_found()
            monitor = definition.update(known.monitor, command, interpretation, tx.now)
            if monitor.condition_met is None and (
                cleared := clearing(known.monitor, "it watches something else now", monitor.id, tx.now)
            ):
                tx.publish(cleared)
            event = MonitorUpdated(organization_id=monitor.organization_id, monitor_id=monitor.id, monitor=monitor)
            await store.apply(tx.db, event)
            tx.publish(event)
        return monitor

    async def delete(self, command: DeleteMonitor) -> MonitorGone:
        """Watch no more; what was seen is forgotten when the monitor can't be brought back any more."""
        async with self._service.transaction(correlation=command.monitor_id) as tx:
            known = await store.get(tx.db, command.organization_id, command.monitor_id, for_update=True)
            if known is None:
                raise not_found()
            if cleared := clearing(known.monitor, "it is not watched any more", known.monitor.id, tx.now):
                tx.publish(cleared)
            event = definition.delete(known.monitor, command.restorable_minutes, tx.now)
            await store.apply(tx.db, event)
            tx.publish(event)
        return MonitorGone(restorable_until=event.restorable_until)

    async def restore(self, command: RestoreMonitor) -> MonitorView:
        """Watch again, as if nothing had been deleted. Checks that were under way are asked for again."""
        async with self._service.transaction(correlation=command.monitor_id) as tx:
            deleted = await store.get_deleted(tx.db, command.organization_id, command.monitor_id)
            if deleted is None:
                known = await store.get(tx.db, command.organization_id, command.monitor_id)
                if known is None:
                    raise not_found()
                return known.monitor
            if deleted.erase_at <= tx.now:
                detail = "The time in which the monitor could be brought back is over."
                raise problem("monitor-erased", "Too late", 410, detail)
            await _has_room(tx, command.organization_id, deleted.monitor.user_id, command.limit)
            monitor = definition.restore(deleted.monitor, deleted.version)
            event = MonitorRestored(organization_id=monitor.organization_id, monitor_id=monitor.id, monitor=monitor)
            await store.apply(tx.db, event)
            tx.publish(event)
            for pending, suspect in await store.pending_of(tx.db, monitor.organization_id, monitor.id):
                cause = "confirmation" if suspect else "manual"
                again = definition.refresh(monitor, pending.id, cause, pending.requested_at, suspect)
                tx.publish(again, correlation=pending.id)
        return monitor

    async def _made_before(self, organization_id: Id, monitor_id: Id) -> MonitorView | None:
        known = await store.get(self._service.runtime.pool, organization_id, monitor_id)
        return known.monitor if known else None

    async def _meaning(self, command: CreateMonitor | UpdateMonitor) -> Interpretation:
        """What is to be watched, in the person's own correction or by their sentence; it names a page."""
        if command.interpretation is not None:
            meaning = corrected(command.interpretation)
            if wrong := mistakes(meaning):
                raise _invalid(wrong)
        else:
            assert command.prompt is not None
            meaning = await self._interpret(command.prompt, Asker(command.organization_id, command.user_id))
        if meaning.url is None:
            detail = "Name the page to watch, with its address: ... at https://shop.example/kettle ..."
            raise problem("no-source-url", "No page to watch", 422, detail)
        return meaning


async def _has_room(tx: Transaction, organization_id: Id, user_id: Id, limit: int) -> None:
    """Nobody else takes this user's last place until the transaction ends."""
    if not limit:
        return
    await store.lock_user(tx.db, user_id)
    if await store.count(tx.db, organization_id, user_id) >= limit:
        detail = f"You have {limit} monitors, the most there may be; delete one to make room."
        raise problem("monitor-limit", "Too many monitors", 409, detail)


async def _add(tx: Transaction, monitor: MonitorView) -> MonitorView:
    event = MonitorCreated(organization_id=monitor.organization_id, monitor_id=monitor.id, monitor=monitor)
    await store.apply(tx.db, event)
    tx.publish(event)
    return monitor


def _invalid(wrong: list[tuple[str, str]]) -> ProblemError:
    errors: list[dict[str, JsonValue]] = [
        {"field": f"interpretation.{field}", "message": message} for field, message in wrong
    ]
    detail = " ".join(message for _, message in wrong)
    title = "This can't be watched"
    return ProblemError(Problem(type="invalid-interpretation", title=title, status=422, detail=detail, errors=errors))


def not_found() -> ProblemError:
    """There is none, for all that this organization may know."""
    return problem(
        "monitor-not-found", "No such monitor", 404, "There is no monitor with this id in your organization."
    )
