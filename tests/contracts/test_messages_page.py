"""What the page of messages tells a reader to do works."""

import asyncio
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import nats
import pytest

from monitors_contracts.alerts import AlertTriggered
from monitors_contracts.examples import examples
from monitors_contracts.streams import STREAMS
from monitors_runtime.embedded.nats import EmbeddedNats
from monitors_runtime.topology import stream_config

PAGE = Path(__file__).parents[2] / "docs" / "api" / "messages.md"


@pytest.mark.integration
async def test_the_python_sample_prints_the_alerts_of_the_stream(tmp_path: Path) -> None:
    [sample] = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    envelope = examples(AlertTriggered)[0].envelope()
    server = EmbeddedNats(tmp_path)
    await server.start()
    try:
        connection = await nats.connect(server.url)
        bus = connection.jetstream()
        [alerts] = [stream for stream in STREAMS if stream.name == envelope.event.stream]
        await bus.add_stream(stream_config(alerts, replicas=1))
        await bus.publish(envelope.event.subject, envelope.data(), headers=envelope.headers())
        reader = await asyncio.create_subprocess_exec(
            sys.executable,
            "-u",
            "-c",
            sample,
            env=os.environ | {"MONITORS_NATS_URL": server.url},
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert reader.stdout
            line = (await asyncio.wait_for(reader.stdout.readline(), 60)).decode()
        finally:
            reader.kill()
            await reader.wait()
            await connection.close()
    finally:
        await server.stop()
    assert line.split(" ", 2)[0] == str(datetime(2026, 11, 21, tzinfo=UTC).date())
    assert "AlertTriggered Copper kettle: price: Now true" in line
