"""Deliveries in words: how far a message came, why it did not, and the ledger of all of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from monitors_contracts.notifications import ChannelKind, ChannelView, DeliveryState, NotificationView

from ..formats import Formats, When
from .parts import Action, Badge, Empty, Link, Option, Tone

STATES: dict[DeliveryState, tuple[str, Tone]] = {
    DeliveryState.PENDING: ("Waiting", "info"),
    DeliveryState.SENT: ("Sent", "good"),
    DeliveryState.DELIVERED: ("Delivered", "good"),
    DeliveryState.OPENED: ("Opened", "good"),
    DeliveryState.CLICKED: ("Clicked", "good"),
    DeliveryState.BOUNCED: ("Bounced", "bad"),
    DeliveryState.SPAM: ("Marked as spam", "bad"),
    DeliveryState.UNSUBSCRIBED: ("Unsubscribed", "warn"),
    DeliveryState.FAILED: ("Failed", "bad"),
    DeliveryState.SUPERSEDED: ("Told by another", "neutral"),
}
ICONS: dict[ChannelKind, str] = {"local": "inbox", "email": "mail", "webhook": "webhook", "apprise": "message-square"}

# What the notifier's reasons begin with, in words for a person.
_REASONS = {
    "timeout": "The receiver did not answer in time.",
    "connection": "The receiver could not be reached.",
    "protocol": "The receiver's answer was not understood.",
    "refused-address": "This address may not be written to",
    "unsupported": "The channel's address can't be used",
    "email-not-configured": "Mail is not set up here. Ask whoever runs the platform.",
    "channel-switched-off": "The channel was paused or deleted.",
    "outbox": "The outbox could not be written",
    "smtp": "The mail server refused it",
    "sendgrid": "The mail service refused it",
}
_WHY = {
    "repeated": "Told again, for nobody took it.",
    "escalated": "Escalated by a policy.",
    "digest": "Gathered by a rate limit.",
    "silence-ended": "Told as a silence ended.",
    "flapping": "It comes and goes.",
    "test": "A test.",
    "silence-expires": "A silence ends soon.",
}
_GAVE_UP = re.compile(r"gave-up-after-(\d+)-tries: (.*)", re.DOTALL)
_STOOD_IN = re.compile(r"others-stand-in-after-(\d+)-tries: (.*)", re.DOTALL)
_HTTP = re.compile(r"http-(\d{3})")


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One message to one channel."""

    id: str
    subject: str
    href: str
    channel: Link
    state: Badge
    at: When
    tries: str
    error: str
    next_try: When | None
    retry: Action | None
    because: str


@dataclass(frozen=True, slots=True)
class DeliveriesView:
    """The delivery ledger, narrowed as asked."""

    here: str
    rows: tuple[DeliveryRow, ...]
    count: str
    states: tuple[Option, ...]
    state: str
    channels: tuple[Option, ...]
    channel: str
    about: Link | None
    older: str
    empty: Empty | None


def state_badge(message: NotificationView) -> Badge:
    """How far the message came."""
    if message.state is DeliveryState.PENDING and message.error:
        return Badge("Trying again", "warn")
    words, tone = STATES[message.state]
    return Badge(words, tone)


def error_words(error: str | None) -> str:
    """Why a try failed, in words for a person; empty when none did. Unknown reasons are shown as they are."""
    if not error:
        return ""
    if gave_up := _GAVE_UP.fullmatch(error):
        return f"Given up after {gave_up[1]} tries. {error_words(gave_up[2])}"
    if stood_in := _STOOD_IN.fullmatch(error):
        return f"Another channel was told after {stood_in[1]} tries. {error_words(stood_in[2])}"
    if answered := _HTTP.fullmatch(error):
        return f"The receiver answered {_status_words(int(answered[1]))}."
    kind, _, detail = error.partition(":")
    words = _REASONS.get(kind)
    if words is None:
        return error
    return words if words.endswith(".") else f"{words}: {detail.strip() or 'no reason given'}"


def _status_words(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def delivery_row(message: NotificationView, root: str, formats: Formats) -> DeliveryRow:
    """A message as a row: it leads to its alert, or to the mail in the outbox."""
    mail = f"{root}/outbox/{message.id}" if in_outbox(message) else ""
    failed = message.state is DeliveryState.FAILED and message.alert_id is not None
    return DeliveryRow(
        id=str(message.id),
        subject=message.subject,
        href=mail or (f"{root}/alerts/{message.alert_id}" if message.alert_id else ""),
        channel=Link(message.channel_name, f"{root}/channels/{message.channel_id}", ICONS[message.channel_kind]),
        state=state_badge(message),
        at=formats.when(message.sent_at or message.created_at),
        tries=_tries(message.attempts),
        error=error_words(message.error),
        next_try=formats.maybe_when(message.next_attempt_at),
        retry=Action("Try again", f"{root}/notifications/{message.id}/retry", "refresh-cw") if failed else None,
        because=_because(message),
    )


def _because(message: NotificationView) -> str:
    """Why it was told, by which route, and for which other channel; empty when it is as ever."""
    parts = (
        _WHY.get(message.reason or "", ""),
        "Stands in for a channel that could not be reached." if message.fallback_for else "",
        f"Route: {message.route}." if message.route not in ("", "root") else "",
    )
    return " ".join(part for part in parts if part)


def _tries(attempts: int) -> str:
    return {0: "not tried yet", 1: "1 try"}.get(attempts, f"{attempts} tries")


def in_outbox(message: NotificationView) -> bool:
    """Whether the message can be read in the local outbox."""
    return message.channel_kind == "local" and message.sent_at is not None


def deliveries_view(
    messages: Sequence[NotificationView],
    total: int,
    next_cursor: str | None,
    channels: Sequence[ChannelView],
    asked: dict[str, str],
    root: str,
    formats: Formats,
) -> DeliveriesView:
    """The ledger. `asked` are the filters of the query: state, channel, alert, monitor."""
    here = f"{root}/notifications"
    narrowed = {name: value for name, value in asked.items() if value}
    about = None
    if alert := asked.get("alert"):
        about = Link("Messages about one alert", f"{root}/alerts/{alert}", "bell")
    elif monitor := asked.get("monitor"):
        about = Link("Messages about one monitor", f"{root}/monitors/{monitor}", "radar")
    states = [Option("", "In any state"), *(Option(state.value, words) for state, (words, _) in STATES.items())]
    return DeliveriesView(
        here=here,
        rows=tuple(delivery_row(each, root, formats) for each in messages),
        count=f"{formats.number(total)} {'message' if total == 1 else 'messages'}",
        states=tuple(states),
        state=asked.get("state", ""),
        channels=(Option("", "To any channel"), *(Option(str(each.id), each.name) for each in channels)),
        channel=asked.get("channel", ""),
        about=about,
        older=f"{here}?{urlencode(narrowed | {'cursor': next_cursor})}" if next_cursor else "",
        empty=None if messages else _nothing(bool(narrowed), here, root),
    )


def _nothing(narrowed: bool, here: str, root: str) -> Empty:
    if narrowed:
        return Empty("filter", "No message matches", "Nothing was sent that fits.", Link("Show all messages", here))
    words = "Whenever an alert opens, each channel gets a message. Every one is listed here, with how far it came."
    return Empty("list-checks", "Nothing was sent yet", words, Link("To your channels", f"{root}/channels", "send"))
