"""The only way out for the browser: a forward proxy on loopback that connects to guarded addresses alone.

Chromium is told to send everything through it (and can resolve no name itself), so sub-requests, redirects, frames,
WebSockets and whatever else a page invents meet the same guard, at the moment of connecting.
"""

import asyncio
from base64 import b64encode
from contextlib import suppress
from itertools import cycle

from aiohttp import hdrs
from yarl import URL

from .network import Guard
from .settings import ScraperSettings

_HEAD = 64 * 1024
_CHUNK = 64 * 1024
_BODY = 4 * 1024**2
_PATIENCE = 60.0
_HOP_BY_HOP = frozenset(
    name.lower()
    for name in (hdrs.CONNECTION, hdrs.KEEP_ALIVE, hdrs.PROXY_AUTHORIZATION, hdrs.UPGRADE, "Proxy-Connection")
)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Egress:
    """A running proxy. What is refused or fails gets no answer but a closed connection (or 502 for a tunnel)."""

    def __init__(self, settings: ScraperSettings, guard: Guard) -> None:
        self._guard = guard
        self._patience = settings.connect_timeout
        self._upstreams = cycle(URL(proxy) for proxy in settings.proxies) if settings.proxies else None
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.url = ""

    async def start(self) -> None:
        """Listen on a free loopback port; `url` says where."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_HEAD)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Stop listening and drop all connections."""
        if self._server:
            self._server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        try:
            await self._serve(reader, writer)
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the browser sees a closed connection, which is all it may know
        except asyncio.CancelledError:
            pass  # closing; the task ends here
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_PATIENCE):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *fields = head.rstrip("\r\n").split("\r\n")
        method, target, _ = request.split(" ", 2)
        if method == hdrs.METH_CONNECT:
            await self._tunnel(reader, writer, target)
        else:
            await self._forward(reader, writer, method, URL(target, encoded=True), fields)

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str) -> None:
        host, _, port = target.rpartition(":")
        try:
            upstream = self._upstream()
            far_reader, far_writer = await self._connect(host.strip("[]"), int(port), upstream, tunnel=True)
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _splice((reader, writer), (far_reader, far_writer))
        finally:
            far_writer.close()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, url: URL, fields: list[str]
    ) -> None:
        """One plain request and its answer; the connection ends with it, so that none is reused for another host."""
        if url.scheme != "http" or not url.host or url.port is None:
            return
        kept = [field for field in fields if field.partition(":")[0].strip().lower() not in _HOP_BY_HOP]
        length = _content_length(fields)
        upstream = self._upstream()
        far_reader, far_writer = await self._connect(url.host, url.port, upstream)
        try:
            target = str(url) if upstream else url.raw_path_qs
            if upstream and (credentials := _credentials(upstream)):
                kept.append(credentials)
            lines = (f"{method} {target} HTTP/1.1", *kept, "Connection: close", "", "")
            far_writer.write("\r\n".join(lines).encode("latin-1"))
            far_writer.write(await reader.readexactly(length))
            await far_writer.drain()
            writer.write(await _answer_head(far_reader))
            await _copy(far_reader, writer)
        finally:
            far_writer.close()

    def _upstream(self) -> URL | None:
        return next(self._upstreams) if self._upstreams else None

    async def _connect(self, host: str, port: int, upstream: URL | None, *, tunnel: bool = False) -> Streams:
        if upstream is None:
            return await self._guard.connect(host, port, self._patience)
        await self._guard.resolve(host)  # the proxy resolves again, but not for what is refused here
        async with asyncio.timeout(self._patience):
            reader, writer = await asyncio.open_connection(upstream.host, upstream.port)
            if tunnel:
                name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
                lines = [f"CONNECT {name} HTTP/1.1", f"Host: {name}", *filter(None, [_credentials(upstream)]), "", ""]
                writer.write("\r\n".join(lines).encode("latin-1"))
                status = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1]
                if status != b"200":
                    writer.close()
                    raise ConnectionRefusedError(f"the proxy answered {status.decode('latin-1')}")
        return reader, writer


def _credentials(upstream: URL) -> str | None:
    if upstream.user is None:
        return None
    pair = f"{upstream.user}:{upstream.password or ''}".encode()
    return f"Proxy-Authorization: Basic {b64encode(pair).decode()}"


def _content_length(fields: list[str]) -> int:
    """The length of a request's body. Raises ValueError for one that is too long or has no length said."""
    length = 0
    for field in fields:
        name, _, value = field.partition(":")
        if name.strip().lower() == "transfer-encoding":
            raise ValueError("a request body without a length")
        if name.strip().lower() == "content-length":
            length = int(value)
    if not 0 <= length <= _BODY:
        raise ValueError("a request body too long")
    return length


async def _answer_head(reader: asyncio.StreamReader) -> bytes:
    """The head of the answer, made to close the connection; interim (1xx) answers are passed over."""
    while True:
        async with asyncio.timeout(_PATIENCE):
            status, *fields = (await reader.readuntil(b"\r\n\r\n")).rstrip(b"\r\n").split(b"\r\n")
        if status.split(b" ", 2)[1].startswith(b"1"):
            continue
        kept = [line for line in fields if line.partition(b":")[0].strip().decode("latin-1").lower() not in _HOP_BY_HOP]
        return b"\r\n".join((status, *kept, b"Connection: close", b"", b""))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_CHUNK):
        writer.write(piece)
        await writer.drain()


async def _splice(near: Streams, far: Streams) -> None:
    """Pass bytes both ways until both sides are done, or either breaks."""

    async def one_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _copy(reader, writer)
        with suppress(OSError):
            writer.write_eof()

    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(one_way(near[0], far[1]))
            both.create_task(one_way(far[0], near[1]))
    except* OSError:
        pass  # one side broke: the other is closed by the caller
