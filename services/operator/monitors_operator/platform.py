"""The whole platform on one machine: embedded servers, all services, one owner that starts and stops them in order."""

import asyncio
import fcntl
import json
import os
import secrets
import socket
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

import structlog
from fastapi import FastAPI
from pydantic import Field, SecretStr

from monitors_runtime import health, logs, telemetry
from monitors_runtime.embedded.child import Child
from monitors_runtime.embedded.nats import EmbeddedNats
from monitors_runtime.embedded.postgres import EmbeddedPostgres
from monitors_runtime.runtime import Runtime
from monitors_runtime.settings import RuntimeSettings, Settings
from monitors_runtime.standalone import HttpServer, Web, listen

from .agent.agent import Agent
from .agent.buffer import Buffer
from .agent.machine import readings
from .agent.own_token import connected_by_own_token
from .agent.readings import Source, of_registry
from .bootstrap import SERVICES, build
from .client import Api
from .connect import connected
from .locate import INFO_FILE, running

log = structlog.get_logger(__name__)

_AGENT_BUFFER_BYTES = 100 * 1024 * 1024


class PlatformSettings(Settings):
    """What `monitors up` may be told."""

    data_dir: Path = Field(default=Path(".monitors"), description="Folder of everything the platform keeps on disk")
    host: str = Field(default="127.0.0.1", description="Address the API listens on")
    port: int = Field(default=8000, ge=1, le=65535, description="Port the API listens on")
    workers: int = Field(
        default=0, ge=0, le=64, description="Processes beside the first that take fetching and evaluating off it"
    )
    agent: bool = Field(default=True, description="Measure this machine and the platform itself")
    agent_interval: float = Field(default=15, ge=1, le=3600, description="Seconds between these measurements")
    agent_token: SecretStr | None = Field(
        default=None,
        description="API token (scope `metrics:write`) of the organization that they go to; by default that of the data "
        "folder's own user",
    )


class CannotStart(Exception):
    """The platform can't start here, and why, in one line for a person."""


class Platform:
    """`monitors up`. NATS and PostgreSQL are embedded unless MONITORS_NATS_URL / MONITORS_DATABASE_URL name others."""

    def __init__(self, settings: PlatformSettings) -> None:
        self.settings = settings
        self.data_dir = settings.data_dir.expanduser().absolute()
        self._lock: IO[str] | None = None
        self._nats: EmbeddedNats | None = None
        self._postgres: EmbeddedPostgres | None = None
        self._server: HttpServer | None = None
        self._workers: list[Child] = []
        self.runtime: Runtime | None = None
        self._agent: asyncio.Task[None] | None = None

    @property
    def api(self) -> str:
        """The API's base URL."""
        host = "127.0.0.1" if self.settings.host in ("0.0.0.0", "::") else self.settings.host  # noqa: S104
        return f"http://{host}:{self.settings.port}"

    async def start(self) -> None:
        """Start everything; when this returns, the API serves. Raises CannotStart."""
        self._take_data_dir()
        listener = _listen(self.settings.host, self.settings.port)
        try:
            await self._start_servers()
            settings = self._runtime_settings()
            telemetry.configure(settings, "platform")
            others = ("scraper", "evaluator") if self.settings.workers else ()
            self.runtime = Runtime(settings)
            application = build(self.runtime, [name for name in SERVICES if name not in others])
            assert application is not None
            await self.runtime.start()
            await self._start_workers(settings, others)
            self._server = HttpServer(_web(application), listener)
            await self._server.start()
        except BaseException as failure:
            listener.close()
            await self.stop()
            if isinstance(failure, RuntimeError | OSError):
                raise CannotStart(str(failure)) from failure
            raise
        self._write_info(settings)
        if self.settings.agent:
            self._agent = asyncio.create_task(own_agent(self.settings, "platform", machine=True).run(), name="agent")

    async def stop(self) -> None:
        """Stop everything, in the order that loses nothing: requests, services, then the servers beneath them."""
        (self.data_dir / INFO_FILE).unlink(missing_ok=True)
        await _ended(self._agent)
        if self._server:
            await self._server.stop()
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        if self.runtime and hasattr(self.runtime, "connection"):
            await self.runtime.stop()
        servers = [server for server in (self._nats, self._postgres) if server]
        await asyncio.gather(*(server.stop() for server in servers), return_exceptions=True)
        if self._lock:
            self._lock.close()

    def _take_data_dir(self) -> None:
        """One owner a folder. The lock goes with the process, however it ends."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            lock = (self.data_dir / "lock").open("a+")
        except OSError as failure:
            raise CannotStart(f"can't use the data folder {self.data_dir}: {failure.strerror}") from failure
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            info = running(self.data_dir)
            where = f" at {info.api} (process {info.pid})" if info else ""
            raise CannotStart(
                f"the data folder {self.data_dir} is in use by a platform that runs already{where}; "
                "stop that one, or name another folder with --data-dir"
            ) from None
        self._lock = lock

    async def _start_servers(self) -> None:
        starting: list[Any] = []
        if not os.environ.get("MONITORS_NATS_URL"):
            self._nats = EmbeddedNats(self.data_dir / "nats")
            starting.append(self._nats.start())
        if not os.environ.get("MONITORS_DATABASE_URL"):
            self._postgres = EmbeddedPostgres(self.data_dir / "postgres")
            starting.append(self._postgres.start())
        await asyncio.gather(*starting)

    def _runtime_settings(self) -> RuntimeSettings:
        given: dict[str, Any] = {"data_dir": self.data_dir, "secret_key": kept_secret(self.data_dir)}
        if self._nats:
            given["nats_url"] = self._nats.url
        if self._postgres:
            given["database_url"] = self._postgres.url
        if "MONITORS_LOG_LEVEL" not in os.environ:
            given["log_level"] = "warning"
        if "MONITORS_LOG_FORMAT" not in os.environ:
            given["log_format"] = "text"
        settings = RuntimeSettings(**given)
        logs.configure(settings)
        return settings

    async def _start_workers(self, settings: RuntimeSettings, services: Sequence[str]) -> None:
        """Processes of `monitors run`, restarted when they end, ended with us."""
        assert settings.secret_key
        environment = os.environ | {
            "MONITORS_NATS_URL": settings.nats_url,
            "MONITORS_DATABASE_URL": settings.database_url,
            "MONITORS_DATA_DIR": str(self.data_dir),
            "MONITORS_SECRET_KEY": settings.secret_key.get_secret_value(),
            "MONITORS_LOG_LEVEL": settings.log_level,
            "MONITORS_LOG_FORMAT": settings.log_format,
        }
        for number in range(1, self.settings.workers + 1):
            ready_file = self.data_dir / f"worker-{number}.ready"
            ready_file.unlink(missing_ok=True)
            command = [sys.executable, "-m", "monitors_operator", "run", *services, "--ready-file", str(ready_file)]
            worker = Child(
                f"worker {number}",
                command,
                ready=lambda file=ready_file: _exists(file),
                log_file=self.data_dir / f"worker-{number}.log",
                environment=environment,
            )
            self._workers.append(worker)
        await asyncio.gather(*(worker.start(60) for worker in self._workers))

    def _write_info(self, settings: RuntimeSettings) -> None:
        """Where tools on this machine find us. Only the owner may read it: it holds the bus's token."""
        file = self.data_dir / INFO_FILE
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as target:
            json.dump(
                {
                    "pid": os.getpid(),
                    "port": self.settings.port,
                    "api": self.api,
                    "nats": settings.nats_url,
                    "database": settings.database_url,
                },
                target,
            )


async def run_services(
    names: Sequence[str], health_port: int | None, ready_file: Path | None, stopped: asyncio.Event
) -> None:
    """`monitors run`: these services against given NATS and PostgreSQL, until `stopped`. Raises CannotStart."""
    settings = RuntimeSettings()
    logs.configure(settings)
    telemetry.configure(settings, "-".join(names))
    runtime = Runtime(settings)
    application = build(runtime, names)
    try:
        await runtime.start()
    except (RuntimeError, OSError) as failure:
        raise CannotStart(str(failure)) from failure
    server: HttpServer | None = None
    if health_port is not None or application is not None:
        host = os.environ.get("MONITORS_HOST", "127.0.0.1")
        listener = _listen(host, health_port or int(os.environ.get("MONITORS_PORT", "8000")))
        server = HttpServer(
            _web(application) if application else Web(health.application(runtime), lambda: None), listener
        )
        await server.start()
    agent: asyncio.Task[None] | None = None
    if ready_file:
        ready_file.write_text(str(os.getpid()))
        if (measured := PlatformSettings()).agent:
            agent = asyncio.create_task(own_agent(measured, ready_file.stem, machine=False).run(), name="agent")
    log.info("services run", services=list(names))
    await stopped.wait()
    await _ended(agent)
    if server:
        await server.stop()
    await runtime.stop()


def kept_secret(data_dir: Path) -> SecretStr:
    """The key that signs tokens: of the environment, or made once and kept in the data folder."""
    if given := os.environ.get("MONITORS_SECRET_KEY"):
        return SecretStr(given)
    file = data_dir / "secret.key"
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as target:
            target.write(secrets.token_urlsafe(48))
    return SecretStr(file.read_text().strip())


def _listen(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except OSError as failure:
        raise CannotStart(f"{failure.strerror}; name another one with --port") from failure


def _web(application: FastAPI) -> Web:
    return Web(application, application.state.gateway.feed.close)


def own_agent(settings: PlatformSettings, process: str, *, machine: bool) -> Agent:
    """What measures this process of the platform, and with `machine` the machine too."""
    name = socket.gethostname()
    sources: list[tuple[Source, dict[str, str]]] = [
        (of_registry, {"job": "monitors", "instance": name, "process": process})
    ]
    if machine:
        sources.append((readings, {"job": "node", "instance": name}))
    token = settings.agent_token.get_secret_value() if settings.agent_token else None
    data_dir = settings.data_dir.expanduser().absolute()
    buffer = Buffer(data_dir / "agent" / process, _AGENT_BUFFER_BYTES)

    def connect() -> AbstractContextManager[Api]:
        if token:
            return connected(None, data_dir, token)
        return connected_by_own_token(data_dir, buffer.folder / "token")

    return Agent(connect, buffer, sources, settings.agent_interval)


async def _ended(task: "asyncio.Task[None] | None") -> None:
    if task:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _exists(file: Path) -> None:
    if not file.exists():
        raise FileNotFoundError(f"{file.name} is not there yet")
