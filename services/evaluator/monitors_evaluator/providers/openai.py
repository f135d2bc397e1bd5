"""OpenAI, through the official SDK. Imported only when a key is set."""

import openai
from pydantic import BaseModel, ValidationError

from .base import MalformedAnswer, ProviderRefused, ProviderUnavailable, Usage
from .completion import MAX_TOKENS, Completion, Effort, Question, unavailable


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    finish_reason: str
    message: _Message


class _PromptDetails(BaseModel):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _PromptDetails | None = None


class _Reply(BaseModel):
    """What we read of a chat completion. The SDK's own models are built without validation, so it is parsed here."""

    model: str
    choices: list[_Choice]
    usage: _Usage = _Usage()


class OpenAIClient:
    """Chat completions with a strict JSON schema. Equal prefixes are cached by the service without being asked."""

    name = "openai"

    def __init__(self, *, api_key: str, base_url: str, model: str, timeout: float, effort: Effort | None) -> None:
        self._model = model
        self._effort: Effort | None = effort
        self._client = openai.AsyncOpenAI(api_key=api_key, base_url=base_url, timeout=timeout, max_retries=0)

    async def complete(self, question: Question) -> Completion:
        """Ask the model. Raises ProviderUnavailable, ProviderRefused or MalformedAnswer."""
        try:
            reply = await self._client.chat.completions.with_raw_response.create(
                model=self._model,
                max_completion_tokens=MAX_TOKENS,
                messages=[
                    {"role": "system", "content": question.system},
                    {"role": "user", "content": [{"type": "text", "text": part} for part in question.user]},
                ],
                response_format={
                    "type": "json_schema",
                    "json_schema": {"name": question.purpose, "schema": question.schema, "strict": True},
                },
                reasoning_effort=self._effort or openai.omit,
            )
        except openai.APITimeoutError:
            raise ProviderUnavailable("timeout") from None
        except openai.APIStatusError as error:
            raise unavailable(error.status_code, error.response.headers) from None
        except openai.APIConnectionError:
            raise ProviderUnavailable("unreachable") from None
        return _read(reply.content)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.close()


def _read(body: bytes) -> Completion:
    try:
        reply = _Reply.model_validate_json(body)
    except ValidationError:
        raise MalformedAnswer("not-a-completion") from None
    details = reply.usage.prompt_tokens_details or _PromptDetails()
    read, written = details.cached_tokens or 0, details.cache_write_tokens or 0
    usage = Usage(
        model=reply.model,
        input_tokens=max(0, reply.usage.prompt_tokens - read - written),
        output_tokens=reply.usage.completion_tokens,
        cache_read_tokens=read,
        cache_write_tokens=written,
    )
    if not reply.choices:
        raise MalformedAnswer("no-choice", usage=usage)
    choice = reply.choices[0]
    if choice.message.refusal is not None or choice.finish_reason == "content_filter":
        raise ProviderRefused("refusal", usage=usage)
    if choice.finish_reason != "stop" or choice.message.content is None:
        raise MalformedAnswer(f"stopped-by-{choice.finish_reason}", usage=usage)
    return Completion(choice.message.content, usage)
