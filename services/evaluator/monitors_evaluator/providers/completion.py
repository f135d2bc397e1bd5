"""The narrow waist under the API providers: one question to one model, answered in JSON of a given schema."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from .base import ProviderUnavailable, Usage

MAX_TOKENS = 4_096
"""Room for an answer of a few hundred tokens and the thinking before it."""

Effort = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked. `system` is always the same for a purpose, so that providers can cache it; `user` is data.

    `schema` is a JSON schema that every provider's strict mode takes: no optional properties, no extra ones, no bounds.
    """

    purpose: str
    system: str
    user: Sequence[str]
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Completion:
    """The model's answer as text, and what it took (not yet priced)."""

    text: str
    usage: Usage


class ModelClient(Protocol):
    """One provider's API."""

    @property
    def name(self) -> str: ...

    async def complete(self, question: Question) -> Completion:
        """Ask. Raises ProviderUnavailable, ProviderRefused or MalformedAnswer; never retries."""
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...


def unavailable(status: int, headers: Mapping[str, str]) -> ProviderUnavailable:
    """What an HTTP error means. The body is left out: providers quote keys and prompts in it."""
    retry_after = _seconds(headers.get("retry-after"))
    if status in (401, 403):
        return ProviderUnavailable("unauthorized")
    if status in (429, 503, 529):
        return ProviderUnavailable("overloaded", retry_after=retry_after)
    if status in (408, 504):
        return ProviderUnavailable("timeout", retry_after=retry_after)
    return ProviderUnavailable(f"http-{status}", retry_after=retry_after)


def _seconds(header: str | None) -> float | None:
    """`Retry-After` in seconds (RFC 9110, 10.2.3); the date form, which neither API sends, is passed over."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
