from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_alerter.domain.status_history import history, published, threads
from monitors_alerter.domain.status_pages import Firing, assessed, automatic, concerned, standings, worst
from monitors_contracts.base import new_id
from monitors_contracts.maintenance import MaintenanceWindow, WindowSpec
from monitors_contracts.status_pages import (
    Component,
    ComponentChange,
    ComponentStatus,
    Override,
    Standing,
    StatusPage,
    StatusPageSpec,
    StatusUpdate,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
GOOD, BAD, DEGRADED = ComponentStatus.OPERATIONAL, ComponentStatus.MAJOR_OUTAGE, ComponentStatus.DEGRADED
BERLIN = ZoneInfo("Europe/Berlin")


def component(**parts: Any) -> Component:
    return Component.model_validate({"key": "api", "name": "API", "matchers": "service=api"} | parts)


def page_of(*components: Component, **parts: Any) -> StatusPage:
    spec = StatusPageSpec(name="Acme", slug="acme", components=list(components), **parts)
    user = new_id()
    return StatusPage(
        id=new_id(),
        organization_id=new_id(),
        spec=spec,
        standings=standings(spec, (), NOW - 200 * DAY),
        created_by=user,
        created_at=NOW,
        updated_at=NOW,
    )


def change(previous: ComponentStatus, status: ComponentStatus, at: datetime) -> ComponentChange:
    return ComponentChange(key="api", name="API", previous=previous, status=status, at=at, cause="alerts")


def standing(status: ComponentStatus = GOOD, known_since: datetime = NOW - 200 * DAY) -> Standing:
    return Standing(key="api", status=status, since=NOW, known_since=known_since)


@pytest.mark.parametrize(
    ("severity", "service", "expected"),
    [
        ("critical", "api", "major-outage"),
        ("warning", "api", "degraded"),
        ("info", "api", "operational"),
        ("critical", "shop", "operational"),
    ],
)
def test_an_alert_degrades_what_it_matches_by_its_severity(severity: Any, service: str, expected: str) -> None:
    firing = [Firing(severity, {"service": service, "severity": severity})]
    assert automatic(component(), firing, ()) == expected


def test_the_worst_alert_counts_and_maintenance_explains_all() -> None:
    window = new_id()
    firing = [Firing("critical", {"service": "api"}), Firing("warning", {"service": "api"})]
    known = component(windows=[window], impact={"critical": "partial-outage", "warning": "degraded"})
    assert automatic(known, firing, ()) == "partial-outage"
    assert automatic(known, firing, {window}) == "maintenance"
    assert worst([]) is GOOD


def test_what_somebody_says_counts_until_it_is_taken_back() -> None:
    page, firing = page_of(component(), component(key="shop")), [Firing("critical", {"service": "api"})]
    [first, second] = assessed(page, firing, (), NOW)
    assert (first.change.cause, first.page.version, second.page.version) == ("alerts", 2, 3)
    said = Override(status=DEGRADED, note="Slow")
    overridden = second.page.model_copy(
        update={"standings": [each.model_copy(update={"override": said}) for each in second.page.standings]}
    )
    assert {each.change.status for each in assessed(overridden, firing, (), NOW)} == {DEGRADED}
    assert {each.change.cause for each in assessed(overridden, firing, (), NOW)} == {"by-hand"}
    assert assessed(second.page, firing, (), NOW) == [], "nothing changes twice"


def test_an_incident_is_told_where_a_component_matches_or_all_are() -> None:
    alerts = [Firing("warning", {"service": "api"})]
    spec = page_of(component(), component(key="shop", matchers="service=shop")).spec
    assert concerned(spec, alerts) == ["api"]
    assert concerned(spec, []) is None
    assert concerned(spec.model_copy(update={"incidents": "all"}), []) == []
    assert concerned(spec.model_copy(update={"incidents": "none"}), alerts) is None


def test_a_day_shows_its_worst_and_how_long_nothing_was_out() -> None:
    down = datetime(2026, 11, 20, 6, tzinfo=UTC)
    changes = [change(GOOD, BAD, down), change(BAD, GOOD, down + timedelta(hours=6))]
    bars, uptime = history(standing(), changes, ZoneInfo("UTC"), NOW)
    assert len(bars) == 90
    assert (bars[-1].day, bars[-1].status, bars[-1].uptime) == (date(2026, 11, 21), GOOD, 1.0)
    assert (bars[-2].status, bars[-2].uptime) == (BAD, 0.75)
    assert bars[0].status is GOOD
    assert uptime is not None
    assert 0.99 < uptime < 1


def test_days_are_those_of_the_pages_clocks_and_unknown_before_it_was_known() -> None:
    at_midnight = datetime(2026, 11, 19, 23, tzinfo=UTC)  # the 20th begins in Berlin
    bars, _ = history(standing(BAD, at_midnight), [], BERLIN, NOW)
    assert [each.status for each in bars[-3:]] == [None, BAD, BAD]
    assert bars[-2].uptime == 0


def test_what_was_before_the_first_change_that_is_kept_is_what_that_says() -> None:
    bars, _ = history(standing(), [change(DEGRADED, GOOD, NOW - DAY)], ZoneInfo("UTC"), NOW)
    assert bars[0].status is DEGRADED
    assert bars[0].uptime == 1.0


@given(
    st.lists(st.tuples(st.integers(0, 100 * 86_400), st.sampled_from(list(ComponentStatus))), max_size=20),
    st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/St_Johns"]),
    st.integers(0, 120),
)
def test_bars_are_ninety_days_and_shares(moves: list[tuple[int, ComponentStatus]], zone: str, age: int) -> None:
    status, changes = GOOD, list[ComponentChange]()
    for ago, after in sorted(moves, reverse=True, key=lambda each: each[0]):
        changes.append(change(status, after, NOW - timedelta(seconds=ago)))
        status = after
    bars, uptime = history(standing(status, NOW - age * DAY), changes, ZoneInfo(zone), NOW)
    assert [each.day for each in bars] == [bars[0].day + number * DAY for number in range(90)]
    assert all((each.uptime is None) == (each.status is None) and 0 <= (each.uptime or 0) <= 1 for each in bars)
    assert sum(each.status is not None for each in bars) >= min(age, 89)
    assert bars[-1].status is not None
    assert uptime is not None


def test_updates_of_one_thing_stand_together_and_what_goes_on_stands_first() -> None:
    page, first, other = page_of(component()), new_id(), new_id()

    def update(thread: Any, stage: Any, minutes: int) -> StatusUpdate:
        at = NOW - timedelta(minutes=minutes)
        return StatusUpdate(
            id=new_id(), thread_id=thread, title="T", text="x", stage=stage, components=["api", "gone"], posted_at=at
        )

    shown = threads(page, [update(other, "resolved", 1), update(first, "watching", 2), update(first, "identified", 3)])
    assert [(each.id, each.stage, len(each.updates)) for each in shown] == [
        (first, "watching", 2),
        (other, "resolved", 1),
    ]
    assert shown[0].components == ["API"]


def test_planned_work_of_components_is_told_by_its_name_and_nothing_else() -> None:
    spec = WindowSpec.model_validate(
        {"name": "Move", "matchers": "rack=r1", "startsAt": "2026-11-22T02:00", "duration": "1h", "rrule": "FREQ=DAILY"}
    )
    window = MaintenanceWindow(id=new_id(), spec=spec, created_by=new_id(), created_at=NOW, updated_at=NOW)
    shown = published(page_of(component(windows=[window.id])), {}, (), [window], NOW)
    assert [each.starts_at.day for each in shown.maintenance] == [22, 23, 24]
    assert shown.maintenance[0].components == ["API"]
    assert "rack" not in shown.model_dump_json()


def test_a_page_has_no_two_components_of_one_key() -> None:
    with pytest.raises(ValueError, match="'api'"):
        StatusPageSpec(name="A", slug="a", components=[component(), component(name="Other")])
