"""The platform itself: which parts are up, what waits, and its own measurements where there are any."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from monitors_contracts.platform import PartState

from ...api.system import HealthReply, PartHealth, StatusReply
from ..formats import Formats, When
from .explore import GraphView
from .lines import Drawn, line_rows, values_table
from .parts import Badge, Tone
from .selecting import Asked, address

STATES: dict[PartState, Badge] = {
    PartState.UP: Badge("Up", "good"),
    PartState.DEGRADED: Badge("Not as it should be", "warn"),
    PartState.DOWN: Badge("Down", "bad"),
}
OVERALL: dict[PartState, tuple[str, Tone]] = {
    PartState.UP: ("Everything is up.", "good"),
    PartState.DEGRADED: ("Something is not as it should be.", "warn"),
    PartState.DOWN: ("The platform is down.", "bad"),
}
WORDS = {
    "gateway": "Console and API",
    "scraper": "Fetching pages and targets",
    "evaluator": "Reading, deciding, rules",
    "alerter": "Alerts",
    "notifier": "Messages",
    "metrics": "Measurements",
    "database": "What is kept",
    "bus": "What happens, on its way",
}
SPAN = "6h"


@dataclass(frozen=True, slots=True)
class OwnChart:
    """A graph of the platform's own measurements: from which metric, asked how, counted in what."""

    id: str
    title: str
    metric: str
    query: str
    unit: str


CHARTS = (
    OwnChart(
        "requests",
        "Requests a second, by status",
        "monitors_http_request_seconds_count",
        "sum by (status) (rate(monitors_http_request_seconds_count[5m]))",
        "/s",
    ),
    OwnChart(
        "times",
        "Time of requests, 95th percentile",
        "monitors_http_request_seconds_bucket",
        "histogram_quantile(0.95, sum by (le) (rate(monitors_http_request_seconds_bucket[5m])))",
        "s",
    ),
    OwnChart(
        "waiting",
        "Events that wait, by queue",
        "monitors_consumer_pending",
        "topk(5, sum by (durable) (monitors_consumer_pending))",
        "",
    ),
    OwnChart(
        "deliveries",
        "Deliveries a minute, by outcome",
        "monitors_notifications_total",
        "60 * sum by (outcome) (rate(monitors_notifications_total[5m]))",
        "/min",
    ),
    OwnChart(
        "samples",
        "Samples a second, by outcome",
        "monitors_measurements_total",
        "sum by (outcome) (rate(monitors_measurements_total[5m]))",
        "/s",
    ),
)


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part of the platform."""

    name: str
    words: str
    state: Badge
    reason: str
    since: When | None


@dataclass(frozen=True, slots=True)
class Stat:
    """A number with its name."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A queue of events."""

    name: str
    service: str
    waiting: str


@dataclass(frozen=True, slots=True)
class ChartCard:
    """One of the platform's own graphs. `explore` leads to it at full size."""

    id: str
    title: str
    explore: str
    graph: GraphView


@dataclass(frozen=True, slots=True)
class NumbersView:
    """The platform in numbers, of all organizations together. `all_queues` says so when nothing waits."""

    stats: tuple[Stat, ...]
    queues: tuple[QueueRow, ...]
    all_queues: str


@dataclass(frozen=True, slots=True)
class SystemView:
    """The page; `numbers` for operators alone."""

    words: str
    tone: Tone
    checked: When
    parts: tuple[PartRow, ...]
    numbers: NumbersView | None
    charts: tuple[ChartCard, ...]
    no_charts: str


def wanted_charts(names: Collection[str]) -> tuple[OwnChart, ...]:
    """The graphs that can be drawn of these metrics."""
    return tuple(each for each in CHARTS if each.metric in names)


def asked_for(own: OwnChart) -> Asked:
    """What to ask for one of them."""
    return Asked(promql=True, query=own.query, span=SPAN)


def system_view(
    health: HealthReply, status: StatusReply | None, graphs: Mapping[str, Drawn], root: str, formats: Formats
) -> SystemView:
    """The page; `graphs` are of the platform's own measurements, by id. `status` is None for who is no operator."""
    words, tone = OVERALL[health.state]
    cards = tuple(
        _card(own, found, root, formats) for own in CHARTS if (found := graphs.get(own.id)) and found.newest is not None
    )
    return SystemView(
        words=words,
        tone=tone,
        checked=formats.when(health.checked_at),
        parts=tuple(_part(each, formats) for each in health.parts),
        numbers=_numbers(status, formats) if status else None,
        charts=cards,
        no_charts=""
        if cards
        else "The platform measures itself for the organization that `monitors up` belongs to; yours has none of it.",
    )


def _numbers(status: StatusReply, formats: Formats) -> NumbersView:
    waiting = [each for each in status.queues if each.waiting]
    return NumbersView(
        stats=_stats(status, formats),
        queues=tuple(
            QueueRow(each.name, each.service, formats.number(each.waiting))
            for each in sorted(waiting, key=lambda each: -each.waiting)
        ),
        all_queues="" if waiting else f"Nothing waits in any of {formats.number(len(status.queues))} queues.",
    )


def _part(part: PartHealth, formats: Formats) -> PartRow:
    return PartRow(
        part.name.capitalize(),
        WORDS.get(part.name, ""),
        STATES[part.state],
        part.reason,
        formats.maybe_when(part.since),
    )


def _stats(status: StatusReply, formats: Formats) -> tuple[Stat, ...]:
    return (
        Stat("Processes", formats.number(status.processes)),
        Stat("Events waiting", formats.number(sum(each.waiting for each in status.queues))),
        Stat("Not published yet", formats.number(status.unpublished)),
        Stat("Given up (dead letters)", formats.number(status.dead_letters)),
        Stat("Database answers in", formats.span(status.database_seconds)),
        Stat("Bus answers in", formats.span(status.bus_seconds)),
        Stat("Version", status.version),
    )


def _card(own: OwnChart, found: Drawn, root: str, formats: Formats) -> ChartCard:
    query = address(asked_for(own))
    table = values_table(found, own.unit, formats)
    graph = GraphView(
        src=f"{root}/explore/graph?{query}",
        label=own.title,
        title=own.title,
        common=found.common,
        rows=line_rows(found, own.unit, formats),
        latest=table.rows[0][0],
        table=table,
        note="",
    )
    return ChartCard(own.id, own.title, f"{root}/explore?{query}", graph)
