"""Contacts: people who can be on call, and the channels that reach them."""

from fastapi import APIRouter, Request, Response

from monitors_contracts.base import Model
from monitors_contracts.oncall import Contact, ContactList, ContactSpec, DeleteContact, ListContacts, SaveContact

from ..http.callers import CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import PathId
from .audit import audited
from .shapes import Success

router = APIRouter(prefix="/api", tags=["on-call"], route_class=IdempotentRoute)


class ContactReply(Model):
    """The contact after the change."""

    success: bool = True
    contact: Contact


@router.get("/contacts")
async def list_contacts(caller: CallerDep, gateway: GatewayDep) -> ContactList:
    """The organization's contacts, by name."""
    return await gateway.runtime.ask(ListContacts(organization_id=caller.organization_id))


@router.post("/contacts", status_code=201)
async def create_contact(
    body: ContactSpec, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> ContactReply:
    """Add a person, with the channels that reach them."""
    contact = await gateway.runtime.ask(
        SaveContact(organization_id=caller.organization_id, contact_id=entity_id(request), spec=body, is_new=True)
    )
    await audited(gateway, caller, "contact.create", contact.id)
    response.headers["Location"] = f"/api/contacts/{contact.id}"
    return ContactReply(contact=contact)


@router.put("/contacts/{id}")
async def replace_contact(
    contact_id: PathId, body: ContactSpec, caller: CallerDep, gateway: GatewayDep
) -> ContactReply:
    """Make the contact what is sent."""
    contact = await gateway.runtime.ask(
        SaveContact(organization_id=caller.organization_id, contact_id=contact_id, spec=body)
    )
    await audited(gateway, caller, "contact.update", contact_id)
    return ContactReply(contact=contact)


@router.delete("/contacts/{id}")
async def delete_contact(contact_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Remove a contact that no schedule, policy or override names."""
    await gateway.runtime.ask(DeleteContact(organization_id=caller.organization_id, contact_id=contact_id))
    await audited(gateway, caller, "contact.delete", contact_id)
    return Success()
