"""Mail by SendGrid's v3 API. Its events come back by the custom arguments given here (see `sendgrid_events`)."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.message import Message as Headers
from typing import Any
from urllib.error import URLError

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Content, CustomArg, Email, Header, Mail, To

from monitors_contracts.base import Id

from ..domain.channels import Target
from ..domain.messages import Message
from ..domain.retry import retry_after
from ..domain.wording import plain
from .mime import mailbox, message_id
from .protocol import Recoverable, SendError, Sent, Unrecoverable

THREADS = 8

# Its debug lines hold whole mails.
logging.getLogger("python_http_client").setLevel(logging.INFO)


class SendGridChannel:
    """Sends each mail with one call, in a thread: the SDK blocks. Times in seconds."""

    def __init__(self, api_key: str, *, url: str, sender_name: str, sender_address: str, timeout: int = 30) -> None:
        self._client = SendGridAPIClient(api_key=api_key, host=url.rstrip("/"))
        self._client.client.timeout = timeout
        self._sender_name = plain(sender_name, 100)
        self._sender_address = sender_address
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sendgrid")

    async def check(self, target: Target) -> None:
        """Any address may be tried."""

    async def send(self, target: Target, message: Message, delivery_id: Id) -> Sent:
        """Send one mail; SendGrid's X-Message-Id is the provider's id."""
        body = self._mail(target, message, delivery_id).get()
        try:
            response = await asyncio.get_running_loop().run_in_executor(self._threads, self._client.send, body)
        except HTTPError as error:
            raise _failure(error, datetime.now(UTC)) from error
        except (URLError, OSError) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise Recoverable(f"sendgrid: {reason or type(error).__name__}") from error
        return Sent(response.headers.get("X-Message-Id") or message_id(delivery_id, self._sender_address))

    async def close(self) -> None:
        """Stop the threads; a call under way ends by its time-out."""
        self._threads.shutdown(wait=False)

    def _mail(self, target: Target, message: Message, delivery_id: Id) -> Mail:
        result = Mail(
            from_email=Email(self._sender_address, self._sender_name),
            to_emails=To(mailbox(target.address or "")),
            subject=message.subject,
            plain_text_content=Content("text/plain", message.text),
            html_content=Content("text/html", message.html),
        )
        headers = {"Message-ID": message_id(delivery_id, self._sender_address), **message.headers}
        for name, value in headers.items():
            result.add_header(Header(name, value))
        result.add_custom_arg(CustomArg("delivery_id", str(delivery_id)))
        result.add_custom_arg(CustomArg("organization_id", str(target.organization_id)))
        return result


def _failure(error: HTTPError, now: datetime) -> SendError:
    status: int = error.status_code
    reason = f"sendgrid-{status}: {_told(error)}".rstrip(": ")
    if status == 408 or status == 429 or status >= 500:
        return Recoverable(reason, _wait(error.headers, now))
    return Unrecoverable(reason)


def _wait(headers: Headers, now: datetime) -> float | None:
    """Seconds to wait: Retry-After, or SendGrid's own X-RateLimit-Reset (Unix time)."""
    if (asked := retry_after(headers.get("Retry-After"), now)) is not None:
        return asked
    reset = headers.get("X-RateLimit-Reset", "")
    return max(float(reset) - now.timestamp(), 0.0) if reset.isdigit() else None


def _told(error: HTTPError) -> str:
    try:
        answer: Any = error.to_dict
        return plain(str(answer["errors"][0]["message"]), 200)
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
