"""Argon2id, off the event loop and a few at a time: each takes some 20 ms of a core and 19 MiB."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

T = TypeVar("T")

# OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self) -> None:
        at_once = max(1, (os.cpu_count() or 2) // 2)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="argon2")
        self._slots = asyncio.Semaphore(at_once)
        # Checked in place of the hash of somebody unknown, so that both take as long.
        self._nobody = _HASHER.hash("nobody has this password")

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None, None]:
        """Wait for a turn. What is decided inside (throttling) holds while the password is being checked."""
        async with self._slots:
            yield

    async def hash(self, password: str) -> str:
        """A salted hash."""
        return await self._run(_HASHER.hash, password)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether this is the password. Takes as long when there is no hash to compare with."""

        def verify() -> bool:
            with contextlib.suppress(Argon2Error, InvalidHashError):
                return _HASHER.verify(password_hash or self._nobody, password)
            return False

        return await self._run(verify) and password_hash is not None

    async def renewed(self, password_hash: str, password: str) -> str | None:
        """A new hash when the old one was made with weaker parameters."""
        return await self.hash(password) if _HASHER.check_needs_rehash(password_hash) else None

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False)

    async def _run(self, work: Callable[..., T], *arguments: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
