"""Prices and budgets."""

from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from monitors_contracts.base import Id, new_id
from monitors_evaluator.providers.base import Usage
from monitors_evaluator.providers.budget import Budget
from monitors_evaluator.providers.pricing import UNKNOWN_MODEL, Price, PriceTable

NOW = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)


def test_price_counts_each_kind_of_token_at_its_own_rate() -> None:
    usage = Usage("claude-haiku-4-5", 1_000_000, 100_000, cache_read_tokens=2_000_000, cache_write_tokens=400_000)
    assert PriceTable().priced(usage).cost_usd == pytest.approx(1 + 0.5 + 0.2 + 0.5)


def test_price_of_a_dated_snapshot_is_its_models() -> None:
    table = PriceTable()
    assert table.price("claude-haiku-4-5-20251001") == table.price("claude-haiku-4-5")
    assert table.price("gpt-5.4-mini-2026-03-17") == table.price("gpt-5.4-mini")


def test_price_when_overridden_then_the_override_counts() -> None:
    own = Price(input=7, output=8, cache_write=9, cache_read=1)
    assert PriceTable({"gpt-6-luna": own}).price("gpt-6-luna") == own


def test_price_of_an_unknown_model_is_the_dearest_and_warned_of_once() -> None:
    table = PriceTable()
    with capture_logs() as logs:
        assert table.price("house-model") == UNKNOWN_MODEL
        assert table.price("house-model") == UNKNOWN_MODEL
    assert [line["event"] for line in logs] == ["ai.price-unknown"]
    assert logs[0]["model"] == "house-model"


async def test_budget_when_spent_then_nothing_more_is_allowed_until_the_month_turns() -> None:
    organization = new_id()
    spent = {(organization, "2026-11"): 5.0}

    async def ledger(who: Id, month: str) -> float:
        return spent.get((who, month), 0.0)

    budget = Budget(5.0, ledger)
    assert not await budget.allows(organization, NOW)
    assert await budget.allows(organization, NOW.replace(month=12, day=1))
    assert await budget.allows(new_id(), NOW)
    spent[organization, "2026-11"] = 4.99
    assert await budget.allows(organization, NOW)


@pytest.mark.parametrize(("limit", "allowed"), [(None, True), (0.0, False)])
async def test_budget_when_unlimited_or_nothing_then_always_or_never_allows(limit: float | None, allowed: bool) -> None:
    async def ledger(_: Id, __: str) -> float:
        return 0.0

    assert await Budget(limit, ledger).allows(new_id(), NOW) is allowed
