"""One alert: what is wrong, how we know, what happened since, and what can be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import is_web_address
from monitors_contracts.incidents import IncidentHead
from monitors_contracts.notifications import DeliveryState
from monitors_contracts.silences import Holding

from ...api.explanations import Explanation
from ...api.timelines import TimelineEntry, TimelineReply
from ...domain.explaining import way_of
from ..formats import Formats, When
from ..forms import Errors
from .alerts import STATES, about, actions_of, mark_of, summary_of
from .deliveries import error_words, in_outbox
from .holding import HeldBy, held_by
from .marks import Mark
from .parts import Action, Badge, Field, Link, Moment, Tone
from .why import WhyView, why_view

STEPS: dict[str, tuple[str, Tone]] = {
    "pending": ("Pending", "warn"),
    "opened": ("Opened", "bad"),
    "crossed-again": ("Crossed again", "bad"),
    "flapping": ("Comes and goes", "warn"),
    "steady": ("Steady again", "bad"),
    "acknowledged": ("Acknowledged", "warn"),
    "assigned": ("Given", "info"),
    "resolved": ("Resolved", "good"),
    "commented": ("Comment", "neutral"),
}


@dataclass(frozen=True, slots=True)
class Quoted:
    """The piece of the page that says so."""

    quote: str
    how: str
    page: Link | None


@dataclass(frozen=True, slots=True)
class AlertPageView:
    """An alert with its value, evidence, timeline and actions."""

    id: str
    name: str
    summary: str
    back: Link
    mark: Mark
    state: Badge
    value: str
    before: str
    change: str
    condition: str
    opened: When
    ended: When | None
    crossed: str
    about: Link | None
    about_what: str
    incident: Link | None
    labels: str
    notes: tuple[tuple[str, str], ...]
    runbook: Link | None
    source: Link | None
    source_words: str
    evidence: Quoted | None
    actions: tuple[Action, ...]
    moments: tuple[Moment, ...]
    more_steps: str
    unavailable: bool
    note_path: str
    note: Field
    note_error: str
    can_acknowledge: bool
    can_resolve: bool
    assign_path: str
    assignee: str
    why: WhyView | None
    held: tuple[HeldBy, ...]
    silence: Link | None


def alert_view(
    found: TimelineReply,
    typed: str,
    errors: Errors,
    root: str,
    formats: Formats,
    holdings: Sequence[Holding] = (),
    why: Explanation | None = None,
    incident: IncidentHead | None = None,
) -> AlertPageView:
    """The page of an alert. `typed` is a comment that could not be kept, with what is wrong in `errors`.

    `why` is null while nobody can say it.
    """
    alert = found.alert
    at = f"{root}/alerts/{alert.id}"
    address = alert.url or (alert.evidence.url if alert.evidence else None)
    source = web_link(address)
    steps = sum(1 for each in found.entries if each.kind != "notified")
    return AlertPageView(
        id=str(alert.id),
        name=alert.name,
        summary=summary_of(alert),
        back=Link("Alerts", f"{root}/alerts"),
        mark=mark_of(alert.severity, alert.state),
        state=STATES[alert.state],
        value=formats.value(alert.value, alert.unit) if alert.value is not None else "",
        before=formats.value(alert.previous_value, alert.unit) if alert.previous_value is not None else "",
        change=_change(alert, formats),
        condition=alert.condition,
        opened=formats.when(alert.started_at),
        ended=formats.maybe_when(alert.resolved_at),
        crossed=f"{formats.number(alert.occurrences)} times" if alert.occurrences > 1 else "",
        about=about(alert, alert.name, alert.name, root),
        about_what="Rule" if alert.rule_id else "Monitor",
        incident=Link(f"#{incident.number} {incident.title}", f"{root}/incidents/{incident.id}") if incident else None,
        labels=", ".join(f"{name}={value}" for name, value in sorted(alert.labels.items())),
        notes=tuple((name.capitalize(), text) for name, text in alert.annotations.items() if name != "summary"),
        runbook=web_link(alert.runbook_url),
        source=source,
        source_words="" if source else address or "",
        evidence=_quoted(alert),
        actions=actions_of(alert, root),
        moments=tuple(_moment(each, alert, root, formats) for each in found.entries),
        more_steps=f"The newest {steps} of {formats.number(found.total)} steps." if found.total > steps else "",
        unavailable=bool(found.unavailable),
        note_path=f"{at}/note",
        note=Field(
            "text",
            "Comment or note",
            typed,
            "textarea",
            hint="Everybody in your organization sees it. Resolving or acknowledging needs none.",
            error=errors.of("text"),
            maxlength=2000,
        ),
        note_error=errors.form,
        can_acknowledge=alert.state is AlertState.FIRING,
        can_resolve=alert.state is not AlertState.RESOLVED,
        assign_path=f"{at}/assign",
        assignee=alert.assignee or "",
        why=why_view(why, root, formats) if why else None,
        held=held_by(holdings, root, formats),
        silence=None
        if alert.state is AlertState.RESOLVED
        else Link("Silence", f"{root}/silences/new?alert={alert.id}", "moon"),
    )


def web_link(address: str | None) -> Link | None:
    """An address that may be offered to click: http and https alone, never `javascript:` or `data:`."""
    if not address or not is_web_address(address):
        return None
    parts = urlsplit(address)
    shown = f"{parts.hostname}{parts.path}".rstrip("/")
    return Link(shown if len(shown) <= 80 else shown[:79] + "…", address, "external-link")


def _change(alert: AlertView, formats: Formats) -> str:
    if not alert.change_amount:
        return ""
    shown = formats.change(alert.change_amount, alert.unit)
    if not alert.change_percentage:
        return shown
    sign = "+" if alert.change_percentage > 0 else "−"
    return f"{shown} ({sign}{formats.percent(abs(alert.change_percentage) / 100)})"


def _quoted(alert: AlertView) -> Quoted | None:
    evidence = alert.evidence
    if evidence is None or not evidence.quote:
        return None
    how = way_of(evidence.method)
    where = f", at {evidence.locator}" if evidence.locator else ""
    return Quoted(evidence.quote, f"Found {how}{where}.", web_link(evidence.url))


def _moment(entry: TimelineEntry, alert: AlertView, root: str, formats: Formats) -> Moment:
    when = formats.when(entry.at)
    if entry.notification:
        return _message(entry, when, root)
    title, tone = STEPS.get(entry.kind, (entry.kind.replace("-", " ").capitalize(), "neutral"))
    read = f"{alert.condition}: {formats.value(entry.value, entry.unit)}" if entry.value is not None else ""
    by_hand = entry.reason == "by-hand"
    given = (f"To {entry.assignee}" if entry.assignee else "To nobody any more") if entry.kind == "assigned" else ""
    words = "\n".join(part for part in ("" if by_hand else entry.why, read, given, entry.note) if part)
    somebody = "Somebody who has left" if entry.user_id else ""
    return Moment(title, when, tone, words, by=entry.user_name or entry.via or somebody)


def _message(entry: TimelineEntry, when: When, root: str) -> Moment:
    message = entry.notification
    assert message
    href = f"{root}/outbox/{message.id}" if in_outbox(message) else f"{root}/channels/{message.channel_id}"
    words = error_words(message.error)
    match message.state:
        case DeliveryState.PENDING:
            title, tone = ("Message delayed", "warn") if message.error else ("Message waiting", "info")
        case DeliveryState.FAILED | DeliveryState.BOUNCED | DeliveryState.SPAM:
            title, tone = "Message failed", "bad"
        case _:
            title, tone = "Message sent", "info"
    return Moment(title, when, tone, words, by=message.channel_name, href=href)
