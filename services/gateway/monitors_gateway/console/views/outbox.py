"""The local outbox, read like a mail program."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from monitors_contracts.notifications import OutboxMessage

from ..formats import Formats, When
from .parts import Empty, Link, Tab

Part = Literal["html", "text"]
SNIPPET = 120


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail of the list."""

    id: str
    href: str
    subject: str
    snippet: str
    at: When
    current: bool


@dataclass(frozen=True, slots=True)
class OpenMail:
    """The mail that is being read: as a page in a frame (`frame` is its address), or as text."""

    id: str
    subject: str
    to: str
    at: When
    links: tuple[Link, ...]
    parts: tuple[Tab, ...]
    frame: str
    text: str
    file: str


@dataclass(frozen=True, slots=True)
class OutboxView:
    """The list of mails, and the one that is open."""

    here: str
    rows: tuple[MailRow, ...]
    count: str
    open: OpenMail | None
    older: str
    empty: Empty | None


def outbox_view(
    messages: Sequence[OutboxMessage],
    total: int,
    next_cursor: str | None,
    opened: OutboxMessage | None,
    part: Part,
    root: str,
    formats: Formats,
) -> OutboxView:
    """The outbox, with the mail that is open, if one is."""
    here = f"{root}/outbox"
    words = "Messages to a channel of the kind “local outbox” land here as mails. Nothing leaves the platform."
    return OutboxView(
        here=here,
        rows=tuple(_row(each, opened, here, formats) for each in messages),
        count=f"{formats.number(total)} {'mail' if total == 1 else 'mails'}",
        open=_open(opened, part, root, formats) if opened else None,
        older=f"{here}?{urlencode({'cursor': next_cursor})}" if next_cursor else "",
        empty=None
        if messages or opened
        else Empty("inbox", "The outbox is empty", words, Link("To your channels", f"{root}/channels", "send")),
    )


def _row(message: OutboxMessage, opened: OutboxMessage | None, here: str, formats: Formats) -> MailRow:
    # A mail begins with what its subject says already.
    _, _, rest = message.text.partition("\n\n")
    first = " ".join((rest or message.text).split())
    return MailRow(
        id=str(message.id),
        href=f"{here}/{message.id}",
        subject=message.subject,
        snippet=first if len(first) <= SNIPPET else first[: SNIPPET - 1] + "…",
        at=formats.when(message.created_at),
        current=opened is not None and opened.id == message.id,
    )


def _open(message: OutboxMessage, part: Part, root: str, formats: Formats) -> OpenMail:
    at = f"{root}/outbox/{message.id}"
    links = [
        Link(words, f"{root}/{place}/{identifier}", icon)
        for words, place, identifier, icon in (
            ("Its alert", "alerts", message.alert_id, "bell"),
            ("Its monitor", "monitors", message.monitor_id, "radar"),
        )
        if identifier
    ]
    return OpenMail(
        id=str(message.id),
        subject=message.subject,
        to=message.to,
        at=formats.when(message.created_at),
        links=tuple(links),
        parts=(Tab("As a page", at, part == "html"), Tab("As text", f"{at}?part=text", part == "text")),
        frame=f"{at}/html" if part == "html" else "",
        text=message.text if part == "text" else "",
        file=message.file,
    )


def framed(html: str) -> str:
    """A mail's HTML for its frame: whatever is clicked opens in a window of its own."""
    base = '<base target="_blank">'
    return html.replace("<head>", f"<head>{base}", 1) if "<head>" in html else base + html
