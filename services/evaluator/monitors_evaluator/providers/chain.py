"""Providers in order: the first that may be asked and answers is believed, and everything asked is accounted for."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import structlog
from prometheus_client import Counter

from monitors_contracts.base import Id, new_id
from monitors_contracts.monitors import ExtractionPlan, Interpretation
from monitors_contracts.platform import AiUsageRecorded
from monitors_evaluator.domain.extraction.page import Page

from .base import Answer, Provider, ProviderError, ProviderUnavailable, Usage
from .breaker import Breaker, BreakerPolicy, admit, failed, succeeded
from .budget import Budget
from .cache import ResponseCache, cache_key

T = TypeVar("T")
Record = Callable[[AiUsageRecorded], Awaitable[None]]
Clock = Callable[[], datetime]

AI_CALLS = Counter("monitors_ai_calls_total", "Questions to AI providers", ("provider", "model", "outcome"))
AI_COST = Counter("monitors_ai_cost_dollars_total", "What AI providers cost, in US dollars", ("provider", "model"))
AI_TOKENS = Counter(
    "monitors_ai_tokens_total", "Tokens sent to and had from AI providers", ("provider", "model", "way")
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf a provider is asked, and whose money it spends."""

    organization_id: Id
    user_id: Id | None = None


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A provider that did not answer, and why: `over-budget`, `breaker-open`, `busy`, or a ProviderError's reason."""

    provider: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome(Answer[T]):
    """The answer, and who was passed over on the way to it."""

    passed_over: tuple[PassedOver, ...] = ()


class NoProviderAnswered(Exception):
    """Every provider was passed over. Cannot happen while `local` is among them."""

    def __init__(self, passed_over: Sequence[PassedOver]) -> None:
        super().__init__(
            ", ".join(f"{one.provider}: {one.reason}" for one in passed_over) or "no provider is configured"
        )
        self.passed_over = tuple(passed_over)


class Breakers:
    """The circuit breakers of all providers, by name."""

    def __init__(self, policy: BreakerPolicy | None = None) -> None:
        self._policy = policy or BreakerPolicy()
        self._by_name: dict[str, Breaker] = {}

    def admits(self, name: str, now: datetime) -> bool:
        """May this provider be asked now? A yes while half-open is the one trial."""
        self._by_name[name], admitted = admit(self._by_name.get(name, Breaker()), now, self._policy)
        return admitted

    def succeeded(self, name: str, now: datetime) -> None:
        """It answered, be it with a refusal: it is there."""
        self._by_name[name] = succeeded(self._by_name.get(name, Breaker()), now)

    def failed(self, name: str, now: datetime, retry_after: float | None) -> None:
        """It could not be used."""
        self._by_name[name] = failed(self._by_name.get(name, Breaker()), now, self._policy, retry_after)

    def states(self, now: datetime) -> dict[str, str]:
        """`closed`, `open` or `half-open` by provider, as far as any was asked."""
        return {name: breaker.state(now) for name, breaker in self._by_name.items()}


class ProviderChain:
    """Asks providers in order. Nothing is retried: the next provider is the retry.

    `timeout` (seconds) bounds the wait for a free place (`concurrency` requests a provider), then the request itself.
    Only paid providers have a budget, a breaker, a cache and a record: `local` is always there and costs nothing.
    """

    def __init__(
        self,
        providers: Iterable[Provider],
        budget: Budget,
        cache: ResponseCache,
        breakers: Breakers,
        clock: Clock,
        record: Record,
        *,
        timeout: float = 30.0,
        concurrency: int = 8,
    ) -> None:
        self._providers = tuple(providers)
        self._budget, self._cache, self._breakers = budget, cache, breakers
        self._clock, self._record, self._timeout = clock, record, timeout
        self._places = {provider.name: asyncio.Semaphore(concurrency) for provider in self._providers}

    async def interpret(self, prompt: str, asker: Asker) -> Outcome[Interpretation]:
        """What the sentence asks for. Raises NotUnderstood when `local` was asked and could not tell."""
        key = cache_key(asker.organization_id, "interpret", prompt)
        return await self._first(asker, "interpret", key, lambda provider: provider.interpret(prompt))

    async def propose_plan(
        self, page: Page, interpretation: Interpretation, asker: Asker, previous: ExtractionPlan | None = None
    ) -> Outcome[ExtractionPlan | None]:
        """How to read the fact off this page; None when the page does not show it. `previous` no longer matches."""
        page_parts = (page.url, page.content_type, page.content)
        key = cache_key(asker.organization_id, "propose-plan", *page_parts, interpretation.model_dump_json())
        return await self._first(
            asker, "propose-plan", key, lambda provider: provider.propose_plan(page, interpretation, previous)
        )

    async def close(self) -> None:
        """Give all connections back."""
        for provider in self._providers:
            await provider.close()

    async def _first(
        self, asker: Asker, purpose: str, key: str, ask: Callable[[Provider], Awaitable[Answer[T]]]
    ) -> Outcome[T]:
        kept: Answer[T] | None = self._cache.get(key, self._clock())
        if kept is not None:
            again = replace(kept, usage=Usage(model=kept.usage.model), duration_ms=0.0, cached=True)
            await self._account(asker, purpose, again.provider, again.usage, 0.0, "cached")
            return _outcome(again, ())
        passed_over: list[PassedOver] = []
        for provider in self._providers:
            try:
                answer = await (self._paid(provider, asker, purpose, ask) if provider.paid else ask(provider))
            except ProviderError as error:
                passed_over.append(PassedOver(provider.name, error.reason))
                _log.info("ai.passed-over", provider=provider.name, reason=error.reason, purpose=purpose)
                continue
            if provider.paid:
                self._cache.put(key, answer, self._clock())
            return _outcome(answer, passed_over)
        raise NoProviderAnswered(passed_over)

    async def _paid(
        self, provider: Provider, asker: Asker, purpose: str, ask: Callable[[Provider], Awaitable[Answer[T]]]
    ) -> Answer[T]:
        """Ask one paid provider, if it may be asked. Every request that went out is recorded, whatever came of it."""
        places = self._places[provider.name]
        try:
            async with asyncio.timeout(self._timeout):
                await places.acquire()
        except TimeoutError:
            raise ProviderUnavailable("busy") from None
        try:
            if not await self._budget.allows(asker.organization_id, self._clock()):
                raise ProviderUnavailable("over-budget")
            if not self._breakers.admits(provider.name, self._clock()):
                raise ProviderUnavailable("breaker-open")
            return await self._request(provider, asker, purpose, ask)
        finally:
            places.release()

    async def _request(
        self, provider: Provider, asker: Asker, purpose: str, ask: Callable[[Provider], Awaitable[Answer[T]]]
    ) -> Answer[T]:
        began = time.perf_counter()
        try:
            try:
                # The SDKs bound each read; a server that trickles bytes is bounded only here.
                async with asyncio.timeout(self._timeout):
                    answer = await ask(provider)
            except TimeoutError:
                raise ProviderUnavailable("timeout") from None
        except ProviderError as error:
            if isinstance(error, ProviderUnavailable):
                self._breakers.failed(provider.name, self._clock(), error.retry_after)
            else:
                self._breakers.succeeded(provider.name, self._clock())
            await self._account(asker, purpose, provider.name, error.usage, _since(began), error.outcome)
            raise
        self._breakers.succeeded(provider.name, self._clock())
        answer = replace(answer, duration_ms=_since(began))
        await self._account(asker, purpose, provider.name, answer.usage, answer.duration_ms, "ok")
        return answer

    async def _account(
        self, asker: Asker, purpose: str, provider: str, usage: Usage, duration_ms: float, outcome: str
    ) -> None:
        AI_CALLS.labels(provider, usage.model, outcome).inc()
        AI_COST.labels(provider, usage.model).inc(usage.cost_usd)
        AI_TOKENS.labels(provider, usage.model, "in").inc(usage.all_input_tokens)
        AI_TOKENS.labels(provider, usage.model, "out").inc(usage.output_tokens)
        await self._record(
            AiUsageRecorded(
                organization_id=asker.organization_id,
                usage_id=new_id(),
                user_id=asker.user_id,
                provider=provider,
                model=usage.model,
                purpose=purpose,
                input_tokens=usage.all_input_tokens,
                output_tokens=usage.output_tokens,
                cost_usd=usage.cost_usd,
                outcome=outcome,
                duration_ms=duration_ms,
                occurred_at=self._clock(),
            )
        )


def _outcome(answer: Answer[T], passed_over: Iterable[PassedOver]) -> Outcome[T]:
    return Outcome(
        answer.value, answer.provider, answer.usage, answer.duration_ms, answer.cached, passed_over=tuple(passed_over)
    )


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
