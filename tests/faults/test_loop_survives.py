"""The core loop under kill -9 and outages: nothing accepted is lost, nothing is done twice."""

import os
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.fault, pytest.mark.integration, pytest.mark.xdist_group("faults")]


def test_loop_when_the_platform_is_killed_in_a_burst_then_every_change_is_told_once(
    new_platform: Callable[..., Any], start_burst: Callable[..., Any]
) -> None:
    platform = new_platform()
    burst = start_burst(platform, monitors=40)
    platform.kill()
    platform.start()
    burst.settle()
    burst.assert_exactly_once()


@pytest.mark.parametrize("victim", ["worker", "nats", "postgres"])
def test_loop_when_a_part_is_killed_at_random_moments_then_every_change_is_told_once(
    new_platform: Callable[..., Any], start_burst: Callable[..., Any], victim: str
) -> None:
    platform = new_platform(MONITORS_WORKERS="1" if victim == "worker" else "0")
    words = {"worker": ("monitors_operator", "run"), "nats": ("nats-server",), "postgres": ("postgres", "-D")}[victim]
    burst = start_burst(platform, monitors=40)
    moments, killed = random.Random(7), 0
    for _ in range(3):
        time.sleep(moments.uniform(0.05, 0.6))
        for pid in platform.children(*words):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    assert killed
    burst.settle()
    burst.assert_exactly_once()


@pytest.mark.parametrize("server", ["nats-server", "postgres"])
def test_loop_when_a_server_is_stopped_for_ten_seconds_then_every_change_is_told_once(
    new_platform: Callable[..., Any], start_burst: Callable[..., Any], server: str
) -> None:
    platform = new_platform()
    burst = start_burst(platform, monitors=20)
    stopped = platform.children(server)
    assert stopped
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(10)  # the outage itself
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    burst.settle()
    burst.assert_exactly_once()


def test_deliveries_when_one_receiver_is_dead_then_the_others_are_told_at_once(
    new_platform: Callable[..., Any], site: Any, start_burst: Callable[..., Any]
) -> None:
    platform = new_platform(MONITORS_WEBHOOK_TIMEOUT="20")
    hole = socket.create_server(("127.0.0.1", 0), backlog=1)  # accepts nothing: connections hang
    try:
        burst = start_burst(platform, monitors=30, begin=False)
        hanging = {"kind": "webhook", "url": f"http://127.0.0.1:{hole.getsockname()[1]}/never"}
        assert burst.user.call("POST", "/api/channels", hanging).status_code == 201
        burst.change_and_check()
        burst.settle_hooks()
        assert len({hook for hook, _ in site.hooks}) == 30

        def waiting() -> int:
            found = burst.user.all("/api/notifications", "notifications")
            return Counter(item["state"] for item in found)["pending"]

        platform.wait_until(waiting, "the dead receiver's messages to be shown as waiting")
    finally:
        hole.close()
