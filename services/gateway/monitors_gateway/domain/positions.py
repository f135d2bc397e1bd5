"""Where a reader of the event feed stands: one place in each stream, written as the id of a server-sent event."""

import re
from dataclasses import dataclass, replace

# Eighteen digits are within a stream's 64-bit sequence.
_FORM = re.compile(r"m(\d{1,18})\.a(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Position:
    """The sequences last seen in the streams MONITORS and ALERTS."""

    monitors: int
    alerts: int

    @classmethod
    def parse(cls, written: str) -> "Position | None":
        """Read an event id back; None when it is not one of ours."""
        match = _FORM.fullmatch(written)
        return cls(int(match[1]), int(match[2])) if match else None

    def __str__(self) -> str:
        return f"m{self.monitors}.a{self.alerts}"

    def after(self, stream: str, sequence: int) -> "Position":
        """The position once the event at `sequence` of `stream` has been seen."""
        return replace(self, monitors=sequence) if stream == "MONITORS" else replace(self, alerts=sequence)

    def within(self, ends: "Position") -> "Position":
        """Not beyond the ends of the streams, which may have been made anew since."""
        return Position(min(self.monitors, ends.monitors), min(self.alerts, ends.alerts))
