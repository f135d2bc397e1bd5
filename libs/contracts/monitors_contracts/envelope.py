"""CloudEvents 1.0 in binary mode: attributes as NATS headers, the data as JSON (some kinds compressed, as a header tells).

Source: CloudEvents NATS Protocol Binding 1.0.2; `correlationid` and `causationid` are extension attributes, traceparent is
W3C Trace Context.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import zstandard
from pydantic import ValidationError

from .base import Event, Id

REPLAY_HEADER = "ce-replay"
LARGEST_DATA = 64 * 1024 * 1024
"""Bytes; a message that unpacks to more is none of ours."""


class UndecodableMessage(ValueError):
    """A message that no consumer could ever read: wrong headers, unknown type, or data its schema refuses."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event on its way, with who sent it, when, and what it follows from.

    `correlation_id` is shared by everything one refresh (or request) caused; `causation_id` is the event just before.
    """

    event: Event
    id: Id
    source: str
    time: datetime
    correlation_id: Id
    causation_id: Id | None = None
    traceparent: str | None = None
    replay: bool = False

    def headers(self) -> dict[str, str]:
        """The NATS headers, `Nats-Msg-Id` included, by which JetStream drops a second copy."""
        headers = {
            "Nats-Msg-Id": str(self.id),
            "content-type": "application/json",
            "ce-specversion": "1.0",
            "ce-id": str(self.id),
            "ce-type": self.event.type_name(),
            "ce-source": self.source,
            "ce-time": self.time.isoformat(),
            "ce-subject": str(self.event.entity_id),
            "ce-correlationid": str(self.correlation_id),
        }
        if self.event.compressed:
            headers["content-encoding"] = "zstd"
        if self.causation_id:
            headers["ce-causationid"] = str(self.causation_id)
        if self.traceparent:
            headers["traceparent"] = self.traceparent
        return headers

    def data(self) -> bytes:
        """The event as JSON, in UTF-8, compressed where its kind is. None is left out, in free-form dictionaries as well."""
        data = self.event.model_dump_json(exclude_none=True).encode()
        return zstandard.compress(data, 1) if self.event.compressed else data


def decode(headers: Mapping[str, str] | None, data: bytes, catalogue: Mapping[str, type[Event]]) -> Envelope:
    """Read a message back. `catalogue` maps CloudEvents types to event classes.

    Raises UndecodableMessage with a reason fit for the dead letters.
    """
    headers = headers or {}
    try:
        kind = catalogue[headers["ce-type"]]
        identifier = UUID(headers["ce-id"])
        return Envelope(
            event=kind.model_validate_json(plain_data(headers, data)),
            id=identifier,
            source=headers.get("ce-source", ""),
            time=_moment(headers["ce-time"]),
            correlation_id=UUID(headers["ce-correlationid"]) if "ce-correlationid" in headers else identifier,
            causation_id=UUID(headers["ce-causationid"]) if "ce-causationid" in headers else None,
            traceparent=headers.get("traceparent"),
            replay=REPLAY_HEADER in headers,
        )
    except KeyError as missing:
        known = "unknown ce-type" if headers.get("ce-type") == missing.args[0] else "missing header"
        raise UndecodableMessage(f"{known} {missing.args[0]!r}") from missing
    except ValidationError as refused:
        first = refused.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UndecodableMessage(f"data refused by schema: {where or 'body'}: {first['msg']}") from refused
    except ValueError as refused:
        raise UndecodableMessage(f"bad header: {refused}") from refused


def plain_data(headers: Mapping[str, str], data: bytes) -> bytes:
    """The JSON of a message, unpacked where it travelled compressed. Raises UndecodableMessage."""
    encoding = headers.get("content-encoding")
    if encoding is None:
        return data
    if encoding != "zstd":
        raise UndecodableMessage(f"unknown content-encoding {encoding!r}")
    try:
        if zstandard.frame_content_size(data) > LARGEST_DATA:
            raise UndecodableMessage("data unpacks to more than a message holds")
        return zstandard.decompress(data, LARGEST_DATA)
    except zstandard.ZstdError as broken:
        raise UndecodableMessage(f"data is not zstd: {broken}") from broken


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise ValueError(f"ce-time {text!r} has no time zone")
    return moment
