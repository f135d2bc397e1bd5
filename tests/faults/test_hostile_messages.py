"""A thousand messages that no consumer can read, on every consumer: all with the dead letters, and the platform serves on."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import nats
import pytest

from monitors_contracts.base import new_id
from monitors_contracts.topology import CONSUMERS

pytestmark = [pytest.mark.fault, pytest.mark.integration, pytest.mark.xdist_group("faults")]

EACH = 1000


def junk(number: int, kind: str) -> tuple[bytes, dict[str, str]]:
    """Headers missing, lying or huge; bodies that are no JSON, the wrong JSON, binary, deep or large."""
    good = {"ce-id": str(new_id()), "ce-type": kind, "ce-time": "2026-11-21T12:00:00+00:00"}
    bodies = (b"{}", b"not json", os.urandom(200), b"[" * 5000, b'{"organizationId": 7}', b"x" * 300_000, b"")
    headers = (good, {}, good | {"ce-type": "monitors.none.such.v9"}, good | {"ce-id": "1"}, good | {"ce-time": "noon"})
    large = number % 100 == 5  # a few, so that a thousand of them do not fill the disk
    return bodies[5 if large else (number % 5)], headers[number % len(headers)]


async def flood(url: str) -> Counter[str]:
    """Publish the junk to every consumer's subjects; how many each is to give up."""
    connection = await nats.connect(url)
    bus = connection.jetstream(publish_async_max_pending=500)
    expected: Counter[str] = Counter()
    for durable in CONSUMERS:
        event = durable.events[0]
        subject = f"evt.{event.aggregate}.{event.action}.nobody.nothing"
        acks = []
        for number in range(EACH):
            body, headers = junk(number, event.type_name())
            acks.append(await bus.publish_async(subject, body, stream=event.stream, headers=headers or None))
        await asyncio.gather(*acks)
    for durable in CONSUMERS:  # a subject may have several consumers, and each gives up each message
        expected[durable.name] = EACH * sum(one.events[0] in durable.events for one in CONSUMERS)
    await connection.close()
    return expected


async def dead(url: str) -> Counter[str]:
    connection = await nats.connect(url)
    info = await connection.jetstream().stream_info("DEAD_LETTERS", subjects_filter="dlq.>")
    await connection.close()
    return Counter({subject.removeprefix("dlq."): count for subject, count in (info.state.subjects or {}).items()})


def test_consumers_when_flooded_with_junk_then_all_of_it_is_dead_letters_and_the_platform_serves(
    new_platform: Callable[..., Any], site: Any
) -> None:
    platform = new_platform()
    url = json.loads((platform.data_dir / "platform.json").read_text())["nats"]
    expected = asyncio.run(flood(url))
    found: Counter[str] = Counter()

    def all_given_up() -> bool:
        nonlocal found
        found = asyncio.run(dead(url))
        return all(found[name] >= count for name, count in expected.items())

    platform.wait_until(all_given_up, "every message with the dead letters")
    assert found == expected
    user = platform.user()
    monitor = user.watch(f"tell me when the price at {site.shop('/kettle', 40)} drops below $50")
    assert user.check(monitor)["triggered"] is True
