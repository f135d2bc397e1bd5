from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitors_alerter import suppression_store
from monitors_alerter.changes import Changes
from monitors_alerter.maintaining import Maintaining
from monitors_alerter.suppressing import suppressions
from monitors_contracts.alerts import AlertTriggered, AlertView
from monitors_contracts.base import Id, new_id
from monitors_contracts.maintenance import (
    CreateWindow,
    DeleteWindow,
    GetWindow,
    ListWindows,
    MaintenanceChanged,
    MaintenanceDeleted,
    PreviewWindow,
    UpdateWindow,
    WindowSpec,
    WindowView,
)
from monitors_runtime.errors import ProblemError


def spec(**parts: Any) -> WindowSpec:
    known = {"name": "Updates", "matchers": "service=db", "starts_at": "2026-03-01T02:30", "duration": "1h"}
    return WindowSpec.model_validate(known | {"rrule": "FREQ=WEEKLY;BYDAY=SU"} | parts)


def now_open(**parts: Any) -> WindowSpec:
    """A window that has been open for half an hour, daily."""
    began = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(minutes=30)
    return spec(**{"starts_at": began.isoformat(), "rrule": "FREQ=DAILY"} | parts)


class Alerter:
    """The alerter's answers about maintenance, for one organization."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.service = house.service("alerter")
        self.changes = Changes(self.service)
        self.maintaining = Maintaining(self.service)
        self.organization, self.user = new_id(), new_id()

    async def plan(self, asked: WindowSpec, window_id: Id | None = None) -> WindowView:
        return await self.maintaining.create_window(self.ask(CreateWindow, window_id or new_id(), spec=asked))

    async def get(self, window_id: Id) -> WindowView:
        return await self.maintaining.get_window(self.ask(GetWindow, window_id))

    async def fire(self, **labels: str) -> AlertView:
        alert = AlertView.model_validate(
            {
                "id": new_id(),
                "organization_id": self.organization,
                "fingerprint": str(new_id()),
                "state": "firing",
                "name": "Slow",
                "summary": "Slow",
                "condition": "",
                "labels": labels,
                "started_at": datetime.now(UTC),
            }
        )
        async with self.service.transaction() as tx:
            event = AlertTriggered(
                organization_id=self.organization, alert_id=alert.id, alert=alert, reason="condition-became-true"
            )
            await self.changes.save(tx, [event])
        return alert

    async def holders(self, alert: AlertView, at: datetime | None = None) -> list[tuple[str, datetime | None]]:
        found = await suppressions(self.house.pool, self.organization, [alert], at or datetime.now(UTC))
        return [(each.kind, each.until) for each in found.get(alert.id, [])]

    def ask(self, kind: Any, window_id: Id | None = None, **parts: Any) -> Any:
        known = {"organization_id": self.organization, "user_id": self.user, "window_id": window_id} | parts
        return kind(**{name: value for name, value in known.items() if name in kind.model_fields})


@pytest.fixture
def alerter(house: Any) -> Alerter:
    return Alerter(house)


async def problem_of(asked: Awaitable[Any]) -> tuple[str, int]:
    with pytest.raises(ProblemError) as refused:
        await asked
    return refused.value.problem.type, refused.value.problem.status


async def test_a_window_holds_back_while_it_is_open_and_says_until_when(alerter: Alerter):
    alert, other = await alerter.fire(service="db"), await alerter.fire(service="web")
    window = await alerter.plan(now_open())
    ends = window.occurrences[0].ends_at
    assert window.is_open
    assert await alerter.holders(alert) == [("maintenance", ends)]
    assert await alerter.holders(other) == []
    assert await alerter.holders(alert, ends) == []
    assert await alerter.holders(alert, ends + timedelta(hours=23, minutes=30)) == [
        ("maintenance", ends + timedelta(days=1))
    ]


async def test_a_window_that_is_switched_off_or_of_another_organization_holds_nothing_back(
    alerter: Alerter, house: Any
):
    alert = await alerter.fire(service="db")
    await Alerter(house).plan(now_open())
    window = await alerter.plan(now_open())
    assert len(await alerter.holders(alert)) == 1
    off = alerter.ask(UpdateWindow, window.id, spec=now_open(is_active=False))
    changed = await alerter.maintaining.update_window(off)
    assert (changed.is_open, changed.version) == (False, 2)
    assert await alerter.holders(alert) == []


async def test_a_window_when_asked_for_twice_with_one_id_then_there_is_one(alerter: Alerter):
    window = await alerter.plan(spec())
    assert await alerter.plan(spec(name="Other"), window.id) == window
    listed = await alerter.maintaining.list_windows(alerter.ask(ListWindows))
    assert [each.spec.name for each in listed.windows] == ["Updates"]


async def test_a_window_that_is_taken_away_holds_nothing_back_and_is_not_found(alerter: Alerter):
    alert = await alerter.fire(service="db")
    window = await alerter.plan(now_open())
    await alerter.maintaining.delete_window(alerter.ask(DeleteWindow, window.id))
    assert await alerter.holders(alert) == []
    assert await problem_of(alerter.get(window.id)) == ("window-not-found", 404)
    again = alerter.ask(DeleteWindow, window.id)
    assert await problem_of(alerter.maintaining.delete_window(again)) == ("window-not-found", 404)
    assert await problem_of(alerter.maintaining.update_window(alerter.ask(UpdateWindow, window.id, spec=spec()))) == (
        "window-not-found",
        404,
    )
    kinds = [type(each.event) for each in await alerter.house.published(MaintenanceChanged, MaintenanceDeleted)]
    assert kinds == [MaintenanceChanged, MaintenanceDeleted]


async def test_a_window_that_was_taken_away_does_not_come_back_with_a_late_event(alerter: Alerter):
    window = await alerter.plan(spec())
    await alerter.maintaining.delete_window(alerter.ask(DeleteWindow, window.id))
    changed, deleted = await alerter.house.published(MaintenanceChanged, MaintenanceDeleted)
    for order in ([changed], [deleted, changed], [deleted]):
        async with alerter.house.pool.acquire() as db, db.transaction():
            if len(order) == 2:
                await db.execute("DELETE FROM alerter.maintenance_windows WHERE id = $1", window.id)
            for envelope in order:
                await suppression_store.apply(db, envelope.event)
        assert await problem_of(alerter.get(window.id)) == ("window-not-found", 404)
        assert (await alerter.maintaining.list_windows(alerter.ask(ListWindows))).windows == []


async def test_a_window_that_never_comes_is_refused_however_it_is_asked_for(alerter: Alerter):
    never = spec(rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
    refused = ("invalid-recurrence", 422)
    assert await problem_of(alerter.plan(never)) == refused
    assert await problem_of(alerter.maintaining.preview_window(alerter.ask(PreviewWindow, spec=never))) == refused
    window = await alerter.plan(spec())
    changed = alerter.ask(UpdateWindow, window.id, spec=never)
    assert await problem_of(alerter.maintaining.update_window(changed)) == refused


async def test_windows_between_two_times_show_each_time_they_are_open(alerter: Alerter):
    await alerter.plan(spec())
    june: Any = {"since": datetime(2026, 6, 1, tzinfo=UTC), "until": datetime(2026, 7, 1, tzinfo=UTC)}
    [window] = (await alerter.maintaining.list_windows(alerter.ask(ListWindows, **june))).windows
    assert [each.starts_at.day for each in window.occurrences] == [7, 14, 21, 28]
    [window] = (await alerter.maintaining.list_windows(alerter.ask(ListWindows))).windows
    assert len(window.occurrences) == 5
    assert window.occurrences[0].ends_at > datetime.now(UTC)


async def test_a_preview_shows_the_next_times_and_saves_nothing(alerter: Alerter):
    found = await alerter.maintaining.preview_window(alerter.ask(PreviewWindow, spec=spec()))
    assert len(found.occurrences) == 5
    assert (await alerter.maintaining.list_windows(alerter.ask(ListWindows))).windows == []


async def test_a_window_is_made_of_its_events(alerter: Alerter):
    window = await alerter.plan(spec())
    await alerter.maintaining.update_window(alerter.ask(UpdateWindow, window.id, spec=spec(name="Later")))
    live = await alerter.get(window.id)
    events = [envelope.event for envelope in await alerter.house.published(MaintenanceChanged)]
    async with alerter.house.pool.acquire() as db:
        await db.execute("DELETE FROM alerter.maintenance_windows WHERE organization_id = $1", alerter.organization)
        for event in (*reversed(events), *events):
            await suppression_store.apply(db, event)
    assert await alerter.get(window.id) == live
