"""Channels: where messages go, how the last one ended, and forms to add and change them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitors_contracts.notifications import ChannelKind, ChannelView, DeliveryState, NotificationView
from monitors_runtime.errors import ProblemError

from ..formats import Formats, When
from ..forms import WORDS, Errors, refused
from .deliveries import ICONS, DeliveryRow, delivery_row, error_words, state_badge
from .parts import Action, Badge, Empty, Field, Link

KINDS: dict[ChannelKind, tuple[str, str]] = {
    "email": ("E-mail", "A mail for every alert, by the mail server that whoever runs this platform has set up."),
    "webhook": (
        "Webhook",
        "A signed JSON document is posted to an address of yours. For programs; signed as standardwebhooks.com says.",
    ),
    "apprise": (
        "Other services",
        "Slack, Discord, Telegram, Teams, PagerDuty, ntfy and about a hundred more, each by an address of its own kind.",
    ),
    "local": ("Local outbox", "Messages stay on this platform, to be read in the outbox. Nothing is sent anywhere."),
}
# What an address looks like where people come from most.
SERVICES = (
    ("Slack", "slack://TokenA/TokenB/TokenC/#channel"),
    ("Discord", "discord://WebhookID/WebhookToken"),
    ("Telegram", "tgram://BotToken/ChatID"),
    ("Microsoft Teams", "workflows://Host/WorkflowID/Signature"),
    ("PagerDuty", "pagerduty://IntegrationKey@ApiKey"),
    ("ntfy", "ntfys://ntfy.sh/topic"),
    ("Matrix", "matrixs://user:password@host/#room"),
)
BAD = frozenset({DeliveryState.FAILED, DeliveryState.BOUNCED, DeliveryState.SPAM})


@dataclass(frozen=True, slots=True)
class Last:
    """How the newest message to a channel ended."""

    state: Badge
    at: When
    words: str


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """One channel of the list."""

    id: str
    name: str
    href: str
    icon: str
    kind: str
    target: str
    state: Badge
    last: Last | None
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class ChannelsView:
    """All channels."""

    add: Link
    rows: tuple[ChannelRow, ...]
    silent: bool
    empty: Empty | None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind to choose."""

    words: str
    href: str
    icon: str
    current: bool


@dataclass(frozen=True, slots=True)
class NewChannelView:
    """The form of a new channel of one kind."""

    back: Link
    action: str
    kinds: tuple[Kind, ...]
    kind: ChannelKind
    words: str
    fields: tuple[Field, ...]
    error: str
    services: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AddedView:
    """A webhook that was just added: its secret is shown now and never again."""

    name: str
    target: str
    secret: str
    channel: Link
    test: Action


@dataclass(frozen=True, slots=True)
class ChannelPageView:
    """One channel: its state, its deliveries, and its name to change."""

    id: str
    back: Link
    name: str
    icon: str
    kind: str
    target: str
    state: Badge
    since: When
    last: Last | None
    actions: tuple[Action, ...]
    rename: str
    field: Field
    error: str
    rows: tuple[DeliveryRow, ...]
    all_messages: Link
    empty: Empty | None


def channels_view(channels: Sequence[ChannelView], root: str, formats: Formats) -> ChannelsView:
    """The list of channels."""
    add = Link("Add a channel", f"{root}/channels/new", "plus")
    words = "Without a channel nobody is told when an alert opens. Add one for each way you want to hear of it."
    return ChannelsView(
        add=add,
        rows=tuple(_row(each, root, formats) for each in channels),
        silent=bool(channels) and not any(each.is_active for each in channels),
        empty=None if channels else Empty("send", "Nobody is told yet", words, add),
    )


def _row(channel: ChannelView, root: str, formats: Formats) -> ChannelRow:
    at = f"{root}/channels/{channel.id}"
    return ChannelRow(
        id=str(channel.id),
        name=channel.name,
        href=at,
        icon=ICONS[channel.kind],
        kind=KINDS[channel.kind][0],
        target=channel.target,
        state=_state(channel, channel.last_delivery),
        last=_last(channel.last_delivery, formats),
        actions=_actions(channel, at),
    )


def _state(channel: ChannelView, last: NotificationView | None) -> Badge:
    if channel.unsubscribed_at:
        return Badge("Unsubscribed", "warn")
    if not channel.is_active:
        return Badge("Paused")
    if last is None:
        return Badge("Not used yet", "info")
    if last.state in BAD or (last.state is DeliveryState.PENDING and last.error):
        return Badge("Failing", "bad")
    if last.state is DeliveryState.PENDING:
        return Badge("Sending", "info")
    return Badge("Working", "good")


def _last(message: NotificationView | None, formats: Formats) -> Last | None:
    if message is None:
        return None
    words = error_words(message.error) or message.subject
    return Last(state_badge(message), formats.when(message.sent_at or message.created_at), words)


def _actions(channel: ChannelView, at: str) -> tuple[Action, ...]:
    change = Action("Pause", f"{at}/pause", "pause") if channel.is_active else Action("Resume", f"{at}/resume", "play")
    warning = f"“{channel.name}” gets no more messages. What was sent stays listed."
    return (
        Action("Send a test", f"{at}/test", "send"),
        change,
        Action("Delete", f"{at}/delete", "trash-2", "danger", confirm=warning),
    )


def channel_view(
    channel: ChannelView,
    messages: Sequence[NotificationView],
    typed: str | None,
    errors: Errors,
    root: str,
    formats: Formats,
) -> ChannelPageView:
    """A channel's page. `typed` is a name that could not be kept, with what is wrong in `errors`."""
    at = f"{root}/channels/{channel.id}"
    last = messages[0] if messages else None
    words = "Send a test to see that it works. Messages about alerts will be listed here too."
    return ChannelPageView(
        id=str(channel.id),
        back=Link("Channels", f"{root}/channels"),
        name=channel.name,
        icon=ICONS[channel.kind],
        kind=KINDS[channel.kind][0],
        target=channel.target,
        state=_state(channel, last),
        since=formats.when(channel.created_at),
        last=_last(last, formats),
        actions=_actions(channel, at),
        rename=f"{at}/rename",
        field=Field(
            "name",
            "Name",
            channel.name if typed is None else typed,
            error=errors.of("name"),
            required=True,
            maxlength=100,
        ),
        error=errors.form,
        rows=tuple(delivery_row(each, root, formats) for each in messages),
        all_messages=Link("All messages to it", f"{root}/notifications?channel={channel.id}"),
        empty=None if messages else Empty("send", "Nothing was sent to it yet", words),
    )


def new_channel_view(kind: ChannelKind, typed: Mapping[str, str], errors: Errors, root: str) -> NewChannelView:
    """The form for a kind, with what was typed and what is wrong with it."""
    here = f"{root}/channels/new"
    fields = {
        "email": (
            Field(
                "address",
                "E-mail address",
                kind="email",
                required=True,
                autocomplete="email",
                placeholder="robin@example.com",
            ),
        ),
        "webhook": (
            Field(
                "url",
                "Address to post to",
                kind="url",
                required=True,
                placeholder="https://hooks.example/monitors",
                hint="It must be reachable from this platform and answer with a status from 200 to 299.",
            ),
            Field(
                "secret",
                "Secret",
                placeholder="whsec_…",
                hint="Leave it empty to get a new one, shown once. Your program checks signatures with it.",
            ),
        ),
        "apprise": (
            Field(
                "url",
                "Service address",
                required=True,
                placeholder="slack://TokenA/TokenB/TokenC/#channel",
                hint="It holds the service's keys, so it is never shown again. See below what it looks like.",
            ),
        ),
        "local": (),
    }[kind]
    name = Field(
        "name",
        "Name",
        maxlength=100,
        placeholder="On-call",
        hint="What it is called here. Optional.",
        autocomplete="off",
    )
    return NewChannelView(
        back=Link("Channels", f"{root}/channels"),
        action=f"{root}/channels",
        kinds=tuple(
            Kind(words, f"{here}?kind={each}", ICONS[each], each == kind) for each, (words, _) in KINDS.items()
        ),
        kind=kind,
        words=KINDS[kind][1],
        fields=tuple(_filled(each, typed, errors) for each in (*fields, name)),
        error=errors.form,
        services=SERVICES if kind == "apprise" else (),
    )


def _filled(field: Field, typed: Mapping[str, str], errors: Errors) -> Field:
    return Field(
        field.name,
        field.label,
        typed.get(field.name, ""),
        field.kind,
        field.hint,
        errors.of(field.name),
        field.required,
        field.autocomplete,
        field.placeholder,
        maxlength=field.maxlength,
    )


def channel_errors(error: ProblemError) -> Errors:
    """Why a channel was not made: the notifier's word begins with the field it is about, or is a kind of refusal."""
    field, _, words = (error.problem.detail or "").partition(": ")
    if field not in ("url", "address", "secret") or not words:
        told = refused(error)
        return told if told.fields else Errors(form=error_words(told.form))
    missing = words.endswith("needs one")
    return Errors({field: WORDS["missing"] if missing else f"{words[:1].upper()}{words[1:]}."})


def added_view(channel: ChannelView, root: str) -> AddedView:
    """A webhook with the secret that is shown this once."""
    at = f"{root}/channels/{channel.id}"
    return AddedView(
        channel.name,
        channel.target,
        channel.secret or "",
        Link("Done", at),
        Action("Send a test", f"{at}/test", "send"),
    )
