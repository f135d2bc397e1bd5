"""Alerts of rules: one a series, of the level that was crossed, told when it gets worse and when it is over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitors_alerter.domain import timeline
from monitors_alerter.domain.lifecycle import Past, about, cross
from monitors_contracts.alerts import AlertResolved, AlertState, AlertTriggered, AlertView
from monitors_contracts.base import new_id
from monitors_contracts.monitors import Crossing, ThresholdCleared, ThresholdExceeded

BEGIN = datetime(2026, 11, 21, 12, tzinfo=UTC)
RULE = new_id()


def crossing(kind: type[Crossing], minute: int, host: str = "web-1", **more: Any) -> Crossing:
    fields: dict[str, Any] = {
        "organization_id": RULE,
        "monitor_id": RULE,
        "monitor_name": "CPU busy",
        "rule_id": RULE,
        "fingerprint": f"rule:{RULE}:{host}",
        "kind": "state",
        "summary": f"{host} is busy",
        "condition": "cpu > 80",
        "labels": {"host": host},
        "occurred_at": BEGIN + timedelta(minutes=minute),
    }
    return kind(**(fields | more))


def opened(severity: str = "warning") -> AlertView:
    [event] = cross(crossing(ThresholdExceeded, 0, severity=severity), [], Past(), new_id())
    assert isinstance(event, AlertTriggered)
    assert event.notify
    return event.alert


def test_an_alert_when_a_rule_fires_then_is_of_the_rule_and_of_its_level() -> None:
    told = crossing(
        ThresholdExceeded, 0, severity="critical", annotations={"summary": "x"}, runbook_url="https://r.example"
    )
    [event] = cross(told, [], Past(), new_id())
    alert = event.alert
    assert (alert.rule_id, alert.monitor_id, alert.severity) == (RULE, None, "critical")
    assert (alert.annotations, alert.runbook_url) == ({"summary": "x"}, "https://r.example")


def test_an_alert_when_its_rule_waited_then_its_timeline_begins_with_that() -> None:
    told = crossing(ThresholdExceeded, 5, pending_since=BEGIN)
    [event] = cross(told, [], Past(), new_id())
    assert event.alert.pending_since == BEGIN
    assert [(step.kind, step.at) for step in timeline.ordered(timeline.steps(event))] == [
        ("pending", BEGIN),
        ("opened", BEGIN + timedelta(minutes=5)),
    ]
    worse = crossing(ThresholdExceeded, 6, severity="critical", pending_since=BEGIN)
    [event] = cross(worse, [event.alert], Past(exceeded_at=told.occurred_at), new_id())
    assert (event.reason, [step.kind for step in timeline.steps(event)]) == ("severity-raised", ["crossed-again"])


def test_an_alert_when_its_level_gets_worse_then_is_told_again_and_stays_one() -> None:
    worse = crossing(ThresholdExceeded, 1, severity="critical", summary="web-1 is very busy", condition="cpu > 95")
    [event] = cross(worse, [opened()], Past(exceeded_at=BEGIN), new_id())
    assert isinstance(event, AlertTriggered)
    assert (event.reason, event.notify) == ("severity-raised", True)
    assert (event.alert.severity, event.alert.condition, event.alert.occurrences) == ("critical", "cpu > 95", 2)
    milder = crossing(ThresholdExceeded, 2, severity="warning")
    [event] = cross(milder, [event.alert], Past(exceeded_at=BEGIN), new_id())
    assert isinstance(event, AlertTriggered)
    assert (event.alert.severity, event.notify) == ("critical", False)


def test_an_alert_when_its_series_recovers_then_the_end_is_told() -> None:
    [event] = cross(crossing(ThresholdCleared, 5), [opened()], Past(exceeded_at=BEGIN), new_id())
    assert isinstance(event, AlertResolved)
    assert (event.notify, event.alert.state) == (True, AlertState.RESOLVED)


def test_series_of_one_rule_when_they_cross_then_are_decided_apart() -> None:
    one, two = (crossing(ThresholdExceeded, 0, host) for host in ("web-1", "web-2"))
    assert about(one) != about(two)
    monitor = one.model_copy(update={"rule_id": None})
    assert about(monitor) == str(RULE)


@pytest.mark.parametrize(
    ("fields", "origin"),
    [
        ({}, "rule"),
        ({"labels": {"heartbeat_id": str(RULE)}}, "heartbeat"),
        ({"labels": {"check_id": str(RULE)}}, "uptime"),
        ({"rule_id": None}, "monitor"),
    ],
)
def test_an_alert_when_opened_then_says_who_found_it(fields: dict[str, Any], origin: str) -> None:
    [event] = cross(crossing(ThresholdExceeded, 0, **fields), [], Past(), new_id())
    assert (event.alert.origin, event.alert.kind) == (origin, "state")
