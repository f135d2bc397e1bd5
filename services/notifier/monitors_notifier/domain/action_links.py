"""Links in messages that take alerts or end them: signed, for some days, for one use.

A token names the message that it came with, and so its organization, its channel and the alerts it tells of.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from monitors_contracts.alerts import LinkAction
from monitors_contracts.base import Id

from . import signing
from .signing import InvalidToken

GOOD_FOR = timedelta(days=7)
_PURPOSE = b"monitors/action/v1\0"
_ACTIONS: dict[int, LinkAction] = {1: "acknowledge", 2: "resolve"}
_NUMBERS = {action: number for number, action in _ACTIONS.items()}


class LinkExpired(ValueError):
    """It was one of ours, and is too old."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link does, and until when."""

    organization_id: Id
    notification_id: Id
    action: LinkAction
    until: datetime


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses that a message offers; None for what can't be done any more."""

    acknowledge: str | None
    resolve: str | None


def make_token(link: Link, key: str) -> str:
    """A URL-safe token."""
    until = int(link.until.timestamp()).to_bytes(8, "big")
    ids = link.organization_id.bytes + link.notification_id.bytes
    return signing.make(ids + bytes([_NUMBERS[link.action]]) + until, _PURPOSE, key)


def read_token(token: str, key: str, now: datetime) -> Link:
    """What the token does. Raises InvalidToken, LinkExpired."""
    content = signing.read(token, _PURPOSE, key)
    if len(content) != 41 or content[32] not in _ACTIONS:
        raise InvalidToken("not of this kind")
    until = datetime.fromtimestamp(int.from_bytes(content[33:], "big"), UTC)
    if until < now:
        raise LinkExpired(f"good until {until}")
    return Link(UUID(bytes=content[:16]), UUID(bytes=content[16:32]), _ACTIONS[content[32]], until)
