"""Uptime checks: addresses that are asked whether they answer, how that went, and the form that makes one."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from typing import Any

from monitors_contracts.uptime import UptimeList, UptimeSpec, UptimeView

from ..formats import Formats, When
from ..forms import Errors
from .days import ByDay, Slot, last_days, summed
from .parts import Action, Badge, Empty, Field, FormPage, Link, Option, Tab
from .rules import rules_tabs

KINDS = (
    Option("http", "Web page or API (HTTP)"),
    Option("tcp", "Port (TCP)"),
    Option("dns", "Name (DNS)"),
    Option("icmp", "Host, by ping (ICMP)"),
)
NEW = {"kind": "http", "interval_seconds": "60", "failures": "2"}
WELL = 0.95
"""The least share of a day's checks that went well, of a day that is not all bad."""
_ADDRESS = ("url", "host", "port", "")
_KEPT = {"http": {"expected_json"}, "dns": {"addresses"}}
"""What the form does not show, of checks of these kinds."""


@dataclass(frozen=True, slots=True)
class UptimeCard:
    """One check of the list."""

    id: str
    name: str
    href: str
    edit: str
    badge: Badge
    address: str
    asked: str
    last: When | None
    words: str
    slots: tuple[Slot, ...]
    slots_words: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class UptimesView:
    """The list; `empty` while there is none."""

    new: str
    tabs: tuple[Tab, ...]
    cards: tuple[UptimeCard, ...]
    empty: Empty | None


def uptimes_view(found: UptimeList, days: Mapping[str, ByDay], root: str, formats: Formats) -> UptimesView:
    """The list. `days` has the share of each day's checks that went well, by check: 1 is all."""
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
    at = f"{root}/uptime/{check.id}"
    slots = tuple(_slot(days.get(day), formats.day(day)) for day in last_days(formats.now))
    return UptimeCard(
        id=str(check.id),
        name=spec.name,
        href=f"{root}/rules/{check.id}",
        edit=f"{at}/edit",
        badge=_badge(check),
        address=address_of(spec),
        asked=f"{spec.kind.upper()}, every {formats.span(spec.interval_seconds)}",
        last=formats.maybe_when(last.at if last else None),
        words=_words(check, formats),
        slots=slots,
        slots_words=summed(slots),
        actions=_actions(spec, at),
    )


def address_of(spec: UptimeSpec) -> str:
    """What is asked, as it is typed: an URL, `host:port` or a host."""
    if spec.port is None:
        return spec.url or spec.host or ""
    host = spec.host or ""
    return f"[{host}]:{spec.port}" if ":" in host else f"{host}:{spec.port}"


def _actions(spec: UptimeSpec, at: str) -> tuple[Action, ...]:
    pause = Action("Pause", f"{at}/pause", "pause") if spec.is_active else Action("Resume", f"{at}/resume", "play")
    sure = f"Delete “{spec.name}”? It is asked no more, and its alert is resolved."
    return (pause, Action("Delete", f"{at}/delete", "trash-2", "danger", sure, {"name": spec.name}))


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


def _slot(share: float | None, day: str) -> Slot:
    if share is None:
        return Slot("neutral", f"{day}: not asked")
    if share >= 1:
        return Slot("good", f"{day}: all well")
    if share <= 0:
        return Slot("bad", f"{day}: it did not answer as it should")
    # Rounded down: a day with a failure is never all well.
    return Slot("warn" if share >= WELL else "bad", f"{day}: {floor(share * 1000) / 10:g} % of the checks went well")


# -- the form -----------------------------------------------------------------------------------------------------------


def typed_of(spec: UptimeSpec) -> dict[str, str]:
    """The form of a check that is there."""
    return {
        "name": spec.name,
        "kind": spec.kind,
        "address": address_of(spec),
        "interval_seconds": str(spec.interval_seconds),
        "failures": str(spec.failures),
        "status": str(spec.status or ""),
        "body": spec.body or "",
    }


def asked_of(typed: Mapping[str, str], known: UptimeSpec | None) -> dict[str, Any]:
    """What the form asks the API for; what it doesn't show stays as it is `known`."""
    kind, address = typed.get("kind", ""), typed.get("address", "")
    where: dict[str, Any] = {"host": address}
    if kind == "http":
        where = {"url": address, "status": typed.get("status"), "body": typed.get("body")}
    elif kind == "tcp":
        host, _, port = address.rpartition(":")
        where = {"host": host.strip("[]"), "port": port}
    kept: set[str] = {"labels", "timeout_seconds", "is_active"} | (
        _KEPT.get(kind, set()) if known and known.kind == kind else set()
    )
    stays = {name: getattr(known, name) for name in kept} if known else {}
    return {name: typed.get(name) for name in ("name", *NEW)} | where | stays


def told(errors: Errors) -> Errors:
    """The API's errors at the fields of the form; what belongs to none is told above it."""
    fields = {name: words for name, words in errors.fields.items() if name not in _ADDRESS}
    address = next((errors.fields[name] for name in _ADDRESS if name in errors.fields), "")
    if "to connect to" in errors.form or "port" in errors.fields:
        words = "Say what to ask: an URL over HTTP, a host and port (as db.example:5432) over TCP, else a host."
        return Errors({**fields, "address": words})
    if address:
        fields["address"] = address
    return Errors(fields, errors.form)


def uptime_form_view(typed: Mapping[str, str], errors: Errors, root: str, check: UptimeView | None = None) -> FormPage:
    """The form as it was sent, with what is wrong with it."""
    here = f"{root}/uptime"

    def field(name: str, label: str, **more: Any) -> Field:
        return Field(name, label, typed.get(name, ""), error=errors.of(name), **more)

    return FormPage(
        title=f"Edit {check.spec.name}" if check else "New uptime check",
        words="What was measured stays, and its rule follows."
        if check
        else "Say what to ask. From then on it is asked at this interval, and drawn like any measurement.",
        back=Link("Uptime", here),
        save=f"{here}/{check.id}/edit" if check else f"{here}/new",
        submit="Save" if check else "Add",
        error=errors.form,
        fields=(
            field("name", "Name", required=True, maxlength=200, placeholder="Shop"),
            Field("kind", "What is asked", typed.get("kind", ""), "select", error=errors.of("kind"), options=KINDS),
            field(
                "address",
                "Address",
                required=True,
                maxlength=4096,
                placeholder="https://shop.example/health",
                hint="An URL over HTTP; a host and port, as db.example:5432, over TCP; else a host.",
            ),
            field("interval_seconds", "Every, in seconds", inputmode="numeric", maxlength=6),
            field("failures", "Alert after failures in a row", inputmode="numeric", maxlength=2),
            field("status", "HTTP status", inputmode="numeric", maxlength=3, placeholder="any of 200 to 299"),
            field("body", "Text that the HTTP answer holds", maxlength=500),
        ),
    )
