"""Alerts that other systems found, decided: from what was known of one and what is told of it now to what follows."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import to_json

from monitors_contracts.alerts import AlertEvent, AlertResolved, AlertState, AlertTriggered, AlertView
from monitors_contracts.base import Id
from monitors_contracts.receiving import ReceivedAlert

from .flapping import NEVER, Flapping, stays_away
from .lifecycle import SEVERITIES, Past, end, ended, event_of

NO_PAST = Past()

REMEMBERED = timedelta(hours=1)
"""How long one that is over is remembered: senders tell it for a while (Prometheus for 15 minutes), and it is no news then.
What ended longer ago is no news either."""


@dataclass(frozen=True, slots=True)
class Told:
    """An alert as it is told now. `ends_at` is when it ends, or ended; `heard_at` is now."""

    fingerprint: str
    digest: bytes
    alert: ReceivedAlert
    ends_at: datetime
    heard_at: datetime

    @property
    def is_over(self) -> bool:
        """Whether it is told as ended."""
        return self.ends_at <= self.heard_at


def told(origin: str, alert: ReceivedAlert, resolve_after: float, now: datetime) -> Told:
    """What is told by this sender; one without an end ends `resolve_after` seconds from now."""
    ends_at = alert.ends_at or now + timedelta(seconds=resolve_after)
    return Told(fingerprint(origin, alert.labels), _digest(alert), alert, ends_at, now)


def fingerprint(origin: str, labels: Mapping[str, str]) -> str:
    """The same labels from the same kind of system are the same alert."""
    return f"{origin}:{hashlib.blake2b(to_json(sorted(labels.items())), digest_size=16).hexdigest()}"


def _digest(alert: ReceivedAlert) -> bytes:
    """What is told, times aside: when it is the same again, nothing has to be done."""
    said = (
        *(alert.name, alert.summary, alert.severity, alert.condition, alert.value, alert.generator_url),
        *(alert.runbook_url, alert.url, sorted(alert.annotations.items())),
    )
    return hashlib.blake2b(to_json(said), digest_size=16).digest()


def hear(
    told: Told,
    known: AlertView | None,
    organization_id: Id,
    origin: str,
    alert_id: Id,
    past: Past = NO_PAST,
    flapping: Flapping = NEVER,
) -> list[AlertEvent]:
    """What follows from hearing this.

    `known` is the last alert of this fingerprint, if one is remembered; `alert_id` is for one that is opened. Somebody who
    ended an alert by hand has ended this firing: the same told on is no new one, one that began later is.
    """
    is_open = known is not None and known.state is not AlertState.RESOLVED
    if known is not None and is_open:
        if told.is_over:
            return end(known, _over(told, known), told.ends_at, past, flapping, told.heard_at)
        return _told_on(told, known, comes_back=_comes_back(told, known, past))
    if told.is_over:
        if _is_old(told, known):
            return []
        opened = _opened(told, organization_id, origin, alert_id)  # before anything was heard of it: told all the same
        over = _over(told, opened.alert)
        return [opened, *end(opened.alert, over, told.ends_at, past, flapping, told.heard_at)]
    if known is not None and known.resolved_by and known.resolved_at and _began_by(told, known.resolved_at):
        return []
    return [_opened(told, organization_id, origin, alert_id)]


def timed_out(alert: AlertView, ends_at: datetime, past: Past, flapping: Flapping, now: datetime) -> list[AlertEvent]:
    """It was not heard of again until then."""
    over = ended(alert, max(ends_at, alert.started_at), "timed-out", notify=True)
    return end(alert, over, ends_at, past, flapping, now)


def noted(
    told: Told, known: AlertView | None, past: Past, follows: Sequence[AlertEvent]
) -> tuple[datetime | None, datetime | None] | None:
    """When the condition came, or went, by what is told now: to be remembered. None where it did neither."""
    if told.is_over:
        went = bool(follows) if known is None or not known.flapping_since else not stays_away(*past.last)
        return (None, told.ends_at) if went else None
    return (told.heard_at, None) if known is not None and _comes_back(told, known, past) else None


def _comes_back(told: Told, known: AlertView, past: Past) -> bool:
    return not told.is_over and known.flapping_since is not None and stays_away(*past.last)


def _began_by(told: Told, moment: datetime) -> bool:
    return told.alert.starts_at is not None and told.alert.starts_at <= moment


def _is_old(told: Told, known: AlertView | None) -> bool:
    """Whether the end of it is known, or too long ago; what says of no time in which it fired never did."""
    if told.alert.starts_at is None or not told.heard_at - REMEMBERED < told.ends_at:
        return True
    last = known.resolved_at if known else None
    return told.alert.starts_at >= told.ends_at or (last is not None and told.alert.starts_at <= last)


def _opened(told: Told, organization_id: Id, origin: str, alert_id: Id) -> AlertTriggered:
    started_at = min(told.alert.starts_at or told.heard_at, told.heard_at)
    opened = AlertView(
        id=alert_id,
        organization_id=organization_id,
        fingerprint=told.fingerprint,
        state=AlertState.FIRING,
        labels=told.alert.labels,
        origin=origin,
        started_at=started_at,
        **_said(told),
    )
    return event_of(AlertTriggered, opened, "received", started_at)


def _over(told: Told, known: AlertView) -> AlertResolved:
    """What it says at its end is taken over; of what it says nothing, the last word stays."""
    unsaid = {"summary"} if told.alert.is_summarized else set[str]()
    if not told.alert.condition:
        unsaid.add("condition")
    said = {name: value for name, value in _said(told).items() if name not in unsaid and value not in (None, {})}
    last = known.model_copy(update=said)
    return ended(last, max(told.ends_at, known.started_at), "over-at-sender", notify=True)


def _told_on(told: Told, known: AlertView, *, comes_back: bool) -> list[AlertEvent]:
    """Details that changed are taken over; only a worse severity is worth telling."""
    said = _said(told)
    if not comes_back and all(getattr(known, name) == value for name, value in said.items() if name != "ends_at"):
        return []
    changed = known.model_copy(update=said | {"version": known.version + 1})
    if SEVERITIES.index(told.alert.severity) > SEVERITIES.index(known.severity):
        worse = changed.model_copy(update={"occurrences": known.occurrences + 1})
        return [event_of(AlertTriggered, worse, "severity-raised", told.heard_at)]
    if comes_back:
        again = changed.model_copy(update={"occurrences": known.occurrences + 1})
        return [event_of(AlertTriggered, again, "crossed-again", told.heard_at, notify=False)]
    return [event_of(AlertTriggered, changed, "refreshed", told.heard_at, notify=False)]


def _said(told: Told) -> dict[str, Any]:
    """What an alert says as this is told, which may change while it is open."""
    alert = told.alert
    return {
        "name": alert.name,
        "summary": alert.summary,
        "severity": alert.severity,
        "condition": alert.condition or alert.name,
        "value": alert.value,
        "annotations": alert.annotations,
        "generator_url": alert.generator_url,
        "runbook_url": alert.runbook_url,
        "url": alert.url,
        "ends_at": told.ends_at,
    }
