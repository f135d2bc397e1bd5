"""What a monitor is: made, changed, and asked to be checked."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from monitors_contracts.base import Id
from monitors_contracts.collection import DuplicateMonitor
from monitors_contracts.monitors import (
    CreateMonitor,
    Interpretation,
    MonitorDeleted,
    MonitorRefreshRequested,
    MonitorView,
    Reading,
    UpdateMonitor,
)

from .extraction.pointing import Target
from .extraction.question import question_of
from .verdict import holds

LONGEST_NAME = 100
COPY = " (copy)"


def create(command: CreateMonitor, interpretation: Interpretation, now: datetime) -> MonitorView:
    """A new monitor."""
    return MonitorView(
        id=command.monitor_id,
        organization_id=command.organization_id,
        user_id=command.user_id,
        name=command.name or interpretation.name,
        prompt=command.prompt,
        interpretation=interpretation,
        source=command.source,
        version=1,
        created_at=now,
        updated_at=now,
    )


def duplicate(monitor: MonitorView, command: DuplicateMonitor, now: datetime) -> MonitorView:
    """Another monitor that asks the same page for the same, knows where to look, and has read nothing yet."""
    name = monitor.name.removesuffix(COPY)[: LONGEST_NAME - len(COPY)].rstrip() + COPY
    return MonitorView(
        id=command.copy_id,
        organization_id=monitor.organization_id,
        user_id=command.user_id,
        name=name,
        prompt=monitor.prompt,
        interpretation=monitor.interpretation,
        source=monitor.source,
        plan=monitor.plan,
        version=1,
        created_at=now,
        updated_at=now,
    )


def update(
    monitor: MonitorView, command: UpdateMonitor, interpretation: Interpretation | None, now: datetime
) -> MonitorView:
    """The monitor with what the command gives; `interpretation` is that of its prompt, or the person's own.

    Another prompt, source or question to the page makes what was read before worthless. Another condition does not, but whether
    it holds is not known before the next check: its alert is then neither left out nor told without a look at the page.
    """
    changes: dict[str, object] = {"version": monitor.version + 1, "updated_at": now}
    if command.name is not None:
        changes["name"] = command.name
    if command.is_active is not None:
        changes["is_active"] = command.is_active
    prompt_differs = command.prompt is not None and command.prompt != monitor.prompt
    if prompt_differs:
        changes["prompt"] = command.prompt
    by_hand = command.interpretation is not None
    is_new = prompt_differs if not by_hand else not _is_same(monitor.interpretation, interpretation)
    if interpretation is not None and is_new:
        asks_anew = not by_hand or _asked_of_page(monitor.interpretation) != _asked_of_page(interpretation)
        changes |= {"interpretation": interpretation} | (_FORGOTTEN if asks_anew else _UNJUDGED)
        if command.name is None and monitor.name == monitor.interpretation.name:
            changes["name"] = interpretation.name
    if command.source is not None and command.source != monitor.source:
        changes |= {"source": command.source} | _FORGOTTEN
    return monitor.model_copy(update=changes)


def _asked_of_page(meaning: Interpretation) -> tuple[object, ...]:
    """What is looked for and where: the same when only another value is compared with. (A text looked for is another.)"""
    return (
        meaning.url,
        meaning.fact,
        meaning.subject,
        meaning.fact_type,
        replace(question_of(meaning), near=None),
    )


def _is_same(before: Interpretation, after: Interpretation | None) -> bool:
    """Whether two interpretations mean the same, whoever said so, however sure, and under whatever name."""
    said_by = {"provider": "", "confidence": 0.0, "name": ""}
    return after is None or before.model_copy(update=said_by) == after.model_copy(update=said_by)


_UNJUDGED: dict[str, object] = {"condition_met": None, "last_verdict": None, "last_reason": None}


def point(monitor: MonitorView, target: Target, now: datetime) -> MonitorView:
    """The monitor with its fact read at another place: what was read before is another fact, so it is forgotten.

    A condition that was met and is met by what stands there too stays met, so that its alert neither ends nor is told again.
    """
    read, condition = target.extraction, monitor.interpretation.condition
    still_met = bool(monitor.condition_met and condition and holds(condition, read.value, read.unit))
    changes: dict[str, object] = {"plan": target.plan, "version": monitor.version + 1, "updated_at": now}
    return monitor.model_copy(update=_FORGOTTEN | changes | ({"condition_met": True} if still_met else {}))


_FORGOTTEN: dict[str, object] = _UNJUDGED | {
    "plan": None,
    "current_value": None,
    "previous_value": None,
    "unit": None,
    "last_checked": None,
}


def delete(monitor: MonitorView, restorable_minutes: int, now: datetime) -> MonitorDeleted:
    """The monitor is gone, and may come back for so long."""
    return MonitorDeleted(
        organization_id=monitor.organization_id,
        monitor_id=monitor.id,
        monitor_version=monitor.version + 1,
        restorable_until=now + timedelta(minutes=restorable_minutes),
    )


def restore(monitor: MonitorView, deletion: int) -> MonitorView:
    """The monitor as it was before its deletion (a version). That ended its alert: whether the condition holds is seen anew."""
    known = None if monitor.condition_met else monitor.condition_met
    return monitor.model_copy(update={"version": deletion + 1, "condition_met": known})


def refresh(
    monitor: MonitorView,
    refresh_id: Id,
    cause: Literal["manual", "confirmation", "scheduled"],
    now: datetime,
    suspect: Reading | None = None,
) -> MonitorRefreshRequested:
    """Ask for a check of a monitor that has a source."""
    assert monitor.interpretation.url is not None
    return MonitorRefreshRequested(
        organization_id=monitor.organization_id,
        monitor_id=monitor.id,
        refresh_id=refresh_id,
        urls=[monitor.interpretation.url, *monitor.source.fallback_urls],
        source=monitor.source,
        cause=cause,
        suspect=suspect,
        requested_at=now,
    )
