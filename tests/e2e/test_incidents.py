"""Incidents from the command line, on a real platform: alerts that Prometheus sends become one, and people end it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from driving import Command

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("platform")]


def fire(user: Any, *alerts: dict[str, str]) -> None:
    """Send alerts as Prometheus does."""
    started = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    assert (
        user.call("POST", "/api/v2/alerts", [{"labels": each, "startsAt": started} for each in alerts]).status_code
        == 200
    )


def incidents(user: Any) -> list[dict[str, Any]]:
    return user.call("GET", "/api/incidents").json()["incidents"]


def test_alerts_of_one_service_become_an_incident_that_is_worked_on_and_ended(
    platform: Any, user: Any, monitors: Command, tmp_path: Path
) -> None:
    fire(user, {"alertname": "Errors", "service": "checkout", "severity": "warning"})
    fire(user, {"alertname": "Latency", "service": "checkout", "severity": "warning"})
    fire(user, {"alertname": "Elsewhere", "service": "search", "severity": "warning"})
    platform.wait_until(lambda: [each["counts"] for each in incidents(user)] == [{"firing": 2}], "an incident opens")

    shown = monitors("incidents", "show", "1")
    assert "same service=checkout" in shown
    assert "Elsewhere" not in shown

    assert "Acknowledged #1" in monitors("incidents", "ack", "1", "--note", "Looking")
    states = {each["name"]: each["state"] for each in user.call("GET", "/api/alerts").json()["alerts"]}
    assert states == {"Errors": "acknowledged", "Latency": "acknowledged", "Elsewhere": "firing"}

    monitors("incidents", "describe", "#1", "--impact", "Nobody can pay", "--responder", "Robin")
    monitors("incidents", "task", "1", "Roll back")
    monitors("incidents", "task", "1", "--done", "1")
    monitors("incidents", "update", "1", "Rolled back; we watch.", "--public")
    assert "it has 1 task" in monitors("incidents", "task", "1", "--done", "2", fails=2)

    alert = next(each for each in json.loads(monitors("incidents", "show", "1", "--json"))["alerts"])
    assert "Split off #2" in monitors("incidents", "split", "1", alert["alertId"], "--title", "Apart")
    assert "Merged into #1" in monitors("incidents", "merge", "1", "2")
    assert "Resolved #1" in monitors("incidents", "resolve", "1", "--note", "Rolled back")
    assert monitors("incidents", "list").strip() == "No incidents."

    draft = monitors("incidents", "postmortem", "1", "--draft")
    assert "Nobody can pay" in draft
    assert "- [x] Roll back" in draft
    (tmp_path / "1.md").write_text(draft)
    monitors("incidents", "postmortem", "1", "--save", str(tmp_path / "1.md"))
    assert monitors("incidents", "postmortem", "1") == draft

    figures = json.loads(monitors("incidents", "figures", "--json"))
    assert (figures["all"]["incidents"], figures["all"]["resolve"]["count"]) == (1, 1)
    assert "warning" in monitors("incidents", "figures")


def test_a_critical_alert_opens_again_what_was_ended_too_soon(platform: Any, user: Any, monitors: Command) -> None:
    fire(user, {"alertname": "Down", "service": "shop", "severity": "critical"})
    platform.wait_until(lambda: len(incidents(user)) == 1, "an incident opens")
    monitors("incidents", "resolve", "1")
    fire(user, {"alertname": "Slow", "service": "shop", "severity": "warning"})
    platform.wait_until(lambda: incidents(user)[0]["status"] == "open", "it opens again")
    assert incidents(user)[0]["reopened"] == 1
    assert "no incident" in monitors("incidents", "show", "99", fails=1)
