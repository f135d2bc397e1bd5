"""What a status page shows of the past and of what is to come: days of components, threads of updates, planned work."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitors_contracts.base import Id
from monitors_contracts.maintenance import MaintenanceWindow
from monitors_contracts.status_pages import (
    HISTORY_DAYS,
    ComponentChange,
    ComponentStatus,
    DayBar,
    PublicStatus,
    ShownComponent,
    ShownMaintenance,
    ShownUpdate,
    Standing,
    StatusPage,
    StatusUpdate,
    Thread,
)

from . import recurrence
from .status_pages import names_of, worst

SHOWN_FOR = timedelta(days=30)
"""How long updates stay on the page, and how far ahead maintenance is told."""
NEXT_TIMES = 3
"""How often a window that comes again is listed."""
_DAY = timedelta(days=1)
_OUT = (ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.MAJOR_OUTAGE)
_OVER = ("resolved", "notice")


def published(
    page: StatusPage,
    changes: Mapping[str, Sequence[ComponentChange]],
    updates: Sequence[StatusUpdate],
    windows: Sequence[MaintenanceWindow],
    now: datetime,
) -> PublicStatus:
    """All that the page shows. `changes` by component, oldest first; `windows` those that its components name."""
    zone = ZoneInfo(page.spec.timezone)
    return PublicStatus(
        name=page.spec.name,
        description=page.spec.description,
        timezone=page.spec.timezone,
        status=worst(each.status for each in page.standings),
        components=[_component(page, each.key, changes.get(each.key, ()), zone, now) for each in page.spec.components],
        threads=threads(page, updates),
        maintenance=_maintenance(page, windows, now),
    )


def _component(
    page: StatusPage, key: str, changes: Sequence[ComponentChange], zone: ZoneInfo, now: datetime
) -> ShownComponent:
    component, standing = page.spec.component(key), page.standing(key)
    assert component
    assert standing
    bars, uptime = history(standing, changes, zone, now)
    return ShownComponent(
        key=key,
        name=component.name,
        description=component.description,
        group=component.group,
        status=standing.status,
        since=standing.since,
        note=standing.override.note if standing.override else "",
        uptime=uptime,
        history=bars,
    )


def since(page: StatusPage, now: datetime) -> datetime:
    """When the first day that is shown began."""
    zone = ZoneInfo(page.spec.timezone)
    return _midnight(now.astimezone(zone).date() - (HISTORY_DAYS - 1) * _DAY, zone)


def history(
    standing: Standing, changes: Sequence[ComponentChange], zone: ZoneInfo, now: datetime
) -> tuple[list[DayBar], float | None]:
    """The component's days, oldest first, and the share of all that time without an outage. `changes` oldest first."""
    first = now.astimezone(zone).date() - (HISTORY_DAYS - 1) * _DAY
    days = [first + number * _DAY for number in range(HISTORY_DAYS)]
    known, out, bad = [0.0] * HISTORY_DAYS, [0.0] * HISTORY_DAYS, [list[ComponentStatus]() for _ in days]
    midnights = [_midnight(day, zone) for day in (*days, days[-1] + _DAY)]
    number = 0
    for begins, ends, status in _spans(standing, changes, midnights[0], now):
        while midnights[number + 1] <= begins:
            number += 1
        within = number
        while within < HISTORY_DAYS and midnights[within] < ends:
            seconds = (min(ends, midnights[within + 1]) - max(begins, midnights[within])).total_seconds()
            known[within] += seconds
            out[within] += seconds if status in _OUT else 0.0
            bad[within].append(status)
            within += 1
    bars = [
        DayBar(day=day, status=worst(seen), uptime=_share(gone, whole)) if seen else DayBar(day=day)
        for day, whole, gone, seen in zip(days, known, out, bad, strict=True)
    ]
    return bars, _share(sum(out), sum(known)) if any(bad) else None


def _spans(
    standing: Standing, changes: Sequence[ComponentChange], since: datetime, now: datetime
) -> Iterable[tuple[datetime, datetime, ComponentStatus]]:
    """From when to when it did how, of the time that is known."""
    since = max(since, standing.known_since)
    within = [each for each in changes if each.at > since]
    begins, status = since, within[0].previous if within else standing.status
    for each in within:
        yield begins, each.at, status
        begins, status = each.at, each.status
    if begins <= now:
        yield begins, now, status


def _share(out: float, known: float) -> float:
    return round(1 - out / known, 6) if known else 1.0


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def threads(page: StatusPage, updates: Sequence[StatusUpdate]) -> list[Thread]:
    """Updates by what they tell of: what goes on first, then the newest. `updates` newest first."""
    together: dict[Id, list[StatusUpdate]] = {}
    for each in updates:
        together.setdefault(each.thread_id, []).append(each)
    found = [
        Thread(
            id=thread,
            title=members[-1].title,
            stage=members[0].stage,
            components=names_of(page.spec, {key for each in members for key in each.components}),
            started_at=members[-1].posted_at,
            updates=[ShownUpdate(id=each.id, text=each.text, stage=each.stage, at=each.posted_at) for each in members],
        )
        for thread, members in together.items()
    ]
    return sorted(found, key=lambda each: each.stage in _OVER)


def _maintenance(page: StatusPage, windows: Sequence[MaintenanceWindow], now: datetime) -> list[ShownMaintenance]:
    found = [
        ShownMaintenance(
            name=each.spec.name,
            components=[component.name for component in page.spec.components if each.id in component.windows],
            starts_at=span.starts_at,
            ends_at=span.ends_at,
        )
        for each in windows
        if each.spec.is_active
        for span in recurrence.occurrences(each.spec, now, now + SHOWN_FOR, NEXT_TIMES)
    ]
    return sorted(found, key=lambda each: (each.starts_at, each.name))
