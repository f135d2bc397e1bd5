from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_alerter.domain.recurrence import InvalidRecurrence, check, occurrences, open_until, upcoming
from monitors_contracts.maintenance import Occurrence, WindowSpec

BERLIN = ZoneInfo("Europe/Berlin")


def window(**parts: Any) -> WindowSpec:
    known: dict[str, Any] = {
        "name": "Updates",
        "matchers": 'service="db"',
        "starts_at": "2026-03-01T02:30",
        "timezone": "Europe/Berlin",
        "duration": "1h",
        "rrule": "FREQ=WEEKLY;BYDAY=SU",
    }
    return WindowSpec(**known | parts)


def at(day: str, time: str = "00:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{time}+00:00")


def begins(spec: WindowSpec, now: datetime, most: int) -> list[str]:
    return [f"{each.starts_at:%m-%d %H:%M}" for each in upcoming(spec, now, most)]


def test_a_window_when_the_clocks_are_put_forward_over_its_time_then_it_opens_as_much_later():
    # On March 29, 02:30 is left out: 02:30 as it would have been is 01:30 UTC, 03:30 by the new time.
    assert begins(window(), at("2026-03-16"), 3) == ["03-22 01:30", "03-29 01:30", "04-05 00:30"]


def test_a_window_when_the_clocks_show_its_time_twice_then_it_opens_once_at_the_first():
    assert begins(window(), at("2026-10-19"), 3) == ["10-25 00:30", "11-01 01:30", "11-08 01:30"]


def test_a_window_that_lasts_over_the_change_of_clocks_is_as_long_as_ever():
    [spring] = upcoming(window(starts_at="2026-03-29T01:00", duration="4h", rrule=None), at("2026-03-01"))
    assert spring.ends_at - spring.starts_at == timedelta(hours=4)
    assert f"{spring.ends_at.astimezone(BERLIN):%H:%M}" == "06:00"


def test_a_window_that_is_open_now_is_the_first_of_those_to_come():
    spec = window(rrule="FREQ=DAILY", starts_at="2026-06-01T22:00", duration="3h", timezone="UTC")
    assert begins(spec, at("2026-06-03", "00:59"), 2) == ["06-02 22:00", "06-03 22:00"]
    assert begins(spec, at("2026-06-03", "01:00"), 2) == ["06-03 22:00", "06-04 22:00"]


def test_a_window_without_a_rule_opens_once():
    assert begins(window(rrule=None, timezone="UTC"), at("2026-01-01"), 5) == ["03-01 02:30"]
    assert upcoming(window(rrule=None), at("2026-03-02")) == []


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=DAILY;COUNT=2", ["03-01", "03-02"]),
        ("RRULE:FREQ=MONTHLY;BYDAY=1SU;COUNT=2", ["03-01", "04-05"]),
        ("FREQ=WEEKLY;UNTIL=20260308T013000Z", ["03-01", "03-08"]),
        ("FREQ=WEEKLY;UNTIL=20260308T012959Z", ["03-01"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;UNTIL=20260501", ["03-31", "04-30"]),
    ],
)
def test_a_rule_comes_as_often_as_it_says(rule: str, days: list[str]):
    found = upcoming(window(rrule=rule), at("2026-02-01"), 5)
    assert [f"{each.starts_at.astimezone(BERLIN):%m-%d}" for each in found] == days


@pytest.mark.parametrize(
    "rule",
    [
        "every sunday",
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;INTERVAL=5",
        "FREQ=HOURLY",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYMINUTE=0,1",
        "FREQ=DAILY;BYSECOND=0,1,2",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;UNTIL=20251231T000000Z",
        "FREQ=DAILY;DTSTART=20260101T000000",
        "FREQ=DAILY;UNTIL=20261399T000000Z",
        "FREQ=DAILY\nFREQ=WEEKLY",
    ],
)
def test_a_rule_that_nobody_can_follow_or_that_never_comes_is_refused(rule: str):
    with pytest.raises(InvalidRecurrence):
        check(window(rrule=rule))


def test_a_window_that_begins_out_of_all_time_is_refused():
    with pytest.raises(InvalidRecurrence, match="2000"):
        check(window(starts_at="1066-10-14T09:00"))


RULES = st.sampled_from(
    [None, "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,SA", "FREQ=MONTHLY;BYMONTHDAY=15", "FREQ=DAILY;INTERVAL=3"]
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
MOMENTS = st.datetimes(datetime(2026, 2, 1), datetime(2026, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive


@given(RULES, ZONES, MOMENTS, st.integers(1, 60), st.integers(60, 3 * 86_400))
def test_what_is_open_between_two_times_is_the_same_however_they_are_asked_for(
    rule: str | None, zone: str, since: datetime, days: int, lasts: int
) -> None:
    spec = window(rrule=rule, timezone=zone, duration=lasts)
    until = since + timedelta(days=days)
    middle = since + timedelta(days=days / 2)
    whole = occurrences(spec, since, until)
    parts = [*occurrences(spec, since, middle), *occurrences(spec, middle, until)]
    assert whole == sorted({each.starts_at: each for each in parts}.values(), key=lambda each: each.starts_at)
    for each in whole:
        assert each.ends_at - each.starts_at == timedelta(seconds=lasts)
        assert each.starts_at < until
        assert each.ends_at > since
        local = each.starts_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert abs((local - spec.starts_at) % timedelta(days=1)) in (
            timedelta(),  # by the clocks, or where they leave its time out
            timedelta(hours=1),
            timedelta(minutes=30),
        )


def test_times_that_touch_or_overlap_are_open_until_the_last_of_them_ends():
    hours = [
        Occurrence(starts_at=at("2026-06-01", f"{n:02}:00"), ends_at=at("2026-06-01", f"{n + 1:02}:30"))
        for n in (1, 2, 5)
    ]
    assert open_until(hours, at("2026-06-01", "01:10")) == at("2026-06-01", "03:30")
    assert open_until(hours, at("2026-06-01", "03:30")) is None
    assert open_until(hours, at("2026-06-01", "05:00")) == at("2026-06-01", "06:30")
    assert open_until(hours, at("2026-06-01", "00:59")) is None
