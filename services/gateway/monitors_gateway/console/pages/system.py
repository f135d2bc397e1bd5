"""The platform itself."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from monitors_contracts.metrics import DescriptionList
from monitors_runtime.errors import ProblemError

from ...api import metrics_query, system
from ...api.system import StatusReply
from ..render import formats, page, root_of
from ..session import Visit, VisitDep
from ..views.lines import Drawn
from ..views.system import OwnChart, asked_for, system_view, wanted_charts
from .explore import find_graph

router = APIRouter()


@router.get("/system")
async def show_system(request: Request, visit: VisitDep) -> Response:
    """Which parts are up; what waits, for operators; and the platform's own measurements where the organization has them."""
    health, numbers, graphs = await asyncio.gather(
        system.get_system_health(visit.caller, visit.gateway), _numbers(visit), _graphs(visit)
    )
    view = system_view(health, numbers, graphs, root_of(request), formats(request))
    return await page(request, "pages/system.html", view)


async def _numbers(visit: Visit) -> StatusReply | None:
    if not system.is_operator(visit.gateway, visit.caller):
        return None
    return await system.get_system_status(visit.caller, visit.gateway)


async def _graphs(visit: Visit) -> dict[str, Drawn]:
    """The graphs there are; none while nobody can say: a page about what is down must not need what is down."""
    try:
        async with asyncio.timeout(5):
            names = await metrics_query.list_label_values(
                "__name__", visit.caller, visit.gateway, ['{__name__=~"monitors_.+"}']
            )
            found = await asyncio.gather(*(_graph(visit, each) for each in wanted_charts(names.names)))
    except (ProblemError, TimeoutError):
        return {}
    return dict(found)


async def _graph(visit: Visit, own: OwnChart) -> tuple[str, Drawn]:
    return own.id, await find_graph(visit, asked_for(own), DescriptionList(metrics={}))
