"""Heartbeats: jobs that say that they ran, how they stand, and the form that makes one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitors_contracts.durations import lasting, written

from ...api.heartbeats import Heartbeat, HeartbeatsReply
from ..formats import Formats, When
from ..forms import Errors
from .alerts import SEVERITIES
from .days import DAY, ByDay, Slot, last_days, summed
from .parts import Action, Badge, Empty, Field, FormPage, Link, Tab
from .rules import rules_tabs

STATES: dict[str, Badge] = {
    "new": Badge("Not heard of yet", "info"),
    "up": Badge("Up", "good"),
    "running": Badge("Running", "info"),
    "down": Badge("Down", "bad"),
    "paused": Badge("Paused"),
}


@dataclass(frozen=True, slots=True)
class HeartbeatCard:
    """One heartbeat of the list."""

    id: str
    name: str
    href: str
    edit: str
    badge: Badge
    schedule: str
    last: When | None
    ping_url: str
    slots: tuple[Slot, ...]
    slots_words: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class HeartbeatsView:
    """The list; `empty` while there is none."""

    new: str
    tabs: tuple[Tab, ...]
    cards: tuple[HeartbeatCard, ...]
    more: str
    empty: Empty | None


def heartbeats_view(found: HeartbeatsReply, pings: Mapping[str, ByDay], root: str, formats: Formats) -> HeartbeatsView:
    """The list, newest first. `pings` has the worst exit status of each day, by heartbeat."""
    here = f"{root}/heartbeats"
    words = "A job that is to run regularly pings its address when it is done. If no ping comes in time, you are told."
    add = Link("Add a heartbeat", f"{here}/new", "plus")
    return HeartbeatsView(
        new=add.href,
        tabs=rules_tabs(root, "Heartbeats"),
        cards=tuple(_card(each, pings.get(str(each.id), {}), root, formats) for each in found.heartbeats),
        more=f"{here}?cursor={found.next_cursor}" if found.next_cursor else "",
        empty=None if found.heartbeats else Empty("heart-pulse", "No heartbeat yet", words, add),
    )


def _card(heartbeat: Heartbeat, pings: ByDay, root: str, formats: Formats) -> HeartbeatCard:
    at = f"{root}/heartbeats/{heartbeat.id}"
    slots = slots_of(heartbeat, pings, formats)
    return HeartbeatCard(
        id=str(heartbeat.id),
        name=heartbeat.name,
        href=f"{root}/rules/{heartbeat.id}",
        edit=f"{at}/edit",
        badge=STATES[heartbeat.status],
        schedule=schedule_of(heartbeat),
        last=formats.maybe_when(heartbeat.last_ping),
        ping_url=heartbeat.ping_url,
        slots=slots,
        slots_words=summed(slots),
        actions=_actions(heartbeat, at),
    )


def schedule_of(heartbeat: Heartbeat) -> str:
    """When it is to be heard of: `every 1 d, at most 30 min late`."""
    when = f"every {lasting(heartbeat.period)}" if heartbeat.period else f"at “{heartbeat.cron}” ({heartbeat.timezone})"
    return f"{when}, at most {lasting(heartbeat.grace)} late"


def slots_of(heartbeat: Heartbeat, pings: ByDay, formats: Formats) -> tuple[Slot, ...]:
    """Its last days, oldest first. A day without a ping is bad where at least one was to come."""
    days = last_days(formats.now)
    return tuple(_slot(heartbeat, day, days[-1], pings, formats) for day in days)


def _slot(heartbeat: Heartbeat, day: datetime, today: datetime, pings: ByDay, formats: Formats) -> Slot:
    status, name = pings.get(day), formats.day(day)
    if status is not None and status < 0:
        return Slot("neutral", f"{name}: it began, and did not end on this day")
    if status is not None:
        failed = status > 0
        return Slot("bad" if failed else "good", f"{name}: {f'it failed, status {status:g}' if failed else 'all well'}")
    if day < heartbeat.created_at:
        return Slot("neutral", f"{name}: not there yet")
    was_due = heartbeat.period is not None and heartbeat.period + heartbeat.grace <= DAY.total_seconds()
    if was_due and day < today:
        return Slot("bad", f"{name}: no ping")
    return Slot("neutral", f"{name}: no ping")


def _actions(heartbeat: Heartbeat, at: str) -> tuple[Action, ...]:
    pause = Action("Pause", f"{at}/pause", "pause") if heartbeat.is_active else Action("Resume", f"{at}/resume", "play")
    sure = f"Delete “{heartbeat.name}”? Pings to its address mean nothing then."
    anew = f"Give “{heartbeat.name}” a new address? Pings to the one it has are refused from then on."
    rotate = Action("New address", f"{at}/rotate-key", "refresh-cw", confirm=anew)
    return (pause, rotate, Action("Delete", f"{at}/delete", "trash-2", "danger", sure, {"name": heartbeat.name}))


# -- the form -----------------------------------------------------------------------------------------------------------


def typed_of(heartbeat: Heartbeat) -> dict[str, str]:
    """The form of a heartbeat that is there."""
    return {
        "name": heartbeat.name,
        "period": written(heartbeat.period) if heartbeat.period else "",
        "cron": heartbeat.cron or "",
        "timezone": heartbeat.timezone,
        "grace": written(heartbeat.grace),
        "severity": heartbeat.severity,
        "runbook_url": heartbeat.runbook_url or "",
    }


NEW = {"period": "1d", "grace": "30m", "timezone": "UTC", "severity": "critical"}


def asked_of(typed: Mapping[str, str], known: Heartbeat | None) -> dict[str, Any]:
    """What the form asks the API for; what it doesn't show stays as it is `known`."""
    kept: dict[str, Any] = {"labels": known.labels, "is_active": known.is_active} if known else {}
    return {name: typed.get(name, "") for name in (*NEW, "name", "cron", "runbook_url")} | kept


def told(errors: Errors) -> Errors:
    """The API's errors at the fields of the form; what belongs to none is told above it."""
    shown = {*NEW, "name", "cron", "runbook_url"}
    lost = [words for name, words in errors.fields.items() if name not in shown]
    if any("period or a cron" in each for each in lost):
        return Errors({**errors.fields, "period": "Give either a period or a cron expression."}, errors.form)
    return Errors(errors.fields, errors.form or " ".join(lost))


def heartbeat_form_view(
    typed: Mapping[str, str], errors: Errors, root: str, heartbeat: Heartbeat | None = None
) -> FormPage:
    """The form as it was sent, with what is wrong with it."""
    here = f"{root}/heartbeats"

    def field(name: str, label: str, **more: Any) -> Field:
        return Field(name, label, typed.get(name, ""), error=errors.of(name), **more)

    return FormPage(
        title=f"Edit {heartbeat.name}" if heartbeat else "New heartbeat",
        words="Its address stays the same."
        if heartbeat
        else "You get an address to ping. Say how often it is to come.",
        back=Link("Heartbeats", here),
        save=f"{here}/{heartbeat.id}/edit" if heartbeat else f"{here}/new",
        submit="Save" if heartbeat else "Add",
        error=errors.form,
        fields=(
            field("name", "Name", required=True, maxlength=200, placeholder="Nightly backup"),
            field("period", "Every", maxlength=30, placeholder="1d", hint="As 10m, 1h or 1d. Leave empty for a cron."),
            field("cron", "Or by cron", maxlength=200, placeholder="30 2 * * *"),
            field("timezone", "Time zone of the cron", maxlength=100, placeholder="Europe/Oslo"),
            field(
                "grace", "May be late by", maxlength=30, placeholder="30m", hint="Also how long a started job may run."
            ),
            field("severity", "Severity", kind="select", options=SEVERITIES[1:]),
            field("runbook_url", "Runbook", kind="url", maxlength=4096, placeholder="https://"),
        ),
    )
