"""Events as streams keep them, and what one of them caused, as a tree."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nats.aio.msg import Msg
from nats.js import JetStreamContext

from monitors_contracts.summaries import short_type, summary

from . import history


@dataclass(frozen=True)
class Stored:
    """An event as a stream keeps it: the CloudEvents attributes, and the data when it was read along."""

    stream: str
    sequence: int
    subject: str
    headers: Mapping[str, str]
    data: Any

    @property
    def id(self) -> str:
        return self.headers.get("ce-id", "")

    @property
    def type(self) -> str:
        return self.headers.get("ce-type", "")

    @property
    def correlation(self) -> str:
        return self.headers.get("ce-correlationid", self.id)

    @property
    def time(self) -> datetime:
        """When it happened; the beginning of time for one that does not say."""
        try:
            return datetime.fromisoformat(self.headers["ce-time"])
        except (KeyError, ValueError):
            return datetime.min.replace(tzinfo=UTC)

    def line(self) -> str:
        """One line for a person."""
        at = self.time.astimezone(UTC).strftime("%H:%M:%S.%f")[:-3]
        entity = self.subject.rpartition(".")[2]
        return f"{at}  {short_type(self.type):<26} {entity}  {summary(self.type, self.data)}"

    def as_json(self) -> dict[str, Any]:
        """The event as CloudEvents' JSON format has it."""
        attributes = {name.removeprefix("ce-"): value for name, value in self.headers.items() if name.startswith("ce-")}
        return attributes | {"stream": self.stream, "sequence": self.sequence, "data": self.data}

    def step(self) -> "Step":
        """The event as part of a trace."""
        return Step(
            id=self.id,
            type=short_type(self.type),
            source=self.headers.get("ce-source", "").rpartition("/")[2],
            time=self.time,
            cause=self.headers.get("ce-causationid"),
            stream=self.stream,
            sequence=self.sequence,
            summary=summary(self.type, self.data),
        )


@dataclass(frozen=True)
class Step:
    """One event, as its envelope tells. `cause` is the id of the event it follows from."""

    id: str
    type: str
    source: str
    time: datetime
    cause: str | None
    stream: str
    sequence: int
    summary: str = ""


@dataclass(frozen=True)
class Node:
    """An event in the tree: milliseconds since the first event, and since its own cause (None for a root)."""

    step: Step
    at_ms: float
    took_ms: float | None
    children: tuple["Node", ...]


# -- reading ----------------------------------------------------------------------------------------------------------


def stored(stream: str, sequence: int, message: Msg) -> Stored:
    """A message as an event."""
    return Stored(stream, sequence, message.subject, dict(message.headers or {}), _data(message.data))


async def with_data(bus: JetStreamContext, event: Stored) -> Stored:
    """An event that was read without its data, whole."""
    raw = await bus.get_msg(event.stream, seq=event.sequence, direct=True)
    return Stored(event.stream, event.sequence, event.subject, event.headers, _data(raw.data or b""))


async def correlated(
    bus: JetStreamContext,
    places: Iterable[tuple[str, Sequence[str]]],
    correlation: str,
    *,
    since: datetime,
    until: datetime | None = None,
    most: int | None = None,
) -> tuple[list[Stored], bool]:
    """The events (whole) that belong to one correlation, and whether all were looked through.

    Streams know nothing of correlations, so the headers of all that was stored from `since` to `until` at these places (each a
    stream and some of its subjects) are read, `most` of each. A server finds one subject many times faster than a list.
    """

    async def of_place(stream: str, subjects: Sequence[str]) -> tuple[list[Stored], bool]:
        found: list[Stored] = []
        looked_at = 0
        messages = history.read(bus, stream, subjects, since=since, until=until, headers_only=True)
        async for message in messages:
            event = stored(stream, message.metadata.sequence.stream, message)
            if event.correlation == correlation:
                found.append(event)
            looked_at += 1
            if looked_at == most:
                return found, False
        return found, True

    looked = await asyncio.gather(*(of_place(*place) for place in places))
    found = [event for events, _ in looked for event in events]
    return list(await asyncio.gather(*(with_data(bus, event) for event in found))), all(whole for _, whole in looked)


def _data(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode(errors="replace")


# -- the tree ---------------------------------------------------------------------------------------------------------


def grow(steps: Iterable[Step]) -> list[Node]:
    """The trees these events form, every event in one place, causes and siblings in order of time.

    An event whose cause is not among them is a root; so is the earliest of events that name each other as causes.
    """
    ordered = sorted(
        {step.id: step for step in steps}.values(), key=lambda step: (step.time, step.stream, step.sequence, step.id)
    )
    known = {step.id: step for step in ordered}
    caused: dict[str, list[Step]] = {}
    for step in ordered:
        if step.cause in known and step.cause != step.id:
            caused.setdefault(step.cause, []).append(step)
    planted: set[str] = set()

    def node(step: Step, parent: Step | None) -> Node:
        planted.add(step.id)
        children = tuple(node(child, step) for child in caused.get(step.id, ()) if child.id not in planted)
        return Node(step, _ms(ordered[0], step), _ms(parent, step) if parent else None, children)

    roots = [step for step in ordered if step.cause not in known or step.cause == step.id]
    trees = [node(step, None) for step in roots]
    trees += [node(step, None) for step in ordered if step.id not in planted]
    return trees


def _ms(earlier: Step, later: Step) -> float:
    return (later.time - earlier.time).total_seconds() * 1000
