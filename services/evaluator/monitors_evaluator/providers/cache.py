"""Answers that were paid for once, kept for a while: bounded, least recently used out first, with a time to live."""

import hashlib
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

from monitors_contracts.base import Id

from .base import Answer


def cache_key(organization_id: Id, purpose: str, *parts: str) -> str:
    """A key that no two organizations share. Lengths are hashed too, so that no two lists of parts read the same."""
    digest = hashlib.sha256()
    for part in (str(organization_id), purpose, *parts):
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.hexdigest()


class ResponseCache:
    """At most `size` answers, each for `ttl`."""

    def __init__(self, size: int = 2_000, ttl: timedelta = timedelta(hours=24)) -> None:
        self._size, self._ttl = size, ttl
        self._entries: OrderedDict[str, tuple[datetime, Answer[Any]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str, now: datetime) -> Answer[Any] | None:
        """The answer kept under this key, unless it is too old."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        kept_at, answer = entry
        if now - kept_at >= self._ttl:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return answer

    def put(self, key: str, answer: Answer[Any], now: datetime) -> None:
        """Keep an answer; the one unused for longest makes room."""
        self._entries[key] = (now, answer)
        self._entries.move_to_end(key)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)
