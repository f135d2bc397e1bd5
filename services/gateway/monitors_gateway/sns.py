"""SNS: fetches the certificates it signs by and confirms subscriptions, from its own hosts alone."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from monitors_runtime.guarded_http import GuardingConnector

from .domain import sns
from .domain.sns import NotOfSns

_CERTIFICATES = 20
_BYTES = 64 * 1024
_PATIENCE = aiohttp.ClientTimeout(total=8)
AWAY = (OSError, TimeoutError, aiohttp.ClientError)
"""What fetching may end in."""


async def fetch(url: str) -> bytes:
    """What is at a public address; redirects are not followed. Raises OSError and ClientError."""
    async with (
        aiohttp.ClientSession(connector=GuardingConnector(allow_private=False), timeout=_PATIENCE) as session,
        session.get(url, allow_redirects=False) as reply,
    ):
        if reply.status != 200:
            raise OSError(f"it answered {reply.status}")
        return await reply.content.read(_BYTES)


class Sns:
    """One a process. `get` fetches what it is told to; it is told of SNS's own hosts alone."""

    def __init__(self, get: Callable[[str], Awaitable[bytes]] = fetch) -> None:
        self._get = get
        self._known: dict[str, bytes] = {}

    async def check(self, message: dict[str, Any]) -> None:
        """Raises NotOfSns unless SNS signed the message, and one of AWAY when its certificate can't be had now."""
        url = sns.certificate_address(message)
        certificate = self._known.get(url) or await self._get(url)
        sns.check(message, certificate)
        if len(self._known) >= _CERTIFICATES:
            self._known.clear()
        self._known[url] = certificate

    async def confirm(self, message: dict[str, Any]) -> None:
        """Confirm the subscription that a checked message asks about. Raises as `check`."""
        url = message.get("SubscribeURL")
        if not isinstance(url, str) or not sns.is_of_sns(url):
            raise NotOfSns("its SubscribeURL does not lead to SNS")
        await self._get(url)
