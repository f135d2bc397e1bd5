"""Answers to questions about measurements."""

import math
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import wraps
from itertools import accumulate
from typing import ParamSpec, TypeVar

import numpy as np

from monitors_contracts.base import Id
from monitors_contracts.metrics import (
    DescribeMetrics,
    DescriptionList,
    FindUnknownSeries,
    GetMetrics,
    GetSeriesUsage,
    ListLabels,
    ListSeries,
    MetricGraph,
    MetricLine,
    MetricsReply,
    Names,
    QueryMetrics,
    SeriesList,
    SeriesSamples,
    SeriesUsage,
    SeriesView,
    UnknownSeries,
)
from monitors_runtime.errors import problem

from .domain import graph, rollups
from .domain.batches import milliseconds, moment
from .domain.rollups import Summaries
from .domain.samples import Values
from .domain.selectors import NAME, InvalidQuery, Matcher, Selector, parse_selector
from .settings import MetricsSettings
from .storage import KnownSeries, Storage

MOST_SERIES = 10_000
"""Series one query may touch."""
MOST_SUMMARIES = 20_000_000
"""Samples, or what sums them up, that one query may read (about; by how often series are usually measured)."""
_SELDOMEST = 15_000
MOST_TEXT = 1_000_000
"""Characters of one answer: what the bus carries, with room to spare for what JSON adds."""

P = ParamSpec("P")
R = TypeVar("R")


def answering(question: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """What can't be answered is a problem that says why."""

    @wraps(question)
    async def answered(*arguments: P.args, **named: P.kwargs) -> R:
        try:
            return await question(*arguments, **named)
        except InvalidQuery as invalid:
            raise problem("invalid-query", "The query can't be answered", 422, str(invalid)) from invalid

    return answered


async def find(storage: Storage, organization_id: Id, selector: Selector) -> list[KnownSeries]:
    """The series meant. Raises InvalidQuery when they are too many to be asked about at once."""
    found = await storage.find(organization_id, selector)
    if len(found) > MOST_SERIES:
        raise InvalidQuery(f"{len(found):,} series match, and a query may touch {MOST_SERIES:,}: add matchers")
    return found


class Queries:
    """The metrics service's answers to queries."""

    def __init__(self, storage: Storage, settings: MetricsSettings) -> None:
        self._storage = storage
        self._keep_raw = timedelta(days=settings.metrics_raw_days)
        self._keep_rollups = timedelta(days=settings.metrics_rollup_days)
        self._series_limit = settings.metrics_series_per_organization

    async def get_metrics(self, query: GetMetrics) -> MetricsReply:
        """Samples of matching series."""
        matchers = [Matcher(NAME, "=", query.name), *(Matcher(name, "=", value) for name, value in query.tags.items())]
        known = await self._storage.find(query.organization_id, Selector(tuple(matchers)))
        now = datetime.now(UTC)
        since, until = query.since or now - self._keep_raw, query.until or now + timedelta(hours=1)
        ids = [series.id for series in known]
        found = await self._storage.samples(ids, milliseconds(since), milliseconds(until)) if known else None
        shown: list[SeriesSamples] = []
        for number, series in enumerate(known):
            assert found
            times, values = (column[-query.limit :].tolist() for column in found.of(number))
            samples = [(moment(time), value) for time, value in zip(times, values, strict=True)]
            if samples:
                shown.append(SeriesSamples(name=series.name, tags=series.labels, samples=samples))
        return MetricsReply(series=shown)

    @answering
    async def query_metrics(self, query: QueryMetrics) -> MetricGraph:
        """Matching series as one number a step."""
        selector = parse_selector(query.selector)
        grid = graph.grid_of(milliseconds(query.since), milliseconds(query.until), query.step_seconds * 1000)
        resolution = graph.resolution_of(grid, query.function, milliseconds(datetime.now(UTC)), self._keep_raw)
        known = await find(self._storage, query.organization_id, selector)
        lines, groups = graph.groups_of([(series.name, series.labels) for series in known], query.by)
        if len(lines) * grid.steps > graph.MOST_POINTS:
            raise InvalidQuery(
                f"{len(lines):,} lines of {grid.steps:,} steps are more points than the {graph.MOST_POINTS:,} of a graph: "
                "take a longer step, more matchers or fewer groups"
            )
        values = await self._values(known, groups, len(lines), grid, resolution, query) if known else np.empty((0, 0))
        return MetricGraph(
            step_seconds=query.step_seconds,
            resolution=resolution,
            times=grid.times().tolist(),
            series=[
                MetricLine(name=name, labels=labels, values=_nullable(row))
                for (name, labels), row in zip(lines, values, strict=True)
                if np.isfinite(row).any()
            ],
        )

    async def _values(
        self,
        known: list[KnownSeries],
        groups: np.ndarray,
        lines: int,
        grid: graph.Grid,
        resolution: graph.Resolution,
        query: QueryMetrics,
    ) -> Values:
        ids = [series.id for series in known]
        since = graph.look_back(grid, query.function)
        most = (grid.end - since) // {"raw": _SELDOMEST, "1m": 60_000, "1h": 3_600_000}[resolution] * len(ids)
        if most > MOST_SUMMARIES:
            raise InvalidQuery(f"about {most:,} samples would have to be read: ask for fewer series or a shorter time")
        if resolution == "raw":
            samples = await self._storage.samples(ids, since, grid.end)
            if query.function == "percentile":
                return graph.percentiles(samples, groups, lines, grid, query.percentile)
            parts: Summaries = rollups.of_samples(samples.series, samples.times, samples.values)
        elif resolution == "1m":
            parts = await self._storage.minutes(ids, since, grid.end)
        else:
            parts = await self._storage.hours(ids, since, grid.end)
        return graph.values(parts, groups, lines, grid, query.function)

    @answering
    async def list_series(self, query: ListSeries) -> SeriesList:
        """Series by selectors."""
        found = await self._found(query)
        sizes = (len(each.name) + sum(map(len, (*each.labels, *each.labels.values()))) + 50 for each in found)
        shown = found[: min(query.limit, _fitting(sizes))]
        views = [SeriesView(name=series.name, labels=series.labels) for series in shown]
        return SeriesList(series=views, more=len(found) > len(shown))

    @answering
    async def list_labels(self, query: ListLabels) -> Names:
        """Names of labels, or the values of one."""
        limit, storage, organization = query.limit, self._storage, query.organization_id
        if query.selectors:
            found = await self._found(query)
            if query.label is None:
                names = sorted({NAME, *(label for series in found for label in series.labels)} if found else ())
            else:
                names = sorted({_label(series, query.label) for series in found} - {""})
        elif query.label is None:
            labels = await storage.labels(organization, limit + 1)
            names = sorted({NAME, *labels}) if labels else []
        else:
            names = await storage.label_values(organization, query.label, limit + 1)
        shown = names[: min(limit, _fitting(len(name) + 10 for name in names))]
        return Names(names=shown, more=len(names) > len(shown))

    async def _found(self, query: ListSeries | ListLabels) -> list[KnownSeries]:
        found: dict[int, KnownSeries] = {}
        for text in query.selectors:
            matching = await self._storage.find(query.organization_id, parse_selector(text))
            found.update((series.id, series) for series in matching)
        if query.since is None and query.until is None:
            return list(found.values())
        now = datetime.now(UTC)
        since = query.since or now - self._keep_rollups
        return await self._storage.active(list(found.values()), since, query.until or now + timedelta(hours=1))

    async def describe_metrics(self, query: DescribeMetrics) -> DescriptionList:
        """What is known of metrics."""
        return DescriptionList(metrics=await self._storage.descriptions(query.organization_id, query.name, query.limit))

    async def get_series_usage(self, query: GetSeriesUsage) -> SeriesUsage:
        """An organization's series against its limit."""
        used, refused = await self._storage.usage(query.organization_id)
        return SeriesUsage(used=used, limit=self._series_limit, refused_samples=refused)

    async def find_unknown_series(self, query: FindUnknownSeries) -> UnknownSeries:
        """Which of these series the organization does not have."""
        unknown = await self._storage.unknown(query.organization_id, query.series)
        used, _ = await self._storage.usage(query.organization_id)
        return UnknownSeries(unknown=unknown, used=used, limit=self._series_limit)


def _label(series: KnownSeries, label: str) -> str:
    return series.name if label == NAME else series.labels.get(label, "")


def _fitting(sizes: Iterable[int]) -> int:
    """How many of these an answer has room for."""
    return sum(1 for total in accumulate(sizes) if total <= MOST_TEXT)


def _nullable(values: Values) -> list[float | None]:
    """JSON has neither NaN nor infinity: null."""
    return [value if math.isfinite(value) else None for value in values.tolist()]
