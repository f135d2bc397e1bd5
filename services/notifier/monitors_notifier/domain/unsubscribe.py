"""One-click unsubscribe (RFC 8058): a signed token that names one channel of one organization, and nothing else."""

from dataclasses import dataclass
from uuid import UUID

from monitors_contracts.base import Id

from . import signing

_PURPOSE = b"monitors/unsubscribe/v1\0"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a token ends: one channel."""

    organization_id: Id
    channel_id: Id


def make_token(subscription: Subscription, key: str) -> str:
    """A URL-safe token without an expiry: a link in an old mail must still work."""
    return signing.make(subscription.organization_id.bytes + subscription.channel_id.bytes, _PURPOSE, key)


def read_token(token: str, key: str) -> Subscription:
    """What the token ends. Raises InvalidToken."""
    ids = signing.read(token, _PURPOSE, key)
    if len(ids) != 32:
        raise signing.InvalidToken("too short or too long")
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
