"""Maintenance windows: the calendar of a month, the list, and the form with when it would be open."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitors_contracts.maintenance import Occurrence, WindowSpec, WindowView

from ..formats import Formats, When
from ..forms import Errors
from .parts import Action, Badge, Empty, Field, Link, Option, Tab
from .silences import MatchedView, silence_tabs, written

DAY = timedelta(days=1)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
AGAIN = (
    Option("once", "Once"),
    Option("daily", "Every day"),
    Option("weekly", "Every week, on that day"),
    Option("monthly", "Every month, on that date"),
    Option("rule", "As the rule below says"),
)


@dataclass(frozen=True, slots=True)
class Opening:
    """A time that a window is open, as far as it lies within a day."""

    name: str
    href: str
    times: str


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day of the calendar."""

    iso: str
    words: str
    number: str
    is_today: bool
    is_beside: bool
    openings: tuple[Opening, ...]


@dataclass(frozen=True, slots=True)
class WindowRow:
    """One window of the list."""

    id: str
    href: str
    name: str
    matchers: str
    state: Badge
    next: When | None
    until: When | None
    again: str
    held: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class MaintenanceView:
    """The calendar of a month, and all windows."""

    tabs: tuple[Tab, ...]
    add: Link
    title: str
    zone: str
    before: Link
    today: Link
    after: Link
    weeks: tuple[tuple[CalendarDay, ...], ...]
    rows: tuple[WindowRow, ...]
    empty: Empty | None


@dataclass(frozen=True, slots=True)
class WindowFormView:
    """The form of a window, when it would be open, and what it would hide if it were now."""

    title: str
    back: Link
    save: str
    submit: str
    error: str
    fields: tuple[Field, ...]
    openings: tuple[str, ...]
    wrong: str
    matched: MatchedView


def month_of(text: str, now: datetime) -> date:
    """The first day of the month that is asked for (`2026-11`), or of this one."""
    try:
        asked = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        return now.date().replace(day=1)
    return asked if 2000 <= asked.year < 2200 else now.date().replace(day=1)


def shown_days(month: date) -> list[date]:
    """The days of whole weeks around a month."""
    first = month - month.weekday() * DAY
    last = _after(month) - DAY
    return [first + DAY * number for number in range((last - first).days + 7 - last.weekday())]


def zone_of(windows: Sequence[WindowView]) -> ZoneInfo:
    """By whose clocks the calendar is: those that most windows go by."""
    zones = Counter(each.spec.timezone for each in windows)
    return ZoneInfo(zones.most_common(1)[0][0] if zones else "UTC")


def span_of(month: date) -> tuple[datetime, datetime]:
    """From when to when windows are asked for, whatever the clocks."""
    days = shown_days(month)
    begin = datetime.combine(days[0], time(), UTC)
    return begin - DAY, begin + DAY * (len(days) + 1)


def maintenance_view(
    windows: Sequence[WindowView], coming: Sequence[WindowView], month: date, root: str, formats: Formats
) -> MaintenanceView:
    """The page. The occurrences of `windows` are those of the month, those of `coming` the next ones."""
    here, zone = f"{root}/maintenance", zone_of(windows)
    today = formats.now.astimezone(zone).date()
    cells = [_day(each, windows, zone, today, month, here) for each in shown_days(month)]

    def move(words: str, to: date, icon: str = "") -> Link:
        return Link(words, f"{here}?month={to:%Y-%m}", icon)

    words = "A window keeps what it matches from being told while work is done: once, or as often as you say."
    add = Link("Plan maintenance", f"{here}/new", "plus")
    return MaintenanceView(
        tabs=silence_tabs(root, "/maintenance"),
        add=add,
        title=f"{month:%B %Y}",
        zone=zone.key,
        before=move("The month before", (month - DAY).replace(day=1), "chevron-left"),
        today=move("This month", today),
        after=move("The month after", _after(month), "chevron-right"),
        weeks=tuple(tuple(cells[number : number + 7]) for number in range(0, len(cells), 7)),
        rows=tuple(row_of(each, root, formats) for each in coming),
        empty=None if windows else Empty("clock", "No maintenance is planned", words, add),
    )


def _after(month: date) -> date:
    return (month.replace(day=28) + 4 * DAY).replace(day=1)


def _day(day: date, windows: Sequence[WindowView], zone: ZoneInfo, today: date, month: date, here: str) -> CalendarDay:
    begin, end = datetime.combine(day, time(), zone), datetime.combine(day + DAY, time(), zone)
    within = sorted(
        (
            (span.starts_at, each, span)
            for each in windows
            if each.spec.is_active
            for span in each.occurrences
            if span.starts_at < end and span.ends_at > begin
        ),
        key=lambda entry: (entry[0], entry[1].spec.name),
    )
    return CalendarDay(
        iso=day.isoformat(),
        words=f"{day:%A} {day.day} {day:%B}",
        number=str(day.day),
        is_today=day == today,
        is_beside=day.month != month.month,
        openings=tuple(
            Opening(each.spec.name, f"{here}/{each.id}", _times(span, begin, end, zone)) for _, each, span in within
        ),
    )


def _times(span: Occurrence, begin: datetime, end: datetime, zone: ZoneInfo) -> str:
    starts = f"{span.starts_at.astimezone(zone):%H:%M}" if span.starts_at >= begin else ""
    ends = f"{span.ends_at.astimezone(zone):%H:%M}" if span.ends_at <= end else ""
    if not starts and not ends:
        return "all day"
    return f"{starts} to {ends}" if starts and ends else f"from {starts}" if starts else f"until {ends}"


def row_of(window: WindowView, root: str, formats: Formats) -> WindowRow:
    """One window of the list; its occurrences are the next ones."""
    at, spec = f"{root}/maintenance/{window.id}", window.spec
    following = next((each for each in window.occurrences if each.ends_at > formats.now), None)
    switch = Action("Pause", f"{at}/pause", "pause") if spec.is_active else Action("Resume", f"{at}/resume", "play")
    gone = f"“{spec.name}” holds back nothing more; what fires still is told."
    return WindowRow(
        id=str(window.id),
        href=at,
        name=spec.name,
        matchers=written(spec.matchers),
        state=_state(window),
        next=formats.when(following.starts_at) if following and spec.is_active else None,
        until=formats.when(following.ends_at) if following and window.is_open else None,
        again=again_words(spec),
        held="nothing so far" if not window.held else "1 alert" if window.held == 1 else f"{window.held} alerts",
        actions=(switch, Action("Delete", f"{at}/delete", "trash-2", "danger", confirm=gone)),
    )


def _state(window: WindowView) -> Badge:
    if not window.spec.is_active:
        return Badge("Paused")
    return Badge("Open now", "info") if window.is_open else Badge("Planned", "good")


def again_words(spec: WindowSpec) -> str:
    """How a window comes again, in words."""
    clock = f"{spec.starts_at:%H:%M} ({spec.timezone})"
    match again_of(spec):
        case "once":
            return f"once, on {spec.starts_at.day} {spec.starts_at:%B %Y} at {clock}"
        case "daily":
            return f"every day at {clock}"
        case "weekly":
            return f"every {spec.starts_at:%A} at {clock}"
        case "monthly":
            return f"on day {spec.starts_at.day} of every month at {clock}"
        case _:
            return f"{spec.rrule}, from {clock}"


def again_of(spec: WindowSpec) -> str:
    """The choice of the form that a rule is."""
    simple = {rule_of(each.value, spec.starts_at): each.value for each in AGAIN[:4]}
    return simple.get(spec.rrule, "rule")


def rule_of(again: str, starts_at: datetime) -> str | None:
    """The recurrence rule of a choice of the form."""
    return {
        "daily": "FREQ=DAILY",
        "weekly": f"FREQ=WEEKLY;BYDAY={DAYS[starts_at.weekday()]}",
        "monthly": f"FREQ=MONTHLY;BYMONTHDAY={starts_at.day}",
    }.get(again)


def window_form(
    window: WindowView | None,
    typed: Mapping[str, str],
    errors: Errors,
    openings: Sequence[Occurrence],
    wrong: str,
    matched: MatchedView,
    root: str,
) -> WindowFormView:
    """The form: of a new window, or of one that is there.

    `openings` are the next times of what is typed, whose time zone then is one; `wrong` is why it would never be open.
    """
    here = f"{root}/maintenance"
    values = {"again": "once", "timezone": "UTC", "duration": "2h", **typed}
    fields = (
        Field("name", "Name", required=True, placeholder="Database updates", maxlength=200),
        Field(
            "matchers",
            "Alerts with these labels",
            hint='Commas between them: service="db", host=~"db-.*". Patterns match the whole value.',
            required=True,
            placeholder='service="db"',
            maxlength=4000,
        ),
        Field("starts_at", "First time", kind="datetime-local", required=True, hint="By the clocks of the time zone."),
        Field("duration", "Lasts", hint="Like 90m, 2h.", required=True, offers="lengths", maxlength=20),
        Field("timezone", "Time zone", hint="Like Europe/Berlin.", required=True, maxlength=100),
        Field("again", "Comes again", kind="select", options=AGAIN),
        Field("rrule", "Rule (RFC 5545)", placeholder="FREQ=MONTHLY;BYDAY=1SU", maxlength=500),
        Field("comment", "What is done", maxlength=2000),
    )
    return WindowFormView(
        title="Plan maintenance" if window is None else f"Edit {window.spec.name}",
        back=Link("Maintenance", here) if window is None else Link(window.spec.name, f"{here}/{window.id}"),
        save=f"{here}/new" if window is None else f"{here}/{window.id}/edit",
        submit="Plan" if window is None else "Save",
        error=errors.form,
        fields=tuple(replace(each, value=values.get(each.name, ""), error=errors.of(each.name)) for each in fields),
        openings=tuple(_opening(each, ZoneInfo(values["timezone"])) for each in openings),
        wrong=wrong,
        matched=matched,
    )


def _opening(span: Occurrence, zone: ZoneInfo) -> str:
    starts, ends = span.starts_at.astimezone(zone), span.ends_at.astimezone(zone)
    day = f"{starts:%A} {starts.day} {starts:%B %Y}"
    until = f"{ends:%H:%M}" if ends.date() == starts.date() else f"{ends:%A} {ends:%H:%M}"
    return f"{day}, {starts:%H:%M} to {until}"


def typed_of(spec: WindowSpec) -> dict[str, str]:
    """A window as its form shows it."""
    again = again_of(spec)
    return {
        "name": spec.name,
        "matchers": written(spec.matchers),
        "starts_at": f"{spec.starts_at:%Y-%m-%dT%H:%M}",
        "duration": _length(spec.duration),
        "timezone": spec.timezone,
        "again": again,
        "rrule": spec.rrule or "" if again == "rule" else "",
        "comment": spec.comment,
    }


def _length(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def spec_of(typed: Mapping[str, str], known: WindowSpec | None) -> dict[str, object]:
    """What a form says of a window, as the API takes it."""
    names = ("name", "matchers", "starts_at", "duration", "timezone", "comment")
    fields: dict[str, object] = {name: typed.get(name, "") for name in names}
    again = typed.get("again", "once")
    try:
        rule = rule_of(again, datetime.fromisoformat(typed.get("starts_at", "")))
    except ValueError:
        rule = None
    return fields | {
        "rrule": typed.get("rrule", "") if again == "rule" else rule,
        "is_active": known.is_active if known else True,
    }
