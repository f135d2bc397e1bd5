"""Many look-ups at once as one query: what is asked for in the same turn of the event loop is fetched together."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Loader(Generic[K, V]):
    """`await load(key)`, as often and as concurrently as needed; `fetch(keys)` answers those that exist.

    Nothing is kept: a later look-up asks again.
    """

    def __init__(self, fetch: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._fetch = fetch
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._fetching: set[asyncio.Task[None]] = set()

    async def load(self, key: K) -> V | None:
        """What belongs to the key, or None. Raises what `fetch` raises."""
        if not self._waiting:
            task = asyncio.create_task(self._fetch_waiting())
            self._fetching.add(task)
            task.add_done_callback(self._fetching.discard)
        future = self._waiting.setdefault(key, asyncio.get_running_loop().create_future())
        return await asyncio.shield(future)

    async def _fetch_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        try:
            found = await self._fetch(list(waiting))
        except Exception as failure:
            for future in waiting.values():
                future.set_exception(failure)
        else:
            for key, future in waiting.items():
                future.set_result(found.get(key))
