"""On call: who is on now, the turns of a week or a month, who stands in, and the calendar link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from monitors_contracts.base import Id
from monitors_contracts.oncall import Contact, OnCall, Override, Shift

from ...api.schedules import ScheduleShape
from ..formats import Formats, When
from ..forms import Errors
from .parts import Action, Empty, Field, Link, Option, Tab, Tone

DAY = timedelta(days=1)
Span = Literal["week", "month"]
SPANS: tuple[tuple[str, Span], ...] = (("Week", "week"), ("Month", "month"))
BEYOND = "for more than five weeks"
LENGTHS = (Option("1", "1 hour"), Option("8", "8 hours"), Option("24", "24 hours"), Option("168", "a week"))
NOBODY = Empty(
    "users",
    "Nobody is on call",
    "A schedule says whose turn it is. First say who the people are, then who follows whom.",
)


@dataclass(frozen=True, slots=True)
class StandIn:
    """A form that lets somebody stand in from now on: a button a person."""

    action: str
    people: tuple[Option, ...]
    lengths: tuple[Option, ...] = LENGTHS


@dataclass(frozen=True, slots=True)
class NowCard:
    """Who is on call by a schedule now."""

    id: str
    schedule: str
    href: str
    who: str
    tone: Tone
    why: str
    until: str
    ends: When | None
    next: str
    stand_in: StandIn | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A turn, or a gap, as far as it lies within a day."""

    who: str
    times: str
    tone: Tone
    why: str


@dataclass(frozen=True, slots=True)
class DayCell:
    """A day of a calendar."""

    iso: str
    words: str
    number: str
    is_today: bool
    is_beside: bool
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """Somebody stands in, now or later."""

    who: str
    span: str
    note: str
    begins: When
    remove: Action


@dataclass(frozen=True, slots=True)
class CalendarView:
    """The turns of a schedule in a week (a row a day) or a month (a row a week)."""

    title: str
    schedule: str
    zone: str
    span: Span
    spans: tuple[Tab, ...]
    before: Link
    today: Link
    after: Link
    weeks: tuple[tuple[DayCell, ...], ...]
    overrides: tuple[OverrideRow, ...]
    add: tuple[Field, ...]
    add_action: str
    add_error: str
    add_open: bool
    edit: Link
    delete: Action
    link: str
    make_link: Action
    revoke_link: Action | None


@dataclass(frozen=True, slots=True)
class OnCallView:
    """The page."""

    tabs: tuple[Tab, ...]
    new: Link
    cards: tuple[NowCard, ...]
    empty: Empty | None
    schedules: tuple[Tab, ...]
    calendar: CalendarView | None


def on_call_tabs(root: str, current: str) -> tuple[Tab, ...]:
    """The pages that belong together."""
    places = (("On call", "/on-call"), ("Escalation", "/policies"), ("People", "/contacts"))
    return tuple(Tab(words, root + at, at == current) for words, at in places)


def span_of(span: Span, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From when to when a calendar shows turns: whole weeks, from Monday on, by the clock of the zone."""
    first = day if span == "week" else day.replace(day=1)
    first -= DAY * first.weekday()
    last = first + 7 * DAY
    while span == "month" and last.month == day.month and last.year == day.year:
        last += 7 * DAY
    return datetime.combine(first, time(), zone), datetime.combine(last, time(), zone)


def now_cards(
    on_call: Sequence[OnCall], contacts: Sequence[Contact], root: str, formats: Formats
) -> tuple[NowCard, ...]:
    """A card a schedule."""
    return tuple(_card(each, contacts, root, formats) for each in on_call)


def _card(on_call: OnCall, contacts: Sequence[Contact], root: str, formats: Formats) -> NowCard:
    now, zone = on_call.now, ZoneInfo(on_call.timezone)
    others = tuple(Option(str(each.id), each.name) for each in contacts if each.id != now.contact_id)
    at = f"{root}/on-call"
    following = "Nobody follows within five weeks"
    if on_call.next:
        following = f"Then {on_call.next.name or 'somebody'}, from {_clock(on_call.next.starts_at, zone)}"
    return NowCard(
        id=str(on_call.schedule_id),
        schedule=on_call.schedule,
        href=f"{at}?schedule={on_call.schedule_id}",
        who=now.name or "Nobody",
        tone="good" if now.contact_id else "warn",
        why=_why(now),
        until=f"until {_clock(now.ends_at, zone)} ({on_call.timezone})" if on_call.ends_in_sight else BEYOND,
        ends=formats.when(now.ends_at) if on_call.ends_in_sight else None,
        next=following,
        stand_in=StandIn(f"{at}/{on_call.schedule_id}/stand-in", others) if others else None,
    )


def calendar_view(
    schedule: ScheduleShape,
    shifts: Sequence[Shift],
    overrides: Sequence[Override],
    contacts: Sequence[Contact],
    span: Span,
    day: date,
    typed: Mapping[str, str],
    errors: Errors,
    root: str,
    formats: Formats,
) -> CalendarView:
    """The turns around a day. `typed` is what was typed into the form of an override, `errors` what is wrong with it."""
    zone = ZoneInfo(schedule.timezone)
    begin, end = span_of(span, day, zone)
    today = formats.now.astimezone(zone).date()
    days = [begin.date() + DAY * number for number in range((end.date() - begin.date()).days)]
    cells = [_cell(each, shifts, zone, today, beside=span == "month" and each.month != day.month) for each in days]
    at = f"{root}/on-call"

    def link(words: str, to: date, icon: str, other: Span = span) -> Link:
        return Link(words, f"{at}?schedule={schedule.id}&view={other}&day={to.isoformat()}#calendar", icon)

    step = 7 * DAY
    previous, following = (day - step, day + step) if span == "week" else (days[0] - DAY, days[-1] + DAY)
    if span == "month":
        previous = day.replace(day=1) - DAY
        following = (day.replace(day=28) + 4 * DAY).replace(day=1)
    names = {each.id: each.name for each in contacts}
    revoke = Action(
        "Revoke", f"{at}/{schedule.id}/calendar/revoke", "x", confirm="Calendars that use the link show nothing more."
    )
    return CalendarView(
        title=f"{day:%B %Y}" if span == "month" else f"Week of {days[0].day} {days[0]:%B %Y}",
        schedule=schedule.name,
        zone=schedule.timezone,
        span=span,
        spans=tuple(Tab(words, link(words, day, "", other).href, other == span) for words, other in SPANS),
        before=link("Before", previous, "chevron-left"),
        today=link("Today", today, ""),
        after=link("After", following, "chevron-right"),
        weeks=tuple(tuple(cells[number : number + 7]) for number in range(0, len(cells), 7)),
        overrides=tuple(_override(each, names, zone, at, formats) for each in overrides),
        add=override_fields(contacts, zone, typed, errors, formats.now),
        add_action=f"{at}/{schedule.id}/overrides",
        add_error=errors.form,
        add_open=bool(errors.fields or errors.form),
        edit=Link("Edit schedule", f"{at}/{schedule.id}/edit", "pencil"),
        delete=Action(
            "Delete",
            f"{at}/{schedule.id}/delete",
            "trash-2",
            "danger",
            confirm=f"“{schedule.name}” and its overrides are gone then.",
        ),
        link=schedule.calendar_url or "",
        make_link=Action(
            "Make a new link" if schedule.calendar_url else "Make a calendar link",
            f"{at}/{schedule.id}/calendar",
            "link",
            confirm="Calendars that use the link of now show nothing more." if schedule.calendar_url else "",
        ),
        revoke_link=revoke if schedule.calendar_url else None,
    )


def override_fields(
    contacts: Sequence[Contact], zone: ZoneInfo, typed: Mapping[str, str], errors: Errors, now: datetime
) -> tuple[Field, ...]:
    """The form of an override."""
    soon = now.astimezone(zone).replace(minute=0) + timedelta(hours=1)
    values = {"starts_at": f"{soon:%Y-%m-%dT%H:%M}", "ends_at": f"{soon + DAY:%Y-%m-%dT%H:%M}", **typed}
    people = tuple(Option(str(each.id), each.name) for each in contacts)
    hint = f"By the clock of {zone.key}."
    return tuple(
        Field(
            name,
            label,
            values.get(name, ""),
            kind,
            hint=hint if kind == "datetime-local" else "",
            error=errors.of(name),
            required=name != "note",
            options=people if kind == "select" else (),
            maxlength=500 if name == "note" else None,
        )
        for name, label, kind in (
            ("contact_id", "Who stands in", "select"),
            ("starts_at", "From", "datetime-local"),
            ("ends_at", "To", "datetime-local"),
            ("note", "Why", "text"),
        )
    )


def override_spec(typed: Mapping[str, str], zone: ZoneInfo) -> dict[str, object]:
    """What the form says, with its times by the clock of the zone; what is no time stays a text, to be refused."""
    spec: dict[str, object] = dict(typed)
    for name in ("starts_at", "ends_at"):
        try:
            spec[name] = datetime.fromisoformat(typed.get(name, "")).replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return spec


def on_call_view(
    cards: tuple[NowCard, ...],
    schedules: Sequence[ScheduleShape],
    shown: Id | None,
    calendar: CalendarView | None,
    contacts: Sequence[Contact],
    root: str,
) -> OnCallView:
    """The page: those on call first, then the calendar of one schedule."""
    new = Link("Add a schedule", f"{root}/on-call/new", "plus")
    empty = None
    if not schedules:
        link = new if contacts else Link("Add a person", f"{root}/contacts/new", "plus")
        empty = Empty(NOBODY.icon, NOBODY.title, NOBODY.words, link)
    return OnCallView(
        tabs=on_call_tabs(root, "/on-call"),
        new=new,
        cards=cards,
        empty=empty,
        schedules=tuple(
            Tab(each.name, f"{root}/on-call?schedule={each.id}#calendar", each.id == shown) for each in schedules
        )
        if len(schedules) > 1
        else (),
        calendar=calendar,
    )


def _cell(day: date, shifts: Sequence[Shift], zone: ZoneInfo, today: date, *, beside: bool) -> DayCell:
    begin, end = datetime.combine(day, time(), zone), datetime.combine(day + DAY, time(), zone)
    entries: list[Entry] = []
    for shift in shifts:
        if shift.starts_at >= end or shift.ends_at <= begin:
            continue
        opens, closes = max(shift.starts_at, begin).astimezone(zone), min(shift.ends_at, end).astimezone(zone)
        whole = opens == begin and closes == end
        last = "24:00" if closes == end else f"{closes:%H:%M}"
        entries.append(
            Entry(
                shift.name or ("Somebody" if shift.contact_id else "Nobody"),
                "all day" if whole else f"{opens:%H:%M} to {last}",
                "info" if shift.override_id else "neutral" if shift.contact_id else "warn",
                "stands in" if shift.override_id else "" if shift.contact_id else "a gap",
            )
        )
    return DayCell(day.isoformat(), f"{day:%A} {day.day} {day:%B}", str(day.day), day == today, beside, tuple(entries))


def _override(override: Override, names: Mapping[Id, str], zone: ZoneInfo, at: str, formats: Formats) -> OverrideRow:
    who = names.get(override.contact_id, "Somebody")
    path = f"{at}/{override.schedule_id}/overrides/{override.id}/remove"
    return OverrideRow(
        who,
        f"{_clock(override.starts_at, zone)} to {_clock(override.ends_at, zone)}",
        override.note,
        formats.when(override.starts_at),
        Action("Remove", path, "x"),
    )


def _why(shift: Shift) -> str:
    if shift.override_id:
        return "Stands in"
    return shift.layer or "A gap: no layer has anybody now"


def _clock(at: datetime, zone: ZoneInfo) -> str:
    shown = at.astimezone(zone)
    return f"{shown:%a} {shown.day} {shown:%b}, {shown:%H:%M}"
