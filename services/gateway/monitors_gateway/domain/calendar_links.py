"""Tokens of calendar links: signed names of one schedule's link, so that a calendar program needs no account."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from monitors_contracts.base import Id

_PURPOSE = b"monitors/calendar/v1\0"
_IDS = 48


class InvalidLink(ValueError):
    """The token was not made here."""


@dataclass(frozen=True, slots=True)
class CalendarLink:
    """Which schedule a token shows, and by which of its links; the schedule knows which link is good."""

    organization_id: Id
    schedule_id: Id
    calendar_id: Id


def make_token(link: CalendarLink, secret: str) -> str:
    """A URL-safe token that nobody guesses (HMAC-SHA256)."""
    ids = link.organization_id.bytes + link.schedule_id.bytes + link.calendar_id.bytes
    return urlsafe_b64encode(ids + _sign(ids, secret)).decode().rstrip("=")


def read_token(token: str, secret: str) -> CalendarLink:
    """What the token names. Raises InvalidLink. Whether it was revoked since is not known here."""
    try:
        content = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (NotBase64, ValueError) as error:
        raise InvalidLink("not a token") from error
    ids, signature = content[:_IDS], content[_IDS:]
    if not hmac.compare_digest(signature, _sign(ids, secret)):
        raise InvalidLink("wrong signature")
    return CalendarLink(UUID(bytes=ids[:16]), UUID(bytes=ids[16:32]), UUID(bytes=ids[32:]))


def _sign(ids: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), _PURPOSE + ids, sha256).digest()
