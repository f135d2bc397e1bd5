"""The loop of all that is looked at again and again. Its interval is an hour wherever a test does not wait for it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from structlog.testing import capture_logs

from monitors_runtime.periodic import Periodic

HOUR = 3600


class Looking:
    """Answers these, one a look, and that there is no more after them."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.count = 0
        self._answers = list(answers)
        self._looks = asyncio.Semaphore(0)

    async def look(self) -> bool:
        self.count += 1
        self._looks.release()
        await asyncio.sleep(0)  # a loop that never rests is seen, instead of hanging all
        answer = self._answers.pop(0) if self._answers else False
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def seen(self, looks: int) -> None:
        """Return after so many looks more."""
        async with asyncio.timeout(5):
            for _ in range(looks):
                await self._looks.acquire()


async def rested() -> None:
    """Return when whatever could go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


@asynccontextmanager
async def running(looking: Looking, seconds: float = HOUR) -> AsyncGenerator[Periodic]:
    periodic = Periodic("the sky", looking.look, seconds)
    await periodic.start()
    try:
        yield periodic
    finally:
        await periodic.stop()


async def test_a_start_when_the_interval_is_long_then_looks_once_at_once() -> None:
    looking = Looking()
    async with running(looking):
        await looking.seen(1)
        await rested()
        assert looking.count == 1


async def test_a_look_when_there_may_be_more_then_is_done_again_at_once_until_there_is_not() -> None:
    looking = Looking(True, True, False, True)
    async with running(looking):
        await looking.seen(3)
        await rested()
        assert looking.count == 3


async def test_a_look_when_there_is_no_more_then_is_done_again_after_the_interval() -> None:
    looking = Looking()
    async with running(looking, 0.001):
        await looking.seen(3)


@pytest.mark.parametrize(
    ("failure", "level"),
    [
        (ConnectionRefusedError("away"), "warning"),
        (asyncpg.CannotConnectNowError("starting up"), "warning"),
        (asyncpg.DeadlockDetectedError("in each other's way"), "warning"),
        (TimeoutError(), "warning"),
        (asyncpg.UndefinedTableError("none such"), "error"),
        (ValueError("broken"), "error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
async def test_a_look_when_it_fails_then_is_logged_and_done_again_after_the_interval(
    failure: Exception, level: str
) -> None:
    looking = Looking(failure)
    with capture_logs() as logs:
        async with running(looking) as periodic:
            await looking.seen(1)
            await rested()
            assert looking.count == 1
            periodic.wake()
            await looking.seen(1)
    assert [(each["log_level"], each["what"]) for each in logs] == [(level, "the sky")]


async def test_a_wake_when_it_rests_then_looks_once_without_waiting() -> None:
    looking = Looking()
    async with running(looking) as periodic:
        await looking.seen(1)
        await rested()
        periodic.wake()
        await looking.seen(1)
        await rested()
        assert looking.count == 2


async def test_a_wake_when_it_looks_just_now_then_is_not_lost() -> None:
    begun, may_end = asyncio.Semaphore(0), asyncio.Event()

    async def look() -> None:
        begun.release()
        await may_end.wait()
        await asyncio.sleep(0)

    periodic = Periodic("the sky", look, HOUR)
    await periodic.start()
    async with asyncio.timeout(5):
        await begun.acquire()
        periodic.wake()
        may_end.set()
        await begun.acquire()
    await periodic.stop()


async def test_a_stop_when_it_looks_just_now_then_returns_after_the_look_has_ended() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def look() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.set()

    periodic = Periodic("the sky", look, HOUR)
    await periodic.start()
    async with asyncio.timeout(5):
        await begun.wait()
        await periodic.stop()
    assert ended.is_set()


async def test_a_stop_when_it_rests_then_ends_it() -> None:
    looking = Looking()
    async with running(looking) as periodic:
        await looking.seen(1)
    periodic.wake()
    await rested()
    assert looking.count == 1


async def test_a_stop_when_it_was_never_started_then_does_nothing() -> None:
    await Periodic("the sky", Looking().look, HOUR).stop()
