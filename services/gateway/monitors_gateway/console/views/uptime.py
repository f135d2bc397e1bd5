"""Uptime checks: addresses that are asked whether they answer, how that went, and the form that makes one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from monitors_contracts.uptime import UptimeList, UptimeView

from ..formats import Formats, When
from ..forms import Errors
from .days import ByDay, Slot, last_days, summed
from .parts import Action, Badge, Empty, Field, FormPage, Link, Tab
from .rules import rules_tabs

NEW = {"interval_seconds": "60", "failures": "2"}
_ADDRESS = ("url", "host", "port", "kind", "")


@dataclass(frozen=True, slots=True)
class UptimeCard:
    """One check of the list."""

    id: str
    name: str
    href: str
    badge: Badge
    address: str
    asked: str
    last: When | None
    words: str
    slots: tuple[Slot, ...]
    slots_words: str
    delete: Action


@dataclass(frozen=True, slots=True)
class UptimesView:
    """The list; `empty` while there is none."""

    new: str
    tabs: tuple[Tab, ...]
    cards: tuple[UptimeCard, ...]
    empty: Empty | None


def uptimes_view(found: UptimeList, days: Mapping[str, ByDay], root: str, formats: Formats) -> UptimesView:
    """The list. `days` has the worst outcome of each day, by check: 1 is well, 0 is not."""
    here = f"{root}/uptime"
    words = "An address is asked at an interval whether it answers as it should. When it does not, you are told."
    add = Link("Add an uptime check", f"{here}/new", "plus")
    return UptimesView(
        new=add.href,
        tabs=rules_tabs(root, "Uptime"),
        cards=tuple(_card(each, days.get(str(each.id), {}), root, formats) for each in found.checks),
        empty=None if found.checks else Empty("globe", "No uptime check yet", words, add),
    )


def _card(check: UptimeView, days: ByDay, root: str, formats: Formats) -> UptimeCard:
    spec, last = check.spec, check.last
    slots = tuple(_slot(days.get(day), formats.day(day)) for day in last_days(formats.now))
    sure = f"Delete “{spec.name}”? It is asked no more, and its alert is resolved."
    return UptimeCard(
        id=str(check.id),
        name=spec.name,
        href=f"{root}/rules/{check.id}",
        badge=_badge(check),
        address=spec.url or (f"{spec.host}:{spec.port}" if spec.port else spec.host or ""),
        asked=f"{spec.kind.upper()}, every {formats.span(spec.interval_seconds)}",
        last=formats.maybe_when(last.at if last else None),
        words=_words(check, formats),
        slots=slots,
        slots_words=summed(slots),
        delete=Action(
            "Delete", f"{root}/uptime/{check.id}/delete", "trash-2", "danger", sure, fields={"name": spec.name}
        ),
    )


def _badge(check: UptimeView) -> Badge:
    if not check.spec.is_active:
        return Badge("Paused")
    if check.last is None:
        return Badge("Not asked yet", "info")
    return Badge("Up", "good") if check.last.is_up else Badge("Down", "bad")


def _words(check: UptimeView, formats: Formats) -> str:
    """How it went last: `Answered 200 in 120 ms; its certificate is good until 3 Mar 2027`."""
    last = check.last
    if last is None:
        return ""
    if last.error:
        return last.error
    status = f" {last.status}" if last.status else ""
    expires = f"; its certificate is good until {formats.day(last.tls_expires_at)}" if last.tls_expires_at else ""
    return f"Answered{status} in {formats.span(last.seconds)}{expires}"


def _slot(worst: float | None, day: str) -> Slot:
    if worst is None:
        return Slot("neutral", f"{day}: not asked")
    return Slot("good", f"{day}: all well") if worst >= 1 else Slot("bad", f"{day}: it did not answer as it should")


# -- the form -----------------------------------------------------------------------------------------------------------


def asked_of(typed: Mapping[str, str]) -> dict[str, Any]:
    """What the form asks the API for: an address with a scheme over HTTP, a host and port over TCP, a host over DNS."""
    address = typed.get("address", "")
    host, _, port = address.rpartition(":")
    if "://" in address:
        where: dict[str, Any] = {
            "kind": "http",
            "url": address,
            "status": typed.get("status"),
            "body": typed.get("body"),
        }
    elif host and port.isdecimal():
        where = {"kind": "tcp", "host": host.strip("[]"), "port": port}
    else:
        where = {"kind": "dns", "host": address}
    return where | {name: typed.get(name) for name in ("name", *NEW)}


def told(errors: Errors) -> Errors:
    """The API's errors at the fields of the form; what belongs to none is told above it."""
    fields = {name: words for name, words in errors.fields.items() if name not in _ADDRESS}
    address = next((errors.fields[name] for name in _ADDRESS if name in errors.fields), "")
    if "to connect to" in errors.form:
        return Errors({**fields, "address": "Say what to ask: an URL, a host and port, or a host."})
    if address:
        fields["address"] = address
    return Errors(fields, errors.form)


def uptime_form_view(typed: Mapping[str, str], errors: Errors, root: str) -> FormPage:
    """The form as it was sent, with what is wrong with it."""

    def field(name: str, label: str, **more: Any) -> Field:
        return Field(name, label, typed.get(name, ""), error=errors.of(name), **more)

    host = urlsplit(typed.get("address", "")).hostname or "shop.example"
    return FormPage(
        title="New uptime check",
        words="Say what to ask. From then on it is asked at this interval, and drawn like any measurement.",
        back=Link("Uptime", f"{root}/uptime"),
        save=f"{root}/uptime/new",
        submit="Add",
        error=errors.form,
        fields=(
            field("name", "Name", required=True, maxlength=200, placeholder="Shop"),
            field(
                "address",
                "Address",
                required=True,
                maxlength=4096,
                placeholder=f"https://{host}/health",
                hint="An URL is fetched; a host and port, as db.example:5432, is connected to; a host is looked up.",
            ),
            field("interval_seconds", "Every, in seconds", inputmode="numeric", maxlength=6),
            field("failures", "Alert after failures in a row", inputmode="numeric", maxlength=2),
            field("status", "HTTP status", inputmode="numeric", maxlength=3, placeholder="any of 200 to 299"),
            field("body", "Text that the answer holds", maxlength=500),
        ),
    )
