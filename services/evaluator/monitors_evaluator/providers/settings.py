"""Which AI providers are asked, with which keys and models, and within which limits."""

from datetime import timedelta
from itertools import takewhile
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from monitors_runtime.settings import Settings

from .breaker import BreakerPolicy
from .completion import Effort
from .pricing import Price

ProviderName = Literal["anthropic", "openai", "local"]


class AiSettings(Settings):
    """Settings of the AI providers, from `MONITORS_...`. Without a key everything is local."""

    model_config = SettingsConfigDict(env_ignore_empty=True, populate_by_name=True)

    ai_providers: Annotated[tuple[ProviderName, ...], NoDecode] = Field(
        default=(), description="Order, comma-separated; by default those with a key. `local` is always asked last"
    )
    anthropic_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("MONITORS_ANTHROPIC_API_KEY", "ANTHROPIC_API_KEY", "CLAUDE_API_KEY"),
    )
    anthropic_url: str = "https://api.anthropic.com"
    anthropic_model: str = "claude-haiku-5-5"
    openai_api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("MONITORS_OPENAI_API_KEY", "OPENAI_API_KEY")
    )
    openai_url: str = "https://api.openai.com/v1"
    openai_model: str = "gpt-6-luna"
    ai_effort: Effort | None = Field(
        default="low", description="How hard a model thinks; `none` for models that cannot be told"
    )
    ai_timeout: float = Field(default=30.0, gt=0, description="Seconds for one request")
    ai_concurrency: int = Field(default=8, ge=1, description="Requests at once to one provider")
    ai_budget_usd_per_month: float | None = Field(
        default=10.0, ge=0, description="For one organization; `none` for no limit"
    )
    ai_cache_size: int = Field(default=2_000, ge=0, description="Answers kept")
    ai_cache_hours: float = Field(default=24.0, gt=0)
    ai_breaker_failures: int = Field(default=3, ge=1, description="Failures in a row until a provider is left alone")
    ai_breaker_cooldown: float = Field(default=30.0, gt=0, description="Seconds a failing provider is left alone")
    ai_prices: dict[str, Price] = Field(
        default_factory=dict[str, Price],
        description="USD per million tokens by model, as JSON, over the built-in list: "
        '{"model": {"input": 1, "output": 5, "cache_write": 1.25, "cache_read": 0.1}}',
    )

    @field_validator("ai_providers", mode="before")
    @classmethod
    def _comma_separated(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("ai_effort", "ai_budget_usd_per_month", mode="before")
    @classmethod
    def _none_as_a_word(cls, value: Any) -> Any:
        return None if isinstance(value, str) and value.strip().lower() == "none" else value

    @model_validator(mode="after")
    def _listed_providers_have_keys(self) -> Self:
        for name in self.ai_providers:
            if name != "local" and not self.key(name):
                raise ValueError(f"MONITORS_AI_PROVIDERS names {name}, but MONITORS_{name.upper()}_API_KEY is not set")
        return self

    @property
    def order(self) -> tuple[ProviderName, ...]:
        """Who is asked, in order; `local`, who always answers, at the end."""
        known: tuple[ProviderName, ...] = ("anthropic", "openai")
        asked = self.ai_providers or tuple(name for name in known if self.key(name))
        before_local = takewhile(lambda name: name != "local", dict.fromkeys(asked))
        return (*before_local, "local")

    @property
    def breaker_policy(self) -> BreakerPolicy:
        """When a failing provider is left alone, and for how long."""
        return BreakerPolicy(self.ai_breaker_failures, timedelta(seconds=self.ai_breaker_cooldown))

    def key(self, name: ProviderName) -> SecretStr | None:
        """The provider's key, if it has one."""
        return {"anthropic": self.anthropic_api_key, "openai": self.openai_api_key, "local": None}[name]
