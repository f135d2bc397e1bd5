"""The provider that is always there: reads sentences and pages by rule, without a key, a network or a cost."""

from monitors_contracts.monitors import ExtractionPlan, Interpretation
from monitors_evaluator.domain.extraction import Page, derive_plan
from monitors_evaluator.domain.interpretation import interpret

from .base import Answer


class LocalProvider:
    """The deterministic interpreter and extractor of the domain."""

    name = "local"
    paid = False

    async def interpret(self, prompt: str) -> Answer[Interpretation]:
        """What the sentence asks for. Raises NotUnderstood when it asks to be told of nothing."""
        return Answer(interpret(prompt), self.name)

    async def propose_plan(
        self, page: Page, interpretation: Interpretation, previous: ExtractionPlan | None = None
    ) -> Answer[ExtractionPlan | None]:
        """How to read the fact off this page, or None."""
        return Answer(derive_plan(page, interpretation, previous), self.name)

    async def close(self) -> None:
        """Nothing is held open."""
