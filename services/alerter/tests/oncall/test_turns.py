"""Whose turn it is, against a model that walks minute by minute."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors_alerter.domain import oncall
from monitors_alerter.domain.wall_clock import UnknownTimezone, moment, wall, zone_of
from monitors_contracts.base import Id, new_id
from monitors_contracts.oncall import Layer, Override, Restriction, ScheduleSpec
from monitors_contracts.routing import Weekday

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
PEOPLE = [new_id() for _ in range(4)]
WEEK: list[Weekday] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
# Zones, and days before their clocks leap forward and are set back; Lord Howe Island by half an hour.
LEAPS = [
    ("Europe/Berlin", date(2026, 3, 27)),
    ("Europe/Berlin", date(2026, 10, 23)),
    ("America/New_York", date(2026, 3, 6)),
    ("America/New_York", date(2026, 10, 30)),
    ("Australia/Lord_Howe", date(2026, 4, 3)),
    ("Australia/Lord_Howe", date(2026, 10, 2)),
    ("UTC", date(2026, 11, 20)),
]


def layer(*people: Id, start: date = date(2026, 11, 2), **parts: object) -> Layer:
    return Layer.model_validate({"participants": list(people), "start": start} | parts)


def schedule(*layers: Layer, zone: str = "Europe/Berlin") -> ScheduleSpec:
    return ScheduleSpec(name="Platform", timezone=zone, layers=list(layers))


def override(person: Id, starts_at: datetime, ends_at: datetime) -> Override:
    return Override(
        id=new_id(),
        schedule_id=new_id(),
        contact_id=person,
        starts_at=starts_at,
        ends_at=ends_at,
        created_at=starts_at,
    )


# -- a naive model: minutes are walked, and what the clock shows is compared -----------------------------------------


class NaiveLayer:
    """Waits for the clock to show the time of the next hand-over, or a later one."""

    def __init__(self, of: Layer, zone: ZoneInfo, begins: datetime) -> None:
        self.of, self.zone = of, zone
        self.number = -1
        self.next = datetime.combine(of.start, time.fromisoformat(of.hand_over))
        self.at = begins

    def _after(self, shown: datetime) -> datetime:
        if self.of.rotation == "daily":
            return shown + DAY
        if self.of.rotation == "custom":
            assert self.of.length
            return shown + timedelta(seconds=self.of.length)
        shown += DAY
        while WEEK[shown.weekday()] != self.of.weekday:
            shown += DAY
        return shown

    def walk_to(self, at: datetime) -> None:
        while self.at <= at:
            shown = self.at.astimezone(self.zone).replace(tzinfo=None, fold=0)
            while shown >= self.next:
                self.number, self.next = self.number + 1, self._after(self.next)
            self.at += MINUTE

    def on_call(self, at: datetime, open_: bool) -> Id | None:
        self.walk_to(at)
        return self.of.participants[self.number % len(self.of.participants)] if self.number >= 0 and open_ else None


class NaiveHours:
    """Hours open and shut when the clock first shows their time, or a later one."""

    def __init__(self, each: Restriction, zone: ZoneInfo, since: date, until: date) -> None:
        self.spans: list[tuple[datetime, datetime]] = []
        day = since
        while day <= until:
            if not each.days or WEEK[day.weekday()] in each.days:
                begin = datetime.combine(day, time.fromisoformat(each.start))
                end = (
                    datetime.combine(day, time()) + DAY
                    if each.end == "24:00"
                    else datetime.combine(day, time.fromisoformat(each.end))
                )
                end = end if end > begin else end + DAY
                self.spans.append((naive_moment(begin, zone), naive_moment(end, zone)))
            day += DAY

    def open(self, at: datetime) -> bool:
        return any(begin <= at < end for begin, end in self.spans)


def naive_moment(shown: datetime, zone: ZoneInfo) -> datetime:
    """Walked to in hours, and in the last of them in minutes."""
    at = shown.replace(tzinfo=UTC) - timedelta(hours=26)
    for step in (timedelta(hours=1), MINUTE):
        while (at + step).astimezone(zone).replace(tzinfo=None) < shown:
            at += step
    return at + MINUTE


clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
restrictions = st.builds(
    Restriction, days=st.lists(st.sampled_from(WEEK), max_size=3, unique=True), start=clocks, end=clocks
)


@st.composite
def schedules(draw: st.DrawFn) -> tuple[ScheduleSpec, list[Override], datetime]:
    zone, day = draw(st.sampled_from(LEAPS))
    layers: list[Layer] = []
    for _ in range(draw(st.integers(1, 3))):
        rotation = draw(st.sampled_from(["daily", "weekly", "custom"]))
        layers.append(
            layer(
                *draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3)),
                start=day + draw(st.integers(-9, 2)) * DAY,
                rotation=rotation,
                length=draw(st.integers(4, 200)) * 900.0 if rotation == "custom" else None,
                hand_over=draw(clocks),
                weekday=draw(st.sampled_from(WEEK)),
                restrictions=draw(st.lists(restrictions, max_size=2)),
            )
        )
    since = datetime.combine(day, time(), UTC) + draw(st.integers(0, 1440)) * MINUTE
    stands_in = st.builds(
        lambda person, begin, length: override(person, since + begin * MINUTE, since + (begin + length) * MINUTE),
        st.sampled_from(PEOPLE),
        st.integers(-2000, 6000),
        st.integers(1, 3000),
    )
    return schedule(*layers, zone=zone), draw(st.lists(stands_in, max_size=3)), since


@settings(max_examples=50)  # each walks about 100,000 minutes
@given(schedules())
def test_turns_when_walked_minute_by_minute_then_each_minute_has_the_holder_that_the_clock_gives(
    drawn: tuple[ScheduleSpec, list[Override], datetime],
):
    spec, overrides, since = drawn
    zone, until = zone_of(spec.timezone), since + 4 * DAY
    found = oncall.turns(spec, overrides, since, until)

    assert found[0].starts_at == since
    assert found[-1].ends_at == until
    assert all(one.ends_at == other.starts_at for one, other in pairwise(found))
    assert all(turn.starts_at < turn.ends_at for turn in found)

    begins = since - 20 * DAY
    layers = [
        (
            NaiveLayer(each, zone, begins),
            [NaiveHours(one, zone, begins.date(), until.date() + DAY) for one in each.restrictions],
        )
        for each in spec.layers
    ]
    at, position = since, 0
    while at < until:
        while found[position].ends_at <= at:
            position += 1
        expected = None
        for walked, hours in layers:
            is_open = not hours or any(each.open(at) for each in hours)
            expected = walked.on_call(at, is_open) or expected
        for each in overrides:
            if each.starts_at <= at < each.ends_at:
                expected = each.contact_id
        assert found[position].contact_id == expected, at
        at += MINUTE


@given(schedules(), st.integers(0, 4 * 1440))
def test_the_turn_at_a_moment_is_the_turn_of_the_span_that_holds_it(
    drawn: tuple[ScheduleSpec, list[Override], datetime], minutes: int
):
    spec, overrides, since = drawn
    at = since + minutes * MINUTE
    [turn] = [
        each for each in oncall.turns(spec, overrides, since, since + 5 * DAY) if each.starts_at <= at < each.ends_at
    ]
    single = oncall.turn_at(spec, overrides, at)
    assert (single.contact_id, single.layer, single.override_id) == (turn.contact_id, turn.layer, turn.override_id)
    now, following = oncall.now_and_next(spec, overrides, at)
    assert now.starts_at <= at < now.ends_at
    assert now.contact_id == turn.contact_id
    assert following is None or (following.contact_id and following.starts_at >= now.ends_at)


@given(schedules(), st.integers(0, 1440))
def test_who_is_next_is_the_next_turn_of_somebody_and_the_turn_of_now_is_whole(
    drawn: tuple[ScheduleSpec, list[Override], datetime], minutes: int
):
    spec, overrides, since = drawn
    at = since + minutes * MINUTE
    now, following = oncall.now_and_next(spec, overrides, at)
    far = oncall.turns(spec, overrides, at - oncall.LOOK_AHEAD, at + oncall.LOOK_AHEAD)
    [around] = [each for each in far if each.starts_at <= at < each.ends_at]
    assert now == around
    assert following == next((each for each in far if each.starts_at >= now.ends_at and each.contact_id), None)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_a_weekly_hand_over_stays_at_nine_on_the_clock_through_a_year_of_daylight_saving(zone: str):
    spec = schedule(layer(*PEOPLE[:2], start=date(2026, 1, 5)), zone=zone)
    since = moment(datetime.fromisoformat("2026-01-05T09:00"), zone_of(zone))
    found = oncall.turns(spec, [], since, since + 365 * DAY)
    assert len(found) == 53
    shown = [wall(turn.starts_at, zone_of(zone)) for turn in found]
    assert {(each.weekday(), each.hour, each.minute) for each in shown} == {(0, 9, 0)}
    assert len({turn.starts_at.time() for turn in found}) == 2, "in UTC it is at one time in winter, another in summer"
    assert [turn.contact_id for turn in found[:3]] == [PEOPLE[0], PEOPLE[1], PEOPLE[0]]


def test_the_first_turn_begins_on_the_day_of_the_start_and_ends_on_the_next_weekday():
    spec = schedule(layer(*PEOPLE[:2], start=date(2026, 11, 5), weekday="monday"), zone="UTC")  # a Thursday
    found = oncall.turns(spec, [], datetime(2026, 11, 5, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC))
    assert [(turn.starts_at.day, turn.starts_at.hour, turn.contact_id) for turn in found] == [
        (5, 0, None),
        (5, 9, PEOPLE[0]),
        (9, 9, PEOPLE[1]),
        (16, 9, PEOPLE[0]),
    ]


def test_a_higher_layer_where_it_is_shut_lets_the_lower_one_through_and_where_both_are_there_is_a_gap():
    office = {"days": WEEK[:5], "start": "09:00", "end": "17:00"}
    night = {"days": WEEK[:5], "start": "22:00", "end": "02:00"}
    spec = schedule(
        layer(PEOPLE[0], rotation="daily", restrictions=[office]),
        layer(
            PEOPLE[1], rotation="daily", restrictions=[night, {"days": ["wednesday"], "start": "12:00", "end": "13:00"}]
        ),
        zone="UTC",
    )
    found = oncall.turns(
        spec, [], datetime(2026, 11, 11, tzinfo=UTC), datetime(2026, 11, 12, tzinfo=UTC)
    )  # a Wednesday
    hours = [(turn.starts_at.hour, turn.contact_id, turn.layer) for turn in found]
    assert hours == [
        (0, PEOPLE[1], 1),
        (2, None, None),
        (9, PEOPLE[0], 0),
        (12, PEOPLE[1], 1),
        (13, PEOPLE[0], 0),
        (17, None, None),
        (22, PEOPLE[1], 1),
    ]


def test_of_overrides_that_overlap_the_one_made_last_counts_even_when_it_begins_first():
    spec = schedule(layer(PEOPLE[0]), zone="UTC")
    noon = datetime(2026, 11, 11, 12, tzinfo=UTC)
    first = override(PEOPLE[1], noon, noon + 4 * 60 * MINUTE)
    last = override(PEOPLE[2], noon - 60 * MINUTE, noon + 60 * MINUTE)
    found = oncall.turns(spec, [last, first], noon - 120 * MINUTE, noon + 300 * MINUTE)
    assert [(turn.starts_at.hour, turn.contact_id) for turn in found] == [
        (10, PEOPLE[0]),
        (11, PEOPLE[2]),
        (13, PEOPLE[1]),
        (16, PEOPLE[0]),
    ]


def test_a_time_that_is_skipped_is_the_moment_of_the_leap_and_one_that_comes_twice_its_first_coming():
    berlin = zone_of("Europe/Berlin")
    assert moment(datetime.fromisoformat("2026-03-29T02:30"), berlin) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert moment(datetime.fromisoformat("2026-10-25T02:30"), berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    howe = zone_of("Australia/Lord_Howe")
    assert moment(datetime.fromisoformat("2026-10-04T02:15"), howe) == datetime(2026, 10, 3, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe/Berlin\0", "Europe"])
def test_a_name_that_is_no_time_zone_is_said_to_be_none(name: str):
    with pytest.raises(UnknownTimezone):
        zone_of(name)
