"""A provider that asks a language model, whoever runs it."""

import secrets
from collections.abc import Callable

from monitors_contracts.monitors import ExtractionPlan, Interpretation
from monitors_evaluator.domain.extraction import Page
from monitors_evaluator.domain.interpretation import NotUnderstood, interpret

from . import interpreting, proposing
from .base import Answer, ProviderError, T
from .completion import Completion, ModelClient, Question
from .pricing import PriceTable


class ModelProvider:
    """Puts the two questions to a model and believes only what the sentence or the page bears out."""

    paid = True

    def __init__(self, client: ModelClient, prices: PriceTable) -> None:
        self._client, self._prices = client, prices

    @property
    def name(self) -> str:
        """The client's: `anthropic`, `openai`."""
        return self._client.name

    async def interpret(self, prompt: str) -> Answer[Interpretation]:
        """What the sentence asks for. Raises ProviderError."""
        try:
            local = interpret(prompt)
        except NotUnderstood:
            local = None
        question = interpreting.question(prompt, _boundary())
        return await self._ask(question, lambda said: interpreting.read(said, prompt, local, self.name))

    async def propose_plan(
        self, page: Page, interpretation: Interpretation, previous: ExtractionPlan | None = None
    ) -> Answer[ExtractionPlan | None]:
        """How to read the fact off this page, run on it before it is answered. Raises ProviderError."""
        question = proposing.question(page, interpretation, _boundary())
        return await self._ask(question, lambda said: proposing.read(said, page, interpretation, self.name, previous))

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.close()

    async def _ask(self, question: Question, read: Callable[[Completion], T]) -> Answer[T]:
        try:
            completion = await self._client.complete(question)
            return Answer(read(completion), self.name, self._prices.priced(completion.usage))
        except ProviderError as error:
            if error.usage.model:
                error.usage = self._prices.priced(error.usage)
            raise


def _boundary() -> str:
    """128 random bits: what is fenced by them was written before they were drawn."""
    return secrets.token_hex(16)
