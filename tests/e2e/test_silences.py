"""Silences, maintenance and inhibition from the command line, on a real platform: what a webhook is told of, and what not."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from driving import Command

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("platform")]

FILE = """
silences:
  - name: Rack
    matchers: 'rack="r1", severity!="critical"'
    endsAt: "{later}"
    comment: The rack is moved
  - {{name: Long ago, matchers: rack=r2, endsAt: "2020-01-01T00:00:00Z"}}
maintenance:
  - name: Updates
    matchers: service=db
    startsAt: "2026-03-01T02:30"
    timezone: Europe/Berlin
    duration: 1h30m
    rrule: FREQ=WEEKLY;BYDAY=SU
inhibitions:
  - {{name: Host down, source: alertname=HostDown, target: 'host!=""', equal: [host]}}
"""


def fire(user: Any, *alerts: dict[str, str], ended: bool = False) -> None:
    """Send alerts as Prometheus does."""
    now = datetime.now(UTC)
    ends = {"endsAt": (now - timedelta(seconds=1)).isoformat()} if ended else {}
    sent = [{"labels": labels, "startsAt": (now - timedelta(minutes=1)).isoformat(), **ends} for labels in alerts]
    assert user.call("POST", "/api/v2/alerts", sent).status_code == 200


def told(site: Any) -> list[tuple[str, str]]:
    """What the webhook was told: names and whether they fire, in order."""
    return [
        (alert["labels"].get("alertname") or alert["name"], alert["state"])
        for _, body in list(site.hooks)
        for alert in body["data"].get("alerts", [])
    ]


def test_what_is_silenced_is_not_told_and_is_told_when_the_silence_ends(
    platform: Any, user: Any, monitors: Command, site: Any
) -> None:
    hook = {"kind": "webhook", "url": f"{site.url}/hook", "name": "Hook"}
    user.call("POST", "/api/channels", hook)
    fire(user, {"alertname": "Before", "host": "web"})
    platform.wait_until(lambda: ("Before", "firing") in told(site), "the webhook is told")

    assert "1 of 1 alert" in monitors("silences", "preview", "alertname=Before")
    added = monitors("silences", "add", "host=db-1", "--for", "2h", "--comment", "Disk is replaced")
    assert "0 alerts firing now" in added
    fire(user, {"alertname": "DiskFull", "host": "db-1"}, {"alertname": "Slow", "host": "web"})
    platform.wait_until(lambda: ("Slow", "firing") in told(site), "what is not silenced is told")
    [silence] = json.loads(monitors("silences", "list", "--json"))
    assert (silence["held"], silence["holding"], silence["state"]) == (1, 1, "active")
    assert "Disk is replaced" in monitors("silences", "list")
    assert "DiskFull" in monitors("silences", "hidden", silence["id"])
    assert "DiskFull" not in dict(told(site))

    assert monitors("silences", "expire", silence["id"]) == "Ended.\n"
    platform.wait_until(lambda: ("DiskFull", "firing") in told(site), "what fires still is told when the silence ends")
    assert "No silences last" in monitors("silences", "list")
    assert json.loads(monitors("silences", "list", "--state", "expired", "--json"))[0]["expiredBy"]


def test_a_silence_reminds_of_its_end_where_what_it_hides_would_be_told(platform: Any, user: Any, site: Any) -> None:
    user.call("POST", "/api/channels", {"kind": "webhook", "url": f"{site.url}/hook", "name": "Hook"})
    body = {"matchers": "host=db-1", "for": "2m", "remind": 0, "comment": "Disk is replaced"}
    path = f"/api/silences/{user.call('POST', '/api/silences', body).json()['silence']['id']}"
    fire(user, {"alertname": "DiskFull", "host": "db-1"})
    platform.wait_until(lambda: user.call("GET", path).json()["holding"] == 1, "the alert is held back")
    user.call("PATCH", path, {"remind": 115})

    def reminder() -> Any:
        return [body["data"] for _, body in list(site.hooks) if body["data"].get("noticeReason") == "silence-expires"]

    platform.wait_until(reminder, "the webhook is reminded")
    [told] = reminder()
    assert told["alerts"] == []
    assert "Disk is replaced" in told["note"]
    assert "1 firing alert, told then: DiskFull" in told["note"]
    assert user.call("GET", path).json()["remindedAt"]


def test_a_broad_silence_is_not_made_unasked(monitors: Command) -> None:
    refused = monitors("silences", "add", "alertname=~.+", "--for", "1h", fails=2)
    assert refused.count("\n") == 1
    assert "every alert" in refused
    assert "say --yes" in refused
    assert "Silenced until" in monitors("silences", "add", "alertname=~.+", "--for", "1h", "--yes")


@pytest.mark.parametrize(
    "arguments",
    [
        ("silences", "add", "host=db-1"),
        ("silences", "add", "host=db-1", "--for", "1h", "--until", "2035-01-01"),
        ("silences", "add", "host", "--for", "1h"),
        ("silences", "add", "host=~(", "--for", "1h"),
        ("silences", "add", "host=a", "--for", "soon"),
        ("silences", "add", "host=a", "--until", "2020-01-01"),
        ("silences", "list", "--state", "over"),
        ("maintenance", "add", "Updates", "service=db", "--at", "noon", "--for", "1h"),
        (
            "maintenance",
            "add",
            "Updates",
            "service=db",
            "--at",
            "2026-03-01T02:30",
            "--for",
            "1h",
            "--weekly",
            "someday",
        ),
        ("maintenance", "add", "U", "a=b", "--at", "2026-03-01T02:30", "--for", "1h", "--weekly", "sun", "--daily"),
        ("maintenance", "add", "Updates", "service=db", "--at", "2026-03-01T02:30", "--for", "1h", "--rrule", "weekly"),
        ("inhibitions", "add", "Down", "--source", "a!=b", "--target", "host=a"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(monitors: Command, arguments: tuple[str, ...]) -> None:
    from contextlib import suppress

    said = ""
    for code in (1, 2):
        with suppress(AssertionError):
            said = said or monitors(*arguments, fails=code)
    assert said.count("\n") == 1
    assert "Traceback" not in said


def test_maintenance_is_planned_tried_listed_and_taken_away(monitors: Command) -> None:
    when = ("service=db", "--at", "2026-03-01T02:30", "--for", "90m", "--weekly", "sun", "--timezone", "Europe/Berlin")
    assert "it would hide 0" in monitors("maintenance", "preview", *when)
    window = json.loads(monitors("maintenance", "add", "Updates", *when, "--json"))
    assert (window["spec"]["rrule"], window["spec"]["duration"]) == ("FREQ=WEEKLY;BYDAY=SU", 5400)
    assert len(window["occurrences"]) == 5
    assert "FREQ=WEEKLY" in monitors("maintenance", "list")
    assert "nothing" in monitors("maintenance", "hidden", window["id"])
    assert monitors("maintenance", "delete", window["id"], "--yes") == "Deleted.\n"
    assert "No maintenance" in monitors("maintenance", "list")


def test_a_host_that_is_down_holds_back_what_runs_there(platform: Any, user: Any, monitors: Command, site: Any) -> None:
    user.call("POST", "/api/channels", {"kind": "webhook", "url": f"{site.url}/hook", "name": "Hook"})
    rule = ("Host down", "--source", "alertname=HostDown", "--target", 'host!=""', "--equal", "host")
    monitors("inhibitions", "add", *rule)
    fire(user, {"alertname": "HostDown", "host": "db-1"})
    platform.wait_until(lambda: ("HostDown", "firing") in told(site), "the host is told")
    fire(user, {"alertname": "Slow", "host": "db-1"}, {"alertname": "Slow", "host": "db-2"})
    platform.wait_until(lambda: ("Slow", "firing") in told(site), "what runs elsewhere is told")
    assert told(site).count(("Slow", "firing")) == 1
    [shown] = json.loads(monitors("inhibitions", "list", "--json"))
    assert (shown["sources"], shown["held"], shown["holding"]) == (1, 1, 1)
    fire(user, {"alertname": "HostDown", "host": "db-1"}, ended=True)
    platform.wait_until(
        lambda: told(site).count(("Slow", "firing")) == 2, "what was held back is told when the host is up"
    )
    assert monitors("inhibitions", "delete", shown["id"], "--yes") == "Deleted.\n"


def test_files_say_what_is_held_back(monitors: Command, tmp_path: Path) -> None:
    file = tmp_path / "held.yml"
    file.write_text(FILE.format(later=(datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0).isoformat()))
    assert "3 changes made." in monitors("apply", "-f", str(file))
    assert "Nothing to change." in monitors("apply", "-f", str(file))
    exported = tmp_path / "exported.yml"
    kinds = [part for kind in ("silences", "maintenance", "inhibitions") for part in ("--kind", kind)]
    exported.write_text(monitors("export", *kinds))
    assert "Nothing to change." in monitors("apply", "-f", str(exported))
    file.write_text(file.read_text().replace("The rack is moved", "It takes longer").replace("1h30m", "2h"))
    changed = monitors("diff", "-f", str(file), fails=1)
    assert "~ silence 'Rack'" in changed
    assert "duration: 5400.0 -> 7200.0" in changed
    monitors("apply", "-f", str(file))
    file.write_text(
        "silences: [{name: Other, matchers: a=b, endsAt: 2035-01-01T00:00:00Z}]\n"
        "maintenance: [{name: Updates, matchers: service=db, startsAt: '2026-03-01T02:30', duration: 2h}]\n"
    )
    monitors("apply", "-f", str(file), "--prune")
    assert [each["name"] for each in json.loads(monitors("silences", "list", "--json"))] == ["Other"]
    assert [each["spec"]["name"] for each in json.loads(monitors("inhibitions", "list", "--json"))] == ["Host down"]
    file.write_text("silences: [{name: Rack, matchers: a=b, for: 2h}]")
    assert "`endsAt`" in monitors("apply", "-f", str(file), fails=2)
