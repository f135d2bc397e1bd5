"""On call from the command line, on a real platform: from a file to who is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from driving import Command

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("platform")]

FILE = """
channels:
  - {name: Phone, kind: webhook, url: "https://hook.example/phone"}
  - {name: Pager, kind: webhook, url: "https://hook.example/pager"}
contacts:
  - {name: First, channels: [Phone]}
  - {name: Second, channels: [Pager]}
schedules:
  - name: Platform
    timezone: Europe/Berlin
    layers:
      - {participants: [First], rotation: daily, handOver: "09:00", start: 2026-01-05}
policies:
  - name: Urgent
    repeat: 2
    steps:
      - targets: [{kind: schedule, name: Platform}]
      - {after: 10m, targets: [{kind: contact, name: Second}, {kind: channel, name: Phone}]}
"""


def test_turns_from_a_file_are_asked_for_overridden_and_put_on_a_calendar(
    platform: Any, user: Any, monitors: Command, tmp_path: Path
) -> None:
    file = tmp_path / "on-call.yml"
    file.write_text(FILE)
    assert "6 changes made." in monitors("apply", "-f", str(file))
    assert "Nothing to change." in monitors("apply", "-f", str(file))
    exported = tmp_path / "exported.yml"
    exported.write_text(monitors("export", "--kind", "contacts", "--kind", "schedules", "--kind", "policies"))
    assert "Nothing to change." in monitors("apply", "-f", str(exported))

    [on_call] = json.loads(monitors("oncall", "who", "--json"))
    assert (on_call["schedule"], on_call["now"]["name"]) == ("Platform", "First")
    assert "First" in monitors("oncall", "who")
    made = json.loads(
        monitors("oncall", "override", "Platform", "Second", "--for", "2h", "--note", "Dentist", "--json")
    )
    assert json.loads(monitors("oncall", "who", "--json"))[0]["now"]["name"] == "Second"
    shifts = json.loads(monitors("oncall", "shifts", "Platform", "--days", "2", "--json"))["shifts"]
    assert [each["name"] for each in shifts[:2]] == ["Second", "First"]
    assert "stands in" in monitors("oncall", "shifts", "Platform")
    monitors("oncall", "remove-override", "Platform", made["id"])
    assert json.loads(monitors("oncall", "who", "--json"))[0]["now"]["name"] == "First"

    link = monitors("schedules", "calendar", "Platform").strip()
    stranger = platform.user("stranger")
    calendar = stranger.call("GET", link.removeprefix(platform.api))
    assert "First is on call (Platform)" in calendar.text.replace("\r\n ", "")
    assert monitors("schedules", "calendar", "Platform", "--revoke") == "Revoked.\n"
    assert stranger.call("GET", link.removeprefix(platform.api)).status_code == 404

    assert "Urgent" in monitors("policies", "list")
    assert "Platform" in monitors("schedules", "list")
    shown = monitors("policies", "show", "Urgent")
    assert "1. at once" in shown
    assert "All of it 2 times more, 5 min after the last step." in shown
    refused = monitors.run("schedules", "delete", "Platform", "--yes")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert "'Urgent'" in refused.stderr
    assert monitors("policies", "delete", "Urgent", "--yes") == "Deleted.\n"
    assert monitors("schedules", "delete", "Platform", "--yes") == "Deleted.\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("oncall", "shifts", "Nowhere"), "'Nowhere' is none of the schedules; there are: none"),
        (("oncall", "override", "Nowhere", "First"), "say --to or --for"),
        (("oncall", "who", "--at", "soon"), "'soon' is no time"),
        (("policies", "show", "Nowhere"), "none of the policies"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(monitors: Command, arguments: tuple[str, ...], complaint: str) -> None:
    ran = monitors.run(*arguments)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert complaint in ran.stderr
