"""Keeping receivers apart: a slow or dead one waits in its own lane, and never in another's."""

from dataclasses import dataclass, field

MOST_AT_ONCE = 16
MOST_WAITING = 64
FIRST_REST = 2.0
LONGEST_REST = 60.0


@dataclass
class Lane:
    """One channel's lane: how many messages are being sent, and whether the receiver rests after a failure. Seconds."""

    sending: int = 0
    failures: int = 0
    rests_until: float = 0.0

    def wait(self, now: float) -> float | None:
        """Seconds to put a new message off, or None to send it now."""
        if now < self.rests_until:
            return self.rests_until - now
        if self.sending >= MOST_AT_ONCE + MOST_WAITING:
            return FIRST_REST
        if self.failures and self.sending >= 1:  # after a failure one message goes ahead to try
            return FIRST_REST
        return None

    def begin(self) -> None:
        """A message is on its way."""
        self.sending += 1

    def end(self, now: float, *, reached: bool) -> None:
        """It arrived, or the receiver was not to be reached."""
        self.sending -= 1
        if reached:
            self.failures = 0
        else:
            self.failures += 1
            self.rests_until = now + min(LONGEST_REST, FIRST_REST * 2 ** min(self.failures - 1, 10))


@dataclass
class Lanes:
    """All lanes of one process, by channel id."""

    _lanes: dict[object, Lane] = field(default_factory=dict)

    def of(self, channel: object) -> Lane:
        """This channel's lane. Idle lanes of healthy receivers are forgotten when there are many."""
        if len(self._lanes) > 10_000:
            self._lanes = {key: lane for key, lane in self._lanes.items() if lane.sending or lane.failures}
        return self._lanes.setdefault(channel, Lane())
