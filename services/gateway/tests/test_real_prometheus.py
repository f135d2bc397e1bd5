"""A real Prometheus ships what it scrapes."""

import asyncio
import contextlib
import shutil
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from monitors_contracts.catalogue import EVENTS_BY_TYPE
from monitors_contracts.envelope import decode

PROGRAM = shutil.which("prometheus")
pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.integration,
    pytest.mark.skipif(PROGRAM is None, reason="needs Prometheus: apt-get install prometheus"),
]
CONFIGURATION = """
global: {{scrape_interval: 1s, external_labels: {{site: test}}}}
scrape_configs:
  - job_name: prometheus
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
remote_write:
  - url: {url}/api/v1/write
    authorization: {{credentials: {token}}}
    queue_config: {{batch_send_deadline: 1s}}
    metadata_config: {{send_interval: 1s}}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def prometheus(served: str, robin: Any, tmp_path: Path) -> AsyncIterator[str]:
    """A Prometheus that watches itself and writes to the gateway as Robin; the address it watches."""
    made = await robin.post("/api/tokens", json={"name": "prometheus", "scopes": ["metrics:write"]})
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configuration = tmp_path / "prometheus.yml"
    configuration.write_text(CONFIGURATION.format(port=port, url=served, token=made.json()["token"]))
    assert PROGRAM
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    yield f"127.0.0.1:{port}"
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    await process.wait()


async def test_its_samples_and_what_they_are_arrive(prometheus: str, gateway: SimpleNamespace, robin: Any) -> None:
    up = f'up{{instance="{prometheus}",job="prometheus",site="test"}}'
    subject = f"evt.metric.batch-collected.{robin.organization_id}.>"
    subscription = await gateway.runtime.bus.subscribe(subject, ordered_consumer=True)
    values: list[float] = []
    described: dict[str, str] = {}
    async with asyncio.timeout(60):
        while len(values) < 3 or "prometheus_http_requests_total" not in described:
            message = await subscription.next_msg(timeout=60)
            event: Any = decode(message.headers, message.data, EVENTS_BY_TYPE).event
            described |= {name: each.type for name, each in event.metrics.items()}
            counts = struct.unpack(f"<{len(event.series)}I", event.counts)
            if up in event.series:
                begin = sum(counts[: event.series.index(up)])
                values += struct.unpack_from(f"<{counts[event.series.index(up)]}d", event.values, 8 * begin)
    await subscription.unsubscribe()
    assert set(values) == {1.0}
    assert described["prometheus_http_requests_total"] == "counter"
