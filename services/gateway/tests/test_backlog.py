"""The backlog: storage may lag, and samples are refused before the stream would forget unread ones."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.js.errors import NotFoundError

from monitors_contracts.streams import GIB
from monitors_gateway.backlog import Backlog, endangered
from monitors_runtime.runtime import Runtime


class Bus:
    """A stream of 1,000 messages, and what storage has not read of it."""

    def __init__(self, size: int) -> None:
        self.size, self.pending = size, 0
        self.stored = True

    async def stream_info(self, _: str) -> Any:
        return SimpleNamespace(state=SimpleNamespace(messages=1000, bytes=self.size))

    async def consumer_info(self, stream: str, durable: str) -> Any:
        if not self.stored:
            raise NotFoundError(code=404)
        assert (stream, durable) == ("METRICS", "metrics-metric-batch-collected")
        return SimpleNamespace(num_pending=self.pending, num_ack_pending=10)


async def test_it_is_full_while_the_unread_fill_the_stream_and_not_when_they_are_read() -> None:
    bus = Bus(20 * GIB)
    backlog = Backlog(cast(Runtime, SimpleNamespace(bus=bus)))
    await backlog.look()
    assert not backlog.full, "a full stream that is read is as it should be"
    bus.pending = 900
    await backlog.look()
    assert backlog.full
    bus.pending = 100
    await backlog.look()
    assert not backlog.full


async def test_without_storage_nothing_is_known_and_nothing_refused() -> None:
    bus = Bus(20 * GIB)
    bus.stored = False
    backlog = Backlog(cast(Runtime, SimpleNamespace(bus=bus)))
    with pytest.raises(NotFoundError):
        await backlog.look()
    assert not backlog.full


@given(st.integers(0, 10**6), st.integers(0, 10**12), st.integers(0, 10**6), st.integers(1, 10**12))
def test_what_fits_with_room_to_spare_is_in_no_danger(messages: int, size: int, unread: int, most: int) -> None:
    if endangered(messages, size, unread, most):
        assert size > 0.8 * most
        assert unread
