"""One commit for many requests: what comes while the same is being written waits, and is written together."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

C = TypeVar("C")
R = TypeVar("R")

REST = 0.01
"""Seconds from the end of one group of a key to the next: what comes seldom is written at once, what comes often together."""


@dataclass
class _Waiting(Generic[C, R]):
    command: C
    done: "asyncio.Future[R]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Gathering(Generic[C, R]):
    """`await save(key, command)`: `write` gets commands of one key, in order, and answers each.

    `weigh` says how large a command is; a group grows to `most`. When a group can't be written, each is written alone, so
    that none answers for another's fault.
    """

    def __init__(
        self, write: Callable[[Sequence[C]], Awaitable[Sequence[R]]], weigh: Callable[[C], int], most: int
    ) -> None:
        self._write, self._weigh, self._most = write, weigh, most
        self._lines: dict[Hashable, deque[_Waiting[C, R]]] = {}
        self._writing: set[asyncio.Task[None]] = set()

    async def save(self, key: Hashable, command: C) -> R:
        """Its answer, once it is written. Raises what `write` raises for it alone."""
        waiting = _Waiting[C, R](command)
        if (line := self._lines.get(key)) is None:
            line = self._lines[key] = deque()
            task = asyncio.create_task(self._write_waiting(key, line))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)
        line.append(waiting)
        return await waiting.done

    async def _write_waiting(self, key: Hashable, line: deque[_Waiting[C, R]]) -> None:
        """Until nothing came while the last group was written, nor while it rested."""
        try:
            while line:
                await self._settle(self._next_group(line))
                await asyncio.sleep(REST)
        finally:
            del self._lines[key]

    def _next_group(self, line: deque[_Waiting[C, R]]) -> list[_Waiting[C, R]]:
        group = [line.popleft()]
        weight = self._weigh(group[0].command)
        while line and (weight := weight + self._weigh(line[0].command)) <= self._most:
            group.append(line.popleft())
        return group

    async def _settle(self, group: Sequence[_Waiting[C, R]]) -> None:
        try:
            answers = await self._write([each.command for each in group])
        except Exception as failure:
            if len(group) == 1:
                if not group[0].done.done():
                    group[0].done.set_exception(failure)
                return
            for each in group:
                await self._settle([each])
        else:
            for each, answer in zip(group, answers, strict=True):
                if not each.done.done():
                    each.done.set_result(answer)
