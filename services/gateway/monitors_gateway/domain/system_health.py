"""How the platform's parts are, by what was seen of them; and which of that is news."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitors_contracts.platform import PartState, Presence

MUCH_WAITING = 1000
"""Events that wait for a service before it is said to be behind."""
SLOW_SECONDS = 0.5
"""After which the database or the bus is said to be slow."""
NOBODY = "No process of it answers."


@dataclass(frozen=True, slots=True)
class Queue:
    """A service's durable consumer, and how many events it has still to handle."""

    service: str
    name: str
    waiting: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the platform. Times are round trips in seconds."""

    processes: Sequence[Presence]
    queues: Sequence[Queue]
    unpublished: Mapping[str, int]
    database_seconds: float
    bus_seconds: float


@dataclass(frozen=True, slots=True)
class Part:
    """A part and its state; `reason` says why it is not up."""

    name: str
    state: PartState
    reason: str = ""


def parts(seen: Seen, services: Sequence[str]) -> list[Part]:
    """The state of each part: of these services, then of what they stand on."""
    return [
        *(_service(name, seen) for name in services),
        _round_trip("database", seen.database_seconds),
        _round_trip("bus", seen.bus_seconds),
    ]


def _service(name: str, seen: Seen) -> Part:
    running = [each for each in seen.processes if name in each.services]
    if not running:
        return Part(name, PartState.DOWN, NOBODY)
    reasons = [each.reason for each in running if each.reason]
    if reasons:
        state = PartState.DOWN if len(reasons) == len(running) else PartState.DEGRADED
        return Part(name, state, reasons[0])
    behind = sum(each.waiting for each in seen.queues if each.service == name)
    if behind > MUCH_WAITING:
        return Part(name, PartState.DEGRADED, "Many events wait to be handled.")
    unpublished = seen.unpublished.get(name, 0)
    if unpublished > MUCH_WAITING:
        return Part(name, PartState.DEGRADED, "Many events wait to be published.")
    return Part(name, PartState.UP)


def _round_trip(name: str, seconds: float) -> Part:
    if seconds > SLOW_SECONDS:
        return Part(name, PartState.DEGRADED, f"It takes {seconds:.1f} s to answer.")
    return Part(name, PartState.UP)


def overall(found: Sequence[Part]) -> PartState:
    """The platform as a whole: as bad as its worst part, but down only when nothing is up."""
    if all(each.state is PartState.UP for each in found):
        return PartState.UP
    return PartState.DOWN if not any(each.state is PartState.UP for each in found) else PartState.DEGRADED


def news(before: Sequence[Part], now: Sequence[Part], known: Mapping[str, PartState]) -> list[Part]:
    """Parts in another state than is `known`, and in the same one in two looks in a row: a restart is no news."""
    last = {each.name: each.state for each in before}
    return [each for each in now if last.get(each.name) is each.state and known.get(each.name) is not each.state]


_NEEDED = ("database", "bus", "alerter", "notifier", "gateway")
"""What an alert goes through on its way to a person."""


def missing(parts: Sequence[Part]) -> str:
    """Which part that alerts need is down, and why; empty when none is."""
    down = (part for part in parts if part.name in _NEEDED and part.state is PartState.DOWN)
    return "; ".join(f"{part.name}: {part.reason}" for part in down)
