"""Keys of ping addresses: signed names of one heartbeat, and which of its addresses it is."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from monitors_contracts.base import Id

_PURPOSE = b"monitors/ping/v1\0"
_IDS = 32
_GENERATION = 3
_SIGNATURE = 16


class InvalidKey(ValueError):
    """The key was not made here, or it was rotated."""


@dataclass(frozen=True, slots=True)
class Pinged:
    """Whose heartbeat a key names, and how often the key was rotated before."""

    organization_id: Id
    heartbeat_id: Id
    generation: int = 0

    def packed(self) -> bytes:
        """The same in few bytes; `unpacked` reads them."""
        generation = self.generation.to_bytes(_GENERATION, "big") if self.generation else b""
        return self.organization_id.bytes + self.heartbeat_id.bytes + generation


def unpacked(packed: bytes) -> Pinged:
    """What `Pinged.packed` made."""
    return Pinged(UUID(bytes=packed[:16]), UUID(bytes=packed[16:_IDS]), int.from_bytes(packed[_IDS:], "big"))


def make_key(pinged: Pinged, secret: str) -> str:
    """A URL-safe key."""
    packed = pinged.packed()
    return urlsafe_b64encode(packed + _sign(packed, secret)).decode()


def read_key(key: str, secret: str) -> Pinged:
    """What the key names. Raises InvalidKey. Whether it was rotated since is not known here."""
    try:
        content = urlsafe_b64decode(key.encode("ascii"))
    except (NotBase64, ValueError) as error:
        raise InvalidKey("not a key") from error
    packed, signature = content[:-_SIGNATURE], content[-_SIGNATURE:]
    if not hmac.compare_digest(signature, _sign(packed, secret)):
        raise InvalidKey("wrong signature")
    return unpacked(packed)


def _sign(packed: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), _PURPOSE + packed, sha256).digest()[:_SIGNATURE]
