"""People who can be on call: the list and the form."""

import asyncio
from collections.abc import Collection

from fastapi import APIRouter, Request
from fastapi.responses import Response

from monitors_contracts.base import Id
from monitors_contracts.oncall import Contact, ContactSpec
from monitors_runtime.errors import ProblemError, problem

from ...api import channels
from ...api import contacts as api
from ...http.pages import PathId
from ..forms import Errors, made_of, parse, read, read_list, refused, unchanged
from ..render import page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.contacts import contact_form_view, contacts_view
from ..views.parts import Flash

router = APIRouter(prefix="/contacts")
BY_PROBLEM = {"name-taken": "name", "unknown-channel": "channels"}
CHOOSE = "Choose at least one channel: this is how the person is reached."


@router.get("")
async def list_contacts(request: Request, visit: VisitDep) -> Response:
    """All people."""
    found, ways = await asyncio.gather(
        api.list_contacts(visit.caller, visit.gateway), channels.list_channels(visit.caller, visit.gateway)
    )
    view = contacts_view(found.contacts, ways.channels, root_of(request))
    return await page(request, "pages/on_call/contacts.html", view)


@router.get("/new")
async def new(request: Request, visit: VisitDep) -> Response:
    """The form to add somebody."""
    return await _form(request, visit, None, "", (), Errors(), 200)


@router.post("/new")
async def create(request: Request, visit: VisitDep) -> Response:
    """Add somebody."""
    return await _save(request, visit, None)


@router.get("/{id}/edit")
async def edit(request: Request, contact_id: PathId, visit: VisitDep) -> Response:
    """The form of somebody."""
    found = await _contact(visit, contact_id)
    chosen = [str(each) for each in found.channels]
    made_of(request, found)
    return await _form(request, visit, found, found.name, chosen, Errors(), 200)


@router.post("/{id}/edit")
async def update(request: Request, contact_id: PathId, visit: VisitDep) -> Response:
    """Save what was changed."""
    return await _save(request, visit, await _contact(visit, contact_id))


@router.post("/{id}/delete")
async def delete(request: Request, contact_id: PathId, visit: VisitDep) -> Response:
    """Remove somebody."""
    await api.delete_contact(contact_id, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/contacts", Flash("The person is deleted."))


async def _save(request: Request, visit: Visit, known: Contact | None) -> Response:
    name, chosen = (await read(request)).get("name", ""), await read_list(request, "channels")
    parsed = parse(ContactSpec, {"name": name, "channels": chosen})
    errors = parsed.errors if chosen else Errors({**parsed.errors.fields, "channels": CHOOSE})
    if parsed.model:
        try:
            if known:
                await unchanged(request, known)
                await api.replace_contact(known.id, parsed.model, visit.caller, visit.gateway)
            else:
                await api.create_contact(parsed.model, request, Response(), visit.caller, visit.gateway)
        except ProblemError as problem_:
            errors = refused(problem_, BY_PROBLEM)
        else:
            words = "Saved." if known else f"“{parsed.model.name}” is added."
            return redirect(request, f"{root_of(request)}/contacts", Flash(words))
    return await _form(request, visit, known, name, chosen, errors, 422)


async def _contact(visit: Visit, contact_id: Id) -> Contact:
    found = await api.list_contacts(visit.caller, visit.gateway)
    for each in found.contacts:
        if each.id == contact_id:
            return each
    raise problem("contact-not-found", "No such person", 404, "Perhaps somebody deleted them meanwhile.")


async def _form(
    request: Request,
    visit: Visit,
    contact: Contact | None,
    name: str,
    chosen: Collection[str],
    errors: Errors,
    status: int,
) -> Response:
    ways = (await channels.list_channels(visit.caller, visit.gateway)).channels
    view = contact_form_view(contact, name, chosen, ways, errors, root_of(request))
    return await page(request, "pages/on_call/contact.html", view, status)
