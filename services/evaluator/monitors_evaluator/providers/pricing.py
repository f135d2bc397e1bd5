"""What tokens cost, in US dollars per million.

Sources: platform.claude.com/docs/en/about-claude/pricing and developers.openai.com/api/docs/pricing, November 2026,
at the rate for short prompts (ours stay under 20,000 tokens) and five-minute cache writes.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

import structlog
from pydantic import BaseModel, ConfigDict, Field

from .base import Usage

_log = structlog.get_logger(__name__)
_SNAPSHOT = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2})$")


class Price(BaseModel):
    """One model's price, USD per million tokens."""

    model_config = ConfigDict(frozen=True)

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cache_write: float = Field(ge=0)
    cache_read: float = Field(ge=0)

    def cost_usd(self, usage: Usage) -> float:
        """What these tokens cost."""
        return (
            usage.input_tokens * self.input
            + usage.output_tokens * self.output
            + usage.cache_write_tokens * self.cache_write
            + usage.cache_read_tokens * self.cache_read
        ) / 1_000_000


def _price(read: float, written: float, cache_write: float, cache_read: float) -> Price:
    return Price(input=read, output=written, cache_write=cache_write, cache_read=cache_read)


PRICES: Mapping[str, Price] = {
    "claude-haiku-5-5": _price(0.10, 0.50, 0.125, 0.01),
    "claude-haiku-4-5": _price(1, 5, 1.25, 0.10),
    "claude-sonnet-5-5": _price(2, 10, 2.50, 0.10),
    "claude-sonnet-5": _price(2, 10, 2.50, 0.20),
    "claude-sonnet-4-6": _price(3, 15, 3.75, 0.30),
    "claude-opus-5-5": _price(4, 20, 5, 0.20),
    "claude-opus-5": _price(5, 25, 6.25, 0.50),
    "claude-fable-5-1": _price(10, 50, 12.50, 0.25),
    "gpt-6-luna": _price(0.10, 0.50, 0.125, 0.01),
    "gpt-6-sol": _price(2, 10, 2.50, 0.20),
    "gpt-6-astra": _price(10, 50, 12.50, 1),
    "gpt-5.6-luna": _price(0.20, 1.20, 0.25, 0.02),
    "gpt-5.6-terra": _price(2, 12, 2.50, 0.20),
    "gpt-5.4-mini": _price(0.75, 4.50, 0.75, 0.075),
}
UNKNOWN_MODEL = _price(10, 50, 12.50, 1)
"""The dearest of the list: a model that we do not know must not slip under the budget."""


class PriceTable:
    """Prices by model, an operator's own before the built-in ones. Dated snapshots cost what their model costs."""

    def __init__(self, overrides: Mapping[str, Price] | None = None) -> None:
        self._prices = {**PRICES, **(overrides or {})}
        self._warned: set[str] = set()

    def price(self, model: str) -> Price:
        """The model's price, or `UNKNOWN_MODEL` and a warning once a model."""
        found = self._prices.get(model) or self._prices.get(_SNAPSHOT.sub("", model))
        if found is None and model not in self._warned:
            self._warned.add(model)
            _log.warning("ai.price-unknown", model=model, assumed_usd_per_million=UNKNOWN_MODEL.model_dump())
        return found or UNKNOWN_MODEL

    def priced(self, usage: Usage) -> Usage:
        """The same usage with its cost filled in."""
        return replace(usage, cost_usd=self.price(usage.model).cost_usd(usage))
