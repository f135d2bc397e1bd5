"""Samples a second over HTTP into the stream (durable) and on into storage: `python -m bench.metrics_ingest`, or as a file.

A gateway and a metrics service run as processes of their own beside the embedded NATS and PostgreSQL, on loopback. Senders post
Prometheus remote write bodies that were made before the clock starts: every series once a round, rounds 15 seconds apart, so
that a request holds many series. "Durable" ends with the last 2xx, "stored" when the metrics service has acknowledged the last
batch. CPU seconds are of each process and its children: on a machine shared with others they say more than the clock.
"""

import argparse
import asyncio
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import cramjam
import httpx
import nats
import psutil

sys.path.insert(0, str(Path(__file__).parent))

from measure import free_port, memory_mb, percentiles

from monitors_runtime.embedded.nats import EmbeddedNats
from monitors_runtime.embedded.postgres import EmbeddedPostgres

STEP_MS = 15_000


def varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])


def field(tag: int, data: bytes) -> bytes:
    return varint(tag << 3 | 2) + varint(len(data)) + data


def series(number: int) -> bytes:
    """Labels as node_exporter has them."""
    labels = {
        "__name__": f"node_metric_{number % 100}_total",
        "cpu": str(number % 16),
        "instance": f"host-{number // 100}.example:9100",
        "job": "node",
        "mode": "idle",
    }
    return b"".join(field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in labels.items())


def bodies(count: int, rounds: int, per_request: int, begin: int) -> list[bytes]:
    chance = random.Random(1)
    labels = [series(number) for number in range(count)]
    values = [chance.random() * 1000 for _ in range(count)]
    made: list[bytes] = []
    for turn in range(rounds):
        stamp = b"\x10" + varint(begin + turn * STEP_MS)
        for first in range(0, count, per_request):
            parts: list[bytes] = []
            for number in range(first, min(first + per_request, count)):
                values[number] += chance.randrange(100)
                parts.append(field(1, labels[number] + field(2, b"\x09" + struct.pack("<d", values[number]) + stamp)))
            made.append(bytes(cramjam.snappy.compress_raw(b"".join(parts))))
    return made


async def send(url: str, token: str, waiting: list[bytes], senders: int) -> tuple[float, list[float]]:
    """Post all bodies, so many at a time; how long it took, and each answer's time."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "snappy",
    }
    left, times = iter(waiting), list[float]()

    async def one(session: aiohttp.ClientSession) -> None:
        for body in left:
            begun = time.perf_counter()
            async with session.post(url, data=body, headers=headers) as reply:
                assert reply.status == 204, await reply.text()
            times.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(one(session) for _ in range(senders)))
    return time.perf_counter() - begun, times


async def stored(url: str) -> None:
    """Until the metrics service has handled everything in the stream."""
    connection = await nats.connect(url)
    bus = connection.jetstream()
    while True:
        info = await bus.consumer_info("METRICS", "metrics-metric-batch-collected")
        if not info.num_pending and not info.num_ack_pending:
            break
        await asyncio.sleep(0.02)
    await connection.close()


def start(service: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "monitors_operator", "run", service], env=environment)


def cpu_seconds(pid: int) -> float:
    """Of a process, its children, and those that ended."""
    total = 0.0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--per-request", type=int, default=2_000)
    parser.add_argument("--senders", type=int, default=4)
    asked = parser.parse_args()
    total = asked.series * asked.rounds
    with tempfile.TemporaryDirectory(prefix="monitors-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        servers = EmbeddedNats(folder / "nats"), EmbeddedPostgres(folder / "postgres")
        await asyncio.gather(*(server.start() for server in servers))
        port = free_port()
        environment = os.environ | {
            "MONITORS_NATS_URL": servers[0].url,
            "MONITORS_DATABASE_URL": servers[1].url,
            "MONITORS_SECRET_KEY": "a key for this benchmark alone, thrown away",
            "MONITORS_PORT": str(port),
            "MONITORS_LOG_LEVEL": "error",
        }
        processes = {service: start(service, environment) for service in ("gateway", "metrics")}
        measured = {service: process.pid for service, process in processes.items()}
        measured |= {
            child.name().split(".")[0]: child.pid
            for child in psutil.Process().children()
            if child.pid not in measured.values()
        }
        try:
            api = f"http://127.0.0.1:{port}"
            token = await ready(api)
            waiting = bodies(
                asked.series, asked.rounds, asked.per_request, int(time.time() * 1000) - asked.rounds * STEP_MS
            )
            first = asked.series // asked.per_request or 1
            await send(f"{api}/api/v1/write", token, waiting[:first], asked.senders)  # the series begin
            await stored(servers[0].url)
            before = {name: cpu_seconds(pid) for name, pid in measured.items()}
            begun = time.perf_counter()
            durable, times = await send(f"{api}/api/v1/write", token, waiting[first:], asked.senders)
            await stored(servers[0].url)
            done = time.perf_counter() - begun
            samples = total - asked.series
            print(
                f"{samples:,} samples of {asked.series:,} series, {asked.per_request:,} a request, {asked.senders} senders"
            )
            print(f"  durable  {samples / durable:,.0f} samples/s in {durable:.1f} s; answers {percentiles(times)}")
            print(f"  stored   {samples / done:,.0f} samples/s in {done:.1f} s")
            for name, pid in measured.items():
                spent = (cpu_seconds(pid) - before[name]) / samples * 1e6
                print(f"  {name:12} {spent:.2f} CPU seconds a million samples, {memory_mb(pid):.0f} MB")
        finally:
            for process in processes.values():
                process.terminate()
            for process in processes.values():
                process.wait(30)
            await asyncio.gather(*(server.stop() for server in servers))


async def ready(api: str) -> str:
    """A token, once the gateway answers."""
    async with httpx.AsyncClient(base_url=api, timeout=30) as client:
        for _ in range(600):
            try:
                if (await client.get("/health/ready")).status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)
        user = {"email": "bench@example.com", "password": "Correct1horse", "name": "Bench"}
        signed = (await client.post("/api/auth/register", json=user)).json()["token"]
        headers = {"Authorization": f"Bearer {signed}"}
        made = await client.post("/api/tokens", json={"name": "bench", "scopes": ["metrics:write"]}, headers=headers)
        return made.json()["token"]


if __name__ == "__main__":
    asyncio.run(main())
