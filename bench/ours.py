"""Monitors! under measurement: `monitors up` as a child, used through its REST API."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from measure import Site, free_port, memory_mb, wait_for

SETTINGS = {
    "MONITORS_ALLOW_PRIVATE_ADDRESSES": "true",
    "MONITORS_MONITORS_PER_USER": "0",
    "MONITORS_REFRESHES_PER_MINUTE": "0",
    "MONITORS_REFRESHES_PER_DAY": "0",
}


class Ours:
    """One platform in a temporary folder."""

    name = "Monitors!"

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self.data_dir = Path(self._folder.name) / "data"
        self._port = free_port()
        self.api = f"http://127.0.0.1:{self._port}"
        self._client = httpx.Client(base_url=self.api, timeout=60)
        self._monitors: list[str] = []
        self.email = ""
        self.organization_id = UUID(int=0)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start; seconds until ready."""
        begun = time.perf_counter()
        folder = Path(self._folder.name)
        command = [sys.executable, "-m", "monitors_operator", "up", "--data-dir", str(self.data_dir)]
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self._port)], env=os.environ | SETTINGS, stdout=log, stderr=log
            )
        if not wait_for(lambda: self._client.get("/health/ready").status_code == 200, 90):
            raise RuntimeError((folder / "log").read_text()[-2000:])
        return time.perf_counter() - begun

    def sign_up(self) -> None:
        """One user for what follows."""
        self.email = f"bench-{time.time_ns()}@example.com"
        account = {"email": self.email, "password": "Correct1horse", "name": "Bench"}
        answer = self._client.post("/api/auth/register", json=account).json()
        self._client.headers["Authorization"] = f"Bearer {answer['token']}"
        self.organization_id = UUID(answer["user"]["organizationId"])

    def add_webhook(self, url: str) -> UUID:
        """A channel to this receiver; its id."""
        answer = self._client.post("/api/channels", json={"kind": "webhook", "url": url})
        return UUID(answer.raise_for_status().json()["channel"]["id"])

    def watch(self, site: Site, count: int) -> None:
        """Watch this many pages, and tell a webhook of each change."""
        self.sign_up()
        self._client.post("/api/channels", json={"kind": "webhook", "url": f"{site.url}/hook"}).raise_for_status()
        for number in range(count):
            prompt = f"watch the price of kettle {number} at {site.url}/page/{number} and tell me about any change"
            answer = self._client.post("/api/monitors", json={"prompt": prompt, "name": f"kettle {number}"})
            self._monitors.append(answer.json()["monitor"]["id"])

    def watch_scripted(self, site: Site) -> int:
        """Watch a page that needs a browser; its number among the monitors."""
        prompt = f"watch the price of the kettle at {site.url}/scripted/0 and tell me about any change"
        self._monitors.append(self._client.post("/api/monitors", json={"prompt": prompt}).json()["monitor"]["id"])
        return len(self._monitors) - 1

    def check_all(self) -> tuple[float, int]:
        """Check everything once, durably; seconds until the last verdict, and how many came."""
        before = self._evaluations()
        begun = time.perf_counter()
        answer = self._client.post("/api/monitors/refresh", json={"ids": self._monitors, "wait": False})
        answer.raise_for_status()
        wanted = before + len(self._monitors)
        last = answer.json()["evaluations"][-1]
        path = f"/api/monitors/{last['monitorId']}/evaluations/{last['refreshId']}"
        wait_for(lambda: self._client.get(path).json()["evaluation"]["status"] == "done", 60, pause=0.02)
        wait_for(lambda: self._evaluations() >= wanted, 60, pause=0.05)
        return time.perf_counter() - begun, self._evaluations() - before

    def start_all(self) -> None:
        """Ask for all checks, and do not wait."""
        self._client.post("/api/monitors/refresh", json={"ids": self._monitors, "wait": False}).raise_for_status()

    def check(self, number: int) -> float:
        """Check one and wait for its verdict; seconds."""
        begun = time.perf_counter()
        answer = self._client.post(f"/api/monitors/{self._monitors[number]}/refresh", json={})
        answer.raise_for_status()
        return time.perf_counter() - begun

    def start_check(self, number: int) -> None:
        """Ask for one check, and do not wait."""
        self._client.post(f"/api/monitors/{self._monitors[number]}/refresh?wait=0", json={}).raise_for_status()

    def list_page(self) -> Any:
        """The request that frontends make most."""
        return self._client.get("/api/monitors")

    def token(self) -> str:
        return self._client.headers["Authorization"]

    def memory(self) -> float:
        """MB of the whole platform, NATS and PostgreSQL included."""
        assert self.process
        return memory_mb(self.process.pid)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it like this: as a power cut would, unless told otherwise."""
        assert self.process
        self.process.send_signal(how)
        self.process.wait(60)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        self._folder.cleanup()

    def _evaluations(self) -> int:
        page = self._client.get("/api/monitors?limit=500").json()
        return sum(monitor["evaluationCount"] for monitor in page["monitors"])
