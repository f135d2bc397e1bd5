"""Status pages: the list, one with its preview, updates and subscribers, and the forms."""

import asyncio

from fastapi import APIRouter, Request, Response
from fastapi.responses import Response as Answer

from monitors_contracts.status_pages import Component, Override, PublicStatus, StatusPageSpec
from monitors_runtime.errors import ProblemError

from ...api import maintenance
from ...api import status_pages as api
from ...api.status_pages import PostRequest, PreviewPageRequest, StatusPageShape
from ...http.pages import PathId
from ..forms import Errors, parse, read, read_list, refused
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.parts import Flash
from ..views.status_pages import (
    component_form,
    component_of,
    page_form,
    status_page_view,
    status_pages_view,
    typed_component,
    typed_page,
)
from .errors import not_found
from .silences import previewed

router = APIRouter(prefix="/status-pages")

BY_PROBLEM = {"slug-taken": "slug"}
SUBSCRIBERS_SHOWN = 100
UPDATES_SHOWN = 50


@router.get("")
async def list_status_pages(request: Request, visit: VisitDep) -> Answer:
    """All pages."""
    found = await api.list_status_pages(request, visit.caller, visit.gateway)
    return await page(request, "pages/status_pages/list.html", status_pages_view(found.pages, root_of(request)))


@router.get("/new")
async def new_status_page(request: Request, visit: VisitDep) -> Answer:
    """The form."""
    return await page(request, "pages/status_pages/form.html", page_form(None, {}, Errors(), root_of(request)))


@router.post("/new")
async def add_status_page(request: Request, visit: VisitDep) -> Answer:
    """Make it."""
    typed = await read(request)
    parsed = parse(StatusPageSpec, typed)
    errors = parsed.errors
    if parsed.model:
        try:
            made = await api.create_status_page(parsed.model, request, Response(), visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = refused(problem, BY_PROBLEM)
        else:
            flash = Flash(f"“{made.page.spec.name}” is there. Add what it is to show.")
            return redirect(request, f"{root_of(request)}/status-pages/{made.page.id}", flash)
    return await page(request, "pages/status_pages/form.html", page_form(None, typed, errors, root_of(request)), 422)


@router.get("/{id}")
async def status_page(request: Request, page_id: PathId, visit: VisitDep) -> Answer:
    """One page."""
    return await _show(request, page_id, visit, {}, Errors(), 200)


@router.post("/{id}/updates")
async def post_update(request: Request, page_id: PathId, visit: VisitDep) -> Answer:
    """Say something on it."""
    typed = await read(request)
    parsed = parse(PostRequest, typed | {"components": await read_list(request, "components")})
    errors = parsed.errors
    if parsed.model:
        try:
            await api.post_status_update(page_id, parsed.model, request, visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = refused(problem)
        else:
            return redirect(request, _at(request, page_id), Flash("Posted. Subscribers are told."))
    return await _show(request, page_id, visit, typed, errors, 422)


@router.post("/{id}/updates/{updateId}/remove")
async def remove_update(request: Request, page_id: PathId, update_id: api.UpdateId, visit: VisitDep) -> Answer:
    """Take back what was said."""
    await api.remove_status_update(page_id, update_id, visit.caller, visit.gateway)
    return redirect(request, _at(request, page_id), Flash("Removed."))


@router.post("/{id}/subscribers/{subscriberId}/remove")
async def remove_subscriber(
    request: Request, page_id: PathId, subscriber_id: api.SubscriberId, visit: VisitDep
) -> Answer:
    """End a subscription."""
    await api.remove_status_subscriber(page_id, subscriber_id, visit.caller, visit.gateway)
    return redirect(request, _at(request, page_id), Flash("Removed."))


@router.post("/{id}/link")
async def renew_link(request: Request, page_id: PathId, visit: VisitDep) -> Answer:
    """A new link of a private page."""
    await api.renew_status_page_link(page_id, request, visit.caller, visit.gateway)
    return redirect(request, _at(request, page_id), Flash("The page has a new link."))


@router.post("/{id}/delete")
async def delete_status_page(request: Request, page_id: PathId, visit: VisitDep) -> Answer:
    """Take it away."""
    await api.delete_status_page(page_id, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/status-pages", Flash("The status page is deleted."))


@router.get("/{id}/edit")
async def edit_status_page(request: Request, page_id: PathId, visit: VisitDep) -> Answer:
    """The form of one."""
    known = await api.get_status_page(page_id, request, visit.caller, visit.gateway)
    view = page_form(known, typed_page(known.spec), Errors(), root_of(request))
    return await page(request, "pages/status_pages/form.html", view)


@router.post("/{id}/edit")
async def change_status_page(request: Request, page_id: PathId, visit: VisitDep) -> Answer:
    """Make it what the form says; its components stay."""
    known = await api.get_status_page(page_id, request, visit.caller, visit.gateway)
    typed = await read(request)
    parsed = parse(StatusPageSpec, typed | {"components": known.spec.components})
    errors = parsed.errors
    if parsed.model:
        try:
            await api.replace_status_page(page_id, parsed.model, request, visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = refused(problem, BY_PROBLEM)
        else:
            return redirect(request, _at(request, page_id), Flash("Saved."))
    return await page(request, "pages/status_pages/form.html", page_form(known, typed, errors, root_of(request)), 422)


@router.get("/{id}/new-component")
async def new_component(request: Request, page_id: PathId, visit: VisitDep) -> Answer:
    """The form."""
    known = await api.get_status_page(page_id, request, visit.caller, visit.gateway)
    return await _component(request, visit, known, "", typed_component(None), [], Errors(), 200)


@router.post("/{id}/new-component")
async def add_component(request: Request, page_id: PathId, visit: VisitDep) -> Answer:
    """Add it; or show how it would be."""
    return await _save_component(request, page_id, visit, "")


@router.get("/{id}/components/{key}")
async def edit_component(request: Request, page_id: PathId, key: str, visit: VisitDep) -> Answer:
    """The form of one."""
    known = await api.get_status_page(page_id, request, visit.caller, visit.gateway)
    component = known.spec.component(key)
    if component is None:
        return await not_found(request)
    ticked = [str(each) for each in component.windows]
    return await _component(request, visit, known, key, typed_component(component), ticked, Errors(), 200)


@router.post("/{id}/components/{key}")
async def change_component(request: Request, page_id: PathId, key: str, visit: VisitDep) -> Answer:
    """Make it what the form says; or show how it would be."""
    return await _save_component(request, page_id, visit, key)


@router.post("/{id}/components/{key}/remove")
async def remove_component(request: Request, page_id: PathId, key: str, visit: VisitDep) -> Answer:
    """Take it from the page."""
    known = await api.get_status_page(page_id, request, visit.caller, visit.gateway)
    left = [each for each in known.spec.components if each.key != key]
    spec = known.spec.model_copy(update={"components": left})
    await api.replace_status_page(page_id, spec, request, visit.caller, visit.gateway)
    return redirect(request, _at(request, page_id), Flash("Removed."))


@router.post("/{id}/components/{key}/override")
async def override_component(request: Request, page_id: PathId, key: str, visit: VisitDep) -> Answer:
    """Say how it does."""
    parsed = parse(Override, await read(request))
    if parsed.model is None:
        return redirect(request, _at(request, page_id), Flash(parsed.errors.of("note") or "Say how it does.", "bad"))
    await api.override_component(page_id, key, parsed.model, request, visit.caller, visit.gateway)
    return redirect(request, _at(request, page_id), Flash("Saved: it is so until you take it back."))


@router.post("/{id}/components/{key}/override/end")
async def end_override(request: Request, page_id: PathId, key: str, visit: VisitDep) -> Answer:
    """Alerts say it again."""
    await api.end_override(page_id, key, request, visit.caller, visit.gateway)
    return redirect(request, _at(request, page_id), Flash("Alerts say again how it does."))


def _at(request: Request, page_id: PathId) -> str:
    return f"{root_of(request)}/status-pages/{page_id}"


async def _show(
    request: Request, page_id: PathId, visit: Visit, typed: dict[str, str], errors: Errors, status: int
) -> Answer:
    known = await api.get_status_page(page_id, request, visit.caller, visit.gateway)
    shown, updates, subscribers = await asyncio.gather(
        api.preview_status_page(PreviewPageRequest(spec=known.spec, page_id=page_id), visit.caller, visit.gateway),
        api.list_status_updates(page_id, visit.caller, visit.gateway, UPDATES_SHOWN, None),
        api.list_status_subscribers(page_id, visit.caller, visit.gateway, SUBSCRIBERS_SHOWN, None),
    )
    view = status_page_view(
        known, shown, updates.updates, subscribers, typed, errors, root_of(request), formats(request)
    )
    return await page(request, "pages/status_pages/page.html", view, status)


async def _save_component(request: Request, page_id: PathId, visit: Visit, key: str) -> Answer:
    known = await api.get_status_page(page_id, request, visit.caller, visit.gateway)
    if key and known.spec.component(key) is None:
        return await not_found(request)
    typed, ticked = await read(request), await read_list(request, "windows")
    if typed.get("do") == "preview":
        return await _component(request, visit, known, key, typed, ticked, Errors(), 200)
    parsed = parse(Component, component_of(key, typed, ticked))
    errors = parsed.errors
    if parsed.model:
        whole = parse(StatusPageSpec, dict(_with(known.spec, parsed.model, key)))
        errors = Errors(form=whole.errors.of("components") or whole.errors.form)
        if whole.model:
            try:
                await api.replace_status_page(page_id, whole.model, request, visit.caller, visit.gateway)
            except ProblemError as problem:
                errors = refused(problem)
            else:
                return redirect(request, _at(request, page_id), Flash("Saved."))
    return await _component(request, visit, known, key, typed, ticked, errors, 422)


def _with(spec: StatusPageSpec, component: Component, key: str) -> StatusPageSpec:
    """The page with this component, in the place of the one of this key."""
    others = [component if each.key == key else each for each in spec.components]
    return spec.model_copy(update={"components": others if key else [*others, component]})


async def _component(
    request: Request,
    visit: Visit,
    known: StatusPageShape,
    key: str,
    typed: dict[str, str],
    ticked: list[str],
    errors: Errors,
    status: int,
) -> Answer:
    windows, matched, shown = await asyncio.gather(
        maintenance.list_windows(visit.caller, visit.gateway),
        previewed(request, visit, typed.get("matchers", "")),
        _shown(visit, known, key, typed, ticked),
    )
    view = component_form(known, key, typed, ticked, errors, windows.windows, matched, shown, root_of(request))
    return await page(request, "pages/status_pages/component.html", view, status)


async def _shown(
    visit: Visit, known: StatusPageShape, key: str, typed: dict[str, str], ticked: list[str]
) -> PublicStatus | None:
    """How this component alone would be shown; nothing while too little is typed."""
    given = {"key": "preview", "name": "Component"} | {name: value for name, value in typed.items() if value}
    parsed = parse(Component, component_of(key or "preview", given, ticked))
    if parsed.model is None:
        return None
    spec = known.spec.model_copy(update={"components": [parsed.model]})
    try:
        return await api.preview_status_page(
            PreviewPageRequest(spec=spec, page_id=known.id), visit.caller, visit.gateway
        )
    except ProblemError:
        return None
