"""`python -m monitors_<service>`: what a container shows when it can't start, and how it ends when asked to."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Iterator
from pathlib import Path

import httpx
import pytest

from monitors_operator.bootstrap import SERVICES
from monitors_runtime.embedded.nats import EmbeddedNats
from monitors_runtime.embedded.postgres import EmbeddedPostgres

SECRET = "a-secret-of-this-test-that-is-long-enough"


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def environment(port: int, tmp_path: Path) -> dict[str, str]:
    """Settings of a process that finds nothing to connect to."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MONITORS_")}
    return inherited | {
        "MONITORS_DATABASE_URL": "postgresql://monitors@127.0.0.1:1/monitors",
        "MONITORS_NATS_URL": "nats://127.0.0.1:1",
        "MONITORS_SECRET_KEY": SECRET,
        "MONITORS_DATA_DIR": str(tmp_path),
        "MONITORS_PORT": str(port),
    }


def _run(service: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"monitors_{service}"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_start_without_a_database_says_so_in_one_line(environment: dict[str, str]):
    done = _run("alerter", environment)
    assert done.returncode == 1
    assert done.stderr.startswith("alerter: migrations of runtime failed")
    assert "connection refused" in done.stderr
    assert "Traceback" not in done.stderr


def test_start_with_wrong_settings_names_them_and_keeps_their_values(environment: dict[str, str]):
    wrong = environment | {"MONITORS_NATS_REPLICAS": "many-4711", "MONITORS_LOG_LEVEL": "loud"}
    done = _run("alerter", wrong)
    assert done.returncode == 2
    assert "alerter: MONITORS_NATS_REPLICAS: " in done.stderr
    assert "alerter: MONITORS_LOG_LEVEL: " in done.stderr
    assert "4711" not in done.stderr


@pytest.mark.parametrize("service", ["gateway", "notifier"])
def test_start_without_a_secret_is_refused(environment: dict[str, str], service: str):
    del environment["MONITORS_SECRET_KEY"]
    done = _run(service, environment)
    assert done.returncode == 2
    assert "MONITORS_SECRET_KEY" in done.stderr


def test_start_on_a_taken_port_says_which(environment: dict[str, str], port: int):
    with socket.create_server(("127.0.0.1", port)):
        done = _run("metrics", environment)
    assert done.returncode == 1
    assert f"port {port} on 127.0.0.1 can't be used" in done.stderr


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[dict[str, str]]:
    """NATS and PostgreSQL of this test's own."""
    nats, postgres = EmbeddedNats(tmp_path / "nats"), EmbeddedPostgres(tmp_path / "postgres")
    with asyncio.Runner() as runner:
        runner.run(_both(nats.start(), postgres.start()))
        yield {"MONITORS_NATS_URL": nats.url, "MONITORS_DATABASE_URL": postgres.url}
        runner.run(_both(nats.stop(), postgres.stop()))


@pytest.mark.integration
@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_alone_answers_health_and_ends_with_zero_when_asked(
    servers: dict[str, str], environment: dict[str, str], port: int, service: str
):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"monitors_{service}"),
        env=environment | servers,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            assert await _ready(client, process) == {"status": "ready", "services": [service]}
            assert (await client.get("/metrics")).text.count("# HELP monitors_") > 5
        process.send_signal(signal.SIGTERM)
        _, lines = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, lines.decode()
    assert '"service stopped"' in lines.decode()


async def _ready(client: httpx.AsyncClient, process: asyncio.subprocess.Process) -> object:
    for _ in range(600):
        assert process.returncode is None, await process.communicate()
        try:
            return (await client.get("/health/ready")).json()
        except httpx.TransportError:
            await asyncio.sleep(0.1)
    raise AssertionError("not ready within a minute")


async def _both(*starting: Awaitable[None]) -> None:
    await asyncio.gather(*starting)
