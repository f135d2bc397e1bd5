"""An aiohttp connector that goes only where `addresses.refusal` lets it: what is checked is what is connected to.

Names are judged after resolving, so a name that points inside, or that answers differently the second time (DNS
rebinding), gains nothing; each socket is judged once more when it is made, which also covers addresses in URLs.
"""

import socket
from collections.abc import Iterator
from typing import Any

from aiohttp import TCPConnector, ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from .addresses import refusal


class RefusedAddress(OSError):
    """The host has no address that may be connected to; `reason` is `addresses.refusal`'s word.

    aiohttp wraps it in a ClientConnectorError; `refusal_behind` finds it again.
    """

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"{host} is refused: {reason} address")
        self.host = host
        self.reason = reason


class GuardingResolver(AbstractResolver):
    """Resolves names and drops the addresses that are refused. Raises RefusedAddress when none is left."""

    def __init__(self, *, allow_private: bool, resolver: AbstractResolver | None = None) -> None:
        self._allow_private = allow_private
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of `host` that may be connected to."""
        found = await self._resolver.resolve(host, port, family)
        judged = [(result, refusal(result["host"], allow_private=self._allow_private)) for result in found]
        allowed = [result for result, reason in judged if reason is None]
        if not allowed and (reasons := [reason for _, reason in judged if reason]):
            raise RefusedAddress(host, reasons[0])
        return allowed

    async def close(self) -> None:
        """Release the resolver behind."""
        await self._resolver.close()


class GuardingConnector(TCPConnector):
    """A TCPConnector that connects to no refused address, by name or by number. Options are TCPConnector's own."""

    def __init__(self, *, allow_private: bool, resolver: AbstractResolver | None = None, **options: Any) -> None:
        def guarded_socket(info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
            family, kind, protocol, _, address = info
            if reason := refusal(address[0], allow_private=allow_private):
                raise RefusedAddress(address[0], reason)
            return socket.socket(family, kind, protocol)

        self._guarding_resolver = GuardingResolver(allow_private=allow_private, resolver=resolver)
        super().__init__(resolver=self._guarding_resolver, socket_factory=guarded_socket, **options)

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Close all connections and the resolver."""
        await super().close(abort_ssl=abort_ssl)
        await self._guarding_resolver.close()


async def check_host(host: str, *, allow_private: bool, resolver: AbstractResolver | None = None) -> None:
    """Raises RefusedAddress when `host` (a name or an address) has no address that may be connected to now.

    For an early answer to a person; connections are judged when they are made. Raises OSError when nothing is found.
    """
    bare = host.strip("[]")
    try:
        reason = refusal(bare, allow_private=allow_private)
    except ValueError:
        guard = GuardingResolver(allow_private=allow_private, resolver=resolver)
        try:
            await guard.resolve(bare, family=socket.AF_UNSPEC)
        finally:
            await guard.close()
    else:
        if reason:
            raise RefusedAddress(bare, reason)


def refusal_behind(error: BaseException) -> RefusedAddress | None:
    """The refusal that caused a client error, if one did."""
    return next((each for each in _causes(error) if isinstance(each, RefusedAddress)), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
