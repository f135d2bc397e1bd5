"""Keys of ping addresses: signed names of one heartbeat, and which of its addresses it is."""

from dataclasses import dataclass
from uuid import UUID

from monitors_contracts.base import Id
from monitors_contracts.signed import seal, unseal

_PURPOSE = b"monitors/ping/v1\0"
_IDS = 32
_GENERATION = 3
_SIGNATURE = 16


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
    return seal(pinged.packed(), _PURPOSE, secret, signature_bytes=_SIGNATURE)


def read_key(key: str, secret: str) -> Pinged:
    """What the key names. Raises InvalidToken. Whether it was rotated since is not known here."""
    return unpacked(unseal(key, _PURPOSE, secret, signature_bytes=_SIGNATURE))
