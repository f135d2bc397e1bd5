"""One-click unsubscribe (RFC 8058): a signed token that names one channel of one organization, and nothing else."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from monitors_contracts.base import Id

_PURPOSE = b"monitors/unsubscribe/v1\0"
_IDS = 32


class InvalidToken(ValueError):
    """The token was not made here, or with another key."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a token ends: one channel."""

    organization_id: Id
    channel_id: Id


def make_token(subscription: Subscription, key: str) -> str:
    """A URL-safe token without an expiry: a link in an old mail must still work."""
    ids = subscription.organization_id.bytes + subscription.channel_id.bytes
    return urlsafe_b64encode(ids + _sign(ids, key)).rstrip(b"=").decode()


def read_token(token: str, key: str) -> Subscription:
    """What the token ends. Raises InvalidToken."""
    try:
        content = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (NotBase64, UnicodeEncodeError) as error:
        raise InvalidToken("not a token") from error
    ids, signature = content[:_IDS], content[_IDS:]
    if not hmac.compare_digest(signature, _sign(ids, key)):
        raise InvalidToken("wrong signature")
    return Subscription(UUID(bytes=ids[:16]), UUID(bytes=ids[16:]))


def unsubscribe_url(base_url: str, token: str) -> str:
    """Where the gateway takes the token: GET asks the person, POST unsubscribes."""
    return f"{base_url}/u/{token}"


def unsubscribe_headers(url: str) -> dict[str, str]:
    """The mail headers that show an unsubscribe button. One-click is promised for https alone, as RFC 8058 demands."""
    headers = {"List-Unsubscribe": f"<{url}>"}
    if url.startswith("https://"):
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _sign(ids: bytes, key: str) -> bytes:
    return hmac.new(key.encode(), _PURPOSE + ids, sha256).digest()
