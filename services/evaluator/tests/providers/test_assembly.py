"""From settings to providers, and what is loaded for them."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from monitors_contracts.base import Id, new_id
from monitors_contracts.platform import AiUsageRecorded
from monitors_evaluator.providers.assembly import build_chain
from monitors_evaluator.providers.chain import Asker, PassedOver
from monitors_evaluator.providers.settings import AiSettings

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


async def test_chain_from_settings_fails_over_from_claude_to_openai_to_local_over_the_wire(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "ANTHROPIC_API_KEY": "sk-ant-1",
        "OPENAI_API_KEY": "sk-2",
        "MONITORS_ANTHROPIC_URL": api.url,
        "MONITORS_OPENAI_URL": api.url + "/v1",
        "MONITORS_AI_PRICES": '{"gpt-6-luna": {"input": 1, "output": 5, "cache_write": 1, "cache_read": 1}}',
    }.items():
        monkeypatch.setenv(name, value)
    recorded: list[AiUsageRecorded] = []

    async def record(event: AiUsageRecorded) -> None:
        recorded.append(event)

    async def spent(_: Id, __: str) -> float:
        return sum(event.cost_usd for event in recorded)

    chain = build_chain(AiSettings(), spent, record, lambda: datetime.now(UTC))
    said = {"kind": "change", "fact": "opening hours", "subject": "", "fact_type": "string", "condition": None}
    said |= {"change": None, "url": None, "name": "Hours", "confidence": 0.9}
    reply = {
        "model": "gpt-6-luna",
        "usage": {"prompt_tokens": 1000, "completion_tokens": 200},
        "choices": [{"finish_reason": "stop", "message": {"content": json.dumps(said)}}],
    }
    api.will({"type": "error"}, status=529, headers={"retry-after": "60"})
    api.will(reply)
    api.will({}, status=500)
    asker = Asker(new_id(), new_id())

    first = await chain.interpret("tell me when the hours on https://pool.example/hours change", asker)
    assert (first.provider, first.value.url) == ("openai", "https://pool.example/hours")
    assert first.passed_over == (PassedOver("anthropic", "overloaded"),)
    second = await chain.interpret("tell me when the rules on https://pool.example/rules change", asker)
    assert (second.provider, second.value.url) == ("local", "https://pool.example/rules")
    assert second.passed_over == (PassedOver("anthropic", "breaker-open"), PassedOver("openai", "http-500"))

    assert [request.path for request in api.received] == ["/v1/messages", *["/v1/chat/completions"] * 2]
    assert [(event.provider, event.outcome) for event in recorded] == [
        ("anthropic", "overloaded"),
        ("openai", "ok"),
        ("openai", "error"),
    ]
    assert await spent(asker.organization_id, "") == pytest.approx((1000 * 1 + 200 * 5) / 1e6)
    await chain.close()
