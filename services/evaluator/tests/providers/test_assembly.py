"""From settings to providers, and what is loaded for them."""

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, sys
from datetime import UTC, datetime
from monitors_contracts.base import new_id
from monitors_evaluator.providers.assembly import build_chain
from monitors_evaluator.providers.chain import Asker
from monitors_evaluator.providers.settings import AiSettings

async def spent(organization, month): return 0.0
async def record(event): raise AssertionError("nothing paid was asked")

settings = AiSettings()
chain = build_chain(settings, spent, record, lambda: datetime.now(UTC))
if settings.order == ("local",):
    sentence = "tell me when the price at https://shop.example/a drops below $5"
    outcome = asyncio.run(chain.interpret(sentence, Asker(new_id())))
    assert outcome.value.url == "https://shop.example/a", outcome
print(*(name for name in ("anthropic", "openai") if name in sys.modules))
"""


@pytest.mark.parametrize(
    ("environment", "loaded"),
    [
        ({}, ""),
        ({"OPENAI_API_KEY": "sk-1"}, "openai"),
        ({"CLAUDE_API_KEY": "sk-1"}, "anthropic"),
        ({"CLAUDE_API_KEY": "sk-1", "MONITORS_AI_PROVIDERS": "local"}, ""),
    ],
)
def test_chain_loads_only_the_sdks_of_configured_providers(environment: dict[str, str], loaded: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == loaded
