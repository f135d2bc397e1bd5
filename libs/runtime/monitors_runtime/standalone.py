"""One service as a process of its own: settings from the environment, HTTP for health and metrics, a clean end."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias

import structlog
import uvicorn
import uvloop
from nats.errors import Error as NatsError
from pydantic import Field, ValidationError

from . import health, logs, telemetry
from .runtime import Runtime, Service
from .settings import RuntimeSettings, Settings

log = structlog.get_logger(__name__)


SAME_SIGNAL_SECONDS = 2


class HttpSettings(Settings):
    """Where a process answers HTTP."""

    host: str = Field(default="127.0.0.1", description="Address that HTTP listens on")
    port: int = Field(default=8000, ge=1, le=65535, description="Port that HTTP listens on")


@dataclass(frozen=True)
class Web:
    """A service with an ASGI application of its own, and what ends the streams a stopping server would wait for."""

    application: Any
    end_streams: Callable[[], None]


Build: TypeAlias = Callable[[Runtime], Service | Web]


def run(name: str, build: Build) -> None:
    """Run one service until SIGTERM or SIGINT. Ends the process with 1 when it can't start, 2 when settings are wrong."""
    try:
        uvloop.run(_run(name, build))
    except ValidationError as wrong:
        # Without the values given: they may be secrets.
        for error in wrong.errors(include_url=False, include_input=False):
            setting = str(error["loc"][0]).upper() if error["loc"] else "SETTINGS"
            print(f"{name}: MONITORS_{setting.removeprefix('MONITORS_')}: {error['msg']}", file=sys.stderr)
        sys.exit(2)
    except ValueError as wrong:
        sys.exit(_told(name, wrong, 2))
    except (RuntimeError, OSError, NatsError) as failure:
        sys.exit(_told(name, failure, 1))


async def _run(name: str, build: Build) -> None:
    settings, http = RuntimeSettings(), HttpSettings()
    logs.configure(settings)
    provider = telemetry.configure(settings, name)
    runtime = Runtime(settings)
    built = build(runtime)
    web = built if isinstance(built, Web) else Web(health.application(runtime), lambda: None)
    stopped = stop_on_signals()
    with listen(http.host, http.port) as listener:
        starting = asyncio.ensure_future(runtime.start())
        if not await _first(starting, stopped):
            return
        server = HttpServer(web, listener)
        await server.start()
        log.info("service runs", service=name, host=http.host, port=http.port)
        await stopped.wait()
        await server.stop()
        await runtime.stop()
    provider.shutdown()
    log.info("service stopped", service=name)


async def _first(starting: "asyncio.Future[None]", stopped: asyncio.Event) -> bool:
    """Whether it has started before it was asked to stop. Raises what kept it from starting."""
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if starting.done():
        starting.result()
        return True
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    return False


def stop_on_signals() -> asyncio.Event:
    """An event set by the first SIGTERM or SIGINT; a later one ends the process as if we had not asked.

    Ctrl-C under `uv run` or `make` can arrive twice, from the terminal and handed on: what comes within a moment is one.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def let_go() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    def stop() -> None:
        if not stopped.is_set():
            stopped.set()
            loop.call_later(SAME_SIGNAL_SECONDS, let_go)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    return stopped


def listen(host: str, port: int) -> socket.socket:
    """Open the port before anything else starts. Raises OSError that says which port, and why not."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as failure:
        raise OSError(failure.errno, f"port {port} on {host} can't be used ({failure.strerror})") from failure


class HttpServer:
    """Serves an application on a socket that is open already."""

    def __init__(self, web: Web, listener: socket.socket) -> None:
        self._web = web
        self._listener = listener
        self._server = _QuietServer(
            uvicorn.Config(
                web.application,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=5,
                # Longer than clients keep a connection they may use again, or they write to one that is being closed.
                timeout_keep_alive=75,
                server_header=False,
                backlog=2048,
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Serve from now on."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]), name="http server")
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """End event streams, answer what was asked, stop."""
        self._web.end_streams()
        self._server.should_exit = True
        if self._task:
            await self._task


class _QuietServer(uvicorn.Server):
    """uvicorn under our own owner: signals are not its business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _told(name: str, failure: Exception, code: int) -> int:
    print(f"{name}: {failure or type(failure).__name__}", file=sys.stderr)
    return code
