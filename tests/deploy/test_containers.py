"""The whole platform built into images and run from containers once: a page changes, and one message tells of it."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from monitors_operator.bootstrap import SERVICES

pytestmark = [pytest.mark.docker, pytest.mark.timeout(2400)]

BASE = "debian:bookworm-slim"
PAGE = "<html><body><h1>Copper kettle</h1><p>Price: <span class=price>${}</span></p></body></html>"
Compose = Callable[..., str]


def _why_not() -> str | None:
    """Why nothing can be built here, or None."""
    docker = shutil.which("docker")
    if not docker:
        return "docker is not installed"
    found = subprocess.run([docker, "image", "inspect", BASE], capture_output=True, text=True, check=False)
    if found.returncode:
        return f"no Docker engine with the image {BASE}: {(found.stderr.strip().splitlines() or ['?'])[-1]}"
    plugin = subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0
    return None if plugin or shutil.which("docker-compose") else "docker compose is not installed"


def _compose_command() -> list[str]:
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    return ["docker", "compose"] if plugin else ["docker-compose"]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page that is watched; write it to change it."""
    folder = tmp_path_factory.mktemp("page")
    folder.chmod(0o755)
    file = folder / "index.html"
    file.write_text(PAGE.format("79.90"))
    return file


@pytest.fixture(scope="module")
def platform(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Compose]]:
    """The API's address, and a way to ask compose; everything is removed in the end."""
    if why := _why_not():
        pytest.skip(why)
    root = Path(__file__).parents[2]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = tmp_path_factory.mktemp("trial") / ".env"
    secrets = ("MONITORS_SECRET_KEY", "POSTGRES_PASSWORD", "NATS_TOKEN", "NATS_ROUTE_PASSWORD")
    values = {secret: f"{number}f{'0a' * 20}" for number, secret in enumerate(secrets)} | {
        "BASE_IMAGE": BASE,
        "CHROMIUM": "0",
        "GATEWAY_PORT": str(port),
        "MONITORS_VERSION": "trial",
        "MONITORS_ALLOW_PRIVATE_ADDRESSES": "true",
        "MONITORS_REFRESHES_PER_MINUTE": "0",
        "TRIAL_PAGE": str(page.parent),
    }
    environment.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    files = (root / "deploy" / "compose.yaml", root / "tests" / "deploy" / "trial" / "compose.trial.yaml")
    command = [*_compose_command(), "-p", "monitors-trial", "--env-file", str(environment)]
    command += [word for file in files for word in ("-f", str(file))]

    def compose(*arguments: str) -> str:
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, cwd=root / "deploy")
        assert done.returncode == 0, f"{' '.join(arguments)}: {(done.stdout + done.stderr)[-3000:]}"
        return done.stdout

    try:
        compose("build")
        compose("up", "-d", "--no-build")
        yield f"http://127.0.0.1:{port}", compose
    finally:
        compose("down", "--volumes", "--timeout", "40")


@pytest.fixture(scope="module")
def api(platform: tuple[str, Compose]) -> Iterator[httpx.Client]:
    """A signed-in user, once the gateway serves."""
    with httpx.Client(base_url=platform[0], timeout=60, trust_env=False) as client:
        _until(lambda: client.get("/health/ready").status_code == 200, seconds=120)
        user = {"email": "robin@example.com", "password": "Correct1horse", "name": "Robin"}
        reply = client.post("/api/auth/register", json=user)
        assert reply.status_code == 201, reply.text
        client.headers["Authorization"] = f"Bearer {reply.json()['token']}"
        yield client


def _until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if holds():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    pytest.fail(f"not within {seconds:g} s")


def _check(api: httpx.Client, monitor: str) -> dict[str, Any]:
    reply = api.post(f"/api/monitors/{monitor}/refresh")
    assert reply.status_code == 200, reply.text
    return reply.json()["evaluation"]


def test_a_page_that_changes_leads_to_one_alert_and_one_message(api: httpx.Client, page: Path):
    prompt = "Tell me when the price of the copper kettle at http://page:8080/ drops below $50"
    created = api.post("/api/monitors", json={"prompt": prompt})
    assert created.status_code == 201, created.text
    monitor = created.json()["monitor"]["id"]

    before = _check(api, monitor)
    assert (before["value"], before["triggered"]) == (79.9, False)

    page.write_text(PAGE.format("44.50"))
    after = _check(api, monitor)
    assert (after["value"], after["triggered"]) == (44.5, True)

    _until(lambda: bool(api.get("/api/outbox").json()["messages"]), seconds=30)
    assert len(api.get("/api/alerts").json()["alerts"]) == 1
    _check(api, monitor)
    time.sleep(2)
    assert len(api.get("/api/outbox").json()["messages"]) == 1


def test_every_container_is_healthy_and_stays_without_complaint(platform: tuple[str, Compose], api: httpx.Client):
    assert api.get("/health/ready").status_code == 200
    for name in SERVICES:
        container = platform[1]("ps", "-q", name).strip()
        form = "{{.State.Health.Status}} {{.RestartCount}} {{.HostConfig.ReadonlyRootfs}} {{.Config.User}}"
        inspected = ["docker", "inspect", "-f", form, container]
        _until(lambda asked=inspected: _output(asked) == "healthy 0 true 10001:10001", seconds=60)


def test_prometheus_sees_every_service(platform: tuple[str, Compose], api: httpx.Client):
    ask = ("exec", "-T", "prometheus", "wget", "-qO-", "http://127.0.0.1:9090/api/v1/query?query=up%3D%3D1")
    _until(lambda: all(f'"service":"{name}"' in platform[1](*ask) for name in SERVICES), seconds=60)


def test_the_loop_survives_the_loss_of_one_nats_server(platform: tuple[str, Compose], api: httpx.Client, page: Path):
    monitor = api.get("/api/monitors").json()["monitors"][0]["id"]
    platform[1]("stop", "nats-2")
    page.write_text(PAGE.format("61.00"))
    _until(lambda: api.post(f"/api/monitors/{monitor}/refresh").json()["evaluation"]["value"] == 61.0, seconds=60)


def test_a_service_stops_at_once_and_in_order(platform: tuple[str, Compose], api: httpx.Client):
    container = platform[1]("ps", "-q", "alerter").strip()
    begun = time.monotonic()
    platform[1]("stop", "alerter")
    assert time.monotonic() - begun < 30
    assert _output(["docker", "inspect", "-f", "{{.State.ExitCode}}", container]) == "0"


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
