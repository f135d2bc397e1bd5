"""A test alert is fired, and the messages about it are waited for."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from monitors_operator import firing
from monitors_operator.firing import fire

ALERT = {"id": "a1", "name": "Test alert", "startedAt": "2026-11-22T10:00:00Z"}
PLACE = {"route": "shop", "word": "group-wait", "dueAt": "2026-11-22T10:00:40Z", "labels": {}}
SENT = {"state": "sent", "channelName": "Ops", "route": "root/shop", "error": None}
GROUPS = "GET /api/alerts/a1/explain"


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(firing, "time", clock)
    return clock


class Api:
    """A platform whose messages go out after some looks."""

    def __init__(self, *looks: list[dict[str, Any]], groups: Callable[[], list[dict[str, Any]]] = list) -> None:
        self.looks, self.posted, self.groups = list(looks), list[Any](), groups

    def post(self, path: str, body: Any) -> dict[str, Any]:
        self.posted.append((path, body))
        return {"alert": ALERT}

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        if path == "/api/alerts/a1/explain":
            return {"answer": "Nobody was told so far.", "groups": self.groups()}
        assert (path, query) == ("/api/notifications", {"alertId": "a1"})
        return {"notifications": self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]}


def test_fire_when_messages_go_out_then_waits_for_the_last() -> None:
    api: Any = Api([], [{"state": "sent"}, {"state": "pending"}], [{"state": "sent"}, {"state": "failed"}])
    fired = fire(api, {"severity": "info"}, 60)
    assert [each["state"] for each in fired["notifications"]] == ["sent", "failed"]
    assert api.posted == [("/api/alerts/test", {"severity": "info"})]


def test_fire_when_nobody_is_told_then_does_not_wait_for_ever(clock: Clock) -> None:
    api: Any = Api([])
    assert fire(api, {}, 0)["notifications"] == []
    assert clock.now == 0
    fire(api, {})
    assert firing.PATIENCE <= clock.now < firing.PATIENCE + 1


def test_fire_when_the_group_gathers_then_waits_until_it_is_told(clock: Clock) -> None:
    said: list[str] = []
    api: Any = Api([], groups=lambda: [PLACE])
    api.looks = [[]] * 42 + [[SENT]]
    fired = fire(api, {}, progress=said.append)
    assert (fired["notifications"], firing.failure(fired), firing.later(fired)) == ([SENT], None, [])
    assert 40 < clock.now < 44
    assert said[0] == "Its group is told in 40 s ..."


def test_fire_when_the_group_is_told_much_later_then_says_when(clock: Clock) -> None:
    place = PLACE | {"word": "outside-hours", "dueAt": "2026-11-23T08:00:00Z"}
    fired = fire(Api([], groups=lambda: [place]), {})  # pyright: ignore[reportArgumentType]
    assert clock.now < 16
    why = "route shop tells at 2026-11-23 08:00:00 UTC: The route is outside its hours and waits for them."
    assert firing.failure(fired) == f"nobody is told yet: {why}"


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ([], "no message within 0 s: A silence holds it back. (monitors alerts explain a1)"),
        ([SENT, SENT | {"channelName": "Hook", "state": "failed", "error": "HTTP 410"}], "Hook (failed, HTTP 410)"),
        ([SENT | {"state": "pending"}], "not told: Ops (pending)"),
    ],
)
def test_a_test_that_tells_nobody_fails_with_one_line(
    monitors: Callable[..., Any], platform: Any, messages: list[Any], says: str
) -> None:
    platform.answers["POST /api/alerts/test"] = {"alert": ALERT}
    platform.answers["GET /api/notifications"] = {"notifications": messages}
    platform.answers[GROUPS] = {"answer": "A silence holds it back.", "groups": []}
    arguments = ("alerts", "test-fire", "--patience", "0", "--api", platform.url)
    ran = monitors(*arguments)
    assert (ran.code, ran.err.count("\n"), says in ran.err) == (1, 1, True), ran.err
    ran = monitors(*arguments, "--json")
    assert (ran.code, json.loads(ran.out)["notifications"], says in ran.err) == (1, messages, True)


def test_a_test_that_comes_to_its_channels_succeeds(monitors: Callable[..., Any], platform: Any) -> None:
    platform.answers["POST /api/alerts/test"] = {"alert": ALERT}
    platform.answers["GET /api/notifications"] = {"notifications": [SENT]}
    other = PLACE | {"route": "night", "dueAt": "2026-11-23T08:00:00Z", "word": "outside-hours"}
    platform.answers[GROUPS] = {"answer": "", "groups": [PLACE, other]}
    ran = monitors("alerts", "test-fire", "--api", platform.url)
    assert (ran.code, ran.err) == (0, "")
    assert "Ops      sent   root/shop" in ran.out
    assert ran.out.endswith(
        "route night tells at 2026-11-23 08:00:00 UTC: The route is outside its hours and waits for them.\n"
    )
