"""Tokens of calendar links: signed names of one schedule's link, so that a calendar program needs no account."""

from dataclasses import dataclass
from uuid import UUID

from monitors_contracts.base import Id
from monitors_contracts.signed import seal, unseal

_PURPOSE = b"monitors/calendar/v1\0"


@dataclass(frozen=True, slots=True)
class CalendarLink:
    """Which schedule a token shows, and by which of its links; the schedule knows which link is good."""

    organization_id: Id
    schedule_id: Id
    calendar_id: Id


def make_token(link: CalendarLink, secret: str) -> str:
    """A token that nobody guesses."""
    return seal(link.organization_id.bytes + link.schedule_id.bytes + link.calendar_id.bytes, _PURPOSE, secret)


def read_token(token: str, secret: str) -> CalendarLink:
    """What the token names. Raises InvalidToken. Whether it was revoked since is not known here."""
    ids = unseal(token, _PURPOSE, secret)
    return CalendarLink(UUID(bytes=ids[:16]), UUID(bytes=ids[16:32]), UUID(bytes=ids[32:]))
