"""Keeps the distance between requests to one host."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from .domain.politeness import Manners, reserve

_HOSTS = 4096


class _Host:
    __slots__ = ("free", "next_start", "users")

    def __init__(self, concurrency: int) -> None:
        self.free = asyncio.Semaphore(concurrency)
        self.next_start = 0.0
        self.users = 0


class Throttle:
    """One gate a host. Hosts nobody waits for are forgotten when there are many."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, host: str, manners: Manners) -> AsyncGenerator[None, None]:
        """Wait for this host's next free moment, and hold one of its places meanwhile."""
        gate = self._hosts.get(host)
        if gate is None:
            self._forget_idle()
            gate = self._hosts[host] = _Host(manners.concurrency)
        gate.users += 1
        try:
            async with gate.free:
                if manners.delay:
                    wait, gate.next_start = reserve(gate.next_start, time.monotonic(), manners.delay)
                    if wait > 0:
                        await asyncio.sleep(wait)
                yield
        finally:
            gate.users -= 1

    def _forget_idle(self) -> None:
        if len(self._hosts) < _HOSTS:
            return
        now = time.monotonic()
        for host in [name for name, gate in self._hosts.items() if not gate.users and gate.next_start <= now]:
            del self._hosts[host]
