"""Requests are written together, answered apart, and none answers for another's fault."""

import asyncio
from collections.abc import Sequence

import pytest

from monitors_alerter import gathering as gathers
from monitors_alerter.gathering import Gathering


class Book:
    """Writes numbers when it is let, and refuses groups with a 13."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.may_write = asyncio.Event()

    async def write(self, commands: Sequence[int]) -> list[str]:
        await self.may_write.wait()
        self.groups.append(list(commands))
        if 13 in commands:
            raise ValueError("thirteen")
        return [f"wrote {command}" for command in commands]


async def started(gathering: Gathering[int, str], *commands: int, key: str = "a") -> list["asyncio.Task[str]"]:
    tasks: list[asyncio.Task[str]] = []
    for command in commands:
        tasks.append(asyncio.create_task(gathering.save(key, command)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    return tasks


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathers, "REST", 0)


async def test_what_comes_while_others_are_written_is_written_together_and_in_order() -> None:
    book = Book()
    tasks = await started(Gathering(book.write, lambda _: 1, 100), *range(6))
    book.may_write.set()
    assert await asyncio.gather(*tasks) == [f"wrote {number}" for number in range(6)]
    assert book.groups == [[0], [1, 2, 3, 4, 5]]


async def test_a_group_grows_to_its_most_and_what_is_larger_goes_alone() -> None:
    book = Book()
    tasks = await started(Gathering(book.write, lambda each: each, 10), 1, 1, 5, 5, 5, 40, 3)
    book.may_write.set()
    await asyncio.gather(*tasks)
    assert book.groups == [[1], [1, 5], [5, 5], [40], [3]]


async def test_keys_are_not_mixed() -> None:
    book = Book()
    gathering = Gathering(book.write, lambda _: 1, 100)
    tasks = [task for turn in range(6) for key in "ab" for task in await started(gathering, turn, key=key)]
    book.may_write.set()
    await asyncio.gather(*tasks)
    assert sorted(book.groups) == [[0], [0], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]


async def test_when_one_of_a_group_can_not_be_written_then_the_others_are() -> None:
    book = Book()
    tasks = await started(Gathering(book.write, lambda _: 1, 100), 1, 2, 12, 13, 14)
    book.may_write.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(each) for each in answers] == ["wrote 1", "wrote 2", "wrote 12", "thirteen", "wrote 14"]
    assert isinstance(answers[3], ValueError)


async def test_who_no_longer_waits_keeps_nobody_from_an_answer() -> None:
    book = Book()
    tasks = await started(Gathering(book.write, lambda _: 1, 100), 1, 2, 3, 4)
    tasks[2].cancel()
    book.may_write.set()
    assert await tasks[3] == "wrote 4"
    with pytest.raises(asyncio.CancelledError):
        await tasks[2]


async def test_what_comes_alone_is_written_at_once_and_what_comes_soon_after_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gathers, "REST", 3600)
    book = Book()
    book.may_write.set()
    gathering = Gathering(book.write, lambda _: 1, 100)
    assert await gathering.save("a", 1) == "wrote 1"
    tasks = await started(gathering, 2, 3)
    assert book.groups == [[1]]
    assert await gathering.save("b", 4) == "wrote 4", "another key has a pace of its own"
    for task in tasks:
        task.cancel()


async def test_what_comes_soon_after_is_written_when_the_rest_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathers, "REST", 0.01)
    book = Book()
    book.may_write.set()
    gathering = Gathering(book.write, lambda _: 1, 100)
    assert [await gathering.save("a", number) for number in range(3)] == ["wrote 0", "wrote 1", "wrote 2"]
    assert book.groups == [[0], [1], [2]]
