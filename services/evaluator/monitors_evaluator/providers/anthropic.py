"""Claude, through the official SDK. Imported only when a key is set: the SDK takes some 50 MB."""

import anthropic
from anthropic.types import OutputConfigParam
from pydantic import BaseModel, ValidationError

from .base import MalformedAnswer, ProviderRefused, ProviderUnavailable, Usage
from .completion import MAX_TOKENS, Completion, Effort, Question, unavailable


class _Block(BaseModel):
    type: str
    text: str = ""


class _Usage(BaseModel):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class _Message(BaseModel):
    """What we read of a message. The SDK's own models are built without validation, so the reply is parsed here."""

    model: str
    content: list[_Block]
    stop_reason: str | None = None
    usage: _Usage


class AnthropicClient:
    """The Messages API with structured output and a cached system prompt."""

    name = "anthropic"

    def __init__(self, *, api_key: str, base_url: str, model: str, timeout: float, effort: Effort | None) -> None:
        self._model = model
        self._effort: Effort | None = effort
        self._client = anthropic.AsyncAnthropic(api_key=api_key, base_url=base_url, timeout=timeout, max_retries=0)

    async def complete(self, question: Question) -> Completion:
        """Ask the model. Raises ProviderUnavailable, ProviderRefused or MalformedAnswer."""
        output: OutputConfigParam = {"format": {"type": "json_schema", "schema": question.schema}}
        if self._effort:
            output["effort"] = self._effort
        try:
            reply = await self._client.messages.with_raw_response.create(
                model=self._model,
                max_tokens=MAX_TOKENS,
                system=[{"type": "text", "text": question.system, "cache_control": {"type": "ephemeral"}}],
                messages=[{"role": "user", "content": [{"type": "text", "text": part} for part in question.user]}],
                output_config=output,
            )
        except anthropic.APITimeoutError:
            raise ProviderUnavailable("timeout") from None
        except anthropic.APIStatusError as error:
            raise unavailable(error.status_code, error.response.headers) from None
        except anthropic.APIConnectionError:
            raise ProviderUnavailable("unreachable") from None
        return _read(await reply.read())

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.close()


def _read(body: bytes) -> Completion:
    try:
        message = _Message.model_validate_json(body)
    except ValidationError:
        raise MalformedAnswer("not-a-message") from None
    usage = Usage(
        model=message.model,
        input_tokens=message.usage.input_tokens,
        output_tokens=message.usage.output_tokens,
        cache_read_tokens=message.usage.cache_read_input_tokens or 0,
        cache_write_tokens=message.usage.cache_creation_input_tokens or 0,
    )
    if message.stop_reason == "refusal":
        raise ProviderRefused("refusal", usage=usage)
    if message.stop_reason != "end_turn":
        raise MalformedAnswer(f"stopped-by-{message.stop_reason}", usage=usage)
    return Completion("".join(block.text for block in message.content if block.type == "text"), usage)
