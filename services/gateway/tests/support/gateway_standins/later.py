"""Work that a service does after it has answered."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Later:
    """Holds on to the work until it is done: the event loop alone would let go of it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def soon(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
