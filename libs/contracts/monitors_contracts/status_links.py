"""Where status pages are: public ones at their slugs, private ones at links, signed names which nobody guesses."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from .base import Id

_PURPOSE = b"monitors/status/v1\0"
_CONTENT = 36
LENGTH = 91
"""Characters of a token: more than any slug has."""


class InvalidLink(ValueError):
    """The token was not made here."""


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
    """A URL-safe token that nobody guesses (HMAC-SHA256)."""
    content = link.organization_id.bytes + link.page_id.bytes + link.number.to_bytes(4)
    return urlsafe_b64encode(content + _sign(content, secret)).decode().rstrip("=")


def read_token(token: str, secret: str) -> StatusLink:
    """What the token names. Raises InvalidLink. Whether it was renewed since is not known here."""
    try:
        whole = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (NotBase64, ValueError) as error:
        raise InvalidLink("not a token") from error
    content, signature = whole[:_CONTENT], whole[_CONTENT:]
    if not hmac.compare_digest(signature, _sign(content, secret)):
        raise InvalidLink("wrong signature")
    return StatusLink(UUID(bytes=content[:16]), UUID(bytes=content[16:32]), int.from_bytes(content[32:]))


def _sign(content: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), _PURPOSE + content, sha256).digest()
