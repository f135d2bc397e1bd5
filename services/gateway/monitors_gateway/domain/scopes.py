"""What an API token may do."""

from collections.abc import Collection
from enum import StrEnum

READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Scope(StrEnum):
    """A permission of an API token. None of them holds another."""

    READ = "read"
    WRITE = "write"
    METRICS_WRITE = "metrics:write"
    ALERTS_WRITE = "alerts:write"

    @property
    def meaning(self) -> str:
        """What it allows, for who gives it."""
        return MEANINGS[self]


MEANINGS = {
    Scope.READ: "See monitors, alerts, channels, metrics and the event feed",
    Scope.WRITE: "Create, change, check and delete monitors, alerts and channels",
    Scope.METRICS_WRITE: "Send measurements, and nothing else",
    Scope.ALERTS_WRITE: "Send alerts of other systems, and nothing else",
}


def needed(declared: Collection[str], method: str) -> set[str]:
    """The scopes a request needs: those its route declares, or by its method."""
    return set(declared) or {Scope.READ if method in READING else Scope.WRITE}
