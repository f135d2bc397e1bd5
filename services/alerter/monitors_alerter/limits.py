"""How much each channel was sent lately. Counted in the database, and remembered for a second: a limit need not be exact."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitors_contracts.base import Id
from monitors_contracts.routing import RateLimit
from monitors_runtime.database import Connection

from . import telling_store as store

REMEMBERED_SECONDS = 1.0
MOST_REMEMBERED = 10_000


@dataclass
class _Count:
    notices: int
    read_at: float


class Limits:
    """How many more notices channels may be sent."""

    def __init__(self) -> None:
        self._counts: dict[Id, dict[float, _Count]] = {}

    async def read(self, db: Connection, wanted: Iterable[tuple[Id, RateLimit]], now: datetime) -> None:
        """Have the counts of these channels at hand."""
        oldest = time.monotonic() - REMEMBERED_SECONDS
        spans: dict[float, set[Id]] = {}
        for channel, limit in wanted:
            known = self._counts.get(channel, {}).get(limit.per)
            if known is None or known.read_at < oldest:
                spans.setdefault(limit.per, set()).add(channel)
        if len(self._counts) > MOST_REMEMBERED:
            self._counts.clear()
        for per, channels in spans.items():
            issued = await store.issued(db, dict.fromkeys(channels, timedelta(seconds=per)), now)
            for channel in channels:
                count = _Count(issued.get(channel, 0), time.monotonic())
                self._counts.setdefault(channel, {})[per] = count

    def room(self, channel: Id, limit: RateLimit) -> int:
        """How many more notices this channel may be sent by this limit."""
        known = self._counts.get(channel, {}).get(limit.per)
        return limit.notices - (known.notices if known else 0)

    def count(self, channel: Id) -> None:
        """One more was sent."""
        for count in self._counts.get(channel, {}).values():
            count.notices += 1
