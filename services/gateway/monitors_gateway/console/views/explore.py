"""Explore: pick a metric, narrow it, and see its lines; or write PromQL."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from monitors_contracts.metrics import MetricDescription, MetricFunction

from ..formats import Formats, When
from .lines import MOST_LINES, Drawn, LineRow, ValuesTable, line_rows, values_table
from .parts import Empty, Link, Option, Tab
from .selecting import EVERY, SPANS, Asked, Match, address, fitting, promql

FUNCTIONS: dict[MetricFunction, str] = {
    "avg": "Average",
    "last": "Last value",
    "min": "Smallest",
    "max": "Largest",
    "sum": "Sum",
    "count": "How many samples",
    "rate": "Growth a second (rate)",
    "increase": "Growth (increase)",
    "percentile": "Percentile",
}
OPS = (Option("=", "is"), Option("!=", "is not"), Option("=~", "matches"), Option("!~", "does not match"))
OFFERED = 200
"""Values of a label, and metrics, that are offered while somebody types."""
MOST_METRICS = 1000


@dataclass(frozen=True, slots=True)
class Offer:
    """Something to choose while typing, with a word on it."""

    value: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric that can be picked."""

    name: str
    href: str
    kind: str
    unit: str
    help: str


@dataclass(frozen=True, slots=True)
class MatcherRow:
    """A row of the form for one label. The last is empty, for another."""

    number: int
    label: str
    op: str
    value: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One box to tick."""

    value: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Builder:
    """The form: which metric, which labels, what of it, since when."""

    metric: str
    metrics: tuple[Offer, ...]
    about: str
    labels: tuple[str, ...]
    matchers: tuple[MatcherRow, ...]
    ops: tuple[Option, ...]
    function: str
    functions: tuple[Option, ...]
    percentile: str
    groups: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class GraphView:
    """What was found: a chart, each line in numbers, and the newest values as a table."""

    src: str
    label: str
    title: str
    common: str
    rows: tuple[LineRow, ...]
    latest: When
    table: ValuesTable
    note: str


@dataclass(frozen=True, slots=True)
class Snippet:
    """A way to send measurements, to copy."""

    id: str
    title: str
    words: str
    code: str


@dataclass(frozen=True, slots=True)
class ExploreView:
    """The page. One of `first` (nothing was ever sent), `catalogue`, `graph`, `empty` and `problem` is what it shows."""

    tabs: tuple[Tab, ...]
    modes: tuple[Tab, ...]
    here: str
    asked: Asked
    builder: Builder | None
    spans: tuple[Option, ...]
    paces: tuple[Option, ...]
    search: str
    catalogue: tuple[MetricRow, ...] | None
    catalogue_words: str
    graph: GraphView | None
    empty: Empty | None
    problem: str
    share: str
    rule: Link | None


def explore_tabs(root: str, current: str) -> tuple[Tab, ...]:
    """The pages about measurements."""
    pages = (("Explore", "/explore"), ("Targets", "/targets"), ("Send data", "/explore/send"))
    return tuple(Tab(words, root + at, at == current) for words, at in pages)


def explore_view(
    wanted: Asked,
    names: Sequence[str],
    descriptions: Mapping[str, MetricDescription],
    labels: Sequence[str],
    values: Mapping[str, Sequence[str]],
    found: Drawn | None,
    problem: str,
    origin: str,
    root: str,
    formats: Formats,
) -> ExploreView:
    """The page. `found` is the graph of what is `wanted`; `values` are offered by label; `problem` says why it has none.

    `origin` is where the platform is reached, for the link to share.
    """
    here = f"{root}/explore"
    about = descriptions.get(wanted.metric, MetricDescription())
    chosen = fitting(wanted, about.type)
    graph = _graph(chosen, about, found, here, formats) if found else None
    matching = [name for name in names if wanted.search.casefold() in _searched(name, descriptions)]
    listed = not wanted.is_given and not wanted.promql
    return ExploreView(
        tabs=explore_tabs(root, "/explore"),
        modes=_modes(wanted, chosen, here),
        here=here,
        asked=wanted,
        builder=None if wanted.promql or listed else _builder(wanted, chosen, names, descriptions, labels, values),
        spans=tuple(Option(span, words) for span, (words, _) in SPANS.items()),
        paces=tuple(Option(str(each), f"every {each} s" if each else "never") for each in EVERY),
        search=wanted.search,
        catalogue=_catalogue(matching[:MOST_METRICS], descriptions, here) if listed else None,
        catalogue_words=_counted(len(matching), formats) if listed else "",
        graph=graph,
        empty=_nothing(wanted, bool(found), listed, matching, here) if not graph and not problem else None,
        problem=problem,
        share=f"{origin}{here}?{address(wanted)}" if wanted.is_given else "",
        rule=_rule(chosen, found, root) if found and found.lines and not wanted.promql else None,
    )


def _searched(name: str, descriptions: Mapping[str, MetricDescription]) -> str:
    about = descriptions.get(name)
    return f"{name} {about.help}".casefold() if about else name.casefold()


def _counted(count: int, formats: Formats) -> str:
    if count > MOST_METRICS:
        return f"{formats.number(count)} metrics; the first {formats.number(MOST_METRICS)} are listed"
    return "1 metric" if count == 1 else f"{formats.number(count)} metrics"


def _modes(wanted: Asked, chosen: Asked, here: str) -> tuple[Tab, ...]:
    by_hand = wanted if wanted.promql else replace(wanted, promql=True, query=promql(chosen) if wanted.metric else "")
    built = replace(wanted, promql=False)
    return (
        Tab("Pick", f"{here}?{address(built)}" if built.metric else here, not wanted.promql),
        Tab("PromQL", f"{here}?{address(by_hand)}", wanted.promql),
    )


def _builder(
    wanted: Asked,
    chosen: Asked,
    names: Sequence[str],
    descriptions: Mapping[str, MetricDescription],
    labels: Sequence[str],
    values: Mapping[str, Sequence[str]],
) -> Builder:
    rows = (*wanted.matchers, Match("", "=", ""))
    automatic = f"Automatic: {FUNCTIONS[chosen.function or 'avg'].lower()}" if not wanted.function else "Automatic"
    groups = tuple(Choice(label, label, label in (wanted.by or ())) for label in labels)
    return Builder(
        metric=wanted.metric,
        metrics=tuple(Offer(name, _offer_words(descriptions.get(name))) for name in names[:MOST_METRICS]),
        about=_about(descriptions.get(wanted.metric)),
        labels=tuple(labels),
        matchers=tuple(
            MatcherRow(at, each.label, each.op, each.value, tuple(values.get(each.label, ())[:OFFERED]))
            for at, each in enumerate(rows)
        ),
        ops=OPS,
        function=wanted.function,
        functions=(Option("", automatic), *(Option(name, words) for name, words in FUNCTIONS.items())),
        percentile=f"{wanted.percentile:g}" if wanted.function == "percentile" else "",
        groups=(Choice("", "all in one line", wanted.by == ()), *groups),
    )


def _offer_words(about: MetricDescription | None) -> str:
    if about is None:
        return ""
    kind = "" if about.type == "unknown" else about.type
    return " · ".join(filter(None, (kind, about.unit, about.help[:80])))


def _about(about: MetricDescription | None) -> str:
    if about is None:
        return ""
    kind = "" if about.type == "unknown" else about.type.capitalize()
    return ". ".join(filter(None, (", ".join(filter(None, (kind, about.unit))), about.help)))


_PART = re.compile("_(bucket|count|sum)$")
"""How the names of a histogram's or summary's series end; it is described as a whole."""


def _catalogue(names: Sequence[str], descriptions: Mapping[str, MetricDescription], here: str) -> tuple[MetricRow, ...]:
    nothing = MetricDescription()
    rows: list[MetricRow] = []
    for name in names:
        whole = descriptions.get(_PART.sub("", name), nothing)
        about = descriptions.get(name) or (whole if whole.type in ("histogram", "summary") else nothing)
        kind = "" if about.type == "unknown" else about.type
        rows.append(MetricRow(name, f"{here}?{urlencode({'metric': name})}", kind, about.unit, about.help))
    return tuple(rows)


def unit_of(wanted: Asked, about: MetricDescription) -> str:
    """What the numbers of the graph are counted in."""
    if wanted.promql or wanted.function == "count":
        return ""
    return f"{about.unit}/s" if wanted.function == "rate" else about.unit


def _graph(wanted: Asked, about: MetricDescription, found: Drawn, here: str, formats: Formats) -> GraphView | None:
    at = found.newest
    if at is None:
        return None
    unit = unit_of(wanted, about)
    title = wanted.query if wanted.promql else wanted.selector
    function = "" if wanted.promql else f"{FUNCTIONS[wanted.function or 'avg']} of "
    span = SPANS[wanted.span][0].lower()
    left = found.total - len(found.lines)
    note = (
        f"{formats.number(found.total)} lines; the {MOST_LINES} highest are drawn. Narrow or group them."
        if left
        else ""
    )
    table = values_table(found, unit, formats)
    return GraphView(
        src=f"{here}/graph?{address(wanted)}",
        label=f"{function}{title}, {span}",
        title=title,
        common=found.common,
        rows=line_rows(found, unit, formats),
        latest=table.rows[0][0],
        table=table,
        note=note,
    )


def _nothing(wanted: Asked, was_asked: bool, listed: bool, matching: Sequence[str], here: str) -> Empty | None:
    if listed:
        if matching:
            return None
        all_of_them = Link("Show all metrics", here)
        return Empty(
            "search", "No metric is called so", "Search by a part of the name or of what it is about.", all_of_them
        )
    if not was_asked:
        return Empty("chart-line", "Ask something", "Write PromQL above, such as rate(http_requests_total[5m]).")
    longest = next(reversed(SPANS))
    link = Link(SPANS[longest][0], f"{here}?{address(replace(wanted, span=longest))}", "clock")
    words = "Nothing was measured in this span by what you picked. Look further back, or take a label away."
    return Empty("chart-line", "No samples here", words, link if wanted.span != longest else None)


def _rule(wanted: Asked, found: Drawn, root: str) -> Link:
    """To a new rule over these series, that fires above all that was seen."""
    highest = max(value for line in found.lines for value in line.values if value is not None)
    matchers = [{"label": each.label, "op": each.op, "value": each.value} for each in wanted.matchers]
    fields = {"metric": wanted.metric, "op": "gt", "critical": f"{highest:.4g}", "matchers": json.dumps(matchers)}
    return Link("Save as rule", f"{root}/rules/new?{urlencode(fields)}", "bell")
