"""A scripted HTTP server in the place of the providers' APIs, and the two wire protocols it can speak."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest
from aiohttp import web

from monitors_evaluator.providers.completion import ModelClient


@dataclass(frozen=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


@dataclass
class Script:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut_after: int | None = None


class FakeApi:
    """Answers requests by script, in order, and keeps what was asked. The last script is repeated."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[Received] = []
        self.under_way = 0
        self.most_under_way = 0
        self._scripts: deque[Script] = deque()

    def will(self, body: Any = None, **script: Any) -> None:
        self._scripts.append(Script(body=body, **script))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.received.append(
            Received(
                request.path, {name.lower(): value for name, value in request.headers.items()}, await request.json()
            )
        )
        script = self._scripts.popleft() if len(self._scripts) > 1 else self._scripts[0]
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(script.delay)
        finally:
            self.under_way -= 1
        body = script.body if isinstance(script.body, bytes) else json.dumps(script.body).encode()
        if script.cut_after is None:
            headers = {"content-type": "application/json", **script.headers}
            return web.Response(status=script.status, body=body, headers=headers)
        response = web.StreamResponse(headers={"content-type": "application/json", "content-length": str(len(body))})
        await response.prepare(request)
        await response.write(body[: script.cut_after])
        assert request.transport is not None
        request.transport.close()
        return response


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    fake = FakeApi()
    app = web.Application()
    app.router.add_post("/{path:.*}", fake.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield fake
    await runner.cleanup()


class Wire(Protocol):
    """One provider's wire protocol, as far as the tests speak it."""

    name: str
    path: str
    model: str

    def client(self, url: str, *, timeout: float = 5.0, key: str = "sk-secret-key") -> ModelClient: ...
    def success(self, text: str) -> dict[str, Any]: ...
    def refusal(self) -> dict[str, Any]: ...
    def out_of_tokens(self, text: str) -> dict[str, Any]: ...
    def system(self, body: dict[str, Any]) -> str: ...
    def user(self, body: dict[str, Any]) -> str: ...
    def schema(self, body: dict[str, Any]) -> dict[str, Any]: ...


class AnthropicWire:
    name = "anthropic"
    path = "/v1/messages"
    model = "claude-haiku-5-5"

    def client(self, url: str, *, timeout: float = 5.0, key: str = "sk-secret-key") -> ModelClient:
        from monitors_evaluator.providers.anthropic import AnthropicClient

        return AnthropicClient(api_key=key, base_url=url, model=self.model, timeout=timeout, effort="low")

    def _message(self, text: str, stop_reason: str) -> dict[str, Any]:
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": text}],
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": {
                "input_tokens": 100,
                "output_tokens": 50,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 1000,
            },
        }

    def success(self, text: str) -> dict[str, Any]:
        return self._message(text, "end_turn")

    def refusal(self) -> dict[str, Any]:
        return self._message("", "refusal")

    def out_of_tokens(self, text: str) -> dict[str, Any]:
        return self._message(text, "max_tokens")

    def system(self, body: dict[str, Any]) -> str:
        return "".join(part["text"] for part in body["system"])

    def user(self, body: dict[str, Any]) -> str:
        assert [message["role"] for message in body["messages"]] == ["user"]
        return "\n".join(part["text"] for part in body["messages"][0]["content"])

    def schema(self, body: dict[str, Any]) -> dict[str, Any]:
        assert body["output_config"]["format"]["type"] == "json_schema"
        return body["output_config"]["format"]["schema"]


class OpenAIWire:
    name = "openai"
    path = "/v1/chat/completions"
    model = "gpt-6-luna"

    def client(self, url: str, *, timeout: float = 5.0, key: str = "sk-secret-key") -> ModelClient:
        from monitors_evaluator.providers.openai import OpenAIClient

        return OpenAIClient(api_key=key, base_url=url + "/v1", model=self.model, timeout=timeout, effort="low")

    def _completion(self, content: str | None, refusal: str | None, finish_reason: str) -> dict[str, Any]:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_790_000_000,
            "model": self.model,
            "choices": [
                {
                    "index": 0,
                    "finish_reason": finish_reason,
                    "message": {"role": "assistant", "content": content, "refusal": refusal},
                }
            ],
            "usage": {
                "prompt_tokens": 1100,
                "completion_tokens": 50,
                "total_tokens": 1150,
                "prompt_tokens_details": {"cached_tokens": 1000},
            },
        }

    def success(self, text: str) -> dict[str, Any]:
        return self._completion(text, None, "stop")

    def refusal(self) -> dict[str, Any]:
        return self._completion(None, "I cannot help with that.", "stop")

    def out_of_tokens(self, text: str) -> dict[str, Any]:
        return self._completion(text, None, "length")

    def system(self, body: dict[str, Any]) -> str:
        return body["messages"][0]["content"]

    def user(self, body: dict[str, Any]) -> str:
        assert [message["role"] for message in body["messages"]] == ["system", "user"]
        return "\n".join(part["text"] for part in body["messages"][1]["content"])

    def schema(self, body: dict[str, Any]) -> dict[str, Any]:
        form = body["response_format"]
        assert form["type"] == "json_schema"
        assert form["json_schema"]["strict"] is True
        return form["json_schema"]["schema"]


@pytest.fixture(params=[AnthropicWire, OpenAIWire], ids=["anthropic", "openai"])
def wire(request: pytest.FixtureRequest) -> Wire:
    """Every behaviour is tested once, on both."""
    return request.param()
