"""Where status pages are: public ones at their slugs, private ones at links, signed names which nobody guesses."""

from dataclasses import dataclass
from uuid import UUID

from .base import Id
from .signed import seal, unseal

_PURPOSE = b"monitors/status/v1\0"
LENGTH = 91
"""Characters of a token: more than any slug has."""


@dataclass(frozen=True, slots=True)
class StatusLink:
    """Which page a token shows, and by which of its links; the page knows which link is good."""

    organization_id: Id
    page_id: Id
    number: int


def path_of(slug: str | None, link: StatusLink, secret: str) -> str:
    """Where a page is on an installation with this secret; a private one has no slug."""
    return f"/status/{slug or make_token(link, secret)}"


def make_token(link: StatusLink, secret: str) -> str:
    """A token that nobody guesses."""
    return seal(link.organization_id.bytes + link.page_id.bytes + link.number.to_bytes(4), _PURPOSE, secret)


def read_token(token: str, secret: str) -> StatusLink:
    """What the token names. Raises InvalidToken. Whether it was renewed since is not known here."""
    content = unseal(token, _PURPOSE, secret)
    return StatusLink(UUID(bytes=content[:16]), UUID(bytes=content[16:32]), int.from_bytes(content[32:]))
