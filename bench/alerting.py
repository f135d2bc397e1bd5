"""What the benchmarks of alerts share: the receiver in a process of its own, and Alertmanager beside ours.

Alertmanager is looked for by ALERTMANAGER, and then on the PATH; Debian has it (`apt-get install prometheus-alertmanager`).
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import nats
from measure import HERE, free_port, memory_mb, wait_for

from monitors_contracts.base import Id, Request
from monitors_contracts.matchers import Matcher
from monitors_contracts.routing import EVERY_ALERT, RateLimit, Route, SaveRouting

CONFIGURATION = """
route:
  receiver: hook
  group_by: {group_by}
  group_wait: {wait}s
  group_interval: 1s
  repeat_interval: 4h
  routes: {routes}
receivers:
  - name: hook
    webhook_configs:
      - {{url: "{hook}", send_resolved: true}}
"""


@dataclass(frozen=True)
class Grouping:
    """Which alerts are told together, and how long a group gathers, in seconds. No names: each alert is told alone."""

    by: Sequence[str] = ()
    wait: float = 0


@dataclass(frozen=True)
class Below:
    """A route below the root: whose label is this goes into a group by name and rack, told after some seconds."""

    label: str
    value: str
    wait: int


BELOW_BY = ["alertname", "rack"]


@dataclass(frozen=True)
class Arrivals:
    """The receiver, seen from here."""

    url: str

    @property
    def hook(self) -> str:
        return f"{self.url}/hook"

    def count(self) -> dict[str, int]:
        """How many different `alerts` were told, by how many `messages`, and how many were `refused`."""
        return httpx.get(f"{self.url}/count", timeout=60).json()

    def told(self) -> dict[int, dict[str, float]]:
        """Of each alert, by its number, when it was first told as `firing` and as `resolved`."""
        found = httpx.get(f"{self.url}/arrivals", timeout=60).json()
        return {int(number): states for number, states in found.items()}

    def refuse_until(self, moment: float) -> None:
        """Answer 503 until then (Unix seconds)."""
        httpx.put(f"{self.url}/refusing", json={"until": moment}, timeout=60)

    def forget(self) -> None:
        httpx.delete(f"{self.url}/arrivals", timeout=60)


@contextmanager
def receiver() -> Generator[Arrivals]:
    """Run the receiver."""
    port = free_port()
    process = subprocess.Popen([sys.executable, str(HERE / "receiver.py"), str(port)])
    arrivals = Arrivals(f"http://127.0.0.1:{port}")
    try:
        wait_for(lambda: arrivals.count()["messages"] == 0, 20)
        yield arrivals
    finally:
        process.terminate()
        process.wait()


def alert(number: int, ends_at: float | None = None, **labels: str) -> dict[str, Any]:
    """An alert as Prometheus would send it, which the receiver knows again by its number."""
    sent: dict[str, Any] = {
        "labels": {"alertname": "HighCpu", "number": str(number), "instance": f"host-{number}:9100"} | labels,
        "annotations": {"summary": f"CPU of host-{number} is high", "description": "Above 90 % for five minutes."},
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=cpu+%3E+90&g0.tab=1",
    }
    if ends_at is not None:
        sent["endsAt"] = datetime.fromtimestamp(ends_at, UTC).isoformat()
    return sent


def route(organization_id: Id, channels: Sequence[Id], grouping: Grouping, below: Sequence[Below] = ()) -> SaveRouting:
    """Routes of ours: every alert to these channels, without a limit."""
    root = Route(
        name="root",
        channels=list(channels),
        group_by=list(grouping.by) or [EVERY_ALERT],
        group_wait=grouping.wait,
        group_interval=1 if grouping.by else 0,
        limit=RateLimit(notices=100_000),
        routes=[
            Route(
                name=f"{each.label}-{each.value}",
                matchers=[Matcher(label=each.label, value=each.value)],
                group_by=BELOW_BY,
                group_wait=each.wait,
            )
            for each in below
        ],
    )
    return SaveRouting(organization_id=organization_id, user_id=organization_id, root=root)


async def ask(nats_url: str, request: Request[Any], patience: float = 20) -> None:
    """Ask a service of ours, until it knows what was just made elsewhere. Raises RuntimeError for what stays refused."""
    data, headers = request.model_dump_json(exclude_none=True).encode(), {"content-type": "application/json"}
    deadline = time.monotonic() + patience
    connection = await nats.connect(nats_url)
    try:
        while True:
            answer = await connection.request(request.request_subject(), data, patience, headers=headers)
            if (answer.headers or {}).get("reply") != "problem":
                return
            if time.monotonic() > deadline:
                raise RuntimeError(answer.data.decode())
            await asyncio.sleep(0.1)
    finally:
        await connection.close()


class Alertmanager:
    """Alertmanager alone, with its state in a folder, so that it may be killed and started again."""

    name = "Alertmanager"

    @staticmethod
    def program() -> str | None:
        """Where it is installed, if it is."""
        named = os.environ.get("ALERTMANAGER")
        return named or shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")

    def __init__(self, arrivals: Arrivals, grouping: Grouping) -> None:
        self._arrivals, self._grouping = arrivals, grouping
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self._port = free_port()
        self.api = f"http://127.0.0.1:{self._port}"
        self.alerts_url = f"{self.api}/api/v2/alerts"
        self.headers: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._configure([])

    def _configure(self, routes: Sequence[dict[str, Any]]) -> None:
        parts = {"group_by": json.dumps(list(self._grouping.by) or ["..."]), "wait": self._grouping.wait}
        configuration = CONFIGURATION.format(routes=json.dumps(routes), hook=self._arrivals.hook, **parts)
        (Path(self._folder.name) / "alertmanager.yml").write_text(configuration)

    def start(self) -> None:
        """Start, and wait until ready."""
        program, folder = self.program(), Path(self._folder.name)
        assert program
        command = [program, f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'data'}"]
        listen = [f"--web.listen-address=127.0.0.1:{self._port}", "--cluster.listen-address="]
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*command, *listen], stdout=log, stderr=log)
        if not wait_for(lambda: httpx.get(f"{self.api}/-/ready").status_code == 200, 20):
            raise RuntimeError((folder / "log").read_text()[-2000:])

    def change_routes(self, below: Sequence[Below]) -> None:
        """Have these routes below the root."""
        self._configure(
            [
                {"matchers": [f'{each.label}="{each.value}"'], "group_by": BELOW_BY, "group_wait": f"{each.wait}s"}
                for each in below
            ]
        )
        httpx.post(f"{self.api}/-/reload", timeout=60).raise_for_status()

    def memory(self) -> dict[str, float]:
        """MB by process."""
        assert self._process
        return {"alertmanager": memory_mb(self._process.pid)}

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it like this."""
        assert self._process
        self._process.send_signal(how)
        self._process.wait(60)

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self.kill(signal.SIGTERM)
        self._folder.cleanup()
