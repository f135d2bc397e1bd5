"""A test alert is fired, and the messages about it are waited for."""

from typing import Any

import pytest

from monitors_operator.firing import fire


class Api:
    """A platform whose messages go out after some looks."""

    def __init__(self, *looks: list[dict[str, Any]]) -> None:
        self.looks, self.posted = list(looks), list[Any]()

    def post(self, path: str, body: Any) -> dict[str, Any]:
        self.posted.append((path, body))
        return {"alert": {"id": "a1"}}

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        assert (path, query) == ("/api/notifications", {"alertId": "a1"})
        return {"notifications": self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]}


def test_fire_when_messages_go_out_then_waits_for_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitors_operator.firing.LOOK_SECONDS", 0)
    api: Any = Api([], [{"state": "sent"}, {"state": "pending"}], [{"state": "sent"}, {"state": "failed"}])
    fired = fire(api, {"severity": "info"}, 60)
    assert [each["state"] for each in fired["notifications"]] == ["sent", "failed"]
    assert api.posted == [("/api/alerts/test", {"severity": "info"})]


def test_fire_when_nobody_is_told_then_does_not_wait_for_ever() -> None:
    api: Any = Api([])
    assert fire(api, {}, 0)["notifications"] == []
