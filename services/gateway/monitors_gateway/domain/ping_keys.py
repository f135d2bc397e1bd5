"""Keys of ping addresses: signed names of one heartbeat, so that a ping is taken without looking anything up."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from monitors_contracts.base import Id

_PURPOSE = b"monitors/ping/v1\0"
_IDS = 32
_SIGNATURE = 16


class InvalidKey(ValueError):
    """The key was not made here."""


@dataclass(frozen=True, slots=True)
class Pinged:
    """Whose heartbeat a key names."""

    organization_id: Id
    heartbeat_id: Id


def make_key(pinged: Pinged, secret: str) -> str:
    """A URL-safe key. It can't be withdrawn alone: a heartbeat whose key got out is deleted and made anew."""
    ids = pinged.organization_id.bytes + pinged.heartbeat_id.bytes
    return urlsafe_b64encode(ids + _sign(ids, secret)).decode()


def read_key(key: str, secret: str) -> Pinged:
    """What the key names. Raises InvalidKey."""
    try:
        content = urlsafe_b64decode(key.encode("ascii"))
    except (NotBase64, ValueError) as error:
        raise InvalidKey("not a key") from error
    ids, signature = content[:_IDS], content[_IDS:]
    if not hmac.compare_digest(signature, _sign(ids, secret)):
        raise InvalidKey("wrong signature")
    return Pinged(UUID(bytes=ids[:16]), UUID(bytes=ids[16:]))


def _sign(ids: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), _PURPOSE + ids, sha256).digest()[:_SIGNATURE]
