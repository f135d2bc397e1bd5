"""Subscriptions to status pages: signed links that confirm and end them, and how often an address is asked."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Literal, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

from monitors_contracts.base import Id

from . import signing
from .channels import Target

ASKED_IN = timedelta(days=1)
MOST_ASKED = {"email": 3, "webhook": 10}
"""How often one mail address, or one webhook's host, is asked to confirm in a day, whoever asks for it."""
Purpose: TypeAlias = Literal["confirm", "end"]


@dataclass(frozen=True, slots=True)
class SubscriberLink:
    """Whose subscription a link is about."""

    organization_id: Id
    subscriber_id: Id


def make_token(link: SubscriberLink, purpose: Purpose, key: str) -> str:
    """A URL-safe token without an expiry: the subscription that it names may end before."""
    return signing.make(link.organization_id.bytes + link.subscriber_id.bytes, _purpose(purpose), key)


def read_token(token: str, purpose: Purpose, key: str) -> SubscriberLink:
    """What the token names. Raises InvalidToken."""
    ids = signing.read(token, _purpose(purpose), key)
    if len(ids) != 32:
        raise signing.InvalidToken("too short or too long")
    return SubscriberLink(UUID(bytes=ids[:16]), UUID(bytes=ids[16:]))


def asked_as(target: Target) -> bytes:
    """What requests to confirm are counted by: the address, or the host of a URL; hashed, since it may be nobody's here."""
    named = target.address or urlsplit(target.url or "").hostname or ""
    return sha256(f"{target.kind} {named.lower()}".encode()).digest()


def _purpose(purpose: Purpose) -> bytes:
    return f"monitors/status-{purpose}/v1\0".encode()
