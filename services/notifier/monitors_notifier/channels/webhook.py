"""The `webhook` channel: signed JSON by POST, as Standard Webhooks describes (https://www.standardwebhooks.com)."""

import contextlib
from datetime import UTC, datetime

from aiohttp import ClientConnectionError, ClientError, ClientSession, ClientTimeout, DummyCookieJar, InvalidURL
from aiohttp import ClientResponse as Response
from pydantic_core import to_json
from standardwebhooks import Webhook
from yarl import URL

from monitors_contracts.base import Id, Json
from monitors_runtime.guarded_http import GuardingConnector, RefusedAddress, check_host, refusal_behind

from ..domain.channels import Target
from ..domain.messages import Message
from ..domain.retry import retry_after
from .protocol import Recoverable, SendError, Sent, Unrecoverable

CONNECTIONS = 256
CONNECTIONS_A_HOST = 32
IDLE_SECONDS = 3
"""Many servers close connections idle for 5 seconds, and a POST on a closing one would fail for nothing."""
LONGEST_ANSWER = 65_536
"""Bytes of an answer that are read, so that its connection can be used again; longer ones are cut off."""


def webhook_body(message: Message, delivery_id: Id) -> bytes:
    """`{"type", "timestamp", "data": {..., "notificationId"}}` in UTF-8, the same for every try."""
    body: Json = {
        "type": message.type,
        "timestamp": message.at.isoformat(),
        "data": {**message.data, "notificationId": str(delivery_id)},
    }
    return to_json(body, inf_nan_mode="null")


def signed_headers(body: bytes, *, secret: str, delivery_id: Id, now: datetime) -> dict[str, str]:
    """The Standard Webhooks headers; `webhook-id` is the delivery's id, by which receivers know a second copy."""
    # The library takes the naive fields for UTC.
    signature = Webhook(secret).sign(str(delivery_id), now.astimezone(UTC), body.decode())
    return {
        "content-type": "application/json",
        "webhook-id": str(delivery_id),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


class WebhookChannel:
    """Posts over shared connections, and only to addresses that may be reached. Make it in a running event loop.

    2xx is success; 408, 425, 429, 5xx and lost connections may be tried again; anything else, redirects and 410
    included, may not. `timeout`: seconds for a whole call.
    """

    def __init__(self, *, allow_private: bool, timeout: float = 10) -> None:
        self._allow_private = allow_private
        self._session = ClientSession(
            connector=GuardingConnector(
                allow_private=allow_private,
                limit=CONNECTIONS,
                limit_per_host=CONNECTIONS_A_HOST,
                ttl_dns_cache=30,
                keepalive_timeout=IDLE_SECONDS,
            ),
            timeout=ClientTimeout(total=timeout),
            cookie_jar=DummyCookieJar(),
            headers={"User-Agent": "Monitors-Webhook/1"},
            auto_decompress=False,
        )

    async def check(self, target: Target) -> None:
        """Refuse a URL whose host has no address that may be reached."""
        url = _url(target)
        try:
            await check_host(url.raw_host or "", allow_private=self._allow_private)
        except RefusedAddress as refused:
            raise _refused(refused) from refused
        except OSError:
            return

    async def send(self, target: Target, message: Message, delivery_id: Id) -> Sent:
        """Post once."""
        url = _url(target)
        body = webhook_body(message, delivery_id)
        now = datetime.now(UTC)
        headers = signed_headers(body, secret=target.secret or "", delivery_id=delivery_id, now=now)
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                await _drain(response)
        except TimeoutError as error:
            raise Recoverable("timeout") from error
        except InvalidURL as error:
            raise Unrecoverable("unsupported: not a URL") from error
        except ClientError as error:
            if refused := refusal_behind(error):
                raise _refused(refused) from error
            kind = "connection" if isinstance(error, ClientConnectionError) else "protocol"
            raise Recoverable(f"{kind}: {type(error).__name__}") from error
        if not 200 <= response.status < 300:
            raise _failure(response)
        return Sent(str(delivery_id))

    async def close(self) -> None:
        """Close the shared connections."""
        await self._session.close()


async def _drain(response: Response) -> None:
    """Read a bounded answer to its end, so that the connection can be used again. What it says changes nothing."""
    left = LONGEST_ANSWER
    with contextlib.suppress(ClientError, TimeoutError):
        while left > 0 and (chunk := await response.content.read(left)):
            left -= len(chunk)


def _url(target: Target) -> URL:
    try:
        return URL(target.url or "")
    except ValueError as error:
        raise Unrecoverable("unsupported: not a URL") from error


def _refused(refused: RefusedAddress) -> Unrecoverable:
    return Unrecoverable(f"refused-address: {refused.reason}")


def _failure(response: Response) -> SendError:
    reason = f"http-{response.status}"
    if response.status in (408, 425, 429) or response.status >= 500:
        return Recoverable(reason, retry_after(response.headers.get("Retry-After"), datetime.now(UTC)))
    return Unrecoverable(reason)
