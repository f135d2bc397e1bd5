"""Mail by SMTP (RFC 5321): 4xx answers and lost connections may be tried again, 5xx answers may not."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from monitors_contracts.base import Id

from ..domain.channels import Target
from ..domain.messages import Message
from .mime import mail, message_id
from .protocol import Recoverable, SendError, Sent, Unrecoverable

CONNECTIONS = 8
"""Mails at once; mail servers turn away clients with many connections."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server. `start_tls`: True demands it, False forbids it, None takes it when offered."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: bool = False
    start_tls: bool | None = None

    @classmethod
    def from_url(cls, url: str) -> "SmtpServer":
        """Read `smtp[s]://user:password@host:port?starttls=1`."""
        parts = urlsplit(url)
        tls = parts.scheme == "smtps"
        wish = parse_qs(parts.query).get("starttls", [""])[-1]
        return cls(
            host=parts.hostname or "",
            port=parts.port or (465 if tls else 587),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=tls,
            start_tls=False if tls else {"1": True, "0": False}.get(wish),
        )


class SmtpChannel:
    """Sends each mail over a connection of its own. Times in seconds."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        sender_name: str,
        sender_address: str,
        timeout: float = 30,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._sender_name = sender_name
        self._sender_address = sender_address
        self._timeout = timeout
        self._tls_context = tls_context
        self._slots = asyncio.Semaphore(CONNECTIONS)

    async def check(self, target: Target) -> None:
        """Any address may be tried."""

    async def send(self, target: Target, message: Message, delivery_id: Id) -> Sent:
        """Send one mail; the Message-ID is the provider's id."""
        letter = mail(
            message,
            sender_name=self._sender_name,
            sender_address=self._sender_address,
            to=target.address or "",
            delivery_id=delivery_id,
        )
        client = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            username=self._server.username,
            password=self._server.password,
            use_tls=self._server.tls,
            start_tls=self._server.start_tls,
            tls_context=self._tls_context,
            timeout=self._timeout,
        )
        async with self._slots:
            try:
                await client.connect()
                await client.send_message(letter)
            except (aiosmtplib.SMTPException, OSError, ValueError) as error:
                raise _failure(error) from error
            finally:
                # Once the server has taken the mail, a failing goodbye must not have it sent again.
                with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                    await client.quit()
                client.close()
        return Sent(message_id(delivery_id, self._sender_address))

    async def close(self) -> None:
        """No connection outlives its mail."""


def _failure(error: Exception) -> SendError:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return _failure(error.recipients[0])
    if isinstance(error, aiosmtplib.SMTPResponseException):
        reason = f"smtp-{error.code}: {error.message[:200]}"
        return Unrecoverable(reason) if 500 <= error.code < 600 else Recoverable(reason)
    if isinstance(error, aiosmtplib.SMTPNotSupported | ValueError):
        return Unrecoverable(f"smtp: {error}")
    return Recoverable(f"smtp: {str(error) or type(error).__name__}")
