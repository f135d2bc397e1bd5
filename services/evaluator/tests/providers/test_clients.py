"""Both API clients against a scripted server that speaks their wire protocol. Every behaviour is held to by both."""

import socket
import time
from typing import Any

import pytest

from monitors_evaluator.providers.base import MalformedAnswer, ProviderError, ProviderRefused, ProviderUnavailable
from monitors_evaluator.providers.completion import Question

QUESTION = Question(
    "interpretation",
    "Read the sentence.",
    ("<data-1>\nhello\n</data-1>",),
    {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False},
)


@pytest.fixture
async def client(api: Any, wire: Any) -> Any:
    client = wire.client(api.url)
    yield client
    await client.close()


async def failure(client: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await client.complete(QUESTION)
    assert "sk-secret-key" not in repr(caught.value)
    return caught.value


async def test_client_when_answered_then_gives_the_text_and_the_tokens(api: Any, wire: Any, client: Any) -> None:
    api.will(wire.success('{"a": "b"}'))
    completion = await client.complete(QUESTION)
    assert completion.text == '{"a": "b"}'
    usage = completion.usage
    assert (usage.model, usage.input_tokens, usage.cache_read_tokens, usage.output_tokens) == (
        wire.model,
        100,
        1000,
        50,
    )


async def test_client_sends_system_user_and_schema_each_in_its_place(api: Any, wire: Any, client: Any) -> None:
    api.will(wire.success("{}"))
    await client.complete(QUESTION)
    [request] = api.received
    assert request.path == wire.path
    assert wire.system(request.body) == QUESTION.system
    assert wire.user(request.body) == QUESTION.user[0]
    assert wire.schema(request.body) == QUESTION.schema
    assert request.body["model"] == wire.model
    assert not {"tools", "tool_choice", "stream"} & set(request.body)


async def test_client_asks_for_the_system_prompt_to_be_cached_and_for_little_effort(
    api: Any, wire: Any, client: Any
) -> None:
    api.will(wire.success("{}"))
    await client.complete(QUESTION)
    body, headers = api.received[0].body, api.received[0].headers
    if wire.name == "anthropic":
        assert body["system"][-1]["cache_control"] == {"type": "ephemeral"}
        assert body["output_config"]["effort"] == "low"
        assert body["max_tokens"] > 0
    else:
        assert body["reasoning_effort"] == "low"
        assert body["max_completion_tokens"] > 0
    assert headers["authorization"] == "Bearer sk-secret-key"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (429, "overloaded"),
        (503, "overloaded"),
        (529, "overloaded"),
        (504, "timeout"),
        (500, "http-500"),
        (400, "http-400"),
        (404, "http-404"),
        (401, "unauthorized"),
        (403, "unauthorized"),
    ],
)
async def test_client_when_the_api_errs_then_is_unavailable_for_a_named_reason_without_a_retry(
    api: Any, client: Any, status: int, reason: str
) -> None:
    api.will({"error": {"message": "Incorrect API key provided: sk-secret-key"}}, status=status)
    error = await failure(client)
    assert isinstance(error, ProviderUnavailable)
    assert (error.reason, error.retry_after) == (reason, None)
    assert len(api.received) == 1


@pytest.mark.parametrize(
    ("header", "seconds"), [("17", 17.0), ("0.5", 0.5), ("-1", None), ("nan", None), ("soon", None)]
)
async def test_client_when_told_when_to_come_back_then_says_so(
    api: Any, client: Any, header: str, seconds: float | None
) -> None:
    api.will({}, status=429, headers={"retry-after": header})
    error = await failure(client)
    assert isinstance(error, ProviderUnavailable)
    assert error.retry_after == seconds


async def test_client_when_the_answer_is_slow_then_times_out_soon(api: Any, wire: Any) -> None:
    api.will(wire.success("{}"), delay=5)
    client = wire.client(api.url, timeout=0.2)
    began = time.perf_counter()
    error = await failure(client)
    await client.close()
    assert (type(error), error.reason, error.outcome) == (ProviderUnavailable, "timeout", "timeout")
    assert time.perf_counter() - began < 2
    assert len(api.received) == 1


async def test_client_when_nobody_listens_then_is_unreachable(wire: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    client = wire.client(url)
    error = await failure(client)
    await client.close()
    assert (type(error), error.reason) == (ProviderUnavailable, "unreachable")


async def test_client_when_the_connection_breaks_in_the_body_then_is_unreachable(
    api: Any, wire: Any, client: Any
) -> None:
    api.will(wire.success('{"a": "b"}'), cut_after=40)
    assert (await failure(client)).reason == "unreachable"


@pytest.mark.parametrize(
    "body", [b"", b'{"id": "msg_1", "content": [', b"<html>proxy</html>", b"[]", b'{"a": 1}', b"null"]
)
async def test_client_when_the_body_is_no_message_then_is_malformed(api: Any, client: Any, body: bytes) -> None:
    api.will(body)
    assert type(await failure(client)) is MalformedAnswer


async def test_client_when_refused_then_says_so_and_what_it_cost(api: Any, wire: Any, client: Any) -> None:
    api.will(wire.refusal())
    error = await failure(client)
    assert type(error) is ProviderRefused
    assert error.usage.output_tokens == 50
    assert error.usage.model == wire.model


async def test_client_when_cut_short_then_is_malformed_and_says_what_it_cost(api: Any, wire: Any, client: Any) -> None:
    api.will(wire.out_of_tokens('{"a": "b'))
    error = await failure(client)
    assert type(error) is MalformedAnswer
    assert error.usage.output_tokens == 50
