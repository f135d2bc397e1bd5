"""What the benchmarks share: percentiles, memory of a process tree, and a site in a process of its own."""

import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

HERE = Path(__file__).parent


def percentiles(seconds: Sequence[float]) -> str:
    """p50, p95 and p99 in milliseconds."""
    ordered = sorted(seconds)
    if not ordered:
        return "-"
    at = {name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in SHARES}
    return ", ".join(f"{name} {value * 1000:.0f} ms" for name, value in at.items())


SHARES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))


def memory_mb(pid: int) -> float:
    """Proportional set size of a process and all below it, in MB: shared pages counted once."""
    total = 0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 1e6


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Site:
    """The site to watch, seen from here."""

    url: str

    def prices(self, prices: dict[int, float]) -> float:
        """Change prices; when that was (Unix seconds)."""
        body = {str(number): price for number, price in prices.items()}
        return httpx.post(f"{self.url}/prices", json=body, timeout=30).json()["changedAt"]

    def hooks(self) -> list[dict[str, Any]]:
        """Webhooks that arrived: when (`at`), with which `id` and `body`."""
        return httpx.get(f"{self.url}/hooks", timeout=30).json()["hooks"]

    def forget_hooks(self) -> None:
        httpx.delete(f"{self.url}/hooks", timeout=30)


@contextmanager
def site() -> Generator[Site]:
    """Run the site."""
    port = free_port()
    process = subprocess.Popen([sys.executable, str(HERE / "pages.py"), str(port)])
    try:
        wait_for(lambda: httpx.get(f"http://127.0.0.1:{port}/hooks").status_code == 200, 20)
        yield Site(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()


def wait_for(condition: Any, patience: float, pause: float = 0.02) -> bool:
    """Whether the condition came true in time. Errors of a server that is not there yet count as not yet."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            if condition():
                return True
        except httpx.HTTPError:
            pass
        time.sleep(pause)
    return False
