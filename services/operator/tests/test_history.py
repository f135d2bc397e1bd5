"""What is kept of a monitor, on the command line: against an API that answers from a dictionary."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

MONITOR, CHECK, SNAPSHOT = "019a-monitor", "019a-check", "019a-snapshot"
EVALUATION = {
    "refreshId": CHECK,
    "monitorId": MONITOR,
    "status": "done",
    "timestamp": "2026-11-21T10:00:00Z",
    "value": 47.5,
    "unit": "USD",
    "verdict": "triggered",
    "reason": "condition-met",
    "evidence": {"quote": "$47.50", "method": "text", "snapshotId": SNAPSHOT},
    "fetched": {"snapshotId": SNAPSHOT},
}
READING = {"value": 52.0, "unit": "USD", "evidence": {"quote": "$52", "method": "table_cell"}}


Monitors = Callable[..., Any]


def test_history_shows_checks_as_asked_for(monitors: Monitors, platform: Any) -> None:
    path = f"GET /api/monitors/{MONITOR}/evaluations"
    platform.answers[path] = {"evaluations": [EVALUATION]}
    ran = monitors("history", MONITOR, "--verdict", "triggered", "--since", "2026-11-01", "--api", platform.url)
    assert ran.code == 0, ran.err
    assert all(word in ran.out for word in (CHECK, "2026-11-21 10:00:00", "47.5 USD", "triggered", "condition-met"))
    assert platform.asked == [
        (path, {"verdict": ["triggered"], "limit": ["50"], "since": ["2026-11-01T00:00:00+00:00"]}, None)
    ]
    shown = monitors("history", MONITOR, "--json", "--api", platform.url)
    assert json.loads(shown.out) == [EVALUATION]


def test_history_of_nothing_says_so(monitors: Monitors, platform: Any) -> None:
    platform.answers[f"GET /api/monitors/{MONITOR}/evaluations"] = {"evaluations": []}
    assert monitors("history", MONITOR, "--api", platform.url).out == "No such checks.\n"


def test_values_are_csv_of_numbers_or_of_changes(monitors: Monitors, platform: Any) -> None:
    path = f"GET /api/monitors/{MONITOR}/values"
    platform.answers[path] = {"unit": "USD", "times": [0.0, 60.0], "values": [1.5, None], "changes": []}
    ran = monitors("values", MONITOR, "--api", platform.url)
    assert ran.out.splitlines() == ["time,value", "1970-01-01T00:00:00+00:00,1.5", "1970-01-01T00:01:00+00:00,"]
    change = {"at": "2026-11-21T10:00:00Z", "value": "open, now"}
    platform.answers[path] = {"unit": None, "times": [], "values": [], "changes": [change]}
    ran = monitors("values", MONITOR, "--api", platform.url)
    assert ran.out.splitlines() == ["time,value", '2026-11-21T10:00:00Z,"open, now"']


def test_why_explains_the_latest_check(monitors: Monitors, platform: Any) -> None:
    steps = [{"step": "fetch", "text": "Fetched.", "ok": True}, {"step": "find", "text": "Not found.", "ok": False}]
    path = f"/api/monitors/{MONITOR}/evaluations"
    platform.answers[f"GET {path}"] = {"evaluations": [EVALUATION]}
    platform.answers[f"GET {path}/{CHECK}"] = {"evaluation": EVALUATION, "explanation": steps}
    ran = monitors("why", MONITOR, "--api", platform.url)
    assert ran.out.splitlines()[1:] == ["  fetch     Fetched.", "  find      ! Not found."]
    platform.answers[f"GET {path}"] = {"evaluations": []}
    never = monitors("why", MONITOR, "--api", platform.url)
    assert (never.code, never.err) == (1, "monitors: never checked: check it with `monitors check`\n")


def test_a_snapshot_is_shown_compared_and_saved(monitors: Monitors, platform: Any, tmp_path: Path) -> None:
    path = f"GET /api/snapshots/{SNAPSHOT}"
    known = {"finalUrl": "https://shop.example", "fetchedAt": "x", "status": 200, "contentType": "text/html"}
    platform.answers[path] = known | {"renderedBy": "browser", "previousId": None}
    lines = [{"kind": "equal", "text": "North"}, {"kind": "removed", "text": "$52"}, {"kind": "added", "text": "$49"}]
    platform.answers[f"{path}/diff"] = {"hunks": [lines, lines], "added": 2, "removed": 2, "isTruncated": False}
    platform.answers[f"{path}/screenshot"] = b"\x89PNG"
    platform.answers["GET /api/auth/me"] = {}
    picture = tmp_path / "page.png"
    ran = monitors("snapshot", SNAPSHOT, "--against", "x", "--screenshot", str(picture), "--api", platform.url)
    assert ran.code == 0, ran.err
    assert "  North\n- $52\n+ $49\n  ...\n" in ran.out
    assert "2 lines added, 2 removed" in ran.out
    assert picture.read_bytes() == b"\x89PNG"


def test_point_takes_the_latest_page_and_says_what_is_read(monitors: Monitors, platform: Any) -> None:
    platform.answers[f"GET /api/monitors/{MONITOR}/evaluations"] = {"evaluations": [EVALUATION]}
    path = f"POST /api/monitors/{MONITOR}/extraction"
    platform.answers[path] = {"place": "c0.2.1", "reading": READING, "saved": False}
    ran = monitors("point", MONITOR, "--text", "$52", "--dry-run", "--api", platform.url)
    assert ran.code == 0, ran.err
    assert "52 USD" in ran.out
    assert "this was a try" in ran.out
    assert platform.asked[-1] == (path, {}, {"snapshotId": SNAPSHOT, "text": "$52", "dryRun": True})


def test_bad_use_is_one_line(monitors: Monitors, platform: Any) -> None:
    for arguments in (
        ["point", MONITOR],
        ["history", MONITOR, "--since", "soon"],
        ["values", MONITOR, "--points", "1"],
    ):
        ran = monitors(*arguments, "--api", platform.url)
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    missing = monitors("why", MONITOR, CHECK, "--api", platform.url)
    assert (missing.code, missing.err) == (1, "monitors: No such thing\n")
