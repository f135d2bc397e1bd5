"""Measure every few seconds, keep it on disk, ship it when the platform is there: two tasks that do not wait for each other."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

import structlog
from prometheus_client import CollectorRegistry, Counter

from ..client import Api, ApiProblem
from ..errors import CommandError
from .buffer import Buffer
from .readings import Reading, Source, batch

log = structlog.get_logger(__name__)

Connect = Callable[[], AbstractContextManager[Api]]
"""A signed-in API of the platform. Raises CommandError when there is none now."""

_LONGEST_WAIT = 60.0
# What is no fault of the batch: it is sent again. Not being let in is one of them: a token can be renewed.
_PASSING = frozenset((401, 403, 404, 408, 410, 429))


class Agent:
    """Measures its sources every `interval` seconds. What could not be shipped waits in the buffer."""

    def __init__(
        self, connect: Connect, buffer: Buffer, sources: Sequence[tuple[Source, Mapping[str, str]]], interval: float
    ) -> None:
        self._connect = connect
        self._buffer = buffer
        self._own = CollectorRegistry()
        self._shipped = Counter(
            "monitors_agent_batches", "Batches, by what became of them", ("outcome",), registry=self._own
        )
        tags = sources[0][1]
        self._sources = [*sources, (self._about_itself, tags)]
        self._interval = interval
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._measure_always(), name="agent measures")
            tasks.create_task(self._ship_always(), name="agent ships")

    async def measure(self) -> None:
        """Measure once, and keep it."""
        found = await asyncio.to_thread(batch, self._sources, time.time())
        try:
            await asyncio.to_thread(self._buffer.put, json.dumps({"metrics": found}).encode())
        except OSError as full:
            self._shipped.labels("not-kept").inc()
            log.warning("the agent's buffer can't be written", error=str(full))
        self._news.set()

    async def ship(self) -> bool:
        """Ship what waits; False when some had to be left for later."""
        return await asyncio.to_thread(self._ship)

    def _ship(self) -> bool:
        try:
            with self._connect() as platform:
                while waiting := self._buffer.oldest():
                    path, body = waiting
                    self._send(platform, body)
                    self._buffer.remove(path)
        except CommandError as failure:
            log.warning("measurements wait", batches=len(self._buffer), reason=str(failure))
            return False
        return True

    def _send(self, platform: Api, body: bytes) -> None:
        """Send a batch. Raises CommandError when it should be tried again later."""
        try:
            answer = platform.post("/api/metrics", json.loads(body))
        except ApiProblem as refused:
            if refused.status >= 500 or refused.status in _PASSING:
                raise
            self._shipped.labels("refused").inc()
            log.warning("a batch was refused and is given up", reason=str(refused))
            return
        self._shipped.labels("shipped").inc()
        if answer.get("refused"):
            log.warning("samples were refused", reasons=answer.get("reasons"))

    async def _measure_always(self) -> None:
        clock = asyncio.get_running_loop().time
        due = clock()
        while True:
            await self.measure()
            due = max(due + self._interval, clock())
            await asyncio.sleep(due - clock())

    async def _ship_always(self) -> None:
        wait = 0.5
        while True:
            self._news.clear()
            if await self.ship():
                wait = 0.5
                await self._news.wait()
            else:
                wait = min(_LONGEST_WAIT, wait * 2)
                await asyncio.sleep(wait)

    def _about_itself(self) -> list[Reading]:
        counted = [
            Reading(sample.name, sample.value, sample.labels, "counter")
            for family in self._own.collect()
            for sample in family.samples
            if sample.name.endswith("_total")
        ]
        return [
            *counted,
            Reading("monitors_agent_batches_total", self._buffer.dropped, {"outcome": "dropped"}, "counter"),
            Reading("monitors_agent_batches_waiting", len(self._buffer)),
        ]
