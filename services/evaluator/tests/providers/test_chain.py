"""Failover, budget, breakers, cache, places and the account of it all."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from monitors_contracts.base import Id, new_id
from monitors_contracts.monitors import ExtractionPlan, Interpretation
from monitors_contracts.platform import AiUsageRecorded
from monitors_evaluator.domain.extraction.page import Page
from monitors_evaluator.providers.base import (
    Answer,
    MalformedAnswer,
    Provider,
    ProviderRefused,
    ProviderUnavailable,
    Usage,
)
from monitors_evaluator.providers.breaker import BreakerPolicy
from monitors_evaluator.providers.budget import Budget
from monitors_evaluator.providers.cache import ResponseCache
from monitors_evaluator.providers.chain import Asker, Breakers, NoProviderAnswered, PassedOver, ProviderChain

PROMPT = "tell me when the price at https://shop.example/a drops below 5"
ASKER = Asker(new_id(), new_id())
USAGE = Usage("claude-haiku-5-5", input_tokens=100, output_tokens=50, cache_read_tokens=900, cost_usd=0.01)
PLAN = ExtractionPlan(method="text", locator={"near": "price"})
PAGE = Page("<p>Price 4", "text/html", "https://shop.example/a")


def interpretation(provider: str) -> Interpretation:
    return Interpretation(
        kind="change", fact="price", fact_type="number", name="Price", confidence=1, provider=provider
    )


class Scripted:
    """A provider that does what it is told, in order; the last thing again and again."""

    def __init__(self, name: str, *script: Exception | str, paid: bool = True) -> None:
        self.name, self.paid = name, paid
        self.script = list(script) or ["ok"]
        self.asked = 0
        self.closed = False
        self.under_way = self.most_under_way = 0
        self.before: Callable[[], Awaitable[None]] | None = None

    async def _next(self) -> None:
        self.asked += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.before:
                await self.before()
        finally:
            self.under_way -= 1
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step

    async def interpret(self, prompt: str) -> Answer[Interpretation]:
        await self._next()
        return Answer(interpretation(self.name), self.name, USAGE if self.paid else Usage())

    async def propose_plan(
        self, page: Page, interpretation: Interpretation, previous: ExtractionPlan | None = None
    ) -> Answer[ExtractionPlan | None]:
        await self._next()
        return Answer(PLAN, self.name, USAGE if self.paid else Usage())

    async def close(self) -> None:
        self.closed = True


class World:
    """A chain with its ledger and its clock."""

    def __init__(self, *providers: Provider, limit: float | None = None, timeout: float = 5, places: int = 8) -> None:
        self.now = datetime(2026, 11, 21, 12, tzinfo=UTC)
        self.recorded: list[AiUsageRecorded] = []
        self.breakers = Breakers(BreakerPolicy(threshold=2, cooldown=timedelta(seconds=30)))
        self.chain = ProviderChain(
            providers,
            Budget(limit, self.spent),
            ResponseCache(10, timedelta(hours=1)),
            self.breakers,
            lambda: self.now,
            self.record,
            timeout=timeout,
            concurrency=places,
        )

    async def spent(self, organization_id: Id, month: str) -> float:
        own = (one for one in self.recorded if one.organization_id == organization_id)
        return sum(one.cost_usd for one in own if f"{one.occurred_at:%Y-%m}" == month)

    async def record(self, event: AiUsageRecorded) -> None:
        self.recorded.append(event)

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(one.provider, one.outcome) for one in self.recorded]


def local() -> Scripted:
    return Scripted("local", paid=False)


async def test_chain_when_the_first_answers_then_asks_nobody_else_and_records_who_paid() -> None:
    first, second = Scripted("anthropic"), Scripted("openai")
    world = World(first, second, local())
    outcome = await world.chain.interpret(PROMPT, ASKER)
    assert (outcome.value.provider, outcome.passed_over, outcome.cached) == ("anthropic", (), False)
    assert second.asked == 0
    [event] = world.recorded
    assert (event.organization_id, event.user_id) == (ASKER.organization_id, ASKER.user_id)
    assert (event.model, event.purpose, event.outcome) == ("claude-haiku-5-5", "interpret", "ok")
    assert (event.input_tokens, event.output_tokens, event.cost_usd) == (1000, 50, 0.01)
    assert event.occurred_at == world.now
    assert event.duration_ms == outcome.duration_ms > 0


async def test_chain_when_asked_then_its_calls_tokens_and_cost_are_counted() -> None:
    def counted() -> list[float]:
        who = {"provider": "anthropic", "model": "claude-haiku-5-5"}
        samples = (
            ("monitors_ai_calls_total", who | {"outcome": "ok"}),
            ("monitors_ai_cost_dollars_total", who),
            ("monitors_ai_tokens_total", who | {"way": "in"}),
            ("monitors_ai_tokens_total", who | {"way": "out"}),
        )
        return [REGISTRY.get_sample_value(name, labels) or 0 for name, labels in samples]

    before = counted()
    await World(Scripted("anthropic"), local()).chain.interpret(PROMPT, ASKER)
    assert [round(after - begun, 6) for begun, after in zip(before, counted(), strict=True)] == [1, 0.01, 1000, 50]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ProviderUnavailable("overloaded"), "overloaded"),
        (ProviderUnavailable("timeout"), "timeout"),
        (ProviderUnavailable("unauthorized"), "error"),
        (ProviderRefused("refusal", usage=USAGE), "refused"),
        (MalformedAnswer("not-an-interpretation", usage=USAGE), "malformed"),
    ],
)
async def test_chain_when_a_provider_fails_then_the_next_answers_and_both_are_recorded(
    error: ProviderUnavailable, outcome: str
) -> None:
    world = World(Scripted("anthropic", error), Scripted("openai"), local())
    answer = await world.chain.propose_plan(PAGE, interpretation("local"), ASKER)
    assert answer.provider == "openai"
    assert answer.passed_over == (PassedOver("anthropic", error.reason),)
    assert world.outcomes == [("anthropic", outcome), ("openai", "ok")]
    assert world.recorded[0].cost_usd == error.usage.cost_usd


async def test_chain_when_all_paid_ones_fail_then_local_answers_and_is_not_recorded() -> None:
    down = ProviderUnavailable("unreachable")
    world = World(Scripted("anthropic", down), Scripted("openai", down), local())
    assert (await world.chain.interpret(PROMPT, ASKER)).provider == "local"
    assert world.outcomes == [("anthropic", "error"), ("openai", "error")]


async def test_chain_when_closed_then_closes_all_its_providers() -> None:
    providers = Scripted("anthropic"), local()
    await World(*providers).chain.close()
    assert all(provider.closed for provider in providers)


async def test_chain_when_nobody_answers_then_says_why() -> None:
    with pytest.raises(NoProviderAnswered, match="anthropic: refusal"):
        await World(Scripted("anthropic", ProviderRefused("refusal"))).chain.interpret(PROMPT, ASKER)


async def test_chain_when_a_provider_has_a_bug_then_it_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        await World(Scripted("anthropic", ZeroDivisionError()), local()).chain.interpret(PROMPT, ASKER)


async def test_chain_when_over_budget_then_local_answers_this_organization_and_paid_ones_the_others() -> None:
    paid = Scripted("anthropic")
    world = World(paid, local(), limit=0.02)
    for number in range(2):
        assert (await world.chain.interpret(f"{PROMPT} {number}", ASKER)).provider == "anthropic"
    over = await world.chain.interpret(f"{PROMPT} 2", ASKER)
    assert (over.provider, over.passed_over) == ("local", (PassedOver("anthropic", "over-budget"),))
    assert paid.asked == 2
    assert (await world.chain.interpret(PROMPT, Asker(new_id()))).provider == "anthropic"
    world.now = world.now.replace(month=12)
    assert (await world.chain.interpret(PROMPT, ASKER)).provider == "anthropic"


async def test_chain_when_a_failed_answer_was_billed_then_it_counts_against_the_budget() -> None:
    paid = Scripted("anthropic", MalformedAnswer("cut", usage=USAGE))
    world = World(paid, local(), limit=0.01)
    await world.chain.interpret(PROMPT, ASKER)
    assert (await world.chain.interpret(PROMPT, ASKER)).passed_over[0].reason == "over-budget"


async def test_chain_when_asked_again_then_answers_from_the_cache_for_nothing() -> None:
    paid = Scripted("anthropic")
    world = World(paid, local(), limit=0.01)
    first = await world.chain.interpret(PROMPT, ASKER)
    again = await world.chain.interpret(PROMPT, ASKER)
    assert again.value == first.value
    assert again.cached
    assert paid.asked == 1
    assert world.outcomes == [("anthropic", "ok"), ("anthropic", "cached")]
    event = world.recorded[1]
    assert (event.input_tokens, event.output_tokens, event.cost_usd, event.duration_ms) == (0, 0, 0, 0)
    world.now += timedelta(hours=1)
    assert not (await world.chain.interpret(PROMPT, ASKER)).cached


async def test_chain_never_answers_one_organization_from_anothers_cache() -> None:
    paid = Scripted("anthropic")
    world = World(paid, local())
    await world.chain.interpret(PROMPT, ASKER)
    assert not (await world.chain.interpret(PROMPT, Asker(new_id(), ASKER.user_id))).cached
    assert (await world.chain.interpret(PROMPT, Asker(ASKER.organization_id, new_id()))).cached


async def test_chain_when_another_page_or_question_is_asked_then_the_cache_does_not_answer() -> None:
    world = World(Scripted("anthropic"), local())
    await world.chain.propose_plan(PAGE, interpretation("local"), ASKER)
    other_page = Page("<p>Price 5", "text/html", PAGE.url)
    other_question = interpretation("local").model_copy(update={"fact": "weight"})
    assert not (await world.chain.propose_plan(other_page, interpretation("local"), ASKER)).cached
    assert not (await world.chain.propose_plan(PAGE, other_question, ASKER)).cached
    assert (await world.chain.propose_plan(PAGE, interpretation("local"), ASKER)).cached


async def test_chain_does_not_keep_what_local_said() -> None:
    paid = Scripted("anthropic", ProviderUnavailable("overloaded"), "ok")
    world = World(paid, local())
    assert (await world.chain.interpret(PROMPT, ASKER)).provider == "local"
    assert (await world.chain.interpret(PROMPT, ASKER)).provider == "anthropic"


async def test_chain_when_a_provider_keeps_failing_then_leaves_it_alone_and_tries_again_later() -> None:
    paid = Scripted("anthropic", ProviderUnavailable("timeout"), ProviderUnavailable("timeout"), "ok")
    world = World(paid, local())
    for _ in range(2):
        await world.chain.interpret(PROMPT, ASKER)
    shut = await world.chain.interpret(PROMPT, ASKER)
    assert (shut.provider, shut.passed_over) == ("local", (PassedOver("anthropic", "breaker-open"),))
    assert (paid.asked, world.breakers.states(world.now)) == (2, {"anthropic": "open"})
    world.now += timedelta(seconds=30)
    assert (await world.chain.interpret(PROMPT, ASKER)).provider == "anthropic"
    assert world.breakers.states(world.now) == {"anthropic": "closed"}


async def test_chain_when_told_when_to_come_back_then_comes_back_then() -> None:
    paid = Scripted("anthropic", ProviderUnavailable("overloaded", retry_after=7), "ok")
    world = World(paid, local())
    await world.chain.interpret(PROMPT, ASKER)
    world.now += timedelta(seconds=6.9)
    assert (await world.chain.interpret(PROMPT, ASKER)).provider == "local"
    world.now += timedelta(seconds=0.1)
    assert (await world.chain.interpret(PROMPT, ASKER)).provider == "anthropic"


async def test_chain_when_questions_are_refused_then_the_breaker_stays_closed() -> None:
    paid = Scripted("anthropic", ProviderRefused("refusal"))
    world = World(paid, local())
    for _ in range(5):
        await world.chain.interpret(PROMPT, ASKER)
    assert paid.asked == 5


async def test_chain_when_a_provider_never_ends_then_time_is_up_and_the_next_answers() -> None:
    paid = Scripted("anthropic")
    paid.before = asyncio.Event().wait  # type: ignore[assignment]
    world = World(paid, local(), timeout=0.05)
    outcome = await world.chain.interpret(PROMPT, ASKER)
    assert (outcome.provider, outcome.passed_over[0].reason) == ("local", "timeout")
    assert world.outcomes == [("anthropic", "timeout")]


async def test_chain_asks_a_provider_no_more_often_at_once_than_it_has_places() -> None:
    paid = Scripted("anthropic")
    paid.before = lambda: asyncio.sleep(0.01)
    world = World(paid, local(), places=3)
    asked = [world.chain.interpret(f"{PROMPT} {number}", ASKER) for number in range(20)]
    assert {outcome.provider for outcome in await asyncio.gather(*asked)} == {"anthropic"}
    assert paid.most_under_way == 3


async def test_chain_when_no_place_comes_free_in_time_then_the_next_answers_and_no_breaker_minds() -> None:
    paid = Scripted("anthropic")
    paid.before = lambda: asyncio.sleep(0.2)
    world = World(paid, local(), timeout=0.3, places=1)
    outcomes = await asyncio.gather(*(world.chain.interpret(f"{PROMPT} {number}", ASKER) for number in range(3)))
    assert [outcome.provider for outcome in outcomes] == ["anthropic", "anthropic", "local"]
    assert outcomes[2].passed_over == (PassedOver("anthropic", "busy"),)
    assert world.breakers.states(world.now) == {"anthropic": "closed"}
    assert world.outcomes == [("anthropic", "ok"), ("anthropic", "ok")]


async def test_chain_when_the_asker_goes_away_then_the_place_is_free_again() -> None:
    paid = Scripted("anthropic")
    release = asyncio.Event()
    paid.before = release.wait  # type: ignore[assignment]
    world = World(paid, local(), places=1)
    gone = asyncio.create_task(world.chain.interpret(PROMPT, ASKER))
    await asyncio.sleep(0.02)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    release.set()
    assert (await world.chain.interpret(PROMPT, ASKER)).provider == "anthropic"
