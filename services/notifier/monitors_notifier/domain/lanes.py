"""Keeping receivers apart: a slow or dead one waits in its own lane, and never in another's."""

from dataclasses import dataclass, field
from itertools import count

from monitors_contracts.base import Id

MOST_AT_ONCE = 64
STALLED_AFTER = 0.5
FIRST_REST = 1.0
LONGEST_REST = 60.0
GROWTH = 1.25
"""A rest is a quarter longer than the one before, so that who comes back is found after a quarter of the time away."""


@dataclass
class Lane:
    """One channel's lane: what is being sent, and whether the receiver rests after a failure. Seconds."""

    failures: int = 0
    rests_until: float = 0.0
    _failed_at: float = float("-inf")
    _began: dict[int, float] = field(default_factory=dict[int, float])
    _tickets: "count[int]" = field(default_factory=count)

    @property
    def sending(self) -> int:
        """How many messages are on their way."""
        return len(self._began)

    @property
    def full(self) -> bool:
        """Whether no more may be on their way."""
        return self.sending >= MOST_AT_ONCE

    def rest(self, now: float) -> float:
        """Seconds until a message may be tried; 0 for now."""
        if now < self.rests_until:
            return self.rests_until - now
        if self.failures and self.sending:  # after a failure one message goes ahead to try
            return FIRST_REST
        return 0.0

    def stalled(self, now: float) -> bool:
        """Whether it is full and nothing moves: waiting for room would be waiting for the receiver."""
        return self.full and now - next(iter(self._began.values())) > STALLED_AFTER

    def begin(self, now: float) -> int:
        """A message is on its way; its ticket."""
        ticket = next(self._tickets)
        self._began[ticket] = now
        return ticket

    def end(self, ticket: int, now: float, *, reached: bool) -> None:
        """It arrived, or the receiver was not to be reached."""
        began = self._began.pop(ticket)
        if reached:
            self.failures = 0
        elif began >= self._failed_at:  # those that failed together are one failure
            self.failures, self._failed_at = self.failures + 1, now
            self.rests_until = now + min(LONGEST_REST, FIRST_REST * GROWTH ** min(self.failures - 1, 60))


@dataclass
class Lanes:
    """All lanes of one process, by channel id."""

    _lanes: dict[Id, Lane] = field(default_factory=dict[Id, Lane])

    def of(self, channel: Id) -> Lane:
        """This channel's lane. Idle lanes of healthy receivers are forgotten when there are many."""
        if len(self._lanes) > 10_000:
            self._lanes = {key: lane for key, lane in self._lanes.items() if lane.sending or lane.failures}
        return self._lanes.setdefault(channel, Lane())

    def closed(self, now: float) -> list[Id]:
        """Channels that nothing may be sent to now."""
        return [key for key, lane in self._lanes.items() if lane.full or lane.rest(now)]
