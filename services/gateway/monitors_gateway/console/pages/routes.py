"""Routes: the tree with where an alert would go, and the form of each."""

import asyncio
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from monitors_contracts.routing import Destinations, Route
from monitors_runtime.errors import ProblemError, problem

from ...api import channels, policies
from ...api import routing as api
from ...domain import route_tree
from ..forms import Errors, message_of, read, read_list, refused
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.parts import Flash
from ..views.route_form import LISTS, Typed, asked_of, field_of, route_form_view, typed_of
from ..views.routes import Names, Trial, labels_of, routes_view

router = APIRouter(prefix="/routes")


@router.get("")
async def show(
    request: Request, visit: VisitDep, labels: Annotated[str | None, Query(max_length=4000)] = None
) -> Response:
    """The tree, and where an alert with these labels would go."""
    routing, names, (trial, found) = await asyncio.gather(
        api.get_routing(visit.caller, visit.gateway), _names(visit), _tried(visit, labels)
    )
    view = routes_view(routing, names, trial, found, root_of(request), formats(request))
    return await page(request, "pages/routes/routes.html", view)


@router.get("/new")
async def new(request: Request, visit: VisitDep, under: str) -> Response:
    """The form to add one below another."""
    return await _form(request, visit, Typed({}, {}), Errors(), 200, under=under)


@router.post("/new")
async def create(request: Request, visit: VisitDep, under: str) -> Response:
    """Add one below another."""
    typed = await _typed(request)
    return await _save(request, visit, typed, lambda root, route: route_tree.added(root, under, route), under=under)


@router.get("/{name}/edit")
async def edit(request: Request, name: str, visit: VisitDep) -> Response:
    """The form of one that is there."""
    routing = await api.get_routing(visit.caller, visit.gateway)
    return await _form(request, visit, typed_of(_found(routing.root, name)), Errors(), 200, name=name)


@router.post("/{name}/edit")
async def update(request: Request, name: str, visit: VisitDep) -> Response:
    """Save what was changed; the routes below it stay."""
    typed = await _typed(request)
    return await _save(request, visit, typed, lambda root, route: route_tree.replaced(root, name, route), name=name)


@router.post("/{name}/earlier")
async def earlier(request: Request, name: str, visit: VisitDep) -> Response:
    """Ask one before the sibling before it."""
    await _change(visit, lambda root: route_tree.earlier(root, name))
    return redirect(request, f"{root_of(request)}/routes", Flash(f"“{name}” is asked earlier."))


@router.post("/{name}/delete")
async def delete(request: Request, name: str, visit: VisitDep) -> Response:
    """Remove one, and those below it."""
    await _change(visit, lambda root: route_tree.removed(root, name))
    return redirect(request, f"{root_of(request)}/routes", Flash(f"“{name}” is deleted."))


async def _tried(visit: Visit, labels: str | None) -> tuple[Trial, Destinations | None]:
    if not labels:
        return Trial(), None
    try:
        asked = api.TestRoutingRequest(labels=labels_of(labels))
        return Trial(labels), await api.test_routing(asked, visit.caller, visit.gateway)
    except (ValueError, ProblemError) as wrong:
        return Trial(labels, str(wrong)), None


async def _save(
    request: Request,
    visit: Visit,
    typed: Typed,
    change: Callable[[Route, Route], Route],
    name: str = "",
    under: str = "",
) -> Response:
    asked, wrong = asked_of(typed)
    errors = Errors(wrong)
    try:
        route = Route.model_validate(asked)
        if not wrong:
            version = typed.of("version")
            await _change(visit, lambda root: change(root, route), int(version) if version.isdecimal() else None)
            words = "Saved." if name else f"“{route.name}” is added."
            return redirect(request, f"{root_of(request)}/routes", Flash(words))
    except ValidationError as invalid:
        told = {field_of(each["loc"]): message_of(each) for each in invalid.errors()}
        errors = Errors(told | wrong)
    except ProblemError as refusal:
        errors = refused(refusal)
    return await _form(request, visit, typed, errors, 422, name=name, under=under)


async def _change(visit: Visit, change: Callable[[Route], Route], version: int | None = None) -> None:
    """Save the tree with a change. Problems: `route-not-found`, and those of saving."""
    routing = await api.get_routing(visit.caller, visit.gateway)
    try:
        root = change(routing.root)
        body = api.SaveRoutingRequest(root=root, expected_version=routing.version if version is None else version)
    except KeyError as gone:
        raise _no_route(str(gone.args[0])) from None
    except ValidationError as wrong:
        raise problem("invalid-routing", "Invalid routes", 422, message_of(wrong.errors()[0])) from None
    await api.save_routing(body, visit.caller, visit.gateway)


async def _typed(request: Request) -> Typed:
    return Typed(await read(request), {name: await read_list(request, name) for name in LISTS})


async def _names(visit: Visit) -> Names:
    found, made = await asyncio.gather(
        channels.list_channels(visit.caller, visit.gateway), policies.list_policies(visit.caller, visit.gateway)
    )
    return Names(found.channels, made.policies)


async def _form(
    request: Request, visit: Visit, typed: Typed, errors: Errors, status: int, *, name: str = "", under: str = ""
) -> Response:
    routing, names = await asyncio.gather(api.get_routing(visit.caller, visit.gateway), _names(visit))
    _found(routing.root, name or under)
    view = route_form_view(
        typed,
        names,
        errors,
        name=name,
        under=under,
        version=routing.version,
        is_root=name == routing.root.name,
        root=root_of(request),
    )
    return await page(request, "pages/routes/route.html", view, status)


def _found(root: Route, name: str) -> Route:
    """Problem: `route-not-found`."""
    try:
        return route_tree.found(root, name)
    except KeyError:
        raise _no_route(name) from None


def _no_route(name: str) -> ProblemError:
    return problem("route-not-found", "No such route", 404, f"There is no route called {name!r}.")
