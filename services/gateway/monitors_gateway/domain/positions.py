"""Where a reader of the event feed stands: one place in each stream, written as the id of a server-sent event."""

import re
from dataclasses import dataclass, replace

# Eighteen digits are within a stream's 64-bit sequence. The first ids had no place in PAGES.
_FORM = re.compile(r"m(\d{1,18})\.a(\d{1,18})(?:\.p(\d{1,18}))?")


@dataclass(frozen=True, slots=True)
class Position:
    """The sequences last seen in the streams MONITORS, ALERTS and PAGES."""

    monitors: int
    alerts: int
    pages: int

    @classmethod
    def parse(cls, written: str, ends: "Position") -> "Position | None":
        """Read an event id back; None when it is not one of ours.

        `ends` are the ends of the streams: no place is beyond them, as they may have been made anew since, and an id
        without a place in PAGES stands at its end.
        """
        match = _FORM.fullmatch(written)
        if match is None:
            return None
        monitors, alerts, pages = match.groups()
        return cls(
            min(int(monitors), ends.monitors),
            min(int(alerts), ends.alerts),
            ends.pages if pages is None else min(int(pages), ends.pages),
        )

    def __str__(self) -> str:
        return f"m{self.monitors}.a{self.alerts}.p{self.pages}"

    def after(self, stream: str, sequence: int) -> "Position":
        """The position once the event at `sequence` of `stream` has been seen."""
        return replace(self, **{stream.lower(): sequence})
