"""Explore: measurements as graphs."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import zstandard
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from monitors_contracts.metrics import DescriptionList, MetricDescription, MetricGraph, QueryProm
from monitors_runtime.errors import ProblemError

from ...api import metrics_query as api
from ..render import formats, page, root_of
from ..session import Visit, VisitDep
from ..views.explore import OFFERED, explore_view, unit_of
from ..views.lines import Drawn, chart, drawn, matrix
from ..views.selecting import SPANS, Asked, asked, fitting, selector
from ..views.sending import send_view

router = APIRouter()

LARGEST = 64 * 1024 * 1024
"""Bytes of a PromQL answer, unpacked."""


@router.get("/explore")
async def explore(request: Request, visit: VisitDep) -> Response:
    """Metrics to pick from, or what was picked as a graph; without any, how to send the first."""
    wanted = asked(request.query_params.multi_items())
    names, about = await asyncio.gather(
        api.list_label_values("__name__", visit.caller, visit.gateway),
        api.describe_metrics(visit.caller, visit.gateway),
    )
    root, origin = root_of(request), origin_of(request)
    if not names.names and not wanted.is_given:
        view = send_view(root, origin, is_first=True, current="/explore")
        return await page(request, "pages/explore/send.html", view)
    problem, found, labels = "", None, list[str]()
    values: dict[str, Sequence[str]] = {}
    if wanted.is_given:
        try:
            found = await find_graph(visit, wanted, about)
        except ProblemError as refused:
            if refused.problem.status >= 500:
                raise
            problem = refused.problem.detail or refused.problem.title
    if wanted.metric and not wanted.promql:
        labels, values = await _offered(visit, wanted)
    view = explore_view(
        wanted, names.names, about.metrics, labels, values, found, problem, origin, root, formats(request)
    )
    return await page(request, "pages/explore/explore.html", view)


@router.get("/explore/graph")
async def graph(request: Request, visit: VisitDep) -> Response:
    """The lines of the chart."""
    wanted = asked(request.query_params.multi_items())
    about = await api.describe_metrics(visit.caller, visit.gateway, wanted.metric or None)
    chosen = fitting(wanted, _described(wanted, about).type)
    lines = chart(await find_graph(visit, wanted, about), unit_of(chosen, _described(wanted, about)))
    return JSONResponse(lines, headers={"Cache-Control": "private, no-store"})


@router.get("/explore/send")
async def send(request: Request, visit: VisitDep) -> Response:
    """How measurements come in."""
    view = send_view(root_of(request), origin_of(request), is_first=False)
    return await page(request, "pages/explore/send.html", view)


def origin_of(request: Request) -> str:
    """Where the platform is reached, as the browser that asks does."""
    return f"{request.url.scheme}://{request.url.netloc}"


def _described(wanted: Asked, about: DescriptionList) -> MetricDescription:
    return about.metrics.get(wanted.metric, MetricDescription())


async def find_graph(visit: Visit, wanted: Asked, about: DescriptionList) -> Drawn:
    """What is asked for, over its span. Raises ProblemError for what makes no sense."""
    if not wanted.is_given:
        return drawn(MetricGraph(step_seconds=1, resolution="raw", times=[], series=[]))
    until, (_, span) = datetime.now(UTC), SPANS[wanted.span]
    since, step = until - span, api.round_step(span)
    if wanted.promql:
        return await find_promql(visit, wanted.query, since, until, step)
    chosen = fitting(wanted, _described(wanted, about).type)
    answer = await api.query_metrics(
        wanted.selector,
        visit.caller,
        visit.gateway,
        function=chosen.function or "avg",
        percentile=wanted.percentile,
        by=None if wanted.by is None else list(wanted.by),
        since=since,
        until=until,
        step=step,
    )
    return drawn(MetricGraph.model_validate_json(bytes(answer.body)))


async def find_promql(visit: Visit, query: str, since: datetime, until: datetime, step: int) -> Drawn:
    """PromQL at multiples of the step, so that a graph does not change shape whenever it is drawn.

    The last of them is just ahead of now: it has the newest sample.
    """
    begin = datetime.fromtimestamp(since.timestamp() // step * step, UTC)
    end = datetime.fromtimestamp(-(-until.timestamp() // step) * step, UTC)
    organization_id = visit.caller.organization_id
    asked_for = QueryProm(organization_id=organization_id, query=query, since=begin, until=end, step_seconds=step)
    answer = await visit.gateway.runtime.ask(asked_for, patience=60)
    return drawn(matrix(json.loads(zstandard.decompress(answer.data, LARGEST)), begin, end, step))


async def _offered(visit: Visit, wanted: Asked) -> tuple[list[str], dict[str, Sequence[str]]]:
    """The labels that the metric has, and the values of those that are narrowed already."""
    match = [selector(wanted.metric)]
    try:
        found = await api.list_labels(visit.caller, visit.gateway, match)
        named = [each.label for each in wanted.matchers if each.label in found.names]
        values = await asyncio.gather(
            *(api.list_label_values(label, visit.caller, visit.gateway, match, limit=OFFERED) for label in named)
        )
    except ProblemError:
        return [], {}
    labels = [name for name in found.names if name != "__name__"]
    return labels, {label: each.names for label, each in zip(named, values, strict=True)}
