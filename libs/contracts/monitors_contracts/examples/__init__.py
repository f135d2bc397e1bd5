"""Two realistic messages of every event type, as they stand on the wire: `<ce-type>.json` beside this module.

They are golden: a model that no longer reads one could not read what lies in the streams.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import zstandard

from ..base import Event
from ..catalogue import EVENTS_BY_TYPE
from ..envelope import Envelope, decode


@dataclass(frozen=True)
class Example:
    """One message: what it shows, its headers, and its data as parsed JSON."""

    title: str
    headers: dict[str, str]
    data: dict[str, Any]

    @property
    def body(self) -> bytes:
        """The data as bytes on the wire."""
        plain = json.dumps(self.data, separators=(",", ":"), ensure_ascii=False).encode()
        return zstandard.compress(plain) if "content-encoding" in self.headers else plain

    def envelope(self) -> Envelope:
        """The message as a consumer reads it. Raises UndecodableMessage."""
        return decode(self.headers, self.body, EVENTS_BY_TYPE)


@cache
def examples(kind: type[Event]) -> tuple[Example, ...]:
    """The examples of an event type; none when its file is missing."""
    file = files(__name__) / f"{kind.type_name()}.json"
    return tuple(Example(**each) for each in json.loads(file.read_text("utf-8"))) if file.is_file() else ()
