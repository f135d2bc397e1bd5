"""The list of incidents, and how long they took."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import urlencode

from monitors_contracts.alerts import AlertState, Severity
from monitors_contracts.incidents import Figures, IncidentFigures, IncidentHead, IncidentList, IncidentStatus, Spread

from ..formats import Formats, When
from ..forms import Errors
from .marks import MARKS, Mark, marked
from .parts import Badge, Empty, Field, FormPage, Link, Option, Tab, Tone

Chosen = Literal["open", "resolved", "all"]

STATUSES: dict[IncidentStatus, Badge] = {
    IncidentStatus.OPEN: Badge("Open", "bad"),
    IncidentStatus.ACKNOWLEDGED: Badge("Acknowledged", "warn"),
    IncidentStatus.RESOLVED: Badge("Resolved", "good"),
}
TABS: dict[Chosen, tuple[str, tuple[IncidentStatus, ...]]] = {
    "open": ("Open", (IncidentStatus.OPEN, IncidentStatus.ACKNOWLEDGED)),
    "resolved": ("Resolved", (IncidentStatus.RESOLVED,)),
    "all": ("All", tuple(IncidentStatus)),
}
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
DAYS = 30
BAR_HEIGHT = 60.0


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One incident of the list."""

    id: str
    href: str
    number: str
    title: str
    mark: Mark
    status: Badge
    opened: When
    alerts: str
    labels: str


@dataclass(frozen=True, slots=True)
class Bar:
    """Incidents of one severity on one day, in a box as wide as there are days and `BAR_HEIGHT` high."""

    x: int
    y: float
    height: float
    tone: Tone


@dataclass(frozen=True, slots=True)
class Took:
    """How long something took: half of the incidents at most so long, nine of ten at most so long."""

    words: str
    median: str
    p90: str


@dataclass(frozen=True, slots=True)
class FiguresView:
    """The last days: how many incidents each day, and how long they took."""

    words: str
    bars: tuple[Bar, ...]
    width: int
    took: tuple[Took, ...]


@dataclass(frozen=True, slots=True)
class IncidentsView:
    """The list, narrowed, with figures of late."""

    here: str
    merge: str
    new: str
    tabs: tuple[Tab, ...]
    chosen: Chosen
    query: str
    rows: tuple[IncidentRow, ...]
    older: str
    empty: Empty | None
    figures: FiguresView | None


def mark_of(severity: Severity, status: IncidentStatus) -> Mark:
    """How bad it is, and calm once it is over."""
    return marked(severity, is_over=status is IncidentStatus.RESOLVED)


def incidents_view(
    found: IncidentList, figures: IncidentFigures, chosen: Chosen, query: str, root: str, formats: Formats
) -> IncidentsView:
    """The page of the list."""
    here = f"{root}/incidents"
    return IncidentsView(
        here=here,
        merge=f"{here}/merge",
        new=f"{here}/new",
        tabs=tuple(_tab(each, chosen, found, here, query, formats) for each in TABS),
        chosen=chosen,
        query=query,
        rows=tuple(_row(each, here, formats) for each in found.incidents),
        older=_address(here, chosen, query, found.next_cursor) if found.next_cursor else "",
        empty=None if found.incidents else _nothing(chosen, query, here),
        figures=figures_view(figures, formats) if figures.all.incidents else None,
    )


def figures_view(figures: IncidentFigures, formats: Formats) -> FiguresView:
    """How it went of late."""
    first = _day(figures.until) - timedelta(days=DAYS - 1)
    most = max((sum(each.opened.values()) for each in figures.days), default=1)
    bars: list[Bar] = []
    for day in figures.days:
        top = BAR_HEIGHT
        for severity in reversed(SEVERITIES):
            height = round(day.opened.get(severity, 0) / most * BAR_HEIGHT, 1)
            top = round(top - height, 1)
            if height and (x := (_day(day.day) - first).days) >= 0:
                bars.append(Bar(x, top, height, MARKS[severity][1]))
    counts = {each: figures.by_severity.get(each, Figures()).incidents for each in SEVERITIES}
    parts = ", ".join(f"{formats.number(count)} {each}" for each, count in counts.items() if count)
    total = figures.all.incidents
    words = f"{formats.number(total)} {'incident' if total == 1 else 'incidents'} in {DAYS} days: {parts}"
    took = (
        _took("To detect", figures.all.detect, formats),
        _took("To acknowledge", figures.all.acknowledge, formats),
        _took("To resolve", figures.all.resolve, formats),
    )
    return FiguresView(words, tuple(bars), DAYS, took)


def incident_form(typed: dict[str, str], errors: Errors, root: str) -> FormPage:
    """The form that opens one by hand."""
    severities = tuple(Option(each, each.capitalize()) for each in SEVERITIES)
    return FormPage(
        title="New incident",
        words="For what no alert tells. Alerts that belong to it can join later.",
        back=Link("Incidents", f"{root}/incidents"),
        save=f"{root}/incidents/new",
        submit="Open it",
        error=errors.form,
        fields=(
            Field(
                "title",
                "What is wrong",
                typed.get("title", ""),
                error=errors.of("title"),
                required=True,
                maxlength=200,
                autofocus=True,
            ),
            Field(
                "severity",
                "Severity",
                typed.get("severity", "warning"),
                kind="select",
                options=severities,
                error=errors.of("severity"),
            ),
            Field(
                "impact",
                "Impact",
                typed.get("impact", ""),
                kind="textarea",
                hint="Who notices what.",
                error=errors.of("impact"),
                maxlength=1000,
            ),
        ),
    )


def _row(incident: IncidentHead, here: str, formats: Formats) -> IncidentRow:
    return IncidentRow(
        id=str(incident.id),
        href=f"{here}/{incident.id}",
        number=f"#{incident.number}",
        title=incident.title,
        mark=mark_of(incident.severity, incident.status),
        status=STATUSES[incident.status],
        opened=formats.when(incident.opened_at),
        alerts=alerts_words(incident, formats),
        labels=", ".join(f"{name}={value}" for name, value in incident.labels.items()),
    )


def alerts_words(incident: IncidentHead, formats: Formats) -> str:
    """How many alerts it has, and how many of them are not over."""
    total = sum(incident.counts.values())
    lasting = total - incident.counts.get(AlertState.RESOLVED, 0)
    if not total:
        return "no alerts"
    words = f"{formats.number(total)} {'alert' if total == 1 else 'alerts'}"
    return f"{words}, all over" if not lasting else f"{words}, {formats.number(lasting)} not over"


def _took(words: str, spread: Spread, formats: Formats) -> Took:
    if spread.median is None or spread.p90 is None:
        return Took(words, "–", "")
    return Took(words, formats.span(spread.median), f"90 % within {formats.span(spread.p90)}")


def _day(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _tab(each: Chosen, chosen: Chosen, found: IncidentList, here: str, query: str, formats: Formats) -> Tab:
    words, statuses = TABS[each]
    count = sum(found.counts.get(status, 0) for status in statuses)
    return Tab(words, _address(here, each, query, None), each == chosen, formats.number(count))


def _address(here: str, chosen: Chosen, query: str, cursor: str | None) -> str:
    asked = {"status": chosen, "q": query, "cursor": cursor or ""}
    return f"{here}?{urlencode({name: value for name, value in asked.items() if value})}"


def _nothing(chosen: Chosen, query: str, here: str) -> Empty:
    if query:
        clear = Link("Clear the search", _address(here, chosen, "", None))
        return Empty("filter", "No incident matches", "Try other words or another tab.", clear)
    return {
        "open": Empty(
            "circle-check",
            "No incident is open",
            "A critical alert opens one, and so do two alerts of the same service, host or check within half an hour.",
            Link("To the alerts", here.removesuffix("/incidents") + "/alerts", "bell"),
        ),
        "resolved": Empty("history", "No incident has ended yet", "Incidents come here once they are over."),
        "all": Empty("bell", "No incident yet", "Alerts that belong together will be here as one."),
    }[chosen]
