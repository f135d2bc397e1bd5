"""A burst of changes to lose: many monitors whose pages all change at once."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

PATIENCE = 120.0


@dataclass
class Burst:
    """Monitors that all have something to tell, and what must be true of them once all has settled."""

    user: Any
    site: Any
    monitors: dict[str, str]
    refreshes: dict[str, str] = field(default_factory=dict[str, str])

    def change_and_check(self) -> None:
        """Every price drops, and every monitor is checked."""
        for path in self.monitors.values():
            self.site.shop(path, 40)
        self.refreshes |= self.user.start_checks(list(self.monitors))

    def settle(self) -> None:
        """Wait until every accepted refresh has its verdict, every alert its deliveries, and the webhooks are in."""
        self.until(lambda: all(self.evaluation(refresh)["status"] == "done" for refresh in self.refreshes), "verdicts")
        self.until(lambda: len(self.user.all("/api/alerts", "alerts")) >= len(self.monitors), "alerts")
        self.until(self._all_sent, "deliveries")

    def settle_hooks(self) -> None:
        """Wait until the healthy webhook has heard of every monitor."""
        self.until(lambda: len({hook for hook, _ in self.site.hooks}) >= len(self.monitors), "webhooks")

    def assert_exactly_once(self) -> None:
        """One evaluation a refresh, one alert a monitor, one delivery an alert and channel."""
        for refresh, monitor in self.refreshes.items():
            evaluation = self.evaluation(refresh)
            assert evaluation["verdict"] == "triggered", (monitor, evaluation)
        counts = {monitor: self.user.get(f"/api/monitors/{monitor}")["monitor"] for monitor in self.monitors}
        assert {item["evaluationCount"] for item in counts.values()} == {2}
        assert {item["triggerCount"] for item in counts.values()} == {1}
        alerts = Counter(alert["monitorId"] for alert in self.user.all("/api/alerts", "alerts"))
        assert alerts == Counter(dict.fromkeys(self.monitors, 1))
        sent = Counter(
            (item["alertId"], item["channelKind"])
            for item in self.user.all("/api/notifications", "notifications")
            if item["state"] == "sent"
        )
        assert set(sent.values()) == {1}
        assert len(sent) == 2 * len(self.monitors), "each alert to the outbox and to the webhook"
        outbox = Counter(message["alertId"] for message in self.user.all("/api/outbox", "messages"))
        assert set(outbox.values()) == {1}
        assert len(outbox) == len(self.monitors)
        heard = Counter(
            body["data"]["monitorId"] for _, body in {hook: (hook, body) for hook, body in self.site.hooks}.values()
        )
        assert heard == Counter(dict.fromkeys(self.monitors, 1)), "by its id, a webhook is told once"

    def evaluation(self, refresh: str) -> dict[str, Any]:
        return self.user.get(f"/api/monitors/{self.refreshes[refresh]}/evaluations/{refresh}")["evaluation"]

    def _all_sent(self) -> bool:
        return self._sent() >= 2 * len(self.monitors)

    def _sent(self) -> int:
        return sum(item["state"] == "sent" for item in self.user.all("/api/notifications", "notifications"))

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s in vain for {what}"
            time.sleep(0.2)


@pytest.fixture
def start_burst(site: Any) -> Callable[..., Burst]:
    """Make monitors, check them once, then change everything and start the checks that a fault is to hit."""

    def start(platform: Any, monitors: int, *, begin: bool = True) -> Burst:
        user = platform.user("burst")
        assert user.call("POST", "/api/channels", {"kind": "webhook", "url": f"{site.url}/hook"}).status_code == 201
        made = {
            user.watch(f"tell me when the price at {site.shop(path, 80)} drops below $50", path[1:]): path
            for path in (f"/kettle-{number}" for number in range(monitors))
        }
        burst = Burst(user, site, made)
        burst.refreshes = user.start_checks(list(made))
        burst.until(lambda: all(burst.evaluation(one)["status"] == "done" for one in burst.refreshes), "first checks")
        burst.refreshes = {}
        if begin:
            burst.change_and_check()
        return burst

    return start
