"""Monitors! with each service of the alert pipeline in a process of its own, so that each can be measured, or killed, alone."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import httpx
from alerting import Arrivals, Below, Grouping, ask, route
from measure import free_port, memory_mb, wait_for

from monitors_runtime.embedded.nats import EmbeddedNats
from monitors_runtime.embedded.postgres import EmbeddedPostgres

SERVICES = ("gateway", "alerter", "notifier")


class Apart:
    """NATS, PostgreSQL, a gateway, an alerter and a notifier, with one account whose alerts go to the receiver."""

    name = "Monitors!"

    def __init__(self, arrivals: Arrivals, grouping: Grouping) -> None:
        self._arrivals, self._grouping = arrivals, grouping
        self._folder = tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        folder.chmod(0o755)
        self.nats, self.postgres = EmbeddedNats(folder / "nats"), EmbeddedPostgres(folder / "postgres")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.api = ""
        self.headers: dict[str, str] = {}
        self.organization_id = self.channel_id = UUID(int=0)

    @property
    def alerts_url(self) -> str:
        return f"{self.api}/api/v2/alerts"

    async def start(self) -> None:
        """Start all, and make the account, its channel and its route."""
        await asyncio.gather(self.nats.start(), self.postgres.start())
        await asyncio.gather(*(asyncio.to_thread(self.start_service, name) for name in SERVICES))
        await asyncio.to_thread(self._sign_up)
        await self.change_routes([])

    def start_service(self, name: str) -> None:
        """Start one service, and wait until it is ready."""
        port, folder = free_port(), Path(self._folder.name)
        given = {
            "MONITORS_NATS_URL": self.nats.url,
            "MONITORS_DATABASE_URL": self.postgres.url,
            "MONITORS_DATA_DIR": str(folder),
            "MONITORS_PORT": str(port),
            "MONITORS_SECRET_KEY": "a key that signs nothing of value",
            "MONITORS_ALLOW_PRIVATE_ADDRESSES": "true",
            "MONITORS_LOG_LEVEL": "warning",
        }
        with (folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", f"monitors_{name}"], env=os.environ | given, stdout=log, stderr=log
            )
        if not wait_for(lambda: httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200, 60):
            raise RuntimeError((folder / f"{name}.log").read_text()[-2000:])
        if name == "gateway":
            self.api = f"http://127.0.0.1:{port}"

    def _sign_up(self) -> None:
        account = {"email": f"bench-{time.time_ns()}@example.com", "password": "Correct1horse", "name": "Bench"}
        with httpx.Client(base_url=self.api, timeout=30) as client:
            answer = client.post("/api/auth/register", json=account).raise_for_status().json()
            self.headers = {"Authorization": f"Bearer {answer['token']}"}
            self.organization_id = UUID(answer["user"]["organizationId"])
            channel = {"kind": "webhook", "url": self._arrivals.hook}
            answer = client.post("/api/channels", json=channel, headers=self.headers).raise_for_status().json()
            self.channel_id = UUID(answer["channel"]["id"])

    async def change_routes(self, below: Sequence[Below]) -> None:
        """Have these routes below the root."""
        await ask(self.nats.url, route(self.organization_id, [self.channel_id], self._grouping, below))

    def memory(self) -> dict[str, float]:
        """MB by process."""
        pids = {name: process.pid for name, process in self.processes.items()}
        servers = {"NATS": self.nats.child.pid, "PostgreSQL": self.postgres.child.pid}
        return {name: memory_mb(pid) for name, pid in (pids | servers).items() if pid}

    async def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            await asyncio.to_thread(process.wait, 60)
        await asyncio.gather(self.nats.stop(), self.postgres.stop())
        self._folder.cleanup()
