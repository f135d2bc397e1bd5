"""Asking once: an uptime check's address, over HTTP, TCP, DNS or ICMP, always by the guard that fences private networks."""

import asyncio
import contextlib
import ssl
import time
from datetime import UTC, datetime
from ipaddress import ip_address

from yarl import URL

from monitors_contracts.uptime import UptimeOutcome, UptimeSpec
from monitors_runtime.addresses import refusal
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.guarded_http import RefusedAddress

from . import icmp
from .domain import uptime as domain
from .domain.pages import STAYS, Obstructed
from .http import HttpClient, Identity
from .network import Guard
from .settings import ScraperSettings
from .urls import page_url

_LARGEST = 1_000_000


class Probes:
    """Asks as checks say. Names are judged and connected to in one step, so that one that changes meanwhile gains nothing."""

    def __init__(self, settings: ScraperSettings, guard: Guard | None = None) -> None:
        self._settings = settings
        self._guard = guard or Guard(allow_private=settings.allow_private_addresses)
        self._client = HttpClient(settings, self._guard)

    async def open(self) -> None:
        """Be able to ask."""
        await self._client.start()

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()
        await self._guard.close()

    def check(self, spec: UptimeSpec) -> None:
        """Raises a problem for what could never be asked, whatever a name may lead to later."""
        host = spec.host
        if spec.url is not None:
            try:
                host = page_url(spec.url).host
            except Obstructed as obstructed:
                raise _refused("invalid-url", "Invalid address", "url", _told(obstructed)) from obstructed
        field = "url" if spec.url else "host"
        address = (host or "").strip("[]")
        try:
            inside = refusal(address, allow_private=self._settings.allow_private_addresses)
        except ValueError:
            inside = None  # a name: what it leads to is judged whenever it is asked
        if inside:
            never = refusal(address, allow_private=True)
            words = f"This address is {inside}, and " + (
                "never asked." if never else "not asked. The operator may allow addresses inside."
            )
            raise _refused("address-refused", "Refused address", field, words)
        if spec.kind == "icmp" and spec.is_active and (why := icmp.why_not()):
            words = f"Nothing can be pinged from here: {why}. The operator has to {icmp.HOW_TO_ALLOW}."
            raise _refused("icmp-not-allowed", "Pinging is not allowed here", "kind", words)

    async def ask(self, spec: UptimeSpec) -> UptimeOutcome:
        """How it goes now."""
        at, begun = datetime.now(UTC), time.perf_counter()
        status: int | None = None
        expires: datetime | None = None
        error: str | None = None
        try:
            async with asyncio.timeout(spec.timeout_seconds):
                match spec.kind:
                    case "http":
                        reply = await self._get(spec)
                        status = reply[0]
                        expires = await self.tls_expiry(spec)
                        domain.expect_answer(spec, *reply)
                    case "tcp":
                        await self._connect(spec)
                    case "dns":
                        domain.expect_addresses(spec, await self._addresses(spec))
                    case "icmp":
                        await self._ping(spec)
        except TimeoutError:
            error = f"It did not answer within {spec.timeout_seconds:g} s."
        except Obstructed as obstructed:
            error = _told(obstructed)
        except domain.Unexpected as unexpected:
            error = str(unexpected)
        except RefusedAddress:
            error = "The address lies inside a private network, which is not asked."
        except icmp.NotAllowed as refused:
            error = f"Nothing can be pinged: {refused}."
        except OSError as failure:
            error = f"It can't be reached: {failure.strerror or type(failure).__name__}."
        seconds = time.perf_counter() - begun
        return UptimeOutcome(
            is_up=error is None, at=at, seconds=seconds, error=error, status=status, tls_expires_at=expires
        )

    async def _get(self, spec: UptimeSpec) -> tuple[int, bytes]:
        identity = Identity(self._settings.agents[0], {}, None)
        reply = await self._client.get(
            page_url(spec.url or ""), identity, {}, budget=spec.timeout_seconds, max_bytes=_LARGEST
        )
        return reply.status, reply.body

    async def _connect(self, spec: UptimeSpec) -> None:
        _, writer = await self._guard.connect(spec.host or "", spec.port or 0, spec.timeout_seconds)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _addresses(self, spec: UptimeSpec) -> list[str]:
        return [each["host"] for each in await self._guard.resolve(spec.host or "")]

    async def _ping(self, spec: UptimeSpec) -> None:
        """The first of its addresses that this machine has a way to."""
        failure: OSError = OSError(f"{spec.host} has no address")
        for address in sorted(await self._addresses(spec), key=lambda each: ip_address(each).version):
            try:
                return await icmp.echo(address)
            except TimeoutError:
                raise
            except OSError as error:
                failure = error
        raise failure

    async def tls_expiry(self, spec: UptimeSpec) -> datetime | None:
        """When the certificate of the check's own address expires; None without TLS, or when it is not told."""
        url = URL(spec.url or "")
        if url.scheme != "https" or url.host is None:
            return None
        try:
            _, writer = await self._guard.connect(url.host, url.port or 443, spec.timeout_seconds)
            try:
                await writer.start_tls(ssl.create_default_context(), server_hostname=url.host)
                certificate = writer.get_extra_info("peercert") or {}
            finally:
                writer.close()
        except OSError:
            return None
        expires = certificate.get("notAfter")
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(expires), UTC) if expires else None


def _refused(kind: str, title: str, field: str, why: str) -> ProblemError:
    refused = problem(kind, title, 422, why)
    return ProblemError(refused.problem.model_copy(update={"errors": [{"field": field, "message": why}]}))


def _told(obstructed: Obstructed) -> str:
    """Why, without what is said of pages."""
    return obstructed.obstacle.detail.removesuffix(STAYS).strip()
