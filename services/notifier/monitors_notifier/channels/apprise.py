"""The `apprise` channel: Discord, Slack, PagerDuty and a hundred more through Apprise (https://appriseit.com).

Its URLs come from users and its plugins were written for one's own machine, so three fences stand around them: services
that act on this machine or need its files are refused; every connection a plugin makes is judged by its address when it
is made; and redirects are not followed.
"""

import asyncio
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from apprise import Apprise, AppriseAsset, AppriseAttachment, NotifyBase, NotifyFormat, NotifyType, PersistentStoreMode

from monitors_contracts.base import Id
from monitors_runtime.addresses import refusal
from monitors_runtime.guarded_http import RefusedAddress, check_host

from ..domain.channels import Target
from ..domain.messages import Message
from .protocol import Recoverable, Sent, Unrecoverable

AT_ONCE = 16

REFUSED_SCHEMES = frozenset(
    {
        *("dbus", "glib", "gio", "kde", "qt", "gnome", "macosx", "windows", "blink1", "syslog"),  # act on this machine
        *("vapid", "deltachat", "deltachats", "apprise", "apprises"),  # need its files, or reach on through another
        *("mailto", "mailtos"),  # the email channel's work
        *("amqp", "amqps", "aprs", "growl", "irc", "ircs", "mqtt", "mqtts", "nostr", "rsyslog"),  # not over HTTP
        *("smpp", "smpps", "xmpp", "xmpps"),
    }
)

_SEVERITIES = {"info": NotifyType.INFO, "warning": NotifyType.WARNING, "critical": NotifyType.FAILURE}
_STATUS = re.compile(r"\berror=(\d{3})\b")
_MENTION = re.compile(r"([@<])(?=everyone|here|channel|all|[!@#&])", re.IGNORECASE)


class AppriseChannel:
    """Sends through Apprise's own threads. `timeout` in seconds, for connecting and for each answer."""

    def __init__(self, *, allow_private: bool, timeout: float = 10) -> None:
        self._allow_private = allow_private
        self._timeout = timeout
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._asset = AppriseAsset(
            app_id="Monitors!",
            app_desc="Monitors!",
            app_url="",
            http_redirects=False,
            pgp_autogen=False,
            pem_autogen=False,
            secure_logging=True,
            storage_mode=PersistentStoreMode.MEMORY,
        )
        _watch_connections()

    async def check(self, target: Target) -> None:
        """Refuse services that are not for this, and hosts of one's own that may not be reached."""
        plugin = await asyncio.to_thread(self._plugin, target)
        if not _names_its_host(plugin):
            return
        try:
            await check_host(plugin.host, allow_private=self._allow_private)
        except RefusedAddress as refused:
            raise Unrecoverable(f"refused-address: {refused.reason}") from refused
        except OSError:
            return

    async def send(self, target: Target, message: Message, delivery_id: Id) -> Sent:
        """Send once. What a service answered is known only by what its plugin logs."""
        plugin = await asyncio.to_thread(self._plugin, target)
        sender = Apprise(asset=self._asset)
        sender.add(plugin)
        async with self._slots:
            with _guarded(allow_private=self._allow_private) as guard:
                result = await sender.async_notify(
                    title=harmless(message.subject),
                    body=harmless(message.text),
                    notify_type=_SEVERITIES.get(message.severity, NotifyType.INFO),
                    body_format=NotifyFormat.TEXT,
                    timeout=2 * self._timeout,
                )
        if guard.refused:
            raise Unrecoverable(f"refused-address: {guard.refused[0]}")
        if not result:
            told = [str(entry.message) for each in result.results for entry in each.logs()]
            status = next((int(found[1]) for line in reversed(told) if (found := _STATUS.search(line))), None)
            reason = f"{plugin.service_name}: " + (f"http-{status}" if status else "no success")
            if status and 400 <= status < 500 and status not in (408, 425, 429):
                raise Unrecoverable(reason)
            raise Recoverable(reason)
        return Sent()

    async def close(self) -> None:
        """Apprise keeps its threads for the process."""

    def _plugin(self, target: Target) -> NotifyBase:
        """The service a target names. Blocks: the first call loads all of Apprise's plugins."""
        url = target.url or ""
        scheme = url.partition("://")[0].lower()
        if scheme in REFUSED_SCHEMES:
            raise Unrecoverable(f"unsupported: {scheme}:// is not allowed here")
        plugin = Apprise.instantiate(url, asset=self._asset)
        if not isinstance(plugin, NotifyBase):
            raise Unrecoverable(f"unsupported: not a {scheme}:// URL that Apprise understands")
        if any(isinstance(value, AppriseAttachment) and len(value) for value in vars(plugin).values()):
            raise Unrecoverable("unsupported: names a file")
        # The URL may ask for redirects, any patience and its own retries; none of that is its to say.
        plugin.redirects = plugin.optional = False
        plugin.retry = 0
        plugin.socket_connect_timeout = plugin.socket_read_timeout = self._timeout
        return plugin


def harmless(text: str) -> str:
    """`text` without mentions: a page that says `@everyone` must not wake a whole company."""
    return _MENTION.sub("\\1\u200b", text)


def _names_its_host(plugin: NotifyBase) -> bool:
    return "host" in plugin.template_tokens and bool(plugin.host)


@dataclass(slots=True)
class _Guard:
    allow_private: bool
    refused: list[str] = field(default_factory=list[str])


_guard: ContextVar[_Guard | None] = ContextVar("apprise_guard", default=None)


@contextmanager
def _guarded(*, allow_private: bool) -> Generator[_Guard]:
    guard = _Guard(allow_private)
    token = _guard.set(guard)
    try:
        yield guard
    finally:
        _guard.reset(token)


def _judge_connection(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook (PEP 578): the one place that sees the address a blocking library really connects to.

    It acts only in the context of `_guarded`, which Apprise carries into its threads.
    """
    if event != "socket.connect" or (guard := _guard.get()) is None:
        return
    host = arguments[1][0] if isinstance(arguments[1], tuple) else ""
    try:
        reason = refusal(str(host), allow_private=guard.allow_private)
    except ValueError:
        reason = "not an address"
    if reason:
        guard.refused.append(reason)
        raise RefusedAddress(str(host), reason)


_watching: list[bool] = []


def _watch_connections() -> None:
    """Hooks cannot be taken away again, so there is one for the process."""
    if not _watching:
        _watching.append(True)
        sys.addaudithook(_judge_connection)
