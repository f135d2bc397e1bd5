"""One GET, redirects included, within bounds of time, size and address."""

import asyncio
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, CookieJar, DummyCookieJar, TCPConnector
from yarl import URL

from monitors_contracts.pages import Failure
from monitors_runtime.guarded_http import GuardingConnector

from .domain.pages import Obstructed
from .errors import obstructed_by
from .network import Guard
from .settings import ScraperSettings
from .urls import page_url

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ERROR_PAGE_BYTES = 256 * 1024
_LONGEST_HEADER = 64 * 1024
_MOST_HEADERS = 256
_USUAL = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,application/json;q=0.9,*/*;q=0.8",
    "Accept-Language": "en,*;q=0.5",
    "Accept-Encoding": "gzip, deflate, br, zstd",
}
_OURS = frozenset(
    ("host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect", "keep-alive",
     "proxy-authorization", "proxy-connection", "accept-encoding")
)  # fmt: skip
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's last answer: header names in lower case, cookies left out; the body is decompressed."""

    final_url: str
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request says it is, and which proxy it takes."""

    user_agent: str
    headers: Mapping[str, str]
    proxy: str | None


class Identities:
    """The operator's user agents, header sets and proxies, each used in turn."""

    def __init__(self, settings: ScraperSettings) -> None:
        self._agents = cycle(settings.agents)
        self._headers = cycle(settings.extra_headers or [{}])
        self._proxies = cycle(settings.proxies or [None])

    def next(self) -> Identity:
        """The next one."""
        return Identity(next(self._agents), next(self._headers), next(self._proxies))


def usable_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """A person's request headers without those that HTTP itself needs. Raises Obstructed for what is no header."""
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or not value.isprintable():
            raise Obstructed.by(Failure.UNSUPPORTED, f"The request header {name!r} is not a valid one. Correct it.")
    return {name: value for name, value in headers.items() if name.lower() not in _OURS}


class HttpClient:
    """Keeps connections alive over all fetches of a process. Start it inside the event loop that uses it."""

    def __init__(self, settings: ScraperSettings, guard: Guard, *, ssl_context: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._guard = guard
        self._ssl = ssl_context or ssl.create_default_context()
        self._direct: ClientSession | None = None
        self._proxied: ClientSession | None = None

    async def start(self) -> None:
        """Open the sessions."""
        limit = self._settings.max_connections
        self._direct = self._session(
            GuardingConnector(
                allow_private=self._settings.allow_private_addresses,
                resolver=self._guard,
                use_dns_cache=False,  # the guard remembers
                limit=limit,
                ssl=self._ssl,
            )
        )
        if self._settings.proxies:
            self._proxied = self._session(TCPConnector(limit=limit, ssl=self._ssl))

    async def close(self) -> None:
        """Close all connections."""
        for session in (self._direct, self._proxied):
            if session:
                await session.close()

    def _session(self, connector: TCPConnector) -> ClientSession:
        settings = self._settings
        return ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            headers=_USUAL,
            timeout=ClientTimeout(total=None, sock_connect=settings.connect_timeout, sock_read=settings.read_timeout),
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
            max_headers=_MOST_HEADERS,
        )

    async def get(
        self, url: URL, identity: Identity, headers: Mapping[str, str], *, budget: float, max_bytes: int | None = None
    ) -> Reply:
        """Fetch `url` within `budget` seconds, following redirects.

        `headers` are sent to the URL's own origin only; cookies live as long as the redirects. Raises Obstructed.
        """
        limit = max_bytes or self._settings.max_page_bytes
        try:
            async with asyncio.timeout(budget):
                return await self._follow(url, identity, headers, limit)
        except Obstructed:
            raise
        except (ClientError, OSError, ValueError) as error:
            raise obstructed_by(error) from error

    async def _follow(self, url: URL, identity: Identity, headers: Mapping[str, str], limit: int) -> Reply:
        origin = url.origin()
        jar: CookieJar | None = None
        for _ in range(self._settings.max_redirects + 1):
            if identity.proxy:
                await self._guard.resolve(url.host or "")  # the proxy resolves again, but not for what is refused here
            session = self._proxied if identity.proxy else self._direct
            if session is None:
                raise RuntimeError("the HTTP client is not started")
            sent = {"User-Agent": identity.user_agent, **identity.headers}
            if url.origin() == origin:
                sent.update(headers)
            cookies = jar.filter_cookies(url) if jar else None
            async with session.get(
                url, headers=sent, cookies=cookies, proxy=identity.proxy, allow_redirects=False
            ) as response:
                location = response.headers.get("Location") if response.status in _REDIRECTS else None
                if location is None:
                    return await _read(response, limit)
                if response.cookies:
                    jar = jar or CookieJar(unsafe=True)  # lives for this fetch alone, so addresses may have cookies
                    jar.update_cookies(response.cookies, url)
            url = page_url(location, url).with_fragment(None)
        detail = f"The site redirected more than {self._settings.max_redirects} times. Check the address."
        raise Obstructed.by(Failure.REDIRECTS, detail)


async def _read(response: ClientResponse, limit: int) -> Reply:
    ok = response.status < 400
    if not ok:
        limit = min(limit, _ERROR_PAGE_BYTES)
    if ok and (response.content_length or 0) > limit:
        raise _too_large(limit, response.status)
    pieces: list[bytes] = []
    size = 0
    async for piece in response.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            response.close()
            if ok:
                raise _too_large(limit, response.status)
            break
    headers = {name.lower(): value for name, value in response.headers.items() if name.lower() != "set-cookie"}
    return Reply(str(response.url), response.status, headers, b"".join(pieces))


def _too_large(limit: int, status: int) -> Obstructed:
    detail = f"The page is larger than {limit / 1024**2:.3g} MiB, the most that is read. Choose a smaller one."
    return Obstructed.by(Failure.TOO_LARGE, detail, status)
