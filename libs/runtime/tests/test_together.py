"""Several messages into a stream at once, on a real bus."""

from collections.abc import AsyncGenerator
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from monitors_contracts.base import new_id
from monitors_runtime import together


@given(st.lists(st.integers(0, 3 * together.MOST_BYTES // 2), max_size=8), st.integers(0, 1500))
def test_batches_hold_every_message_once_in_order_and_none_is_too_large(sizes: list[int], small: int) -> None:
    shared = bytes(3 * together.MOST_BYTES // 2)
    messages = [{"data": memoryview(shared)[:size]} for size in [*sizes, *[1] * small]]
    made = list(together.batches(messages))
    assert [id(each) for batch in made for each in batch] == [id(each) for each in messages]
    assert all(1 <= len(batch) <= together.MOST_MESSAGES for batch in made)
    weights = [sum(len(each["data"]) for each in batch) for batch in made]
    assert all(weight <= together.MOST_BYTES or len(batch) == 1 for weight, batch in zip(weights, made, strict=True))
    for (batch, weight), (following, _) in pairwise(zip(made, weights, strict=True)):
        full = len(batch) == together.MOST_MESSAGES
        assert full or weight + len(following[0]["data"]) > together.MOST_BYTES, "no batch is smaller than it must be"


@pytest_asyncio.fixture
async def stream(connection: Client) -> AsyncGenerator[Any]:
    """What a stream of batches holds, when called."""
    bus = connection.jetstream()
    await bus.add_stream(name="TOGETHER", subjects=["together.>"], allow_atomic=True)

    async def held() -> list[bytes]:
        count = (await bus.stream_info("TOGETHER")).state.messages
        return [(await bus.get_msg("TOGETHER", number)).data or b"" for number in range(1, count + 1)]

    yield held
    await bus.delete_stream("TOGETHER")


def message(text: str, identifier: str | None = None) -> dict[str, Any]:
    headers = {"Nats-Msg-Id": identifier or str(new_id())}
    return {"subject": f"together.{text}", "data": text.encode(), "headers": headers}


@pytest.mark.integration
async def test_a_batch_is_stored_in_order(connection: Client, stream: Any) -> None:
    assert await together.publish(connection, [message("a"), message("b"), message("c")], 5)
    assert await stream() == [b"a", b"b", b"c"]


@pytest.mark.integration
async def test_a_batch_with_a_message_that_is_known_is_refused_whole(connection: Client, stream: Any) -> None:
    assert await together.publish(connection, [message("a", "known"), message("b")], 5)
    assert not await together.publish(connection, [message("c"), message("a", "known"), message("d")], 5)
    assert await stream() == [b"a", b"b"]


@pytest.mark.integration
async def test_a_stream_that_takes_no_batches_says_so(connection: Client, stream: Any) -> None:
    bus = connection.jetstream()
    await bus.update_stream(name="TOGETHER", subjects=["together.>"], allow_atomic=False)
    assert not await together.publish(connection, [message("a"), message("b")], 5)
