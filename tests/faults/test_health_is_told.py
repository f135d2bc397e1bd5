"""A service that dies is told of, once, and so is its return; by kill -9 of its process on a platform of several."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import nats
import pytest

from monitors_contracts.platform import PartState, SystemHealthChanged
from monitors_contracts.topology import SERVICES
from monitors_runtime.embedded.nats import EmbeddedNats
from monitors_runtime.embedded.postgres import EmbeddedPostgres

pytestmark = [pytest.mark.fault, pytest.mark.integration, pytest.mark.xdist_group("faults")]

PATIENCE = 120.0
"""Seconds; a change is told after two looks."""


class Processes:
    """Services in processes of their own, on one bus and database."""

    def __init__(self, folder: Path, bus: str, database: str, port: int) -> None:
        self._folder = folder
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MONITORS_")},
            "MONITORS_NATS_URL": bus,
            "MONITORS_DATABASE_URL": database,
            "MONITORS_DATA_DIR": str(folder / "data"),
            "MONITORS_SECRET_KEY": "a secret for tests that is long enough",
            "MONITORS_PORT": str(port),
            "MONITORS_AGENT": "false",
            "MONITORS_HEALTH_SECONDS": "5",
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, *services: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "monitors_operator", "run", *services]
        with (self._folder / f"{services[0]}.log").open("ab") as log:
            started = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        self.running.append(started)
        return started

    def end(self) -> None:
        for each in self.running:
            each.kill()
            each.wait()


@pytest.fixture
async def servers_of_its_own(own_folder: Path) -> AsyncIterator[tuple[Any, Any]]:
    bus, database = EmbeddedNats(own_folder / "nats"), EmbeddedPostgres(own_folder / "postgres")
    await asyncio.gather(bus.start(), database.start())
    yield bus, database
    await asyncio.gather(bus.stop(), database.stop())


async def until(condition: Callable[[], Any], what: str) -> None:
    """Wait for a condition, which may be a coroutine's."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.2)
    raise AssertionError(what)


async def test_a_service_that_is_killed_is_told_down_and_up_again(
    own_folder: Path, servers_of_its_own: tuple[Any, Any], unused_tcp_port: int
) -> None:
    bus, database = servers_of_its_own
    processes = Processes(own_folder, bus.url, database.url, unused_tcp_port)
    connection = await nats.connect(bus.url)
    told: list[SystemHealthChanged] = []

    async def hear(message: Any) -> None:
        told.append(SystemHealthChanged.model_validate_json(message.data))

    await connection.subscribe("evt.system.health-changed.>", cb=hear)
    api = httpx.AsyncClient(base_url=f"http://127.0.0.1:{unused_tcp_port}", timeout=20)
    try:
        others = [name for name in SERVICES if name not in ("gateway", "metrics")]
        processes.start("gateway", *others)
        victim = processes.start("metrics")
        await until(lambda: ready(api), "the gateway is ready")
        person = {"email": "robin@example.com", "password": "Correct1horse", "name": "Robin"}
        api.headers["Authorization"] = f"Bearer {(await api.post('/api/auth/register', json=person)).json()['token']}"

        async def stands(expected: PartState) -> bool:
            """The API says so, and since when: it is written down, not only seen."""
            parts = (await api.get("/api/system/health")).json().get("parts", [])
            return any(each["name"] == "metrics" and each["state"] == expected and each["since"] for each in parts)

        await until(lambda: stands(PartState.UP), "metrics is up")
        told.clear()
        victim.kill()
        victim.wait()
        await until(lambda: stands(PartState.DOWN), "metrics is down")
        status = (await api.get("/api/system/health")).json()
        assert status["state"] == "degraded"
        assert [each["name"] for each in status["parts"] if each["state"] == "down"] == ["metrics"]
        processes.start("metrics")
        await until(lambda: stands(PartState.UP), "metrics is up again")
        await until(lambda: len(of_metrics(told)) >= 2, "both changes are published")
        down, up = of_metrics(told)
        assert (down.state, down.before, down.reason) == (PartState.DOWN, PartState.UP, "No process of it answers.")
        assert (up.state, up.before, up.reason) == (PartState.UP, PartState.DOWN, "")
    finally:
        await api.aclose()
        await connection.close()
        processes.end()


def of_metrics(told: list[SystemHealthChanged]) -> list[SystemHealthChanged]:
    return [each for each in told if each.part == "metrics"]


async def ready(api: httpx.AsyncClient) -> bool:
    try:
        return (await api.get("/health/ready")).status_code == 200
    except httpx.HTTPError:
        return False
