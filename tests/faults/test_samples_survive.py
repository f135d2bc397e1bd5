"""Samples under kill -9 and outages: what was answered with 2xx is in storage, once, whatever fell over meanwhile."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

pytestmark = [pytest.mark.fault, pytest.mark.integration, pytest.mark.xdist_group("faults")]

SERIES = 20


class Stream:
    """A sender that posts a batch after the other, each of its own instant, and notes which were answered with 2xx."""

    def __init__(self, platform: Any) -> None:
        self._platform = platform
        self._user = platform.user()
        made = self._user.call("POST", "/api/tokens", {"name": "stream", "scopes": ["metrics:write"]})
        self._headers = {"Authorization": f"Bearer {made.json()['token']}"}
        self._stop = threading.Event()
        self._begin = int(time.time() * 1000) - 600_000
        self.accepted: list[int] = []
        self.unanswered = 0

    @contextmanager
    def flowing(self) -> Generator[None]:
        """Samples flow as long as this lasts."""
        thread = threading.Thread(target=self._send)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _send(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            moment = self._begin + number
            metrics = [
                {"name": "n", "value": number, "tags": {"series": str(each)}, "timestamp": moment / 1000}
                for each in range(SERIES)
            ]
            try:
                reply = httpx.post(
                    f"{self._platform.api}/api/metrics", json={"metrics": metrics}, headers=self._headers, timeout=30
                )
            except httpx.HTTPError:
                self.unanswered += 1
                time.sleep(0.05)
                continue
            assert reply.status_code in (200, 503), reply.text
            if reply.status_code == 200:
                self.accepted.append(moment)
            else:
                self.unanswered += 1

    def wait_for(self, more: int) -> None:
        """Until so many more batches were accepted."""
        goal = len(self.accepted) + more
        self._platform.wait_until(lambda: len(self.accepted) >= goal, f"{goal} accepted batches")

    def assert_all_there_once(self) -> None:
        """Every accepted sample is stored, and no instant of a series twice."""
        meant = set(self.accepted)

        def all_there() -> bool:
            found = self._stored()
            assert max(Counter((series, time) for series, time, _ in found).values()) == 1
            assert all(value == time - self._begin for _, time, value in found)
            return len({(series, time) for series, time, _ in found if time in meant}) == SERIES * len(meant)

        self._platform.wait_until(all_there, f"{len(meant)} accepted batches in storage")

    def _stored(self) -> list[tuple[str, int, float]]:
        answer = self._user.get("/api/v1/query?query=n[1h]")
        return [
            (each["metric"]["series"], round(float(moment) * 1000), float(value))
            for each in answer["data"]["result"]
            for moment, value in each["values"]
        ] or [("", 0, float(-self._begin))]


def test_samples_when_the_platform_is_killed_then_what_was_accepted_is_stored_once(
    new_platform: Callable[..., Any],
) -> None:
    platform = new_platform()
    stream = Stream(platform)
    with stream.flowing():
        stream.wait_for(50)
        platform.kill()
        platform.start()
        stream.wait_for(50)
    assert stream.unanswered
    stream.assert_all_there_once()


@pytest.mark.parametrize("server", ["nats-server", "postgres"])
def test_samples_when_a_server_is_stopped_for_ten_seconds_then_what_was_accepted_is_stored_once(
    new_platform: Callable[..., Any], server: str
) -> None:
    platform = new_platform()
    stream = Stream(platform)
    with stream.flowing():
        stream.wait_for(50)
        stopped = platform.children(server)
        assert stopped
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(10)  # the outage itself
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        stream.wait_for(50)
    stream.assert_all_there_once()
