"""Where connections may go: names are resolved and judged once, and exactly what was judged is connected to."""

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

from monitors_runtime.addresses import refusal
from monitors_runtime.guarded_http import GuardingResolver

_REMEMBERED = 10_000
_TTL = 30.0
_LOOKUPS = 16


class SystemResolver(AbstractResolver):
    """The system's resolver on threads of its own: slow names hold up other names only, not other work."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUPS, thread_name_prefix="dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All addresses of `host`. Raises socket.gaierror."""
        loop = asyncio.get_running_loop()
        kind = socket.SOCK_STREAM
        found = await loop.run_in_executor(self._threads, socket.getaddrinfo, host, port, family, kind)
        return [
            ResolveResult(
                hostname=host, host=str(address[0]), port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
            )
            for family, _, _, _, address in found
        ]

    async def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Guard(AbstractResolver):
    """Resolves names to the addresses that may be connected to, and remembers them for half a minute.

    Raises RefusedAddress when a name has only refused addresses, OSError when it has none.
    """

    def __init__(
        self,
        *,
        allow_private: bool,
        resolver: AbstractResolver | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = GuardingResolver(allow_private=allow_private, resolver=resolver or SystemResolver())
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, list[ResolveResult], bool]] = OrderedDict()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The allowed addresses of a name or of an address written as text."""
        found, _ = await self._look_up(host)
        return [
            ResolveResult(hostname=host, host=each["host"], port=port, family=each["family"], proto=0, flags=0)
            for each in found
            if family in (socket.AF_UNSPEC, each["family"])
        ]

    async def is_own(self, host: str) -> bool:
        """Whether only the operator's permission lets this host be reached: then it is one of the operator's own."""
        return (await self._look_up(host))[1]

    async def connect(self, host: str, port: int, patience: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the first allowed address that answers. `patience` is seconds for each. Raises OSError."""
        failure: OSError = OSError(f"{host} has no address")
        for each in await self.resolve(host, port):
            try:
                async with asyncio.timeout(patience):
                    return await asyncio.open_connection(each["host"], port, family=each["family"])
            except OSError as error:  # TimeoutError is one
                failure = error
        raise failure

    async def close(self) -> None:
        """Release the resolver behind."""
        await self._inner.close()

    async def _look_up(self, host: str) -> tuple[list[ResolveResult], bool]:
        now = self._clock()
        if (known := self._known.get(host)) and known[0] > now:
            return known[1], known[2]
        found = await self._inner.resolve(host, 0, socket.AF_UNSPEC)
        own = any(refusal(each["host"], allow_private=False) for each in found)
        self._known[host] = (now + _TTL, found, own)
        self._known.move_to_end(host)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found, own
