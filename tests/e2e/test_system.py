"""The platform's own health, and who sends to it, by REST and on the command line; kept and published as it changes."""

import json
from typing import Any

import pytest

from driving import Command
from monitors_contracts.topology import SERVICES

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("platform")]


def test_the_platform_tells_how_its_parts_are(platform: Any, user: Any, monitors: Command) -> None:
    def settled() -> Any:
        parts = user.call("GET", "/api/system/health").json()["parts"]
        return all(each["state"] == "up" and each["since"] for each in parts) and parts

    platform.wait_until(settled, "every part is up, and known since when")
    parts = settled()
    assert {each["name"] for each in parts} == {*SERVICES, "database", "bus"}
    told = monitors("system")
    for name in SERVICES:
        assert name in told
    status = json.loads(monitors("system", "--json"))
    assert {each["name"] for each in status["parts"]} == {each["name"] for each in parts}
    assert "queues" not in status  # those are of all organizations, for who operates the platform

    assert monitors("metrics", "senders") == "Nobody has sent anything yet.\n"
    sent = {"metrics": [{"name": "heat", "value": 21}, {"name": "heat", "value": 1, "timestamp": 1}]}
    user.call("POST", "/api/metrics", sent).raise_for_status()
    platform.wait_until(
        lambda: user.call("GET", "/api/metrics/senders").json()["senders"], "that somebody sent is written down"
    )
    [sender] = json.loads(monitors("metrics", "senders", "--json"))
    assert (sender["way"], sender["accepted"], sender["lastRefusal"]) == ("json", 1, "too-old")
    assert "1 (too-old)" in monitors("metrics", "senders")
