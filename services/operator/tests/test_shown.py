"""Alerts and policies as lines for a person."""

from collections.abc import Callable
from typing import Any

import pytest

ALERT: dict[str, Any] = {
    "id": "a1",
    "name": "CPU busy",
    "state": "resolved",
    "startedAt": "2026-11-22T10:00:00Z",
    "acknowledgedAt": "2026-11-22T10:05:00Z",
    "resolvedAt": "2026-11-22T10:09:00Z",
}
NAMES = {
    "channels": [{"id": "c1", "name": "Ops"}, {"id": "c2", "name": "Mail"}],
    "contacts": [{"id": "p1", "name": "Robin"}],
    "schedules": [{"id": "s1", "name": "Platform"}],
    "policies": [{"id": "e1", "name": "Urgent"}],
}


@pytest.fixture
def named(platform: Any) -> Any:
    platform.answers = {f"GET /api/{kind}": {kind: those} for kind, those in NAMES.items()}
    return platform


@pytest.mark.parametrize(
    ("state", "since"), [("firing", "10:00:00"), ("acknowledged", "10:05:00"), ("resolved", "10:09:00")]
)
def test_a_timeline_says_since_when_the_alert_is_where_it_is(
    monitors: Callable[..., Any], platform: Any, state: str, since: str
) -> None:
    platform.answers["GET /api/alerts/a1/timeline"] = {"alert": ALERT | {"state": state}, "entries": []}
    ran = monitors("alerts", "timeline", "a1", "--api", platform.url)
    assert ran.out.startswith(f"CPU busy  (a1, {state} since 2026-11-22 {since} UTC)\n")


def test_an_explanation_names_whom_routes_lead_to(monitors: Callable[..., Any], named: Any) -> None:
    nowhere = {"path": ["root", "gap"], "channels": []}
    named.answers["GET /api/alerts/a1/explain"] = {
        "answer": "Told: Ops.",
        "alert": ALERT,
        "labels": {},
        "heldBy": [],
        "trace": [],
        "destinations": [
            nowhere,
            nowhere | {"policyId": "e1"},
            {"path": ["root"], "channels": ["c1", "c2", "gone"], "policyId": None},
        ],
    }
    ran = monitors("alerts", "explain", "a1", "--api", named.url)
    assert "  alert     CPU busy  (a1, resolved since 2026-11-22 10:09:00 UTC)\n" in ran.out
    assert [line for line in ran.out.splitlines() if "goes to" in line] == [
        "  goes to   root/gap: nobody",
        "  goes to   root/gap: policy Urgent",
        "  goes to   root: Ops, Mail, gone",
    ]


@pytest.mark.parametrize(
    ("repeat", "says"),
    [
        (0, "Once."),
        (1, "All of it once more, 1 min 30 s after the last step."),
        (2, "All of it 2 times more, 1 min 30 s after the last step."),
    ],
)
def test_a_policy_is_shown_in_words(monitors: Callable[..., Any], named: Any, repeat: int, says: str) -> None:
    passed = {"target": {"kind": "schedule", "id": "s1"}, "word": "nobody-on-call", "words": "Nobody was on call."}
    named.answers["GET /api/policies/e1"] = {
        "policy": {"repeat": repeat, "repeatAfter": 90},
        "steps": [
            {"step": 1, "after": 0, "reached": [], "passed": [passed]},
            {"step": 2, "after": 10, "reached": [{"channelId": "c2", "person": "Robin"}], "passed": []},
        ],
    }
    assert monitors("policies", "show", "Urgent", "--api", named.url).out.splitlines() == [
        "1. at once",
        "     passed over: schedule Platform: Nobody was on call.",
        "2. after 10 s",
        "     Robin: Mail",
        says,
    ]
