"""What a status page shows: view models of what is published, with times by the page's clocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from monitors_contracts.status_pages import (
    ComponentStatus,
    DayBar,
    PublicStatus,
    ShownComponent,
    ShownMaintenance,
    Stage,
    Thread,
)

from ..console.views.parts import Badge, Tone

Marks: TypeAlias = tuple[tuple[str, str], ...]

STATUS_WORDS = {
    ComponentStatus.OPERATIONAL: "Operational",
    ComponentStatus.MAINTENANCE: "Maintenance",
    ComponentStatus.DEGRADED: "Degraded",
    ComponentStatus.PARTIAL_OUTAGE: "Partial outage",
    ComponentStatus.MAJOR_OUTAGE: "Major outage",
}
_OVERALL = {
    ComponentStatus.OPERATIONAL: "All systems operational",
    ComponentStatus.MAINTENANCE: "Maintenance is under way",
    ComponentStatus.DEGRADED: "Some systems are degraded",
    ComponentStatus.PARTIAL_OUTAGE: "Some systems are partly out",
    ComponentStatus.MAJOR_OUTAGE: "Some systems are out",
}
TONES: dict[ComponentStatus, Tone] = {
    ComponentStatus.OPERATIONAL: "good",
    ComponentStatus.MAINTENANCE: "info",
    ComponentStatus.DEGRADED: "warn",
    ComponentStatus.PARTIAL_OUTAGE: "warn",
    ComponentStatus.MAJOR_OUTAGE: "bad",
}
STAGES: dict[Stage, Badge] = {
    "investigating": Badge("Investigating", "bad"),
    "identified": Badge("Cause identified", "warn"),
    "watching": Badge("Watching", "info"),
    "resolved": Badge("Resolved", "good"),
    "notice": Badge("Notice"),
}


@dataclass(frozen=True, slots=True)
class ComponentView:
    """A component, and its days: a tone and words each."""

    name: str
    description: str
    badge: Badge
    note: str
    days: Marks
    days_words: str
    uptime: str


@dataclass(frozen=True, slots=True)
class GroupView:
    """Components that are shown together; those of no group have no name."""

    name: str
    components: tuple[ComponentView, ...]


@dataclass(frozen=True, slots=True)
class UpdateView:
    """Something that was said, line by line."""

    id: str
    stage: Badge
    at: str
    iso: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ThreadView:
    """Updates of one thing, newest first."""

    title: str
    components: str
    stage: Badge
    is_over: bool
    updates: tuple[UpdateView, ...]


@dataclass(frozen=True, slots=True)
class PlannedView:
    """Planned work."""

    name: str
    components: str
    times: str


@dataclass(frozen=True, slots=True)
class BoardView:
    """What the page shows of how things do."""

    overall: str
    tone: Tone
    groups: tuple[GroupView, ...]
    going_on: tuple[ThreadView, ...]
    past: tuple[ThreadView, ...]
    planned: tuple[PlannedView, ...]
    zone: str


@dataclass(frozen=True, slots=True)
class PageView:
    """The whole page. `here` is its own path, `error` what is wrong with what was typed in its form."""

    name: str
    description: str
    here: str
    assets: str
    is_private: bool
    board: BoardView
    error: str = ""
    typed: str = ""


@dataclass(frozen=True, slots=True)
class WordView:
    """A page of some words, and perhaps one button that sends a form to the page itself."""

    title: str
    words: str
    assets: str
    button: str = ""
    back: str = ""
    secret: str = ""


def board(status: PublicStatus) -> BoardView:
    """How things do."""
    zone = ZoneInfo(status.timezone)
    names = list(dict.fromkeys(each.group for each in status.components))
    shown = [_thread(each, zone) for each in status.threads]
    return BoardView(
        overall=_OVERALL[status.status] if status.components else "Nothing is watched here yet",
        tone=TONES[status.status] if status.components else "neutral",
        groups=tuple(
            GroupView(name, tuple(_component(each, zone) for each in status.components if each.group == name))
            for name in names
        ),
        going_on=tuple(each for each in shown if not each.is_over),
        past=tuple(each for each in shown if each.is_over),
        planned=tuple(_planned(each, zone) for each in status.maintenance),
        zone=status.timezone,
    )


def _component(component: ShownComponent, zone: ZoneInfo) -> ComponentView:
    bad = sum(
        each.status not in (None, ComponentStatus.OPERATIONAL, ComponentStatus.MAINTENANCE)
        for each in component.history
    )
    uptime = "" if component.uptime is None else f"{percent(component.uptime)} up"
    troubled = (
        "No day was troubled" if not bad else f"{bad} day was troubled" if bad == 1 else f"{bad} days were troubled"
    )
    return ComponentView(
        name=component.name,
        description=component.description,
        badge=Badge(STATUS_WORDS[component.status], TONES[component.status]),
        note=component.note,
        days=tuple(_day(each) for each in component.history),
        days_words=f"{component.name}, the last {len(component.history)} days: {troubled}. {uptime}".strip(),
        uptime=uptime,
    )


def _day(day: DayBar) -> tuple[str, str]:
    when = f"{day.day.day} {day.day:%b %Y}"
    if day.status is None:
        return "none", f"{when}: not known"
    words = f"{when}: {STATUS_WORDS[day.status]}"
    return TONES[day.status], words if day.uptime in (None, 1) else f"{words}, {percent(day.uptime)} up"


def percent(share: float) -> str:
    """A share in percent, never rounded up to all of it: 0.99996 is `99.99 %`."""
    return "100 %" if share >= 1 else f"{min(int(share * 10_000) / 100, 99.99):.2f} %"


def _thread(thread: Thread, zone: ZoneInfo) -> ThreadView:
    return ThreadView(
        title=thread.title,
        components=", ".join(thread.components),
        stage=STAGES[thread.stage],
        is_over=thread.stage in ("resolved", "notice"),
        updates=tuple(
            UpdateView(str(each.id), STAGES[each.stage], moment(each.at, zone), each.at.isoformat(), lines(each.text))
            for each in thread.updates
        ),
    )


def _planned(planned: ShownMaintenance, zone: ZoneInfo) -> PlannedView:
    starts, ends = planned.starts_at.astimezone(zone), planned.ends_at.astimezone(zone)
    until = f"{ends:%H:%M %Z}" if ends.date() == starts.date() else moment(planned.ends_at, zone)
    return PlannedView(planned.name, ", ".join(planned.components), f"{_clock(starts)} to {until}")


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A moment by the page's clocks: `21 Nov 2026, 17:03 CET`."""
    local = at.astimezone(zone)
    return f"{_clock(local)} {local:%Z}"


def _clock(local: datetime) -> str:
    return f"{local.day} {local:%b %Y, %H:%M}"


def lines(text: str) -> tuple[str, ...]:
    """A text line by line, without characters that no document may hold."""
    clean = ("".join(each for each in line if each.isprintable()) for line in text.splitlines())
    return tuple(line for line in clean if line.strip())


def feed_entries(threads: Sequence[Thread]) -> list[dict[str, str]]:
    """Updates for the Atom feed (RFC 4287), newest first."""
    entries = [
        {
            "id": f"urn:uuid:{update.id}",
            "title": f"{' '.join(lines(thread.title))}: {STAGES[update.stage].words}",
            "at": update.at.isoformat(),
            "text": "\n".join(lines(update.text)),
        }
        for thread in threads
        for update in thread.updates
    ]
    return sorted(entries, key=lambda each: each["at"], reverse=True)
