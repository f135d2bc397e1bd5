"""What a message says: an alert in words for people (text and HTML) and as data for programs."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from monitors_contracts.alerts import REASONS, AlertState, AlertView
from monitors_contracts.base import Json, is_web_address

from . import wording
from .action_links import Links
from .unsubscribe import unsubscribe_headers

LONGEST_SUBJECT = 180
"""Characters; more is cut off by every mail client, and some servers refuse lines over 998 bytes."""

_TEMPLATE_OF = {
    "alert.triggered": "alert_triggered",
    "alert.resolved": "alert_resolved",
    "alerts.changed": "alerts_changed",
    "channel.test": "test",
    "status.update": "status_update",
    "status.confirm": "status_confirm",
}


@dataclass(frozen=True)
class Message:
    """One message, whatever the channel: mail uses subject, text, html and headers; webhooks `type`, `at` and `data`."""

    type: str
    subject: str
    at: datetime
    data: Json
    words: dict[str, Any] = field(repr=False)
    severity: str = "info"
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def text(self) -> str:
        """The message for people, as plain text. Made when asked for, like `html`: webhooks need neither."""
        return _rendered(self.type, "txt", self.words).strip() + "\n"

    @cached_property
    def html(self) -> str:
        """The message for people, as an HTML page without anything remote."""
        return _rendered(self.type, "html", self.words)


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=PackageLoader("monitors_notifier"),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = wording.plain
    return environment


_TEMPLATES = _environment()


def alert_message(
    alert: AlertView,
    *,
    reason: str,
    base_url: str,
    channel_name: str,
    unsubscribe_url: str | None = None,
    unseen: bool = False,
    prefix: str = "",
    told_because: str = "",
    links: Links | None = None,
    more_data: Json | None = None,
) -> Message:
    """Tells of an alert that fires, or is over when its state says so; `unseen`: it is told of for the first time then.

    `reason` is the event's word (see AlertEvent); `base_url` begins the links; `unsubscribe_url` is given for mail.
    `prefix` begins the subject and `told_because` is a sentence, where it is not the alert's change that is told.
    `links` are for people. `more_data` is for programs, beside the alert itself.
    """
    resolved = alert.state is AlertState.RESOLVED
    at = (alert.resolved_at or alert.started_at) if resolved else alert.started_at
    return compose(
        "alert.resolved" if resolved else "alert.triggered",
        at,
        (more_data or {}) | alert_data(alert, reason, base_url),
        alert_words(alert, reason, base_url, unseen=unseen)
        | {"channel_name": channel_name, "prefix": prefix, "because": told_because, "links": links},
        severity="info" if resolved else alert.severity,
        unsubscribe_url=unsubscribe_url,
    )


def alert_data(alert: AlertView, reason: str, base_url: str) -> Json:
    """An alert for programs: whole, with links."""
    return {
        **alert.model_dump(mode="json"),
        "reason": reason,
        "alertUrl": _alert_url(alert, base_url),
        "monitorUrl": _monitor_url(alert, base_url),
    }


def channel_test_message(
    *, now: datetime, base_url: str, channel_name: str, unsubscribe_url: str | None = None
) -> Message:
    """Shows that a channel works."""
    return compose(
        "channel.test",
        now,
        {"channelName": channel_name},
        {"channel_name": channel_name, "at": wording.moment(now), "base_url": base_url},
        unsubscribe_url=unsubscribe_url,
    )


def alert_words(alert: AlertView, reason: str, base_url: str, *, unseen: bool = False) -> dict[str, Any]:
    """An alert for people: what templates show of it."""
    resolved = alert.state is AlertState.RESOLVED
    at = (alert.resolved_at or alert.started_at) if resolved else alert.started_at
    evidence = alert.evidence
    url = alert.url or (evidence.url if evidence else None)
    labels = alert.labels if alert.monitor_id is None else {}
    return {
        "why": REASONS.get(reason, "The alert changed."),
        "at": wording.moment(at),
        "fired_at": wording.moment(alert.started_at) if unseen else None,
        "alert_url": _alert_url(alert, base_url),
        "monitor_url": _monitor_url(alert, base_url),
        "name": alert.name,
        "summary": alert.summary,
        "severity": alert.severity,
        "condition": alert.condition,
        "headline": _headline(alert),
        "series": ", ".join(f"{name}={value}" for name, value in labels.items() if name != "alertname"),
        "runbook_url": wording.plain(alert.runbook_url, 2000) if alert.runbook_url else None,
        "runbook_is_link": is_web_address(alert.runbook_url or ""),
        "value": None if alert.value is None and alert.monitor_id is None else wording.value(alert.value, alert.unit),
        "previous": None if alert.previous_value is None else wording.value(alert.previous_value, alert.unit),
        "change": wording.change(alert.change_amount, alert.change_percentage, alert.unit),
        "quote": evidence.quote if evidence else "",
        "where": evidence.locator or evidence.method if evidence else "",
        "url": wording.plain(url, 2000) if url else None,
        "url_is_link": bool(url) and is_web_address(url or ""),
        "note": alert.note or "",
    }


def _headline(alert: AlertView) -> str | None:
    """What a measured or received alert says in one line; None for a web monitor's, of which the values speak."""
    if alert.monitor_id:
        return None
    told = alert.summary if alert.rule_id or alert.name in alert.summary else f"{alert.name}: {alert.summary}"
    return f"{alert.severity.capitalize()}: {told}"


def _alert_url(alert: AlertView, base_url: str) -> str:
    return f"{base_url}/console/alerts/{alert.id}"


def _monitor_url(alert: AlertView, base_url: str) -> str | None:
    return f"{base_url}/console/monitors/{alert.monitor_id}" if alert.monitor_id else None


def compose(
    type_: str,
    at: datetime,
    data: Json,
    words: dict[str, Any],
    *,
    severity: str = "info",
    unsubscribe_url: str | None,
) -> Message:
    """A message of this type (see the templates): `data` for programs, `words` for people."""
    words = words | {"unsubscribe_url": unsubscribe_url}
    return Message(
        type=type_,
        subject=wording.plain(_rendered(type_, "subject", words), LONGEST_SUBJECT),
        at=at,
        data=data,
        words=words,
        severity=severity,
        headers={"Auto-Submitted": "auto-generated"}
        | (unsubscribe_headers(unsubscribe_url) if unsubscribe_url else {}),
    )


def _rendered(type_: str, kind: str, words: dict[str, Any]) -> str:
    return _TEMPLATES.get_template(f"{_TEMPLATE_OF[type_]}.{kind}").render(words)
