"""Asking about measurements: graphs, series, labels."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from monitors_contracts.metrics import (
    DescribeMetrics,
    DescriptionList,
    GetSeriesUsage,
    LabelName,
    ListLabels,
    ListSeries,
    MetricFunction,
    MetricGraph,
    Names,
    QueryMetrics,
    SeriesList,
    SeriesSelector,
    SeriesUsage,
)

from ..http.callers import CallerDep, GatewayDep
from .shapes import Moment

router = APIRouter(prefix="/api/metrics", tags=["metrics"])

Selector = Annotated[
    SeriesSelector,
    Query(description="Which series, as in PromQL", examples=['http_requests_total{job="api",path=~"/v1/.*"}']),
]
Selectors = Annotated[
    list[SeriesSelector] | None, Query(alias="match", max_length=30, description="Series; all when left out")
]
Since = Annotated[Moment | None, Query(description="From when")]
Until = Annotated[Moment | None, Query(description="To before when; now when left out")]
Most = Annotated[int, Query(ge=1, le=10_000, description="Most entries; `more` says that there are others")]
STEPS = 300
"""About as many as a graph has points for the eye, when no step is asked for."""
ROUND_STEPS = (1, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400)


@router.get("/query", response_model=MetricGraph)
async def query_metrics(
    selector: Selector,
    caller: CallerDep,
    gateway: GatewayDep,
    function: Annotated[MetricFunction, Query(description="What each step shows of the samples within it")] = "avg",
    percentile: Annotated[float, Query(ge=0, le=100, allow_inf_nan=False, description="Of `function=percentile`")] = 95,
    by: Annotated[
        list[str] | None,
        Query(max_length=30, description="Series that agree in these labels are one line; `by=` for all"),
    ] = None,
    since: Since = None,
    until: Until = None,
    step: Annotated[
        int | None, Query(ge=1, le=31_536_000, description="Seconds of a step; about 300 steps when left out")
    ] = None,
) -> Response:
    """Series as one number a step: the last hour, or from `since` to `until`.

    Steps begin at multiples of their length. `rate` (a second) and `increase` know counters that began anew. Graphs of more
    than two days, or of steps of an hour, are made of rollups. At most 50,000 points. Problem: `invalid-query`.
    """
    end = until or datetime.now(UTC)
    begin = since or end - timedelta(hours=1)
    asked = QueryMetrics(
        organization_id=caller.organization_id,
        selector=selector,
        function=function,
        percentile=percentile,
        by=None if by is None else [label for label in by if label],
        since=begin,
        until=end,
        step_seconds=step or round_step(end - begin),
    )
    graph = await gateway.runtime.ask(asked, patience=30)
    return Response(graph.model_dump_json(by_alias=True), media_type="application/json")


def round_step(span: timedelta) -> int:
    """A step in seconds that people think in, for about `STEPS` of them."""
    wanted = span.total_seconds() / STEPS
    return next((step for step in ROUND_STEPS if step >= wanted), ROUND_STEPS[-1])


@router.get("/series")
async def list_series(
    match: Annotated[
        list[SeriesSelector], Query(min_length=1, max_length=30, description="Series that match any of these")
    ],
    caller: CallerDep,
    gateway: GatewayDep,
    since: Since = None,
    until: Until = None,
    limit: Most = 1000,
) -> SeriesList:
    """Series that match; with times, those that had samples about then (to the day)."""
    asked = ListSeries(organization_id=caller.organization_id, selectors=match, since=since, until=until, limit=limit)
    return await gateway.runtime.ask(asked, patience=30)


@router.get("/labels")
async def list_labels(
    caller: CallerDep,
    gateway: GatewayDep,
    match: Selectors = None,
    since: Since = None,
    until: Until = None,
    limit: Most = 10_000,
) -> Names:
    """The labels that series have; `__name__` is the metric's name. Times count with `match` only."""
    asked = ListLabels(
        organization_id=caller.organization_id, selectors=match or [], since=since, until=until, limit=limit
    )
    return await gateway.runtime.ask(asked, patience=30)


@router.get("/labels/{label:path}/values")
async def list_label_values(
    label: Annotated[LabelName, Path()],
    caller: CallerDep,
    gateway: GatewayDep,
    match: Selectors = None,
    since: Since = None,
    until: Until = None,
    limit: Most = 10_000,
) -> Names:
    """The values that a label has. Times count with `match` only."""
    asked = ListLabels(
        organization_id=caller.organization_id,
        label=label,
        selectors=match or [],
        since=since,
        until=until,
        limit=limit,
    )
    return await gateway.runtime.ask(asked, patience=30)


@router.get("/descriptions")
async def describe_metrics(
    caller: CallerDep,
    gateway: GatewayDep,
    name: Annotated[str | None, Query(max_length=200, description="One metric; all when left out")] = None,
) -> DescriptionList:
    """What senders said of metrics: type, unit, help."""
    return await gateway.runtime.ask(DescribeMetrics(organization_id=caller.organization_id, name=name))


@router.get("/usage")
async def get_series_usage(caller: CallerDep, gateway: GatewayDep) -> SeriesUsage:
    """How many series there are and may be, and what was refused of samples on their way to storage."""
    return await gateway.runtime.ask(GetSeriesUsage(organization_id=caller.organization_id))
