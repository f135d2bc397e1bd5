"""A real platform in a process of its own, driven as its users drive it, and a site for it to watch."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from driving import eventually


@dataclass
class Site:
    """Pages to watch, and a webhook that notes what arrives. Both may be changed while they are served."""

    pages: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    hooks: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    served: list[str] = field(default_factory=list[str])
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def shop(self, path: str, price: float) -> str:
        """Put a product page at the path; its URL."""
        body = f"<html><body><main><h1>Copper kettle</h1><p class=price>${price:.2f}</p></main></body></html>"
        self.pages[path] = ("text/html", body)
        return self.url + path


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.served.append(self.path)
            kind, body = site.pages.get(self.path, ("text/plain", ""))
            self._answer(200 if body else 404, kind, body.encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            site.hooks.append((self.headers.get("webhook-id", ""), json.loads(body)))
            self._answer(200, "text/plain", b"ok")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield site
    server.shutdown()
    server.server_close()


class PlatformProcess:
    """`monitors up` as a child process."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.api = f"http://127.0.0.1:{self.port}"
        self._settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self._log = data_dir.parent / f"{data_dir.name}.log"

    def start(self) -> "PlatformProcess":
        """Start and wait until ready."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MONITORS_")},
            "MONITORS_ALLOW_PRIVATE_ADDRESSES": "true",
            "MONITORS_MONITORS_PER_USER": "0",
            "MONITORS_REFRESHES_PER_MINUTE": "0",
            "MONITORS_REFRESHES_PER_DAY": "0",
            "MONITORS_RETRY_FIRST_WAIT": "0.5",
            "MONITORS_AGENT": "false",
            "MONITORS_HEALTH_SECONDS": "5",
            **self._settings,
        }
        command = [sys.executable, "-m", "monitors_operator", "up", "--data-dir", str(self.data_dir)]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port)], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        eventually(self._ready, f"{self.api}/health/ready; log: {self._log}")
        return self

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self._log.read_text()[-3000:]
        try:
            return httpx.get(f"{self.api}/health/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        """kill -9, as a power cut would; what it started ends with it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()

    def children(self, *words: str) -> list[int]:
        """Process ids below the platform whose command line holds all these words."""
        import psutil

        assert self.process is not None
        found: list[int] = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                line = " ".join(child.cmdline())
            except psutil.Error:
                continue
            if all(word in line for word in words):
                found.append(child.pid)
        return found

    def wait_until(self, condition: Callable[[], Any], what: str) -> None:
        """Wait for something that takes as long as it takes."""
        eventually(condition, what, patience=240)

    def user(self, name: str = "someone") -> "User":
        """A new user, signed up."""
        return User(self.api, name)


class User:
    """One user of the REST API, over connections that may break and are made anew."""

    def __init__(self, api: str, name: str) -> None:
        self._api = api
        email = f"{name}-{time.time_ns()}@example.com"
        answer = self._patiently(
            "POST", "/api/auth/register", {"email": email, "password": "Correct1horse", "name": name}
        )
        self.token: str = answer["token"]

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One request."""
        headers = {"Authorization": f"Bearer {self.token}", **headers} if hasattr(self, "token") else headers
        return httpx.request(method, self._api + path, json=body, headers=headers, timeout=40)

    def _patiently(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Again until it is answered: for steps that are not the subject of a test."""

        def asked() -> dict[str, Any] | None:
            try:
                answer = self.call(method, path, body)
            except httpx.HTTPError:
                return None
            assert answer.status_code < 500 or answer.status_code in (503, 504), answer.text
            return answer.json() if answer.status_code < 300 else None

        return eventually(asked, f"{method} {path}")

    def watch(self, prompt: str, name: str | None = None) -> str:
        """Create a monitor; its id."""
        return self._patiently("POST", "/api/monitors", {"prompt": prompt, **({"name": name} if name else {})})[
            "monitor"
        ]["id"]

    def check(self, monitor: str) -> dict[str, Any]:
        """Check now, and the evaluation."""
        return self._patiently("POST", f"/api/monitors/{monitor}/refresh", {})["evaluation"]

    def start_checks(self, monitors: list[str]) -> dict[str, str]:
        """Start many checks; monitor id by refresh id, for those that were accepted."""
        answer = self._patiently("POST", "/api/monitors/refresh", {"ids": monitors, "wait": False})
        return {item["refreshId"]: item["monitorId"] for item in answer["evaluations"]}

    def get(self, path: str) -> dict[str, Any]:
        """Read something."""
        return self._patiently("GET", path)

    def all(self, path: str, key: str) -> list[dict[str, Any]]:
        """Every item of a paged list."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(f"{path}?limit=100{cursor}")
            items += page[key]
            if not page.get("nextCursor"):
                return items
            cursor = f"&cursor={page['nextCursor']}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder for platforms. Not one of pytest's: those are closed to the system user that PostgreSQL runs as."""
    with tempfile.TemporaryDirectory(prefix="monitors-tests-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture
def new_platform(folder: Path) -> Iterator[Callable[..., PlatformProcess]]:
    """Makes platforms that end with the test."""
    made: list[PlatformProcess] = []

    def make(**settings: str) -> PlatformProcess:
        platform = PlatformProcess(folder / f"data-{time.time_ns()}", **settings)
        made.append(platform)
        return platform.start()

    yield make
    for platform in made:
        platform.end()


@pytest.fixture(scope="session")
def platform(folder: Path) -> Iterator[PlatformProcess]:
    """One platform for all tests that leave it whole."""
    platform = PlatformProcess(folder / "shared").start()
    yield platform
    platform.end()


@pytest.fixture
def run_async() -> Callable[[Any], Any]:
    """Run a coroutine to its end."""
    return asyncio.run
