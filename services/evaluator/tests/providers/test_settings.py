"""Settings: who is asked, and that keys stay secret."""

import pytest
from pydantic import ValidationError

from monitors_evaluator.providers.settings import AiSettings

KEYS = ("ANTHROPIC_API_KEY", "CLAUDE_API_KEY", "OPENAI_API_KEY")


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"MONITORS_{name}", raising=False)


def test_order_without_keys_is_local_alone() -> None:
    assert AiSettings().order == ("local",)


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "CLAUDE_API_KEY", "MONITORS_ANTHROPIC_API_KEY"])
def test_order_with_a_claude_key_under_any_of_its_names_is_claude_then_local(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "sk-ant-1")
    assert AiSettings().order == ("anthropic", "local")


@pytest.mark.parametrize(
    ("listed", "order"),
    [
        ("openai, anthropic", ("openai", "anthropic", "local")),
        ("anthropic,local", ("anthropic", "local")),
        ("local", ("local",)),
        ("openai,openai", ("openai", "local")),
    ],
)
def test_order_when_listed_is_as_listed_with_local_last(
    listed: str, order: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-2")
    monkeypatch.setenv("MONITORS_AI_PROVIDERS", listed)
    assert AiSettings().order == order


@pytest.mark.parametrize(
    ("listed", "message"), [("openai", "MONITORS_OPENAI_API_KEY is not set"), ("gemini", "gemini")]
)
def test_settings_when_a_provider_is_keyless_or_unknown_then_refuse_to_start(
    listed: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITORS_AI_PROVIDERS", listed)
    with pytest.raises(ValidationError, match=message):
        AiSettings()


def test_settings_read_numbers_prices_and_the_word_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORS_AI_BUDGET_USD_PER_MONTH", "none")
    monkeypatch.setenv("MONITORS_AI_EFFORT", "none")
    monkeypatch.setenv("MONITORS_AI_BREAKER_FAILURES", "5")
    monkeypatch.setenv("MONITORS_AI_PRICES", '{"m": {"input": 1, "output": 2, "cache_write": 3, "cache_read": 4}}')
    settings = AiSettings()
    assert settings.ai_budget_usd_per_month is None
    assert settings.ai_effort is None
    assert settings.breaker_policy.threshold == 5
    assert settings.ai_prices["m"].cache_read == 4


def test_keys_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-very-secret")
    settings = AiSettings()
    assert "very-secret" not in f"{settings!r} {settings} {settings.model_dump_json()}"
