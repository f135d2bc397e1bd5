"""Groups of what comes: at once what comes seldom, together what comes often."""

import asyncio

from monitors_runtime.paced import Paced


def queue(*items: int) -> asyncio.Queue[int]:
    waiting: asyncio.Queue[int] = asyncio.Queue()
    for item in items:
        waiting.put_nowait(item)
    return waiting


async def test_the_first_group_is_what_is_there_and_waits_for_nothing() -> None:
    assert await Paced(queue(1, 2), 10, 3600).next() == [1, 2]


async def test_without_a_pace_no_group_waits() -> None:
    waiting = queue(1)
    groups = Paced(waiting, 10, 0)
    assert await groups.next() == [1]
    waiting.put_nowait(2)
    assert await groups.next() == [2]


async def test_what_comes_soon_after_is_together_until_the_time_is_over_or_the_group_is_full() -> None:
    waiting = queue(1)
    groups = Paced(waiting, 3, 3600)
    assert await groups.next() == [1]
    following = asyncio.create_task(groups.next())
    for item in (2, 3):
        waiting.put_nowait(item)
        await asyncio.sleep(0.02)
        assert not following.done()
    waiting.put_nowait(4)
    assert await following == [2, 3, 4]


async def test_a_group_that_is_not_full_comes_when_its_time_is_over() -> None:
    waiting = queue(1)
    groups = Paced(waiting, 10, 0.05)
    assert await groups.next() == [1]
    waiting.put_nowait(2)
    assert await groups.next() == [2]


async def test_what_waits_is_taken_in_groups_of_the_most_in_order() -> None:
    groups = Paced(queue(*range(7)), 3, 0)
    assert [await groups.next() for _ in range(3)] == [[0, 1, 2], [3, 4, 5], [6]]
