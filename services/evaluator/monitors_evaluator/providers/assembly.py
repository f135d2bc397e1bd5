"""From settings to a chain of providers. The SDKs are imported here, each only when its provider is configured."""

from collections.abc import Callable
from datetime import datetime, timedelta

from .base import Provider
from .budget import Budget, Spent
from .cache import ResponseCache
from .chain import Breakers, ProviderChain, Record
from .local import LocalProvider
from .model import ModelProvider
from .pricing import PriceTable
from .settings import AiSettings, ProviderName


def build_chain(settings: AiSettings, spent: Spent, record: Record, clock: Callable[[], datetime]) -> ProviderChain:
    """The providers of these settings in their order. `spent` says what a month has cost, `record` keeps what is added.

    `record` has to have kept an event when it returns: the next request's budget is judged by it.
    """
    prices = PriceTable(settings.ai_prices)
    return ProviderChain(
        [build_provider(name, settings, prices) for name in settings.order],
        Budget(settings.ai_budget_usd_per_month, spent),
        ResponseCache(settings.ai_cache_size, timedelta(hours=settings.ai_cache_hours)),
        Breakers(settings.breaker_policy),
        clock,
        record,
        timeout=settings.ai_timeout,
        concurrency=settings.ai_concurrency,
    )


def build_provider(name: ProviderName, settings: AiSettings, prices: PriceTable) -> Provider:
    """One provider, with its client. A paid one must have its key: the settings see to that."""
    match name:
        case "anthropic":
            from .anthropic import AnthropicClient as Client

            url, model = settings.anthropic_url, settings.anthropic_model
        case "openai":
            from .openai import OpenAIClient as Client

            url, model = settings.openai_url, settings.openai_model
        case "local":
            return LocalProvider()
    key = settings.key(name)
    assert key is not None
    client = Client(
        api_key=key.get_secret_value(),
        base_url=url,
        model=model,
        timeout=settings.ai_timeout,
        effort=settings.ai_effort,
    )
    return ModelProvider(client, prices)
