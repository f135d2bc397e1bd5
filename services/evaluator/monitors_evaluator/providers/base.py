"""What every AI provider is: two questions, an answer that says what it cost, and three ways to fail."""

from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from monitors_contracts.monitors import ExtractionPlan, Interpretation
from monitors_evaluator.domain.extraction.page import Page

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request and their price. `input_tokens` are the uncached ones; the three kinds do not overlap."""

    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_usd: float = 0.0

    @property
    def all_input_tokens(self) -> int:
        """Everything that was read, from the provider's prompt cache or not."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """What a provider said, and what it took. A `cached` answer was paid for earlier, and costs nothing now."""

    value: T_co
    provider: str
    usage: Usage = field(default_factory=Usage)
    duration_ms: float = 0.0
    cached: bool = False


class Provider(Protocol):
    """Somebody who reads sentences and pages. A `paid` one costs money, has a budget, and may be out of reach."""

    @property
    def name(self) -> str: ...

    @property
    def paid(self) -> bool: ...

    async def interpret(self, prompt: str) -> Answer[Interpretation]:
        """What the sentence asks for. Raises ProviderError; `local` raises NotUnderstood."""
        ...

    async def propose_plan(
        self, page: Page, interpretation: Interpretation, previous: ExtractionPlan | None = None
    ) -> Answer[ExtractionPlan | None]:
        """How to read the fact off this page, verified on it; None when it is not shown. Raises ProviderError.

        `previous` is the plan that stopped matching, if there was one.
        """
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...


class ProviderError(Exception):
    """A provider gave no usable answer. `reason` is a stable word, and never holds what the provider wrote.

    `usage` is what the failed request was billed, where that is known.
    """

    outcome = "error"

    def __init__(self, reason: str, *, usage: Usage | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.usage = usage or Usage()


class ProviderUnavailable(ProviderError):
    """The provider cannot be used now: `overloaded`, `timeout`, `unreachable`, `unauthorized`, `http-500` ...

    `retry_after` is how many seconds it asked to be left alone, if it did.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None, usage: Usage | None = None) -> None:
        super().__init__(reason, usage=usage)
        self.retry_after = retry_after
        self.outcome = reason if reason in ("overloaded", "timeout") else "error"


class ProviderRefused(ProviderError):
    """The provider will not answer this question; another one may."""

    outcome = "refused"


class MalformedAnswer(ProviderError):
    """The answer was cut short, is not what was asked for, or did not stand up to checking."""

    outcome = "malformed"
