"""People: who can be on call, and the channels that reach them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from monitors_contracts.base import Id
from monitors_contracts.notifications import ChannelView
from monitors_contracts.oncall import Contact

from ..forms import Errors
from .on_call import on_call_tabs
from .parts import Action, Badge, Empty, Field, Link, Tab


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A person, and how they are reached."""

    id: str
    name: str
    channels: str
    state: Badge
    edit: Link
    delete: Action


@dataclass(frozen=True, slots=True)
class ContactsView:
    """The page."""

    tabs: tuple[Tab, ...]
    add: Link
    rows: tuple[ContactRow, ...]
    empty: Empty | None


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """A channel that may reach a person."""

    id: str
    name: str
    is_chosen: bool
    words: str


@dataclass(frozen=True, slots=True)
class ContactFormView:
    """The form of a person."""

    title: str
    back: Link
    action: str
    submit: str
    error: str
    name: Field
    channels: tuple[ChannelChoice, ...]
    channels_error: str
    no_channels: Link | None


def contacts_view(contacts: Sequence[Contact], channels: Sequence[ChannelView], root: str) -> ContactsView:
    """All people."""
    add = Link("Add a person", f"{root}/contacts/new", "plus")
    words = "A person is a name and the channels that reach them. Schedules and escalation name people."
    known = {each.id: each for each in channels}
    return ContactsView(
        tabs=on_call_tabs(root, "/contacts"),
        add=add,
        rows=tuple(_row(each, known, root) for each in contacts),
        empty=None if contacts else Empty("users", "Nobody yet", words, add),
    )


def _row(contact: Contact, channels: Mapping[Id, ChannelView], root: str) -> ContactRow:
    mine = [channels[each] for each in contact.channels if each in channels]
    active = [each for each in mine if each.is_active]
    state = Badge("Reachable", "good") if active else Badge("Can't be reached", "bad")
    names = ", ".join(each.name if each.is_active else f"{each.name} (paused)" for each in mine)
    at = f"{root}/contacts/{contact.id}"
    return ContactRow(
        str(contact.id),
        contact.name,
        names or "Channels that are gone",
        state,
        Link("Edit", f"{at}/edit", "pencil"),
        Action("Delete", f"{at}/delete", "trash-2", "danger", confirm=f"“{contact.name}” is gone then."),
    )


def contact_form_view(
    contact: Contact | None,
    name: str,
    chosen: Collection[str],
    channels: Sequence[ChannelView],
    errors: Errors,
    root: str,
) -> ContactFormView:
    """The form, with what was typed and chosen."""
    return ContactFormView(
        title=f"Edit {contact.name}" if contact else "Add a person",
        back=Link("People", f"{root}/contacts"),
        action=f"{root}/contacts/{contact.id}/edit" if contact else f"{root}/contacts/new",
        submit="Save" if contact else "Add the person",
        error=errors.form,
        name=Field("name", "Name", name, error=errors.of("name"), required=True, maxlength=100),
        channels=tuple(
            ChannelChoice(str(each.id), each.name, str(each.id) in chosen, "" if each.is_active else "paused")
            for each in channels
        ),
        channels_error=errors.of("channels"),
        no_channels=None if channels else Link("Add a channel first", f"{root}/channels/new", "plus"),
    )
