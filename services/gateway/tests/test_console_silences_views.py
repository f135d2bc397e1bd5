"""What the pages of silences and maintenance show, decided without a browser."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitors_contracts.alerts import AlertList, AlertState, AlertView
from monitors_contracts.base import new_id
from monitors_contracts.maintenance import Occurrence, WindowSpec, WindowView
from monitors_contracts.silences import HeldAlert, HeldAlerts, Holding, Matched
from monitors_gateway.console.formats import Formats
from monitors_gateway.console.views.alerts import alerts_view
from monitors_gateway.console.views.holding import held_by
from monitors_gateway.console.views.maintenance import again_words, maintenance_view, month_of, shown_days, span_of
from monitors_gateway.console.views.parts import Badge
from monitors_gateway.console.views.silences import held_view, matched_view, matchers_for

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FORMATS = Formats(NOW)
ROOT = "/console"


def alert(**parts: Any) -> AlertView:
    known: dict[str, Any] = {"id": new_id(), "organization_id": new_id(), "fingerprint": "a", "state": "firing"}
    known |= {"name": "DiskFull", "summary": "No room", "condition": "", "started_at": NOW}
    return AlertView(**known | parts)


def window(*openings: tuple[str, str], **parts: Any) -> WindowView:
    spec = {"name": "Updates", "matchers": "service=db", "starts_at": "2026-11-01T02:30", "duration": "1h"} | parts
    return WindowView(
        id=new_id(),
        spec=WindowSpec.model_validate(spec),
        created_by=new_id(),
        created_at=NOW,
        updated_at=NOW,
        is_open=False,
        occurrences=[
            Occurrence(starts_at=datetime.fromisoformat(start), ends_at=datetime.fromisoformat(end))
            for start, end in openings
        ],
    )


def entries(view: Any) -> dict[str, list[tuple[str, str]]]:
    """What stands on each day of a calendar."""
    return {
        day.iso: [(each.name, each.times) for each in day.openings]
        for week in view.weeks
        for day in week
        if day.openings
    }


def test_what_holds_an_alert_back_leads_to_it_or_to_the_alert_that_does() -> None:
    silence, rule, other = new_id(), new_id(), new_id()
    found = held_by(
        [
            Holding(kind="silenced", id=silence, words="silenced by Owner: disk", until=NOW + timedelta(hours=2)),
            Holding(kind="maintenance", id=silence, words="maintenance: Updates", until=NOW),
            Holding(kind="inhibited", id=rule, words="held back by HostDown: rule", inhibitor=other),
        ],
        ROOT,
        FORMATS,
    )
    assert [each.badge.words for each in found] == ["Silenced", "Maintenance", "Inhibited"]
    assert [each.href for each in found] == [
        f"/console/silences/{silence}",
        f"/console/maintenance/{silence}",
        f"/console/alerts/{other}",
    ]
    assert found[0].words == "Silenced by Owner: disk"
    assert found[0].until
    assert found[0].until.words == "in 2 hours"
    assert found[2].until is None


def test_an_alert_of_the_inbox_is_marked_by_what_holds_it_back() -> None:
    held, free = alert(), alert()
    holdings = {held.id: [Holding(kind="silenced", id=new_id(), words="silenced")]}
    view = alerts_view(AlertList(alerts=[held, free], total=2), "open", {}, ROOT, FORMATS, holdings)
    assert [row.held.badge if row.held else None for row in view.rows] == [Badge("Silenced", "info"), None]


def test_the_matchers_of_an_alert_are_its_name_and_its_own_labels() -> None:
    assert matchers_for(alert(labels={"host": 'a"b', "empty": ""})) == 'alertname="DiskFull", host="a\\"b"'
    assert matchers_for(alert(labels={"alertname": "Own"})) == 'alertname="Own"'


def test_a_preview_counts_what_it_does_not_list() -> None:
    shown = matched_view(Matched(open=1234, matched=30, alerts=[alert()], too_broad="Much."), ROOT, FORMATS)
    assert shown.found == "30 of 1,234 alerts that are open now"
    assert shown.more == "And 29 more."
    assert shown.too_broad == "Much."
    assert matched_view(Matched(open=1, matched=1, alerts=[alert()]), ROOT, FORMATS).more == ""


def test_what_was_held_back_tells_how_many_changes_were_not_told() -> None:
    over = alert(state=AlertState.RESOLVED, resolved_at=NOW)
    held = [HeldAlert(alert=each, since=NOW, last=NOW, times=times) for each, times in ((alert(), 1), (over, 3))]
    view = held_view(HeldAlerts(held=held, total=5), ROOT, FORMATS)
    assert [row.times for row in view.rows] == ["1 change", "3 of its changes"]
    assert [row.mark.tone for row in view.rows] == ["warn", "neutral"]
    assert view.more == "And 3 more."
    assert held_view(HeldAlerts(held=[], total=0), ROOT, FORMATS).words


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2026-02", date(2026, 2, 1)),
        ("", date(2026, 11, 1)),
        ("2026-13", date(2026, 11, 1)),
        ("9999-12", date(2026, 11, 1)),
    ],
)
def test_the_month_that_is_asked_for_or_this_one(text: str, month: date) -> None:
    assert month_of(text, NOW) == month


@pytest.mark.parametrize("month", [date(2026, 2, 1), date(2026, 11, 1), date(2021, 2, 1), date(2199, 12, 1)])
def test_a_month_is_shown_in_whole_weeks_and_asked_for_with_room_on_both_sides(month: date) -> None:
    days = shown_days(month)
    assert (days[0].weekday(), days[-1].weekday(), len(days) % 7) == (0, 6, 0)
    assert days[0] <= month < days[-1]
    since, until = span_of(month)
    assert since.date() < days[0]
    assert until.date() > days[-1]


def test_a_window_over_midnight_stands_on_each_of_its_days_by_the_clocks_of_its_zone() -> None:
    night = window(("2026-11-21T22:30+00:00", "2026-11-24T01:00+00:00"), timezone="Europe/Berlin")
    view = maintenance_view([night], [night], date(2026, 11, 1), ROOT, FORMATS)
    assert view.zone == "Europe/Berlin"
    assert entries(view) == {
        "2026-11-21": [("Updates", "from 23:30")],
        "2026-11-22": [("Updates", "all day")],
        "2026-11-23": [("Updates", "all day")],
        "2026-11-24": [("Updates", "until 02:00")],
    }


def test_what_is_paused_stands_in_the_list_and_not_in_the_calendar() -> None:
    off = window(("2026-11-21T02:00+00:00", "2026-11-21T03:00+00:00"), is_active=False)
    view = maintenance_view([off], [off], date(2026, 11, 1), ROOT, FORMATS)
    assert entries(view) == {}
    assert [(row.state.words, row.next, row.actions[0].words) for row in view.rows] == [("Paused", None, "Resume")]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (None, "once, on 1 November 2026 at 02:30 (UTC)"),
        ("FREQ=DAILY", "every day at 02:30 (UTC)"),
        ("FREQ=WEEKLY;BYDAY=SU", "every Sunday at 02:30 (UTC)"),
        ("FREQ=MONTHLY;BYMONTHDAY=1", "on day 1 of every month at 02:30 (UTC)"),
        ("FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY;BYDAY=MO, from 02:30 (UTC)"),
    ],
)
def test_how_a_window_comes_again_is_said_in_words(rule: str | None, words: str) -> None:
    assert again_words(window(rrule=rule).spec) == words


def test_the_zone_of_the_calendar_is_that_of_most_windows() -> None:
    windows = [window(timezone=zone) for zone in ("UTC", "Asia/Tokyo", "Asia/Tokyo")]
    assert maintenance_view(windows, windows, date(2026, 11, 1), ROOT, FORMATS).zone == ZoneInfo("Asia/Tokyo").key
