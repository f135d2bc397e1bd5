"""Finding in the streams what belongs to one check."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import nats
import pytest

from monitors_contracts.base import new_id
from monitors_runtime.traces import correlated

pytestmark = pytest.mark.integration


async def test_correlated_finds_the_events_of_one_check_and_of_the_given_subjects_alone(
    servers: SimpleNamespace,
) -> None:
    connection = await nats.connect(servers.nats.url)
    bus = connection.jetstream()
    mine, other, check = new_id(), new_id(), str(new_id())
    stream = f"TRACES-{mine.hex}"
    await bus.add_stream(name=stream, subjects=[f"traces.*.{mine}.*", f"traces.*.{other}.*"], allow_direct=True)
    try:

        async def publish(subject: str, identifier: str, correlation: str | None) -> None:
            headers = {
                "ce-id": identifier,
                "ce-type": "monitors.audit.recorded.v1",
                "ce-time": datetime.now(UTC).isoformat(),
            }
            if correlation:
                headers["ce-correlationid"] = correlation
            await bus.publish(subject, b'{"what": "monitor.create"}', headers=headers)

        begun = datetime.now(UTC) - timedelta(seconds=1)
        await publish(f"traces.a.{mine}.1", "first", check)
        await publish(f"traces.a.{other}.1", "foreign", check)
        await publish(f"traces.a.{mine}.2", "unrelated", str(new_id()))
        await publish(f"traces.b.{mine}.3", "other subject", check)
        await publish(f"traces.a.{mine}.4", check, None)
        subjects = [(stream, [f"traces.a.{mine}.*"])]

        found, is_whole = await correlated(bus, subjects, check, since=begun)
        assert ([event.id for event in found], is_whole) == (["first", check], True)
        assert [event.data for event in found] == [{"what": "monitor.create"}] * 2

        found, is_whole = await correlated(bus, subjects, check, since=begun, most=2)
        assert ([event.id for event in found], is_whole) == (["first"], False)

        found, is_whole = await correlated(bus, subjects, check, since=begun, until=begun)
        assert (found, is_whole) == ([], True)

        later = datetime.now(UTC) + timedelta(minutes=1)
        assert await correlated(bus, subjects, check, since=later) == ([], True)
    finally:
        await bus.delete_stream(stream)
        await connection.close()
