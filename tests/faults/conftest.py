"""What faults are to hit: a burst of changes, and the platform as services apart."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import pytest_asyncio

from monitors_runtime.embedded.child import Child
from monitors_runtime.embedded.nats import EmbeddedNats
from monitors_runtime.embedded.postgres import EmbeddedPostgres
from monitors_runtime.runtime import Runtime
from monitors_runtime.settings import RuntimeSettings

PATIENCE = 120.0
OUTAGE_SECONDS = 10


@dataclass
class Burst:
    """Monitors that all have something to tell, and what must be true of them once all has settled."""

    user: Any
    site: Any
    monitors: dict[str, str]
    refreshes: dict[str, str] = field(default_factory=dict[str, str])

    def change_and_check(self) -> None:
        """Every price drops, and every monitor is checked."""
        for path in self.monitors.values():
            self.site.shop(path, 40)
        self.refreshes |= self.user.start_checks(list(self.monitors))

    def settle(self) -> None:
        """Wait until every accepted refresh has its verdict, every alert its deliveries, and the webhooks are in."""
        self.until(lambda: all(self.evaluation(refresh)["status"] == "done" for refresh in self.refreshes), "verdicts")
        self.until(lambda: len(self.user.all("/api/alerts", "alerts")) >= len(self.monitors), "alerts")
        self.until(self._all_sent, "deliveries")

    def settle_hooks(self) -> None:
        """Wait until the healthy webhook has heard of every monitor."""
        self.until(lambda: len({hook for hook, _ in self.site.hooks}) >= len(self.monitors), "webhooks")

    def assert_exactly_once(self) -> None:
        """One evaluation a refresh, one alert a monitor, one delivery an alert and channel."""
        for refresh, monitor in self.refreshes.items():
            evaluation = self.evaluation(refresh)
            assert evaluation["verdict"] == "triggered", (monitor, evaluation)
        counts = {monitor: self.user.get(f"/api/monitors/{monitor}")["monitor"] for monitor in self.monitors}
        assert {item["evaluationCount"] for item in counts.values()} == {2}
        assert {item["triggerCount"] for item in counts.values()} == {1}
        alerts = Counter(alert["monitorId"] for alert in self.user.all("/api/alerts", "alerts"))
        assert alerts == Counter(dict.fromkeys(self.monitors, 1))
        sent = Counter(
            (item["alertId"], item["channelKind"])
            for item in self.user.all("/api/notifications", "notifications")
            if item["state"] == "sent"
        )
        assert set(sent.values()) == {1}
        assert len(sent) == 2 * len(self.monitors), "each alert to the outbox and to the webhook"
        outbox = Counter(message["alertId"] for message in self.user.all("/api/outbox", "messages"))
        assert set(outbox.values()) == {1}
        assert len(outbox) == len(self.monitors)
        heard = Counter(
            body["data"]["monitorId"] for _, body in {hook: (hook, body) for hook, body in self.site.hooks}.values()
        )
        assert heard == Counter(dict.fromkeys(self.monitors, 1)), "by its id, a webhook is told once"

    def evaluation(self, refresh: str) -> dict[str, Any]:
        return self.user.get(f"/api/monitors/{self.refreshes[refresh]}/evaluations/{refresh}")["evaluation"]

    def _all_sent(self) -> bool:
        return self._sent() >= 2 * len(self.monitors)

    def _sent(self) -> int:
        return sum(item["state"] == "sent" for item in self.user.all("/api/notifications", "notifications"))

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s in vain for {what}"
            time.sleep(0.2)


@pytest.fixture
def start_burst(site: Any) -> Callable[..., Burst]:
    """Make monitors, check them once, then change everything and start the checks that a fault is to hit."""

    def start(platform: Any, monitors: int, *, begin: bool = True) -> Burst:
        user = platform.user("burst")
        assert user.call("POST", "/api/channels", {"kind": "webhook", "url": f"{site.url}/hook"}).status_code == 201
        made = {
            user.watch(f"tell me when the price at {site.shop(path, 80)} drops below $50", path[1:]): path
            for path in (f"/kettle-{number}" for number in range(monitors))
        }
        burst = Burst(user, site, made)
        burst.refreshes = user.start_checks(list(made))
        burst.until(lambda: all(burst.evaluation(one)["status"] == "done" for one in burst.refreshes), "first checks")
        burst.refreshes = {}
        if begin:
            burst.change_and_check()
        return burst

    return start


class Service:
    """A service in a process of its own."""

    def __init__(self, name: str, environment: dict[str, str], log: Path) -> None:
        self._command = [sys.executable, "-m", f"monitors_{name}"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._environment = environment | {"MONITORS_PORT": str(self.port)}
        self._log = log
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self._command, env=os.environ | self._environment, stdout=log, stderr=log
            )
        await until(self._ready, f"{self._command}; log: {self._log}")

    async def _ready(self) -> bool:
        try:
            async with httpx.AsyncClient() as client:
                return (await client.get(f"http://127.0.0.1:{self.port}/health/ready")).status_code == 200
        except httpx.HTTPError:
            return False

    async def kill(self) -> None:
        """kill -9."""
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@dataclass
class Apart:
    """The platform as services apart: what each fault is to hit. `services` has as many of each name as were asked for."""

    nats: EmbeddedNats
    postgres: EmbeddedPostgres
    runtime: Runtime
    services: dict[str, list[Service]]

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.services['gateway'][0].port}"

    async def killed(self, *services: Service) -> None:
        """kill -9 of these, and back after a while: others have time to take over, or work to gather."""
        await asyncio.gather(*(service.kill() for service in services))
        await asyncio.sleep(2)
        await asyncio.gather(*(service.start() for service in services))

    async def frozen(self, child: Child) -> None:
        """A server stands still for ten seconds."""
        assert child.pid
        process = psutil.Process(child.pid)
        all_of_it = [process, *process.children(recursive=True)]
        for each in all_of_it:
            each.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(OUTAGE_SECONDS)
        finally:
            for each in all_of_it:
                each.send_signal(signal.SIGCONT)

    async def gone(self, child: Child) -> None:
        """A server is killed, and back after ten seconds."""
        assert child.pid
        os.kill(child.pid, signal.SIGKILL)
        await child.stop()  # it would come back at once
        await asyncio.sleep(OUTAGE_SECONDS)
        await child.start(60)

    async def until(self, condition: Callable[[], Awaitable[Any]], what: str) -> Any:
        """Wait for something that takes as long as it takes."""
        return await until(condition, what)


async def until(condition: Callable[[], Awaitable[Any]], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := await condition()):
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s in vain for: {what}"
        await asyncio.sleep(0.2)
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def apart(
    request: pytest.FixtureRequest, servers_folder: Callable[[], AbstractContextManager[Path]]
) -> AsyncGenerator[Apart]:
    """The services that the module names as SERVICES, with its SETTINGS."""
    names: tuple[str, ...] = request.module.SERVICES
    with servers_folder() as folder:
        nats, postgres = EmbeddedNats(folder / "nats"), EmbeddedPostgres(folder / "postgres")
        await asyncio.gather(nats.start(), postgres.start())
        environment = {
            "MONITORS_NATS_URL": nats.url,
            "MONITORS_DATABASE_URL": postgres.url,
            "MONITORS_DATA_DIR": str(folder),
            "MONITORS_SECRET_KEY": "k" * 40,
            "MONITORS_LOG_LEVEL": "warning",
            **getattr(request.module, "SETTINGS", {}),
        }
        services: dict[str, list[Service]] = {}
        for number, name in enumerate(names):
            service = Service(name, environment, folder / f"{name}-{number}.log")
            services.setdefault(name, []).append(service)
            await service.start()
        runtime = Runtime(RuntimeSettings(nats_url=nats.url, database_url=postgres.url, data_dir=folder))
        await runtime.start()
        yield Apart(nats, postgres, runtime, services)
        for each in services.values():
            await asyncio.gather(*(service.kill() for service in each))
        await runtime.stop()
        await asyncio.gather(nats.stop(), postgres.stop())
